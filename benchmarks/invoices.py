"""The bodies behind the documented routes, as files that a web server can send as they are."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import msgspec

from gateway.sandbox.dice import Dice
from gateway.sandbox.ledgers import Kind
from gateway.sandbox.problems import INVOICE_NOT_FOUND, ProblemStyle
from gateway.sandbox.routes import Address, Route
from gateway.sandbox.tariffs import TRAVELLER
from gateway.sandbox.usage import Period, UsageDetail, rate_usage, summarise

OWNER = "1234"
INVOICES = [str(500_000 + number) for number in range(100)]
SUBSCRIPTIONS = [str(46_701_740_600 + number) for number in range(5)]
RECORDS = 50
"""How many records each subscription of each of these invoices has."""

GROWTH = {100: "600100", 1_000: "601000", 10_000: "610000"}
"""The invoices whose only subscription has that many records."""

MOST = "700000"
"""The invoice whose subscription has 100,000 records, in a body of 33 MB, if it is written."""
LISTS = "700016"
"""The invoice with 16 subscriptions of which each has the same ones."""

_OCTOBER = Period(date(2026, 10, 1), 31)
_ENCODER = msgspec.json.Encoder(decimal_format="number")


def write(folder: Path) -> None:
    """Write every body below a folder, at the path of its route and with the suffix `.json`."""
    for invoice in INVOICES:
        write_invoice(folder, invoice, SUBSCRIPTIONS, RECORDS)
    for count, invoice in GROWTH.items():
        write_invoice(folder, invoice, SUBSCRIPTIONS[:1], count)
    problem = INVOICE_NOT_FOUND.encode(ProblemStyle.PLAIN, "")
    (folder / "not-found.json").write_bytes(problem)


def write_most(folder: Path) -> None:
    """Write the bodies of `MOST` and of `LISTS`."""
    write_invoice(folder, MOST, SUBSCRIPTIONS[:1], 100_000)
    subscriptions = [str(46_701_741_600 + number) for number in range(16)]
    write_invoice(folder, LISTS, subscriptions, 0)
    for subscription in subscriptions:
        body = file(folder, details_of(LISTS, subscription))
        body.unlink()
        body.hardlink_to(file(folder, details_of(MOST, SUBSCRIPTIONS[0])))


def file(folder: Path, address: Address) -> Path:
    """Return the file of a route."""
    return folder / f"{address.path[1:]}.json"


def details_of(invoice: str, subscription: str) -> Address:
    """Return the address of a subscription's usage records."""
    account = Address("usage", OWNER, Kind.INVOICE, invoice)
    return account.to(Route.USAGE_DETAILS, subscription)


def write_invoice(folder: Path, number: str, subscriptions: Sequence[str], records: int) -> None:
    """Write the bodies of an invoice whose subscriptions have so many records each."""
    account = Address("usage", OWNER, Kind.INVOICE, number)
    items = [_subscription(account, subscription) for subscription in subscriptions]
    bodies: dict[Address, object] = {
        account: {
            "@id": account.path,
            "invoiceNo": number,
            "subscriptions": account.to(Route.SUBSCRIPTIONS).path,
        },
        account.to(Route.SUBSCRIPTIONS): _list(account.to(Route.SUBSCRIPTIONS), items),
    }
    for subscription, item in zip(subscriptions, items, strict=True):
        dice = Dice(number, subscription)
        details = [_short(detail) for detail in rate_usage(TRAVELLER, records, _OCTOBER, dice)]
        usage = account.to(Route.USAGE_DETAILS, subscription)
        summaries = account.to(Route.USAGE_SUMMARIES, subscription)
        bodies[account.to(Route.SUBSCRIPTION, subscription)] = item
        bodies[usage] = _list(usage, details)
        bodies[summaries] = _list(summaries, summarise(details, _OCTOBER))
    for address, body in bodies.items():
        path = file(folder, address)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_ENCODER.encode(body))


def _subscription(account: Address, number: str) -> dict[str, object]:
    return {
        "subscriptionNo": number,
        "usageDetails": account.to(Route.USAGE_DETAILS, number).path,
        "usageSummaries": account.to(Route.USAGE_SUMMARIES, number).path,
        "@id": account.to(Route.SUBSCRIPTION, number).path,
    }


def _list(address: Address, items: Sequence[object]) -> dict[str, object]:
    return {"items": items, "navigation": {"@id": address.path}}


def _short(detail: UsageDetail) -> UsageDetail:
    """Return a record whose numbers a double holds as they are written, as JavaScript reads them.

    `463.40` would be `463.4` to the peers and `463.40` to the gateway: both would be right by their
    own rules, and their answers could not be compared.
    """
    changes = {
        name: Decimal(format(value.normalize(), "f"))
        for name, value in msgspec.structs.asdict(detail).items()
        if isinstance(value, Decimal)
    }
    return msgspec.structs.replace(detail, **changes)
