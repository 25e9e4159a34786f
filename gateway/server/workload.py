"""Workload: what each server process has under way, in memory that all of them share.

Every number has one writer: the process itself, or the one that hands out connections. So no lock
is needed. Numbers that change often are counters that only grow: if two readings are equal, nothing
happened in between.
"""

from collections.abc import Hashable, Iterable
from typing import Any, Final

MEMBER: Final = "payex-usage-member"
"""Where an app finds the `Member` of its process: in the state of its lifespan."""

CONNECTION: Final = "payex-usage-connection"
"""Where an app finds the connection of a request, which is told of operations: in its state."""

LATELY: Final = 2.0
"""Seconds after an operation for which its connection still counts as at work."""

# The columns of the table. Whoever hands connections out writes the first two.
_SEATED, _GIVEN, _GONE, _DRAINING, _ENTERED, _LEFT, _RESTING, _REFUSED, _WAITING = range(9)
_COLUMNS: Final = 9
_MICROSECONDS: Final = 1_000_000


class Workload:
    """A table with a row for each process.

    Args:
        seats: how many rows there are. While processes are replaced, more are in use.
        cells: `cells_for(seats)` zeros in shared memory; own memory if None.
    """

    def __init__(self, seats: int, cells: Any = None) -> None:
        self.seats = seats
        self.cells = [0] * self.cells_for(seats) if cells is None else cells

    @staticmethod
    def cells_for(seats: int) -> int:
        """Return how many integers a table with so many rows takes."""
        return _COLUMNS * seats

    def take_seat(self) -> int | None:
        """Take the lowest free row and return its number, or None."""
        for number, seated in enumerate(self._column(_SEATED)):
            if not seated:
                self.cells[number] = 1
                return number
        return None

    def vacate(self, number: int) -> None:
        """Clear the row of a process that has ended."""
        for column in range(_COLUMNS):
            self.cells[column * self.seats + number] = 0

    def give(self, number: int) -> None:
        """Note that a process is given a connection."""
        self.cells[_GIVEN * self.seats + number] += 1

    def emptiest(self, among: Iterable[int], last: int = -1) -> list[int]:
        """Return these rows in the order in which they are offered a connection.

        The first has the fewest connections at work; on a tie, the fewest connections; then they
        take turns. Processes that are about to stop come last.

        Args:
            among: the rows.
            last: the one that was given the last connection.
        """
        connections, draining = self.connections(), self._column(_DRAINING)
        at_work = self.at_work()

        def place(number: int) -> tuple[int, int, int, int]:
            turn = (number - last - 1) % self.seats
            return draining[number], at_work[number], connections[number], turn

        return sorted(among, key=place)

    def connections(self) -> list[int]:
        """Return how many connections each process has."""
        counts = zip(self._column(_GIVEN), self._column(_GONE), strict=True)
        return [given - gone for given, gone in counts]

    def at_work(self) -> list[int]:
        """Return on how many connections of each process an operation is, or was lately, in flight.

        An idle connection is no work.
        """
        columns = (self._column(column) for column in (_ENTERED, _LEFT, _RESTING))
        return [entered - left + resting for entered, left, resting in zip(*columns, strict=True)]

    @property
    def processes(self) -> int:
        """How many processes there are."""
        return sum(self._column(_SEATED))

    @property
    def in_flight(self) -> int:
        """How many operations are in flight in all processes."""
        while True:
            entered, left = self._column(_ENTERED), self._column(_LEFT)
            if (entered, left) == (self._column(_ENTERED), self._column(_LEFT)):
                return sum(entered) - sum(left)

    def full(self, limit: int) -> bool:
        """Whether `limit` operations for each process are in flight."""
        room = limit * self.processes
        # One reading may tell of too few, and all are told of soon. It never refuses too early.
        quick = sum(self._column(_ENTERED)) - sum(self._column(_LEFT))
        return quick >= room and self.in_flight >= room

    def waits_beside(self, number: int) -> bool:
        """Whether operations wait for a place in other processes."""
        waiting = self._column(_WAITING)
        return sum(waiting) > waiting[number]

    def refused_since(self, moment: float) -> bool:
        """Whether any process has rejected an operation after this moment, in seconds."""
        refusals = filter(None, self._column(_REFUSED))
        return any(refused - 1 > moment * _MICROSECONDS for refused in refusals)

    def staying(self) -> list[int]:
        """Return the rows of processes that are not about to stop."""
        states = zip(self._column(_SEATED), self._column(_DRAINING), strict=True)
        return [number for number, (seated, drain) in enumerate(states) if seated and not drain]

    def _column(self, column: int) -> list[int]:
        values: list[int] = self.cells[column * self.seats : (column + 1) * self.seats]
        return values


class Member:
    """One of the processes, which writes its own row.

    Args:
        workload: the table.
        number: the row, which is taken.

    Attributes:
        surplus: how many connections at work should still move to another process.
    """

    def __init__(self, workload: Workload, number: int) -> None:
        self.workload = workload
        self.number = number
        self.surplus = 0
        self._resting: dict[Hashable, float] = {}

    def enter(self) -> None:
        """Note that an operation begins."""
        self._cell(_ENTERED, 1)

    def leave(self) -> None:
        """Note that an operation has ended."""
        self._cell(_LEFT, 1)

    def wait(self, more: int) -> None:
        """Add to the operations that wait for a place; a negative number subtracts."""
        self._cell(_WAITING, more)

    def refuse(self, now: float) -> None:
        """Note that an operation is rejected at this time, in seconds."""
        self._cell(_REFUSED, int(now * _MICROSECONDS) + 1 - self._cell(_REFUSED))

    def let_go(self, connection: Hashable) -> None:
        """Note that a connection has ended, or that its client was told to reconnect."""
        self.wake(connection)
        self._cell(_GONE, 1)

    def wake(self, connection: Hashable) -> None:
        """Note that an operation begins on a connection."""
        if self._resting.pop(connection, None) is not None:
            self._cell(_RESTING, -1)

    def rest(self, connection: Hashable, now: float) -> None:
        """Note that an operation on a connection has ended at this time, in seconds."""
        self.wake(connection)
        self._resting[connection] = now
        self._cell(_RESTING, 1)

    @property
    def in_flight(self) -> int:
        """How many operations are in flight in this process."""
        return self._cell(_ENTERED) - self._cell(_LEFT)

    @property
    def draining(self) -> bool:
        """Whether the process is about to stop."""
        return bool(self._cell(_DRAINING))

    def drain(self) -> None:
        """Note that the process is about to stop."""
        self._cell(_DRAINING, 1)

    def compare(self, now: float) -> None:
        """Set `surplus`: half of the difference to the emptiest process.

        Half does not make that process the fuller one, so that no connection moves back. Small
        differences arise by chance and grow with the root of the number of clients: they move
        nobody.

        Args:
            now: the time, in seconds.
        """
        while self._resting and next(iter(self._resting.values())) <= now - LATELY:
            self.wake(next(iter(self._resting)))
        at_work = self.workload.at_work()
        mine = at_work[self.number]
        others = [at_work[other] for other in self.workload.staying() if other != self.number]
        least = min(others, default=mine)
        more = max(0, mine - least)
        self.surplus = more // 2 if more * more >= mine + least else 0

    def _cell(self, column: int, more: int = 0) -> int:
        place = column * self.workload.seats + self.number
        self.workload.cells[place] += more
        value: int = self.workload.cells[place]
        return value


def alone() -> Member:
    """Return the only process of a gateway."""
    workload = Workload(1)
    return Member(workload, workload.take_seat() or 0)
