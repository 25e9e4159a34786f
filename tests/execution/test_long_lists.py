"""Long lists: whoever executes the operation, the loop gets its turns, and the time is kept."""

import asyncio
import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any, cast

import pytest
from graphql import ExecutionResult, GraphQLError, VariableValues, execute, parse

from gateway.execution.paced_executor import PacedExecutor
from gateway.execution.plan import Fall, FallReason
from resolvers.bounds import Bounds
from resolvers.budget import BudgetError
from resolvers.operation import Operation
from resolvers.payex.api.answers import Answer, CallContext
from resolvers.payex.api.faults import Fault, FaultCode
from resolvers.payex.api.held_bytes import ProcessBytes
from resolvers.payex.api.routes import Kind, Route
from resolvers.payex.api.turns import SLICE, Turns
from resolvers.payex.api.work import Work
from resolvers.rights import EVERYTHING
from schema.internals import optimized_is_awaitable
from tests.execution.both_executors import CORE, plan_of, shown
from tests.execution.made_up_payex import Steady

COUNT = 6 * SLICE
# Where no more objects of a list are completed without a turn.
FEW = 50


def on_invoice(selection: str) -> str:
    """Return an operation that selects this of an invoice."""
    return f"""{{ owner(ownerNo: "1234") {{ invoice(invoiceNo: "55") {{ ... on Invoice {{
      {selection}
    }} }} }} }}"""


def on_subscription(selection: str) -> str:
    """Return an operation that selects this of a subscription."""
    fields = f"... on UsageSubscription {{ {selection} }}"
    return on_invoice(f'subscription(subscriptionNo: "70") {{ {fields} }}')


def records(field: str = "nodes { usageType amount { amount } }", first: int = COUNT) -> str:
    """Return an operation that asks for many records."""
    page = f"... on UsageRecordConnection {{ totalCount {field} }}"
    return on_subscription(f"usageRecords(first: {first}) {{ {page} }}")


async def by_plan(text: str, operation: Operation) -> Any:
    """Execute an operation by its plan."""
    return await plan_of(parse(text)).answer(operation, VariableValues({}, {}))


async def by_core(text: str, operation: Operation) -> Any:
    """Execute an operation by graphql-core, field by field."""
    result: Any = execute(
        CORE,
        parse(text),
        context_value=operation,
        executor_class=PacedExecutor,
        is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]
    )
    return await result


Way = Callable[[str, Operation], Any]
WAYS = pytest.mark.parametrize("way", [by_plan, by_core])


class Odd(Steady):
    """A PayEx of which the last usage record has what no field can give out."""

    async def answer(self, route: Route, wave: int, context: CallContext) -> Answer:
        """Answer at once."""
        answer = await super().answer(route, wave, context)
        if route.kind is Kind.DETAILS:
            cast("Any", answer.outcome).items[-1].usage_type = []
        return answer


def operation(
    count: int = COUNT,
    *,
    seconds: float = math.inf,
    budget: float = math.inf,
    longest: float = 0,
    of: type[Steady] = Steady,
) -> Operation:
    """Return an operation for which the event loop is always due a turn."""
    payex = of(count)
    payex.turns = Turns(longest=longest)
    bounds = Bounds(budget=budget)
    return Operation(payex, bounds, rights=EVERYTHING, seconds=seconds)


async def turns_of(work: Any) -> tuple[Any, int]:
    """Return the result of some work, and how often the event loop came around meanwhile."""
    count = 0

    async def beat() -> None:
        nonlocal count
        while True:
            count += 1
            await asyncio.sleep(0)

    heart = asyncio.create_task(beat())
    try:
        return await work, count
    finally:
        heart.cancel()


@WAYS
@pytest.mark.parametrize("field", ["nodes { usageType }", "edges { cursor node { usageType } }"])
async def test_a_long_list_is_the_same_with_turns_and_without(way: Way, field: str) -> None:
    text = records(field)
    async with operation(longest=math.inf) as hasty, operation() as patient:
        # What graphql-core does takes turns whether it has to or not.
        expected = await by_core(text, hasty)
        found = await way(text, patient)

    assert (shown(found.data), found.errors) == (expected.data, None)


@pytest.mark.parametrize("count", [2, COUNT])
async def test_a_list_with_an_odd_value_is_left_to_graphql_core(count: int) -> None:
    text = records("nodes { usageType }")
    async with operation(count, of=Odd) as each, operation(count, of=Odd) as other:
        assert await by_plan(text, each) == Fall(FallReason.VALUE)
        result = await by_core(text, other)

    assert [error.path[-2:] for error in result.errors] == [[count - 1, "usageType"]]


@WAYS
async def test_the_event_loop_comes_around_between_the_slices_of_a_list(way: Way) -> None:
    async with operation(FEW) as short, operation() as long:
        _, few = await turns_of(way(records(), short))
        _, many = await turns_of(way(records(), long))

    assert many - few >= COUNT / SLICE - 1


@WAYS
async def test_what_is_short_takes_no_turn_that_is_not_due(way: Way) -> None:
    async with operation(1, longest=math.inf) as one, operation(FEW, longest=math.inf) as few:
        _, least = await turns_of(way(records(), one))
        _, turns = await turns_of(way(records(), few))

    assert turns == least


@WAYS
async def test_writing_ends_with_the_operations_time(way: Way) -> None:
    """It is the list, and not the answer, that is missing then."""
    async with operation(seconds=0) as late:
        result = await way(records(), late)

    (error,) = result.errors
    assert isinstance(error, GraphQLError)
    assert isinstance(error.original_error, Fault)
    assert error.original_error.code is FaultCode.DEADLINE_EXCEEDED


@WAYS
async def test_writing_ends_with_the_operations_budget(way: Way) -> None:
    async with operation(budget=COUNT) as poor:
        with pytest.raises(BudgetError), poor.budget:
            await way(records(), poor)

    assert poor.budget.spent[Work.WRITTEN] < 2 * COUNT


@WAYS
async def test_each_object_and_field_that_is_written_is_paid_for(way: Way) -> None:
    async with operation() as narrow, operation() as wide, operation(COUNT // 2) as half:
        for each, field in (
            (narrow, "nodes { usageType }"),
            (wide, "nodes { usageType amount { amount currencyCode } destination vatRate }"),
            (half, "nodes { usageType }"),
        ):
            assert isinstance(await way(records(field), each), ExecutionResult)
    price = narrow.budget.spent[Work.WRITTEN]

    assert price > COUNT / 2
    assert wide.budget.spent[Work.WRITTEN] > 2 * price
    assert half.budget.spent[Work.WRITTEN] < 0.6 * price


class Units(Steady):
    """A PayEx of which each usage record has a volume code of its own."""

    async def answer(self, route: Route, wave: int, context: CallContext) -> Answer:
        """Answer at once."""
        answer = await super().answer(route, wave, context)
        if route.kind is Kind.DETAILS:
            for number, item in enumerate(cast("Any", answer.outcome).items):
                item.charged_volume, item.volume_code = Decimal(1), f"u{number}"
        return answer


def volumes(aliases: int) -> str:
    """Return an operation that asks for the volumes of one group so many times over."""
    fields = " ".join(f"a{number}: chargedVolumes {{ value }}" for number in range(aliases))
    return on_subscription(f"usageTotals {{ ... on UsageTotals {{ groups {{ {fields} }} }} }}")


@WAYS
@pytest.mark.parametrize("count", [FEW // 2, COUNT])
async def test_each_element_of_a_list_within_a_list_is_paid_for(way: Way, count: int) -> None:
    """The totals of one group have a volume for each unit that PayEx counts in."""
    turns = 0
    async with operation(count, of=Units) as once, operation(count, of=Units) as often:
        for aliases, each in ((1, once), (11, often)):
            found, turns = await turns_of(way(volumes(aliases), each))
            if isinstance(found, Fall):
                found, turns = await turns_of(by_core(volumes(aliases), each))
            assert not found.errors
    more = often.budget.spent[Work.WRITTEN] - once.budget.spent[Work.WRITTEN]

    assert more > 10 * count
    assert turns > 10 * count / SLICE


@pytest.mark.parametrize(("count", "longest"), [(COUNT, 0), (SLICE, 1000)])
async def test_what_is_written_counts_to_the_bytes_that_an_operation_may_hold(
    count: int, longest: float
) -> None:
    """PayEx's own JSON may be asked for many times over."""
    async with operation(count, longest=longest) as poor:
        poor.payex.held = ProcessBytes(of_operation=count * 500)
        result = await by_plan(records("nodes { raw other: raw third: raw }", first=count), poor)

    (error,) = result.errors
    assert error.original_error.code is FaultCode.OPERATION_BYTES_LIMIT


@WAYS
@pytest.mark.parametrize("on", [on_invoice, on_subscription])
async def test_so_does_the_json_of_a_single_object(way: Way, on: Callable[[str], str]) -> None:
    text = on("raw other: raw third: raw")
    async with operation(1) as poor:
        poor.payex.held = ProcessBytes(of_operation=250)
        result = await way(text, poor)

    (error,) = result.errors
    assert error.path[-1] == "third"
    assert error.original_error.code is FaultCode.OPERATION_BYTES_LIMIT


async def test_a_cursor_is_paid_for_by_the_digest_that_it_takes() -> None:
    """It takes far longer than to write the rest of a small object."""
    async with operation() as without, operation() as with_cursors:
        await by_plan(records("edges { node { usageType } }"), without)
        await by_plan(records("edges { cursor node { usageType } }"), with_cursors)

    assert with_cursors.budget.spent[Work.WRITTEN] > 4 * without.budget.spent[Work.WRITTEN]


async def test_functions_are_paid_for_when_they_are_compiled_by_their_fields() -> None:
    """The next request has them."""
    spent = []
    for field in ("nodes { usageType }", "nodes { usageType amount { amount } destination }"):
        plan = plan_of(parse(records(field, first=1)))
        for _ in range(2):
            async with operation(1) as each:
                await plan.answer(each, VariableValues({}, {}))
            spent.append(each.budget.spent.get(Work.DOCUMENT, 0))

    narrow, again, wide, wide_again = spent
    assert wide > narrow > again == wide_again == 0
