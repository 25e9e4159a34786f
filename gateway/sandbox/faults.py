"""Faults on demand: what PayEx, its ingress or the network may do besides answering.

PayEx documents 401 and 501. It says nothing about 403, 429, `Retry-After` and the bodies that its
ingress sends with a 5xx: those are assumed from what such systems do.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches

from gateway.sandbox.routes import Route

EVERY_ROUTE = "*"
ROUTES = (*(route.value for route in Route), EVERY_ROUTE)
KINDS = (
    "401",
    "403",
    "429",
    "500",
    "501",
    "502-html",
    "503-empty",
    "truncated",
    "wrong-shape",
    "drop",
    "stall",
    "slow:<ms>",
)
_SLOW = "slow:"
_SLOW_KIND = re.compile(_SLOW + "[0-9]{1,6}")


@dataclass(frozen=True, slots=True)
class SandboxFault:
    """A fault on one route or on all of them.

    Attributes:
        route: One of `ROUTES`.
        kind: One of `KINDS`; `slow:<ms>` with up to six digits of milliseconds, such as
            `slow:250`.
        share: The share of the requests that meet it, from 0 to 1. They are spread evenly: with
            0.25 every fourth request does.

    Raises:
        ValueError: A value is none of these; the message lists the valid ones.
    """

    route: str
    kind: str
    share: Decimal = Decimal(1)

    def __post_init__(self) -> None:
        if self.route not in ROUTES:
            raise ValueError(_unknown("route", self.route, ROUTES))
        if self.kind not in KINDS[:-1] and not _SLOW_KIND.fullmatch(self.kind):
            raise ValueError(_unknown("kind", self.kind, KINDS))
        if not (self.share.is_finite() and 0 <= self.share <= 1):
            raise ValueError(f"The share of a fault is a number from 0 to 1, not {self.share}.")

    @classmethod
    def parse(cls, text: str) -> "SandboxFault":
        """Read `ROUTE=KIND[@SHARE]`, such as `usage-details=500@0.25`.

        Raises:
            ValueError: The text has another form or names something unknown.
        """
        route, equals, rest = text.partition("=")
        if not equals:
            raise ValueError(
                f"A fault is written ROUTE=KIND or ROUTE=KIND@SHARE, such as "
                f"usage-details=500@0.25, not {text!r}. {_valid('route', ROUTES)} "
                f"{_valid('kind', KINDS)}"
            )
        kind, at, share = rest.partition("@")
        try:
            return cls(route, kind, Decimal(share if at else 1))
        except InvalidOperation:
            raise ValueError(
                f"The share of a fault is a number from 0 to 1, not {share!r}."
            ) from None

    @property
    def delay(self) -> float | None:
        """The seconds by which `slow:<ms>` delays an answer; none for the other kinds."""
        if self.kind.startswith(_SLOW):
            return int(self.kind.removeprefix(_SLOW)) / 1000
        return None


class FaultPlan:
    """Says which faults a request meets, by counting requests.

    Args:
        faults: Every fault counts the requests of its own route.
    """

    def __init__(self, faults: Sequence[SandboxFault]) -> None:
        self._faults = tuple(faults)
        self._due = [Decimal(0)] * len(self._faults)

    def next(self, route: Route) -> tuple[float, str | None]:
        """The delay in seconds and the kind of fault for the next request of a route.

        Delays add up. Of several other faults that are due at once, the first one given wins.
        """
        delay, kind = 0.0, None
        for place, fault in enumerate(self._faults):
            if fault.route not in {EVERY_ROUTE, route}:
                continue
            self._due[place] += fault.share
            if self._due[place] < 1:
                continue
            self._due[place] -= 1
            if fault.delay is not None:
                delay += fault.delay
            elif kind is None:
                kind = fault.kind
        return delay, kind


def _valid(what: str, choices: Sequence[str]) -> str:
    return f"A {what} is one of {', '.join(choices)}."


def _unknown(what: str, text: str, choices: Sequence[str]) -> str:
    begun = [choice for choice in choices if text and choice.startswith(text)]
    nearest = begun or get_close_matches(text, choices, n=1)
    suggestion = f" Did you mean {nearest[0]}?" if nearest else ""
    return f"No fault has the {what} {text!r}.{suggestion} {_valid(what, choices)}"
