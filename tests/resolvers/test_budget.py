"""The budget of an operation: what is spent of it, and how it ends what is done within it."""

import asyncio
import math
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.budget import Budget, BudgetError, SharedBudget, UsedUpError
from resolvers.payex.api.work import Work

PIECES = st.lists(st.tuples(st.sampled_from(Work), st.integers(0, 100)), max_size=20)


@given(st.integers(1, 500), PIECES)
def test_it_can_be_spent_to_the_last_unit_and_nothing_after_that(
    limit: int, pieces: list[tuple[Work, int]]
) -> None:
    budget = Budget(limit)
    total = 0
    for what, units in pieces:
        total += units
        if total <= limit:
            budget.spend(what, units)
        else:
            with pytest.raises(UsedUpError):
                budget.spend(what, units)
        assert budget.used_up == (total > limit)
    assert budget.total == total


@given(PIECES)
def test_it_knows_what_it_was_spent_on_whoever_has_spent_it(
    pieces: list[tuple[Work, int]],
) -> None:
    budget = Budget()
    shared = SharedBudget(budget)
    for number, (what, units) in enumerate(pieces):
        (shared if number % 2 else budget).spend(what, units)

    assert budget.spent == {
        what: sum(units for kind, units in pieces if kind is what) for what in dict(pieces)
    }
    if pieces:
        assert budget.dearest
        assert budget.spent[budget.dearest] == max(budget.spent.values())


def test_what_is_not_bounded_is_never_used_up() -> None:
    budget = Budget()
    budget.spend(Work.READ, 1e12)

    assert budget.limit == math.inf
    assert not budget.used_up


async def test_work_that_uses_it_up_ends_there() -> None:
    budget, reached = Budget(10), []

    def work() -> None:
        for units in (10, 1, 0):
            budget.spend(Work.READ, units)
            reached.append(units)

    with pytest.raises(BudgetError) as ended, budget:
        work()
    assert reached == [10]
    assert ended.value.budget is budget


async def test_a_task_that_uses_it_up_ends_the_whole() -> None:
    """No field can report it: it passes through whatever takes in exceptions."""
    budget = Budget(10)

    async def field() -> str:
        try:
            budget.spend(Work.SELECTED, 11)
        except Exception:  # noqa: BLE001 - as an executor does
            return "reported"
        return "answered"

    with pytest.raises(BudgetError), budget:
        await asyncio.gather(field(), asyncio.Event().wait(), return_exceptions=True)
    assert (task := asyncio.current_task())
    assert not task.cancelling()


async def test_a_call_that_others_may_wait_for_goes_on_and_the_operation_ends() -> None:
    budget = Budget(10)

    async def call() -> str:
        SharedBudget(budget).spend(Work.READ, 11)
        return "answer"

    shared = asyncio.create_task(call())
    with pytest.raises(BudgetError), budget:
        await asyncio.Event().wait()
    assert await shared == "answer"


async def test_it_ends_what_has_just_been_answered_as_well() -> None:
    budget = Budget(10)
    with pytest.raises(BudgetError), budget:
        SharedBudget(budget).spend(Work.READ, 11)


async def test_after_its_end_nothing_is_cancelled() -> None:
    """Tasks of the operation may go on for a moment, while its reply is made."""
    budget = Budget(10)
    with pytest.raises(BudgetError), budget:
        budget.spend(Work.READ, 11)
    with pytest.raises(UsedUpError):
        budget.spend(Work.READ, 1)
    await asyncio.sleep(0)


async def test_who_is_cancelled_by_somebody_else_is_cancelled() -> None:
    budget, entered = Budget(10), asyncio.Event()

    async def operation() -> None:
        with budget:
            entered.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(operation())
    await entered.wait()
    task.cancel()
    budget.charge(Work.READ, 11)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()


async def test_an_error_of_the_work_is_the_works() -> None:
    budget = Budget(10)
    SharedBudget(budget).spend(Work.READ, 11)
    with pytest.raises(ValueError, match="its own"), budget:
        raise ValueError("its own")


async def test_a_task_that_was_cancelled_before_ends_with_its_budget_all_the_same() -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    with suppress(asyncio.CancelledError):
        await asyncio.sleep(0)
    budget = Budget(1)
    asyncio.get_running_loop().call_soon(budget.charge, Work.READ, 2)
    with pytest.raises(BudgetError), budget:
        await asyncio.Event().wait()
    assert task.uncancel() == 0
