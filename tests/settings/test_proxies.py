"""Which proxy the environment names, and that no value of it is repeated."""

import pytest

from gateway.settings.load import SettingsError, load_settings
from gateway.settings.proxies import proxy_of

ORIGIN = "https://lf-api.payex.com"
PROXY = "http://me:secret@proxy.example:3128"
CONNECTED = {
    "GATEWAY_UPSTREAM_ORIGIN": ORIGIN,
    "GATEWAY_LEDGER_TOKENS": '{"1234": "a-token"}',
    "GATEWAY_INSECURE": "1",
}


@pytest.mark.parametrize(
    ("environment", "found"),
    [
        ({}, None),
        ({"HTTPS_PROXY": PROXY}, PROXY),
        ({"https_proxy": PROXY, "HTTPS_PROXY": "http://other"}, PROXY),
        ({"ALL_PROXY": PROXY}, PROXY),
        ({"HTTPS_PROXY": PROXY, "ALL_PROXY": "http://other"}, PROXY),
        ({"HTTP_PROXY": PROXY}, None),
        ({"HTTPS_PROXY": ""}, None),
        *(
            ({"HTTPS_PROXY": PROXY, "NO_PROXY": names}, None)
            for names in (
                "*",
                "lf-api.payex.com",
                "localhost, LF-API.payex.com",
                "payex.com",
                ".payex.com",
                "*.payex.com",
                "lf-api.payex.com:443",
            )
        ),
        *(
            ({"HTTPS_PROXY": PROXY, "NO_PROXY": names}, PROXY)
            for names in ("", "api.payex.com", "x.com,yex.com", "lf-api.payex.com:8443", ",")
        ),
        ({"HTTPS_PROXY": PROXY, "no_proxy": "payex.com", "NO_PROXY": "other"}, None),
    ],
    ids=repr,
)
def test_the_proxy_is_that_of_the_environment(
    environment: dict[str, str], found: str | None
) -> None:
    named = proxy_of(ORIGIN, environment)
    assert named == (found and (next(iter(environment)), found))


@pytest.mark.parametrize("origin", [None, 7, "http://127.0.0.1:9", "https://[", "https://a:b"])
def test_nothing_else_has_one(origin: object) -> None:
    assert proxy_of(origin, {"HTTPS_PROXY": PROXY}) is None


def test_a_setting_wins_over_the_environment() -> None:
    variables = {**CONNECTED, "HTTPS_PROXY": "http://other"}
    named = load_settings({**variables, "GATEWAY_UPSTREAM_PROXY": PROXY}).upstream_proxy
    assert named is not None
    assert named.get_secret_value() == PROXY
    found = load_settings(variables).upstream_proxy
    assert found is not None
    assert found.get_secret_value() == "http://other"
    assert PROXY not in repr(named)


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("GATEWAY_UPSTREAM_PROXY", "GATEWAY_UPSTREAM_PROXY: "),
        ("HTTPS_PROXY", "GATEWAY_UPSTREAM_PROXY, which HTTPS_PROXY gave: "),
        ("all_proxy", "GATEWAY_UPSTREAM_PROXY, which all_proxy gave: "),
    ],
)
def test_a_proxy_that_cannot_be_used_stops_the_start_in_words(name: str, named: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings({**CONNECTED, name: "socks5://me:secret@proxy.example"})
    assert f"{named}must look like http://" in str(refused.value)
    assert "secret" not in str(refused.value)
