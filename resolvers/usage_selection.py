"""A selection of usage records: the gate to it, and what is listed, summed or compared of it."""

from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from resolvers.comparison import Comparison, compared
from resolvers.gathering import Gathered, Wanted, gather, number_errors, start, wanted_of
from resolvers.look_ahead import LookAhead
from resolvers.nodes import HolderNode, SubscriptionNode
from resolvers.operation import Operation
from resolvers.ordering import Direction, OrderField, order
from resolvers.pages import Page, PageArguments
from resolvers.payex.api.argument_errors import ArgumentError, ArgumentErrorCode
from resolvers.payex.api.numbers import number_error
from resolvers.payex.api.problems import Problem, argument_problem
from resolvers.payex.api.records import UsageRecord
from resolvers.payex.api.routes import Billing, Holder, Kind
from resolvers.payex.api.turns import SLICE, Steps, slices
from resolvers.record_filter import RecordFilter
from resolvers.rights import unseen
from resolvers.total_order import TotalOrder, Totals, arranged
from resolvers.totals import Group, Sums, sums

_ALL: Final = RecordFilter()

# Microseconds (measured): to put a record of one subscription behind those of another. So many are
# put there at once.
_JOINED: Final = 0.02
_AT_ONCE: Final = 20 * SLICE

Order = tuple[OrderField, Direction]


@dataclass(frozen=True, slots=True)
class UsageSelection:
    """The records that a filter selects of some subscriptions' usage.

    Attributes:
        wanted: whose usage.
        conditions: the filter.
        gathered: the usage.
    """

    wanted: Wanted
    conditions: RecordFilter
    gathered: Gathered

    @property
    def key(self) -> Hashable:
        """What tells the selection from others of the operation."""
        return tuple(part.route for part in self.gathered.parts), self.conditions

    @property
    def as_of(self) -> float:
        """When the oldest part was fetched, in seconds since 1970."""
        return self.gathered.fetched

    @property
    def subscription_count(self) -> int:
        """How many subscriptions were searched."""
        return len(self.gathered.parts)

    @property
    def covers_all_subscriptions(self) -> bool:
        """Whether every subscription of the invoice or customer was searched."""
        return self.wanted.numbers is None and self.wanted.node is None


def bases(below: LookAhead, wanted: Wanted) -> Iterator[Wanted]:
    """Yield what a `UsageSelection` is compared with.

    Args:
        below: looks below the field that answers with it.
        wanted: whose usage it is.
    """
    for selected in below.fields("UsageSelection"):
        match selected.name, selected.arguments():
            case "comparedTo", dict(arguments):
                number, limit = arguments["invoiceNo"], arguments.get("limitPerCurrency")
                if not comparison_errors(wanted, number, limit):
                    yield base_of(wanted, number)


def start_bases(operation: Operation, wanted: Iterable[Wanted]) -> None:
    """Start the calls of what usage is compared with, as far as the caller sees it."""
    for base in wanted:
        if operation.rights.sees(base.holder):
            operation.begin(start(operation, base, Kind.DETAILS))


async def select(
    operation: Operation,
    below: LookAhead,
    parent: HolderNode | SubscriptionNode,
    numbers: Sequence[str] | None,
    conditions: RecordFilter,
) -> UsageSelection | Problem:
    """Return the records that meet the conditions, or the problem that there is no usage.

    Args:
        operation: what to ask through.
        below: looks below the field that answers with it.
        parent: whose usage.
        numbers: only these of its subscriptions; all of them if None.
        conditions: the filter.

    Raises:
        RequestError: `TOO_MANY_SUBSCRIPTIONS` or `USAGE_INCOMPLETE`.
        Fault: PayEx could not be asked.
    """
    if errors := [*number_errors(numbers), *conditions.errors()]:
        return argument_problem(*errors)
    wanted = wanted_of(parent, numbers)
    start_bases(operation, bases(below, wanted))
    return await selected_of(operation, wanted, conditions)


async def selected_of(
    operation: Operation, wanted: Wanted, conditions: RecordFilter, *, may_lack: bool = False
) -> UsageSelection | Problem:
    """Return the records that meet valid conditions; `may_lack` and errors are as of `gather`."""
    found = await gather(operation, wanted, Kind.DETAILS, may_lack=may_lack)
    return found if isinstance(found, Problem) else UsageSelection(wanted, conditions, found)


async def records(
    operation: Operation,
    selection: UsageSelection,
    asked: PageArguments,
    ordered: Order | None,
) -> Page[UsageRecord] | Problem:
    """Return a page of the selected records, or the problem of its arguments.

    Raises:
        Fault: the operation's time is up.
    """
    holder, node = selection.wanted.holder, selection.wanted.node
    number = node.subscription_no if node else None
    request = operation.pages.records(holder, number, asked)
    if errors := request.errors():
        return argument_problem(*errors)
    parts = selection.gathered.parts
    key = (selection.key, ordered)
    if len(parts) == 1 and selection.conditions == _ALL and ordered is None:
        listed: Sequence[UsageRecord] = parts[0].items
    else:
        listed = await operation.findings.find(key, partial(_listed, selection, ordered))
    page = key, number, asked, selection.as_of
    return await operation.cut(page, request, listed, selection.as_of)


async def record_totals(
    operation: Operation,
    selection: UsageSelection,
    by: Sequence[Group],
    ordered: TotalOrder | None,
    limit: int | None,
) -> Totals | Problem:
    """Return exact sums of the selected records, or the problem of its arguments.

    Args:
        operation: what to work for.
        selection: the records.
        by: what to group by.
        ordered: the order of the groups; that of their first records if None.
        limit: how many groups of each currency are kept; all if None.

    Raises:
        Fault: the operation's time is up.
    """
    errors = list(_limit_errors(limit))
    if limit is not None and ordered is None:
        message = "needs orderBy."
        errors.append(ArgumentError.at(ArgumentErrorCode.CONFLICT, message, "limitPerCurrency"))
    if errors:
        return argument_problem(*errors)
    found = await _sums(operation, selection, by)
    as_of = selection.as_of
    key = (selection.key, tuple(by), ordered, limit, as_of)
    return await operation.findings.find(key, partial(arranged, found, by, ordered, limit, as_of))


def base_of(wanted: Wanted, invoice_no: str) -> Wanted:
    """Return the usage that a selection is compared with: the same of another invoice."""
    holder = Holder(wanted.holder.owner_no, Billing.BILLED, invoice_no)
    numbers = (wanted.node.subscription_no,) if wanted.node else wanted.numbers
    return Wanted(holder, numbers)


def comparison_errors(
    wanted: Wanted, invoice_no: str, limit: int | None = None
) -> list[ArgumentError]:
    """Return what is wrong with the arguments of a comparison."""
    error = number_error("invoiceNo", invoice_no, "invoiceNo")
    errors = [error] if error else []
    if base_of(wanted, invoice_no).holder == wanted.holder:
        message = "must not be the invoice that is compared."
        errors.append(ArgumentError.at(ArgumentErrorCode.CONFLICT, message, "invoiceNo"))
    return [*errors, *_limit_errors(limit)]


async def compare(
    operation: Operation,
    selection: UsageSelection,
    invoice_no: str,
    by: Sequence[Group],
    limit: int | None,
) -> Comparison | Problem:
    """Return how a selection differs from the same one of a base invoice, or the base's problem.

    Args:
        operation: what to ask through.
        selection: the selection.
        invoice_no: the base.
        by: what to group by.
        limit: how many changes of each currency are kept; all if None.

    Raises:
        RequestError: `TOO_MANY_SUBSCRIPTIONS` or `USAGE_INCOMPLETE`.
        Fault: PayEx could not be asked.
    """
    if errors := comparison_errors(selection.wanted, invoice_no, limit):
        return argument_problem(*errors)
    wanted = base_of(selection.wanted, invoice_no)
    if not operation.rights.sees(wanted.holder):
        return unseen(wanted.holder)
    base = await selected_of(operation, wanted, selection.conditions, may_lack=True)
    if isinstance(base, Problem):
        return base
    before = await _sums(operation, base, by)
    now = await _sums(operation, selection, by)
    as_of = min(base.as_of, selection.as_of)
    key = (base.key, selection.key, tuple(by), limit, as_of)
    return await operation.findings.find(key, partial(compared, before, now, by, limit, as_of))


async def _sums(operation: Operation, selection: UsageSelection, by: Collection[Group]) -> Sums:
    groups = frozenset(by)
    key = (selection.key, groups)
    return await operation.findings.find(key, partial(_summed, selection, groups))


def _summed(selection: UsageSelection, by: Collection[Group]) -> Steps[Sums]:
    return (yield from sums((yield from _listed(selection, None)), by))


def _listed(selection: UsageSelection, ordered: Order | None) -> Steps[Sequence[UsageRecord]]:
    parts = selection.gathered.parts
    if len(parts) == 1:
        only = yield from selection.conditions.select(parts[0].items)
        return (yield from order(only, *ordered)) if ordered else only
    listed: list[UsageRecord] = []
    for part in parts:
        selected = yield from selection.conditions.select(part.items)
        for some in slices(selected, _AT_ONCE):
            yield len(some) * _JOINED
            listed += some
    return (yield from order(listed, *ordered)) if ordered else listed


def _limit_errors(limit: int | None) -> Sequence[ArgumentError]:
    if limit is None or limit >= 1:
        return ()
    message = f"must be at least 1; it is {limit}."
    return [ArgumentError.at(ArgumentErrorCode.OUT_OF_RANGE, message, "limitPerCurrency")]
