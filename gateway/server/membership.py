"""A connection's membership: the server process that counts it."""

from typing import TYPE_CHECKING

from gateway.server.workload import Member


class Membership:
    """Reports to its process what happens on a connection.

    Attributes:
        member: the process that counts the connection, if any.
    """

    member: Member | None = None

    if TYPE_CHECKING:

        def close_soon(self) -> None:
            """Close the connection with its next answer, which says so."""

    def let_go(self) -> None:
        """Stop counting the connection: it has ended, or its client was told to leave it."""
        if self.member:
            self.member.let_go(self)
            self.member = None

    def wake(self) -> None:
        """Note that an operation begins. If the connection should move, it closes afterwards."""
        if self.member is None:
            return
        self.member.wake(self)
        if self.member.surplus:
            # The client comes back by a new connection, which another process gets.
            self.member.surplus -= 1
            self.let_go()
            self.close_soon()

    def rest(self, now: float) -> None:
        """Note that an operation has ended at `now`, in seconds."""
        if self.member:
            self.member.rest(self, now)
