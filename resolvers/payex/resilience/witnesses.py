"""Witnesses: calls that go on after their operation, to see whether PayEx answers anybody."""

from collections.abc import Callable
from typing import Final, Protocol

from resolvers.payex.resilience.breakers import Permit

MOST_WITNESSES: Final = 20
"""As many as a breaker needs, unless it is set otherwise."""


class Witness(Protocol):
    """A call that nobody waits for.

    Attributes:
        permit: tells the breakers.
        stop: cuts it off.
    """

    permit: Permit
    stop: Callable[[], object]


class Witnesses:
    """The witnesses of one upstream, in the order in which they were left.

    Args:
        most: how many there may be at a time.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._present: dict[Witness, None] = {}

    def admit(self, call: Witness) -> bool:
        """Return whether a call may go on as a witness; one that has testified makes room."""
        if call in self._present:
            return True
        if len(self._present) >= self._most:
            done = next((one for one in self._present if one.permit.has_failed), None)
            if done is None:
                return False
            self.dismiss(done)
            done.stop()
        self._present[call] = None
        return True

    def dismiss(self, call: Witness) -> None:
        """Free the place of a witness, if the call is one."""
        self._present.pop(call, None)

    def stop_late_ones(self) -> None:
        """Cut off those of before an outage, or of before its end: they have no more to say."""
        for one in [one for one in self._present if one.permit.is_late]:
            self.dismiss(one)
            one.stop()
