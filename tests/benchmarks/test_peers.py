"""The servers of the benchmarks answer alike, so that their figures can be compared."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from benchmarks import latency, overhead
from benchmarks.issuer import Issuer
from benchmarks.measure import Meter
from benchmarks.operations import GROWING, LIST, LOOKUP, SMALL, Operation, distinct
from benchmarks.process import Process
from benchmarks.servers import PEERS, Server
from benchmarks.upstream import Upstream, delayed
from benchmarks.wrk import Load, drive

pytestmark = pytest.mark.peers

OPERATIONS = [LIST, LOOKUP, SMALL, *GROWING[:2]]
MISSING = json.dumps({"query": LIST.document, "variables": {"invoiceNo": "999999", "first": 1}})


@pytest.fixture(scope="module", params=PEERS, ids=lambda peer: peer.name)
def peer(request: pytest.FixtureRequest, upstream: Upstream) -> Iterator[Process]:
    """Serve each peer in turn."""
    server: Server = request.param
    if server.lacks:
        pytest.skip(f"{server.name} lacks {server.lacks}")
    with server.over(upstream.origin) as process:
        yield process


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_a_peer_answers_with_the_data_of_the_gateway(
    meter: Meter, gateway: Process, peer: Process, operation: Operation
) -> None:
    for body in (operation.bodies[0], operation.bodies[-1]):
        meter.check(gateway, body, operation.records)
        meter.check(peer, body, operation.records)


def test_a_peer_tells_a_problem_as_the_gateway_does(
    meter: Meter, gateway: Process, peer: Process
) -> None:
    meter.check(gateway, MISSING, 0)
    meter.check(peer, MISSING, 0)


@pytest.mark.parametrize(
    ("operation", "calls"),
    [(LIST, 7), (LOOKUP, 3), (SMALL, 1)],
    ids=lambda value: getattr(value, "name", None),
)
def test_a_peer_makes_a_call_for_each_level(
    meter: Meter, peer: Process, operation: Operation, calls: int
) -> None:
    before = meter.upstream.calls()

    meter.check(peer, operation.bodies[0], operation.records)

    assert meter.upstream.calls() - before == calls


def test_the_gateway_makes_no_call_that_the_query_spares(meter: Meter, gateway: Process) -> None:
    before = meter.upstream.calls()

    meter.check(gateway, LOOKUP.bodies[0], LOOKUP.records)

    assert meter.upstream.calls() - before == 1


def test_the_gateway_with_everything_on_answers_callers_alone(
    meter: Meter, gateway: Process, upstream: Upstream, tmp_path: Path
) -> None:
    issuer, keys = Issuer(), tmp_path / "jwks.json"
    keys.write_bytes(issuer.keys)
    server = overhead.full(issuer, str(keys), upstream.origin)
    headers = {"Authorization": issuer.token()}
    meter.check(gateway, LIST.bodies[0], LIST.records)

    with server.over(upstream.origin) as process:
        meter.check(process, LIST.bodies[0], LIST.records, headers)
        with pytest.raises(SystemExit, match="does not answer rightly"):
            meter.check(process, LIST.bodies[0], LIST.records)


def test_the_gateway_with_little_on_answers_as_well(
    meter: Meter, gateway: Process, upstream: Upstream
) -> None:
    meter.check(gateway, LIST.bodies[0], LIST.records)

    with overhead.bare().over(upstream.origin) as process:
        meter.check(process, LIST.bodies[0], LIST.records)


def test_a_run_measures_what_it_has_checked(meter: Meter, gateway: Process) -> None:
    _needs_wrk()

    measured = meter.measure(gateway, SMALL, connections=2)

    assert (measured.calls, measured.run.wrong, measured.run.lost) == (1, 0, 0)
    assert measured.cpu > 0
    assert measured.megabytes > 10


@pytest.mark.parametrize(
    "load",
    [
        Load(bodies=['{"query": "{ nothing }"}']),
        Load(bodies=SMALL.bodies, shortest=10_000),
    ],
    ids=["errors", "too short"],
)
def test_a_run_ends_in_an_error_if_a_reply_is_not_right(gateway: Process, load: Load) -> None:
    _needs_wrk()

    with pytest.raises(SystemExit, match="replies were wrong"):
        drive(f"{gateway.origin}/graphql", load, 1)


def test_each_of_the_distinct_documents_is_answered(meter: Meter, gateway: Process) -> None:
    bodies = distinct(3)

    assert len(set(bodies)) == 3
    for body in bodies:
        meter.check(gateway, body, 0)


def test_another_answer_than_the_gateways_is_refused(meter: Meter, gateway: Process) -> None:
    first, second = SMALL.bodies[:2]
    meter.check(gateway, first, 0)
    meter._right[second] = meter._right[first]

    with pytest.raises(SystemExit, match="Other data than the gateway's"):
        meter.check(gateway, second, 0)


def test_the_slow_way_to_the_upstream_changes_no_answer(upstream: Upstream) -> None:
    path = "/billing/usage/v1/1234/invoices/500000/subscriptions"

    with delayed(upstream, 1) as origin:
        slow = httpx.get(f"{origin}{path}", trust_env=False)

        assert slow.content == httpx.get(f"{upstream.origin}{path}", trust_env=False).content
        assert latency.round_trip(origin) > 0


def _needs_wrk() -> None:
    if shutil.which("wrk") is None:
        pytest.skip("wrk is missing")
