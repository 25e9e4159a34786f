"""Intake: what reading one answer takes of the event loop, the memory and the budget."""

from typing import Final

from resolvers.payex.api.held_bytes import UNBOUNDED, AnswerBytes, OperationBytes, weight
from resolvers.payex.api.turns import Pace
from resolvers.payex.api.work import UNPRICED, Spends, Work

BYTES_PER_ARRIVED_BYTE: Final = 7
"""Bytes of memory that a byte of a body takes while it is decoded: the body, its slices, and what
they become if the records are of the usual length. Measured: 6.3 (CPython 3.11, 3.13)."""

# Units of the budget: a record of 334 bytes takes 4 to 6 microseconds of the whole process, of
# 100,000 (measured: much of it is memory, which other programs slow down). Its body is received and
# copied, it is decoded and checked (3.2 of them), and it is given back.
_UNITS_PER_ARRIVED_BYTE: Final = 0.0013
_UNITS_PER_BYTE: Final = 0.011
_UNITS_PER_ITEM: Final = 1.6


class Intake:
    """What one answer takes while it is read.

    Args:
        pace: gives the event loop its turns; None if nobody else needs it.
        operation: the memory of the operation that asks.
        budget: pays for the work.

    Attributes:
        held: the memory that the answer takes.
        arrived: the bytes of its bodies that have arrived.
    """

    __slots__ = ("_budget", "_decoded", "_items", "_pace", "arrived", "held")

    def __init__(
        self,
        pace: Pace | None = None,
        operation: OperationBytes = UNBOUNDED,
        budget: Spends = UNPRICED,
    ) -> None:
        self.held = AnswerBytes(operation)
        self._pace = pace
        self._budget = budget
        self.arrived = 0
        self._items = 0
        self._decoded = 0

    async def turn(self) -> None:
        """Give the event loop a turn if it is due one.

        Raises:
            Fault: the time is up.
        """
        if self._pace is not None:
            await self._pace.turn(at_once=self._budget.used_up)

    def arrive(self, size: int) -> None:
        """Take in bytes of a body.

        Raises:
            Fault: `OPERATION_BYTES_LIMIT` or `PROCESS_BYTES_LIMIT`.
        """
        self.held.grow_to(self.held.size + BYTES_PER_ARRIVED_BYTE * size)
        self.arrived += size
        self._budget.spend(Work.READ, _UNITS_PER_ARRIVED_BYTE * size)

    def forget(self, arrived: int) -> None:
        """Forget what arrived after these bytes: it is of no use."""
        self.held.shrink_to(self.held.size - BYTES_PER_ARRIVED_BYTE * (self.arrived - arrived))
        self.arrived = arrived

    def decode(self, size: int, items: int, units: float) -> None:
        """Take in decoded JSON.

        Args:
            size: its bytes.
            items: its elements.
            units: what decoding it cost beyond the usual.

        Raises:
            Fault: as `arrive`, if there are many elements for so few bytes.
        """
        self._decoded += size
        self._items += items
        self._budget.spend(Work.READ, _UNITS_PER_BYTE * size + _UNITS_PER_ITEM * items + units)
        self.held.grow_to(self.arrived + weight(self._items, self._decoded))

    def end(self) -> AnswerBytes:
        """Note that the bodies are gone; return the memory that the answer takes from now on."""
        self.held.shrink_to(weight(self._items, self._decoded))
        return self.held
