"""OpenTelemetry's own variables that have no effect here, or that lose traces.

Its SDK ignores most mistakes silently. A variable may also be meant for other programs on the
machine.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

_OTLP: Final = "OTEL_EXPORTER_OTLP_"
_FILES: Final = ("CERTIFICATE", "CLIENT_KEY", "CLIENT_CERTIFICATE")
_SAMPLERS: Final = frozenset(
    prefix + name
    for prefix in ("", "parentbased_")
    for name in ("always_on", "always_off", "traceidratio")
)


def forbids_traces(environment: Mapping[str, str]) -> bool:
    """Return whether OpenTelemetry's own variable switches traces off."""
    return environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"


def otel_contradictions(environment: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence for each variable `OTEL_...` that is set and cannot work."""

    def given(*names: str) -> tuple[str, str]:
        """Return the first of these that is set, as the SDK takes it, and its value."""
        found = ((name, environment[name]) for name in names if environment.get(name))
        return next(found, ("", ""))

    def of_exporter(name: str) -> tuple[str, str]:
        return given(f"{_OTLP}TRACES_{name}", _OTLP + name)

    checks: list[tuple[tuple[str, str], Callable[[str], bool], str]] = [
        (
            of_exporter("PROTOCOL"),
            lambda value: value.strip().lower() == "http/protobuf",
            (
                "has no effect: traces are sent by http/protobuf alone, usually to port 4318. Give "
                "the collector such a receiver, and leave the variable out."
            ),
        ),
        (
            of_exporter("ENDPOINT"),
            _is_url,
            "is no http or https URL with a host: no trace arrives. Correct it.",
        ),
        (
            of_exporter("COMPRESSION"),
            lambda value: value.strip().lower() in {"none", "gzip", "deflate"},
            "has no effect: compressions are none, gzip and deflate. Name one of them.",
        ),
        (
            of_exporter("TIMEOUT"),
            _is_positive,
            "is no number of seconds above 0: no trace arrives, or it has no effect. Correct it.",
        ),
        (
            given("OTEL_TRACES_EXPORTER"),
            lambda value: "otlp" in _names(value),
            "has no effect: traces are sent by OTLP. GATEWAY_TRACES=off ends that.",
        ),
        (
            given("OTEL_PROPAGATORS"),
            lambda value: "tracecontext" in _names(value),
            (
                "has no effect: the context of a trace is read from the header traceparent and "
                "sent in it (tracecontext)."
            ),
        ),
        (
            given("OTEL_TRACES_SAMPLER"),
            lambda value: value.lower() in _SAMPLERS,
            "has no effect: samplers are " + ", ".join(sorted(_SAMPLERS)) + ". Name one of them.",
        ),
    ]
    if environment.get("OTEL_TRACES_SAMPLER", "").lower().endswith("traceidratio"):
        checks.append(
            (
                ("OTEL_TRACES_SAMPLER_ARG", environment.get("OTEL_TRACES_SAMPLER_ARG", "")),
                _is_share,
                "is no number from 0 to 1: every trace is kept. Set the share that is to be kept.",
            )
        )
    checks += [
        (
            of_exporter(name),
            lambda value: Path(value).is_file(),
            "names no file: no trace arrives at an https collector. Correct the path.",
        )
        for name in _FILES
    ]
    for (name, value), fits, sentence in checks:
        if name and not fits(value):
            yield f"{name} {sentence}"


def _is_url(value: str) -> bool:
    try:
        url = urlsplit(value.strip())
        return url.scheme in {"http", "https"} and bool(url.hostname) and url.port != 0
    except ValueError:
        return False


def _names(value: str) -> list[str]:
    return value.lower().replace(" ", "").split(",")


def _number(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        return math.nan


def _is_positive(value: str) -> bool:
    return 0 < _number(value) < math.inf


def _is_share(value: str) -> bool:
    return 0 <= _number(value) <= 1
