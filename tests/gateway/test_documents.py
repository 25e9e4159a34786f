"""Documents are read once, kept within bounds, and tell no more of the schema than they may."""

import pytest
from graphql import GraphQLError, build_schema

from gateway.documents.documents import Documents, NotExecutedError, asks_for_the_schema_only
from gateway.limit_settings import LimitSettings

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


def documents(capacity: int = 10_000) -> Documents:
    return Documents(SCHEMA, LimitSettings(), capacity)


def messages(text: str, *, introspection: bool) -> list[str]:
    """Return why a text is not valid."""
    return [error.message for error in documents().read(text, introspection=introspection).errors]


def test_the_same_text_is_read_once() -> None:
    kept = documents()

    assert kept.read("{ name }", introspection=True) is kept.read("{ name }", introspection=True)


def test_what_is_kept_for_who_may_see_the_schema_is_not_given_to_who_may_not() -> None:
    kept = documents()

    assert not kept.read("{ __schema { description } }", introspection=True).errors
    assert kept.read("{ __schema { description } }", introspection=False).errors


def test_what_was_not_asked_for_longest_makes_room() -> None:
    kept = documents(capacity=1024)
    first = kept.read("{ name }", introspection=True)
    for text in ("{ a: name }", "{ b: name }"):
        kept.read(text, introspection=True)

    assert kept.read("{ b: name }", introspection=True) is kept.read(
        "{ b: name }", introspection=True
    )
    assert kept.read("{ name }", introspection=True) is not first


@pytest.mark.parametrize("text", ["{ name }".ljust(1025), "{ nothing }"])
def test_a_document_beyond_all_bounds_and_an_invalid_one_are_not_kept(text: str) -> None:
    kept = documents(capacity=1024)

    assert kept.read(text, introspection=True) is not kept.read(text, introspection=True)


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
