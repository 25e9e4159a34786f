"""Automatic persisted queries: a client sends a text once, and then its digest instead."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLError
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.documents.ids import digest
from gateway.documents.persisted_queries import PersistedQueries
from gateway.documents.source import DocumentCode, DocumentSource
from gateway.documents.trusted_documents import TrustedDocuments
from gateway.http.refusals import Refusal

LISTED = "query Listed {\n  a\n}"
OTHER_LAYOUT = "query Listed { a }"
OTHER = "query Other { a b }"


@pytest.fixture
def trusted(tmp_path: Path) -> TrustedDocuments:
    """The documents of a manifest."""
    path = tmp_path / "web.json"
    path.write_text(json.dumps({digest(LISTED): LISTED}))
    return TrustedDocuments(path)


def open_source() -> DocumentSource:
    """Return a source without manifests."""
    return DocumentSource(persisted=PersistedQueries())


def by_hash(key: Any, query: str | None = None) -> dict[str, Any]:
    """Return a request as Apollo's clients send it."""
    request = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": key}}}
    return request if query is None else {"query": query, **request}


async def code_of(source: DocumentSource, request: dict[str, Any]) -> str:
    with pytest.raises(GraphQLError) as caught:
        await source.text(request)
    return str((caught.value.extensions or {})["code"])


async def refusal_of(source: DocumentSource, request: dict[str, Any]) -> str:
    with pytest.raises(Refusal) as caught:
        await source.text(request)
    return str(caught.value)


async def test_a_client_sends_a_hash_then_its_text_then_the_hash_for_good() -> None:
    source = open_source()
    key = digest(OTHER)
    with pytest.raises(GraphQLError) as caught:
        await source.text(by_hash(key))
    assert caught.value.message == "PersistedQueryNotFound"
    assert caught.value.extensions == {"code": "PERSISTED_QUERY_NOT_FOUND"}

    sent = await source.text(by_hash(key, OTHER))
    source.learned(sent)
    again = await source.text(by_hash(key.upper()))
    assert (sent.text, again.text) == (OTHER, OTHER)
    assert (sent.new, again.new) == (True, False)


async def test_a_text_is_kept_only_once_it_is_found_valid() -> None:
    source = open_source()
    await source.text(by_hash(digest("{"), "{"))
    assert await code_of(source, by_hash(digest("{"))) == DocumentCode.PERSISTED_QUERY_NOT_FOUND


async def test_a_text_without_a_hash_is_not_kept() -> None:
    source = open_source()
    source.learned(await source.text({"query": OTHER}))
    assert await code_of(source, by_hash(digest(OTHER))) == DocumentCode.PERSISTED_QUERY_NOT_FOUND


@pytest.mark.parametrize("key", [digest(OTHER), digest(LISTED + "\n"), "0" * 64])
async def test_a_text_with_the_hash_of_another_is_refused(key: str) -> None:
    source = open_source()
    code = await code_of(source, by_hash(key, LISTED))
    assert code == DocumentCode.PERSISTED_QUERY_HASH_MISMATCH


async def test_where_they_are_off_a_hash_alone_is_not_supported_and_a_text_is_executed(
    trusted: TrustedDocuments,
) -> None:
    """Apollo's clients then send the text, without asking again."""
    for off in (DocumentSource(), DocumentSource(trusted=trusted)):
        with pytest.raises(GraphQLError) as caught:
            await off.text(by_hash(digest(OTHER)))
        assert caught.value.message == "PersistedQueryNotSupported"
        assert caught.value.extensions == {"code": "PERSISTED_QUERY_NOT_SUPPORTED"}
        requested = await off.text(by_hash(digest(OTHER), OTHER))
        off.learned(requested)
        assert requested.text == OTHER


async def test_what_was_persisted_is_as_listed_or_unlisted_as_its_text(
    trusted: TrustedDocuments,
) -> None:
    log = DocumentSource(trusted=trusted, persisted=PersistedQueries())
    for text in (OTHER, OTHER_LAYOUT):
        log.learned(await log.text(by_hash(digest(text), text)))
    other = await log.text(by_hash(digest(OTHER)))
    listed = await log.text(by_hash(digest(OTHER_LAYOUT)))
    assert (other.text, other.trusted) == (OTHER, None)
    assert (listed.text, listed.trusted) == (OTHER_LAYOUT, trusted.get(digest(LISTED)))


async def test_log_tells_of_a_document_that_a_client_names_by_its_hash(
    trusted: TrustedDocuments, caplog: pytest.LogCaptureFixture
) -> None:
    persisted = PersistedQueries()
    persisted.keep(OTHER)
    log = DocumentSource(trusted=trusted, persisted=persisted)
    caplog.set_level(logging.INFO)
    log.learned(await log.text({**by_hash(digest(OTHER)), "operationName": "Other"}))
    assert caplog.messages == [f"unlisted document {digest(OTHER)}"]


@pytest.mark.parametrize(
    ("extension", "told"),
    [
        ("text", "extensions.persistedQuery must be a JSON object."),
        ([], "extensions.persistedQuery must be a JSON object."),
        ({}, "extensions.persistedQuery.version must be 1."),
        ({"version": 2, "sha256Hash": "0" * 64}, "extensions.persistedQuery.version must be 1."),
        ({"version": "1", "sha256Hash": "0" * 64}, "extensions.persistedQuery.version must be 1."),
        ({"version": True, "sha256Hash": "0" * 64}, "extensions.persistedQuery.version must be 1."),
        ({"version": 1}, "extensions.persistedQuery.sha256Hash must be text."),
        ({"version": 1, "sha256Hash": ""}, "extensions.persistedQuery.sha256Hash must be text."),
        ({"version": 1, "sha256Hash": 0}, "extensions.persistedQuery.sha256Hash must be text."),
        (
            {"version": 1, "sha256Hash": "0" * 63},
            "extensions.persistedQuery.sha256Hash must be 64 hexadecimal digits.",
        ),
        (
            {"version": 1, "sha256Hash": "g" * 64},
            "extensions.persistedQuery.sha256Hash must be 64 hexadecimal digits.",
        ),
    ],
)
@pytest.mark.parametrize("query", [None, OTHER])
async def test_an_extension_that_is_not_understood_is_refused_by_its_member(
    extension: Any, told: str, query: str | None
) -> None:
    request = {"query": query, "extensions": {"persistedQuery": extension}}
    assert await refusal_of(open_source(), request) == told


async def test_what_another_instance_knows_is_kept_once_it_is_found_valid_here() -> None:
    class Recalling(PersistedQueries):
        async def recall(self, key: str) -> str | None:
            return OTHER if key == digest(OTHER) else None

    persisted = Recalling()
    source = DocumentSource(persisted=persisted)
    requested = await source.text(by_hash(digest(OTHER)))
    assert (requested.text, requested.new) == (OTHER, True)
    assert persisted.get(digest(OTHER)) is None
    source.learned(requested)
    assert persisted.get(digest(OTHER)) == OTHER


@settings(deadline=None)
@given(st.lists(st.tuples(st.text(min_size=1), st.booleans()), max_size=20))
async def test_a_hash_is_its_own_text_or_none(sent: list[tuple[str, bool]]) -> None:
    source = open_source()
    for text, valid in sent:
        requested = await source.text(by_hash(digest(text), text))
        if valid:
            source.learned(requested)
    valid_ones = {text for text, valid in sent if valid}
    for text, _ in sent:
        try:
            assert (await source.text(by_hash(digest(text)))).text == text
        except GraphQLError:
            assert text not in valid_ones
