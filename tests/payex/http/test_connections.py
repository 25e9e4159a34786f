"""A client is made for each tenant, and outlives its certificate no longer than its calls."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress

import pytest

from resolvers.payex.credentials.access import Access
from resolvers.payex.http.connections import Connections
from resolvers.payex.http.responses import Arrive, Heard, Response


class Client:
    """A client that tells whether and when it was closed."""

    def __init__(self) -> None:
        self.is_closed = False
        self.gone = asyncio.Event()

    async def get(
        self, path: str, headers: Mapping[str, str], heard: Heard, arrive: Arrive
    ) -> Response:
        """Answer nobody."""
        raise NotImplementedError

    async def aclose(self) -> None:
        """Close."""
        self.is_closed = True
        self.gone.set()


class Clients:
    """Connections, and the clients that they made."""

    def __init__(self) -> None:
        self.made: list[tuple[ssl.SSLContext | None, Client]] = []
        self.connections = Connections(self._make)

    def _make(self, tls: ssl.SSLContext | None) -> Client:
        self.made.append((tls, Client()))
        return self.made[-1][1]

    def __getitem__(self, index: int) -> Client:
        return self.made[index][1]


@pytest.fixture
async def clients() -> AsyncIterator[Clients]:
    """Connections that are closed at the end."""
    found = Clients()
    yield found
    await found.connections.aclose()


def access(tenant: str | None, generation: int, tls: ssl.SSLContext | None = None) -> Access:
    return Access(token="a", tenant=tenant, generation=generation, tls=tls)  # noqa: S106


def context() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


async def test_calls_of_one_tenant_share_a_client_whatever_their_tokens(clients: Clients) -> None:
    tls = context()
    with clients.connections.lend(access("acme", 1, tls)) as one:
        pass
    with clients.connections.lend(access("acme", 2, tls)) as two:
        pass
    with clients.connections.lend(access("acme", 1, tls)) as three:
        assert one is two is three
    assert [made for made, _ in clients.made] == [tls]


async def test_two_tenants_share_no_client(clients: Clients) -> None:
    tls = context()
    with (
        clients.connections.lend(access("acme", 1, tls)) as one,
        clients.connections.lend(access("other", 1, tls)) as two,
        clients.connections.lend(access(None, 1)) as three,
    ):
        assert len({id(client) for client in (one, two, three)}) == 3


async def test_a_replaced_client_is_closed_when_its_last_call_has_ended(clients: Clients) -> None:
    old, new = context(), context()
    first, second = (clients.connections.lend(access("acme", 1, old)) for _ in range(2))
    with first as used:
        with second:
            with clients.connections.lend(access("acme", 2, new)) as client:
                assert client is not used
            assert not clients[0].is_closed
        assert not clients[0].is_closed
    await asyncio.wait_for(clients[0].gone.wait(), 60)
    assert not clients[1].is_closed


async def test_a_replaced_client_without_a_call_is_closed_at_once(clients: Clients) -> None:
    with clients.connections.lend(access("acme", 1, context())):
        pass
    with clients.connections.lend(access("acme", 2, context())):
        await asyncio.wait_for(clients[0].gone.wait(), 60)


async def test_a_call_that_set_out_before_the_change_does_not_undo_it(clients: Clients) -> None:
    old, new = context(), context()
    with clients.connections.lend(access("acme", 2, new)) as current:
        with clients.connections.lend(access("acme", 1, old)) as late:
            assert late is not current
        await asyncio.wait_for(clients[1].gone.wait(), 60)
        with clients.connections.lend(access("acme", 2, new)) as again:
            assert again is current
    assert [made for made, _ in clients.made] == [new, old]


async def test_a_call_that_fails_ends_as_well(clients: Clients) -> None:
    with suppress(KeyError), clients.connections.lend(access("acme", 1, context())):
        with clients.connections.lend(access("acme", 2, context())):
            pass
        raise KeyError
    await asyncio.wait_for(clients[0].gone.wait(), 60)


async def test_closing_waits_for_what_is_being_closed() -> None:
    clients = Clients()
    for generation in (1, 2):
        with clients.connections.lend(access("acme", generation, context())):
            pass
    await clients.connections.aclose()
    assert clients[0].is_closed
    assert clients[1].is_closed
