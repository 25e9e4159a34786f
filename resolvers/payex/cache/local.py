"""The cache of answers in memory. It hands out shared objects: nobody may change an answer."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec
from cachetools import TLRUCache

from resolvers.payex.api.faults import Fault
from resolvers.payex.api.held_bytes import AnswerBytes, weight
from resolvers.payex.api.problems import Problem, ProblemType
from resolvers.payex.api.records import ItemList, SubscriptionItem
from resolvers.payex.api.routes import Billing, Kind, Route
from resolvers.payex.credentials.access import derived_key

Outcome = ItemList[Any] | SubscriptionItem | msgspec.Raw | Problem
"""An answer of PayEx, decoded."""

_LARGEST_SHARE = 8

_MARKS = 1024

_SECRET = secrets.token_bytes(32)


class CacheKey(NamedTuple):
    """What an answer depends on. Keys are compared in full, never by a digest.

    Attributes:
        rights: what the caller may see; callers with other rights share nothing.
        access: the mark of the ledger's token (`access_mark` or `shared_access_mark`).
        path: the route's path, with the ledger and all numbers.
        kind: the kind of answer, and so its decoded type.
    """

    rights: str
    access: str
    path: str
    kind: Kind

    def __repr__(self) -> str:
        # Customer and telephone numbers stand in the path.
        return f"CacheKey({self.kind.value})"

    @property
    def text(self) -> str:
        """The whole key as text. Different keys have different texts."""
        return ascii((self.rights, self.access, self.path, self.kind.value))


# Each question needs one, and a ledger's token hardly ever changes.
@lru_cache(_MARKS)
def access_mark(token: str) -> str:
    """Return what stands for a ledger's token in this process's keys, without revealing the token.

    A new token puts the answers of the previous one out of reach.
    """
    # A variable of the environment may hold bytes that are no UTF-8.
    secret = token.encode("utf-8", "surrogatepass")
    return blake2b(secret, key=_SECRET, digest_size=32).hexdigest()


def shared_access_mark(token: str, origin: str) -> str:
    """Return a token's mark that is the same in all instances in front of one PayEx.

    Args:
        token: the ledger's token.
        origin: PayEx's origin, so that test and production share nothing.
    """
    key = derived_key(token, b"payex-usage-mark")
    return blake2b(origin.encode(), key=key, digest_size=32).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class CachePolicy:
    """For how many seconds an answer is kept; 0 means not at all.

    Attributes:
        billed_ttl: answers about invoices. They rarely change, but a bill run can be reversed.
        unbilled_ttl: answers about customers. They change with every phone call.
        problem_ttl: problems that PayEx documents, if that is less: the next bill run may bring an
            invoice that does not exist yet.
    """

    billed_ttl: float = 60.0
    unbilled_ttl: float = 0.0
    problem_ttl: float = 5.0

    def keeps(self, route: Route) -> bool:
        """Whether any answer of the route may be kept."""
        billed = route.holder.billing is Billing.BILLED
        return (self.billed_ttl if billed else self.unbilled_ttl) > 0

    def ttl(self, route: Route, outcome: Outcome | Fault) -> float:
        """Return for how many seconds a route's answer may be kept."""
        billed = route.holder.billing is Billing.BILLED
        ttl = self.billed_ttl if billed else self.unbilled_ttl
        match outcome:
            case Fault() | Problem(kind=ProblemType.UNRECOGNIZED):
                return 0.0
            case Problem():
                return min(self.problem_ttl, ttl)
            case _:
                return ttl


class _Kept(NamedTuple):
    outcome: Outcome
    weight: int
    until: float
    held: AnswerBytes | None


class AnswerCache:
    """Decoded answers, until they expire or, least recently used first, until others need the room.

    Args:
        max_bytes: the most bytes of memory, as `weigh` estimates them. No answer may take more than
            an eighth of it.
        clock: seconds of a monotonic clock.
    """

    def __init__(
        self,
        *,
        max_bytes: int = 64 * 1024 * 1024,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.max_bytes = max_bytes
        self._largest = max_bytes // _LARGEST_SHARE
        self._clock = clock
        self._kept: TLRUCache[CacheKey, _Kept, float] = TLRUCache(
            max_bytes,
            lambda _key, kept, _now: kept.until,
            clock,
            lambda kept: kept.weight,
        )

    def find(self, key: CacheKey) -> tuple[Outcome | None, float, AnswerBytes | None]:
        """Return the answer, the seconds it has left, and its bytes, or None, 0, None."""
        # `in` is the quickest question, and most calls find nothing.
        kept = self._kept.get(key) if key in self._kept else None
        if kept is None:
            return None, 0.0, None
        return kept.outcome, kept.until - self._clock(), kept.held

    def get(self, key: CacheKey) -> Outcome | None:
        """Return the answer, or None."""
        return self.find(key)[0]

    def left(self, key: CacheKey) -> float:
        """Return the seconds that the answer has left; 0 if none is kept."""
        return self.find(key)[1]

    def put(
        self,
        key: CacheKey,
        outcome: Outcome,
        cost_bytes: int,
        ttl: float,
        held: AnswerBytes | None = None,
    ) -> None:
        """Replace the previous answer. It goes in any case, since it is outdated.

        Args:
            key: what the answer depends on.
            outcome: the answer.
            cost_bytes: the bytes of the bodies it was decoded from.
            ttl: seconds, from `CachePolicy.ttl`, or fewer if it comes from a shared cache.
            held: the memory it takes for as long as it is kept.
        """
        self._kept.pop(key, None)
        size = weigh(outcome, cost_bytes)
        if not ttl > 0 or size > self._largest:
            return
        self._kept[key] = _Kept(outcome, size, self._clock() + ttl, held)

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def bytes(self) -> int:
        """The bytes of memory that the answers take, as `weigh` estimates them."""
        return int(self._kept.currsize)


def weigh(outcome: Outcome, cost_bytes: int) -> int:
    """Estimate the bytes of memory that an answer takes.

    Args:
        outcome: the answer.
        cost_bytes: the bytes of the bodies it was decoded from.
    """
    items = len(outcome.items) if isinstance(outcome, ItemList) else 1
    return weight(items, cost_bytes)
