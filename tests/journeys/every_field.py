"""Every field of the schema, by every path: made from the schema itself, so that none is forgotten.

A new way in, or an argument that must be given, is to be made known here: until then it fails.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from graphql import (
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_composite_type,
    is_required_argument,
)

from resolvers import node_ids
from resolvers.node_ids import NodeKind

Allowed = Callable[[str, str], bool]

_KEYS: Final = "USAGE_TYPE PRODUCT_GROUP DESTINATION DETAIL_INFO SUBSCRIPTION"
ARGUMENTS: Final = {
    "ownerNo": "$ownerNo",
    "invoiceNo": "$invoiceNo",
    "invoiceNos": "[$invoiceNo]",
    "customerNo": "$customerNo",
    "customerNos": "[$customerNo]",
    "subscriptionNo": "$subscriptionNo",
    "id": "$id",
    "ids": "[$id]",
    "representations": "$references",
    "groupBy UsageGroup": f"[{_KEYS} DAY WEEK MONTH]",
    "groupBy UsageComparisonGroup": f"[{_KEYS}]",
}
_VARIABLES: Final = {
    "ownerNo": "ID!",
    "invoiceNo": "ID!",
    "customerNo": "ID!",
    "subscriptionNo": "ID!",
    "id": "ID!",
    "references": "[_Any!]!",
}
_FREE: Final = frozenset({"_service"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An invoice and a customer of a ledger, with a subscription of both."""

    owner_no: str = "1234"
    invoice_no: str = "55"
    customer_no: str = "9"
    subscription_no: str = "70"

    @property
    def numbers(self) -> dict[str, str]:
        """The numbers, by PayEx's names."""
        return {
            "ownerNo": self.owner_no,
            "invoiceNo": self.invoice_no,
            "customerNo": self.customer_no,
            "subscriptionNo": self.subscription_no,
        }

    def ids(self) -> dict[NodeKind, str]:
        """Return the global ids."""
        numbers = self.numbers
        return {
            kind: node_ids.encode(kind, *(numbers[name] for name in node_ids.parameters(kind)))
            for kind in NodeKind
        }

    def references(self) -> dict[str, dict[str, str]]:
        """Return the references of a supergraph, by what they refer to."""
        numbers, ids = self.numbers, self.ids()
        keys = {
            "Owner": ("ownerNo",),
            "Invoice": ("ownerNo", "invoiceNo"),
            "Customer": ("ownerNo", "customerNo"),
        }
        return {
            **{name: {one: numbers[one] for one in key} for name, key in keys.items()},
            "UsageSubscription": {"id": ids[NodeKind.BILLED_SUBSCRIPTION]},
            "UsageSubscription unbilled": {"id": ids[NodeKind.UNBILLED_SUBSCRIPTION]},
        }


@dataclass(frozen=True, slots=True)
class Path:
    """A query by one way into the graph. `variables` makes them for a target."""

    name: str
    query: str
    variables: Callable[[Target], Mapping[str, Any]]


class EveryField:
    """Writes queries that select all there is, with a fragment for each type.

    Written out they would have a hundred thousand characters. On the way back up, to what the query
    comes from, they select what an object itself has.

    Args:
        schema: the schema.
        allowed: whether to select a field, by its type's name and its own; all are if omitted.

    Attributes:
        selected: the types and fields that have been selected.
    """

    def __init__(self, schema: GraphQLSchema, allowed: Allowed = lambda *_: True) -> None:
        self.selected: set[tuple[str, str]] = set()
        self._schema = schema
        self._allowed = allowed
        self._fragments: dict[str, str] = {}
        self._above: list[str] = []

    def paths(self) -> Iterator[Path]:
        """Return a query for each way in; of `node` and `_entities`, for each kind of thing."""
        query = self._schema.query_type
        assert query
        assert set(query.fields) - _FREE == {"owner", "node", "nodes", "_entities"}, (
            "an unknown way in"
        )
        union = self._schema.type_map["_Entity"]
        assert isinstance(union, GraphQLUnionType)
        references = Target().references()
        assert {name.split()[0] for name in references} == {one.name for one in union.types}

        yield Path("owner", self._query(query, "owner"), lambda target: target.numbers)
        for kind in NodeKind:
            node = self._query(query, "node")
            yield Path(f"node {kind.name}", node, partial(_of_node, kind))
        # Each of its elements is found as a node is.
        of_nodes = partial(_of_node, NodeKind.BILLED_SUBSCRIPTION)
        yield Path("nodes", self._query(query, "nodes"), of_nodes)
        for name in references:
            entities = self._query(query, "_entities")
            yield Path(f"_entities {name}", entities, partial(_of_reference, name))

    def _query(self, root: GraphQLObjectType, name: str) -> str:
        self._fragments = {}
        selected = self._field(root, name)
        text = " ".join([f"{{ __typename {selected} }}", *self._fragments.values()])
        used = [f"${one}: {type_}" for one, type_ in _VARIABLES.items() if f"${one}" in text]
        head = f"query ({', '.join(used)})" if used else "query"
        return f"{head} {text}"

    def _field(self, type_: GraphQLObjectType, name: str) -> str:
        if not self._allowed(type_.name, name):
            return ""
        self.selected.add((type_.name, name))
        field = type_.fields[name]
        unknown = {
            one for one, argument in field.args.items() if is_required_argument(argument)
        } - set(ARGUMENTS)
        assert not unknown, f"{type_.name}.{name} needs an unknown argument: {unknown}"
        values = (
            (
                one,
                ARGUMENTS.get(one) or ARGUMENTS.get(f"{one} {get_named_type(argument.type).name}"),
            )
            for one, argument in field.args.items()
        )
        given = [f"{one}: {value}" for one, value in values if value]
        arguments = f"({', '.join(given)})" if given else ""
        of = get_named_type(field.type)
        below = f" {{ {self._selection(of)} }}" if is_composite_type(of) else ""
        # One alias for each type: the fields of a union's types never meet in one answer.
        return f"{type_.name}_{name}: {name}{arguments}{below}"

    def _selection(self, type_: GraphQLNamedType) -> str:
        if isinstance(type_, GraphQLInterfaceType | GraphQLUnionType):
            possible = self._schema.get_possible_types(type_)
            parts = [self._fragment(one) for one in possible]
        else:
            assert isinstance(type_, GraphQLObjectType)
            parts = [self._fragment(type_)]
        return " ".join(["__typename", *parts])

    def _fragment(self, type_: GraphQLObjectType) -> str:
        of = type_.name
        is_above = of in self._above
        name = f"{of}Itself" if is_above else of
        if name not in self._fragments:
            self._above.append(of)
            fields = " ".join(
                self._field(type_, one)
                for one, field in type_.fields.items()
                if not (is_above and is_composite_type(get_named_type(field.type)))
            )
            self._above.pop()
            self._fragments[name] = f"fragment {name} on {of} {{ __typename {fields} }}"
        return f"...{name}"


def _of_node(kind: NodeKind, target: Target) -> dict[str, Any]:
    return {**target.numbers, "id": target.ids()[kind]}


def _of_reference(name: str, target: Target) -> dict[str, Any]:
    reference = {"__typename": name.split(maxsplit=1)[0], **target.references()[name]}
    return {**target.numbers, "references": [reference]}


def fields_of(schema: GraphQLSchema) -> set[tuple[str, str]]:
    """Return all fields of all objects, but for what describes the schema."""
    return {
        (type_.name, name)
        for type_ in schema.type_map.values()
        if isinstance(type_, GraphQLObjectType) and not type_.name.startswith("_")
        for name in type_.fields
        if name not in _FREE
    }
