"""Keys stay fresh, at a rate that no caller decides, and an outage of the issuer costs nothing."""

import asyncio
import logging
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.identity.key_sets import KeysError
from gateway.identity.key_source import (
    MAX_BODY,
    PATIENCE,
    KeySource,
    NoKeysError,
    fetch,
    read_file,
)
from resolvers.payex.credentials.reloading import SourceError
from resolvers.payex.credentials.watched_files import File, WatchedFiles

URL = "https://issuer.example/jwks"
ALGORITHMS = ("RS256", "ES256")


@pytest.fixture
def source(issuer: Any, clock: Any) -> KeySource:
    return KeySource(partial(fetch, issuer.client, URL), ALGORITHMS, clock=clock)


async def test_keys_are_fetched_once_for_all_who_wait(issuer: Any, source: KeySource) -> None:
    found = await asyncio.gather(*(source.find("RS256", "RS256") for _ in range(50)))

    assert all(found)
    assert issuer.fetched == 1


async def test_a_flood_of_unknown_keys_costs_the_issuer_one_fetch_in_an_interval(
    issuer: Any, source: KeySource, clock: Any
) -> None:
    await source.refresh()
    clock.now += 30
    for burst in range(20):
        names = [f"{burst}-{n}" for n in range(50)]
        assert not any(await asyncio.gather(*(source.find(name, "RS256") for name in names)))
    assert issuer.fetched == 2
    clock.now += 29.9
    await source.find("unknown", "RS256")
    assert issuer.fetched == 2
    clock.now += 0.1
    await source.find("unknown", "RS256")
    assert issuer.fetched == 3


async def test_a_known_key_causes_no_fetch(issuer: Any, source: KeySource, clock: Any) -> None:
    await source.refresh()
    clock.now += 99_999
    for _ in range(9):
        assert await source.find("RS256", "RS256")
    assert issuer.fetched == 1


async def test_a_new_key_is_found_at_its_first_token(
    issuer: Any, source: KeySource, clock: Any
) -> None:
    await source.refresh()
    issuer.published = [issuer.jwk("ES256")]
    clock.now += 30

    assert await source.find("ES256", "ES256")
    assert await source.find("RS256", "RS256") is None


@given(st.lists(st.floats(0, 100), max_size=40))
async def test_unknown_keys_cause_at_most_one_look_in_any_interval(pauses: list[float]) -> None:
    looks: list[float] = []
    now = 0.0

    async def read() -> bytes:
        looks.append(now)
        raise KeysError("none")

    source = KeySource(read, ALGORITHMS, interval=30, clock=lambda: now)
    for pause in pauses:
        now += pause
        with pytest.raises(NoKeysError):
            await source.find("unknown", "RS256")
    assert all(after - before >= 30 for before, after in pairwise(looks))
    assert len(looks) == 0 if not pauses else 1 <= len(looks) <= 1 + now / 30


async def test_the_same_keys_stay_the_same_object(issuer: Any, source: KeySource) -> None:
    """What was checked by them stays so."""
    await source.refresh()
    before = source.value
    await source.refresh()
    assert source.value is before
    issuer.published = [issuer.jwk("ES256")]
    await source.refresh()
    assert source.value is not before


def unreachable(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("secret words of " + str(request.url))


def broken(_: httpx.Request) -> httpx.Response:
    raise RuntimeError("secret words")


OUTAGES = {
    "unreachable": (unreachable, "cannot be fetched. The connection failed."),
    "failing": (lambda _: httpx.Response(500), "the answer has the status 500"),
    "redirecting": (
        lambda _: httpx.Response(302, headers={"Location": "https://evil.example"}),
        "the answer has the status 302",
    ),
    "empty": (lambda _: httpx.Response(200, json={"keys": []}), "holds no public key"),
    "another page": (lambda _: httpx.Response(200, text="<html>"), "holds no JWKS"),
    "endless": (
        lambda _: httpx.Response(200, content=b" " * (MAX_BODY + 1)),
        f"the answer is larger than {MAX_BODY} bytes",
    ),
    "unforeseen": (broken, "the check failed: RuntimeError"),
}


@pytest.mark.parametrize("kind", OUTAGES)
async def test_an_outage_keeps_the_former_keys_and_is_logged_when_it_begins_and_ends(
    issuer: Any, source: KeySource, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    caplog.set_level(logging.INFO)
    await source.refresh()
    issuer.respond, told = OUTAGES[kind]
    for _ in range(3):
        await source.refresh()
        assert await source.find("RS256", "RS256")
    issuer.respond = None
    for _ in range(2):
        await source.refresh()

    lines = [record.getMessage() for record in caplog.records if record.name.startswith("gateway")]
    assert len(lines) == 2
    assert "are broken, the former stay in use: " + told in lines[0]
    assert lines[1] == "the keys of GATEWAY_JWT_KEYS are in order again"
    assert "secret words" not in caplog.text


async def test_without_any_keys_nothing_is_said_of_a_token(
    issuer: Any, source: KeySource, caplog: pytest.LogCaptureFixture
) -> None:
    issuer.respond = unreachable
    for _ in range(3):
        with pytest.raises(NoKeysError):
            await source.find("RS256", "RS256")
    assert issuer.fetched == 1
    assert caplog.text.count("are broken, no token can be checked: ") == 1


class Sleep:
    """Ends the watch after some turns, and keeps how long each would have been."""

    def __init__(self, turns: int) -> None:
        self.pauses: list[float] = []
        self._turns = turns

    async def __call__(self, seconds: float) -> None:
        """Wait no time."""
        self.pauses.append(seconds)
        if len(self.pauses) == self._turns:
            raise asyncio.CancelledError


async def test_keys_are_looked_at_again_and_again_and_sooner_while_they_cannot_be_had(
    issuer: Any, source: KeySource
) -> None:
    issuer.respond = unreachable
    without, with_keys = Sleep(2), Sleep(3)
    with pytest.raises(asyncio.CancelledError):
        await source.watch(without)
    issuer.respond = None
    with pytest.raises(asyncio.CancelledError):
        await source.watch(with_keys)

    issuer.respond = unreachable
    broken = Sleep(2)
    with pytest.raises(asyncio.CancelledError):
        await source.watch(broken)

    assert without.pauses == broken.pauses == [10.0] * 2
    assert with_keys.pauses == [300.0] * 3
    assert issuer.fetched == 7


async def test_a_look_that_takes_long_is_waited_for_by_the_one_that_began_it(
    issuer: Any, clock: Any
) -> None:
    """Others wait a moment, in which an issuer that answers as usual has answered."""
    opened = asyncio.Event()

    async def read() -> bytes:
        await opened.wait()
        body: bytes = issuer.jwks
        return body

    source = KeySource(read, ALGORITHMS, clock=clock)
    first = asyncio.create_task(source.find("RS256", "RS256"))
    await asyncio.sleep(0)
    clock.now += PATIENCE - 0.001
    with pytest.raises(NoKeysError):
        await source.find("RS256", "RS256")
    clock.now += 0.001
    with pytest.raises(NoKeysError):
        await source.find("junk", "RS256")
    assert not first.done()
    opened.set()

    assert await first


async def test_keys_that_are_known_wait_for_no_look(issuer: Any, clock: Any) -> None:
    async def hang() -> bytes:
        await asyncio.Event().wait()
        raise AssertionError

    source = KeySource(hang, ALGORITHMS, clock=clock)
    source.take(issuer.jwks)
    looking = asyncio.create_task(source.refresh())
    await asyncio.sleep(0)
    clock.now += PATIENCE

    assert await source.find("RS256", "RS256")
    with pytest.raises(NoKeysError):
        await source.find("junk", "RS256")
    await source.aclose()
    await asyncio.wait([looking])


async def test_the_request_asks_for_a_jwks_that_is_not_compressed(issuer: Any) -> None:
    """A small compressed answer could become a large one."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, content=issuer.jwks)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        assert await fetch(client, URL) == issuer.jwks
    assert seen[0].headers["accept-encoding"] == "identity"
    assert seen[0].headers["accept"].startswith("application/jwk-set+json")


async def test_an_answer_is_read_up_to_the_limit() -> None:
    body = b" " * MAX_BODY
    wire = httpx.MockTransport(lambda _: httpx.Response(200, content=body))
    async with httpx.AsyncClient(transport=wire) as client:
        assert await fetch(client, URL) == body


def test_a_file_is_read_up_to_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "jwks.json"
    path.write_bytes(b" " * MAX_BODY)
    assert len(read_file(File(path, "x"), WatchedFiles())) == MAX_BODY
    path.write_bytes(b" " * (MAX_BODY + 1))
    written = tmp_path / "written"
    written.touch()
    written.chmod(0o664)
    for wrong, told in (
        (written, "is writable by others than its owner"),
        (path, f"is larger than {MAX_BODY} bytes"),
        (tmp_path, "cannot be read: Is a directory"),
        (tmp_path / "none", "cannot be read: No such file"),
        (Path("a\0b"), "is not the path of a file"),
    ):
        with pytest.raises(SourceError, match=told):
            read_file(File(wrong, "x"), WatchedFiles())


async def test_it_shows_no_key_and_no_address(source: KeySource) -> None:
    assert repr(source) == "KeySource(None)"
    await source.refresh()
    assert repr(source) == "KeySource(KeySet(RS256))"
