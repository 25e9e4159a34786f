"""What an operation finds out over its lists, and what it pays for that."""

import asyncio
import math
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any

import httpx
import pytest

from resolvers import old_fields
from resolvers.budget import UsedUpError
from resolvers.findings import Findings
from resolvers.nodes import SubscriptionNode
from resolvers.operation import Operation
from resolvers.ordering import Direction, OrderField
from resolvers.pages import PageArguments
from resolvers.payex.api.deadline import Deadline
from resolvers.payex.api.faults import Fault, FaultCode
from resolvers.payex.api.routes import Billing, Holder
from resolvers.payex.api.turns import Pace, Steps, Turns
from resolvers.payex.api.work import Work
from resolvers.record_filter import RecordFilter
from resolvers.total_order import Totals
from resolvers.totals import Group

Operate = Callable[..., AbstractAsyncContextManager[Operation]]
SUBSCRIPTION = SubscriptionNode(Holder("xxx", Billing.BILLED, "1"), "70")
COUNT = 2000


def records(_request: httpx.Request) -> httpx.Response:
    """Answer with a list of records, some of which are alike."""
    items = [{"usageType": str(number % 7), "amount": number % 11} for number in range(COUNT)]
    return httpx.Response(200, json={"items": items})


async def sums(operation: Operation, **conditions: Any) -> Totals:
    """Return sums by the kind of usage."""
    found = await old_fields.totals(
        operation, SUBSCRIPTION, [Group.USAGE_TYPE], RecordFilter(**conditions)
    )
    assert isinstance(found, Totals)
    return found


def spent(operation: Operation) -> float:
    """Return what it spent on the work over records."""
    return operation.budget.spent.get(Work.SELECTED, 0)


class Finder:
    """Counts how often something is worked out, and how many do so at a time."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.at_work = self.most = 0

    def find(self, what: str) -> Steps[str]:
        """Find something out in three steps."""
        self.begun.append(what)
        self.at_work += 1
        try:
            for _ in range(3):
                self.most = max(self.most, self.at_work)
                yield 1.0
        finally:
            self.at_work -= 1
        return what.upper()


def eager(spend: Callable[[float], object] = lambda _: None) -> Findings:
    """Return findings whose work gives the loop a turn before each step."""
    pace = Pace(Turns(longest=0), Deadline(math.inf), TimeoutError)
    return Findings(pace, spend)


async def test_what_many_ask_for_is_found_out_once() -> None:
    finder, findings = Finder(), eager()

    found = await asyncio.gather(*(findings.find(key, partial(finder.find, key)) for key in "abab"))

    assert found == ["A", "B", "A", "B"]
    assert finder.begun == ["a", "b"]
    assert finder.most == 1


async def test_what_is_not_paid_for_is_not_done_and_neither_is_what_waits() -> None:
    finder = Finder()

    def refuse(_: float) -> None:
        raise UsedUpError

    findings = eager(refuse)
    for _ in range(2):
        with pytest.raises(UsedUpError):
            await findings.find("a", lambda: finder.find("a"))
    assert finder.begun == ["a", "a"]


async def test_only_so_many_findings_are_kept() -> None:
    finder, findings = Finder(), eager()
    keys = [str(number) for number in range(30)]

    for key in (*keys, keys[-1], keys[0]):
        await findings.find(key, partial(finder.find, key))

    assert finder.begun == [*keys, keys[0]]


async def test_aliases_of_the_same_sums_cost_what_one_costs(operate: Operate) -> None:
    async with operate(records) as operation:
        one = await sums(operation, usage_types=("1", "2"))
        alone = spent(operation)
        found = await asyncio.gather(*(sums(operation, usage_types=("1", "2")) for _ in range(20)))

    assert all(each is one for each in found)
    assert alone == spent(operation) > COUNT / 4


async def test_other_sums_are_paid_for(operate: Operate) -> None:
    async with operate(records) as operation:
        await sums(operation)
        alone = spent(operation)
        await sums(operation, usage_types=("1",))

    assert spent(operation) > 1.2 * alone


async def test_a_page_of_all_records_in_the_order_they_came_costs_nothing(
    operate: Operate,
) -> None:
    """The list is there; only what is written of it costs."""
    async with operate(records) as operation:
        await page(operation, RecordFilter(), None)

    assert spent(operation) == 0


async def test_pages_of_the_same_order_are_cut_of_one_list(operate: Operate) -> None:
    ordered = (OrderField.AMOUNT, Direction.DESCENDING)
    async with operate(records) as operation:
        first = await page(operation, RecordFilter(), ordered)
        alone = spent(operation)
        again = await page(operation, RecordFilter(), ordered)
        assert spent(operation) == alone > COUNT
        await page(operation, RecordFilter(), (OrderField.AMOUNT, Direction.ASCENDING))

    assert first.items == again.items
    assert spent(operation) > 1.5 * alone


async def test_to_look_for_a_cursor_is_paid_for_by_how_far_it_is(operate: Operate) -> None:
    async with operate(records) as operation:
        whole = await page(operation, RecordFilter(), None, first=COUNT)
        spends = []
        for place in (10, COUNT - 10):
            before = spent(operation)
            for _ in range(2):
                await page(operation, RecordFilter(), None, after=whole.cursor(place))
            spends.append(spent(operation) - before)

    assert spends[1] > spends[0] + COUNT > COUNT


async def test_work_over_records_ends_when_the_operations_time_is_up(operate: Operate) -> None:
    async with operate(records, seconds=0) as operation:
        with pytest.raises(Fault) as raised:
            await operation.findings.find("a", partial(Finder().find, "a"))

    assert raised.value.code is FaultCode.DEADLINE_EXCEEDED
    assert raised.value.limit == {"GATEWAY_DEADLINE": 0}


async def page(
    operation: Operation,
    wanted: RecordFilter,
    ordered: tuple[OrderField, Direction] | None,
    *,
    first: int | None = None,
    after: str | None = None,
) -> Any:
    """Return a page of records."""
    asked = PageArguments(first, after)
    return await old_fields.records(operation, SUBSCRIPTION, asked, wanted, ordered)
