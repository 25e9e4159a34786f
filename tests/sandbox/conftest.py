"""A client of the sandbox, in the process of the test."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from gateway.sandbox import TOKENS, create_sandbox


@pytest.fixture
def connect() -> Callable[..., httpx.AsyncClient]:
    """Connects to a sandbox made with these options, with the token of a ledger."""

    def open_client(ledger: str = "1234", **options: Any) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app=create_sandbox(**options)),
            base_url="http://payex.test",
            headers={"Authorization": f"Bearer {TOKENS[ledger]}"},
        )

    return open_client


@pytest.fixture
def payex(connect: Callable[..., httpx.AsyncClient]) -> httpx.AsyncClient:
    """A client of the sandbox as it is without options, with the token of ledger 1234."""
    return connect()
