"""A PayEx that answers with whatever chance makes up: usage, problems, faults, and odd objects.

The same seed gives the same answers, whoever asks, and in whichever order.
"""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable, Generator
from dataclasses import replace
from decimal import Decimal
from typing import Any

from graphql import Undefined

from resolvers.payex.api.amounts import Money, Volume
from resolvers.payex.api.answers import Answer, CallContext
from resolvers.payex.api.argument_errors import ArgumentError
from resolvers.payex.api.faults import Fault, FaultCode
from resolvers.payex.api.held_bytes import ProcessBytes
from resolvers.payex.api.problems import Problem, parse_problem
from resolvers.payex.api.pulse import Pulse
from resolvers.payex.api.reader import Reader
from resolvers.payex.api.records import ItemList
from resolvers.payex.api.routes import Kind, Route, Routes
from resolvers.payex.api.turns import LONGEST, Turns
from resolvers.payex.client import Payex

SUBSCRIPTIONS = ("70", "71", "72")
_PROBLEMS = (
    ("validation", 400),
    ("invoice-not-found", 404),
    ("customer-not-found", 404),
    ("invoice-has-no-usage", 404),
    ("subscription-not-found", 404),
    ("new-kind", 409),
)
_MEMBERS: dict[str, tuple[Any, ...]] = {
    "usageDetailId": ("d1", 17),
    "startTime": ("2026-11-01T08:30:00", "2026-11-02T00:00:00.125", "2026-11-03T10:00:00+02:00"),
    "usageType": ("VOICE", "DATA", "", "åäö \u2028"),
    "productGroupId": (12, "g"),
    "detailInfo": ("46701234567",),
    "destination": ("Sweden", "Norway"),
    "destinationCode": ("SE", 46),
    "quantity": (1, "2.50", 0),
    "chargedVolume": (61.5, "1E+3", -0.0),
    "totalVolume": (61.5, "1e-90", 7),
    "volumeCode": ("S", "gb", "min", "PARSEC", ""),
    "unitPrice": (0.69, "1E+80"),
    "amount": (0.69, "-12.50", 3),
    "currency": ("SEK", " nok ", ""),
    "vatRate": (25, "6.0"),
    "startPeriod": ("2026-10-01", "2026-10-01T00:00:00"),
    "endPeriod": ("2026-10-31",),
    "totalCharge": (12.5, "0.00"),
    "unknown": ({"a": [1, None]},),
}


class StandIn(Payex):
    """Has what operations read of a client. What it answers is for its kinds to say.

    Args:
        pages: how many pages of a list it reads.
        longest: seconds of work after which the loop is due a turn; with 0, it always is.
    """

    def __init__(self, pages: int, longest: float = LONGEST) -> None:
        self.routes = Routes()
        self.pulse = Pulse()
        # No time passes, so that no turn depends on how fast the machine is.
        self.turns = Turns(lambda: 0.0, longest)
        self.held = ProcessBytes()
        self._reader = Reader(self.routes, pages, {}, lambda: 0.0)

    def knows(self, _owner_no: str) -> bool:
        """Whether there are credentials for the ledger."""
        return True

    def cursor_key(self, _owner_no: str) -> bytes:
        """Return the same for every ledger."""
        return b"a key"

    def kept(self, _route: Route, _wave: int, _context: CallContext) -> None:
        """Return None: nothing is kept."""


class MadeUpPayex(StandIn):
    """The client of an upstream that is made up.

    Args:
        seed: makes the answers.
        oddity: from 0 to 1, how often an object is none that PayEx could make.
        longest: seconds of work after which the loop is due a turn; with 0, it always is.

    Attributes:
        asked: how often it was asked for each route.
    """

    def __init__(self, seed: int, oddity: float, longest: float = LONGEST) -> None:
        super().__init__(pages=10, longest=longest)
        self.asked: Counter[Route] = Counter()
        self.oddity = oddity
        self._seed = seed

    def knows(self, owner_no: str) -> bool:
        """Whether there are credentials for the ledger."""
        return owner_no != "5678"

    async def answer(self, route: Route, wave: int, context: CallContext) -> Answer:  # noqa: ARG002 - its parent's
        """Answer, some turns of the loop later."""
        self.asked[route] += 1
        chance = random.Random(f"{self._seed} {route.path}")  # noqa: S311 - no secret
        for _ in range(chance.randint(0, 2)):
            await asyncio.sleep(0)

        async def fetch(route: Route, page: int) -> bytes | Problem:  # noqa: ARG001 - one page
            if chance.random() < 0.05:
                raise Fault(chance.choice(list(FaultCode)))
            if chance.random() < 0.1:
                return _problem(chance)
            return _body(route, chance)

        try:
            found: Any = (await self._reader.read(route, fetch)).outcome
        except Fault as fault:
            return Answer(fault, wave)
        if isinstance(found, ItemList):
            found.items = [self._spoilt(item, chance) for item in found.items]
        elif isinstance(found, Problem) and chance.random() < self.oddity:
            name, values = chance.choice(list(_PROBLEM.items()))
            found = replace(found, **{name: chance.choice(values)})
        return Answer(found, wave)

    def _spoilt(self, item: Any, chance: random.Random) -> Any:
        if chance.random() >= self.oddity:
            return item
        names = chance.sample(list(_RECORD), 4)
        return Spoilt(item, {name: chance.choice(_RECORD[name]) for name in names})


class Raises:
    """Stands for an attribute that raises an exception when it is read."""


class Later:
    """A value that has to be awaited."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __await__(self) -> Generator[Any, None, Any]:
        """Wait for a turn of the loop."""
        yield from asyncio.sleep(0).__await__()
        if isinstance(self._value, Exception):
            raise self._value
        return self._value


class Spoilt:
    """An object of which some attributes are not its own."""

    def __init__(self, item: Any, others: dict[str, Any]) -> None:
        self._item = item
        self._others = others

    def __getattr__(self, name: str) -> Any:
        """Return what stands in for an attribute, or the object's own."""
        if name not in self._others:
            return getattr(self._item, name)
        if self._others[name] is Raises:
            raise ValueError("a spoilt attribute")
        return self._others[name]


_ANY: tuple[Any, ...] = (
    *(None, Undefined, Raises, RuntimeError("as a value"), Later("later"), Later(None)),
    *(Later(RuntimeError("later")), 7, 2**40, 1.5, float("nan"), True, "text", b"bytes", [], {}),
    *(object, Decimal("1.10"), Decimal("NaN"), (), print),
)
_OBJECTS: tuple[Any, ...] = (
    *_ANY,
    *(Money(Decimal(1), None), Money(None, "SEK"), Money(Later(Decimal(1)), "SEK")),  # type: ignore[arg-type]
    *(Volume(Decimal(2), "S"), Volume(None, "S"), Volume(Decimal(2), 5)),  # type: ignore[arg-type]
    *(Volume("2", "S"), Volume(Decimal(2), Later("S"))),  # type: ignore[arg-type]
)
_RECORD = {
    **dict.fromkeys(("usage_type", "usage_detail_id", "quantity", "start_time"), _ANY),
    **dict.fromkeys(("start_period", "raw", "number", "identity", "position"), _ANY),
    **dict.fromkeys(("charge", "charged", "total", "price"), _OBJECTS),
}
_FIELD_ERRORS = (
    *_ANY,
    (ArgumentError("a", "b", path=("a", "0")), None),
    [ArgumentError("a", None), 5],  # type: ignore[arg-type]
    [Later(ArgumentError("a", "b")), ArgumentError("c", "d"), RuntimeError("in a list")],
)
_PROBLEM = {
    **dict.fromkeys(("title", "detail", "status", "instance", "type", "raw"), _ANY),
    "field_errors": _FIELD_ERRORS,
}


def _problem(chance: random.Random) -> Problem:
    type_, status = chance.choice(_PROBLEMS)
    body: dict[str, Any] = {"type": f"problems/{type_}", "title": type_}
    optional: tuple[Callable[[], tuple[str, Any]], ...] = (
        lambda: ("detail", chance.choice(("It is so.", 5, None))),
        lambda: ("instance", chance.choice(("dd07e588", None))),
        lambda: ("problems", [{"customerNo": "Too long."}, {"a.subscriptionNo": "Odd."}]),
    )
    body.update(one() for one in optional if chance.random() < 0.6)
    found = parse_problem(status, json.dumps(body).encode())
    assert found
    return found


def _body(route: Route, chance: random.Random) -> bytes:
    match route.kind:
        case Kind.HOLDER:
            body: Any = {route.holder.parameter: route.holder.number, "other": [1.50]}
        case Kind.SUBSCRIPTIONS:
            body = {"items": [_subscription(route, number, chance) for number in SUBSCRIPTIONS]}
        case Kind.SUBSCRIPTION:
            body = _subscription(route, route.path.rpartition("/")[2], chance)
        case _:
            body = {"items": [_usage(chance) for _ in range(chance.randint(0, 5))]}
    if chance.random() < 0.03:
        body = chance.choice(([], None, "no JSON of PayEx", {"items": 5}))
    return json.dumps(body).encode()


def _subscription(route: Route, number: str, chance: random.Random) -> dict[str, Any]:
    below = f"{route.path.removesuffix(f'/{number}')}/{number}"
    links = (None, f"{below}/usage-details", {"expanded": 1}, "https://elsewhere.example/")
    return {
        "subscriptionNo": None if chance.random() < 0.02 else number,
        "usageDetails": chance.choices(links, (5, 5, 1, 1))[0],
    }


def _usage(chance: random.Random) -> dict[str, Any]:
    record = {
        name: None if chance.random() < 0.1 else chance.choice(values)
        for name, values in _MEMBERS.items()
        if chance.random() < 0.8
    }
    if chance.random() < 0.01:
        record["usageType"] = ["none that a record could have"]
    return record


class Steady(StandIn):
    """A PayEx of which every subscription has so many usage records."""

    def __init__(self, records: int) -> None:
        super().__init__(pages=1)
        self.records = records

    async def answer(self, route: Route, wave: int, _context: CallContext) -> Answer:
        """Answer at once."""

        async def fetch(route: Route, _page: int) -> bytes:
            record = {"usageType": "VOICE", "amount": 0.69, "currency": "SEK", "vatRate": 25}
            items = [record] * (self.records if route.kind is Kind.DETAILS else 0)
            return json.dumps({"subscriptionNo": "70", "items": items}).encode()

        return Answer((await self._reader.read(route, fetch)).outcome, wave)
