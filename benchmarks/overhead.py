"""What identity, enforced limits, traces and logs add to an operation."""

import importlib.util
import json
import statistics
import time
from collections.abc import Mapping
from pathlib import Path

from joserfc import jwt
from joserfc.jwk import RSAKey

from benchmarks.invoices import OWNER
from benchmarks.measure import Goal, Measured, Meter
from benchmarks.operations import LIST
from benchmarks.servers import KEEPING_NOTHING, Server, gateway
from benchmarks.table import number, table
from gateway.settings import PREFIX, Settings

ROUNDS = 3
WANTED = 0.15
"""The share of the operation's CPU that they may add."""

_ISSUER = "https://issuer.example"
_AUDIENCE = "payex-usage"
_OFF = {"GATEWAY_LOG_OPERATIONS": "off", "GATEWAY_LOG_LEVEL": "ERROR"}
_ON = {"GATEWAY_LOG_OPERATIONS": "all", "GATEWAY_LOG_FORMAT": "json", "GATEWAY_TRACES": "otlp"}


def bare() -> Server:
    """Return the gateway with everything off that can be. Limits and metrics cannot."""
    return gateway("bare", "as little as can be", **KEEPING_NOTHING, **_known(_OFF))


def full(folder: Path, collector: str) -> tuple[Server, dict[str, str]]:
    """Return the gateway with everything on, and the headers that it wants.

    Args:
        folder: where it finds the keys of tokens.
        collector: where its traces go, if this installation can send any.
    """
    key = RSAKey.generate_key(2048, {"kid": "1", "use": "sig", "alg": "RS256"})
    keys = folder / "jwks.json"
    keys.write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    claims = {
        "iss": _ISSUER,
        "aud": _AUDIENCE,
        "exp": int(time.time()) + 24 * 3600,
        "sub": "benchmark",
        "ledgers": [OWNER],
        "scope": "usage:read usage:raw usage:introspect",
    }
    token = jwt.encode({"alg": "RS256", "kid": "1"}, claims, key)
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
        "GATEWAY_JWT_KEYS": str(keys),
        "GATEWAY_JWT_ISSUER": _ISSUER,
        "GATEWAY_JWT_AUDIENCE": _AUDIENCE,
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector,
        **KEEPING_NOTHING,
        **on,
    }
    return gateway("full", ", ".join(parts), **variables), {"Authorization": f"Bearer {token}"}


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
    loud, headers = full(folder, meter.upstream.origin)
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
