"""Which usage records a client wants."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any, Final, Self

from resolvers.malformed import Malformed
from resolvers.payex.api.amounts import currency_code
from resolvers.payex.api.argument_errors import ArgumentError, ArgumentErrorCode
from resolvers.payex.api.records import UsageRecord
from resolvers.payex.api.turns import SLICE, Steps, slices

# The form of ISO 4217; a list of all currencies would have to be kept up with.
_CURRENCY = re.compile("[A-Za-z]{3}")

# Where clients give the conditions that may be malformed.
_PATHS = {
    "from_time": ("filter", "startTimeFrom"),
    "before_time": ("filter", "startTimeBefore"),
    "minimum_amount": ("filter", "minimumAmount"),
}

# Microseconds for a record, and for a character whose case is folded (measured).
_COST: Final = 0.2
_FOLDED: Final = 0.01


class _OneOf:
    """Whether a text of a record is one of several, ignoring case. Each is folded once.

    Args:
        wanted: the texts.
        read: returns the text of a record.
    """

    def __init__(self, wanted: Iterable[str], read: Callable[[UsageRecord], str | None]) -> None:
        self._read = read
        self._owed = 0.0
        self._wanted = {self._folded(text) for text in wanted}
        self._met: dict[str | None, bool] = {None: False}

    def __call__(self, records: Sequence[UsageRecord]) -> Sequence[UsageRecord]:
        """Return the records that meet it."""
        read, met = self._read, self._met
        for text in set(map(read, records)) - met.keys():
            met[text] = self._folded(text or "") in self._wanted
        return [record for record in records if met[read(record)]]

    def owed(self) -> float:
        """Return the microseconds that folding took since this was asked last."""
        owed, self._owed = self._owed, 0.0
        return owed

    def _folded(self, text: str) -> str:
        self._owed += len(text) * _FOLDED
        return text.casefold()


_Condition = Callable[[Sequence[UsageRecord]], Sequence[UsageRecord]]
"""Returns the records that meet it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFilter:
    """What a record must be like; each condition that is not None must hold.

    A record that lacks what a condition looks at does not meet it.
    """

    from_time: datetime | None = None
    before_time: datetime | None = None
    usage_types: tuple[str, ...] | None = None
    destinations: tuple[str, ...] | None = None
    minimum_amount: Decimal | None = None
    currency_code: str | None = None
    malformed: tuple[ArgumentError, ...] = ()

    @classmethod
    def of(cls, **conditions: Any) -> Self:
        """Return the filter of conditions as they came. One that is malformed will be refused."""
        malformed = [
            value.refused_at(*_PATHS[name])
            for name, value in conditions.items()
            if isinstance(value, Malformed)
        ]
        read: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in conditions.items()
            if not isinstance(value, Malformed)
        }
        return cls(**read, malformed=tuple(malformed))

    def errors(self) -> list[ArgumentError]:
        """Return all that is wrong with the conditions."""
        errors = list(self.malformed)
        start, end = self.from_time, self.before_time
        if start is not None and end is not None and start >= end:
            message = "must be later than filter.startTimeFrom."
            path = _PATHS["before_time"]
            errors.append(ArgumentError.at(ArgumentErrorCode.CONFLICT, message, *path))
        if self.currency_code is not None and not _CURRENCY.fullmatch(self.currency_code):
            code = _miswritten(self.currency_code)
            message = "must be the three letters of a currency, such as SEK."
            errors.append(ArgumentError.at(code, message, "filter", "currencyCode"))
        return errors

    def select(
        self, records: Sequence[UsageRecord], *, size: int = SLICE
    ) -> Steps[Sequence[UsageRecord]]:
        """Return the records that meet every condition, in the order they came."""
        conditions = list(self._conditions())
        if not conditions:
            return records
        texts = [each for each in conditions if isinstance(each, _OneOf)]
        found: list[UsageRecord] = []
        for part in slices(records, size):
            yield len(part) * len(conditions) * _COST + sum(each.owed() for each in texts)
            left = part
            for met in conditions:
                left = met(left)
            found += left
        if owed := sum(each.owed() for each in texts):
            yield owed
        return found

    def _conditions(self) -> Iterator[_Condition]:
        if (start := self.from_time) is not None:
            yield lambda rs: [r for r in rs if (t := r.start_time) is not None and t >= start]
        if (end := self.before_time) is not None:
            yield lambda rs: [r for r in rs if (t := r.start_time) is not None and t < end]
        if self.usage_types is not None:
            yield _OneOf(self.usage_types, attrgetter("usage_type"))
        if self.destinations is not None:
            yield _OneOf(self.destinations, attrgetter("destination"))
        if (least := self.minimum_amount) is not None:
            yield lambda rs: [r for r in rs if (a := r.amount) is not None and a >= least]
        if self.currency_code is not None:
            code = self.currency_code.upper()
            yield lambda rs: [r for r in rs if currency_code(r.currency) == code]


def _miswritten(currency: str) -> ArgumentErrorCode:
    """Return what is wrong with a text that is no currency."""
    if not currency.strip():
        return ArgumentErrorCode.BLANK
    match len(currency):
        case 1 | 2:
            return ArgumentErrorCode.TOO_SHORT
        case 3:
            return ArgumentErrorCode.INVALID_CHARACTER
        case _:
            return ArgumentErrorCode.TOO_LONG
