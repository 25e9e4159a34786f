"""Manifests of the client tools are read as they write them, or refused by file and place."""

import json
from contextlib import suppress
from hashlib import md5
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.documents.ids import digest
from gateway.documents.manifests import ManifestError, TrustedDocument, read_manifests

INVOICE = """query InvoiceUsage($no: ID!) {
  invoice(no: $no) {
    ...Parts
  }
}

fragment Parts on Problem {
  title
}"""
CUSTOMER = "query CustomerUsage { customer { __typename } }"
SECRET = "s3cret"  # noqa: S105 - what must not be repeated


def apollo(*texts: str, **changes: Any) -> dict[str, Any]:
    """Return what @apollo/generate-persisted-query-manifest writes."""
    operations = [
        {"id": digest(text), "name": "Any", "type": "query", "body": text} for text in texts
    ]
    return {
        "format": "apollo-persisted-query-manifest",
        "version": 1,
        "operations": operations,
    } | changes


def read(manifest: Any, name: str = "web.json") -> list[TrustedDocument]:
    return read_manifests([(name, json.dumps(manifest).encode())])


def refusal(content: bytes) -> str:
    with pytest.raises(ManifestError) as caught:
        read_manifests([("web.json", content)])
    return str(caught.value)


MANIFESTS = {
    "apollo": apollo(INVOICE, CUSTOMER),
    "relay, SHA-256": {digest(text + "\n"): text + "\n" for text in (INVOICE, CUSTOMER)},
    "relay, MD5": {
        md5(text.encode(), usedforsecurity=False).hexdigest(): text + "\n"
        for text in (INVOICE, CUSTOMER)
    },
    "codegen": {f"sha256:{digest(text)}": text for text in (INVOICE, CUSTOMER)},
    "hive": {digest(text): text for text in (INVOICE, CUSTOMER)},
    "ids of one's own": {"invoice": INVOICE, "customer": CUSTOMER},
}


@pytest.mark.parametrize("manifest", MANIFESTS.values(), ids=MANIFESTS)
def test_the_manifest_of_a_tool_is_read(manifest: dict[str, Any]) -> None:
    documents = read(manifest)
    assert [document.name for document in documents] == ["InvoiceUsage", "CustomerUsage"]
    assert [document.text.rstrip("\n") for document in documents] == [INVOICE, CUSTOMER]


def test_ids_are_kept_in_the_form_in_which_they_are_compared() -> None:
    (codegen,) = read({f"sha256:{digest(CUSTOMER)}": CUSTOMER})
    (hive,) = read({f"web~1.0~{digest(CUSTOMER).upper()}": CUSTOMER})
    assert codegen == hive
    assert codegen.id == digest(CUSTOMER)


def test_an_operation_need_not_have_a_name() -> None:
    (document,) = read({"a": "{ customer { __typename } }"})
    assert document.name is None


def test_a_document_shows_its_id_and_name_and_not_its_text() -> None:
    (document,) = read({"a": f'query Q {{ a(x: "{SECRET}") }}'})
    assert repr(document) == "TrustedDocument(id='a', name='Q')"


def test_several_manifests_are_one_list_with_each_id_once() -> None:
    files = [
        ("1.json", json.dumps({"a": INVOICE}).encode()),
        ("2.json", json.dumps(apollo()).encode()),
        ("3.json", json.dumps({"a": INVOICE, "b": CUSTOMER}).encode()),
    ]
    assert [document.id for document in read_manifests(files)] == ["a", "b"]


def test_an_id_of_two_texts_is_refused_by_the_names_of_both_files() -> None:
    files = [
        ("1.json", json.dumps({"a": INVOICE}).encode()),
        ("2.json", json.dumps({"b": INVOICE, "a": CUSTOMER}).encode()),
    ]
    with pytest.raises(ManifestError) as caught:
        read_manifests(files)
    assert str(caught.value) == "2.json: document 2: has the id of another text in 1.json."


def test_an_id_that_one_file_has_twice_is_not_overlooked() -> None:
    content = json.dumps({"a": INVOICE})[:-1] + ", " + json.dumps({"a": CUSTOMER})[1:]
    assert refusal(content.encode()) == (
        "web.json: document 2: has the id of another text in web.json."
    )


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is not JSON."),
        (b"\xff\xfe\xfa", "is not JSON."),
        (b'{"a": ', "is not JSON."),
        (b"[" * 100_000, "is not JSON."),
        (b"[]", "is not a JSON object."),
        (b"null", "is not a JSON object."),
        (
            json.dumps(apollo(version=2)).encode(),
            "is of another format than apollo-persisted-query-manifest, version 1.",
        ),
        (
            json.dumps(apollo(format="other")).encode(),
            "is of another format than apollo-persisted-query-manifest, version 1.",
        ),
        (json.dumps(apollo(operations={})).encode(), "has no list of operations."),
        (json.dumps(apollo(operations=["a"])).encode(), "document 1: is not an id with a text."),
        (
            json.dumps(apollo(operations=[{"id": "a"}])).encode(),
            "document 1: is not an id with a text.",
        ),
        (
            json.dumps(apollo(operations=[{"body": INVOICE}])).encode(),
            "document 1: is not an id with a text.",
        ),
        (
            json.dumps({"a": INVOICE, "b": {"query": SECRET}}).encode(),
            "document 2: is not an id with a text.",
        ),
        (json.dumps({"": INVOICE}).encode(), "document 1: has an empty id."),
        (
            json.dumps({digest(SECRET): INVOICE}).encode(),
            "document 1: its id is not the SHA-256 of its text.",
        ),
        (
            json.dumps({f"sha256:{digest(SECRET)}": INVOICE}).encode(),
            "document 1: its id is not the SHA-256 of its text.",
        ),
        (json.dumps({"a": f"{{ {SECRET}"}).encode(), "document 1: is not GraphQL."),
        (json.dumps({"a": "\ud800"}).encode(), "document 1: is not GraphQL."),
        (json.dumps({"a": "{a" * 10_000}).encode(), "document 1: is not GraphQL."),
        (
            json.dumps({"a": f"fragment {SECRET} on T {{ a }}"}).encode(),
            "document 1: is not exactly one query.",
        ),
        (
            json.dumps({"a": "query A { a } query B { b }"}).encode(),
            "document 1: is not exactly one query.",
        ),
        (json.dumps({"a": "mutation { a }"}).encode(), "document 1: is not exactly one query."),
        (json.dumps({"a": "subscription { a }"}).encode(), "document 1: is not exactly one query."),
    ],
)
def test_what_does_not_fit_is_told_by_file_and_place_and_never_quoted(
    content: bytes, told: str
) -> None:
    assert refusal(content) == f"web.json: {told}"
    assert SECRET not in refusal(content)


@settings(deadline=None)
@given(st.binary() | st.recursive(st.none() | st.text(), st.lists).map(json.dumps).map(str.encode))
def test_nothing_but_a_manifest_error_comes_of_anything(content: bytes) -> None:
    with suppress(ManifestError):
        read_manifests([("web.json", content)])
