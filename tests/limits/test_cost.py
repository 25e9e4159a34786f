"""What an operation costs before it is executed, and what its answer held."""

from typing import Any

import pytest
from graphql import OperationDefinitionNode, build_schema, parse

from gateway.limits.cost_model import CostModel
from gateway.limits.prices import Field, Selection, Size
from gateway.limits.violations import LARGEST, LimitExceeded
from gateway.limits.written_json import Written
from gateway.settings.limits import LimitSettings
from tests.limits.priced import read


@pytest.mark.parametrize(
    ("text", "cost", "nodes"),
    [
        ("{ __typename }", 0, 0),
        ("{ plain { name } }", 1, 0),
        ("{ plain { name tag { text } } a: plain { name } }", 3, 0),
        ("{ unsized { name } }", 10, 0),
        # A field's weight is added to it, and to each element of a list.
        ("{ page { __typename } }", 11, 0),
        ('{ kinds(numbers: ["1", "2"]) { __typename } }', 22, 2),
        ('{ kinds(numbers: "1") { __typename } }', 11, 1),
        # The page has the size that the field above states.
        ("{ page(first: 7) { ... on Page { nodes { name } } } }", 18, 7),
        ("{ page(first: 7) { ... on Page { nodes { tag { text } } edges { __typename } } } }",
         32, 14),
        ("{ page { ... on Page { edges { node { name } } } } }", 21, 5),
        ("{ page(first: null) { ... on Page { nodes { name } } } }", 16, 5),
        ("{ page(first: -3) { ... on Page { nodes { name } } } }", 11, 0),
        # Of a union or an interface the dearest kind counts, and shared selections for each.
        ("{ page(first: 1) { ... on Page { nodes { name } } ... on Refusal { why { text } } } }",
         14, 1),
        ("{ named { tags { text } ... on Plain { tag { text } } ... on Dear { call } } }", 13, 0),
        ("{ named { ... on Named { tags { text } } } }", 3, 0),
        # Equally named fields are one.
        ("{ plain { ...F ...F } } fragment F on Plain { name tag { text } }", 2, 0),
        ("{ plain { tag { text } } ...F } fragment F on Query { plain { name tag { text } } }",
         2, 0),
        ("{ plain @skip(if: true) { name } ... @include(if: false) { page { __typename } } }",
         0, 0),
        ("{ ... @include(if: true) { plain @skip(if: false) { name } } }", 1, 0),
        ('{ __schema { types { fields { name } } } __type(name: "Tag") { name } }', 0, 0),
        ("{ _service { sdl } }", 1, 0),
    ],
)  # fmt: skip
def test_the_price_of_what_is_written(text: str, cost: int, nodes: int) -> None:
    found = read(text)

    assert (found.requested(None), found.nodes({})) == (cost, nodes)


PAGED = "query ($first: Int%s) { page(first: $first) { ... on Page { nodes { name } } } }"
LISTED = "query ($numbers: [ID!]!) { kinds(numbers: $numbers) { __typename } }"


@pytest.mark.parametrize(
    ("text", "variables", "nodes"),
    [
        (PAGED % "", {"first": 20}, 20),
        (PAGED % "", {"first": -1}, 0),
        (PAGED % "", {"first": None}, 5),
        (PAGED % "", {}, 5),
        (PAGED % " = 8", {}, 8),
        (PAGED % " = 8", {"first": 2}, 2),
        (PAGED % " = 8", {"first": None}, 5),
        (LISTED, {"numbers": ["1", "2", "3"]}, 3),
        (LISTED, {"numbers": []}, 0),
        (LISTED, {"numbers": "1"}, 1),
        (LISTED, {"numbers": 55}, 1),
        # What execution will refuse says nothing.
        (PAGED % "", {"first": "20"}, 5),
        (PAGED % "", {"first": True}, 5),
        (PAGED % "", {"first": 10**400}, 5),
        (PAGED % "", {"first": 1e308}, 5),
        (PAGED % "", {"first": float("nan")}, 5),
        (LISTED, {}, 100),
    ],
)
def test_variables_size_lists_coerced_or_not(
    text: str, variables: dict[str, Any], nodes: int
) -> None:
    assert read(text).nodes(variables) == nodes


@pytest.mark.parametrize(
    ("variables", "cost"),
    [
        ({"a": True, "b": True}, 3),
        ({"a": True, "b": False}, 2),
        ({"a": False, "b": True}, 2),
        ({"a": False, "b": False}, 0),
        ({"a": False}, 2),
        ({}, 3),
    ],
)
def test_what_is_skipped_or_not_included_costs_nothing(
    variables: dict[str, bool], cost: int
) -> None:
    """A field that is selected twice costs if either is, and each of its parts if that one is."""
    found = read(
        "query ($a: Boolean! = true, $b: Boolean! = true) {"
        " plain @include(if: $a) { tag @skip(if: $b) { text } name }"
        " ... @include(if: $b) { plain { tag @include(if: $b) { text } } }"
        " ... @include(if: $a) { x: plain @include(if: $b) { name } } }"
    )

    assert found.requested(variables) == cost


def test_nodes_past_the_most_are_refused_naming_the_largest_share() -> None:
    found = read(
        "query ($n: Int, $no: Boolean!) {"
        " few: page(first: 10) { ... on Page { nodes { name } } }"
        " many: page(first: $n) { ... on Page { edges { node { tags { text } } } } }"
        " off: page(first: 99999) @skip(if: $no) { ... on Page { nodes { name } } } }"
    )
    limits = LimitSettings.model_construct(max_nodes=100)

    (error,) = found.refusals({"n": 91, "no": True}, limits)

    assert isinstance(error, LimitExceeded)
    assert error.message == (
        "The operation may return 101 list elements, 91 of them at many.edges; at most 100 may be "
        "(GATEWAY_MAX_NODES)."
    )
    assert error.extensions == {
        "code": "MAX_NODES_LIMIT",
        "limit": {"GATEWAY_MAX_NODES": 100},
        "measured": 101,
        "share": 91,
        "path": "many.edges",
    }
    assert found.refusals({"n": 90, "no": True}, limits) == []


def test_a_cost_past_the_most_is_refused_unless_it_is_only_measured() -> None:
    found = read("{ page(first: 90) { ... on Page { nodes { name } } } }")

    (error,) = found.refusals(None, LimitSettings.model_construct(max_cost=100))

    assert error.message == "The operation costs 101; at most 100 may be (GATEWAY_MAX_COST)."
    assert found.refusals(None, LimitSettings.model_construct(max_cost=101)) == []
    measured = LimitSettings.model_construct(max_cost=100, cost_mode="measure")
    assert found.refusals(None, measured) == []


def test_no_figure_is_larger_than_the_largest_that_is_told() -> None:
    text = "{ page(first: 2147483647) { ... on Page { nodes { name } edges { node { name } } } } }"
    found = read(text)

    error, _ = found.refusals({}, LimitSettings())

    assert found.requested({}) == found.nodes({}) == LARGEST
    assert (error.extensions or {})["share"] == LARGEST


def test_an_answer_costs_what_it_holds() -> None:
    """An object that is null costs only the call that was made for it."""
    found = read(
        "{ page(first: 9) { ... on Page { nodes { name tag { text } } } }"
        ' kinds(numbers: ["1", "2"]) { ... on Dear { call } ... on Plain { tags { text } name } }'
        " named { name } }"
    )

    full = {
        "page": {"nodes": [{"name": "x", "tag": {"text": "x"}}] * 3 + [None]},
        "kinds": [{"call": None}, {"tags": [{"text": "x"}], "name": "x"}],
        "named": {"name": "x"},
    }

    assert found.actual(full, None) == (11 + 3 * 2) + (11 + 10 + 11 + 1) + 1
    assert found.actual({"page": None, "kinds": None, "named": None}, None) == 10
    assert found.actual({"kinds": [None, None]}, None) == 20
    assert found.actual(None, None) == found.actual({}, None) == 0


def test_elements_without_lists_are_not_looked_at() -> None:
    """Ten thousand records cost one multiplication: what is null within them counts as there."""
    found = read("query ($yes: Boolean!) { unsized { tag @include(if: $yes) { text } name } }")
    unread = [object()] * 10_000

    assert found.actual({"unsized": unread}, {"yes": True}) == 20_000
    assert found.actual({"unsized": unread}, {"yes": False}) == 10_000


def test_a_list_that_is_written_costs_what_it_costs_unwritten() -> None:
    found = read("{ unsized { tag { text } name tags { text } } }")
    plain = {"tag": {"text": "x"}, "name": "x", "tags": [{"text": "x"}] * 3}
    written = Written(b"[]", 2, {"tags": 6})

    assert found.actual({"unsized": written}, None) == found.actual({"unsized": [plain] * 2}, None)


def test_a_call_for_each_element_is_paid_for_in_a_list_that_is_written_too() -> None:
    field = Field(
        key="listed",
        weight=7,
        own=2,
        size=Size(10),
        below=(Selection(frozenset(), ()),),
        conditions=(),
    )

    assert field.actual(Written(b"[]", 3, {}), {}) == field.actual([{"x": 1}] * 3, {}) == 27


def test_what_only_looks_like_a_list_is_none() -> None:
    found = read("{ page { ... on Page { total } } }")

    assert found.actual({"page": {"total": [1, 2, 3]}}, None) == 11


def test_a_schema_that_states_no_costs_has_them_all_the_same() -> None:
    schema = build_schema(
        "directive @own on FIELD type Query { a: A b: [A] } type A { c: Int d: [Int] }"
    )
    document = parse("{ a @own { c d } b { c } }")
    (operation,) = document.definitions
    assert isinstance(operation, OperationDefinitionNode)

    assert CostModel(schema, {}).read(document, operation).requested(None) == 1 + 10
