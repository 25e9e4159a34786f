"""The cache of answers that instances share, in a Redis or a Valkey.

It holds bodies as PayEx sent them; each instance decodes them. No failure of Redis fails a request,
and a stored value is used only if its checksum proves it.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from hashlib import blake2b
from importlib import import_module
from typing import Any, TypeVar

import msgspec

from resolvers.payex.cache.breakages import why_gone, why_refused
from resolvers.payex.cache.password import CachePassword

logger = logging.getLogger(__name__)

R = TypeVar("R")

_PREFIX = "payex-usage:v2:"
_VERSION = b"\x02"
_DIGEST = 32
_CONNECTIONS = 16


@dataclass(frozen=True, slots=True)
class Stored:
    """An answer as PayEx sent it: its status, and the bodies of its pages.

    `left` is the seconds that the cache still holds it, which no copy may outlive; 0 if it did not
    come from the cache. `fetched` is when PayEx was asked for it, in seconds since 1970.
    """

    status: int
    bodies: tuple[bytes, ...] = field(repr=False)
    left: float = field(default=0.0, compare=False)
    fetched: float = 0.0


class SharedCache:
    """A Redis that answers at once, or is not asked.

    After a failure or a timeout it counts as unavailable: only one read in `pause` seconds then
    asks it. Each change is logged once.

    Args:
        url: `redis://`, `rediss://` (TLS) or `unix://`, as redis-py reads it. It is never repeated.
        password: the password, if the URL has none. The URL may name its user.
        timeout: the most seconds that a request waits for it.
        pause: seconds for which it is not asked.
        max_value: the most bytes of one value; a larger answer is not stored.
        clock: seconds of a monotonic clock.

    Attributes:
        hits: reads that found the answer.
        misses: reads that did not, also because the cache was unavailable.
        unreadable: misses that found something else in its place.
        failures: commands that failed, were refused, or took too long.

    Raises:
        ValueError: the URL cannot be used.
        RuntimeError: the package `redis` is not installed.
    """

    def __init__(
        self,
        url: str,
        *,
        password: CachePassword | None = None,
        timeout: float = 0.1,
        pause: float = 2.0,
        max_value: int = 4 * 1024 * 1024,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        redis = client_library()
        self._client = _client(redis, url, password)
        self._refusal: type[Exception] = redis.ResponseError
        self._redis = redis
        self._timeout = timeout
        self._pause = pause
        self._max_value = max_value
        self._clock = clock
        self._turns = asyncio.Semaphore(_CONNECTIONS)
        self._gone_until: float | None = None
        self._refusals: set[str] = set()
        self._closed = False
        self.hits = self.misses = self.unreadable = self.failures = 0

    async def get(self, key: str) -> Stored | None:
        """Return the answer under the key (`CacheKey.text`), or None. It never raises."""
        reply = await self._run(lambda: self._read(key)) if self._may_read() else None
        stored = reply and _understand(key, *reply)
        if stored:
            self.hits += 1
            return stored
        self.misses += 1
        # An empty text is what Redis reads where there is nothing.
        self.unreadable += reply is not None and reply[1] != b""
        return None

    async def put(self, key: str, stored: Stored, ttl: float) -> None:
        """Store an answer. Redis makes it raise nothing.

        Args:
            key: everything that the answer depends on (`CacheKey.text`).
            stored: the answer.
            ttl: seconds after which Redis drops it; at 0 it is not stored.
        """
        milliseconds = int(ttl * 1000)
        size = 128 + sum(len(body) + 16 for body in stored.bodies)
        if milliseconds <= 0 or size > self._max_value:
            return
        # A read finds out whether it is back: a value written to a Redis that hangs
        # takes up memory until the connection breaks.
        if self._gone_until is None:
            value = encode(key, stored)
            await self._run(lambda: self._client.set(_name(key), value, px=milliseconds))

    async def aclose(self) -> None:
        """Close the connections. Later reads are misses."""
        self._closed = True
        with contextlib.suppress(Exception):
            async with asyncio.timeout(self._timeout):
                await self._client.aclose()

    @property
    def gone(self) -> bool:
        """Whether it is unavailable, because it failed or was too slow."""
        return self._gone_until is not None

    def __repr__(self) -> str:
        return f"<SharedCache {'gone' if self.gone else 'there'}>"

    async def _read(self, key: str) -> tuple[object, object]:
        name = _name(key)
        pipeline = self._client.pipeline(transaction=False)
        # In this order a value that is replaced in between lives too short, never too long.
        pipeline.pttl(name)
        pipeline.getrange(name, 0, self._max_value)
        left, value = await pipeline.execute(raise_on_error=False)
        for reply in (left, value):
            if isinstance(reply, self._refusal) and not str(reply).startswith("WRONGTYPE"):
                raise reply
        return left, value

    def _may_read(self) -> bool:
        if self._gone_until is None:
            return True
        now = self._clock()
        if now < self._gone_until:
            return False
        # The first caller finds out whether it is back. The others do not wait.
        self._gone_until = now + self._pause
        return True

    async def _run(self, command: Callable[[], Awaitable[R]]) -> R | None:
        if self._closed:
            return None
        reply = None
        try:
            async with asyncio.timeout(self._timeout), self._turns:
                reply = await command()
        except self._refusal as error:
            # It answers, but its memory is full, say, or it is a replica.
            self._refused(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, no request may fail from it
            self._gone(error)
            return None
        if self._gone_until is not None:
            self._gone_until = None
            logger.warning("The shared cache is back.")
        return reply

    def _refused(self, error: Exception) -> None:
        self.failures += 1
        name = type(error).__name__
        if name not in self._refusals:
            self._refusals.add(name)
            why = why_refused(error)
            logger.warning("The shared cache refused a command: %s. It is said once.", why)

    def _gone(self, error: Exception) -> None:
        self.failures += 1
        if self._gone_until is None:
            logger.warning("The shared cache is gone. %s", why_gone(error, self._redis))
        self._gone_until = self._clock() + self._pause


def encode(key: str, stored: Stored) -> bytes:
    """Return what Redis holds: a version, a checksum over the key and all else, and the answer."""
    payload = msgspec.msgpack.encode((stored.status, stored.bodies, stored.fetched))
    return _VERSION + _checksum(key, payload) + payload


def decode(key: str, value: bytes) -> tuple[int, tuple[bytes, ...], float] | None:
    """Return status, bodies and when they were asked for; None if the value is not the key's.

    The key holds the mark of the ledger's token, which Redis never sees. So someone who can write
    to Redis without knowing the token can put back an older answer, but cannot make one up.
    """
    start = len(_VERSION) + _DIGEST
    payload = memoryview(value)[start:]
    if value[:start] != _VERSION + _checksum(key, payload):
        return None
    try:
        return msgspec.msgpack.decode(payload, type=tuple[int, tuple[bytes, ...], float])
    except msgspec.DecodeError:
        return None


def client_library(name: str = "redis.asyncio") -> Any:
    """Return redis-py, which only a shared cache needs.

    Raises:
        RuntimeError: it is not installed.
    """
    try:
        return import_module(name)
    except ImportError:
        raise RuntimeError(
            "GATEWAY_CACHE_URL needs the package redis: "
            "pip install 'payex-usage-gateway[redis]' brings it."
        ) from None


def _client(redis: Any, url: str, password: CachePassword | None) -> Any:
    ours: dict[str, Any] = {
        "protocol": 2,  # as is `driver_info`, for fewer commands on a new connection
        "driver_info": None,
        "decode_responses": False,
        "socket_timeout": None,  # one bound for all of a command is set above
        "socket_connect_timeout": None,
        "retry": None,
        "max_connections": 2**31,  # the turns bound them
    }
    try:
        given = redis.connection.parse_url(url)
        twice = password is not None and "password" in given
        if password is not None and not twice:
            password.user = given.pop("username", None)
            ours["credential_provider"] = password
        pool = redis.ConnectionPool(**(given | ours))
        # Nothing is connected yet, but an option that is not known is found here.
        pool.make_connection()
    except Exception:  # noqa: BLE001 - and none of their messages is free of the URL
        raise ValueError(
            "GATEWAY_CACHE_URL is not understood: it takes redis://host:6379/0, "
            "rediss://host:6379/0 or unix:///path, with redis-py's options behind a `?`."
        ) from None
    if twice:
        raise ValueError(
            "GATEWAY_CACHE_URL holds a password, and so does the file of "
            "GATEWAY_CACHE_PASSWORD_FILE: leave it out of the URL."
        )
    return redis.Redis.from_pool(pool)


def _understand(key: str, left: object, value: object) -> Stored | None:
    # A value without expiry is not ours, and one that expires now is not to be copied.
    if not isinstance(left, int) or left <= 0 or not isinstance(value, bytes):
        return None
    answer = decode(key, value)
    if answer is None:
        return None
    status, bodies, fetched = answer
    return Stored(status, bodies, left=left / 1000, fetched=fetched)


def _checksum(key: str, payload: bytes | memoryview) -> bytes:
    name = _bytes(key)
    digest = blake2b(_VERSION + len(name).to_bytes(8, "big") + name, digest_size=_DIGEST)
    digest.update(payload)
    return digest.digest()


def _name(key: str) -> str:
    return _PREFIX + blake2b(_bytes(key), person=b"payex-usage-key", digest_size=32).hexdigest()


def _bytes(key: str) -> bytes:
    return key.encode("utf-8", "surrogatepass")
