"""Whether an invoice, a customer or a subscription is there: proven by as few calls as can be.

A *gate* is a field that answers with an object or with the problem that there is none. It starts
all calls whose numbers the query below it gives, and lets their answers decide: usage details of a
subscription prove its invoice as well. Only where they leave the question open, the gate asks by
itself.
"""

import asyncio
import enum
from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import Any

from resolvers.gathering import Wanted, start
from resolvers.look_ahead import LookAhead
from resolvers.nodes import HolderNode, SubscriptionNode
from resolvers.operation import Operation
from resolvers.payex.api.answers import Answer
from resolvers.payex.api.faults import Fault
from resolvers.payex.api.numbers import number_error
from resolvers.payex.api.problems import ABOUT_THE_HOLDER, Problem, ProblemType, argument_problem
from resolvers.payex.api.routes import Holder, Kind
from resolvers.prefetch import HolderNeeds, SubscriptionNeeds, holder_needs, subscription_needs
from resolvers.rights import unseen
from resolvers.usage_selection import start_bases


class _Verdict(enum.Enum):
    """What the answer of a deeper route says of the object in question."""

    PROVEN = enum.auto()
    REFUTED = enum.auto()
    OPEN = enum.auto()


_Question = Coroutine[Any, Any, Answer]


async def find_holder(
    operation: Operation, below: LookAhead, holder: Holder, *path: str
) -> HolderNode | Problem:
    """Return the invoice or customer, or the problem that PayEx tells of it.

    One that the caller does not see is answered without a call, whether it is there or not, so
    that neither the answer nor the time it takes tells which.

    Args:
        operation: what to ask through.
        below: looks below the field that answers with it.
        holder: which one.
        path: where its number stands in the field's arguments; PayEx's name of it if omitted.

    Raises:
        Fault: PayEx could not be asked.
    """
    path = path or (holder.parameter,)
    if error := number_error(holder.parameter, holder.number, *path):
        return argument_problem(error)
    if not operation.rights.sees(holder):
        return unseen(holder)
    needs = holder_needs(below, holder, operation.pages)
    deeper = list(_below(operation, holder, needs))

    def ask(after: int) -> _Question:
        return operation.routes.demand(operation.payex.routes.of(holder, Kind.HOLDER), after)

    def judge(problem: Problem) -> _Verdict:
        if problem.kind in ABOUT_THE_HOLDER:
            return _Verdict.REFUTED
        if problem.kind is ProblemType.SUBSCRIPTION_NOT_FOUND:
            return _Verdict.PROVEN
        blamed = problem.blames("ownerNo", holder.parameter)
        return _Verdict.REFUTED if blamed else _Verdict.OPEN

    gate = _Gate(operation, deeper, ask, judge)
    found = await gate.decide(asks_itself=needs.own_call)
    if isinstance(found, Problem):
        return found.placed({holder.parameter: path})
    return HolderNode(holder, found)


async def find_subscription(
    operation: Operation, below: LookAhead, parent: HolderNode, number: str
) -> SubscriptionNode | Problem:
    """Return the subscription, or the problem that PayEx tells of it.

    The parent is one that the caller sees: whoever made its node has looked.

    Raises:
        Fault: PayEx could not be asked.
    """
    if error := number_error("subscriptionNo", number, "subscriptionNo"):
        return argument_problem(error)
    holder = parent.holder
    needs = subscription_needs(below, holder, number, operation.pages)
    deeper = list(_usage(operation, holder, number, needs, parent.wave))
    start_bases(operation, needs.bases)

    def ask(after: int) -> _Question:
        operation.stats.demand()
        return operation.subscriptions.answer(holder, number, max(after, parent.wave))

    def judge(problem: Problem) -> _Verdict:
        if problem.kind in {*ABOUT_THE_HOLDER, ProblemType.SUBSCRIPTION_NOT_FOUND}:
            return _Verdict.REFUTED
        blamed = problem.blames("ownerNo", holder.parameter, "subscriptionNo")
        return _Verdict.REFUTED if blamed else _Verdict.OPEN

    gate = _Gate(operation, deeper, ask, judge)
    found = await gate.decide(asks_itself=needs.own_call)
    if isinstance(found, Problem):
        return found.placed({"subscriptionNo": ("subscriptionNo",)}).of_subscription(number)
    return SubscriptionNode(holder, number, found)


def _below(operation: Operation, holder: Holder, needs: HolderNeeds) -> Iterator[_Question]:
    for kind in needs.listed_usage:
        operation.begin(start(operation, Wanted(holder), kind))
    start_bases(operation, needs.bases)
    if needs.listed:
        listed = operation.payex.routes.of(holder, Kind.SUBSCRIPTIONS)
        yield operation.routes.answer(listed)
    for number, wanted in needs.subscriptions.items():
        start_bases(operation, wanted.bases)
        yield from _usage(operation, holder, number, wanted)
        if wanted.own_call:
            yield operation.subscriptions.answer(holder, number)


def _usage(
    operation: Operation, holder: Holder, number: str, needs: SubscriptionNeeds, after: int = 0
) -> Iterator[_Question]:
    kinds = ((needs.details, Kind.DETAILS), (needs.summaries, Kind.SUMMARIES))
    for needed, kind in kinds:
        if needed:
            route = operation.payex.routes.of(holder, kind, number)
            yield operation.routes.answer(route, after)


class _Gate:
    """Decides by the answers of deeper routes, and asks for the object itself if it must.

    Args:
        operation: whose tasks carry the questions.
        deeper: the questions below the object that the query asks anyway.
        ask: asks for the object itself, after a given wave. Its problem is final.
        judge: what a deeper route's problem says of the object.
    """

    def __init__(
        self,
        operation: Operation,
        deeper: Sequence[_Question],
        ask: Callable[[int], _Question],
        judge: Callable[[Problem], _Verdict],
    ) -> None:
        self._operation = operation
        self._deeper = deeper
        self._ask = ask
        self._judge = judge

    async def decide(self, *, asks_itself: bool) -> Problem | int:
        """Return the problem, or the wave after which the object is known to be there.

        A refutation is returned at once; otherwise all answers are awaited, so that where a
        problem shows does not depend on which answer came first.

        Args:
            asks_itself: whether to ask for the object from the start.

        Raises:
            Fault: nothing was proven, and PayEx could not be asked.
        """
        answers = await self._asked(self._ask(0) if asks_itself else None)
        if isinstance(answers, Problem):
            return answers
        wave = max((answer.wave for answer in answers), default=0)
        if any(self._proves(answer) for answer in answers) or not answers:
            return wave
        for answer in answers:
            fault = answer.outcome
            # An object that was asked for itself has no one left to ask; nor has one whose ledger
            # or network fails.
            if isinstance(fault, Fault) and (asks_itself or not fault.of_one_answer):
                raise fault
        last = await self._ask(wave)
        if isinstance(last.outcome, Fault):
            raise last.outcome
        return last.outcome if isinstance(last.outcome, Problem) else last.wave

    async def _asked(self, own: _Question | None) -> list[Answer] | Problem:
        """Return all answers, or the problem that there is no such object as soon as it is told."""
        questions = [*self._deeper, own] if own else self._deeper
        if len(questions) == 1:
            # What is alone needs no task.
            answer = await questions[0]
            return self._refutation(answer, is_own=bool(own)) or [answer]
        tasks = {self._operation.spawn(question): question is own for question in questions}
        answers = []
        while tasks:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in [task for task in tasks if task.done()]:
                answer = task.result()
                if problem := self._refutation(answer, is_own=tasks.pop(task)):
                    return problem
                answers.append(answer)
        return answers

    def _refutation(self, answer: Answer, *, is_own: bool) -> Problem | None:
        problem = answer.outcome
        if isinstance(problem, Problem) and (is_own or self._judge(problem) is _Verdict.REFUTED):
            return problem
        return None

    def _proves(self, answer: Answer) -> bool:
        match answer.outcome:
            case Problem() as problem:
                return self._judge(problem) is _Verdict.PROVEN
            case Fault():
                return False
            case _:
                return True
