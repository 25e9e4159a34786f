"""Whatever is asked, an answer is priced as it was made, and never above what was requested."""

from collections import Counter
from random import Random
from typing import Any

import pytest
from graphql import GraphQLObjectType, GraphQLUnionType, get_named_type, is_leaf_type
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.limits.written_json import Written
from gateway.settings.limits import LimitSettings
from tests.limits.priced import CORE, SCHEMA, Bill, read

pytestmark = pytest.mark.no_cover  # examples cover the same, and tracing doubles its time


class Made:
    """The text of an operation that is made up, and its fragments."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._fragments: list[str] = []

    def document(self) -> str:
        """Return the text, which uses each of its variables."""
        selection = self._selection(CORE.type_map["Query"], 4)
        header = "query ($first: Int, $numbers: [ID!]! = [], $yes: Boolean! = true) "
        used = (
            "{ __typename @include(if: $yes) z: kinds(numbers: $numbers) { __typename }"
            " y: page(first: $first) { __typename } }"
        )
        return f"{header}{{ ...All {selection[1:-1]} }} fragment All on Query {used}" + "".join(
            self._fragments
        )

    def _selection(self, type_: Any, depth: int) -> str:
        parts = ["__typename"] if self._chance.randint(0, 1) else []
        kinds = CORE.get_possible_types(type_) if not isinstance(type_, GraphQLObjectType) else ()
        parts += [
            f"... on {kind.name}{self._directive()} {self._selection(kind, depth)}"
            for kind in kinds
        ]
        fields = {} if isinstance(type_, GraphQLUnionType) else type_.fields
        names = [name for name in fields if not name.startswith("_")]
        for name in self._chance.choices(names, k=self._chance.randint(0, 4)) if names else ():
            field = fields[name]
            of = get_named_type(field.type)
            if not is_leaf_type(of) and not depth:
                continue
            below = "" if is_leaf_type(of) else self._selection(of, depth - 1)
            alias, arguments = self._arguments(name)
            parts.append(f"{alias}: {name}{arguments}{self._directive()} {below}")
        text = "{" + " ".join(parts or ["__typename"]) + "}"
        if self._chance.randint(0, 3):
            return text
        name = f"F{len(self._fragments)}"
        self._fragments.append(f" fragment {name} on {type_.name} {text}")
        return f"{{ ...{name}{self._directive()} ...{name} }}"

    def _directive(self) -> str:
        conditions = [" @include(if: $yes)", " @skip(if: $yes)", " @skip(if: false)",
                      " @include(if: false)"]  # fmt: skip
        return self._chance.choice(["", "", "", *conditions])

    def _arguments(self, name: str) -> tuple[str, str]:
        """Equal aliases have equal arguments."""
        choices = {
            "page": ["", "(first: 0)", "(first: 3)", "(first: $first)"],
            "kinds": ['(numbers: "1")', '(numbers: ["1", "2"])', "(numbers: $numbers)"],
        }.get(name, [""])
        place = self._chance.randrange(len(choices))
        return f"{name}{place}", choices[place]


# As large as they are when drawn from a seed, few of them do.
DOCUMENTS = st.randoms(use_true_random=True).map(lambda chance: Made(chance).document())


def written(value: Any, key: str = "") -> Any:
    """Return a part of an answer with its lists of plain objects written, as a plan does it."""
    if isinstance(value, dict):
        return {key: written(below, key) for key, below in value.items()}
    if not isinstance(value, list):
        return value
    # What `kinds` and `z` name are unions, and null, which no plan writes.
    if key.startswith(("kinds", "z")) or not all(map(is_shallow, value)):
        return [written(one) for one in value]
    counts: Counter[str] = Counter()
    for one in value:
        counts.update({key: len(below) for key, below in one.items() if isinstance(below, list)})
    return Written(b"[]", len(value), counts)


def is_shallow(one: dict[str, Any]) -> bool:
    """Whether the lists of an object hold no lists, nor do other objects below it."""
    return all(
        all(map(is_flat, below)) if isinstance(below, list) else is_flat(below)
        for below in one.values()
    )


def is_flat(value: Any) -> bool:
    """Whether no list is in it."""
    return not isinstance(value, list) and (
        not isinstance(value, dict) or all(map(is_flat, value.values()))
    )


VARIABLES = st.fixed_dictionaries(
    {},
    optional={
        "first": st.none() | st.integers(-1, 6),
        "numbers": st.lists(st.just("1"), max_size=4),
        "yes": st.booleans(),
    },
)


@settings(deadline=None, max_examples=40)
@given(DOCUMENTS, VARIABLES, st.integers())
def test_an_answer_is_priced_as_it_was_made_and_never_above_what_was_requested(
    text: str, variables: dict[str, Any], seed: int
) -> None:
    found, bill = read(text), Bill(seed)
    result = SCHEMA.execute_sync(text, variables, context_value=bill)
    assert result.errors is None

    actual = found.actual(result.data, variables)

    assert actual == bill.cost == found.actual(written(result.data), variables)
    assert actual <= found.requested(variables)
    assert bill.nodes <= found.nodes(variables)
    for error in found.refusals(variables, LimitSettings.model_construct(max_nodes=0)):
        assert error.extensions
        assert 0 < error.extensions["share"] <= error.extensions["measured"]


@settings(deadline=None, max_examples=20)
@given(DOCUMENTS, VARIABLES, st.integers(0, 6), st.integers(0, 6))
def test_whoever_asks_for_more_never_pays_less(
    text: str, variables: dict[str, Any], first: int, more: int
) -> None:
    found = read(text)
    less = {**variables, "first": first}
    much = {**variables, "first": first + more}

    assert found.requested(less) <= found.requested(much)
    assert found.nodes(less) <= found.nodes(much)
