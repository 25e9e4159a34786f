"""What the cache of answers keeps, for how long, under which key and within which bounds."""

import gc
import json
import math
import tracemalloc
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from resolvers.payex.api.argument_errors import ArgumentError
from resolvers.payex.api.decoders import Decoder, subscriptions, usage_records, usage_summaries
from resolvers.payex.api.faults import Fault, FaultCode
from resolvers.payex.api.problems import Problem, ProblemType, argument_problem
from resolvers.payex.api.records import ItemList, SubscriptionItem
from resolvers.payex.api.routes import Billing, Holder, Kind, Route, Routes
from resolvers.payex.cache.local import (
    AnswerCache,
    CacheKey,
    CachePolicy,
    Outcome,
    access_mark,
    shared_access_mark,
    weigh,
)

BILLED = Routes().of(Holder("xxx", Billing.BILLED, "55"), Kind.HOLDER)
UNBILLED = Routes().of(Holder("xxx", Billing.UNBILLED, "9999"), Kind.HOLDER)
EMPTY = weigh(msgspec.Raw(b""), 0)
ROOM_FOR_EIGHT = 8 * (EMPTY + 100)


class Clock:
    """Time that stands still until the test moves it. Call it to read it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the seconds."""
        return self.now


def answer(text: object) -> msgspec.Raw:
    """An answer that is told apart by its text."""
    return msgspec.Raw(json.dumps(text).encode())


def key(path: object = "/a", rights: str = "all", access: str = "token", **_: object) -> CacheKey:
    return CacheKey(rights, access, str(path), Kind.HOLDER)


def problem(kind: ProblemType) -> Problem:
    return Problem(kind, type="any", title="Any", status=404)


# For how long


def test_billed_and_unbilled_answers_are_kept_for_their_own_time() -> None:
    policy = CachePolicy(billed_ttl=40, unbilled_ttl=7)

    assert policy.ttl(BILLED, answer("")) == 40
    assert policy.ttl(UNBILLED, answer("")) == 7


def test_by_default_unbilled_usage_is_not_kept_at_all() -> None:
    policy = CachePolicy()

    assert policy.ttl(BILLED, ItemList([])) == 60
    assert policy.ttl(UNBILLED, ItemList([])) == 0
    assert policy.ttl(BILLED, SubscriptionItem()) == 60


@pytest.mark.parametrize(
    "kind", [kind for kind in ProblemType if kind is not ProblemType.UNRECOGNIZED]
)
def test_a_documented_problem_is_kept_shortly_and_never_longer_than_an_answer(
    kind: ProblemType,
) -> None:
    """An invoice that does not exist yet is there after the next bill run."""
    assert CachePolicy().ttl(BILLED, problem(kind)) == 5
    assert CachePolicy().ttl(UNBILLED, problem(kind)) == 0
    assert CachePolicy(billed_ttl=2).ttl(BILLED, problem(kind)) == 2
    assert CachePolicy(unbilled_ttl=30).ttl(UNBILLED, problem(kind)) == 5
    assert CachePolicy(problem_ttl=0).ttl(BILLED, problem(kind)) == 0


@pytest.mark.parametrize("route", [BILLED, UNBILLED])
def test_a_problem_that_nobody_knows_is_never_kept(route: Route) -> None:
    policy = CachePolicy(billed_ttl=60, unbilled_ttl=60, problem_ttl=60)

    assert policy.ttl(route, problem(ProblemType.UNRECOGNIZED)) == 0


@pytest.mark.parametrize("code", FaultCode)
@pytest.mark.parametrize("route", [BILLED, UNBILLED])
def test_a_fault_is_never_kept(route: Route, code: FaultCode) -> None:
    policy = CachePolicy(billed_ttl=60, unbilled_ttl=60, problem_ttl=60)

    assert policy.ttl(route, Fault(code)) == 0


@pytest.mark.parametrize("ttl", [0.0, 1.0])
def test_whether_a_route_is_kept_at_all_depends_on_the_time_of_its_answers(ttl: float) -> None:
    assert CachePolicy(billed_ttl=ttl, unbilled_ttl=9).keeps(BILLED) == (ttl > 0)
    assert CachePolicy(billed_ttl=9, unbilled_ttl=ttl).keeps(UNBILLED) == (ttl > 0)


# Under which key


def test_a_tokens_mark_is_its_own_and_tells_nothing_of_it() -> None:
    assert access_mark("token-1") == access_mark("token-1") != access_mark("token-2")
    assert "token" not in access_mark("token-1")
    assert len(access_mark("\udcff")) == 64


def test_a_shared_mark_is_equal_wherever_it_is_made() -> None:
    expected = "1f22f05624700e7901d32466ee1145b2b38922bcf89b05fb2ee4d9e48f8c83cb"

    assert shared_access_mark("token-1", "https://payex.test") == expected
    assert shared_access_mark("\udcff", "https://payex.test") != expected


def test_a_shared_mark_tells_tokens_and_systems_apart_and_is_not_the_one_in_memory() -> None:
    marks = {
        shared_access_mark("token-1", "https://payex.test"),
        shared_access_mark("token-2", "https://payex.test"),
        shared_access_mark("token-1", "https://other.test"),
        access_mark("token-1"),
    }

    assert len(marks) == 4


parts = st.text(st.characters(), max_size=4) | st.sampled_from(["", "'", "', '", "\\", "a', 'b"])
keys = st.builds(CacheKey, parts, parts, parts, st.sampled_from(Kind))


@given(keys, keys)
def test_two_keys_have_one_text_only_if_they_are_one_key(one: CacheKey, other: CacheKey) -> None:
    assert (one.text == other.text) == (one == other)
    assert one.text.isascii()


def test_a_key_does_not_show_whose_numbers_stand_in_it() -> None:
    assert repr(key("/46701740690", rights="alice")) == "CacheKey(holder)"


@given(
    st.lists(
        st.tuples(st.sampled_from(["alice", "bob"]), st.sampled_from("12"), st.sampled_from("xy")),
        max_size=30,
    )
)
def test_nothing_crosses_between_ledgers_or_rights(asked: list[tuple[str, str, str]]) -> None:
    """The same paths, two ledgers' tokens, two callers' rights: each reads what it wrote."""
    cache = AnswerCache(clock=Clock())
    known = set()
    for rights, token, path in asked:
        its_key = CacheKey(rights, access_mark(token), f"/{path}", Kind.HOLDER)
        found = cache.get(its_key)
        assert found == (answer([rights, token, path]) if its_key in known else None)
        cache.put(its_key, answer([rights, token, path]), 10, 60)
        known.add(its_key)


@pytest.mark.parametrize("other", [{"rights": "b"}, {"access": "b"}, {"path": "b"}])
def test_each_part_of_the_key_counts(other: dict[str, str]) -> None:
    cache = AnswerCache(clock=Clock())
    cache.put(key(), answer(1), 0, 60)

    assert cache.get(key(**other)) is None
    assert cache.get(key()._replace(kind=Kind.DETAILS)) is None
    assert cache.get(key()) == answer(1)


# Within which bounds


def test_an_answer_is_there_until_its_time_is_over_and_no_longer() -> None:
    clock = Clock()
    cache = AnswerCache(clock=clock)
    cache.put(key("/a"), answer("a"), 0, 5)
    cache.put(key("/b"), answer("b"), 0, 60)

    clock.now += 4.999
    assert cache.get(key("/a")) == answer("a")
    clock.now += 0.001
    assert cache.get(key("/a")) is None
    assert cache.get(key("/b")) == answer("b")
    assert len(cache) == 1


def test_an_answer_tells_how_much_of_its_time_is_left() -> None:
    clock = Clock()
    cache = AnswerCache(clock=clock)
    cache.put(key(), answer(1), 0, 5)

    clock.now += 2
    assert cache.left(key()) == 3
    clock.now += 3
    assert cache.left(key()) == 0


def test_reading_an_answer_does_not_make_it_live_longer() -> None:
    clock = Clock()
    cache = AnswerCache(clock=clock)
    cache.put(key(), answer(1), 0, 5)
    for _ in range(5):
        assert cache.get(key())
        clock.now += 1
    assert cache.get(key()) is None


@pytest.mark.parametrize("ttl", [0, -1, math.nan])
def test_an_answer_without_time_is_not_kept_and_displaces_no_one_but_its_last_one(
    ttl: float,
) -> None:
    cache = AnswerCache(clock=Clock())
    cache.put(key("/a"), answer("old"), 0, 60)
    cache.put(key("/b"), answer("b"), 0, 60)

    cache.put(key("/c"), answer("c"), 0, ttl)
    assert (cache.get(key("/c")), len(cache)) == (None, 2)

    cache.put(key("/a"), answer("new"), 0, ttl)
    assert (cache.get(key("/a")), cache.get(key("/b"))) == (None, answer("b"))


def test_an_answer_larger_than_an_eighth_of_the_bound_is_not_kept_and_neither_is_its_last_one() -> (
    None
):
    bound = 8 * (EMPTY + 5 * 100)
    cache = AnswerCache(max_bytes=bound, clock=Clock())

    cache.put(key("/fits"), answer(1), 100, 60)
    cache.put(key("/large"), answer(1), 101, 60)
    assert (cache.get(key("/fits")), cache.get(key("/large"))) == (answer(1), None)
    assert cache.bytes == bound // 8

    cache.put(key("/fits"), answer(2), 101, 60)
    assert (cache.get(key("/fits")), cache.bytes) == (None, 0)


def test_what_was_not_read_for_longest_makes_room() -> None:
    cache = AnswerCache(max_bytes=ROOM_FOR_EIGHT, clock=Clock())
    for name in "abcdefgh":
        cache.put(key(f"/{name}"), answer(name), 0, 60)
    assert cache.get(key("/a"))
    cache.put(key("/i"), answer("i"), 0, 60)

    assert [cache.get(key(f"/{name}")) for name in "abci"] == [
        answer("a"), None, answer("c"), answer("i"),
    ]  # fmt: skip


def test_what_is_over_makes_room_first() -> None:
    clock = Clock()
    cache = AnswerCache(max_bytes=ROOM_FOR_EIGHT, clock=clock)
    for name in "abcdefg":
        cache.put(key(f"/{name}"), answer(name), 0, 60)
    cache.put(key("/h"), answer("h"), 0, 1)
    clock.now += 1
    cache.put(key("/i"), answer("i"), 0, 60)

    assert [cache.get(key(f"/{name}")) for name in "ai"] == [answer("a"), answer("i")]


def test_a_cache_without_room_keeps_nothing() -> None:
    cache = AnswerCache(max_bytes=0, clock=Clock())
    cache.put(key(), answer(1), 0, 60)

    assert (cache.get(key()), len(cache), cache.bytes) == (None, 0, 0)


def test_by_default_it_follows_the_clock_of_the_process() -> None:
    cache = AnswerCache()
    cache.put(key(), argument_problem(ArgumentError("invoiceNo", "It is empty.")), 0, 60)

    assert isinstance(cache.get(key()), Problem)


RECORD = {
    "usageDetailId": "d00000001", "startTime": "2024-05-06T12:00:00", "usageType": "VOICE_ABROAD",
    "productGroupId": "P1", "detailInfo": "A call", "destination": "Norway mobile",
    "destinationCode": "NO1", "quantity": 1, "chargedVolume": 540, "totalVolume": 600,
    "volumeCode": "S", "unitPrice": 0.0049, "amount": 3.49, "vatRate": 25, "currency": "SEK",
}  # fmt: skip
SUMMARY = {
    "usageType": "VOICE", "volumeCode": "S", "startPeriod": "2024-05-01", "quantity": 7,
    "endPeriod": "2024-05-31", "chargedVolume": 540, "totalVolume": 600, "totalCharge": 3.49,
    "currency": "SEK",
}  # fmt: skip
SUBSCRIPTION = {"subscriptionNo": "46701740690", "usageDetails": "/billing/usage/v1/xxx/invoices"}


@pytest.mark.parametrize("count", [1, 50, 1000])
@pytest.mark.parametrize(
    ("decoder", "element"),
    [
        (usage_records({}), RECORD),
        (usage_records({}), {}),
        (usage_summaries({}), SUMMARY),
        (subscriptions(), SUBSCRIPTION),
    ],
    ids=["records", "empty records", "summaries", "subscriptions"],
)
def test_the_bound_is_one_of_real_memory(
    decoder: Decoder[Any], element: dict[str, object], count: int
) -> None:
    """Decoded answers are many times their JSON; `weigh` is not below what they really take."""
    text = json.dumps({"items": [element] * count})
    copies = 5
    # What Python keeps of the first time is no part of any answer.
    assert ItemList([decoder.page(text.encode())]).items[-1].raw
    gc.collect()
    tracemalloc.start()
    try:
        kept = []
        for _ in range(copies):
            body = text.encode()
            kept.append(ItemList([decoder.page(body)]))
        for items in kept:
            assert items.items[-1].raw
        gc.collect()
        taken = tracemalloc.get_traced_memory()[0] / copies
    finally:
        tracemalloc.stop()

    assert taken <= weigh(kept[0], len(text))


class CacheModel(RuleBasedStateMachine):
    """The cache beside a list of all that was ever put, which no bound makes forget."""

    BYTES = 12 * EMPTY

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.cache = AnswerCache(max_bytes=self.BYTES, clock=self.clock)
        # In the order of their last use: key to answer, weight and the end of its time.
        self.model: dict[CacheKey, tuple[Outcome, int, float]] = {}
        self.count = 0

    def _expire(self) -> None:
        self.model = {k: v for k, v in self.model.items() if self.clock.now < v[2]}

    @rule(
        path=st.integers(0, 7),
        access=st.sampled_from("ab"),
        cost=st.integers(0, EMPTY),
        ttl=st.integers(0, 4),
    )
    def put(self, path: int, access: str, cost: int, ttl: int) -> None:
        """Keep an answer that differs from all before it."""
        self.count += 1
        outcome = answer(self.count)
        its_key = key(path, access=access)
        self.cache.put(its_key, outcome, cost, ttl)

        self._expire()
        self.model.pop(its_key, None)
        weight = weigh(outcome, cost)
        if not ttl or weight > self.BYTES // 8:
            return
        while sum(kept[1] for kept in self.model.values()) + weight > self.BYTES:
            del self.model[next(iter(self.model))]
        self.model[its_key] = (outcome, weight, self.clock.now + ttl)

    @rule(path=st.integers(0, 7), access=st.sampled_from("ab"))
    def get(self, path: int, access: str) -> None:
        """Read what the model says is there, and nothing else."""
        self._expire()
        its_key = key(path, access=access)
        kept = self.model.pop(its_key, None)
        if kept:
            self.model[its_key] = kept
        assert self.cache.get(its_key) is (kept and kept[0])

    @precondition(lambda self: self.model)
    @rule(seconds=st.integers(1, 3))
    def wait(self, seconds: int) -> None:
        """Let time pass."""
        self.clock.now += seconds

    @invariant()
    def bounds_hold(self) -> None:
        """The bound is never exceeded, and the figures are those of the model."""
        self._expire()
        weight = sum(kept[1] for kept in self.model.values())
        assert len(self.cache) == len(self.model)
        assert self.cache.bytes == weight <= self.BYTES


TestCacheModel: Callable[..., Any] = CacheModel.TestCase
