"""The data set: which ledgers, invoices, customers and subscriptions there are.

An invoice holds billed usage and a customer unbilled usage; either is an account here. The usage
itself is made from a subscription's tariff when somebody asks for it.
"""

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum, StrEnum
from types import MappingProxyType

from gateway.sandbox.problems import (
    CUSTOMER_NOT_FOUND,
    INVOICE_HAS_NO_USAGE,
    INVOICE_NOT_FOUND,
    INVOICE_UNDER_REVIEW,
    SandboxProblem,
)
from gateway.sandbox.tariffs import (
    LANDLINE,
    MACHINE,
    NORDIC,
    OFFICE,
    PRIVATE,
    TRAVELLER,
    Service,
)
from gateway.sandbox.usage import Period


class Kind(StrEnum):
    """The two collections of a ledger, by their path segment."""

    INVOICE = "invoices"
    CUSTOMER = "customers"


class LinkStyle(Enum):
    """What `subscriptions` of an account holds: PayEx documents its type as dynamic."""

    LINK = "a link"
    LIST = "the subscriptions themselves"
    OBJECT = "the wrapped list"
    NULL = "null"


@dataclass(frozen=True, slots=True)
class Line:
    """A subscription on an account.

    Attributes:
        number: The subscription number, 1-34 characters.
        tariff: What it uses; a service that stands there more often is used more often.
        count: How many usage records it has.
        page_size: How many records a page holds; null for all on one.
        odd: Whether some records have null, absent and unannounced members.
    """

    number: str
    tariff: Sequence[Service]
    count: int
    page_size: int | None = None
    odd: bool = False


@dataclass(frozen=True, slots=True)
class Account:
    """An invoice or a customer.

    Attributes:
        kind: Which of the two.
        number: The invoice number or the customer number, 1-15 characters.
        period: The days that its usage lies in.
        lines: Its subscriptions.
        problem: What every route under it answers instead of usage.
        link_style: What its member `subscriptions` holds.
        page_size: How many subscriptions a page of the list holds; null for all on one.
        names_itself: Whether it and its subscriptions have `@id`.
    """

    kind: Kind
    number: str
    period: Period
    lines: tuple[Line, ...] = ()
    problem: SandboxProblem | None = None
    link_style: LinkStyle = LinkStyle.LINK
    page_size: int | None = None
    names_itself: bool = True

    def line(self, number: str) -> Line | None:
        """The subscription with this number."""
        return next((line for line in self.lines if line.number == number), None)


Ledger = Mapping[tuple[Kind, str], Account]


def _month(year: int, month: int) -> Period:
    return Period(date(year, month, 1), monthrange(year, month)[1])


_EARLIER = (
    *(_month(2025, month) for month in (10, 11, 12)),
    *(_month(2026, month) for month in range(1, 10)),
)
_OCTOBER = _month(2026, 10)
_UNBILLED = Period(date(2026, 11, 1), 22)


def _invoice(number: str, *lines: Line) -> Account:
    return Account(Kind.INVOICE, number, _OCTOBER, lines)


def _customer(number: str, *lines: Line) -> Account:
    return Account(Kind.CUSTOMER, number, _UNBILLED, lines)


def _ledger(*accounts: Account) -> Ledger:
    return MappingProxyType({(account.kind, account.number): account for account in accounts})


_FAMILY = (
    Line("12345680", TRAVELLER, 50),
    Line("46701740605", PRIVATE, 50),
    Line("46701740606", PRIVATE, 50),
    Line("46846500412", LANDLINE, 50),
    Line("Router-0042", MACHINE, 50),
)
_OFFICE = tuple(Line(f"467017406{last}", OFFICE, 12) for last in range(20, 64))
_BULK = Line("46701740690", TRAVELLER, 10_000)

_MAIN = _ledger(
    _invoice("123456", *_FAMILY),
    *(
        replace(_invoice(f"1234{44 + place}", *_FAMILY), period=period)
        for place, period in enumerate(_EARLIER)
    ),
    _invoice("55", Line("70", PRIVATE, 5)),
    replace(_invoice("880044", *_OFFICE), page_size=20),
    _invoice("5600", Line("46701740681", PRIVATE, 120, page_size=50)),
    _invoice("10000", _BULK),
    _invoice("5700", Line("46701740682", TRAVELLER, 40, odd=True)),
    replace(_invoice("5800", *_FAMILY[:2]), names_itself=False),
    replace(_invoice("5901", *_FAMILY[:3]), link_style=LinkStyle.LIST),
    replace(_invoice("5902", *_FAMILY[:3]), link_style=LinkStyle.OBJECT),
    replace(_invoice("5903", *_FAMILY[:3]), link_style=LinkStyle.NULL),
    _invoice("F/2026 & 10", Line("Växel 1/2", LANDLINE, 20)),
    replace(_invoice("77"), problem=INVOICE_HAS_NO_USAGE),
    replace(_invoice("78"), problem=INVOICE_UNDER_REVIEW),
    replace(_invoice("404"), problem=replace(INVOICE_NOT_FOUND, has_instance=False)),
    _customer("9999", *_FAMILY),
    _customer("AB/12 & Å-3", Line("46701740683", OFFICE, 30), Line("Pump #4/Öst", MACHINE, 30)),
    _customer("#1 100%", Line("46313900610", LANDLINE, 15)),
    _customer("880044", *_OFFICE),
    _customer("10000", _BULK),
    _customer("1000", Line("46701740684", PRIVATE, 0)),
    _customer("1001"),
    replace(
        _customer("404"),
        problem=replace(CUSTOMER_NOT_FOUND, members={"SupportHint": "Ask for the Instance."}),
    ),
)
_SECOND = _ledger(
    _invoice(
        "123456", Line("12345680", OFFICE, 18), Line("46313900611", LANDLINE, 18, page_size=10)
    ),
    _invoice("55", Line("70", MACHINE, 7)),
    _invoice("77", Line("46701740685", OFFICE, 9)),
    _customer("9999", Line("12345680", OFFICE, 11)),
)
_NORDIC = _ledger(
    _invoice("1", Line("46406280405", NORDIC, 25), Line("46701740686", NORDIC, 25)),
    _customer("1", Line("46406280405", NORDIC, 10)),
)

LEDGERS: Mapping[str, Ledger] = MappingProxyType(
    {"1234": _MAIN, "5678": _SECOND, "4321": _NORDIC},
)
"""The accounts of every configured ledger."""

UNCONFIGURED = "9000"
"""A ledger with a token that PayEx has not configured: it answers 501."""

TOKENS: Mapping[str, str] = MappingProxyType(
    {ledger: f"sandbox-token-{ledger}" for ledger in (*LEDGERS, UNCONFIGURED)}
)
"""The bearer token of every ledger. They open nothing but the sandbox."""
