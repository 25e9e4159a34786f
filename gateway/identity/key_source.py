"""Where an issuer's keys come from, and how they are kept fresh.

They are looked at every so many seconds. A token whose key is unknown has them looked at once more,
since the issuer may have changed its keys: at most once in `interval` seconds, however many such
tokens come. When the keys cannot be had, the former stay in use. A look that takes long is waited
for by the one that began it, and by no others: anybody can send tokens that name unknown keys.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Final

import httpx
from joserfc.jwk import Key

from gateway.identity.key_sets import KeysError, KeySet
from resolvers.payex.credentials.watched_files import written_by_others
from resolvers.payex.http.breakages import Breakage, told

logger = logging.getLogger(__name__)

MAX_BODY: Final = 256 * 1024
RETRY: Final = 10.0
"""Seconds until the next look after one that failed."""
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
    """The keys could not be had yet, so that nothing can be said of a token."""


class KeySource:
    """The keys of one issuer.

    Args:
        read: returns the JWKS, or raises KeysError.
        algorithms: those that a signature may be of.
        poll: seconds between two looks.
        interval: seconds in which unknown keys cause one look at most.
        clock: seconds of a monotonic clock.
        close: called at the end, for what `read` holds open.

    Attributes:
        keys: the keys that are in use; None until there are any.
        read_at: when a look last found keys that can be used, in seconds since 1970; 0 until then.
        failures: how many looks found none.
    """

    def __init__(
        self,
        read: Callable[[], Awaitable[bytes]],
        algorithms: Iterable[str],
        *,
        poll: float = 300.0,
        interval: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
        close: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.keys: KeySet | None = None
        self.read_at = 0.0
        self.failures = 0
        self._read = read
        self._algorithms = tuple(algorithms)
        self._poll = poll
        self._interval = interval
        self._clock = clock
        self._close = close
        self._body = b""
        self._broken = ""
        self._looked = -float("inf")
        self._looking: asyncio.Task[None] | None = None

    def take(self, body: bytes) -> None:
        """Use the keys of this JWKS from now on.

        Raises:
            KeysError: it has no key that can be used; the former stay in use.
        """
        # The same object for the same keys: what was verified by them stays so.
        if body != self._body:
            self.keys, self._body = KeySet.of(body, self._algorithms), body
        self.read_at = time.time()

    async def find(self, kid: str | None, algorithm: str) -> Key | None:
        """Return the key that a signature is to be checked by, or None if the issuer has none such.

        Raises:
            NoKeysError: there are no keys yet, or they are being looked at, for long by now.
        """
        found = self.keys.find(kid, algorithm) if self.keys else None
        if found:
            return found
        if self._looking:
            await self._wait(self._looking)
        elif self._clock() - self._looked >= self._interval:
            await self.refresh()
        if self.keys is None:
            raise NoKeysError
        return self.keys.find(kid, algorithm)

    async def _wait(self, looking: asyncio.Task[None]) -> None:
        """Wait for the look of somebody else, unless it takes long."""
        left = self._looked + PATIENCE - self._clock()
        if left > 0:
            await asyncio.wait([looking], timeout=left)
        if not looking.done():
            raise NoKeysError

    async def refresh(self) -> None:
        """Look at the keys now, together with whoever is doing so already."""
        if self._looking is None:
            self._looked = self._clock()
            self._looking = asyncio.create_task(self._look())
        # One of those who wait may be given up; the others' look goes on.
        await asyncio.shield(self._looking)

    async def watch(self, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        """Look at the keys again and again, until cancelled.

        Args:
            sleep: waits for so many seconds.
        """
        while True:
            await self.refresh()
            await sleep(min(self._poll, RETRY) if self._broken else self._poll)

    async def aclose(self) -> None:
        """End the look that is under way, if any."""
        if self._looking:
            self._looking.cancel()
            await asyncio.wait([self._looking])
        if self._close:
            await self._close()

    async def _look(self) -> None:
        try:
            self.take(await self._read())
            broken = ""
        except KeysError as error:
            broken = str(error)
        except Exception as error:  # noqa: BLE001 - unwatched, the keys would never change again
            broken = f"cannot be read: {type(error).__name__}"
        finally:
            self._looking = None
        if broken and not self._broken:
            kept = "the former stay in use" if self.keys else "no token can be checked"
            logger.error("the keys of GATEWAY_JWT_KEYS are broken, %s: %s", kept, broken)
        if self._broken and not broken:
            logger.info("the keys of GATEWAY_JWT_KEYS are in order again")
        self._broken = broken
        self.failures += bool(broken)

    def __repr__(self) -> str:
        return f"KeySource({self.keys})"


async def fetch(client: httpx.AsyncClient, url: str) -> bytes:
    """Return the JWKS at a URL. No redirect is followed: it would leave what was configured.

    Raises:
        KeysError: no such answer came.
    """
    # Not compressed, so that a small answer cannot become a large one.
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
        why = told(error, _BREAKAGES).replace("GATEWAY_UPSTREAM_CA_FILE", "SSL_CERT_FILE")
        raise KeysError(f"cannot be fetched. {why}") from None
    return bytes(body)


def read_file(path: Path) -> bytes:
    """Return the JWKS in a file.

    Raises:
        KeysError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            if wrong := written_by_others(file):
                raise KeysError(wrong)
            body = file.read(MAX_BODY + 1)
    except OSError as error:
        raise KeysError(f"cannot be read: {error.strerror}") from None
    except ValueError:
        raise KeysError("is not the path of a file") from None
    if len(body) > MAX_BODY:
        raise KeysError(f"is larger than {MAX_BODY} bytes")
    return body
