"""Usage gathered: of one subscription, of some, or of all that an invoice or customer has.

It is all there, or none of it: a sum over a part would be taken for the sum over all.
"""

import math
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

from resolvers.errors import ErrorCode, Excess, RequestError
from resolvers.nodes import HolderNode, SubscriptionNode
from resolvers.operation import Operation
from resolvers.payex.api.answers import Answer
from resolvers.payex.api.argument_errors import ArgumentError, ArgumentErrorCode
from resolvers.payex.api.faults import Fault, FaultCode
from resolvers.payex.api.numbers import number_error
from resolvers.payex.api.problems import ABOUT_THE_HOLDER, Problem, ProblemType
from resolvers.payex.api.records import ELEMENT, NUMBER, ItemList
from resolvers.payex.api.routes import Holder, Kind, Route


class Wanted(NamedTuple):
    """Whose usage is wanted.

    Attributes:
        holder: the invoice or customer, which the caller sees.
        numbers: the subscriptions, each once; None for all of them.
        wave: when PayEx told of the holder.
        node: the one subscription, if PayEx's list or a query above has named it.
    """

    holder: Holder
    numbers: tuple[str, ...] | None = None
    wave: int = 0
    node: SubscriptionNode | None = None


def wanted_of(
    parent: HolderNode | SubscriptionNode, numbers: Sequence[str] | None = None
) -> Wanted:
    """Return whose usage a field is asked for.

    Args:
        parent: the object that it is a field of.
        numbers: the subscriptions that the client names.
    """
    if isinstance(parent, SubscriptionNode):
        return Wanted(parent.holder, wave=parent.wave, node=parent)
    return Wanted(parent.holder, distinct(numbers), parent.wave)


def distinct(numbers: Sequence[str] | None) -> tuple[str, ...] | None:
    """Return the subscriptions that a client names, each once."""
    return None if numbers is None else tuple(dict.fromkeys(numbers))


def number_errors(numbers: Sequence[str] | None) -> list[ArgumentError]:
    """Return what is wrong with the subscriptions that a client names."""
    if numbers is None:
        return []
    path = "subscriptionNos"
    if not numbers:
        return [ArgumentError.at(ArgumentErrorCode.BLANK, "is empty.", path)]
    found = (
        number_error("subscriptionNo", number, path, str(place))
        for place, number in enumerate(numbers)
    )
    return [error for error in found if error]


@dataclass(frozen=True, slots=True)
class Gathered:
    """The usage of some subscriptions.

    Attributes:
        parts: the list of each subscription, in their order.
        fetched: when the oldest part was asked for, in seconds since 1970: without any, the list of
            subscriptions; infinite if PayEx was not asked.
    """

    parts: Sequence[ItemList[Any]]
    fetched: float


class UsageIncompleteError(RequestError):
    """The usage of some subscriptions cannot be had, and part of the usage is no answer.

    Args:
        causes: why, by the codes of errors and problems, and of how many subscriptions each.
        there: of how many subscriptions it can be had.
    """

    def __init__(self, causes: Counter[str], there: int) -> None:
        missing = causes.total()
        super().__init__(
            ErrorCode.USAGE_INCOMPLETE,
            f"The usage of {missing} of {missing + there} subscriptions could not be had, and the "
            "rest is not returned as if it were all. Ask again, or for other subscriptions with "
            "`subscriptionNos`.",
        )
        self.more = {"missing": missing, "of": missing + there, "causes": dict(causes)}


async def gather(
    operation: Operation, wanted: Wanted, kind: Kind, *, may_lack: bool = False
) -> Gathered | Problem:
    """Return usage of every subscription that is wanted, or the problem that there is none.

    Args:
        operation: what to ask through.
        wanted: whose usage.
        kind: records or summaries.
        may_lack: whether a number that the holder lacks is one without usage, not a problem.

    Raises:
        RequestError: `TOO_MANY_SUBSCRIPTIONS`; `USAGE_INCOMPLETE`, some of it cannot be had.
        Fault: the list of subscriptions, or the only subscription, cannot be had.
    """
    routes = operation.payex.routes
    if (node := wanted.node) is not None:
        route = node.route(routes, kind)
        found = content(_own(route, await operation.routes.demand(route, node.wave)))
        if isinstance(found, Problem):
            return found.of_subscription(node.subscription_no)
        return Gathered([found], found.fetched)
    if (numbers := wanted.numbers) is not None:
        check_count(operation, len(numbers))
        asked = [routes.of(wanted.holder, kind, number) for number in numbers]
        answers = await operation.routes.demand_all(asked, wanted.wave)
        return _of_named(asked, answers, may_lack=may_lack)
    listed = routes.of(wanted.holder, Kind.SUBSCRIPTIONS)
    answer = await operation.routes.demand(listed, wanted.wave)
    found = content(answer)
    if isinstance(found, Problem):
        return found
    asked, causes = _routes(operation, wanted.holder, kind, found)
    answers = await operation.routes.demand_all(asked, answer.wave)
    return _of_listed(asked, answers, causes, found.fetched)


def _of_named(
    routes: Sequence[Route], answers: Sequence[Answer], *, may_lack: bool
) -> Gathered | Problem:
    """Return the usage of subscriptions that the client names, or the first problem."""
    parts, causes, problems = _sorted(routes, answers)
    for place, problem in problems.items():
        if not (may_lack and problem.kind is ProblemType.SUBSCRIPTION_NOT_FOUND):
            path = ("subscriptionNos", str(place))
            number = routes[place].subscription_no
            return problem.placed({"subscriptionNo": path}).of_subscription(number)
    return _whole(parts, causes, math.inf)


def _of_listed(
    routes: Sequence[Route], answers: Sequence[Answer], causes: Counter[str], fetched: float
) -> Gathered | Problem:
    """Return the usage of all subscriptions of a list, or the problem that the holder is gone."""
    parts, faults, problems = _sorted(routes, answers)
    for problem in problems.values():
        if problem.kind in ABOUT_THE_HOLDER:
            return problem
    # Of what PayEx has listed, any other problem is a surprise.
    told = Counter(problem.kind.name for problem in problems.values())
    return _whole(parts, causes + faults + told, fetched)


def _sorted(
    routes: Sequence[Route], answers: Sequence[Answer]
) -> tuple[list[ItemList[Any]], Counter[str], dict[int, Problem]]:
    """Return the lists, the faults by their codes, and the problems by their places."""
    parts = []
    faults: Counter[str] = Counter()
    problems: dict[int, Any] = {}
    for place, (route, answer) in enumerate(zip(routes, answers, strict=True)):
        match _own(route, answer).outcome:
            case ItemList() as found:
                parts.append(found)
            case Fault() as fault:
                faults[fault.code.value] += 1
            case problem:
                problems[place] = problem
    return parts, faults, problems


def _whole(parts: Sequence[ItemList[Any]], causes: Counter[str], fetched: float) -> Gathered:
    if causes:
        raise UsageIncompleteError(causes, len(parts))
    return Gathered(parts, min([part.fetched for part in parts], default=fetched))


async def start(operation: Operation, wanted: Wanted, kind: Kind) -> Answer:
    """Start the calls that `gather` will wait for, as soon as their numbers are known.

    Its answer says nothing: what is wrong, `gather` will tell.
    """
    wave, nothing = wanted.wave, Answer(ItemList(), 0)
    most = operation.bounds.max_subscriptions
    if wanted.numbers is not None:
        # More of them than the bound are refused.
        for number in wanted.numbers if len(wanted.numbers) <= most else ():
            operation.routes.begin(operation.payex.routes.of(wanted.holder, kind, number), wave)
        return nothing
    listed = operation.payex.routes.of(wanted.holder, Kind.SUBSCRIPTIONS)
    answer = await operation.routes.answer(listed, wave)
    if isinstance(answer.outcome, ItemList):
        with suppress(RequestError):
            for route in _routes(operation, wanted.holder, kind, answer.outcome)[0]:
                operation.routes.begin(route, answer.wave)
    return nothing


def check_count(operation: Operation, count: int) -> None:
    """Refuse to search more subscriptions than the bound.

    Raises:
        RequestError: `TOO_MANY_SUBSCRIPTIONS`.
    """
    most = operation.bounds.max_subscriptions
    if count > most:
        raise RequestError(
            ErrorCode.TOO_MANY_SUBSCRIPTIONS,
            f"There are {count} subscriptions; the usage of at most {most} is searched at once "
            "(GATEWAY_MAX_SUBSCRIPTIONS). Ask again with `subscriptionNos`, for some at a time.",
            excess=Excess("GATEWAY_MAX_SUBSCRIPTIONS", most, count),
        )


def content(answer: Answer) -> Any:
    """Return what an answer holds.

    Raises:
        Fault: it is one.
    """
    if isinstance(answer.outcome, Fault):
        raise answer.outcome
    return answer.outcome


def _routes(
    operation: Operation, holder: Holder, kind: Kind, listed: ItemList[Any]
) -> tuple[list[Route], Counter[str]]:
    """Return the routes of listed subscriptions, each once, and why some have none.

    Raises:
        RequestError: `TOO_MANY_SUBSCRIPTIONS`.
    """
    check_count(operation, len({item.number for item in listed.items}))
    routes: dict[Route, None] = {}
    causes: Counter[str] = Counter()
    for item in listed.items:
        node = SubscriptionNode(holder, item.number, item=item)
        try:
            routes[node.route(operation.payex.routes, kind)] = None
        except Fault as fault:
            causes[fault.code.value] += 1
    if nameless := sum(listed.unreadable.get(member, 0) for member in (NUMBER, ELEMENT)):
        # There is usage that nothing can be asked for by.
        causes[FaultCode.UPSTREAM_MALFORMED.value] += nameless
    return list(routes), causes


def _own(route: Route, answer: Answer) -> Answer:
    """Return an answer, unless it is another subscription's, to which a link has led."""
    found = answer.outcome
    if isinstance(found, ItemList) and found.route != route:
        hint = "The links of two subscriptions lead to the same usage."
        return Answer(Fault(FaultCode.UPSTREAM_LINK_REFUSED, hint=hint), answer.wave)
    return answer
