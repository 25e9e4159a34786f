"""The schema's life: nothing that clients rely on goes without a word in the changelog.

`schema/released.graphql` is the schema of the last release: a release copies `schema.graphql`.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    find_breaking_changes,
    parse,
)

from schema.subgraph import build_schema as build_subgraph
from schema.subgraph import executable

ROOT = Path(__file__).parents[2]
DATE = re.compile(r"\b20\d\d-[01]\d-[0-3]\d\b")


def breaking(released: str, current: str) -> list[str]:
    """Return what clients or the supergraph would miss, a line each."""
    changes = find_breaking_changes(
        *(build_schema(sdl, assume_valid=True) for sdl in (released, current))
    )
    gone = [change.description for change in changes]
    kept = _keys(current)
    for name, its_keys in _keys(released).items():
        gone += [f"{name} lost its key {key!r}." for key in its_keys - kept.get(name, set())]
    return gone


def _keys(sdl: str) -> Mapping[str, set[str]]:
    keys: dict[str, set[str]] = {}
    for node in parse(sdl).definitions:
        for directive in getattr(node, "directives", None) or ():
            if directive.name.value == "key":
                named: Any = node
                (fields,) = (a for a in directive.arguments if a.name.value == "fields")
                keys.setdefault(named.name.value, set()).add(fields.value.value)
    return keys


def unreleased(changelog: str) -> str:
    """Return what the changelog says of the version that is not released yet."""
    return re.split(r"^## ", changelog, flags=re.MULTILINE)[1]


def test_what_clients_rely_on_is_still_there_or_the_changelog_says_what_is_not() -> None:
    """Write the line of a breaking change into the changelog's newest section, word by word."""
    released = (ROOT / "schema" / "released.graphql").read_text("utf-8")
    current = (ROOT / "schema.graphql").read_text("utf-8")
    told = unreleased((ROOT / "CHANGELOG.md").read_text("utf-8"))

    assert [line for line in breaking(released, current) if line not in told] == []


SMALL = """
type Query { customer(no: ID!): Customer }
type Customer @key(fields: "no") { no: ID! name: String }
enum State { OPEN CLOSED }
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (" name: String", ""),
        ("name: String", "name: Int"),
        ("no: ID!)", "no: ID! more: Int!)"),
        ("CLOSED", ""),
        ('@key(fields: "no") ', '@key(fields: "name") '),
    ],
)
def test_a_change_that_breaks_clients_or_the_supergraph_is_found(before: str, after: str) -> None:
    assert breaking(SMALL, SMALL.replace(before, after))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("name: String", "name: String!"),
        ("name: String", 'name: String @deprecated(reason: "x") more: Int'),
        ("no: ID!)", "no: ID! more: Int)"),
        ('@key(fields: "no")', '@key(fields: "no") @key(fields: "name")'),
    ],
)
def test_what_only_adds_is_no_breaking_change(before: str, after: str) -> None:
    assert breaking(SMALL, SMALL.replace(before, after)) == []


def undated(schema: GraphQLSchema) -> Iterator[str]:
    """Yield what is deprecated without a date of its end."""
    for type_ in schema.type_map.values():
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            for name, field in type_.fields.items():
                reasons = [field.deprecation_reason]
                reasons += [argument.deprecation_reason for argument in field.args.values()]
                if any(reason is not None and not DATE.search(reason) for reason in reasons):
                    yield f"{type_.name}.{name}"


def test_what_is_deprecated_tells_the_date_of_its_end() -> None:
    assert list(undated(executable(build_subgraph()))) == []


def test_a_deprecation_without_a_date_is_found() -> None:
    schema = build_schema(
        """type Query {
          a: Int @deprecated(reason: "Use b.")
          b: Int @deprecated(reason: "Removed after 2027-03-01.")
          c(d: Int @deprecated): Int
        }"""
    )

    assert list(undated(schema)) == ["Query.a", "Query.c"]
