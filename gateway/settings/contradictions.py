"""Settings that have no effect because of another setting."""

import os
from collections.abc import Iterator, Mapping
from typing import Final

from gateway.settings.otel_variables import forbids_traces, otel_contradictions
from gateway.settings.removed import REMOVED
from gateway.settings.settings import PREFIX, Settings
from resolvers.payex.api.intake import BYTES_PER_ARRIVED_BYTE

# The second setting of each pair bounds the first.
_BOUNDED: Final = (
    ("max_document", "max_request_body"),
    ("max_numbers", "max_calls"),
    ("max_numbers", "max_list_input"),
    ("max_records", "max_nodes"),
    ("upstream_timeout", "deadline"),
    ("body_timeout", "deadline"),
    ("upstream_queue_timeout", "deadline"),
    ("upstream_max_connections", "upstream_max_in_flight"),
    ("cache_bytes", "process_bytes"),
)
# With one client certificate at most, its connections are all that the process has.
_BOUNDED_ALONE: Final = (("upstream_max_in_flight", "upstream_max_connections"),)


def contradictions(
    settings: Settings, environment: Mapping[str, str] = os.environ
) -> Iterator[str]:
    """Yield a sentence for each given setting that has no effect, or that undoes another one.

    Defaults never contradict a given setting: they give way to it.

    Args:
        settings: the settings.
        environment: the variables. OpenTelemetry's own are checked if traces are on.
    """
    pairs = _BOUNDED if settings.credentials_file else _BOUNDED + _BOUNDED_ALONE
    for name, bound in pairs:
        value, most = getattr(settings, name), getattr(settings, bound)
        if name in settings.model_fields_set and value is not None and value > most:
            yield (
                f"{PREFIX}{name.upper()}={_written(value)} has no effect: it is bounded by "
                f"{PREFIX}{bound.upper()}={_written(most)}. Change one of them."
            )
    if {"operation_bytes", "process_bytes"} & settings.model_fields_set and (
        2 * settings.operation_bytes > settings.process_bytes
    ):
        yield (
            f"{PREFIX}OPERATION_BYTES={settings.operation_bytes} is more than half of "
            f"{PREFIX}PROCESS_BYTES={settings.process_bytes}: an operation takes no more than it "
            "leaves free. Change one of them."
        )
    if "upstream_max_body" in settings.model_fields_set and (
        BYTES_PER_ARRIVED_BYTE * settings.upstream_max_body > settings.operation_bytes
    ):
        yield (
            f"{PREFIX}UPSTREAM_MAX_BODY={settings.upstream_max_body} has no effect: "
            f"{PREFIX}OPERATION_BYTES={settings.operation_bytes} ends a body of a "
            f"{BYTES_PER_ARRIVED_BYTE}th of it. Change one of them."
        )
    if {"shutdown_timeout", "deadline"} & settings.model_fields_set and (
        settings.shutdown_timeout < settings.deadline
    ):
        yield (
            f"{PREFIX}SHUTDOWN_TIMEOUT={settings.shutdown_timeout} is below "
            f"{PREFIX}DEADLINE={settings.deadline:g}: a stop aborts operations that still have "
            "time. Change one of them."
        )
    kept = max(settings.cache_billed_ttl, settings.cache_unbilled_ttl)
    if "cache_problem_ttl" in settings.model_fields_set and settings.cache_problem_ttl > kept:
        yield (
            f"{PREFIX}CACHE_PROBLEM_TTL={settings.cache_problem_ttl:g} has no effect beyond "
            f"{kept:g}: a problem is kept no longer than an answer would be "
            f"({PREFIX}CACHE_BILLED_TTL, {PREFIX}CACHE_UNBILLED_TTL). Change one of them."
        )
    if "metrics_host" in settings.model_fields_set and settings.metrics_port is None:
        yield (
            f"{PREFIX}METRICS_HOST has no effect without {PREFIX}METRICS_PORT: metrics are served "
            "beside GraphQL. Set both, or neither."
        )
    if settings.traces != "off" and not forbids_traces(environment):
        yield from otel_contradictions(environment)
    for name in settings.removed:
        instead = REMOVED[name].replace("`", "")
        yield f"{PREFIX}{name.upper()} no longer has an effect; leave it out. {instead}"


def _written(figure: float) -> str:
    """Return a figure as operators write it: all digits of bytes, and 2 seconds, not 2.0."""
    return str(figure) if isinstance(figure, int) else f"{figure:g}"
