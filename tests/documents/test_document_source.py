"""A request becomes a text by one of three ways, and what is not allowed is refused with a code."""

import asyncio
import json
import logging
import shutil
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLError, build_schema
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.documents.ids import digest
from gateway.documents.persisted_queries import PersistedQueries
from gateway.documents.source import STEPS, DocumentCode, DocumentSource, Requested, document_source
from gateway.documents.trusted_documents import TrustedDocuments
from gateway.http.refusals import Refusal
from gateway.settings.documents import DocumentSettings, TrustedDocumentsMode
from gateway.settings.load import SettingsError

SCHEMA = build_schema("type Query { a: Int b: Int }")
LISTED = "query Listed {\n  a\n}"
OTHER_LAYOUT = "query Listed { a }"
CUSTOM = "query Custom { b }"
OTHER = "query Other { a b }"
MANIFEST = {digest(LISTED): LISTED, "custom": CUSTOM, "nameless": "{ b }"}

Open = Callable[..., DocumentSource]


@pytest.fixture
def source(tmp_path: Path) -> Open:
    """Makes a source with the listed documents."""
    path = tmp_path / "web.json"
    path.write_text(json.dumps(MANIFEST))

    def make(mode: TrustedDocumentsMode = "log") -> DocumentSource:
        return DocumentSource(
            trusted=TrustedDocuments(path),
            mode=mode,
            persisted=PersistedQueries(),
        )

    return make


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
    assert not {LISTED, CUSTOM, OTHER} & {caught.value.message}
    return str((caught.value.extensions or {})["code"])


async def refusal_of(source: DocumentSource, request: dict[str, Any]) -> str:
    with pytest.raises(Refusal) as caught:
        await source.text(request)
    assert caught.value.status is HTTPStatus.BAD_REQUEST
    return str(caught.value)


# Texts


async def test_a_text_is_itself() -> None:
    assert await open_source().text({"query": OTHER}) == Requested(OTHER)


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"query": ""},
        {"query": None, "documentId": "", "extensions": None},
        {"extensions": {"persistedQuery": None}},
        {"extensions": {"other": 1}},
    ],
)
async def test_a_request_that_names_no_document_is_refused(request_: dict[str, Any]) -> None:
    """GET forms leave members empty where there are none."""
    assert await refusal_of(open_source(), request_) == "The request has no query."


async def test_an_ill_formed_request_has_the_status_that_the_profile_says() -> None:
    source = DocumentSource(ill_formed=HTTPStatus.UNPROCESSABLE_ENTITY)
    with pytest.raises(Refusal) as caught:
        await source.text({})
    assert caught.value.status is HTTPStatus.UNPROCESSABLE_ENTITY


# Ids


@pytest.mark.parametrize(
    ("spelt", "text"),
    [
        (digest(LISTED), LISTED),
        (f"sha256:{digest(LISTED)}", LISTED),
        (f"web~1.2.0~{digest(LISTED)}", LISTED),
        ("custom", CUSTOM),
        (f"sha256:{digest(CUSTOM)}", CUSTOM),
    ],
)
@pytest.mark.parametrize("mode", ["log", "allow", "ids"])
async def test_the_id_of_a_listed_document_is_its_text_in_every_mode(
    source: Open, mode: TrustedDocumentsMode, spelt: str, text: str
) -> None:
    requested = await source(mode).text({"documentId": spelt, "query": ""})
    assert requested.text == text
    assert requested.trusted is not None
    same = await source(mode).text(by_hash(spelt))
    assert same == requested


@pytest.mark.parametrize("mode", ["log", "allow", "ids"])
async def test_an_id_that_no_manifest_has_is_one_error(
    source: Open, mode: TrustedDocumentsMode
) -> None:
    for spelt in ("x", "sha256:x", digest(OTHER), "a" * 100_000, "\ud800"):
        code = await code_of(source(mode), {"documentId": spelt})
        assert code == DocumentCode.PERSISTED_QUERY_NOT_IN_LIST


async def test_without_manifests_no_id_is_known() -> None:
    with pytest.raises(GraphQLError, match="GATEWAY_TRUSTED_DOCUMENTS") as caught:
        await open_source().text({"documentId": digest(LISTED)})
    assert caught.value.extensions == {"code": "PERSISTED_QUERY_NOT_IN_LIST"}


@pytest.mark.parametrize("other", [{"query": LISTED}, by_hash(digest(LISTED))])
async def test_an_id_beside_another_document_is_refused(
    source: Open, other: dict[str, Any]
) -> None:
    told = await refusal_of(source(), {"documentId": digest(LISTED), **other})
    assert told == "The request has a documentId and another document: send one."


# The ladder


async def test_without_manifests_nothing_is_unlisted(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    source = open_source()
    source.learned(await source.text({"query": OTHER}))
    assert caplog.messages == []


async def test_log_executes_others_and_tells_of_them_once_they_are_found_valid(
    source: Open, caplog: pytest.LogCaptureFixture
) -> None:
    log = source("log")
    caplog.set_level(logging.INFO)
    requested = await log.text({"query": OTHER, "operationName": "Other"})
    assert requested.text == OTHER
    assert caplog.messages == []
    for _ in range(2):
        log.learned(requested)
    assert caplog.messages == [f"unlisted document {digest(OTHER)}"]


@pytest.mark.parametrize(
    "request_", [{"query": LISTED}, {"query": OTHER_LAYOUT}, {"documentId": "custom"}]
)
async def test_log_does_not_tell_of_what_is_listed_in_any_layout(
    source: Open, caplog: pytest.LogCaptureFixture, request_: dict[str, Any]
) -> None:
    log = source("log")
    caplog.set_level(logging.INFO)
    log.learned(await log.text(request_))
    assert caplog.messages == []


@pytest.mark.parametrize("request_", [{"query": LISTED}, by_hash(digest(LISTED), LISTED)])
async def test_allow_executes_what_is_listed_as_a_text_too(
    source: Open, request_: dict[str, Any]
) -> None:
    requested = await source("allow").text(request_)
    assert requested.text == LISTED
    assert requested.trusted is not None
    in_other_layout = await source("allow").text({"query": OTHER_LAYOUT})
    assert in_other_layout.trusted == requested.trusted


@pytest.mark.parametrize("text", [OTHER, "{", "query { __schema { description } }", "{ a }"])
async def test_allow_refuses_every_other_text(source: Open, text: str) -> None:
    code = await code_of(source("allow"), {"query": text})
    assert code == DocumentCode.QUERY_NOT_IN_SAFELIST
    code = await code_of(source("allow"), by_hash(digest(text), text))
    assert code == DocumentCode.QUERY_NOT_IN_SAFELIST


@pytest.mark.parametrize("text", [LISTED, OTHER, "{"])
async def test_ids_refuses_every_text_even_a_listed_one(source: Open, text: str) -> None:
    for request in ({"query": text}, by_hash(digest(text), text)):
        assert await code_of(source("ids"), request) == DocumentCode.PERSISTED_QUERY_ID_REQUIRED


@pytest.mark.parametrize("mode", ["allow", "ids"])
async def test_where_others_are_refused_no_client_can_add_a_document(
    source: Open, mode: TrustedDocumentsMode
) -> None:
    """A hash that is not listed is told so at once: to send the text would be of no use."""
    closed = source(mode)
    closed.learned(Requested(OTHER, new=True))
    assert await code_of(closed, by_hash(digest(OTHER))) == DocumentCode.PERSISTED_QUERY_NOT_IN_LIST


@pytest.mark.parametrize(("mode", "kept"), [("allow", 0), ("log", 1)])
async def test_where_others_are_refused_nothing_is_kept_of_what_clients_send(
    tmp_path: Path, mode: TrustedDocumentsMode, kept: int
) -> None:
    """What is listed is found by its hash in any case, and takes no memory a second time."""
    path = tmp_path / "web.json"
    path.write_text(json.dumps(MANIFEST))
    persisted = PersistedQueries()
    source = DocumentSource(trusted=TrustedDocuments(path), mode=mode, persisted=persisted)
    source.learned(await source.text(by_hash(digest(LISTED), LISTED)))

    assert len(persisted) == kept


@settings(deadline=None)
@given(
    mode=st.sampled_from(["allow", "ids"]),
    query=st.none() | st.text() | st.sampled_from([LISTED, OTHER_LAYOUT, OTHER]),
    document_id=st.none() | st.text() | st.sampled_from([*MANIFEST, digest(OTHER)]),
    extensions=st.none()
    | st.dictionaries(st.just("persistedQuery"), st.none() | st.dictionaries(st.text(), st.text()))
    | st.sampled_from([digest(LISTED), digest(OTHER), "custom"]).map(
        lambda key: by_hash(key)["extensions"]
    ),
)
async def test_whatever_is_asked_nothing_unlisted_comes_out_of_a_closed_gateway(
    tmp_path_factory: pytest.TempPathFactory,
    mode: TrustedDocumentsMode,
    query: str | None,
    document_id: str | None,
    extensions: dict[str, Any] | None,
) -> None:
    path = tmp_path_factory.mktemp("manifests") / "web.json"
    path.write_text(json.dumps(MANIFEST))
    closed = DocumentSource(trusted=TrustedDocuments(path), mode=mode, persisted=PersistedQueries())
    shutil.rmtree(path.parent)
    request = {"query": query, "documentId": document_id, "extensions": extensions}
    try:
        requested = await closed.text(request)
    except (GraphQLError, Refusal):
        return
    assert requested.text in {*MANIFEST.values(), OTHER_LAYOUT}
    assert requested.trusted is not None


# Names


async def test_a_name_for_metrics_comes_from_the_manifest_and_never_from_a_client(
    source: Open,
) -> None:
    log = source("log")
    listed = await log.text({"documentId": "custom", "operationName": "MadeUp"})
    other = await log.text({"query": OTHER, "operationName": "Other"})
    nameless = await log.text({"documentId": "nameless"})
    names = [requested.name for requested in (listed, other, nameless)]
    assert names == ["Custom", "anonymous", "anonymous"]


async def test_what_a_client_sent_is_not_shown(source: Open) -> None:
    requested = await source().text({"query": OTHER, "operationName": "secret"})
    assert repr(requested) == "Requested(trusted=None, new=False)"


def test_the_steps_of_the_protocol_are_the_two_upon_which_a_client_sends_the_text() -> None:
    assert {str(code) for code in STEPS} == {
        "PERSISTED_QUERY_NOT_FOUND",
        "PERSISTED_QUERY_NOT_SUPPORTED",
    }


# From the settings


async def test_settings_say_where_documents_come_from(tmp_path: Path) -> None:
    path = tmp_path / "web.json"
    path.write_text(json.dumps(MANIFEST))
    settings = DocumentSettings(trusted_documents=str(path), trusted_documents_mode="ids")
    source = document_source(settings, schema=SCHEMA, shared=None)
    async with source.opened():
        assert (await source.text({"documentId": "custom"})).text == CUSTOM
        assert await code_of(source, {"query": LISTED}) == DocumentCode.PERSISTED_QUERY_ID_REQUIRED


async def test_by_default_only_clients_persist_documents() -> None:
    source = document_source(DocumentSettings(), schema=SCHEMA, shared=None)
    async with source.opened():
        source.learned(await source.text(by_hash(digest(OTHER), OTHER)))
        assert (await source.text(by_hash(digest(OTHER)))).text == OTHER


async def test_persisted_queries_can_be_switched_off() -> None:
    settings = DocumentSettings(persisted_queries=False)
    source = document_source(settings, schema=SCHEMA, shared=None)
    async with source.opened():
        code = await code_of(source, by_hash(digest(OTHER)))
    assert code == DocumentCode.PERSISTED_QUERY_NOT_SUPPORTED


async def test_the_manifests_are_watched_for_as_long_as_the_source_is_open(tmp_path: Path) -> None:
    class Watched(TrustedDocuments):
        state = "not watched"

        async def watch(self, sleep: object = None) -> None:  # noqa: ARG002 - as it is declared
            self.state = "watched"
            try:
                await asyncio.Event().wait()
            finally:
                self.state = "left"

    path = tmp_path / "web.json"
    path.write_text(json.dumps(MANIFEST))
    trusted = Watched(path)
    async with DocumentSource(trusted=trusted).opened():
        await asyncio.sleep(0)
        assert trusted.state == "watched"
    assert trusted.state == "left"


def test_a_manifest_that_cannot_be_used_stops_the_start(tmp_path: Path) -> None:
    settings = DocumentSettings(trusted_documents=str(tmp_path / "none.json"))
    with pytest.raises(SettingsError, match=r"^GATEWAY_TRUSTED_DOCUMENTS: none\.json: cannot be"):
        document_source(settings, schema=SCHEMA, shared=None)
