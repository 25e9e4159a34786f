"""What identity, enforced limits, traces and logs add to an operation."""

import importlib.util
import statistics
from collections.abc import Mapping
from pathlib import Path

from benchmarks.issuer import Issuer
from benchmarks.measure import Goal, Measured, Meter
from benchmarks.operations import LIST
from benchmarks.servers import KEEPING_NOTHING, Server, gateway
from benchmarks.table import number, table
from gateway.settings.settings import PREFIX, Settings

ROUNDS = 3
WANTED = 0.15
"""The share of the operation's CPU that they may add."""

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
        *(["traces"] if "GATEWAY_TRACES" in on else []),
        "logs",
    ]
    variables = {
        "GATEWAY_INSECURE": "0",
        **issuer.settings(keys),
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector,
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
        rounds = [
            (meter.measure(without, LIST), meter.measure(having, LIST, headers=headers))
            for _ in range(ROUNDS)
        ]
    costs = [statistics.median(each.cpu for each in ways) for ways in zip(*rounds, strict=True)]
    added = costs[1] / costs[0] - 1
    rows = [
        _row(server.title, [pair[way] for pair in rounds])
        for way, server in enumerate((quiet, loud))
    ]
    text = f"overhead: at most {WANTED:.0%} of the list operation's CPU"
    goal = Goal(text, f"{added:+.1%}", added <= WANTED)
    return table(
        ("list, with", "requests/s", "median ms", "CPU ms", "lowest", "highest"), rows
    ), goal


def _row(title: str, measured: list[Measured]) -> list[str]:
    costs = [each.cpu for each in measured]
    return [
        title,
        number(statistics.median(each.run.rate for each in measured)),
        number(statistics.median(each.run.median for each in measured)),
        number(statistics.median(costs)),
        number(min(costs)),
        number(max(costs)),
    ]
