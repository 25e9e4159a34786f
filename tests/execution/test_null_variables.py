"""A null variable costs its own field alone, and the reply is that of a naive executor.

Operations over the whole schema are made up, with variables that may be null wherever they stand.
A naive executor answers them without a plan and without looking ahead.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from graphql import ExecutionResult, execute, parse
from hypothesis import given, settings

from gateway.execution.paced_executor import PacedExecutor
from gateway.http.errors import format_errors, reported_errors
from resolvers.bounds import Bounds
from resolvers.look_ahead import SelectedField
from resolvers.operation import Operation
from resolvers.payex.api.answers import Answer, CallContext
from resolvers.payex.api.routes import Kind, Route
from resolvers.rights import EVERYTHING
from schema.declarations import Info
from schema.internals import optimized_is_awaitable
from schema.subgraph import build_schema
from tests.execution.both_executors import (
    CORE,
    SCHEMA,
    Gateway,
    plan_of,
    planned,
    reference,
    run,
)
from tests.execution.examples import (
    EXAMPLES,
    NULLABLE_EXAMPLE,
    REPRODUCIBLE,
    Example,
    in_order,
)
from tests.execution.made_up_payex import Steady

NUMBERS = ("70", "71", "72", "55", "9")


class Blind(Info):
    """Sees nothing below a field."""

    @property
    def below(self) -> "Blind":
        """Nothing."""
        return self

    def fields(self, _type_name: str) -> Iterator[SelectedField]:
        """Yield no field."""
        return iter(())


NAIVE = build_schema(Blind)


class Complete(Steady):
    """A PayEx that has all that is asked for, so that nothing depends on who asks for what."""

    async def answer(self, route: Route, wave: int, context: CallContext) -> Answer:
        """Answer at once."""
        if route.kind not in {Kind.SUBSCRIPTIONS, Kind.SUBSCRIPTION}:
            return await super().answer(route, wave, context)
        items = [{"subscriptionNo": number} for number in NUMBERS]
        its_own = {"subscriptionNo": route.path.rpartition("/")[2]}
        body = {"items": items} if route.kind is Kind.SUBSCRIPTIONS else its_own

        async def fetch(_route: Route, _page: int) -> bytes:
            return json.dumps(body).encode()

        return Answer((await self._reader.read(route, fetch)).outcome, wave)


@settings(REPRODUCIBLE, max_examples=EXAMPLES)
@given(NULLABLE_EXAMPLE)
def test_replies_are_those_of_a_naive_executor(example: Example) -> None:
    async def compare() -> None:
        payex, gateway = Complete(2), Gateway()
        for variables in example.requests:
            naive = await reference(example.text, variables, payex, NAIVE)

            for found in (
                await reference(example.text, variables, payex),
                await gateway.reply(example.text, variables, payex),
            ):
                assert in_order(found) == in_order(naive)

    run(compare())


SUBSCRIPTION = """
owner(ownerNo: "1234") { invoice(invoiceNo: "1") { ... on Invoice { invoiceNo %s } } }
"""
BELOW = (
    SUBSCRIPTION
    % """
subscription(subscriptionNo: "70") { ... on UsageSubscription { subscriptionNo %s } }
"""
)
NULLS = {
    "a number": ('$n: ID = "8"', SUBSCRIPTION % "subscription(subscriptionNo: $n) { __typename }"),
    "a direction": (
        "$n: SortDirection = ASCENDING",
        BELOW % "usageRecords(orderBy: {field: TIME, direction: $n}) { __typename }",
    ),
    "an item of a list": (
        '$n: String = "x"',
        BELOW % "usageTotals(filter: {usageTypes: [$n]}) { __typename }",
    ),
    "a condition below a gate": (
        "$n: Boolean = true",
        BELOW % "usageSummaries @include(if: $n) { __typename }",
    ),
    "a condition": (
        "$n: Boolean = true",
        BELOW % "usageSummaries { ... on UsageSummaryList { __typename @include(if: $n) } }",
    ),
}


@pytest.mark.parametrize(("definition", "selection"), NULLS.values(), ids=NULLS)
def test_the_error_stands_at_the_field_and_its_siblings_are_served(
    definition: str, selection: str
) -> None:
    text = f"query ({definition}) {{ {selection} }}"
    for way in (reference, Gateway().reply):
        data, errors, _ = run(way(text, {"n": None}, Complete(2))).split(b"\n")

        invoice = json.loads(data)["owner"]["invoice"]
        assert invoice["invoiceNo"] == "1"
        (error,) = json.loads(errors)
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        assert error["path"][:2] == ["owner", "invoice"]
        assert len(error["path"]) > 2


@pytest.mark.parametrize(
    "selection",
    ["owner(ownerNo: $n) { ownerNo }", 'owner(ownerNo: "1234") @skip(if: $c) { ownerNo }'],
)
def test_at_the_root_too_the_client_is_told_that_the_null_is_its_own(selection: str) -> None:
    definition = '$n: ID = "1"' if "$n" in selection else "$c: Boolean = true"
    text = f"query ({definition}) {{ {selection} }}"
    variables = {definition[1]: None}
    for way in (reference, Gateway().reply):
        _, errors, _ = run(way(text, variables, Complete(2))).split(b"\n")

        (error,) = json.loads(errors)
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        assert error["locations"]


USAGE = """
usageRecords(first: 2000) { ... on UsageRecordConnection {
  nodes { usageType amount { amount currencyCode @include(if: $n) } }
} }
"""
MOST = 70
RECORDS = parse("query ($n: Boolean = true) { %s }" % (BELOW % USAGE))


async def _result(executor: dict[str, Any] | None) -> ExecutionResult:
    async with Operation(Steady(1500), Bounds(max_errors=MOST), rights=EVERYTHING) as operation:
        if executor is None:
            result: Any = await planned(plan_of(RECORDS), RECORDS, {"n": None}, operation)
        else:
            result = await execute(  # type: ignore[misc]
                CORE,
                RECORDS,
                context_value=operation,
                variable_values={"n": None},
                is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]
                **executor,
            )
            result.errors = reported_errors(result.errors, len(result.errors), MOST)
        assert isinstance(result, ExecutionResult)
        return result


@pytest.mark.parametrize("by_plan", [True, False])
def test_of_very_many_errors_the_first_ones_are_told_and_how_many_there_are(by_plan: bool) -> None:
    result = run(_result(None if by_plan else {"executor_class": PacedExecutor}))
    naive = run(_result({"executor_class": SCHEMA.execution_context_class}))

    assert result.data == naive.data
    assert [error.formatted for error in result.errors] == [
        error.formatted for error in naive.errors
    ]
    (*_, last) = format_errors(result.errors, "one id for all", executed=True)
    assert last == {
        "message": (
            "There are 1500 errors; the first 70 are told (GATEWAY_MAX_ERRORS). The fields of the "
            "others are null too."
        ),
        "extensions": {
            "code": "ERRORS_LEFT_OUT",
            "limit": {"GATEWAY_MAX_ERRORS": MOST},
            "measured": 1500,
            "supportId": "one id for all",
        },
    }


def test_a_null_condition_is_found_once_for_all_records() -> None:
    result = run(_result(None))

    assert len({id(error.original_error) for error in result.errors[:-1]}) == 1


def test_what_is_kept_of_a_null_condition_holds_nothing_of_a_request() -> None:
    plan = plan_of(RECORDS)

    async def ask() -> None:
        async with Operation(Steady(2), Bounds(), rights=EVERYTHING) as operation:
            await planned(plan, RECORDS, {"n": None}, operation)

    run(ask())

    selections = plan.projections.selections({"n": None}, lambda _: {})
    (error,) = [one.error for one in selections.below.values() if one.error]
    assert error.__traceback__ is None
    assert error.__context__ is None
