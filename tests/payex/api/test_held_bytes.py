"""The bytes that answers take in memory: who may take more, and when they are given back."""

import gc
from collections.abc import Hashable
from contextlib import suppress
from typing import Any
from weakref import ref

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.payex.api.faults import Fault, FaultCode
from resolvers.payex.api.held_bytes import AnswerBytes, OperationBytes, ProcessBytes, weight
from resolvers.payex.api.intake import BYTES_PER_ARRIVED_BYTE, Intake

LIMIT = 1000
OF_OPERATION = 400


def process() -> ProcessBytes:
    """Return the bytes of a process that holds nothing."""
    return ProcessBytes(LIMIT, OF_OPERATION)


def refusal(operation: OperationBytes, more: int) -> Fault:
    """Return why an operation may not take more."""
    with pytest.raises(Fault) as refused:
        operation.take(more)
    return refused.value


def test_an_operation_that_is_alone_may_take_all_that_an_operation_may() -> None:
    operation = process().operation("a")
    operation.take(OF_OPERATION)
    fault = refusal(operation, 1)
    assert fault.code is FaultCode.OPERATION_BYTES_LIMIT
    assert fault.limit == {"GATEWAY_OPERATION_BYTES": OF_OPERATION}
    assert fault.measured == OF_OPERATION + 1
    assert operation.held == OF_OPERATION


def test_an_operation_takes_no_more_than_it_leaves_free() -> None:
    held = process()
    held.operation("a").take(400)
    late = held.operation("b")
    assert refusal(late, 301).code is FaultCode.PROCESS_BYTES_LIMIT
    assert refusal(held.operation(), 301).code is FaultCode.PROCESS_BYTES_LIMIT
    late.take(300)
    fault = refusal(late, 1)
    assert fault.code is FaultCode.PROCESS_BYTES_LIMIT
    assert fault.limit == {"GATEWAY_PROCESS_BYTES": LIMIT}
    assert fault.measured == 701
    assert held.used == 700


def test_who_asks_for_too_much_is_refused_and_not_its_neighbours() -> None:
    held = process()
    large, small = held.operation("a"), held.operation("b")
    large.take(OF_OPERATION)
    refusal(large, 1)
    small.take(100)


def test_operations_of_one_caller_share_what_others_leave_only_while_there_are_others() -> None:
    held = process()
    held.operation("a").take(400)
    held.operation("a").take(300)
    held.operation("a").take(100)
    other = held.operation("b")
    other.take(1)
    assert refusal(held.operation("a"), 1).code is FaultCode.PROCESS_BYTES_LIMIT
    other.give_back(1)
    held.operation("a").take(1)


def test_what_is_decoded_is_held_while_more_arrives_and_all_of_it_at_the_end() -> None:
    intake = Intake(operation=ProcessBytes().operation())
    intake.arrive(700)
    intake.forget(0)
    assert (intake.held.size, intake.arrived) == (0, 0)
    intake.arrive(1000)
    intake.decode(1000, 500, 0)
    held = intake.held.size
    intake.arrive(10)

    assert held == 1000 + weight(500, 1000)
    assert intake.held.size == held + 10 * BYTES_PER_ARRIVED_BYTE
    intake.decode(10, 1, 0)
    assert intake.end().size == weight(501, 1010)


def test_nothing_is_kept_of_a_caller_that_holds_nothing() -> None:
    class Caller:
        """Anybody."""

    held, caller = process(), Caller()
    known = ref(caller)
    operation = held.operation(caller)
    operation.take(100)
    operation.give_back(100)
    del caller, operation

    gc.collect()
    assert known() is None


def test_callers_that_are_not_known_are_each_for_themselves() -> None:
    held = process()
    for size in (400, 300, 100):
        held.operation().take(size)
    held.operation().take(1)


@pytest.mark.parametrize("caller", ["a", None])
def test_the_bytes_of_an_answer_are_given_back_when_nobody_holds_it(caller: Hashable) -> None:
    held = process()
    operation = held.operation(caller)
    answer, same = AnswerBytes(operation), None
    answer.grow_to(100)
    answer.grow_to(50)
    assert (held.used, operation.held) == (100, 100)
    answer.shrink_to(60)
    answer.shrink_to(70)
    same = answer
    del answer
    assert (held.used, operation.held, same.size) == (60, 60, 60)
    gc.disable()
    try:
        del same
        assert (held.used, operation.held) == (0, 0)
    finally:
        gc.enable()


def test_an_answer_that_several_hold_counts_once_for_the_process_and_for_each_of_them() -> None:
    held = process()
    first, second = held.operation("a"), held.operation("b")
    answer = AnswerBytes(first)
    answer.grow_to(300)
    second.share(answer)
    assert (held.used, first.held, second.held) == (300, 300, 300)
    with pytest.raises(Fault) as refused:
        second.share(answer)
    assert refused.value.code is FaultCode.OPERATION_BYTES_LIMIT
    assert refused.value.measured == 600


@given(st.data())
def test_whatever_is_taken_there_is_room_for_whoever_comes_next(data: st.DataObject) -> None:
    """The process never holds more than its bound, and a newcomer has half of what is free."""
    held = process()
    callers = st.sampled_from(["a", "b", None])
    operations: list[OperationBytes] = []
    steps: Any = st.lists(st.tuples(st.integers(0, 5), callers, st.integers(0, 500)), max_size=20)
    for place, caller, more in data.draw(steps):
        if place >= len(operations):
            operations.append(held.operation(caller))
        operation = operations[place % len(operations)]
        with suppress(Fault):
            operation.take(more)
        assert operation.held <= OF_OPERATION
    assert held.used == sum(operation.held for operation in operations) <= LIMIT
    newcomer = held.operation("new")
    newcomer.take(min(OF_OPERATION, (LIMIT - held.used) // 2))


def test_a_caller_beside_others_holds_up_to_twice_of_what_is_left_free() -> None:
    process = ProcessBytes(100)
    process.operation("other").take(10)
    process.operation("one").take(30)
    process.operation("one").take(20)
    with pytest.raises(Fault):
        process.operation("one").take(20)
