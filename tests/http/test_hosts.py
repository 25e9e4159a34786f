"""Which hosts are served, however a request names them."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import httpx
import pytest
from starlette.responses import PlainTextResponse

from gateway.http.hosts import ServedHosts
from gateway.http.refusals import code_of
from gateway.settings.load import SettingsError, load_settings

Serve = Callable[..., Awaitable[httpx.AsyncClient]]
TOKENS = {"GATEWAY_ROUTER_SECRET_FILE": "/run/secrets/router"}
OPEN = {"GATEWAY_INSECURE": "1", "GATEWAY_HOST": "0.0.0.0"}  # noqa: S104


async def status(
    *given: str, hosts: list[str], path: str = "/graphql", version: str = "1.1"
) -> int:
    """Return the status of a request with these Host headers, where these hosts are served."""
    told: list[Any] = []

    async def send(message: Any) -> None:
        told.append(message)

    async def receive() -> Any:
        raise AssertionError("Nothing of a body is read.")

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "http_version": version,
        "headers": [(b"accept", b"*/*"), *((b"host", host.encode()) for host in given)],
    }
    counted: list[str] = []
    await ServedHosts(PlainTextResponse("served"), hosts, counted.append)(scope, receive, send)
    found: int = told[0]["status"]
    assert counted == ([] if found == 200 else [code_of(HTTPStatus(found))])
    return found


@pytest.mark.parametrize(
    ("hosts", "host"),
    [
        (["localhost"], "localhost"),
        (["localhost"], "LocalHost:8000"),
        (["localhost"], "localhost.:8000"),
        (["localhost"], "localhost:"),
        (["localhost"], " localhost \t"),
        (["Usage.Example.com."], "usage.example.com"),
        (["127.0.0.1"], "127.0.0.1:80"),
        (["::1"], "[::1]:8000"),
        (["[::1]"], "[0:0:0:0:0:0:0:1]"),
        (["*.example.com"], "a.b.example.com:443"),
        (["*"], "whatever.example"),
        (["*"], ""),
    ],
)
async def test_a_host_that_is_served_may_be_written_in_every_way(
    hosts: list[str], host: str
) -> None:
    assert await status(host, hosts=hosts) == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "evil-localhost",
        "example.com",
        "*.example.com.evil",
        "127.0.0.1.nip.io",
        "127.1",
        "0x7f.0.0.1",
        "[::2]",
        "192.0.2.1:8000",
        "*",
        "",
        "localhost..",
    ],
)
async def test_every_other_host_is_misdirected(host: str) -> None:
    assert await status(host, hosts=["localhost", "127.0.0.1", "::1", "*.example.com"]) == 421


@pytest.mark.parametrize(
    "given",
    [
        (),
        ("localhost", "localhost"),
        ("localhost", "evil.example"),
        ("localhost, evil.example",),
        ("evil.example@localhost",),
        ("localhost:8000:8000",),
        ("localhost/",),
        ("http://localhost",),
        ("[::1",),
        ("::1",),
        ("local host",),
        ("localhost\xe9",),
    ],
)
@pytest.mark.parametrize("hosts", [["localhost"], ["*"]])
@pytest.mark.parametrize("path", ["/graphql", "/health/live"])
async def test_a_request_names_one_host(
    given: tuple[str, ...], hosts: list[str], path: str
) -> None:
    assert await status(*given, hosts=hosts, path=path) == 400


@pytest.mark.parametrize("version", ["1.0", "0.9"])
async def test_http_1_0_need_not_name_one_where_any_is_served_or_nothing_is_told(
    version: str,
) -> None:
    assert await status(hosts=["*"], version=version) == 200
    assert await status(hosts=["localhost"], path="/health/live", version=version) == 200
    assert await status(hosts=["localhost"], version=version) == 400
    assert await status("evil.example", hosts=["localhost"], version=version) == 421


async def test_probes_come_by_any_address() -> None:
    assert await status("10.1.2.3:8000", hosts=["localhost"], path="/health/ready") == 200


@pytest.mark.parametrize(
    ("variables", "served", "refused"),
    [
        ({}, ["localhost:8000", "127.0.0.1", "[::1]:1"], ["evil.example", "10.1.2.3"]),
        (OPEN, ["localhost"], ["evil.example", "0.0.0.0"]),  # noqa: S104
        ({**OPEN, "GATEWAY_HOST": "10.1.2.3"}, ["10.1.2.3:8000"], ["evil.example"]),
        ({"GATEWAY_HOSTS": '["usage.test"]'}, ["usage.test"], ["localhost"]),
        ({"GATEWAY_HOSTS": '["*"]'}, ["evil.example"], []),
    ],
)
@pytest.mark.parametrize("path", ["/", "/graphql", "/metrics", "/nothing"])
async def test_strangers_are_served_by_the_names_of_loopback_unless_others_are_given(
    serve: Serve, variables: dict[str, str], served: list[str], refused: list[str], path: str
) -> None:
    client = await serve(variables)

    for host in served:
        assert (await client.get(path, headers={"Host": host})).status_code != 421
    for host in refused:
        reply = await client.get(path, headers={"Host": host})
        assert reply.status_code == 421
        assert reply.json()["errors"][0]["extensions"]["code"] == "MISDIRECTED_REQUEST"
        assert "GATEWAY_HOSTS" in reply.json()["detail"]
        assert host not in reply.text


def test_where_callers_are_identified_every_host_is_served_unless_others_are_given() -> None:
    """A page has no token, by whatever name it comes."""
    assert load_settings(TOKENS).served_hosts == ["*"]
    given = {**TOKENS, "GATEWAY_HOSTS": '["usage.test"]'}
    assert load_settings(given).served_hosts == ["usage.test"]


@pytest.mark.parametrize("host", ["", "a b", "localhost:8000", "http://localhost", "*.*", "a.*"])
def test_what_is_no_host_cannot_be_served(host: str) -> None:
    with pytest.raises(SettingsError, match="GATEWAY_HOSTS"):
        load_settings({"GATEWAY_HOSTS": f'["{host}"]'})
