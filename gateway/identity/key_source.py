"""The source of an issuer's keys, and its checks.

The keys are checked at a fixed interval. A token with an unknown key causes one more check, because
the issuer may have new keys: at most once in `interval` seconds, whatever the number of such
tokens. If a check takes long, only the request that began it waits for it, because anybody can send
tokens with unknown keys.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Final

import httpx
from joserfc.jwk import Key

from gateway.identity.key_sets import KeysError, KeySet
from resolvers.payex.credentials.reloading import Reloading, settled
from resolvers.payex.credentials.watched_files import File, WatchedFiles
from resolvers.payex.http.breakages import Breakage, breakage_of

MAX_BODY: Final = 256 * 1024
PATIENCE: Final = 1.0
"""Seconds of a look for which others wait than the one that began it."""
_SECONDS: Final = 10.0
_BREAKAGES: Final = {
    TimeoutError: Breakage.LATE,
    httpx.TimeoutException: Breakage.LATE,
    httpx.ReadError: Breakage.CLOSED,
    httpx.RemoteProtocolError: Breakage.CLOSED,
}


class NoKeysError(Exception):
    """There are no keys yet, so no token can be verified."""


class KeySource(Reloading[KeySet | None]):
    """The keys of one issuer.

    Args:
        read: returns the JWKS, or None while it changes; raises KeysError.
        algorithms: the allowed algorithms.
        poll: seconds between two checks.
        interval: seconds in which unknown keys cause at most one check.
        clock: seconds of a monotonic clock.
        close: closes the resources of `read` at the end.

    Attributes:
        value: the keys in use; None until there are any.
        read_at: the time of the last check that found usable keys, in seconds since 1970; 0 if
            none.
        failures: the number of checks that found none.
    """

    _broken_line = "the keys of GATEWAY_JWT_KEYS are broken, no token can be checked"
    _mended_line = "the keys of GATEWAY_JWT_KEYS are in order again"

    def __init__(
        self,
        read: Callable[[], Awaitable[bytes | None]],
        algorithms: Iterable[str],
        *,
        poll: float = 300.0,
        interval: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
        close: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        super().__init__(None, poll=poll)
        self.read_at = 0.0
        self.failures = 0
        self._fetch = read
        self._algorithms = tuple(algorithms)
        self._interval = interval
        self._clock = clock
        self._close = close
        self._body = b""
        self._looked = -float("inf")

    def take(self, body: bytes) -> None:
        """Use the keys of this JWKS from now on.

        Raises:
            KeysError: it has no usable key.
        """
        self.value = self._keys_in(body)

    async def find(self, kid: str | None, algorithm: str) -> Key | None:
        """Return the key that verifies a signature, or None if the issuer has no such key.

        Raises:
            NoKeysError: there are no keys yet, or a check of them takes long.
        """
        found = self.value.find(kid, algorithm) if self.value else None
        if found:
            return found
        if self._looking:
            await self._wait(self._looking)
        elif self._clock() - self._looked >= self._interval:
            await self.refresh()
        if self.value is None:
            raise NoKeysError
        return self.value.find(kid, algorithm)

    async def _wait(self, looking: asyncio.Task[bool]) -> None:
        """Wait for a check that another request began, unless it takes long."""
        left = self._looked + PATIENCE - self._clock()
        if left > 0:
            await asyncio.wait([looking], timeout=left)
        if not looking.done():
            raise NoKeysError

    async def refresh(self) -> bool:
        """Check the keys now, or wait for a check in progress. Return whether they changed."""
        if self._looking is None:
            self._looked = self._clock()
        return await super().refresh()

    async def aclose(self) -> None:
        """End a check in progress, and close the resources of `read`."""
        await super().aclose()
        if self._close:
            await self._close()

    async def _read(self) -> KeySet | None:
        try:
            body = await self._fetch()
            return None if body is None else self._keys_in(body)
        except Exception:
            self.failures += 1
            raise

    def _keys_in(self, body: bytes) -> KeySet:
        # The same object for the same keys, so that verified tokens stay verified.
        if self.value is None or body != self._body:
            keys, self._body = KeySet.of(body, self._algorithms), body
        else:
            keys = self.value
        self._broken_line = "the keys of GATEWAY_JWT_KEYS are broken, the former stay in use"
        self.read_at = time.time()
        return keys

    def __repr__(self) -> str:
        return f"KeySource({self.value})"


async def fetch(client: httpx.AsyncClient, url: str) -> bytes:
    """Return the JWKS at a URL. Redirects are not followed: they would leave the configured URL.

    Raises:
        KeysError: there was no usable answer.
    """
    # Without compression, so that a small answer cannot become a large one.
    headers = {
        "Accept": "application/jwk-set+json, application/json",
        "Accept-Encoding": "identity",
    }
    body = bytearray()
    try:
        async with (
            asyncio.timeout(_SECONDS),
            client.stream("GET", url, headers=headers, follow_redirects=False) as response,
        ):
            if response.status_code != httpx.codes.OK:
                raise KeysError(f"the answer has the status {response.status_code}")
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > MAX_BODY:
                    raise KeysError(f"the answer is larger than {MAX_BODY} bytes")
    except (httpx.HTTPError, TimeoutError) as error:
        why = breakage_of(error, _BREAKAGES).replace("GATEWAY_UPSTREAM_CA_FILE", "SSL_CERT_FILE")
        raise KeysError(f"cannot be fetched. {why}") from None
    return bytes(body)


def read_file(file: File, files: WatchedFiles) -> bytes:
    """Return the JWKS in a file.

    Raises:
        SourceError: it cannot be read.
    """
    body = files.read(file, MAX_BODY + 1)
    if len(body) > MAX_BODY:
        raise KeysError(f"is larger than {MAX_BODY} bytes")
    return body


def reread(file: File) -> bytes | None:
    """Return the JWKS in a file; None if it is changing just now.

    Raises:
        SourceError: it cannot be read.
    """
    files = WatchedFiles()
    return settled(partial(read_file, file, files), files)
