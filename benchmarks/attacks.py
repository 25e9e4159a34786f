"""The dearest requests that we know: the largest that users ask for, and what attackers tried."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from benchmarks.invoices import GROWTH, INVOICES, OWNER, SUBSCRIPTIONS
from resolvers.node_ids import NodeKind, encode

MANY: Final = GROWTH[10_000]
"""The invoice whose subscription has 10,000 records."""
MOST: Final = "700000"
"""The invoice whose subscription has 100,000 records, in a body of 33 MB."""

_LIST: Final = f'subscription(subscriptionNo: "{SUBSCRIPTIONS[0]}")'
_RECORD: Final = (
    "usageDetailId startTime usageType destination amount { amount currencyCode } "
    "chargedVolume { value unit } totalVolume { value unit }"
)
_ALL: Final = f"edges {{ cursor node {{ {_RECORD} unitPrice {{ amount }} quantity vatRate raw }} }}"
_SUMS: Final = "{ ... on UsageTotals { recordCount groups { amount { amount currencyCode } } } }"
_TOTALS: Final = f"usageTotals {_SUMS}"


@dataclass(frozen=True)
class Attack:
    """A request, sent a few times.

    Attributes:
        name: what the table calls it.
        bodies: what is sent, in turn. Each has a document of its own, so that nothing which is
            kept of one serves another.
        lines: the lines of the head beside the ordinary ones.
        token: whether it carries a token.
        primed: bodies that are sent before, and not measured.
    """

    name: str
    bodies: Sequence[bytes] = field(repr=False)
    lines: Sequence[str] = field(default=(), repr=False)
    token: bool = True
    primed: Iterable[bytes] = field(default=(), repr=False)


def _attack(
    name: str, query: str, variables: dict[str, Any] | None = None, **members: Any
) -> Attack:
    """Return an attack whose documents differ by a comment."""
    given = {"variables": variables} if variables else {}
    bodies = [
        json.dumps({"query": f"{query} #{number}", **given, **members}).encode()
        for number in range(5)
    ]
    return Attack(name, bodies)


def _on_invoice(selection: str, invoice: str = MANY, head: str = "") -> str:
    return (
        f'query {head} {{ owner(ownerNo: "{OWNER}") {{ invoice(invoiceNo: "{invoice}") {{'
        f" ... on Invoice {{ {selection} }} }} }} }}"
    )


def _on_list(selection: str, invoice: str = MANY) -> str:
    return _on_invoice(f"{_LIST} {{ ... on UsageSubscription {{ {selection} }} }}", invoice)


def _page(first: int, selection: str = f"nodes {{ {_RECORD} }}", arguments: str = "") -> str:
    on = f"... on UsageRecordConnection {{ {selection} }}"
    return f"usageRecords(first: {first} {arguments}) {{ {on} }}"


def _filter(number: int) -> str:
    """Return a filter that lets every record through, unlike those of other numbers."""
    return f"filter: {{ minimumAmount: -{number + 1}000 }}"


def _aliased(count: int, make: Callable[[int], str]) -> str:
    return " ".join(f"a{number}: {make(number)}" for number in range(count))


def _entities(aliases: int, selection: str = "__typename") -> str:
    field = f"_entities(representations: $r) {{ {selection} }}"
    return f"query ($r: [_Any!]!) {{ {_aliased(aliases, lambda _: field)} }}"


def _forged(count: int) -> dict[str, Any]:
    """Return references to subscriptions of customers that do not exist."""
    numbers = [(OWNER, str(800_000 + number), SUBSCRIPTIONS[0]) for number in range(count)]
    ids = [encode(NodeKind.UNBILLED_SUBSCRIPTION, *number) for number in numbers]
    return {"r": [{"__typename": "UsageSubscription", "id": each} for each in ids]}


def _operations(count: int, leaf: str) -> str:
    """Return many operations over one long chain of fragments."""
    chain = "".join(f"fragment F{n} on Query{{...F{n + 1}}}" for n in range(185))
    operations = "".join(f"query Q{n}{{...F0}}" for n in range(count))
    return f"{operations}{chain}fragment F185 on Query{{{leaf}}}"


def _outcomes(numbers: range) -> list[bytes]:
    """Return requests for one document with 14 conditions, each with another outcome of them."""
    names = [f"b{number}" for number in range(14)]
    head = "(" + " ".join(f"${name}: Boolean!" for name in names) + ")"
    fields = " ".join(f"{name}: invoiceNo @include(if: ${name})" for name in names)
    query = _on_invoice(fields, INVOICES[0], head) + "\n#" + "x" * 48_000
    chosen = ({name: bool(number >> n & 1) for n, name in enumerate(names)} for number in numbers)
    return [json.dumps({"query": query, "variables": variables}).encode() for variables in chosen]


_TRIFLE: Final = json.dumps({"query": "{ __typename }"}).encode()

USED: Final = (
    _attack("a page of 50 records", _on_list(_page(50))),
    _attack("a page of 10,000 records", _on_list(_page(10_000))),
    _attack("the same with every field and cursors", _on_list(_page(10_000, _ALL))),
    _attack(
        "10,000 records filtered and ordered",
        _on_list(_page(10_000, arguments=f"orderBy: {{field: AMOUNT}} {_filter(1)}")),
    ),
    _attack("totals of 10,000 records", _on_list(_TOTALS)),
    _attack("totals of 100,000 records", _on_list(_TOTALS, MOST)),
    _attack("a page of 50 of 100,000 records", _on_list(_page(50), MOST)),
    _attack(
        "100 invoices with the totals of 500 subscriptions",
        f'query ($n: [ID!]!) {{ owner(ownerNo: "{OWNER}") {{ invoices(invoiceNos: $n) {{'
        " ... on Invoice { subscriptions(first: 20) { ... on UsageSubscriptionConnection {"
        f" nodes {{ {_TOTALS} }} }} }} }} }} }} }}",
        {"n": INVOICES},
    ),
    _attack(
        "100 references to subscriptions",
        _entities(1, "... on UsageSubscription { raw }"),
        _forged(100),
    ),
    _attack("the names of all types and fields", "{ __schema { types { name fields { name } } } }"),
)
"""The largest that users ask for."""

TRIED: Final = (
    _attack("99 totals of 10,000 records", _on_list(_aliased(99, lambda _: _TOTALS))),
    _attack(
        "the same with 99 filters",
        _on_list(_aliased(99, lambda n: f"usageTotals({_filter(n)}) {_SUMS}")),
    ),
    _attack("30 pages of 10,000 records", _on_list(_aliased(30, lambda _: _page(10_000)))),
    _attack(
        "30 orders of 10,000 records",
        _on_list(
            _aliased(
                30, lambda n: _page(1, "totalCount", f"orderBy: {{field: AMOUNT}} {_filter(n)}")
            )
        ),
    ),
    _attack("50 times 1,000 references that are none", _entities(50), {"r": [{}] * 1000}),
    _attack("20 times 1,000 references that are none", _entities(20), {"r": [{}] * 1000}),
    _attack(
        "1,000 forged references to subscriptions",
        _entities(1, "... on UsageSubscription { raw }"),
        _forged(1000),
    ),
    _attack(
        "410 operations over 185 fragments", _operations(410, "__typename"), operationName="Q0"
    ),
    Attack(
        "an outcome of 14 conditions, after 2,000 others",
        _outcomes(range(8000, 8005)),
        primed=_outcomes(range(2000)),
    ),
    _attack(
        "introspection within introspection",
        "{ __schema { types { " + "fields { type { " * 4 + "name" + " } }" * 4 + " } } }",
    ),
    _attack(
        "200 subscriptions with 10,000 records each",
        _on_invoice(
            "subscriptions(first: 200) { ... on UsageSubscriptionConnection {"
            f" nodes {{ {_page(10_000)} }} }} }}"
        ),
    ),
    _attack("2,000 selections", _on_invoice("invoiceNo " * 1990)),
    _attack("100 equal fields", _on_invoice("invoiceNo " * 100)),
    _attack("4,000 tokens", "{" + " ".join(f"a{n}" for n in range(3990)) + "}"),
    _attack("49 unknown fields", "{" + " ".join(f"owne{n}" for n in range(49)) + "}"),
    _attack("a comment of 49,000 characters", "{ __typename } #" + "x" * 49_000),
    _attack(
        "a number of 5,000 digits", _on_list(f"usageRecords(first: {'9' * 5000}) {{ __typename }}")
    ),
    _attack("250,000 empty lists", _entities(1), {"r": [[]] * 250_000}),
    Attack("no token", [_TRIFLE] * 5, token=False),
    Attack(
        "a token that is none", [_TRIFLE] * 5, ["Authorization: Bearer " + "a" * 4000], token=False
    ),
    Attack("a header of 10 MB", [_TRIFLE] * 5, ["X: " + "a" * 10_000_000], token=False),
    Attack("100,000 small headers", [_TRIFLE] * 5, ["X: a"] * 100_000, token=False),
)
"""What attackers tried."""
