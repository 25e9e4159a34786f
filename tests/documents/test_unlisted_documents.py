"""Unlisted documents are logged by digest, each once an hour, and a thousand of them at most."""

import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.documents.ids import digest
from gateway.documents.unlisted_documents import Sighting, Sightings, UnlistedDocuments

TEXT = '{ owner(ownerNo: "1234") { ownerNo } }'


class Clock:
    """Time that stands still until the test moves it. Call it to read it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the seconds."""
        return self.now


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """What the log says of the documents."""
    caplog.set_level(logging.INFO, "gateway.documents.unlisted_documents")
    return caplog


SEEN = st.lists(st.tuples(st.sampled_from("abcde"), st.floats(0, 7)), max_size=60)


@settings(deadline=None)
@given(SEEN)
def test_memory_and_words_are_bounded_and_each_document_is_told_of_once_an_interval(
    seen: list[tuple[str, float]],
) -> None:
    sightings = Sightings(interval=10.0, most=3)
    told: list[tuple[float, str]] = []
    overflows: list[float] = []
    now = 0.0
    for key, pause in seen:
        now += pause
        recent = [name for at, name in told if now - at < 10.0]
        sighting = sightings.see(key, now)
        assert len(sightings) <= 3
        assert (sighting is Sighting.NEW) == (key not in recent and len(recent) < 3)
        if sighting is Sighting.NEW:
            told.append((now, key))
        if sighting is Sighting.TOO_MANY:
            assert len(recent) == 3
            assert not any(now - at < 10.0 for at in overflows)
            overflows.append(now)


def test_a_line_names_the_digest_and_nothing_else(
    said: pytest.LogCaptureFixture,
) -> None:
    UnlistedDocuments().log(TEXT)
    assert said.messages == [f"unlisted document {digest(TEXT)}"]
    assert [record.levelname for record in said.records] == ["INFO"]


def test_a_document_is_told_of_once_an_hour(said: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    unlisted = UnlistedDocuments(clock)
    for seconds in (0, 1800, 1799, 1, 3599):
        clock.now += seconds
        unlisted.log(TEXT)
    assert len(said.messages) == 2


def test_past_a_thousand_documents_one_line_says_so(said: pytest.LogCaptureFixture) -> None:
    unlisted = UnlistedDocuments(Clock())
    for number in range(1100):
        unlisted.log(f"{{ a{number} }}")
    assert len(said.messages) == 1001
    assert said.messages[-1] == (
        "more than 1000 unlisted documents within 3600 seconds; no more are logged"
    )
