"""The upstream of the benchmarks, and the gateway over it."""

import shutil
from collections.abc import Iterator

import pytest

from benchmarks.measure import Meter, Pace
from benchmarks.process import Process
from benchmarks.servers import GATEWAY
from benchmarks.upstream import Upstream, serving


@pytest.fixture(scope="session")
def upstream() -> Iterator[Upstream]:
    """Serve the bodies by nginx."""
    if shutil.which("nginx") is None:
        pytest.skip("nginx is missing")
    with serving() as served:
        yield served


@pytest.fixture(scope="session")
def gateway(upstream: Upstream) -> Iterator[Process]:
    """Serve the gateway that keeps nothing."""
    with GATEWAY.over(upstream.origin) as process:
        yield process


@pytest.fixture
def meter(upstream: Upstream) -> Meter:
    """Return a meter that takes no longer than it has to."""
    return Meter(upstream, Pace(seconds=1, warm_up=0))
