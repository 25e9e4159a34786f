"""What plans answer by themselves, what they leave to graphql-core, and what they keep."""

import asyncio
import json
from typing import Any

import msgspec
import pytest
from graphql import ExecutionResult, parse

from benchmarks.operations import LIST, LOOKUP, SMALL
from gateway.execution.plan import Plan
from resolvers.bounds import Bounds
from resolvers.node_ids import NodeKind, encode
from resolvers.operation import Operation
from resolvers.payex.api.answers import Answer, CallContext
from resolvers.payex.api.routes import Kind, Route
from resolvers.rights import EVERYTHING
from tests.execution.both_executors import plan_of, planned, reference, run, shown
from tests.execution.made_up_payex import MadeUpPayex, Steady

TOTALS = """
{ owner(ownerNo: "1234") { invoice(invoiceNo: "55") { ... on Invoice {
  subscription(subscriptionNo: "70") { ... on UsageSubscription {
    usageTotals(groupBy: [USAGE_TYPE], filter: { minimumAmount: "0.01" }) {
      ... on UsageTotals { groups { usageType recordCount amount { amount currencyCode } } }
    }
  } } }
  ... on Problem { title instance }
} } }
"""
SEVERAL = """
query ($numbers: [ID!]!, $least: Decimal, $yes: Boolean! = true) {
  a: owner(ownerNo: "1234") { invoices(invoiceNos: $numbers) { ...Held ... on Problem { title } } }
  b: owner(ownerNo: "1234") { customer(customerNo: "9") { ...Held } }
  node(id: "%s") { __typename ...Held }
}
fragment Held on UsageHolder {
  ownerNo raw @skip(if: $yes)
  subscriptions(first: 1) { ... on UsageSubscriptionConnection {
    pageInfo { hasNextPage }
    edges { cursor node { billing usageRecords(filter: {minimumAmount: $least}) {
      ... on UsageRecordConnection { pageInfo { endCursor } nodes { raw } }
    } usageSummaries { __typename } } }
  } }
}
""" % encode(NodeKind.INVOICE, "1234", "55")  # noqa: UP031 - braces are GraphQL's
REFERENCES = """
{ _entities(representations: [{__typename: "Invoice", ownerNo: "1234", invoiceNo: "55"}]) {
  ... on Invoice { invoiceNo subscriptions { __typename } }
} _service { sdl } }
"""
ANSWERED: dict[str, tuple[str, dict[str, Any]]] = {
    "list": (LIST.document, LIST.variables[0]),
    "lookup": (LOOKUP.document, LOOKUP.variables[0]),
    "small": (SMALL.document, SMALL.variables[0]),
    "totals": (TOTALS, {}),
    "several": (SEVERAL, {"numbers": ["55", "56", "55"], "least": "0.5"}),
    "references": (REFERENCES, {}),
    "typename": ("{ __typename }", {}),
}


@pytest.mark.parametrize(("text", "variables"), ANSWERED.values(), ids=ANSWERED)
def test_what_has_no_error_is_answered_by_the_plan_alone(
    text: str, variables: dict[str, Any]
) -> None:
    plan = plan_of(parse(text))
    for _ in range(2):
        found = run(answer(plan, text, variables, Steady(3)))
        data, errors, _ = run(reference(text, variables, Steady(3))).split(b"\n")

        assert json.loads(errors) == []
        assert json.dumps(shown(found), default=lambda raw: json.loads(bytes(raw))) == json.dumps(
            json.loads(data)
        )


@pytest.mark.parametrize(
    "text",
    [
        "{ __schema { queryType { name } } }",
        '{ __type(name: "Money") { name } owner(ownerNo: "1234") { ownerNo } }',
    ],
)
def test_what_asks_for_the_schema_is_left_to_graphql_core_for_good(text: str) -> None:
    plan = plan_of(parse(text))
    for _ in range(2):
        assert run(answer(plan, text, {}, Steady(1))) is None
    assert not plan.projections.selections({}, no_root).plannable


def test_what_there_is_no_room_for_is_left_to_graphql_core() -> None:
    plan = plan_of(parse(LOOKUP.document), weight=40)

    assert run(answer(plan, LOOKUP.document, LOOKUP.variables[0], Steady(1))) is None


def test_what_a_plan_keeps_never_outgrows_the_document() -> None:
    for weight in range(0, 400, 20):
        plan = plan_of(parse(LOOKUP.document), weight)
        for _ in range(2):
            run(answer(plan, LOOKUP.document, LOOKUP.variables[0], Steady(1)))

            assert plan.projections.fields <= weight // 4


@pytest.mark.parametrize("number", ["5678", "", "1" * 20])
def test_what_has_an_expected_error_is_executed_once(number: str) -> None:
    text = "query ($ownerNo: ID!) { owner(ownerNo: $ownerNo) { ownerNo } }"
    plan = plan_of(parse(text))

    for _ in range(2):
        result = run(result_of(plan, text, {"ownerNo": number}, MadeUpPayex(1, 0.0)))

        assert result.data == {"owner": None}
        assert [error.path for error in result.errors] == [["owner"]]
    result = run(result_of(plan, text, {"ownerNo": "1234"}, MadeUpPayex(1, 0.0)))
    assert result == ExecutionResult({"owner": {"ownerNo": "1234"}}, None)


def test_nothing_of_a_request_is_kept_but_its_conditions() -> None:
    """The numbers of one caller must not lie about in what the next one is answered by."""
    text, variables = ANSWERED["several"]
    plan = plan_of(parse(text))
    run(answer(plan, text, variables, Steady(3)))

    kept = plan.projections.selections({"yes": True}, no_root)

    assert kept.below
    assert kept.conditions == ({}, {"yes": True})


class Failing(Steady):
    """Answers a kind of route by what is no answer, and others never."""

    async def answer(self, route: Route, wave: int, _context: CallContext) -> Answer:
        """Answer, or not."""
        if route.kind is Kind.SUMMARIES:
            return Answer(msgspec.Raw(b"no summaries"), wave)
        if route.kind is Kind.DETAILS:
            await asyncio.get_running_loop().create_future()
        return await super().answer(route, wave, _context)


BOTH = """
{ _entities(representations: [{__typename: "UsageSubscription", id: "%s"}]) {
  ... on UsageSubscription {
    usageRecords { __typename }
    usageSummaries { ... on UsageSummaryList { items { usageType } } }
  }
} }
""" % encode(NodeKind.BILLED_SUBSCRIPTION, "1234", "55", "70")  # noqa: UP031 - likewise


async def test_a_plan_that_gives_up_waits_for_nothing_and_leaves_nothing_behind() -> None:
    document = parse(BOTH)
    async with Operation(Failing(1), Bounds(), rights=EVERYTHING) as operation:
        assert await planned(plan_of(document), document, {}, operation) is None
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_plan_that_is_cancelled_leaves_nothing_behind() -> None:
    text = BOTH.replace("UsageSummaryList { items {", "UsageTotals { groups {")
    text = text.replace("usageSummaries", "usageTotals")
    document = parse(text)
    async with Operation(Failing(1), Bounds(), rights=EVERYTHING) as operation:
        task = asyncio.create_task(planned(plan_of(document), document, {}, operation))
        for _ in range(10):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
    assert task.cancelled()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_what_resolvers_do_in_tasks_of_a_plan_is_noted_as_the_operations_own_work() -> None:
    """Each asks in one step and takes its answer in another: no wait for a busy event loop."""
    noted = []
    for count in (4, 8):
        each = "".join(f'a{n}: invoice(invoiceNo: "{n}") {{ __typename }} ' for n in range(count))
        document = parse(f'{{ owner(ownerNo: "1234") {{ {each} }} }}')
        async with Operation(Steady(1), Bounds(), rights=EVERYTHING) as operation:
            assert await planned(plan_of(document), document, {}, operation)
            noted.append(len(operation.stats.work.steps))

    # One is the dataloader's, which asks PayEx.
    assert noted[1] - noted[0] >= 4 * (1 + 2)


async def result_of(plan: Plan, text: str, variables: dict[str, Any], payex: Any) -> Any:
    """Return the result that a plan gives, or None."""
    async with Operation(payex, Bounds(), rights=EVERYTHING) as operation:
        return await planned(plan, parse(text), variables, operation)


async def answer(plan: Plan, text: str, variables: dict[str, Any], payex: Any) -> Any:
    """Return the data that a plan answers with, or None."""
    result = await result_of(plan, text, variables, payex)
    return result and result.data


def no_root(_: object) -> Any:
    """Fail, since the root fields are kept."""
    raise AssertionError
