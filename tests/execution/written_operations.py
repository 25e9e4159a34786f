"""Operations that are made up over a whole schema: valid, and otherwise as odd as can be."""

import random
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
)

from resolvers.node_ids import NodeKind, encode

T = TypeVar("T")

_IDS: Final = (
    encode(NodeKind.INVOICE, "1234", "55"),
    encode(NodeKind.CUSTOMER, "1234", "9"),
    encode(NodeKind.BILLED_SUBSCRIPTION, "1234", "55", "70"),
    encode(NodeKind.UNBILLED_SUBSCRIPTION, "1234", "9", "71"),
    encode(NodeKind.OWNER, "1234"),
)
_REFERENCES: Final = (
    '{__typename: "Owner", ownerNo: "1234"}',
    '{__typename: "Invoice", ownerNo: "1234", invoiceNo: "55"}',
    '{__typename: "Customer", ownerNo: "1234", customerNo: "9"}',
    f'{{__typename: "UsageSubscription", id: "{_IDS[2]}"}}',
    '{__typename: "Invoice", ownerNo: "5678", invoiceNo: "55"}',
    '{__typename: "Nothing"}',
)
# What is given for an argument, first what is given mostly; "" leaves it out.
_ARGUMENTS: Final = {
    "ownerNo": ('"1234"', "1234", "$text", '"1234"', '"5678"', '""'),
    "invoiceNo": ('"55"', "55", '"56"', "$number", '"far too long for any number"'),
    "customerNo": ('"9"', "9", '"8"', "$number"),
    "subscriptionNo": ('"70"', "71", '"72"', "$number", '""'),
    "invoiceNos": ('["55", 56, "55"]', '"55"', "[]", "$numbers", "[$number]"),
    "customerNos": ('["9"]', "9", "$numbers", '["9", $number, $text]'),
    "id": (*(f'"{one}"' for one in _IDS), "$id", '"junk"'),
    "ids": (f'["{_IDS[2]}", "{_IDS[0]}", "{_IDS[2]}"]', f'"{_IDS[4]}"', '["junk", $id]', "[]"),
    "representations": (
        *(f"[{one}]" for one in _REFERENCES),
        f"[{', '.join(_REFERENCES)}]",
        f"[{_REFERENCES[1]}, $reference]",
    ),
    "first": ("", "1", "2", "null", "$first", "0", "1000000"),
    "after": ("", "null", '"junk"'),
    "last": ("", "", "1", "null", "$first"),
    "before": ("", "null", '"junk"'),
    "subscriptionNos": ("", '["70", 71, "70"]', "null", '"72"', "[]", "[$number]"),
    "limitPerCurrency": ("", "1", "null", "$first", "0"),
    "filter": (
        "",
        "null",
        '{usageTypes: "voice"}',
        '{minimumAmount: "0.5", currencyCode: "sek"}',
        "{minimumAmount: $least}",
        '{usageTypes: ["voice", $word]}',
        '{startTimeFrom: "2026-11-02T00:00:00"}',
        '{charged: true, maximumAmount: 9, detailInfoContains: "070-1", productGroupIds: [7]}',
        '{startTimeFrom: "2026-11-02T00:00:00", startTimeBefore: "2026-11-01T00:00:00"}',
    ),
    "orderBy": (
        "",
        "{field: AMOUNT}",
        "{field: TIME, direction: DESCENDING}",
        "{field: VOLUME}",
        "{field: TIME, direction: $direction}",
        "{field: $field}",
    ),
    "groupBy": (
        "",
        "[USAGE_TYPE, DAY]",
        "DESTINATION",
        "[CURRENCY, USAGE_TYPE, USAGE_TYPE]",
        "[DAY, $group]",
        "[SUBSCRIPTION, WEEK]",
    ),
    "groupBy: UsageComparisonGroup": ("[USAGE_TYPE]", "", "[SUBSCRIPTION, DESTINATION]", "null"),
    "orderBy: UsageTotalOrder": (
        "{field: AMOUNT, direction: DESCENDING}",
        "",
        "{field: KEY, direction: $direction}",
        "{field: RECORD_COUNT, direction: ASCENDING}",
    ),
}
_VARIABLES: Final = {
    "text": "ID!",
    "number": "ID!",
    "numbers": "[ID!]!",
    "id": "ID!",
    "first": "Int = 3",
    "least": "Decimal",
    "yes": "Boolean!",
    "perhaps": "Boolean = true",
    "reference": f"_Any = {_REFERENCES[1]}",
    "word": 'String = "sms"',
    "direction": "SortDirection = DESCENDING",
    "field": "UsageRecordOrderField = AMOUNT",
    "group": "UsageGroup = USAGE_TYPE",
}
# A nullable variable with a default may stand where null may not, and be null nevertheless.
_DEFAULTS: Final = {
    "text": 'ID = "1234"',
    "number": 'ID = "55"',
    "numbers": '[ID!] = ["55", "9"]',
    "id": f'ID = "{_IDS[0]}"',
    "yes": "Boolean = true",
}
_DIRECTIVES: Final = (
    " @include(if: $yes)",
    " @skip(if: $yes)",
    " @include(if: $perhaps)",
    " @skip(if: $perhaps) @include(if: $yes)",
    " @skip(if: true)",
    " @include(if: true)",
)
_SCHEMA_FIELDS: Final = (
    '__type(name: "Money") { kind name fields { name type { kind ofType { name } } } }',
    "__schema { queryType { __typename name } }",
    "_service { sdl @skip(if: $yes) __typename }",
)
# Ways to the objects that have most below them.
_STARTS: Final = (
    """
    { owner(ownerNo: "1234") { invoice(invoiceNo: "55") { ... on Invoice {
      subscription(subscriptionNo: "70") { ... on UsageSubscription %s } } } } }
    """,
    """
    { owner(ownerNo: "1234") { customer(customerNo: "9") { ... on Customer {
      subscriptions { ... on UsageSubscriptionConnection { nodes %s } } } } } }
    """,
    f'{{ node(id: "{_IDS[2]}") {{ ... on UsageSubscription %s }} }}',
)
# What leads back up. Nothing is looked up below it: if PayEx's routes contradict each other, the
# first to answer decides, and each executor asks for these at another time.
_BACK_UP: Final = frozenset({"holder", "owner"})
_LOOKUPS: Final = frozenset({"invoice", "invoices", "customer", "customers", "subscription"})
# How often a choice falls on what gets furthest, and how often a selection has a condition.
_USUAL: Final = 0.8
_CONDITIONAL: Final = 0.1


class _Written:
    """The text of one operation, and the fragments that it spreads."""

    def __init__(
        self,
        chance: random.Random,
        schema: GraphQLSchema,
        variables: Mapping[str, str],
        usual: float,
    ) -> None:
        self._chance = chance
        self._schema = schema
        self._variables = variables
        self._usual = usual
        self._fragments: list[tuple[str, str]] = []
        self._texts: list[str] = []
        self._back_up = False

    def document(self, size: int) -> str:
        """Return the text of an operation of about so many selections."""
        types = self._schema.type_map
        parts = [
            self._selection(types["Query"], size // 2),
            self._one(_STARTS) % self._selection(types["UsageSubscription"], size // 2),
        ]
        if self._likely(0.1):
            parts.append(f"{{ {self._one(_SCHEMA_FIELDS)} }}")
        body = " ".join(part.strip()[1:-1] for part in parts)
        text = " ".join([f"{{{body}}}", *self._texts])
        used = [
            f"${name}: {type_}"
            for name, type_ in self._variables.items()
            if re.search(rf"\${name}\b", text)
        ]
        return f"query ({', '.join(used)}) {text}" if used else text

    def _selection(self, type_: GraphQLNamedType, size: int) -> str:
        """Return a selection of which one part goes deep, and the others anywhere."""
        others = self._chance.randint(0, 3) if size > 1 else 0
        parts = [self._aside(type_, size // 6) for _ in range(others)]
        parts.insert(self._chance.randint(0, others), self._part(type_, size - others - 1))
        return f"{{ {' '.join(parts)} }}"

    def _aside(self, type_: GraphQLNamedType, size: int) -> str:
        known = [name for name, on in self._fragments if on == type_.name and not self._back_up]
        match self._chance.randint(0, 7):
            case 0:
                return f"{self._one(('', 'kind: '))}__typename{self._directive()}"
            case 1 if known:
                return f"...{self._one(known)}{self._directive()}"
            case 2:
                return self._inline(self._one(self._kinds(type_)), size)
            case _:
                return self._part(type_, size)

    def _part(self, type_: GraphQLNamedType, size: int) -> str:
        if size < 1 and not isinstance(type_, GraphQLObjectType):
            return "__typename"
        match self._chance.randint(0, 9):
            case 0:
                return f"...{self._fragment(self._one(self._kinds(type_)), size)}"
            case 1:
                return f"...{self._fragment(type_, size)}{self._directive()}"
            case 2:
                return f"...{self._directive()} {self._selection(type_, size)}"
            case _ if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
                return self._field(type_, size)
            case _:
                # No problem, in most unions.
                return self._inline(self._mostly(self._kinds(type_)[1:]), size)

    def _kinds(self, type_: GraphQLNamedType) -> list[GraphQLNamedType]:
        """Return what a fragment on this type can be on."""
        if is_abstract_type(type_):
            return [type_, *self._schema.get_possible_types(type_)]
        return [type_, *getattr(type_, "interfaces", ())]

    def _inline(self, type_: GraphQLNamedType, size: int) -> str:
        return f"... on {type_.name}{self._directive()} {self._selection(type_, size)}"

    def _fragment(self, type_: GraphQLNamedType, size: int) -> str:
        # It can be spread again only when it is finished, so that none spreads itself.
        text = self._selection(type_, size)
        name = f"F{len(self._fragments)}"
        self._fragments.append((name, type_.name))
        self._texts.append(f"fragment {name} on {type_.name} {text}")
        return name

    def _field(self, type_: GraphQLObjectType | GraphQLInterfaceType, size: int) -> str:
        leaves: list[str] = ["__typename"]
        objects: list[str] = []
        for name, field in type_.fields.items():
            if name != "_service" and not (self._back_up and name in _LOOKUPS):
                (leaves if is_leaf_type(get_named_type(field.type)) else objects).append(name)
        deeper = objects and size > 0 and self._likely(_USUAL if len(leaves) > 1 else 1)
        name = self._one(objects if deeper else leaves)
        if name == "__typename":
            return name
        arguments, place = self._arguments(type_.fields[name])
        # Equal aliases stand for equal fields with equal arguments, so that they can be merged. Of
        # the usual arguments there may be none.
        alias = f"{name}{place}: " if arguments or self._likely(0.2) else ""
        below = ""
        if deeper:
            before = self._back_up
            self._back_up = before or (name in _BACK_UP and type_.name != "Query")
            below = f" {self._selection(get_named_type(type_.fields[name].type), size - 1)}"
            self._back_up = before
        return f"{alias}{name}{arguments}{self._directive()}{below}"

    def _arguments(self, field: GraphQLField) -> tuple[str, int]:
        given, place = [], 0
        for name, argument in field.args.items():
            of = f"{name}: {get_named_type(argument.type).name}"
            choices = _ARGUMENTS.get(of) or _ARGUMENTS[name]
            chosen = self._mostly(range(len(choices)))
            place = place * 10 + chosen
            if choices[chosen]:
                given.append(f"{name}: {choices[chosen]}")
        return (f"({', '.join(given)})" if given else ""), place

    def _directive(self) -> str:
        return self._one(_DIRECTIVES) if self._likely(_CONDITIONAL) else ""

    def _likely(self, share: float) -> bool:
        return self._chance.random() < share

    def _mostly(self, choices: Sequence[T]) -> T:
        return choices[0] if self._likely(self._usual) else self._one(choices)

    def _one(self, choices: Sequence[T]) -> T:
        return self._chance.choice(choices)


def write_operation(chance: random.Random, schema: GraphQLSchema, size: int) -> str:
    """Return the text of a valid operation of about so many selections."""
    return _Written(chance, schema, _VARIABLES, _USUAL).document(size)


def write_nullable_operation(chance: random.Random, schema: GraphQLSchema, size: int) -> str:
    """Return likewise one of which any variable may be null, that has them at many places."""
    return _Written(chance, schema, _VARIABLES | _DEFAULTS, 0.5).document(size)


def write_nulls(chance: random.Random) -> dict[str, Any]:
    """Return what a request sends with such an operation: some of its variables are null."""
    usual = {**write_variables(chance), "perhaps": True, "number": "55", "text": "1234"}
    nulls = chance.sample(list(_VARIABLES), chance.randint(1, 4))
    return usual | dict.fromkeys(nulls)


def write_variables(chance: random.Random) -> dict[str, Any]:
    """Return what a request sends with it. Null for `perhaps` is an error while executing."""
    values: dict[str, Any] = {
        "text": chance.choice(("1234", 1234)),
        "number": chance.choice(("55", "9", "70", 70, "nobody's")),
        "numbers": chance.choice((["55", "9", 55], [], "55")),
        "id": chance.choice(_IDS),
        "yes": chance.choice((True, False)),
    }
    optional = {
        "first": (1, 2, 0, None),
        "least": ("0.5", "-1", None),
        "perhaps": (True, True, False, False, None),
    }
    for name, choices in optional.items():
        if chance.random() < _USUAL:
            values[name] = chance.choice(choices)
    return values
