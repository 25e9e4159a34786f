"""What an operation cost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.operation_stats import OperationStats
from resolvers.payex.api.answers import Call, Unread
from resolvers.payex.api.faults import Fault, FaultCode
from resolvers.payex.api.pulse import Pulse
from resolvers.payex.api.stretches import Spent

TEMPLATE = "/invoices/{invoiceNo}"


def stats_of(*calls: Call) -> OperationStats:
    stats = OperationStats(500)
    for call in calls:
        stats.made(call)
    return stats


def test_an_operation_without_calls_costs_nothing() -> None:
    assert OperationStats(500).report() == {
        "calls": 0, "deduplicated": 0, "coalesced": 0, "hits": 0, "misses": 0, "waves": 0,
        "milliseconds": 0.0, "trace": [],
    }  # fmt: skip


def test_a_report_lists_the_calls_by_wave_and_start() -> None:
    calls = (
        Call("/c", 2, None, 3.0, 3.5, FaultCode.UPSTREAM_TIMEOUT),
        Call("/b", 1, 404, 1.5, 2.0, attempt=2),
        Call("/a", 1, 200, 1.0, 2.5),
    )
    report = stats_of(*calls).report()
    assert report["trace"] == [
        {"route": "/a", "wave": 1, "attempt": 1, "status": 200, "milliseconds": 1500.0},
        {"route": "/b", "wave": 1, "attempt": 2, "status": 404, "milliseconds": 500.0},
        {
            "route": "/c",
            "wave": 2,
            "attempt": 1,
            "status": None,
            "milliseconds": 500.0,
            "fault": "UPSTREAM_TIMEOUT",
        },
    ]
    assert (report["calls"], report["waves"], report["milliseconds"]) == (3, 2, 2000.0)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 10))))
def test_time_in_which_calls_overlap_counts_once(spans: list[tuple[int, int]]) -> None:
    calls = [Call(TEMPLATE, 1, 200, float(start), float(start + took)) for start, took in spans]
    seconds = {second for start, took in spans for second in range(start, start + took)}
    assert stats_of(*calls).milliseconds == 1000 * len(seconds)


@given(st.lists(st.integers(1, 9)))
def test_an_operation_has_as_many_waves_as_its_last_call(waves: list[int]) -> None:
    calls = [Call(TEMPLATE, wave, 200, 0.0, 1.0) for wave in waves]
    assert stats_of(*calls).waves == max(waves, default=0)


@given(st.integers(0, 9), st.integers(0, 9))
def test_what_is_spared_is_what_was_asked_for_beyond_the_routes_asked(
    demands: int, started: int
) -> None:
    stats = OperationStats(500)
    for _ in range(demands):
        stats.demand()
    for _ in range(started):
        stats.started()
    assert stats.deduplicated == (demands - started if demands > started else 0)


@given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))
def test_each_answer_counts_by_where_it_came_from(hits: int, misses: int, coalesced: int) -> None:
    stats = OperationStats(500)
    for note, times in ((stats.hit, hits), (stats.missed, misses), (stats.coalesced, coalesced)):
        for _ in range(times):
            note()
    report = stats.report()
    assert (report["hits"], report["misses"], report["coalesced"]) == (hits, misses, coalesced)
    assert report["calls"] == 0


@given(st.integers(0, 20))
def test_so_many_calls_are_permitted_and_then_none_whatever_ends(bound: int) -> None:
    stats = OperationStats(bound)
    for _ in range(bound):
        stats.permit()
        stats.made(Call(TEMPLATE, 1, 200, 0.0, 1.0))
    for _ in range(2):
        with pytest.raises(Fault) as raised:
            stats.permit()
        assert raised.value.code is FaultCode.UPSTREAM_TOO_MANY_CALLS
        assert raised.value.limit == {"GATEWAY_MAX_CALLS": bound}


def test_what_becomes_of_a_call_after_its_operation_is_told() -> None:
    stats, late = OperationStats(2), list[Call | Unread]()
    unread = [Unread(TEMPLATE, FaultCode.UPSTREAM_MALFORMED) for _ in range(2)]
    stats.cannot_use(unread[0])
    calls = [Call(TEMPLATE, 1, 200, 0.0, ended) for ended in (1.0, 2.0)]
    stats.made(calls[0])
    stats.late = late.append
    stats.made(calls[1])
    stats.cannot_use(unread[1])
    assert late == [calls[1], unread[1]]
    assert stats.unread == unread
    assert stats.calls == calls


def test_what_an_operation_waits_for_its_turn_is_the_event_loops() -> None:
    """It begins at 2, and works from 4 to 5 and from 6 to 7; the loop is busy from 1 to 9."""
    pulse = Pulse(interval=1)
    pulse.beat(0)
    pulse.beat(9)
    pulse.caught_up(9)
    stats = OperationStats(500, pulse)
    stats.work.steps.append((4, 5))
    spent = stats.seconds(10, since=2, work=[(6, 7)])
    assert spent.pop(Spent.LOOP) == 5
    assert not any(spent.values())


@given(st.lists(st.integers(1, 5), max_size=12), st.integers(0, 12))
def test_the_last_wave_is_the_highest_of_the_calls_that_have_ended_since(
    waves: list[int], ended: int
) -> None:
    stats = stats_of(*(Call(TEMPLATE, wave, 200, 0.0, 1.0) for wave in waves))

    assert stats.last_wave(ended) == max(waves[ended:], default=0)
