"""Trusted documents are taken up anew when the manifests change, whole or not at all."""

import json
import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from graphql import build_schema, parse
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.documents.ids import digest, normalised
from gateway.documents.manifests import TrustedDocument
from gateway.documents.trusted_documents import TrustedDocuments
from gateway.settings.load import SettingsError

SCHEMA = build_schema("type Query { a: Int b: Int }")
A = "query A {\n  a\n}"
B = "query B {\n  b\n}"


def swap(path: Path, documents: Mapping[str, str] | bytes | None) -> None:
    """Put another manifest into the place of a file, at once; None removes it."""
    if documents is None:
        path.unlink()
        return
    content = documents if isinstance(documents, bytes) else json.dumps(documents).encode()
    other = path.with_suffix(".new")
    other.write_bytes(content)
    other.replace(path)


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """A manifest of one document."""
    path = tmp_path / "web.json"
    swap(path, {"a": A})
    return path


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """What the log says of the documents."""
    caplog.set_level(logging.INFO, "gateway.documents.trusted_documents")
    return caplog


def text_of(document: TrustedDocument | None) -> str | None:
    return document.text if document else None


# Finding


def test_a_document_is_found_by_its_id_and_by_the_sha_256_of_its_text(manifest: Path) -> None:
    swap(manifest, {"web~1~a": A, f"sha256:{digest(B)}": B})
    documents = TrustedDocuments(manifest)
    assert len(documents) == 2
    for spelt in ("a", "web~1~a", "app~2~a", digest(A), f"sha256:{digest(A).upper()}"):
        assert text_of(documents.get(spelt)) == A
    assert text_of(documents.get(digest(B))) == B
    assert documents.get("b") is None
    assert documents.get("") is None


def test_a_text_with_two_ids_is_found_by_both(manifest: Path) -> None:
    swap(manifest, {"one": A, "two": A})
    documents = TrustedDocuments(manifest)
    found = [documents.get(spelt) for spelt in ("one", "two", digest(A))]
    assert [document.id for document in found if document] == ["one", "two", "one"]


def test_a_text_is_held_in_any_layout_and_order(manifest: Path) -> None:
    """Apollo's tool sorts operations and fragments; its client sends them as they are written."""
    published = "fragment F on Query {\n  a\n}\n\nquery A {\n  ...F\n}"
    sent = "query A { ...F } fragment F on Query { a }"
    swap(manifest, {"a": published})
    documents = TrustedDocuments(manifest)
    assert text_of(documents.holds(published)) == published
    assert text_of(documents.holds(sent)) == published
    assert text_of(documents.holds(sent)) == published


@pytest.mark.parametrize("text", [B, "query A { a b }", "query A { a", "", "\ud800", "{a" * 10_000])
def test_any_other_text_is_not(manifest: Path, text: str) -> None:
    documents = TrustedDocuments(manifest)
    assert documents.holds(text) is None
    assert documents.holds(text) is None


def test_a_text_that_is_much_longer_than_any_document_is_not_even_parsed(manifest: Path) -> None:
    documents = TrustedDocuments(manifest)
    assert documents.holds(A + " " * 3 * len(A)) is not None
    assert documents.holds(A + " " * 4 * len(A)) is None


def test_a_text_of_other_names_is_not_even_parsed(manifest: Path) -> None:
    """It may be as large as no document may be that is executed."""
    fields = " ".join(f"field{number}" for number in range(4000))
    swap(manifest, {"a": "query A { " + fields + " }"})
    documents, text = TrustedDocuments(manifest), "query A { " + fields + " a }"

    def cpu(use: Callable[[str], object]) -> float:
        started = time.process_time()
        use(text)
        return time.process_time() - started

    assert cpu(documents.holds) < cpu(parse) / 2
    assert documents.holds(text) is None


@settings(deadline=None)
@given(
    ids=st.dictionaries(st.text(min_size=1).map(normalised).filter(bool), st.integers(0, 5)),
    asked=st.text(),
)
@example(ids={"format": 0}, asked="format")
def test_what_is_found_by_an_id_is_what_the_manifest_has_under_it(
    tmp_path_factory: pytest.TempPathFactory, ids: dict[str, int], asked: str
) -> None:
    listed = {key: f"query Q{number} {{ a }}" for key, number in ids.items()} | {digest(A): A}
    path = tmp_path_factory.mktemp("manifests") / "web.json"
    path.write_text(json.dumps(listed))
    documents = TrustedDocuments(path)
    for key, text in listed.items():
        assert text_of(documents.get(key)) == text
        assert text_of(documents.get(digest(text))) == text
        assert text_of(documents.holds(text)) == text
    found = documents.get(asked)
    assert text_of(found) == listed.get(normalised(asked))


def test_the_list_shows_how_long_it_is_and_nothing_else(manifest: Path) -> None:
    assert repr(TrustedDocuments(manifest)) == "TrustedDocuments(1)"


# Files


def test_a_folder_is_the_union_of_its_manifests(tmp_path: Path) -> None:
    swap(tmp_path / "1.json", {"a": A})
    swap(tmp_path / "2.json", {"b": B})
    swap(tmp_path / ".hidden.json", b"not JSON")
    swap(tmp_path / "notes.txt", b"not JSON")
    assert len(TrustedDocuments(tmp_path)) == 2


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda path: path.write_bytes(b"{"), "web.json: is not JSON."),
        (lambda path: path.write_bytes(b"{}"), "web.json: lists no document."),
        (lambda path: path.mkdir(), "web.json: lists no document."),
        (Path.exists, "web.json: cannot be read: No such file or directory."),
        (
            lambda path: [path.mkdir(), (path / "a.json").mkdir()],
            "a.json: cannot be read: Is a directory.",
        ),
        (
            lambda path: path.write_bytes(b" " * (16 * 1024 * 1024 + 1)),
            "web.json: the manifests hold 16777217 bytes; at most 16777216 are taken.",
        ),
    ],
)
def test_manifests_that_cannot_be_used_stop_the_start(
    tmp_path: Path, make: Callable[[Path], object], told: str
) -> None:
    make(tmp_path / "web.json")
    with pytest.raises(SettingsError) as caught:
        TrustedDocuments(tmp_path / "web.json")
    assert str(caught.value) == f"GATEWAY_TRUSTED_DOCUMENTS: {told}"


def test_what_is_no_path_is_told_so() -> None:
    with pytest.raises(SettingsError) as caught:
        TrustedDocuments(Path("\0"))
    assert str(caught.value) == "GATEWAY_TRUSTED_DOCUMENTS: is not the path of a file."


# Fitting the schema


def test_a_document_that_does_not_fit_the_schema_is_listed_and_told_of(
    manifest: Path, said: pytest.LogCaptureFixture
) -> None:
    """Whoever asks for it is told what does not fit; the others are served."""
    swap(manifest, {"a": A, "newer": "query Newer { c }", "x": "{ d }"})
    documents = TrustedDocuments(manifest, schema=SCHEMA)
    assert documents.get("newer") is not None
    assert said.messages == [
        "3 trusted documents",
        "2 trusted documents do not fit the schema: Newer, x",
    ]


def test_documents_that_fit_are_not_told_of(manifest: Path, said: pytest.LogCaptureFixture) -> None:
    TrustedDocuments(manifest, schema=SCHEMA)
    assert said.messages == ["1 trusted documents"]


def test_no_more_than_ten_of_them_are_named(manifest: Path, said: pytest.LogCaptureFixture) -> None:
    swap(manifest, {str(number): f"query N{number} {{ c }}" for number in range(11)})
    TrustedDocuments(manifest, schema=SCHEMA)
    assert said.messages[-1].startswith("11 trusted documents do not fit the schema: N0, N1, N10")
    assert said.messages[-1].endswith("N8, …")
    assert "N9" not in said.messages[-1]


async def test_after_a_change_only_what_is_new_is_told_of(
    manifest: Path, said: pytest.LogCaptureFixture
) -> None:
    swap(manifest, {"old": "query Old { c }"})
    documents = TrustedDocuments(manifest, schema=SCHEMA)
    swap(manifest, {"old": "query Old { c }", "new": "query New { c }"})
    said.clear()
    assert await documents.refresh()
    assert said.messages == [
        "took up changed trusted documents: 2, of which 1 are new; 0 are gone",
        "1 trusted documents do not fit the schema: New",
    ]


# Changes


async def test_a_changed_manifest_is_taken_up(
    manifest: Path, said: pytest.LogCaptureFixture
) -> None:
    documents = TrustedDocuments(manifest)
    assert documents.holds(B) is None
    swap(manifest, {"a": B})
    assert await documents.refresh()
    assert text_of(documents.get("a")) == text_of(documents.holds(B)) == B
    assert documents.holds(A) is None
    assert said.messages[-1] == (
        "took up changed trusted documents: 1, of which 1 are new; 1 are gone"
    )


async def test_a_manifest_that_is_put_into_the_folder_or_taken_out_is_noticed(
    tmp_path: Path,
) -> None:
    swap(tmp_path / "1.json", {"a": A})
    documents = TrustedDocuments(tmp_path)
    swap(tmp_path / "2.json", {"b": B})
    assert await documents.refresh()
    assert len(documents) == 2
    (tmp_path / "1.json").unlink()
    assert await documents.refresh()
    assert documents.get("a") is None


async def test_links_that_are_swapped_are_noticed(tmp_path: Path) -> None:
    """Kubernetes changes a mounted volume by one link."""
    for name, documents_ in (("1", {"a": A}), ("2", {"a": B})):
        (tmp_path / name).mkdir()
        swap(tmp_path / name / "web.json", documents_)
    (tmp_path / "now").symlink_to("1")
    (tmp_path / "mounted").mkdir()
    (tmp_path / "mounted" / "web.json").symlink_to("../now/web.json")
    documents = TrustedDocuments(tmp_path / "mounted")
    (tmp_path / "next").symlink_to("2")
    (tmp_path / "next").replace(tmp_path / "now")
    assert await documents.refresh()
    assert text_of(documents.get("a")) == B


async def test_a_manifest_that_only_looks_changed_changes_nothing(
    manifest: Path, said: pytest.LogCaptureFixture
) -> None:
    documents = TrustedDocuments(manifest)
    swap(manifest, {"a": A})
    said.clear()
    assert not await documents.refresh()
    assert said.messages == []


@pytest.mark.parametrize("broken", [b"{", b"{}", None])
async def test_a_broken_manifest_leaves_the_former_in_use_and_is_told_of_once(
    manifest: Path, said: pytest.LogCaptureFixture, broken: bytes | None
) -> None:
    documents = TrustedDocuments(manifest)
    said.clear()
    swap(manifest, broken)
    assert not await documents.refresh()
    assert not await documents.refresh()
    assert text_of(documents.get("a")) == A
    (line,) = said.messages
    assert line.startswith("the trusted documents are broken, the former stay in use: web.json: ")

    swap(manifest, {"a": A})
    assert not await documents.refresh()
    assert said.messages[1:] == ["the trusted documents are in order again"]
