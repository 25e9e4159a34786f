"""The upstream is built as the settings say, and what cannot be built is told in a sentence."""

import asyncio
from pathlib import Path

import pytest

from gateway.payex.upstream import Upstream
from gateway.settings.load import SettingsError, load_settings
from resolvers.payex.api.faults import Fault
from tests.payex.loopback import listening


@pytest.mark.parametrize("address", ["redis://127.0.0.1:1/0", "unix:///nowhere"])
async def test_a_shared_cache_that_is_away_does_not_keep_the_gateway_from_starting(
    address: str,
) -> None:
    source = Upstream(load_settings({"GATEWAY_CACHE_URL": address}))
    async with source.opened():
        assert source.payex.knows("1234")


@pytest.mark.parametrize("origin", ["https://payex.example", "http://127.0.0.1:9"])
async def test_only_what_is_encrypted_goes_through_the_proxy(origin: str) -> None:
    """Plain HTTP, which is for loopback, would show it the token."""
    asked: list[bytes] = []

    async def proxy(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        asked.append(await reader.readline())

    async with listening(proxy) as port:
        variables = {
            "GATEWAY_UPSTREAM_ORIGIN": origin,
            "GATEWAY_UPSTREAM_PROXY": f"http://127.0.0.1:{port}",
            "GATEWAY_LEDGER_TOKENS": '{"1234": "a-token"}',
            "GATEWAY_INSECURE": "1",
        }
        source = Upstream(load_settings(variables))
        access = source.credentials.access("1234")
        assert access
        async with source.opened():
            with pytest.raises(Fault):
                await source.transport.get("/a", access)
    https = [b"CONNECT payex.example:443 HTTP/1.1\r\n"]
    assert asked == (https if origin.startswith("https") else [])


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1", "127.0.0.1:6379", "redis://:secret@[::", "redis://:secret@h:x/0"],
)
def test_an_address_that_is_no_redis_is_refused_without_repeating_it(address: str) -> None:
    with pytest.raises(SettingsError, match="GATEWAY_CACHE_URL") as told:
        Upstream(load_settings({"GATEWAY_CACHE_URL": address}))

    assert "secret" not in str(told.value)


def test_a_password_in_a_file_and_in_the_address_is_a_contradiction(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("secret")
    file = {"GATEWAY_CACHE_PASSWORD_FILE": str(path)}
    with pytest.raises(SettingsError, match="leave it out of the URL") as told:
        Upstream(load_settings({"GATEWAY_CACHE_URL": "redis://u:secret@cache", **file}))

    assert "secret" not in str(told.value)
    assert Upstream(load_settings({"GATEWAY_CACHE_URL": "redis://u@cache", **file})).shared


def test_a_password_of_no_cache_is_a_contradiction() -> None:
    with pytest.raises(SettingsError, match="is of no use without GATEWAY_CACHE_URL"):
        load_settings({"GATEWAY_CACHE_PASSWORD_FILE": "password"})
