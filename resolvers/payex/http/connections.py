"""The HTTP clients of one upstream, one for each tenant, replaced if its certificate changes."""

import asyncio
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from resolvers.payex.credentials.access import Access
from resolvers.payex.http.responses import Client


class _Held:
    """A client, and its number of calls in flight."""

    __slots__ = ("calls", "client", "generation", "replaced", "tls")

    def __init__(self, client: Client, access: Access) -> None:
        self.client = client
        self.tls = access.tls
        self.generation = access.generation
        self.calls = 0
        self.replaced = False


class Connections:
    """Lends clients to calls. A replaced client closes after its last call.

    Args:
        make: makes a client for a TLS context, or for none.
    """

    def __init__(self, make: Callable[[ssl.SSLContext | None], Client]) -> None:
        self._make = make
        self._current: dict[str | None, _Held] = {}
        self._closing: set[asyncio.Task[None]] = set()

    @contextmanager
    def lend(self, access: Access) -> Iterator[Client]:
        """Lend the client that uses the access's TLS context."""
        held = self._held(access)
        held.calls += 1
        try:
            yield held.client
        finally:
            held.calls -= 1
            self._close_unused(held)

    async def aclose(self) -> None:
        """Close all clients. No call may be in flight."""
        for held in self._current.values():
            await held.client.aclose()
        self._current.clear()
        await asyncio.gather(*self._closing)

    def _held(self, access: Access) -> _Held:
        current = self._current.get(access.tenant)
        if current is not None and current.tls is access.tls:
            return current
        held = _Held(self._make(access.tls), access)
        if current is None:
            self._current[access.tenant] = held
        elif access.generation > current.generation:
            self._current[access.tenant] = held
            current.replaced = True
            self._close_unused(current)
        else:
            # The call set out with what was replaced since, and is the only one.
            held.replaced = True
        return held

    def _close_unused(self, held: _Held) -> None:
        if held.replaced and not held.calls:
            # In its own task: no call waits for it, and a cancelled call does not end it.
            task = asyncio.create_task(held.client.aclose())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
