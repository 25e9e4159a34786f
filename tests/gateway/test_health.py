"""Liveness and readiness have paths of their own, and cost nothing."""

from typing import Any

import pytest

from gateway.health import Readiness
from gateway.overload import Admission


@pytest.mark.parametrize(("path", "status"), [("live", "live"), ("ready", "ready")])
async def test_a_process_that_serves_is_live_and_ready(serve: Any, path: str, status: str) -> None:
    """Nothing may keep the answer; nothing of it depends on PayEx."""
    client = await serve()
    reply = await client.get(f"/health/{path}")

    assert (reply.status_code, reply.json()) == (200, {"status": status})
    assert reply.headers["cache-control"] == "no-store"
    assert (await client.head(f"/health/{path}")).status_code == 200
    assert (await client.post(f"/health/{path}")).status_code == 405


def test_who_drains_is_not_ready_and_draining_is_the_reason() -> None:
    admission = Admission(1)
    readiness = Readiness(admission, clock=lambda: 0.0)
    reasons = [readiness.reason]
    admission.enter(0.0)
    reasons.append(readiness.reason)
    readiness.draining = True
    reasons.append(readiness.reason)

    assert reasons == [None, "shedding", "draining"]
