"""The dearest requests that we know: the largest that users ask for, and what attackers tried."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from benchmarks.invoices import GROWTH, INVOICES, LISTS, MOST, OWNER, SUBSCRIPTIONS
from benchmarks.issuer import SCOPES, Issuer
from benchmarks.wire import Reply, exchange, request
from resolvers.node_ids import NodeKind, encode

MANY: Final = GROWTH[10_000]
"""The invoice whose subscription has 10,000 records."""

_LIST: Final = f'subscription(subscriptionNo: "{SUBSCRIPTIONS[0]}")'
_RECORD: Final = (
    "usageDetailId startTime usageType destination amount { amount currencyCode } "
    "chargedVolume { value unit } totalVolume { value unit }"
)
_ALL: Final = f"edges {{ cursor node {{ {_RECORD} unitPrice {{ amount }} quantity vatRate raw }} }}"
_SUMS: Final = "{ ... on UsageTotals { recordCount groups { amount { amount currencyCode } } } }"
_SCOPED: Final = (
    f'owner(ownerNo: "{OWNER}") {{ invoice(invoiceNo: "{MANY}") {{ ... on Invoice {{ raw }} }} }}'
)
_TOTALS: Final = f"usageTotals {_SUMS}"


class Target(NamedTuple):
    """The gateway that is attacked.

    Attributes:
        origin: scheme, host and port.
        issuer: the issuer whose tokens it takes.
    """

    origin: str
    issuer: Issuer


class Sent(NamedTuple):
    """What was sent, and what came back.

    Attributes:
        size: the bytes that were sent.
        replies: the replies, one for each request, or `NONE`.
    """

    size: int
    replies: Sequence[Reply]


@dataclass(frozen=True)
class Attack:
    """A request, sent a few times.

    Attributes:
        name: what the table calls it.
        bodies: what is sent, in turn. Each has a document of its own, so that nothing which is
            kept of one serves another.
        lines: the lines of the head beside the ordinary ones.
        scope: the scopes of its token; None if it has no token.
        primed: bodies that are sent before, and not measured.
        trailers: the lines behind the body, which is then a chunk.
    """

    name: str
    bodies: Sequence[bytes] = field(repr=False)
    lines: Sequence[str] = field(default=(), repr=False)
    scope: str | None = SCOPES
    primed: Iterable[bytes] = field(default=(), repr=False)
    trailers: Sequence[str] = field(default=(), repr=False)

    @property
    def times(self) -> int:
        """How often it can be sent."""
        return len(self.bodies)

    def prime(self, target: Target) -> None:
        """Send what is sent before."""
        for body in self.primed:
            self._exchange(target, body)

    def send(self, target: Target, turn: int) -> Sent:
        """Send it, the time that `turn` says, from 0."""
        return self._exchange(target, self.bodies[turn])

    def _exchange(self, target: Target, body: bytes) -> Sent:
        token = [] if self.scope is None else [f"Authorization: {target.issuer.token(self.scope)}"]
        lines = ["Connection: close", *token, *self.lines]
        sent = request(target.origin, body, lines, self.trailers)
        return Sent(len(sent), [exchange(target.origin, sent)])


def _attack(
    name: str,
    query: str,
    scope: str = SCOPES,
    variables: dict[str, Any] | None = None,
    **members: Any,
) -> Attack:
    """Return an attack whose documents differ by a comment."""
    given = {"variables": variables} if variables else {}
    bodies = [
        json.dumps({"query": f"{query} #{number}", **given, **members}).encode()
        for number in range(5)
    ]
    return Attack(name, bodies, scope=scope)


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


def _numbered(end: str) -> str:
    """Return the subscription of a number that could be read as a path out of the invoice."""
    return f'subscription(subscriptionNo: ".%2e/.%2e/200001/subscriptions/{end}") {{ __typename }}'


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


TRIFLE: Final = json.dumps({"query": "{ __typename }"}).encode()
"""The body of a request that costs as little as can be."""

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
        variables={"n": INVOICES},
    ),
    _attack(
        "100 references to subscriptions",
        _entities(1, "... on UsageSubscription { raw }"),
        variables=_forged(100),
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
    _attack("50 times 1,000 references that are none", _entities(50), variables={"r": [{}] * 1000}),
    _attack("20 times 1,000 references that are none", _entities(20), variables={"r": [{}] * 1000}),
    _attack(
        "1,000 forged references to subscriptions",
        _entities(1, "... on UsageSubscription { raw }"),
        variables=_forged(1000),
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
    _attack("250,000 empty lists", _entities(1), variables={"r": [[]] * 250_000}),
    _attack("200,000 fractions", _entities(1), variables={"r": [1.5] * 200_000}),
    Attack(
        "a number of 5,000 digits in a variable",
        [b'{"query":"query ($n: Int) { __typename }","variables":{"n":%b}}' % (b"9" * 5000)] * 5,
    ),
    _attack("99 pages of 99,999,999 records", _on_list(_aliased(99, lambda _: _page(99_999_999)))),
    _attack("99 numbers of encoded dots", _on_invoice(_aliased(99, lambda n: _numbered(f"{n}")))),
    _attack("a number of 9,000 encoded dots", _on_invoice(_numbered("%252e" * 9000))),
    _attack("320 operations without the scope", _operations(320, _SCOPED), "", operationName="Q0"),
    _attack("50 operations without the scope", _operations(50, _SCOPED), "", operationName="Q0"),
    *(
        _attack(
            f"totals of {count} lists of 100,000 records",
            _on_invoice(
                f"subscriptions(first: {count}) {{ ... on UsageSubscriptionConnection {{"
                f" nodes {{ {_TOTALS} }} }} }}",
                LISTS,
            ),
        )
        for count in (4, 8, 16)
    ),
    Attack("no token", [TRIFLE] * 5, scope=None),
    Attack(
        "a token that is none", [TRIFLE] * 5, ["Authorization: Bearer " + "a" * 4000], scope=None
    ),
    *(
        Attack(name, [TRIFLE] * 5, lines, scope=None)
        for name, lines in {
            "a header of 10 MB": ["X: " + "a" * 10_000_000],
            "100,000 small headers": ["X: a"] * 100_000,
            "1,000 duplicates of a header": ["payex-usage-deadline: 5"] * 1000,
            "90 duplicates of a header": ["payex-usage-deadline: 5"] * 90,
            "4 Accept headers of 8 MB": ["Accept: " + "a/b," * 2_000_000] * 4,
            "an Accept header of 15 KB": ["Accept: " + "a/b;q=0.1," * 1500],
            "90 Accept headers of 600 bytes": ["Accept: " + "a/b;q=0.1," * 60] * 90,
        }.items()
    ),
    Attack("1,000 trailers", [TRIFLE] * 5, trailers=["Authorization: Bearer x"] * 1000),
    Attack("50 trailers", [TRIFLE] * 5, trailers=["payex-usage-claims: {}"] * 50),
)
"""What attackers tried."""
