"""Validation does bounded work and tells a bounded number of errors."""

import pytest
from graphql import NoDeprecatedCustomRule, NoUnusedVariablesRule, parse

from gateway.limits.validation import find_errors
from gateway.limits.violations import LimitExceeded
from schema.subgraph import build_schema

SCHEMA = build_schema()._schema


def test_a_valid_document_has_no_errors() -> None:
    document = parse('{ owner(ownerNo: "1") { ...A ...A } } fragment A on Owner { ownerNo }')

    assert find_errors(SCHEMA, document) == []


def test_errors_beyond_the_most_are_not_told_but_that_they_are_is() -> None:
    document = parse("{" + " ".join(f"unknown{n}" for n in range(9)) + "}")

    errors = find_errors(SCHEMA, document, most=3)

    assert [error.message for error in errors[:3]] == [
        f"Cannot query field 'unknown{n}' on type 'Query'." for n in range(3)
    ]
    assert (
        errors[3].message
        == "The document has more errors; 3 are told (GATEWAY_MAX_VALIDATION_ERRORS)."
    )
    assert errors[3].extensions == {
        "code": "GRAPHQL_VALIDATION_FAILED",
        "limit": {"GATEWAY_MAX_VALIDATION_ERRORS": 3},
        "measured": 4,
    }
    assert len(errors) == 4


@pytest.mark.parametrize(
    "text",
    [
        "{" + 'owner(ownerNo:"1"){ownerNo}' * 100 + "}",
        "{" + "".join(f'owner(ownerNo:"{n}"){{ownerNo}}' for n in range(100)) + "}",
        "{...F0"
        + "".join(f" ...F{n}" for n in range(150))
        + "}"
        + "".join(f"fragment F{n} on Query{{__typename}}" for n in range(150)),
    ],
    ids=["same", "conflicting", "fragments"],
)
def test_repeated_fields_are_compared_so_often_and_no_more(text: str) -> None:
    """To compare each with each is quadratic."""
    errors = find_errors(SCHEMA, parse(text), comparisons=5000, most=100)

    # It points at the selections that are compared.
    assert errors[-1].locations == [(1, 1)]
    assert isinstance(errors[-1], LimitExceeded)
    assert errors[-1].message == (
        "The document repeats fields so often that it takes 5001 comparisons or more to find out "
        "whether they can be merged; at most 5000 may be (GATEWAY_MAX_COMPARISONS, which "
        "cannot be set)."
    )


def test_fragments_are_followed_from_each_operation_so_often_and_no_more() -> None:
    """Which variables an operation uses depends on all fragments that it reaches."""
    fragments = "".join(f"fragment F{n} on Query {{ ...F{n + 1} }}" for n in range(199))
    operations = "".join(f"query Q{n} {{ ...F{n} ...F0 }}" for n in range(199))
    text = f"{operations} {fragments} fragment F199 on Query {{ __typename }}"

    errors = find_errors(SCHEMA, parse(text), rules=[NoUnusedVariablesRule])

    assert isinstance(errors[-1], LimitExceeded)
    assert errors[-1].extensions
    assert errors[-1].extensions["limit"] == {"MAX_FRAGMENT_WORK": 50_000}
    # It points at the first of the definitions.
    assert errors[-1].locations == [(1, 1)]


USAGE = """
query ($f: UsageRecordFilter = {usageTypes: @}, $n: ID!) {
  owner(ownerNo: @) {
    invoices(invoiceNos: ["1", @]) { __typename }
    customers(customerNos: {a: @}) { __typename }
    invoice(invoiceNo: $n) { ... on Invoice {
      subscriptions(first: @) { __typename }
      subscription(subscriptionNo: @) { ... on UsageSubscription {
        usageTotals(filter: $f) { __typename }
        usageRecords(
          filter: {destinations: ["a", @], currencyCode: @}, orderBy: {field: @}, after: @
        ) { __typename @skip(if: @) }
      } }
    } }
  }
}
"""


@pytest.mark.parametrize("value", ["[[]]", "[{}]", "{a: 1}", "{a: [1, 2]}"])
def test_the_error_of_a_value_is_at_the_value(value: str) -> None:
    """Lists and objects where scalars stand: graphql-core itself gives them no place."""
    text = USAGE.replace("@skip", "*skip").replace("@", value).replace("*skip", "@skip")
    errors = find_errors(SCHEMA, parse(text), most=100)

    assert len(errors) >= text.count(value)
    lines = text.splitlines()
    for error in errors:
        assert error.locations
        ((line, column),) = error.locations
        assert lines[line - 1][column - 1 :].startswith(("[", "{"))


def test_a_number_of_too_many_digits_is_refused_in_words_of_our_own() -> None:
    text = """{ owner(ownerNo: "1") { invoice(invoiceNo: "1") { ... on Invoice {
      subscriptions(first: %s) { __typename }
    } } } }""" % ("9" * 5000)

    (error,) = find_errors(SCHEMA, parse(text))

    assert error.message == "An Int is an integer of at most 32 bits."
    assert error.locations == [(2, 28)]


def test_suggestions_are_told_only_to_whom_may_see_the_schema() -> None:
    document = parse('{ ownr(ownerNo: "1") { ownerNo } }')

    (told,) = find_errors(SCHEMA, document)
    (hidden,) = find_errors(SCHEMA, document, hide_suggestions=True)

    assert "Did you mean 'owner'" in told.message
    assert "Did you mean" not in hidden.message


def test_other_rules_may_be_asked() -> None:
    document = parse("{ unknown }")

    assert find_errors(SCHEMA, document, rules=[NoDeprecatedCustomRule]) == []
