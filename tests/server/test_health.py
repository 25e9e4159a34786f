"""Liveness and readiness have paths of their own, and cost nothing."""

import socket
from typing import Any

import pytest

from gateway.server.admission import Admission
from gateway.server.health import Readiness


@pytest.mark.parametrize(("path", "status"), [("live", "live"), ("ready", "ready")])
async def test_a_process_that_serves_is_live_and_ready(serve: Any, path: str, status: str) -> None:
    """Nothing may keep the answer; nothing of it depends on PayEx."""
    client = await serve()
    reply = await client.get(f"/health/{path}")

    assert (reply.status_code, reply.json()) == (200, {"status": status})
    assert reply.headers["cache-control"] == "no-store"
    assert (await client.head(f"/health/{path}")).status_code == 200
    assert (await client.post(f"/health/{path}")).status_code == 405


def test_who_drains_is_not_ready_and_draining_is_the_first_reason() -> None:
    admission = Admission(1)
    keys: list[str] = []
    readiness = Readiness(admission, lambda: bool(keys), clock=lambda: 0.0)
    admission.enter("anyone")
    reasons = [readiness.reason]
    keys.append("a key")
    reasons.append(readiness.reason)
    keys.clear()
    readiness.drain()
    reasons.append(readiness.reason)
    admission = Admission(1)
    reasons.append(Readiness(admission).reason)

    assert reasons == ["no-keys", "shedding", "draining", None]


async def test_who_never_had_the_issuers_keys_is_not_ready_and_says_why(
    serve: Any, connected: dict[str, str]
) -> None:
    """Each request with a token would be answered by 503."""
    with socket.socket() as taken:
        # It is bound and does not listen: who connects is refused.
        taken.bind(("127.0.0.1", 0))
        client = await serve(
            {
                **connected,
                "GATEWAY_JWT_KEYS": f"http://127.0.0.1:{taken.getsockname()[1]}/jwks",
                "GATEWAY_JWT_ISSUER": "https://issuer.example",
                "GATEWAY_JWT_AUDIENCE": "payex-usage",
            }
        )
        reply = await client.get("/health/ready")

        assert (reply.status_code, reply.json()["status"]) == (503, "no-keys")
        assert "GATEWAY_JWT_KEYS" in reply.json()["detail"]
        assert (await client.get("/health/live")).status_code == 200
        assert "payex_usage_ready 0.0" in (await client.get("/metrics")).text
