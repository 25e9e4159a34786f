"""A gateway to be attacked, in a process of its own, which all attacks share."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.gateway.service import PLAIN, running


@pytest.fixture(scope="package")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of the gateway's log."""
    return tmp_path_factory.mktemp("attacks") / "gateway.log"


@pytest.fixture(scope="package")
def gateway(log: Path) -> Iterator[httpx.Client]:
    """Return a client of a gateway that runs in a process of its own, as a public one would."""
    closed = {"GATEWAY_INTROSPECTION": "nobody", "GATEWAY_GRAPHIQL": "off"}
    with (
        running(log, "--port", "0", GATEWAY_BODY_TIMEOUT="0.5", **closed) as service,
        httpx.Client(base_url=service.origin, trust_env=False, verify=PLAIN, timeout=30) as client,
    ):
        yield client
