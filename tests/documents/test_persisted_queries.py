"""Persisted queries are bounded, and the text of their digest, whatever a shared cache holds."""

import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from gateway.documents.ids import digest
from gateway.documents.persisted_queries import PersistedQueries
from resolvers.payex.cache.shared import SharedCache, Stored
from tests.payex.valkey import PATIENT, Valkey, a_valkey

TEXT = "{ owner { __typename } }"
KEY = digest(TEXT)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=400)


class Texts(RuleBasedStateMachine):
    """Clients send texts and ask for them."""

    def __init__(self) -> None:
        super().__init__()
        self.queries = PersistedQueries(max_entries=3, max_bytes=16 * 1024)
        self.sent: list[str] = []

    @rule(text=TEXTS, times=st.integers(1, 9))
    def send(self, text: str, times: int) -> None:
        """A text is sent, and can be asked for unless it is too large."""
        text *= times
        self.queries.keep(text)
        self.sent.append(text)
        fits = sys.getsizeof(text) + 320 <= 2048
        assert self.queries.get(digest(text)) == (text if fits else None)

    @rule(place=st.integers(0, 99))
    def ask(self, place: int) -> None:
        """What was sent is there or gone, and never another text."""
        for text in self.sent[place : place + 1]:
            assert self.queries.get(digest(text)) in {text, None}

    @invariant()
    def the_bounds_hold(self) -> None:
        """It never keeps more than it may."""
        assert len(self.queries) <= 3
        assert self.queries.bytes <= 16 * 1024


TestTexts = Texts.TestCase
TestTexts.settings = settings(deadline=None, stateful_step_count=30)


@settings(deadline=None)
@given(st.lists(TEXTS, max_size=30), st.integers(8 * 1024, 64 * 1024))
def test_the_bound_on_bytes_holds_where_entries_are_many(texts: list[str], most: int) -> None:
    queries = PersistedQueries(max_entries=1000, max_bytes=most)
    for text in texts:
        queries.keep(text * 3)
        assert queries.bytes <= most


def test_what_nobody_asked_for_the_longest_goes_first() -> None:
    queries = PersistedQueries(max_entries=2)
    queries.keep("{ a }")
    queries.keep("{ b }")
    assert queries.get(digest("{ a }"))
    queries.keep("{ c }")
    assert queries.get(digest("{ b }")) is None
    assert queries.get(digest("{ a }"))


def test_a_text_that_is_sent_again_takes_no_second_place() -> None:
    queries = PersistedQueries(max_entries=2)
    for text in ("{ a }", "{ b }", "{ b }", "{ b }"):
        queries.keep(text)
    assert len(queries) == 2
    assert queries.get(digest("{ a }"))


def test_a_text_of_more_than_an_eighth_of_the_bytes_drives_no_other_out() -> None:
    queries = PersistedQueries(max_bytes=8 * 1024)
    queries.keep(TEXT)
    queries.keep("#" * 1024)
    assert queries.get(KEY) == TEXT
    assert len(queries) == 1


async def test_without_a_shared_cache_nothing_is_recalled() -> None:
    queries = PersistedQueries()
    assert await queries.recall(KEY) is None
    await queries.aclose()


# With a Redis


@pytest.fixture
def server() -> Iterator[Valkey]:
    """A Valkey that runs."""
    with a_valkey() as running:
        yield running


@asynccontextmanager
async def shared_by(server: Valkey) -> AsyncIterator[SharedCache]:
    cache = SharedCache(server.url, timeout=PATIENT)
    try:
        yield cache
    finally:
        await cache.aclose()


async def test_what_was_sent_to_one_instance_another_recalls(server: Valkey) -> None:
    """It keeps it only when it is told to: it has not found it valid itself."""
    async with shared_by(server) as cache, shared_by(server) as other_cache:
        one, other = PersistedQueries(shared=cache), PersistedQueries(shared=other_cache)
        one.keep(TEXT)
        await one.aclose()

        assert await other.recall(KEY) == TEXT
        assert other.get(KEY) is None
        assert await other.recall(digest("{ b }")) is None


async def test_what_nobody_sends_is_gone_from_redis_after_a_day(server: Valkey) -> None:
    async with shared_by(server) as cache:
        queries = PersistedQueries(shared=cache)
        queries.keep(TEXT)
        await queries.aclose()
        (name,) = server.control.keys()
        left = server.control.ttl(name)
        assert isinstance(left, int)
        assert 24 * 3600 - PATIENT <= left <= 24 * 3600


@pytest.mark.parametrize("bodies", [(b"{ other }",), (b"\xff",), (), (TEXT.encode(), b""), (b"",)])
async def test_what_stands_in_redis_is_not_believed(
    server: Valkey, bodies: tuple[bytes, ...]
) -> None:
    async with shared_by(server) as cache:
        await cache.put(f"document {KEY}", Stored(200, bodies), 60)
        assert await PersistedQueries(shared=cache).recall(KEY) is None


async def test_the_same_place_with_the_right_text_is_believed(server: Valkey) -> None:
    async with shared_by(server) as cache:
        await cache.put(f"document {KEY}", Stored(200, (TEXT.encode(),)), 60)
        assert await PersistedQueries(shared=cache).recall(KEY) == TEXT


async def test_without_its_redis_an_instance_goes_on_alone(server: Valkey) -> None:
    async with shared_by(server) as cache:
        queries = PersistedQueries(shared=cache)
        server.kill()
        queries.keep(TEXT)
        await queries.aclose()
        assert queries.get(KEY) == TEXT
        assert await queries.recall(KEY) is None
