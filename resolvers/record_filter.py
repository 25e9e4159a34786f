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
    "maximum_amount": ("filter", "maximumAmount"),
}

_SHORTEST: Final = 3
_LONGEST: Final = 75
_BETWEEN_DIGITS: Final = re.compile(r"(?<=[0-9])[ -]++(?=[0-9])")

# Microseconds for a record, and for a character whose case is folded (measured).
_COST: Final = 0.2
_FOLDED: Final = 0.01


class _Texts:
    """Whether a text of a record is one of several, or has one as its part, ignoring case.

    Each text is folded once.

    Args:
        wanted: the texts.
        read: returns the text of a record.
        within: whether they are parts of it. Then spaces and dashes between digits are ignored.
    """

    def __init__(
        self,
        wanted: Iterable[str],
        read: Callable[[UsageRecord], str | int | None],
        *,
        within: bool = False,
    ) -> None:
        self._read = read
        self._within = within
        self._owed = 0.0
        self._wanted = {self._folded(text) for text in wanted}
        self._met: dict[str | int | None, bool] = {None: False}

    def __call__(self, records: Sequence[UsageRecord]) -> Sequence[UsageRecord]:
        """Return the records that meet it."""
        read, met = self._read, self._met
        for text in set(map(read, records)) - met.keys():
            folded = self._folded(str(text))
            met[text] = (
                any(part in folded for part in self._wanted)
                if self._within
                else folded in self._wanted
            )
        return [record for record in records if met[read(record)]]

    def owed(self) -> float:
        """Return the microseconds that folding took since this was asked last."""
        owed, self._owed = self._owed, 0.0
        return owed

    def _folded(self, text: str) -> str:
        # To take out what stands between digits takes ten times as long (measured).
        self._owed += len(text) * _FOLDED * (10 if self._within else 1)
        return (_BETWEEN_DIGITS.sub("", text) if self._within else text).casefold()


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
    product_group_ids: tuple[str, ...] | None = None
    destinations: tuple[str, ...] | None = None
    destination_codes: tuple[str, ...] | None = None
    detail_info_contains: str | None = None
    minimum_amount: Decimal | None = None
    maximum_amount: Decimal | None = None
    charged: bool | None = None
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
        least, most = self.minimum_amount, self.maximum_amount
        if least is not None and most is not None and least > most:
            message = "must not be less than filter.minimumAmount."
            path = _PATHS["maximum_amount"]
            errors.append(ArgumentError.at(ArgumentErrorCode.CONFLICT, message, *path))
        if (text := self.detail_info_contains) is not None:
            errors.extend(_length_errors(text, "filter", "detailInfoContains"))
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
        texts = [each for each in conditions if isinstance(each, _Texts)]
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
        yield from self._conditions_on_texts()
        if (least := self.minimum_amount) is not None:
            yield lambda rs: [r for r in rs if (a := r.amount) is not None and a >= least]
        if (most := self.maximum_amount) is not None:
            yield lambda rs: [r for r in rs if (a := r.amount) is not None and a <= most]
        if (charged := self.charged) is not None:
            yield lambda rs: [r for r in rs if (a := r.amount) is not None and bool(a) is charged]
        if self.currency_code is not None:
            code = self.currency_code.upper()
            yield lambda rs: [r for r in rs if currency_code(r.currency) == code]

    def _conditions_on_texts(self) -> Iterator[_Condition]:
        for member, texts in (
            ("usage_type", self.usage_types),
            ("product_group_id", self.product_group_ids),
            ("destination", self.destinations),
            ("destination_code", self.destination_codes),
        ):
            if texts is not None:
                yield _Texts(texts, attrgetter(member))
        if self.detail_info_contains is not None:
            part = [self.detail_info_contains]
            yield _Texts(part, attrgetter("detail_info"), within=True)


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


def _length_errors(text: str, *path: str) -> Iterator[ArgumentError]:
    message = f"must have {_SHORTEST} to {_LONGEST} characters; it has {len(text)}."
    if not text.strip():
        yield ArgumentError.at(ArgumentErrorCode.BLANK, "is empty.", *path)
    elif len(text) < _SHORTEST:
        yield ArgumentError.at(ArgumentErrorCode.TOO_SHORT, message, *path)
    elif len(text) > _LONGEST:
        yield ArgumentError.at(ArgumentErrorCode.TOO_LONG, message, *path)
