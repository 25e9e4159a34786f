"""Measures, against a document that is parsed and whose fragments are really written out."""

from collections.abc import Iterator, Sequence
from cProfile import Profile
from dataclasses import replace
from functools import partial
from random import Random

import pytest
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    Node,
    SelectionSetNode,
    build_schema,
    parse,
    visit,
)
from graphql.language import DirectiveNode, Visitor
from hypothesis import given
from hypothesis import strategies as st

from gateway.limits.definitions import fragments_of, operations_of
from gateway.limits.measures import Measures, measure
from gateway.limits.tokens import start_of, tokens_of
from gateway.limits.validation import find_errors
from gateway.limits.violations import oversizes
from gateway.settings.limits import LimitSettings

SCHEMA = build_schema("type Query { a: Query on: Query query: Query }")
FRAGMENTS = 5


def selection_set(chance: Random, spreads: Sequence[str], depth: int = 3) -> str:
    """The text of a selection set that may spread these fragments."""
    parts = []
    for _ in range(chance.randint(1, 3)):
        kind = chance.randint(0, 3 if spreads else 2)
        directives = " @skip(if: true)" * chance.randint(0, 2)
        inner = selection_set(chance, spreads, depth - 1) if depth and kind else ""
        if kind == 3:
            parts.append(f"...{chance.choice(spreads)}{directives}")
        elif kind == 2 and inner:
            on = chance.choice(["", " on Query", " on on"])
            parts.append(f"...{on}{directives} {inner}")
        else:
            alias = chance.choice(["", "x: ", "on: "])
            arguments = chance.choice(["", "(o: {a: [$v] b: {c: on}})", '(s: "{@" t: 1)'])
            name = chance.choice(["a", "on", "query", "__typename"])
            parts.append(f"{alias}{name}{arguments}{directives} {inner}")
    return "{" + " ".join(parts) + "}"


def text_of(chance: Random, *, circles: bool) -> str:
    """A document with fragments that are used or not, are missing, and may close circles."""
    names = [f"F{n}" for n in range(FRAGMENTS)]
    text = "".join(
        chance.choice([f"query Q{n}($v: [Int] = [1] @a @a) @b ", "", "subscription query"])
        + selection_set(chance, [*names, "Missing"])
        for n in range(chance.randint(0, 2))
    )
    for n, name in enumerate(names):
        spreads = [*(names if circles else names[n + 1 :]), "Missing"]
        text += f"fragment {name} on Query @c " + selection_set(chance, spreads, 2)
    return text


# A text that is drawn from a seed costs a fifth of one that is drawn choice by choice.
CHANCE = st.randoms(use_true_random=True)
TREES = CHANCE.map(partial(text_of, circles=False))
GRAPHS = CHANCE.map(partial(text_of, circles=True))


def measured(text: str) -> Measures:
    """The measures of a document, with places in place of tokens."""
    found = measure(tokens_of(text))
    return replace(
        found,
        operations=[start_of(text, token) for token in found.operations],
        directives=[start_of(text, token) for token in found.directives],
    )


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


def start(node: Node) -> int:
    """Where a node begins in the text."""
    assert node.loc
    return node.loc.start


class Directives(Visitor):
    """Collects where directives are written."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[int] = []

    def enter_directive(self, node: DirectiveNode, *_: object) -> None:
        """Collect one."""
        self.found.append(start(node))


@pytest.mark.no_cover  # examples cover the same, and tracing doubles its time
@given(TREES)
def test_the_figures_are_those_of_the_largest_operation_written_out(text: str) -> None:
    document = parse(text)
    fragments, operations = fragments_of(document), operations_of(document)
    each = [list(written_out(node.selection_set, fragments)) for node in operations]
    fields = [[found for found in one if found[0] != "selection"] for one in each]
    directives = Directives()
    for definition in (*operations, *fragments.values()):
        visit(definition, directives)

    assert measured(text) == Measures(
        depth=max((depth + 1 for one in fields for _, depth in one), default=0),
        aliases=max((sum(what == "alias" for what, _ in one) for one in fields), default=0),
        root_fields=max((sum(depth == 0 for _, depth in one) for one in fields), default=0),
        selections=max(
            (len(one) - len(two) for one, two in zip(each, fields, strict=True)), default=0
        ),
        nesting=max(
            deepest(node.selection_set, fragments) for node in (*operations, *fragments.values())
        ),
        operations=[start(node) for node in operations],
        directives=sorted(directives.found),
    )


@given(GRAPHS)
def test_circles_are_measured_and_refused_too(text: str) -> None:
    limits = LimitSettings.model_construct(max_depth=3)

    assert [*oversizes(text, limits), *find_errors(SCHEMA, parse(text), comparisons=100)]


@pytest.mark.parametrize("order", [1, -1], ids=["outermost first", "innermost first"])
def test_a_fragment_bomb_is_measured_exactly(order: int) -> None:
    """Its fragments double each other thirty times: nobody could write them out."""
    levels = 30
    fragments = [
        *(f"fragment F{n} on Query{{a{{...F{n + 1}}} b: a{{...F{n + 1}}}}}" for n in range(levels)),
        f"fragment F{levels} on Query{{c}}",
    ]

    found = measured("{...F0}" + "".join(fragments[::order]))

    assert found.depth == levels + 1
    assert found.aliases == 2**levels - 1
    assert found.root_fields == 2
    # Fields and spreads on each level, the innermost field, and the spread at the root.
    assert found.selections == 2 * (2 ** (levels + 1) - 2) + 2**levels + 1


def test_a_document_without_an_operation_measures_nothing() -> None:
    found = measured("fragment F on A {a @x}")

    assert (found.depth, found.root_fields, found.selections) == (0, 0, 0)
    assert found.operations == []
    assert found.nesting == len(found.directives) == 1


def test_a_fragment_is_added_up_once_however_often_others_spread_it() -> None:
    """Else a document of two fragments took the product of their sizes."""
    large = "fragment X on Query {" + "a {b} " * 200 + "}"
    calls = []
    for count in (1, 100):
        profile = Profile()
        tokens = tokens_of(large + "fragment Y on Query {" + "...X " * count + "}")
        profile.runcall(measure, tokens)
        calls.append(sum(entry.callcount for entry in profile.getstats()))

    assert calls[1] < 2 * calls[0]


def test_a_name_that_begins_with_an_underscore_is_one_like_any_other() -> None:
    usual = "{aa {bb ...FF}} fragment FF on Query {cc: d {e}}"
    underscored = "{_a {_b ..._F}} fragment _F on Query {_c: _ {_}}"

    assert measured(underscored) == measured(usual)


@pytest.mark.parametrize("before", ["scalar S", ")"])
def test_nothing_hides_behind_what_is_no_operation(before: str) -> None:
    found = measured(before + " @d {a {b {c}}}")

    assert (found.depth, found.selections, len(found.directives)) == (3, 3, 1)
