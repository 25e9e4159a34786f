"""The JSON bodies of the ten routes, encoded once and kept.

PayEx documents camelCase, ids as strings, server-relative links, `@id` (which may be missing) and
the wrapping of lists in `items` and `navigation`. Paging by `navigation.next` is assumed, and so
is that a page which does not exist is a validation problem.
"""

from collections.abc import Sequence

import msgspec

from gateway.sandbox.dice import Dice
from gateway.sandbox.ledgers import LEDGERS, Account, Kind, Line, LinkStyle
from gateway.sandbox.problems import (
    CUSTOMER_NOT_FOUND,
    INVOICE_NOT_FOUND,
    SUBSCRIPTION_NOT_FOUND,
    SandboxProblem,
    invalid,
)
from gateway.sandbox.routes import Address, Route
from gateway.sandbox.usage import UsageDetail, make_odd, rate_usage, summarise

_NUMBER_MEMBER = {Kind.INVOICE: "invoiceNo", Kind.CUSTOMER: "customerNo"}
_NOT_FOUND = {Kind.INVOICE: INVOICE_NOT_FOUND, Kind.CUSTOMER: CUSTOMER_NOT_FOUND}
_ENCODER = msgspec.json.Encoder(decimal_format="number")


class Bodies:
    """Answers addresses of configured ledgers.

    The kept bodies are bounded by the data set: a number that is not in it is never kept.

    Args:
        seed: The usage depends on it; the ledgers, accounts and subscriptions do not.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._kept: dict[tuple[Address, str], bytes] = {}

    def find(self, address: Address, page: str = "1") -> bytes | SandboxProblem:
        """The encoded body at the address, or what is wrong with the request.

        Args:
            address: A resource of a configured ledger.
            page: Which page of a list, counted from 1, as the query string has it. The routes
                that answer a single resource ignore it.
        """
        if address.route in {Route.RESOURCE, Route.SUBSCRIPTION}:
            page = "1"
        kept = self._kept.get((address, page))
        if kept is not None:
            return kept
        mistakes = address.mistakes()
        if mistakes:
            return invalid(mistakes)
        account = LEDGERS[address.ledger].get((address.kind, address.number))
        if account is None:
            return _NOT_FOUND[address.kind]
        if account.problem is not None:
            return account.problem
        body = self._build(address, account, page)
        if isinstance(body, SandboxProblem):
            return body
        return self._kept.setdefault((address, page), _ENCODER.encode(body))

    def _build(
        self, address: Address, account: Account, page: str
    ) -> dict[str, object] | SandboxProblem:
        if address.route is Route.RESOURCE:
            return _resource(address, account)
        if address.route is Route.SUBSCRIPTIONS:
            items = _subscriptions(address, account)
            return _list(address, items, page, account.page_size)
        line = account.line(address.subscription)
        if line is None:
            return SUBSCRIPTION_NOT_FOUND
        if address.route is Route.SUBSCRIPTION:
            return _subscription(address, account, line)
        details = self._details(address, account, line)
        if address.route is Route.USAGE_DETAILS:
            return _list(address, details, page, line.page_size)
        return _list(address, summarise(details, account.period), page, None)

    def _details(self, address: Address, account: Account, line: Line) -> list[UsageDetail]:
        dice = Dice(self._seed, address.ledger, account.kind, account.number, line.number)
        details = rate_usage(line.tariff, line.count, account.period, dice)
        return make_odd(details) if line.odd else details


def _resource(address: Address, account: Account) -> dict[str, object]:
    link = address.to(Route.SUBSCRIPTIONS)
    subscriptions: object
    match account.link_style:
        case LinkStyle.LINK:
            subscriptions = link.path
        case LinkStyle.LIST:
            subscriptions = _subscriptions(address, account)
        case LinkStyle.OBJECT:
            subscriptions = _list(link, _subscriptions(address, account), "1", None)
        case _:
            subscriptions = None
    return {
        **_self(address, account),
        _NUMBER_MEMBER[account.kind]: account.number,
        "subscriptions": subscriptions,
    }


def _subscriptions(address: Address, account: Account) -> list[dict[str, object]]:
    return [_subscription(address, account, line) for line in account.lines]


def _subscription(address: Address, account: Account, line: Line) -> dict[str, object]:
    return {
        "subscriptionNo": line.number,
        "usageDetails": address.to(Route.USAGE_DETAILS, line.number).path,
        "usageSummaries": address.to(Route.USAGE_SUMMARIES, line.number).path,
        **_self(address.to(Route.SUBSCRIPTION, line.number), account),
    }


def _self(address: Address, account: Account) -> dict[str, object]:
    return {"@id": address.path} if account.names_itself else {}


def _list(
    address: Address, items: Sequence[object], page: str, size: int | None
) -> dict[str, object] | SandboxProblem:
    starts = range(0, max(len(items), 1), size or max(len(items), 1))
    pages = {str(number): start for number, start in enumerate(starts, start=1)}
    if page not in pages:
        return invalid([("page", "Not a valid page")])
    start = pages[page]
    following = str(int(page) + 1)
    navigation = {"@id": address.path if start == 0 else f"{address.path}?page={page}"}
    if following in pages:
        navigation["next"] = f"{address.path}?page={following}"
    return {"items": items[start : start + starts.step], "navigation": navigation}
