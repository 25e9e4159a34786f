"""What is projected, what is left to graphql-core, and what is kept between two requests."""

import json
from typing import Any

import pytest
from graphql import (
    GraphQLObjectType,
    OperationDefinitionNode,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    parse,
)
from graphql.execution.collect_fields import (
    CollectedFields,
    FieldDetailsList,
    collect_fields,
    collect_subfields,
)
from graphql.execution.values import VariableValues
from strawberry.types.field import StrawberryField

from gateway.execution.executor import ProjectingExecutor
from gateway.execution.selections import Projections, Selected, Selections
from tests.execution.both_executors import CORE, projections_of, reply, run
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


class Watched(ProjectingExecutor):
    """Counts what graphql-core completes by itself."""

    completed = 0

    def complete_value(self, *args: Any) -> Any:
        """Complete one value."""
        type(self).completed += 1
        return super().complete_value(*args)


def answer(text: str, projections: Projections, **variables: Any) -> Any:
    """Return the data of a faultless reply, which is the reference's as well."""
    document, payex = parse(text), Steady(3)
    found = run(reply(document, variables, payex, projections))
    assert found == run(reply(document, variables, payex))
    data, errors, _ = found.split(b"\n")
    assert json.loads(errors) == []
    return json.loads(data)


def completed(text: str, records: int) -> int:
    """Return how many values graphql-core completes of an operation that it knows already."""
    document = parse(text)
    kept = projections_of(document)
    run(reply(document, {}, Steady(records), kept))

    class Fresh(Watched):
        pass

    run(reply(document, {}, Steady(records), kept, Fresh))
    return Fresh.completed


def test_records_cost_graphql_core_nothing_however_many_there_are() -> None:
    for selection in (FIELDS, "raw"):
        text = RECORDS % f"nodes {{ {selection} }} edges {{ cursor node {{ {selection} }} }}"

        assert completed(text, 100) == completed(text, 1) < 20


def test_a_field_with_a_resolver_does_not_keep_its_neighbours_from_being_projected() -> None:
    text = RECORDS % f"nodes {{ {FIELDS} }} pageInfo {{ hasNextPage }}"

    assert completed(text, 100) == completed(text, 1) < 20


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


def test_any_name_that_graphql_allows_can_be_an_alias() -> None:
    names = ("None", "class", "source", "plain", "v1", "g5", "__init__", "x" * 100)
    aliased = " ".join(f"{name}: usageType" for name in names)
    kept = projections_of(parse(NODES))

    found = answer(RECORDS % f"nodes {{ {aliased} }}", kept)

    records = found["owner"]["invoice"]["subscription"]["usageRecords"]["nodes"]
    assert records == [dict.fromkeys(names, "VOICE")] * 3


def test_conditions_are_looked_at_for_each_request() -> None:
    kept = projections_of(parse(NODES))
    for _ in range(2):
        for yes in (True, False):
            for no in (True, False):
                found = answer(NODES, kept, yes=yes, no=no)
                records = found["owner"]["invoice"]["subscription"]["usageRecords"]["nodes"]

                assert ("amount" in records[0]) is yes
                assert ("vatRate" in records[0]) is not no


def test_an_object_of_which_nothing_is_left_is_empty() -> None:
    text = RECORDS % "nodes { amount { amount @include(if: $yes) } }"
    kept = projections_of(parse(text))

    found = answer(text, kept, yes=False)

    records = found["owner"]["invoice"]["subscription"]["usageRecords"]["nodes"]
    assert records == [{"amount": {}}] * 3


def test_a_condition_that_is_null_is_an_error_where_the_reference_has_it() -> None:
    document = parse(NODES)
    kept = projections_of(document)
    for _ in range(2):
        found = run(reply(document, {"no": None}, Steady(2), kept))

        assert found == run(reply(document, {"no": None}, Steady(2)))
        assert b'"nodes"' in found.split(b"\n")[1]


def test_a_second_request_adds_nothing_to_what_is_kept() -> None:
    kept = projections_of(parse(NODES))
    answer(NODES, kept)
    fields = kept.fields

    answer(NODES, kept, ownerNo="5678")

    assert kept.fields == fields > 0


def test_what_is_kept_never_outgrows_the_document() -> None:
    for weight in range(0, 400, 20):
        kept = projections_of(parse(NODES), weight)
        for _ in range(2):
            for yes in (True, False):
                answer(NODES, kept, yes=yes)

                assert kept.fields <= weight // 4


def test_the_outcome_that_was_not_asked_for_lately_makes_room() -> None:
    kept = projections_of(parse(NODES), weight=40)
    first, second = ask(kept, yes=True), ask(kept, yes=False)
    assert kept.make_room(first, 5)
    assert kept.make_room(second, 5)
    assert ask(kept, yes=True) is first

    third = ask(kept, yes=True, no=True)
    assert kept.make_room(third, 5)

    assert ask(kept, yes=True) is first
    assert ask(kept, yes=False) is not second


def test_an_outcome_makes_no_room_for_itself() -> None:
    kept = projections_of(parse(NODES), weight=40)
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
    kept = projections_of(parse(f"query ({variables}) {{ __typename }}"), weight=100_000)
    found = []
    for number in range(2 ** len(names)):
        outcome = {name: bool(number >> place & 1) for place, name in enumerate(names)}
        found.append(kept.selections(outcome, lambda _: {}))
        kept.make_room(found[-1], 10)

    assert sum(each.kept for each in found) == 16
    assert all(each.kept for each in found[-16:])
    assert kept.fields == 160


def test_what_is_dropped_while_a_request_reads_it_counts_no_longer() -> None:
    kept = projections_of(parse(NODES), weight=40)
    first = ask(kept, yes=True)
    assert kept.make_room(first, 5)
    assert kept.make_room(ask(kept, yes=False), 10)

    assert kept.make_room(first, 5)

    assert kept.fields == 10


def test_an_outcome_whose_root_has_no_room_is_not_kept() -> None:
    kept = projections_of(parse(NODES), weight=4)
    root: dict[str, Any] = {"a": [], "b": []}

    assert not kept.selections({"yes": True}, lambda _: root).kept
    assert kept.fields == 0


def test_other_variables_make_no_difference_to_what_is_selected() -> None:
    kept = projections_of(parse(NODES))

    assert ask(kept, ownerNo="1234") is ask(kept, ownerNo="5678")


def ask(projections: Projections, **variables: Any) -> Selections:
    """Return what is kept for these variables."""
    return projections.selections({"yes": True, "no": False, **variables}, lambda _: {})


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
