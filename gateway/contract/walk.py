"""The requests of the check, in their order, and the diagnosis of each."""

import enum
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import assert_never

import msgspec

from gateway.contract.calls import Ask
from gateway.contract.diagnosis import CallOutcome, Diagnosis, diagnose, not_asked
from resolvers.payex.api.decoders import subscriptions
from resolvers.payex.api.numbers import number_message
from resolvers.payex.api.problems import ProblemType
from resolvers.payex.api.routes import Billing, Holder, Kind, Route, Routes

IMPOSSIBLE = "9" * 15
"""As long as invoice, customer and telephone numbers can be, and nobody's."""

MALFORMED = "??"
"""A question mark is not among the characters that PayEx documents for numbers."""


@dataclass(frozen=True, slots=True)
class CheckNumbers:
    """The numbers to request. They should have usage at PayEx."""

    owner_no: str
    invoice_no: str = field(repr=False)
    customer_no: str | None = field(default=None, repr=False)
    subscription_no: str | None = field(default=None, repr=False)


class Probe(enum.Enum):
    """A number that is requested to see how PayEx refuses it."""

    IMPOSSIBLE_HOLDER = enum.auto()
    MALFORMED_HOLDER = enum.auto()
    IMPOSSIBLE_SUBSCRIPTION = enum.auto()


@dataclass(frozen=True, slots=True)
class Visit:
    """One route, why it was requested, and the diagnosis."""

    route: Route
    diagnosis: Diagnosis
    probe: Probe | None = None

    @property
    def expected_problems(self) -> tuple[ProblemType, ...]:
        """The problems of which PayEx should report one; none if usage is expected."""
        billed = self.route.holder.billing is Billing.BILLED
        unknown = ProblemType.INVOICE_NOT_FOUND if billed else ProblemType.CUSTOMER_NOT_FOUND
        match self.probe:
            case None:
                return ()
            case Probe.IMPOSSIBLE_HOLDER:
                return (unknown,)
            case Probe.IMPOSSIBLE_SUBSCRIPTION:
                return (ProblemType.SUBSCRIPTION_NOT_FOUND,)
            case Probe.MALFORMED_HOLDER:
                # PayEx may search for the number without checking its form.
                return (ProblemType.VALIDATION, unknown)
            case _:
                assert_never(self.probe)


async def walk(ask: Ask, routes: Routes, numbers: CheckNumbers) -> list[Visit]:
    """Request every route once, one after the other, and return the visits."""
    return [visit async for visit in _Walk(ask, routes, numbers).visits()]


_READER = subscriptions()


def _number(raw: msgspec.Raw) -> str:
    """Return a subscription's number as the gateway reads it; empty if it cannot."""
    return _READER.one(b'{"subscriptionNo":%b}' % bytes(raw)).number


class _Walk:
    def __init__(self, ask: Ask, routes: Routes, numbers: CheckNumbers) -> None:
        self._ask = ask
        self._routes = routes
        self._numbers = numbers
        self._answered = False
        self._over = ""

    async def visits(self) -> AsyncIterator[Visit]:
        numbers = self._numbers
        billed = Holder(numbers.owner_no, Billing.BILLED, numbers.invoice_no)
        async for visit in self._holder(billed, numbers.subscription_no):
            yield visit
        unbilled = Holder(numbers.owner_no, Billing.UNBILLED, numbers.customer_no or "")
        if numbers.customer_no is None:
            for kind in Kind:
                yield Visit(self._routes.of(unbilled, kind), not_asked("give --customer"))
            return
        async for visit in self._holder(unbilled, None):
            yield visit

    async def _holder(self, holder: Holder, subscription_no: str | None) -> AsyncIterator[Visit]:
        """Visit the five routes of an invoice or a customer, then the probes."""
        top = await self._visit(holder, Kind.HOLDER)
        yield top
        unknown = ""
        if top.diagnosis.outcome is CallOutcome.PROBLEM:
            unknown = f"unknown {holder.parameter}, or without usage"
        listed = await self._visit(holder, Kind.SUBSCRIPTIONS, unless=unknown)
        yield listed
        number = subscription_no or self._pick(listed)
        if not number:
            unknown = unknown or "no subscription is known"
        single = await self._visit(holder, Kind.SUBSCRIPTION, number, unless=unknown)
        yield single
        missing = ""
        if single.diagnosis.outcome is CallOutcome.PROBLEM:
            missing = "unknown subscriptionNo"
        for kind in (Kind.DETAILS, Kind.SUMMARIES):
            yield await self._visit(holder, kind, number, unless=unknown or missing)
        for probe, wrong in (
            (Probe.IMPOSSIBLE_HOLDER, IMPOSSIBLE),
            (Probe.MALFORMED_HOLDER, MALFORMED),
        ):
            nobody = Holder(holder.owner_no, holder.billing, wrong)
            yield await self._visit(nobody, Kind.HOLDER, probe=probe)
        if top.diagnosis.outcome is CallOutcome.ANSWERED:
            probe = Probe.IMPOSSIBLE_SUBSCRIPTION
            yield await self._visit(holder, Kind.SUBSCRIPTION, IMPOSSIBLE, probe=probe)

    def _pick(self, listed: Visit) -> str:
        """Return the given number if it is listed or no list came, else the first listed one."""
        given = self._numbers.subscription_no or ""
        if listed.diagnosis.outcome is not CallOutcome.ANSWERED or listed.diagnosis.parts is None:
            return given
        items = listed.diagnosis.parts.items
        numbers = [_number(item["subscriptionNo"]) for item in items if "subscriptionNo" in item]
        numbers = [number for number in numbers if number_message("subscriptionNo", number) is None]
        return given if given in numbers else next(iter(numbers), "")

    async def _visit(
        self,
        holder: Holder,
        kind: Kind,
        subscription_no: str = "",
        *,
        unless: str = "",
        probe: Probe | None = None,
    ) -> Visit:
        route = self._routes.of(holder, kind, subscription_no)
        if reason := self._over or unless:
            return Visit(route, not_asked(reason), probe)
        diagnosis = diagnose(await self._ask(route), route)
        self._over = self._end(diagnosis)
        self._answered |= diagnosis.outcome in {CallOutcome.ANSWERED, CallOutcome.PROBLEM}
        return Visit(route, diagnosis, probe)

    def _end(self, diagnosis: Diagnosis) -> str:
        """Return why no further request is made, or an empty text."""
        match diagnosis.outcome:
            case CallOutcome.UNREACHABLE:
                return "PayEx was unreachable before"
            case CallOutcome.TIMED_OUT if not self._answered:
                return "PayEx did not answer before"
            case CallOutcome.REFUSED if not self._answered:
                return "the credentials were refused before"
            case _:
                return ""
