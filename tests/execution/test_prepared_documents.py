"""Documents are read once, kept within bounds, and tell no more of the schema than they may."""

import gc
import tracemalloc

import pytest
from graphql import GraphQLError, build_schema

from gateway.execution.executable import asks_for_the_schema_only
from gateway.execution.prepared_documents import Document, Documents, NotExecutedError
from gateway.settings.limits import LimitSettings
from schema.subgraph import build_schema as build_subgraph
from schema.subgraph import executable

SCHEMA = build_schema(
    """
    type Query {
      name: String
      old(given: Int @deprecated(reason: "Removed after 2027-03-01.")): String
        @deprecated(reason: "Removed after 2027-03-01: use name.")
      _service: String
    }
    """
)


def documents(capacity: int = 1_000_000) -> Documents:
    return Documents(SCHEMA, LimitSettings(), capacity)


def messages(text: str, *, introspection: bool) -> list[str]:
    """Return why a text is not valid."""
    return [error.message for error in documents().read(text, introspection=introspection).errors]


def test_the_same_text_is_read_once() -> None:
    kept = documents()

    assert kept.read("{ name }", introspection=True) is kept.read("{ name }", introspection=True)


@pytest.mark.parametrize("order", [(True, False), (False, True)])
def test_what_is_kept_for_who_may_see_the_schema_is_not_given_to_who_may_not(
    order: tuple[bool, bool],
) -> None:
    """Nor the other way around."""
    kept = documents()

    for may in order:
        errors = kept.read("{ __schema { description } }", introspection=may).errors
        assert bool(errors) is not may


def executed(kept: Documents, text: str, place: int = 0) -> Document:
    """Return a document of which an operation was asked for."""
    document = kept.read(text, introspection=True)
    kept.weigh(document, kept.executable(document, place))
    return document


def test_what_was_not_asked_for_longest_makes_room() -> None:
    size = executed(documents(), "{ a: name }").bytes
    # Eight of them fill it.
    kept = documents(capacity=8 * size)
    texts = [f"{{ {name}: name }}" for name in "abcdefghi"]
    first, *_, last = [executed(kept, text) for text in texts]

    assert kept.read(texts[-1], introspection=True) is last
    assert kept.read(texts[0], introspection=True) is not first


def test_what_would_take_more_than_an_eighth_is_not_kept() -> None:
    kept = documents(capacity=8 * executed(documents(), "{ name }").bytes)

    assert executed(kept, "{ name }") is executed(kept, "{ name }")
    assert executed(kept, "{ a: name }") is not executed(kept, "{ a: name }")


def test_an_invalid_document_is_kept_too_and_weighed_with_what_it_is_told() -> None:
    """A page that was built for another schema sends it again and again."""
    kept, long = documents(), "n" * 1000
    first = kept.read(f"{{ {long} }}", introspection=True)

    assert kept.read(f"{{ {long} }}", introspection=True) is first
    assert first.bytes > kept.read(f"{{ __typename #{long}\n}}", introspection=True).bytes


def test_an_operation_is_worked_out_when_it_is_asked_for_and_once() -> None:
    """A document may hold many that share large fragments."""
    kept = documents()
    document = kept.read("query A { name } query B { name }", introspection=True)

    ready = kept.executable(document, 1)

    assert ready.name == "B"
    assert kept.executable(document, 1) is ready
    assert list(document.executables) == [1]


def test_what_is_worked_out_of_an_operation_counts_for_its_document() -> None:
    kept = documents()
    document = kept.read("query A { name } query B { name }", introspection=True)
    read = kept.bytes

    for place in (0, 1, 0):
        executed(kept, document.key[0], place)

    ready = document.executables.values()
    assert kept.bytes == document.bytes == read + sum(each.bytes for each in ready)


def test_what_is_no_graphql_cannot_be_read() -> None:
    with pytest.raises(NotExecutedError) as refused:
        documents().read("{", introspection=True)

    (error,) = refused.value.errors
    assert isinstance(error, GraphQLError)


@pytest.mark.parametrize(
    "text",
    [
        "{ __schema { description } }",
        '{ __type(name: "Query") { name } }',
        "{ _service }",
        "{ a: __schema { description } }",
        "query { ...F } fragment F on Query { __schema { description } }",
        "{ ... { __schema { description } } }",
    ],
)
def test_who_may_not_see_the_schema_cannot_ask_for_it(text: str) -> None:
    (error,) = documents().read(text, introspection=False).errors

    assert error.message == "Introspection is not open to this caller (GATEWAY_INTROSPECTION)."
    assert error.extensions == {"code": "INTROSPECTION_DISABLED"}
    assert not documents().read(text, introspection=True).errors


def test_the_name_of_a_type_is_no_secret() -> None:
    """Unions cannot be read without it."""
    assert messages("{ __typename }", introspection=False) == []


def test_suggestions_are_for_who_may_see_the_schema() -> None:
    assert messages("{ nam }", introspection=True) == [
        "Cannot query field 'nam' on type 'Query'. Did you mean 'name'?"
    ]
    assert messages("{ nam }", introspection=False) == ["Cannot query field 'nam' on type 'Query'."]


def test_errors_of_one_document_are_bounded() -> None:
    text = "{" + " ".join(f"f{number}" for number in range(20)) + "}"

    assert messages(text, introspection=True)[5:] == [
        "The document has more errors; 5 are told (GATEWAY_MAX_VALIDATION_ERRORS)."
    ]


def test_what_is_deprecated_is_warned_of() -> None:
    warnings = documents().read("{ name old(given: 1) }", introspection=True).warnings

    assert [warning["type"] for warning in warnings] == ["DEPRECATION", "DEPRECATION"]
    assert {warning["message"] for warning in warnings} == {
        "The field Query.old is deprecated. Removed after 2027-03-01: use name.",
        "The argument 'Query.old(given:)' is deprecated. Removed after 2027-03-01.",
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{ __schema { description } }", True),
        ("{ __typename a: __schema { description } }", True),
        ('{ __type(name: "Query") { name } }', True),
        ("query ($n: String!) { __type(name: $n) { name } }", False),
        ("{ __schema { description } name }", False),
        ("{ ...F } fragment F on Query { __schema { description } }", False),
    ],
)
def test_an_answer_never_changes_if_it_is_the_schemas_alone(text: str, expected: bool) -> None:
    (operation,) = documents().read(text, introspection=True).operations

    assert asks_for_the_schema_only(operation) is expected


def test_an_answer_about_the_schema_counts_for_its_document() -> None:
    kept = documents()
    document = executed(kept, "{ __schema { types { name } } }")
    before = kept.bytes

    document.executables[0].keep({"__schema": {"types": [{"name": "a"}] * 100}})
    kept.weigh(document, document.executables[0])

    assert kept.bytes - before >= 100 * 200


SUBGRAPH = executable(build_subgraph())
SHAPES = {
    "fields": "{ owner(ownerNo: 1) {" + " ownerNo" * 90 + "} }",
    "literals": "{ owner(ownerNo: 1) { invoices(invoiceNos: ["
    + "1 " * 900 + "]) { __typename } } }",
    "variables": "query (" + " ".join(f"$a{n}: ID! = 1" for n in range(49)) + ") {"
    + " ".join(f"a{n}: owner(ownerNo: $a{n}) {{ ownerNo }}" for n in range(49)) + "}",
    "fragments": "{ ...F0 }"
    + "".join(f"fragment F{n} on Query {{ ...F{n + 1} }}" for n in range(150))
    + "fragment F150 on Query { __typename }",
    "text": "{ __typename # " + "\U0001f600" * 40_000 + "\n}",
    "written out": '{ owner(ownerNo: "1") {'
    + " ".join(f"a{n}: invoice(invoiceNo: 1) {{ ...F }}" for n in range(90))
    + "} } fragment F on Invoice { subscriptions { ... on UsageSubscriptionConnection {"
    " nodes { subscriptionNo usageRecords { __typename } } } } }",
}  # fmt: skip


@pytest.mark.no_cover  # tracing takes memory as well
@pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES)
def test_a_document_takes_what_it_is_weighed_by(text: str) -> None:
    kept = Documents(SUBGRAPH, LimitSettings(), 1_000_000_000)
    # What the first document of all needs once is no document's.
    kept.executable(kept.read(text + " ", introspection=True), 0)
    tracemalloc.start()
    try:
        document = executed(kept, text)
        gc.collect()
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    # What traces the tests takes some of it.
    assert document.bytes / 3 < taken < document.bytes * 1.5


def test_of_several_operations_of_which_none_is_named_two_are_pointed_at() -> None:
    text = " ".join(f"query Q{number} {{ name }}" for number in range(40))

    with pytest.raises(NotExecutedError) as refused:
        documents().read(text, introspection=True).place(None)

    (error,) = refused.value.errors
    assert error.locations == [(1, 1), (1, 19)]


@pytest.mark.parametrize("name", [None, "Q"])
def test_a_document_without_operations_is_pointed_at_where_its_definitions_begin(
    name: str | None,
) -> None:
    text = "# A comment.\n\n  fragment A on Query { name } fragment B on Query { name }"

    with pytest.raises(NotExecutedError) as refused:
        documents().read(text, introspection=True).place(name)

    (error,) = refused.value.errors
    assert error.message == "The document has no operation."
    assert error.locations == [(3, 3)]
