"""The page on limits says what the code does, and the defaults let our own operations through."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    DocumentNode,
    OperationDefinitionNode,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
    is_object_type,
    parse,
)

from gateway.limits.cost import OperationCost
from gateway.limits.cost_model import CostModel
from gateway.limits.measures import measure
from gateway.limits.tokens import tokens_of
from gateway.limits.validation import find_errors
from gateway.limits.variables import oversized_variables
from gateway.limits.violations import (
    COMPARISONS,
    DIRECTIVES,
    DOCUMENT_OPERATIONS,
    FIXED,
    FRAGMENT_WORK,
    INTROSPECTION,
    NESTING,
    VALIDATION_ERRORS,
    VARIABLE_DEPTH,
    LimitCode,
    oversizes,
)
from gateway.settings.limits import LimitSettings
from schema.directives import SIZED_BY
from schema.subgraph import build_schema
from tests.limits.introspected import EVERYTHING

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "limits.md").read_text("utf-8")
ROWS = {
    re.sub("^`(.*)`$", r"\1", cells[0]): cells[1:]
    for line in PAGE.splitlines()
    if line.startswith("| ") and (cells := [cell.strip() for cell in line.strip("|").split("|")])
}
SCHEMA = build_schema()._schema
MODEL = CostModel(SCHEMA)
DEFAULTS = LimitSettings.model_construct()


def files(pattern: str) -> list[Path]:
    return sorted((ROOT / "gateway" / "graphiql" / "tabs").glob(pattern))


def graphql(text: str) -> str:
    (found,) = re.findall(r"^```graphql\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert isinstance(found, str)
    return found


FEW = "startTime usageType destination amount { amount } chargedVolume { value unit }"
ALL = f"{FEW} totalVolume {{ value }} unitPrice {{ amount }} quantity vatRate raw"
HUNDRED = [str(number) for number in range(100)]
TABS = {f"tab `{path.stem}`": path.read_text("utf-8") for path in files("*.graphql")}
TAB_VARIABLES = {f"tab `{path.stem}`": json.loads(path.read_text()) for path in files("*.json")}
README = graphql((ROOT / "README.md").read_text("utf-8"))


def nest(*levels: str) -> str:
    """A selection within a selection, and so on."""
    return "".join(f"{{ {level} " for level in levels) + "}" * len(levels)


ON_INVOICE = ("owner(ownerNo: 1)", "invoice(invoiceNo: 1)", "... on Invoice")
RECORDS = (
    *ON_INVOICE,
    "subscription(subscriptionNo: 1)",
    "... on UsageSubscription",
    "usageRecords(first: $first)",
    "... on UsageRecordConnection",
)
MANY_RECORDS = (
    *ON_INVOICE,
    "subscriptions(first: 200)",
    "... on UsageSubscriptionConnection",
    "nodes",
    "usageRecords(first: 100)",
    "... on UsageRecordConnection",
)
TOTALS_OF_CUSTOMERS = (
    "owner(ownerNo: 1)",
    "customers(customerNos: $n)",
    "... on Customer",
    "subscriptions",
    "... on UsageSubscriptionConnection",
    "nodes",
    "subscriptionNo usageTotals",
    "... on UsageTotals",
    "recordCount groups { recordCount amount { amount currencyCode } }",
)
BY_NUMBERS = ("owner(ownerNo: 1)", "invoices(invoiceNos: $n)", "... on Invoice", "invoiceNo")
SUMS_OF_INVOICES = (
    *BY_NUMBERS[:3],
    "usage",
    "... on UsageSelection",
    "totals",
    "byCurrency",
    "recordCount amount { amount currencyCode }",
)
BY_ROUTER = ("_entities(representations: $r)", "... on Customer", "customerNo raw")
CUSTOMER = {"__typename": "Customer", "ownerNo": "1", "customerNo": "1"}
OPERATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    **{name: (text, TAB_VARIABLES.get(name, {})) for name, text in TABS.items()},
    "the README's query": (README, {}),
    "a page of 50 records": ("query ($first: Int)" + nest(*RECORDS, "nodes", FEW), {}),
    "a page of 10,000 records": (
        "query ($first: Int)" + nest(*RECORDS, "nodes", FEW),
        {"first": 10_000},
    ),
    "the same, every field of the records, by `edges`": (
        "query ($first: Int)" + nest(*RECORDS, "edges", "cursor node", ALL),
        {"first": 10_000},
    ),
    "100 invoices, their own fields": ("query ($n: [ID!]!)" + nest(*BY_NUMBERS), {"n": HUNDRED}),
    "100 invoices with the sums of their usage": (
        "query ($n: [ID!]!)" + nest(*SUMS_OF_INVOICES),
        {"n": HUNDRED},
    ),
    "100 customers for a router, their own fields": (
        "query ($r: [_Any!]!)" + nest(*BY_ROUTER),
        {"r": [CUSTOMER] * 100},
    ),
    "50 customers with the totals of their subscriptions": (
        "query ($n: [ID!]!)" + nest(*TOTALS_OF_CUSTOMERS),
        {"n": HUNDRED[:50]},
    ),
    "200 subscriptions with 100 records each": (nest(*MANY_RECORDS, "nodes", FEW), {}),
}
OURS = [*TABS.values(), README, EVERYTHING]


def operation(document: DocumentNode) -> OperationDefinitionNode:
    (found,) = (node for node in document.definitions if isinstance(node, OperationDefinitionNode))
    return found


def read(text: str) -> OperationCost:
    document = parse(text)
    return MODEL.read(document, operation(document))


def test_the_tables_have_every_setting_once_with_its_default_in_the_order_of_the_code() -> None:
    fixed = {code.setting for code in FIXED} | {"GATEWAY_MAX_VALIDATION_ERRORS"}
    shown = {
        name: cells[0]
        for name, cells in ROWS.items()
        if name.startswith("GATEWAY_") and name not in fixed
    }

    assert shown == {
        f"GATEWAY_{name.upper()}": f"`{field.default}`"
        for name, field in LimitSettings.model_fields.items()
    }
    assert list(shown) == [f"GATEWAY_{name.upper()}" for name in LimitSettings.model_fields]


def test_the_column_of_our_own_figures_is_right() -> None:
    found = [measure(tokens_of(text)) for text in OURS]
    figures = {
        "GATEWAY_MAX_DOCUMENT": max(map(len, OURS)),
        "GATEWAY_MAX_TOKENS": max(len(tokens_of(text)) for text in OURS),
        "GATEWAY_MAX_DEPTH": max(one.depth for one in found),
        "GATEWAY_MAX_ALIASES": max(one.aliases for one in found),
        "GATEWAY_MAX_ROOT_FIELDS": max(one.root_fields for one in found),
        "GATEWAY_MAX_SELECTIONS": max(one.selections for one in found),
    }

    assert {name: ROWS[name][1] for name in figures} == {
        name: str(figure) for name, figure in figures.items()
    }


def test_the_limits_that_cannot_be_set_have_their_values() -> None:
    values = {
        LimitCode.MAX_DOCUMENT_OPERATIONS_LIMIT: DOCUMENT_OPERATIONS,
        LimitCode.MAX_DIRECTIVES_LIMIT: DIRECTIVES,
        LimitCode.MAX_COMPARISONS_LIMIT: COMPARISONS,
        LimitCode.MAX_VARIABLE_DEPTH_LIMIT: VARIABLE_DEPTH,
        LimitCode.MAX_INTROSPECTION_LIMIT: INTROSPECTION,
        LimitCode.MAX_NESTING_LIMIT: NESTING,
        LimitCode.MAX_FRAGMENT_WORK_LIMIT: FRAGMENT_WORK,
    }

    assert values.keys() == FIXED
    assert {code: ROWS[code.setting][0] for code in FIXED} == {
        code: f"{value:,}" for code, value in values.items()
    }
    assert ROWS["GATEWAY_MAX_VALIDATION_ERRORS"][0] == str(VALIDATION_ERRORS)


def test_the_table_of_costs_is_right() -> None:
    shown = {name: cells for name, cells in ROWS.items() if name in OPERATIONS}

    assert shown == {
        name: [str(read(text).requested(variables)), str(read(text).nodes(variables))]
        for name, (text, variables) in OPERATIONS.items()
    }


def test_the_errors_that_the_page_shows_are_those_that_the_query_gets() -> None:
    (shown,) = re.findall(r"^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)

    errors = read(graphql(PAGE)).refusals({}, LimitSettings.model_construct())

    told = [{"message": error.message, "extensions": error.extensions} for error in errors]
    assert told == json.loads(shown)


@pytest.mark.parametrize("name", [*OPERATIONS, "introspection"])
def test_the_defaults_are_not_in_the_way_of_honest_operations(name: str) -> None:
    text, variables = OPERATIONS.get(name, (EVERYTHING, {}))

    document = parse(text)

    assert oversizes(text, DEFAULTS) == []
    assert find_errors(SCHEMA, document) == []
    assert oversized_variables(operation(document), variables, DEFAULTS) == []
    assert read(text).refusals(variables, DEFAULTS) == []


def test_every_list_of_the_schema_says_how_long_it_is() -> None:
    """Else the cost model guesses. It knows no lists of lists."""
    for type_ in SCHEMA.type_map.values():
        if not is_object_type(type_) or type_.name.startswith("__"):
            continue
        for name, field in type_.fields.items():
            outer = get_nullable_type(field.type)
            if is_list_type(outer) and is_composite_type(get_named_type(outer)):
                declared = getattr(field.extensions["strawberry-definition"], "directives", ())
                assumed = [getattr(one, "assumed_size", None) for one in declared]
                assert f"{type_.name}.{name}" in SIZED_BY or any(assumed), f"{type_.name}.{name}"
                assert not is_list_type(get_nullable_type(outer.of_type))


@pytest.mark.parametrize(("field", "arguments"), SIZED_BY.items())
def test_what_sizes_a_field_is_one_of_its_arguments(field: str, arguments: Sequence[str]) -> None:
    type_name, _, name = field.partition(".")

    assert set(arguments) <= set(SCHEMA.type_map[type_name].fields[name].args)  # type: ignore[attr-defined]
