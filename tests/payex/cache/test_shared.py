"""The shared cache, over a real Redis that is killed, stopped, restarted and full of garbage."""

import asyncio
import logging
import os
import re
import ssl
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from resolvers.payex.api.routes import Kind
from resolvers.payex.cache.local import CacheKey, shared_access_mark
from resolvers.payex.cache.password import CachePassword
from resolvers.payex.cache.shared import (
    SharedCache,
    Stored,
    _checksum,
    client_library,
    decode,
    encode,
)
from resolvers.payex.credentials.access import CredentialsError
from resolvers.payex.credentials.watched_files import File
from tests.payex.valkey import PATIENT, Tls, Valkey, a_valkey

AN_ANSWER = Stored(200, (b'{"items":[1]}', b'{"items":[2]}'))


class Clock:
    """Time that stands still until the test moves it. Call it to read it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the seconds."""
        return self.now


@pytest.fixture
def directory() -> Iterator[Path]:
    """A directory whose path is short enough for a socket."""
    with tempfile.TemporaryDirectory() as path:
        yield Path(path)


@pytest.fixture
def server() -> Iterator[Valkey]:
    """A Valkey that runs."""
    with a_valkey() as running:
        yield running


@asynccontextmanager
async def opened(url: str, **options: Any) -> AsyncIterator[SharedCache]:
    cache = SharedCache(url, **{"timeout": PATIENT, **options})
    try:
        yield cache
    finally:
        await cache.aclose()


def counts(cache: SharedCache) -> tuple[int, int, int, int]:
    """Hits, misses, unreadable values among them, failures."""
    return cache.hits, cache.misses, cache.unreadable, cache.failures


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if "shared cache" in record.message]


# What it keeps


async def test_what_one_instance_stores_another_reads(server: Valkey) -> None:
    async with opened(server.url) as one, opened(server.url) as other:
        await one.put("key", AN_ANSWER, 60)

        found = await other.get("key")
        assert found == AN_ANSWER
        assert found is not None
        assert 0 < found.left <= 60
        assert counts(other) == (1, 0, 0, 0)


@pytest.mark.parametrize(
    "stored",
    [
        Stored(404, (b'{"Type":"billing/usage/problems/invoice-not-found"}',)),
        Stored(200, (b"",)),
        Stored(200, ()),
    ],
)
async def test_a_problem_is_kept_as_an_answer_is(server: Valkey, stored: Stored) -> None:
    async with opened(server.url) as cache:
        await cache.put("key", stored, 60)
        assert await cache.get("key") == stored


async def test_what_was_not_stored_is_a_miss(server: Valkey) -> None:
    async with opened(server.url) as cache:
        assert await cache.get("key") is None
        assert counts(cache) == (0, 1, 0, 0)


async def test_redis_itself_drops_it_in_time_and_tells_what_is_left(server: Valkey) -> None:
    async with opened(server.url) as cache:
        await cache.put("key", AN_ANSWER, 2.5)
        left = server.control.pttl(server.name())
        assert isinstance(left, int)
        assert 0 < left <= 2500

        server.control.pexpire(server.name(), 1000)
        found = await cache.get("key")
        assert found is not None
        assert 0 < found.left <= 1

        server.control.pexpireat(server.name(), 1)
        assert await cache.get("key") is None


@pytest.mark.parametrize("ttl", [0, 0.0009, -1])
async def test_an_answer_without_time_is_not_stored(server: Valkey, ttl: float) -> None:
    async with opened(server.url) as cache:
        await cache.put("key", AN_ANSWER, ttl)
        assert server.control.dbsize() == 0
        assert cache.failures == 0


async def test_a_later_answer_takes_the_place_of_an_older_one(server: Valkey) -> None:
    async with opened(server.url) as cache:
        await cache.put("key", Stored(404, (b"old",)), 60)
        await cache.put("key", AN_ANSWER, 60)
        assert await cache.get("key") == AN_ANSWER


async def test_an_answer_above_the_bound_is_not_stored_and_below_it_always_is(
    server: Valkey,
) -> None:
    async with opened(server.url, max_value=1000) as cache:
        for length in range(700, 1010, 10):
            await cache.put("key", Stored(200, (b"x" * length,)), 60)
            found = await cache.get("key")
            stored = server.control.strlen(server.name())
            assert isinstance(stored, int)
            assert stored <= 1000
            assert (found is not None and len(found.bodies[0]) == length) == (length <= 856)


async def test_large_answers_go_through(server: Valkey) -> None:
    stored = Stored(200, (os.urandom(3_000_000), b"{}"))
    async with opened(server.url) as cache:
        await cache.put("key", stored, 60)
        assert await cache.get("key") == stored


async def test_nothing_crosses_between_ledgers_rights_or_systems(server: Valkey) -> None:
    """The same paths; two ledgers' tokens, two rights, PayEx and its test system."""
    origins = ["https://lf-api.payex.test", "https://api.sandbox.payex.test"]
    keys = [
        CacheKey(rights, shared_access_mark(token, origin), path, kind).text
        for rights, token, origin, path, kind in product(
            ["alice", "bob"],
            ["token-1", "token-2"],
            origins,
            ["/a", "/b"],
            [Kind.HOLDER, Kind.DETAILS],
        )
    ]
    async with opened(server.url) as one, opened(server.url) as other:
        for written, key in enumerate(keys):
            found = [await other.get(later) for later in keys[written:]]
            assert found == [None] * (len(keys) - written)
            await one.put(key, Stored(200, (key.encode(),)), 60)

        assert [await other.get(key) for key in keys] == [
            Stored(200, (key.encode(),)) for key in keys
        ]


async def test_neither_tokens_nor_numbers_stand_in_a_name(server: Valkey) -> None:
    key = CacheKey("alice", shared_access_mark("token", "https://a"), "/46701740690", Kind.DETAILS)
    async with opened(server.url) as cache:
        await cache.put(key.text, AN_ANSWER, 60)

    name = server.name().decode()
    prefix, digest = name.rsplit(":", 1)
    assert prefix == "payex-usage:v2"
    assert len(bytes.fromhex(digest)) == 32


# What it believes

bodies = st.lists(st.binary(max_size=20), max_size=3).map(tuple)
answers = st.builds(
    Stored, st.integers(100, 599), bodies, fetched=st.floats(0, 2**33, allow_nan=False)
)
texts = st.text(st.characters(), max_size=8)


@given(texts, answers)
def test_what_is_stored_is_what_is_read(key: str, stored: Stored) -> None:
    assert decode(key, encode(key, stored)) == (stored.status, stored.bodies, stored.fetched)


@given(texts, texts, answers)
def test_a_value_is_believed_under_its_own_key_only(one: str, other: str, stored: Stored) -> None:
    """Also if two keys had one digest, or a connection handed out what another asked for."""
    assert (decode(other, encode(one, stored)) is None) == (one != other)


@given(answers, st.data())
def test_a_value_of_which_anything_changed_is_not_believed(stored: Stored, data: Any) -> None:
    value = bytearray(encode("key", stored))
    place = data.draw(st.integers(0, len(value) - 1))
    value[place] ^= data.draw(st.integers(1, 255))

    assert decode("key", bytes(value)) is None


@given(answers, st.data())
def test_a_value_that_is_cut_or_longer_is_not_believed(stored: Stored, data: Any) -> None:
    value = encode("key", stored)

    assert decode("key", value[: data.draw(st.integers(0, len(value) - 1))]) is None
    assert decode("key", value + data.draw(st.binary(min_size=1, max_size=5))) is None


@given(st.binary())
def test_garbage_is_not_believed(garbage: bytes) -> None:
    assert decode("key", garbage) is None


@pytest.mark.parametrize("payload", [b"", b"\xc0", b"\x92\xa1x\x90", b"\x92\x01\x90\x00"])
def test_a_payload_that_another_release_writes_is_a_miss(payload: bytes) -> None:
    assert decode("key", b"\x02" + _checksum("key", payload) + payload) is None


GARBAGE: dict[str, Callable[[Any, bytes], object]] = {
    "text": lambda control, name: control.set(name, "garbage", px=60_000),
    "a cut value": lambda control, name: control.set(name, control.get(name)[:-1], keepttl=True),
    "another version": lambda control, name: control.setrange(name, 0, b"\x01"),
    "another answer": lambda control, name: control.set(
        name, encode("other key", AN_ANSWER), px=60_000
    ),
    "another type": lambda control, name: (control.delete(name), control.lpush(name, "x")),
    "more than any value": lambda control, name: control.append(name, b"x" * 5_000_000),
    "a value that never expires": lambda control, name: control.persist(name),
}


@pytest.mark.parametrize("garbage", GARBAGE)
async def test_what_is_not_the_answer_is_a_counted_miss_that_the_next_answer_mends(
    server: Valkey, garbage: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(server.url) as cache:
        await cache.put("key", AN_ANSWER, 60)
        GARBAGE[garbage](server.control, server.name())

        assert await cache.get("key") is None
        assert counts(cache) == (0, 1, 1, 0)

        await cache.put("key", AN_ANSWER, 60)
        assert await cache.get("key") == AN_ANSWER
        assert said(caplog) == []


# When it fails


async def test_a_redis_that_is_killed_is_a_miss_until_it_is_back(
    server: Valkey, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    async with opened(server.url, clock=clock) as cache:
        await cache.put("key", AN_ANSWER, 60)
        server.kill()
        for _ in range(3):
            assert await cache.get("key") is None
            await cache.put("key", AN_ANSWER, 60)
        assert counts(cache) == (0, 3, 0, 1)
        assert repr(cache) == "<SharedCache gone>"
        assert cache.gone
        (line,) = said(caplog)
        assert line.startswith("The shared cache is gone. ")

        server.start()
        clock.now += 1.999
        assert await cache.get("key") is None
        assert counts(cache) == (0, 4, 0, 1)

        clock.now += 0.001
        assert await cache.get("key") is None  # It is empty, but it is there.
        await cache.put("key", AN_ANSWER, 60)
        assert await cache.get("key") == AN_ANSWER
        assert counts(cache) == (1, 5, 0, 1)
        assert repr(cache) == "<SharedCache there>"
        assert not cache.gone
        assert said(caplog)[1:] == ["The shared cache is back."]


async def test_a_redis_that_restarts_unseen_is_simply_empty(
    server: Valkey, caplog: pytest.LogCaptureFixture
) -> None:
    """The connections of before are noticed to be dead and made anew."""
    async with opened(server.url) as cache:
        await cache.put("key", AN_ANSWER, 60)
        server.kill()
        server.start()
        for _ in range(10):
            await asyncio.sleep(0)  # The loop meets the end of the connection.

        assert await cache.get("key") is None
        assert counts(cache) == (0, 1, 0, 0)
        assert said(caplog) == []


async def test_a_redis_that_was_never_there_is_said_once(
    directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    async with opened(f"unix://{directory}/none", clock=clock) as cache:
        for _ in range(5):
            assert await cache.get("key") is None
            clock.now += 2
        assert counts(cache) == (0, 5, 0, 5)
    why = "The connection failed. The system says: No such file or directory."
    assert said(caplog) == [f"The shared cache is gone. {why}"]


async def test_a_redis_that_hangs_costs_no_one_more_than_the_timeout(
    server: Valkey, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    async with opened(server.url, clock=clock, timeout=0.05) as cache:
        server.freeze()
        started = time.perf_counter()
        # Many more than there are connections.
        assert set(await asyncio.gather(*(cache.get(str(n)) for n in range(100)))) == {None}
        # Without the bound this would never end; the slack is for a busy machine.
        assert time.perf_counter() - started < 5
        assert said(caplog) == ["The shared cache is gone. No answer came in time."]

        failures = cache.failures
        for _ in range(3):
            assert await cache.get("key") is None
        assert cache.failures == failures

        server.thaw()


async def test_only_one_read_finds_out_whether_it_is_back(server: Valkey) -> None:
    clock = Clock()
    async with opened(server.url, clock=clock, timeout=0.05) as cache:
        server.freeze()
        assert await cache.get("key") is None
        assert cache.failures == 1
        for pauses in (2, 3, 4):
            clock.now += 2
            assert set(await asyncio.gather(*(cache.get("key") for _ in range(10)))) == {None}
            assert cache.failures == pauses
        server.thaw()


async def test_a_read_that_was_to_find_out_and_was_cancelled_leaves_it_to_the_next(
    server: Valkey,
) -> None:
    clock = Clock()
    async with opened(server.url, clock=clock) as cache:
        server.kill()
        assert await cache.get("key") is None
        server.start()
        clock.now += 2
        probe = asyncio.create_task(cache.get("key"))
        await asyncio.sleep(0)
        probe.cancel()
        await asyncio.wait([probe])

        clock.now += 2
        await cache.get("key")
        assert repr(cache) == "<SharedCache there>"


async def test_a_write_is_bounded_and_noticed_too(
    server: Valkey, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(server.url, timeout=0.05) as cache:
        server.freeze()
        await cache.put("key", Stored(200, (b"x" * 3_000_000,)), 60)
        assert said(caplog) == ["The shared cache is gone. No answer came in time."]

        # What was under way is still sent, and then nothing is connected any more.
        server.thaw()
        async with asyncio.timeout(PATIENT):
            while server.accepted() < 2 or server.clients() > 1:  # noqa: ASYNC110
                await asyncio.sleep(0.005)


async def test_a_write_does_not_find_out_whether_it_is_back(server: Valkey) -> None:
    """What is written to a Redis that hangs takes up memory until the connection breaks."""
    clock = Clock()
    async with opened(server.url, clock=clock) as cache:
        server.kill()
        assert await cache.get("key") is None
        clock.now += 100
        await cache.put("key", AN_ANSWER, 60)
        assert cache.failures == 1


async def test_a_full_redis_refuses_writes_and_is_still_read(
    server: Valkey, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(server.url) as cache:
        await cache.put("key", AN_ANSWER, 60)
        server.control.config_set("maxmemory", 1)
        for _ in range(3):
            await cache.put("other", AN_ANSWER, 60)
            assert await cache.get("key") == AN_ANSWER
        assert counts(cache) == (3, 0, 0, 3)
        assert said(caplog) == [
            "The shared cache refused a command: its memory is full. It is said once."
        ]


@pytest.mark.parametrize("command", ["getrange", "pttl"])
async def test_a_user_that_may_not_read_is_refused_which_is_no_garbage(
    server: Valkey, command: str, caplog: pytest.LogCaptureFixture
) -> None:
    server.allow("gateway", "on", ">secret", "~*", "+@all", f"-{command}")
    url = server.url.replace("unix://", "unix://gateway:secret@")
    async with opened(url) as cache:
        await cache.put("key", AN_ANSWER, 60)
        assert await cache.get("key") is None
        assert counts(cache) == (0, 1, 0, 1)
    assert said(caplog) == [
        "The shared cache refused a command: its user may not give it. It is said once."
    ]


async def test_a_user_needs_no_more_rights_than_the_documentation_says(server: Valkey) -> None:
    page = (Path(__file__).parents[3] / "docs" / "caching.md").read_text("utf-8")
    (rules,) = re.findall(r"`ACL SETUSER (.*?)`", page)
    server.allow(*rules.split())
    async with opened(server.url.replace("unix://", "unix://gateway:password@") + "?db=3") as cache:
        await cache.put("key", AN_ANSWER, 60)
        assert await cache.get("key") == AN_ANSWER


async def test_a_refusal_shows_that_it_is_back(
    server: Valkey, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    async with opened(server.url, clock=clock) as cache:
        server.kill()
        assert await cache.get("key") is None
        server.start()
        server.allow("default", "-getrange")
        clock.now += 2
        assert await cache.get("key") is None
    assert said(caplog)[1:] == [
        "The shared cache refused a command: its user may not give it. It is said once.",
        "The shared cache is back.",
    ]


@pytest.mark.parametrize(
    "reply", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"$-9\r\n", b"\xff" * 99, b""]
)
async def test_what_is_no_redis_is_gone(directory: Path, reply: bytes) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(reply)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    async with (
        await asyncio.start_unix_server(answer, directory / "socket"),
        opened(f"unix://{directory}/socket", timeout=0.5) as cache,
    ):
        assert await cache.get("key") is None
        assert repr(cache) == "<SharedCache gone>"


@pytest.mark.parametrize("ticks", range(12))
async def test_a_read_may_be_cancelled_at_every_point(server: Valkey, ticks: int) -> None:
    """A reply that nobody reads any more is nobody else's."""
    async with opened(server.url) as cache:
        for number in range(8):
            await cache.put(str(number), Stored(200, (str(number).encode(),)), 60)
        for _ in range(3):
            reads = [asyncio.create_task(cache.get(str(number))) for number in range(8)]
            for _ in range(ticks):
                await asyncio.sleep(0)
            for read in reads[::2]:
                read.cancel()
            await asyncio.wait(reads)
            for number in range(1, 8, 2):
                assert reads[number].result() == Stored(200, (str(number).encode(),))
        assert cache.unreadable == cache.failures == 0
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_crowd_shares_few_connections(server: Valkey) -> None:
    async with opened(server.url) as cache:
        await cache.put("key", AN_ANSWER, 60)
        found = await asyncio.gather(*(cache.get("key") for _ in range(500)))
        assert found == [AN_ANSWER] * 500
        assert server.clients() <= 1 + 16


async def test_after_closing_everything_is_a_miss_and_nothing_is_connected(
    server: Valkey,
) -> None:
    async with opened(server.url) as cache:
        await cache.put("key", AN_ANSWER, 60)
        await cache.aclose()
        assert await cache.get("key") is None
        await cache.put("key", AN_ANSWER, 60)
        assert server.clients() == 1
        assert counts(cache) == (0, 1, 0, 0)


async def test_closing_does_not_wait_for_a_redis_that_hangs(server: Valkey) -> None:
    async with opened(server.url, timeout=0.05) as cache:
        await cache.put("key", AN_ANSWER, 60)
        server.freeze()
        reading = asyncio.create_task(cache.get("key"))
        started = time.perf_counter()
        await cache.aclose()
        assert await reading is None
        assert time.perf_counter() - started < 5
        server.thaw()


# Where it is


async def test_a_wrong_password_is_gone_and_stands_in_no_line_of_the_log(
    server: Valkey, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.control.config_set("requirepass", "right")
    async with opened(server.url.replace("unix://", "unix://:hunter2@")) as cache:
        assert await cache.get("key") is None
        assert "hunter2" not in repr(cache)
    assert said(caplog) == ["The shared cache is gone. The password is refused."]
    assert "hunter2" not in caplog.text


async def test_a_password_and_a_database_are_taken_from_the_url(server: Valkey) -> None:
    server.allow("gateway", "on", ">pass/word", "~*", "+@all")
    url = server.url.replace("unix://", "unix://gateway:pass%2Fword@") + "?db=3&decode_responses=1"
    async with opened(url) as cache:
        await cache.put("key", AN_ANSWER, 60)
        assert await cache.get("key") == AN_ANSWER
    assert "db3" in server.control.info("keyspace")


def password_file(directory: Path, content: bytes) -> File:
    """Return a file of a password."""
    path = directory / "password"
    path.write_bytes(content)
    return File(path, "GATEWAY_CACHE_PASSWORD_FILE")


@pytest.mark.parametrize(("user", "at"), [("default", ""), ("gateway", "gateway@")])
async def test_a_password_in_a_file_may_change_while_the_gateway_runs(
    server: Valkey, directory: Path, caplog: pytest.LogCaptureFixture, user: str, at: str
) -> None:
    """Each new connection takes the one that is there."""
    caplog.set_level(logging.DEBUG)
    password = CachePassword(password_file(directory, b"hunter2/@\n"))
    server.allow(user, "on", "resetpass", ">hunter2/@", "~*", "+@all")
    url = server.url.replace("unix://", f"unix://{at}")
    clock = Clock()
    async with opened(url, password=password, clock=clock) as cache:
        await cache.put("key", AN_ANSWER, 60)
        server.allow(user, "resetpass", ">hunter3")
        password_file(directory, b"hunter3")
        server.control.execute_command(  # type: ignore[no-untyped-call]
            "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"
        )
        # It finds its connection broken, and makes a new one when it looks again.
        await cache.get("key")
        clock.now += 10

        assert await cache.get("key") == AN_ANSWER
        assert "hunter" not in repr(cache) + repr(password) + caplog.text


def test_the_former_password_is_used_while_its_file_is_broken_and_that_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = password_file(tmp_path, b"hunter2\n")
    password = CachePassword(file)
    used = []
    for content in (b"", b"", b"hunter3\r\n", b"\xff"):
        file.path.write_bytes(content)
        used.append(password.get_credentials())

    assert used == [("hunter2",), ("hunter2",), ("hunter3",), ("hunter3",)]
    assert [record.getMessage() for record in caplog.records] == [
        "the shared cache's password is broken, the former is used: "
        f"GATEWAY_CACHE_PASSWORD_FILE: {wrong}"
        for wrong in ("must hold one line, the password.", "is not UTF-8.")
    ]


@pytest.mark.parametrize("content", [b"", b"\n", b"two\nlines", b"\xff", b"a\n\nb"])
def test_a_password_is_one_line_in_utf_8(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(CredentialsError, match="GATEWAY_CACHE_PASSWORD_FILE"):
        CachePassword(password_file(tmp_path, content))


@pytest.mark.parametrize("url", ["redis://:hunter2@cache", "redis://cache?password=hunter2"])
def test_a_password_in_the_url_contradicts_the_one_in_the_file(tmp_path: Path, url: str) -> None:
    password = CachePassword(password_file(tmp_path, b"hunter3"))
    with pytest.raises(ValueError, match=r"GATEWAY_CACHE_PASSWORD_FILE: leave it out") as refusal:
        SharedCache(url, password=password)
    assert "hunter" not in str(refusal.value)


@pytest.mark.parametrize(
    "url",
    [
        "", "hunter2", "http://:hunter2@localhost", "redis://:hunter2/@localhost:x",
        "redis://:hunter2@localhost?no_such_option=hunter2",
        "redis://:hunter2@localhost?max_connections=hunter2",
        "rediss://:hunter2@localhost?ssl_cert_reqs=hunter2",
    ],
)  # fmt: skip
def test_a_url_that_cannot_be_used_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match=r"^GATEWAY_CACHE_URL is not understood: ") as refusal:
        SharedCache(url)
    assert "hunter2" not in str(refusal.value)
    assert refusal.value.__cause__ is None


def test_without_the_package_a_sentence_says_what_to_install() -> None:
    with pytest.raises(RuntimeError, match=r"pip install 'payex-usage-gateway\[redis\]'"):
        client_library("redis_that_is_not_installed")


async def test_tls_is_spoken_and_only_to_whom_it_was_meant_for(
    server: Valkey, tmp_path: Path
) -> None:
    ours, other = trustme.CA(), trustme.CA()
    ours.cert_pem.write_to_path(tmp_path / "ours.pem")
    other.cert_pem.write_to_path(tmp_path / "other.pem")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ours.issue_cert("localhost").configure_cert(context)
    async with Tls(server, context).listening() as tls:
        url = f"rediss://localhost:{tls.port}/0?ssl_ca_certs={tmp_path}"
        async with opened(f"{url}/ours.pem") as cache:
            await cache.put("key", AN_ANSWER, 60)
            assert await cache.get("key") == AN_ANSWER
        async with opened(f"{url}/other.pem") as cache:
            assert await cache.get("key") is None
            assert counts(cache) == (0, 1, 0, 1)


async def test_over_tls_too_a_redis_that_hangs_does_not_delay_the_end(
    server: Valkey, tmp_path: Path
) -> None:
    """TLS takes leave, and waits for the other side to do so."""
    ours = trustme.CA()
    ours.cert_pem.write_to_path(tmp_path / "ours.pem")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ours.issue_cert("localhost").configure_cert(context)
    async with (
        Tls(server, context).listening() as tls,
        opened(
            f"rediss://localhost:{tls.port}/0?ssl_ca_certs={tmp_path}/ours.pem", timeout=0.3
        ) as cache,
    ):
        await cache.get("key")
        tls.freeze()
        started = time.perf_counter()
        await cache.aclose()
        assert time.perf_counter() - started < 5
