"""A value from files or a URL that may change while the gateway runs."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, Generic, Protocol, TypeVar

T = TypeVar("T")

RETRY: Final = 10.0
"""Seconds until the next look after one that failed."""


class SourceError(Exception):
    """A source cannot be used. The message says where and why, and holds no secret."""


class Reloading(ABC, Generic[T]):
    """A value that follows its source.

    - If the source cannot be used, the previous value stays in use.
    - The log reports each reason once, until the source can be used again.
    - If the source changes while it is read, the next check reads it.

    A subclass defines the log lines for a broken source and for its recovery.

    Args:
        value: the value until the source changes.
        poll: seconds between two checks.

    Attributes:
        value: the value in use.
    """

    _broken_line: str
    _mended_line: str

    def __init__(self, value: T, *, poll: float) -> None:
        self.value = value
        self._poll = poll
        self._reasons: set[str] = set()
        self._looking: asyncio.Task[bool] | None = None
        # Each kind of source has lines of its own.
        self._log = logging.getLogger(type(self).__module__)

    @property
    def broken(self) -> bool:
        """Whether the last check could not use the source."""
        return bool(self._reasons)

    async def refresh(self) -> bool:
        """Check the source, or wait for a check in progress. Return whether the value changed.

        Errors of the source are logged and not raised.
        """
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        # If one waiting task is cancelled, the check goes on for the others.
        return await asyncio.shield(self._looking)

    async def watch(self, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        """Check the source repeatedly, until cancelled.

        Args:
            sleep: waits for a number of seconds.
        """
        while True:
            await self.refresh()
            await sleep(min(self._poll, RETRY) if self.broken else self._poll)

    async def aclose(self) -> None:
        """End a check in progress."""
        if self._looking:
            self._looking.cancel()
            await asyncio.wait([self._looking])

    @abstractmethod
    async def _read(self) -> T | None:
        """Return the value of the source; None if it is unchanged, or changing just now.

        Raises:
            SourceError: it cannot be used.
        """

    def _took_up(self, former: T) -> None:
        """Log the change."""

    async def _look(self) -> bool:
        try:
            value, reason = await self._read(), ""
        except SourceError as error:
            value, reason = None, str(error)
        except Exception as error:  # noqa: BLE001 - unwatched, the value would never change again
            # Its text may quote what the source holds.
            value, reason = None, f"the check failed: {type(error).__name__}"
        finally:
            self._looking = None
        if reason and reason not in self._reasons:
            self._log.error("%s: %s", self._broken_line, reason)
            self._reasons.add(reason)
        if value is None:
            return False
        if self._reasons:
            self._log.info(self._mended_line)
            self._reasons.clear()
        former, self.value = self.value, value
        if former == value:
            return False
        self._took_up(former)
        return True


class Files(Protocol):
    """One check of files."""

    def unchanged(self) -> bool:
        """Return whether the files are as they were."""


F = TypeVar("F", bound=Files)


class ReloadingFiles(Reloading[T], Generic[T, F]):
    """A value that follows files, which must be usable at the start.

    Args:
        files: starts a check of them.
        poll: seconds between two checks.

    Raises:
        SourceError: the files cannot be used.
    """

    def __init__(self, files: Callable[[], F], *, poll: float) -> None:
        self._begin = files
        self._files = files()
        super().__init__(self._load(self._files, None), poll=poll)

    @abstractmethod
    def _load(self, files: F, former: T | None) -> T:
        """Return the value of the files. It is called in a thread.

        Raises:
            SourceError: they cannot be used.
        """

    async def _read(self) -> T | None:
        return await asyncio.to_thread(self._reread)

    def _reread(self) -> T | None:
        if self._files.unchanged():
            return None
        files = self._begin()
        try:
            value = settled(lambda: self._load(files, self.value), files)
        except SourceError:
            self._files = files
            raise
        self._files = files
        return value


def settled(load: Callable[[], T], files: Files) -> T | None:
    """Return the value loaded from files; None if they change meanwhile.

    Raises:
        SourceError: they cannot be used.
    """
    try:
        value = load()
    except SourceError:
        if files.unchanged():
            raise
        return None
    return value if files.unchanged() else None


@asynccontextmanager
async def watching(*sources: Reloading[Any] | None) -> AsyncIterator[None]:
    """Watch the sources within the context."""
    watched = [source for source in sources if source is not None]
    tasks = [asyncio.create_task(source.watch()) for source in watched]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for source in watched:
            await source.aclose()
