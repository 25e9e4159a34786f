"""Which usage records a client wants."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
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

# Microseconds for a record (measured).
_COST: Final = 0.2

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
        found: list[UsageRecord] = []
        for part in slices(records, size):
            yield len(part) * len(conditions) * _COST
            left = part
            for met in conditions:
                left = met(left)
            found += left
        return found

    def _conditions(self) -> Iterator[_Condition]:
        if (start := self.from_time) is not None:
            yield lambda rs: [r for r in rs if (t := r.start_time) is not None and t >= start]
        if (end := self.before_time) is not None:
            yield lambda rs: [r for r in rs if (t := r.start_time) is not None and t < end]
        if self.usage_types is not None:
            types = {text.casefold() for text in self.usage_types}
            yield lambda rs: [r for r in rs if _folded(r.usage_type) in types]
        if self.destinations is not None:
            destinations = {text.casefold() for text in self.destinations}
            yield lambda rs: [r for r in rs if _folded(r.destination) in destinations]
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


def _folded(text: str | None) -> str | None:
    return None if text is None else text.casefold()
