"""What identity, enforced limits, traces and logs add to an operation, and traces alone."""

import importlib.util
import statistics
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from benchmarks.issuer import Issuer
from benchmarks.measure import Goal, Measured, Meter
from benchmarks.operations import LIST
from benchmarks.process import Process
from benchmarks.servers import KEEPING_NOTHING, Server, gateway
from benchmarks.table import number, table
from gateway.settings.settings import PREFIX, Settings

ROUNDS = 3
WANTED = 0.15
"""The share of the operation's CPU that they may add."""
SAMPLED = 0.05
"""The share of traces that `deploy/` keeps."""
WANTED_OF_TRACES = 0.05
"""The share of the operation's CPU that traces may add if as many are kept."""

_OFF = {"GATEWAY_LOG_OPERATIONS": "off", "GATEWAY_LOG_LEVEL": "ERROR"}
_ON = {"GATEWAY_LOG_OPERATIONS": "all", "GATEWAY_LOG_FORMAT": "json", "GATEWAY_TRACES": "otlp"}


def bare() -> Server:
    """Return the gateway with everything off that can be. Limits and metrics cannot."""
    return gateway("bare", "as little as can be", **KEEPING_NOTHING, **_known(_OFF))


def full(issuer: Issuer, keys: str, collector: str) -> Server:
    """Return the gateway with everything on.

    Args:
        issuer: whose tokens it takes.
        keys: the path or the URL of the issuer's keys.
        collector: where its traces go, if this installation can send any.
    """
    on = _known(_ON)
    parts = [
        "identity",
        "limits",
        "metrics",
        *([f"{SAMPLED:.0%} of the traces"] if "GATEWAY_TRACES" in on else []),
        "logs",
    ]
    variables = {
        "GATEWAY_INSECURE": "0",
        **issuer.settings(keys),
        **_sampling(collector, SAMPLED),
        **KEEPING_NOTHING,
        **on,
    }
    return gateway("full", ", ".join(parts), **variables)


def _known(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that this gateway has, and that this installation can follow."""
    traced = importlib.util.find_spec("opentelemetry") is not None
    return {
        name: value
        for name, value in variables.items()
        if name.removeprefix(PREFIX).lower() in Settings.model_fields
        and (traced or name != "GATEWAY_TRACES")
    }


def compare(meter: Meter, folder: Path) -> tuple[str, Goal]:
    """Measure both in turn, several times, and return the table and how far the goal is reached."""
    issuer, keys = Issuer(), folder / "jwks.json"
    keys.write_bytes(issuer.keys)
    headers = {"Authorization": issuer.token()}
    loud = full(issuer, str(keys), meter.upstream.origin)
    quiet = bare()
    with quiet.over(meter.upstream.origin) as without, loud.over(meter.upstream.origin) as having:
        ways = {quiet.title: (without, {}), loud.title: (having, headers)}
        results = _measured(meter, ways)
    added = _cpu(results[loud.title]) / _cpu(results[quiet.title]) - 1
    text = f"overhead: at most {WANTED:.0%} of the list operation's CPU"
    return _table(results), Goal(text, f"{added:+.1%}", added <= WANTED)


def traced(meter: Meter) -> tuple[str, Goal]:
    """Measure the gateway with no traces, with some of them sampled, and with all, in turn."""
    off, some, every = "no traces", f"{SAMPLED:.0%} of the traces", "all traces"
    with ExitStack() as stack:
        ways: dict[str, tuple[Process, Mapping[str, str]]] = {}
        for title, share in ((off, None), (some, SAMPLED), (every, 1)):
            variables = {**KEEPING_NOTHING, **_known(_OFF)}
            if share is not None:
                variables |= {"GATEWAY_TRACES": "otlp", **_sampling(meter.upstream.origin, share)}
            server = gateway("traced", title, **variables)
            ways[title] = stack.enter_context(server.over(meter.upstream.origin)), {}
        results = _measured(meter, ways)
    added = _cpu(results[some]) / _cpu(results[off]) - 1
    text = f"traces, {SAMPLED:.0%} of them: at most {WANTED_OF_TRACES:.0%} of the list's CPU"
    return _table(results), Goal(text, f"{added:+.1%}", added <= WANTED_OF_TRACES)


def _sampling(collector: str, share: float) -> dict[str, str]:
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector,
        "OTEL_TRACES_SAMPLER": "traceidratio",
        "OTEL_TRACES_SAMPLER_ARG": str(share),
    }


def _measured(
    meter: Meter, ways: Mapping[str, tuple[Process, Mapping[str, str]]]
) -> dict[str, list[Measured]]:
    """Measure the processes in turn, several times, each with its headers."""
    results: dict[str, list[Measured]] = {title: [] for title in ways}
    for _ in range(ROUNDS):
        for title, (process, headers) in ways.items():
            results[title].append(meter.measure(process, LIST, headers=headers))
    return results


def _cpu(measured: list[Measured]) -> float:
    return statistics.median(each.cpu for each in measured)


def _table(results: Mapping[str, list[Measured]]) -> str:
    least = _cpu(next(iter(results.values())))
    rows = [
        [
            title,
            number(statistics.median(each.run.rate for each in measured)),
            number(statistics.median(each.run.median for each in measured)),
            number(_cpu(measured)),
            number(min(each.cpu for each in measured)),
            number(max(each.cpu for each in measured)),
            number(_cpu(measured) / least),
        ]
        for title, measured in results.items()
    ]
    heads = ("list, with", "requests/s", "median ms", "CPU ms", "lowest", "highest", "CPU ratio")
    return table(heads, rows)
