"""The upstream is built as the settings say, and what cannot be built is told in a sentence."""

import pytest

from gateway.environment import SettingsError, load_settings
from gateway.upstream import Upstream


@pytest.mark.parametrize("address", ["redis://127.0.0.1:1/0", "unix:///nowhere"])
async def test_a_shared_cache_that_is_away_does_not_keep_the_gateway_from_starting(
    address: str,
) -> None:
    source = Upstream(load_settings({"GATEWAY_CACHE_URL": address}))
    async with source.opened():
        assert source.payex.knows("1234")


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1", "127.0.0.1:6379", "redis://:secret@[::", "redis://:secret@h:x/0"],
)
def test_an_address_that_is_no_redis_is_refused_without_repeating_it(address: str) -> None:
    with pytest.raises(SettingsError, match="GATEWAY_CACHE_URL") as told:
        Upstream(load_settings({"GATEWAY_CACHE_URL": address}))

    assert "secret" not in str(told.value)
