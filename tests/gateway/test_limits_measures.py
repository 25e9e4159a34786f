"""Measures, against fragments that are really written out."""

from collections.abc import Iterator

import pytest
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    build_schema,
    parse,
    visit,
)
from graphql.language import DirectiveNode, Visitor
from hypothesis import given
from hypothesis import strategies as st

from gateway.limit_settings import LimitSettings
from gateway.limits.excess import oversizes
from gateway.limits.measures import Measures, measure
from gateway.limits.validation import find_errors

SCHEMA = build_schema("type Query { a: Query b: Query }")
FRAGMENTS = 5


@st.composite
def selection_sets(draw: st.DrawFn, spreads: tuple[str, ...], depth: int = 3) -> str:
    """The text of a selection set that may spread these fragments."""
    parts = []
    for _ in range(draw(st.integers(1, 3))):
        kind = draw(st.integers(0, 3 if spreads else 2))
        directives = " @skip(if: true)" * draw(st.integers(0, 2))
        inner = draw(selection_sets(spreads, depth - 1)) if depth and kind else ""
        if kind == 3:
            parts.append(f"...{draw(st.sampled_from(spreads))}{directives}")
        elif kind == 2 and inner:
            on = draw(st.sampled_from(["", " on Query"]))
            parts.append(f"...{on}{directives} {inner}")
        else:
            alias = draw(st.sampled_from(["", "x: "]))
            parts.append(f"{alias}{draw(st.sampled_from('ab'))}{directives} {inner}")
    return "{" + " ".join(parts) + "}"


@st.composite
def documents(draw: st.DrawFn, *, circles: bool) -> DocumentNode:
    """Documents with fragments that are used or not, are missing, and may close circles."""
    names = [f"F{n}" for n in range(FRAGMENTS)]
    text = "".join(
        f"query Q{n}($v: Int @a @a) @b " + draw(selection_sets((*names, "Missing")))
        for n in range(draw(st.integers(0, 2)))
    )
    for n, name in enumerate(names):
        spreads = (*(names if circles else names[n + 1 :]), "Missing")
        text += f"fragment {name} on Query @c " + draw(selection_sets(spreads, 2))
    return parse(text)


def written_out(
    selection_set: SelectionSetNode, fragments: dict[str, FragmentDefinitionNode], depth: int = 0
) -> Iterator[tuple[str, int]]:
    """What is selected, each with the fields above it."""
    for node in selection_set.selections:
        yield "selection", depth
        if isinstance(node, FieldNode):
            yield ("alias" if node.alias else "field"), depth
            if node.selection_set:
                yield from written_out(node.selection_set, fragments, depth + 1)
        elif isinstance(node, InlineFragmentNode):
            yield from written_out(node.selection_set, fragments, depth)
        elif isinstance(node, FragmentSpreadNode) and node.name.value in fragments:
            yield from written_out(fragments[node.name.value].selection_set, fragments, depth)


def deepest(selection_set: SelectionSetNode, fragments: dict[str, FragmentDefinitionNode]) -> int:
    """How many selection sets are within each other."""
    within = [0]
    for node in selection_set.selections:
        inner: SelectionSetNode | None = None
        if isinstance(node, FieldNode | InlineFragmentNode):
            inner = node.selection_set
        elif isinstance(node, FragmentSpreadNode) and node.name.value in fragments:
            inner = fragments[node.name.value].selection_set
        if inner:
            within.append(deepest(inner, fragments))
    return 1 + max(within)


class Counted(Visitor):
    """Counts what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.directives = self.selections = 0

    def enter(self, node: object, *_: object) -> None:
        """Count a node."""
        self.directives += isinstance(node, DirectiveNode)
        self.selections += isinstance(node, FieldNode | FragmentSpreadNode | InlineFragmentNode)


@pytest.mark.no_cover  # examples cover the same, and tracing doubles its time
@given(documents(circles=False))
def test_the_figures_are_those_of_the_largest_operation_written_out(document: DocumentNode) -> None:
    fragments = {
        node.name.value: node
        for node in document.definitions
        if isinstance(node, FragmentDefinitionNode)
    }
    definitions = [
        node
        for node in document.definitions
        if isinstance(node, OperationDefinitionNode | FragmentDefinitionNode)
    ]
    operations = [
        list(written_out(node.selection_set, fragments))
        for node in document.definitions
        if isinstance(node, OperationDefinitionNode)
    ]
    fields = [[found for found in one if found[0] != "selection"] for one in operations]
    counted = Counted()
    visit(document, counted)

    assert measure(document) == Measures(
        depth=max((depth + 1 for one in fields for _, depth in one), default=0),
        aliases=max((sum(what == "alias" for what, _ in one) for one in fields), default=0),
        root_fields=max((sum(depth == 0 for _, depth in one) for one in fields), default=0),
        selections=max(
            (len(one) - len(two) for one, two in zip(operations, fields, strict=True)), default=0
        ),
        nesting=max(deepest(node.selection_set, fragments) for node in definitions),
        directives=counted.directives,
        visits=counted.selections,
    )


@given(documents(circles=True))
def test_circles_are_measured_and_refused_too_and_each_selection_is_visited_once(
    document: DocumentNode,
) -> None:
    counted = Counted()
    visit(document, counted)

    found = measure(document)

    assert found.visits == counted.selections
    assert found.directives == counted.directives
    limits = LimitSettings.model_construct(max_depth=3, max_comparisons=100)
    assert [*oversizes(document, limits), *find_errors(SCHEMA, document, limits)]


@pytest.mark.parametrize("order", [1, -1], ids=["outermost first", "innermost first"])
def test_a_fragment_bomb_is_measured_exactly_in_linear_work(order: int) -> None:
    levels = 30
    fragments = [
        *(f"fragment F{n} on Query{{a{{...F{n + 1}}} b: a{{...F{n + 1}}}}}" for n in range(levels)),
        f"fragment F{levels} on Query{{c}}",
    ]

    found = measure(parse("{...F0}" + "".join(fragments[::order])))

    assert found.visits == 1 + 4 * levels + 1
    assert found.depth == levels + 1
    assert found.aliases == 2**levels - 1
    assert found.root_fields == 2
    # Fields and spreads on each level, the innermost field, and the spread at the root.
    assert found.selections == 2 * (2 ** (levels + 1) - 2) + 2**levels + 1


def test_a_document_without_an_operation_measures_nothing() -> None:
    found = measure(parse("type A {a: B} fragment F on A {a @x}"))

    assert (found.depth, found.root_fields, found.selections) == (0, 0, 0)
    assert found.directives == 1
