"""What is projected of an operation, and what is kept of it between two requests."""

import json
from typing import Any

import pytest
from graphql import (
    GraphQLObjectType,
    OperationDefinitionNode,
    VariableValues,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    parse,
)

from gateway.execution.plan import Plan
from gateway.execution.selections import Projections, Selected, Selections
from resolvers.bounds import Bounds
from resolvers.operation import Operation
from resolvers.rights import EVERYTHING
from schema.internals import (
    CollectedFields,
    FieldDetailsList,
    StrawberryField,
    collect_fields,
    collect_subfields,
)
from tests.execution.both_executors import CORE, plan_of, planned, reference, run, shown
from tests.execution.made_up_payex import Steady

RECORDS = """
query ($yes: Boolean! = true, $no: Boolean = false, $ownerNo: ID! = "1234") {
  owner(ownerNo: $ownerNo) { invoice(invoiceNo: "55") { ... on Invoice {
    subscription(subscriptionNo: "70") { ... on UsageSubscription {
      subscriptionNo
      usageRecords { ... on UsageRecordConnection { totalCount %s } }
    } }
  } } }
}
"""
FIELDS = "usageType amount @include(if: $yes) { amount } vatRate @skip(if: $no)"
NODES = RECORDS % f"nodes {{ {FIELDS} }}"


@pytest.mark.parametrize(
    "type_",
    [type_ for type_ in CORE.type_map.values() if isinstance(type_, GraphQLObjectType)],
    ids=str,
)
def test_a_field_is_plain_if_neither_it_nor_what_is_selected_below_has_a_resolver(
    type_: GraphQLObjectType,
) -> None:
    """And if its type says which object it is."""
    for name, field in type_.fields.items():
        declared = field.extensions.get("strawberry-definition")
        known = not is_abstract_type(get_named_type(field.type))
        plain = isinstance(declared, StrawberryField) and not declared.base_resolver and known
        below = " { __typename }" if is_composite_type(get_named_type(field.type)) else ""
        selected = selection(type_, f"{{ {name}{below} }}")

        assert (selected.project is not None) is plain
        assert list(selected.rest or ()) == ([] if plain and name not in selected.lists else [name])


def test_an_object_is_not_plain_if_a_field_below_it_is_not() -> None:
    text = "{ totalCount edges { cursor node { id usageTotals { __typename } } } }"

    selected = selection(CORE.type_map["UsageSubscriptionConnection"], text)  # type: ignore[arg-type]

    assert selected.project
    assert list(selected.rest or ()) == ["edges"]


def answer(plan: Plan, text: str, **variables: Any) -> Any:
    """Return the records of what a plan answers, which is the reference's answer as well."""

    async def ask() -> Any:
        async with Operation(Steady(3), Bounds(), rights=EVERYTHING) as operation:
            return await planned(plan, parse(text), variables, operation)

    found = run(ask())
    assert not found.errors
    data, *_ = run(reference(text, variables, Steady(3))).split(b"\n")
    assert shown(found.data) == json.loads(data)
    return shown(found.data)["owner"]["invoice"]["subscription"]["usageRecords"]["nodes"]


def test_any_name_that_graphql_allows_can_be_an_alias() -> None:
    names = ("None", "class", "source", "plain", "v1", "g5", "__init__", "x" * 100)
    text = RECORDS % f"nodes {{ {' '.join(f'{name}: usageType' for name in names)} }}"

    assert answer(plan_of(parse(text)), text) == [dict.fromkeys(names, "VOICE")] * 3


def test_conditions_are_looked_at_for_each_request() -> None:
    plan = plan_of(parse(NODES))
    for _ in range(2):
        for yes in (True, False):
            for no in (True, False):
                records = answer(plan, NODES, yes=yes, no=no)

                assert ("amount" in records[0]) is yes
                assert ("vatRate" in records[0]) is not no


def test_an_object_of_which_nothing_is_left_is_empty() -> None:
    text = RECORDS % "nodes { amount { amount @include(if: $yes) } }"

    assert answer(plan_of(parse(text)), text, yes=False) == [{"amount": {}}] * 3


def test_a_second_request_adds_nothing_to_what_is_kept() -> None:
    plan = plan_of(parse(NODES))
    answer(plan, NODES)
    fields = plan.projections.fields

    answer(plan, NODES, ownerNo="5678")

    assert plan.projections.fields == fields > 0


def test_the_outcome_that_was_not_asked_for_lately_makes_room() -> None:
    kept = projections(NODES, weight=40)
    first, second = ask(kept, yes=True), ask(kept, yes=False)
    assert kept.make_room(first, 5)
    assert kept.make_room(second, 5)
    assert ask(kept, yes=True) is first

    third = ask(kept, yes=True, no=True)
    assert kept.make_room(third, 5)

    assert ask(kept, yes=True) is first
    assert ask(kept, yes=False) is not second


def test_an_outcome_makes_no_room_for_itself() -> None:
    kept = projections(NODES, weight=40)
    first, second = ask(kept, yes=True), ask(kept, yes=False)
    assert kept.make_room(first, 5)
    assert kept.make_room(second, 5)

    assert kept.make_room(first, 5)
    assert not kept.make_room(first, 1)

    assert ask(kept, yes=True) is first
    assert kept.fields == 10


def test_of_many_outcomes_a_few_are_kept() -> None:
    """A client may send one for each combination of its variables."""
    names = [f"b{n}" for n in range(8)]
    variables = " ".join(f"${name}: Boolean!" for name in names)
    kept = projections(f"query ({variables}) {{ __typename }}")
    found = []
    for number in range(2 ** len(names)):
        outcome = {name: bool(number >> place & 1) for place, name in enumerate(names)}
        found.append(kept.selections(outcome, lambda _: {}))
        kept.make_room(found[-1], 10)

    assert sum(each.kept for each in found) == 16
    assert all(each.kept for each in found[-16:])
    assert kept.fields == 160


def test_what_is_dropped_while_a_request_reads_it_counts_no_longer() -> None:
    kept = projections(NODES, weight=40)
    first = ask(kept, yes=True)
    assert kept.make_room(first, 5)
    assert kept.make_room(ask(kept, yes=False), 10)

    assert kept.make_room(first, 5)

    assert kept.fields == 10


def test_an_outcome_whose_root_has_no_room_is_not_kept() -> None:
    kept = projections(NODES, weight=4)
    root: dict[str, Any] = {"a": [], "b": []}

    assert not kept.selections({"yes": True}, lambda _: root).kept
    assert kept.fields == 0


def test_other_variables_make_no_difference_to_what_is_selected() -> None:
    kept = projections(NODES)

    assert ask(kept, ownerNo="1234") is ask(kept, ownerNo="5678")


def projections(text: str, weight: int = 100_000) -> Projections:
    """Return what nothing is kept in yet."""
    (operation,) = parse(text).definitions
    assert isinstance(operation, OperationDefinitionNode)
    return Projections(operation, weight)


def ask(kept: Projections, **variables: Any) -> Selections:
    """Return what is kept for these variables."""
    return kept.selections({"yes": True, "no": False, **variables}, lambda _: {})


def selection(type_: GraphQLObjectType, text: str) -> Selected:
    """Return what a text selects of a type, compiled."""
    (operation,) = parse(text).definitions
    assert isinstance(operation, OperationDefinitionNode)
    no_variables = VariableValues({}, {})

    def collect(of: GraphQLObjectType, nodes: FieldDetailsList) -> CollectedFields:
        return collect_subfields(CORE, {}, no_variables, operation, of, nodes)

    found = Selected(type_, [], collect_fields(CORE, {}, no_variables, type_, operation))
    found.compile(lambda of, nodes: collect(of, nodes).grouped_field_set, lambda _: None)
    return found
