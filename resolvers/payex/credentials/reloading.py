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

    - A source that cannot be used changes nothing: the former value stays in use.
    - The log says so once for each reason, until the source is in order again.
    - A source that changes while it is read is read at the next look.

    A subclass says what the log says while the source is broken, and when it no longer is.

    Args:
        value: what is in use until the source changes.
        poll: seconds between two looks.

    Attributes:
        value: what is in use.
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
        """Whether the source could not be used at the last look."""
        return bool(self._reasons)

    async def refresh(self) -> bool:
        """Look at the source, with whoever is doing so already. Return whether the value changed.

        What is wrong with the source is logged, and not raised.
        """
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        # One of those who wait may be given up; the others' look goes on.
        return await asyncio.shield(self._looking)

    async def watch(self, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        """Look at the source again and again, until cancelled.

        Args:
            sleep: waits for so many seconds.
        """
        while True:
            await self.refresh()
            await sleep(min(self._poll, RETRY) if self.broken else self._poll)

    async def aclose(self) -> None:
        """End the look that is under way, if any."""
        if self._looking:
            self._looking.cancel()
            await asyncio.wait([self._looking])

    @abstractmethod
    async def _read(self) -> T | None:
        """Return what the source holds; None if that is unchanged, or changes just now.

        Raises:
            SourceError: it cannot be used.
        """

    def _took_up(self, former: T) -> None:
        """Log what changed."""

    async def _look(self) -> bool:
        try:
            value, reason = await self._read(), ""
        except SourceError as error:
            value, reason = None, str(error)
        except Exception as error:  # noqa: BLE001 - unwatched, the value would never change again
            # Its text may quote what the source holds.
            value, reason = None, f"looking at it failed: {type(error).__name__}"
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
    """One look at files."""

    def unchanged(self) -> bool:
        """Whether they look as they did."""


F = TypeVar("F", bound=Files)


class ReloadingFiles(Reloading[T], Generic[T, F]):
    """A value that follows files. They have to be in order at the start.

    Args:
        files: begins a look at them.
        poll: seconds between two looks.

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
    """Return what is loaded from files; None if they change meanwhile: it may be half of a change.

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
    """Watch the sources for as long as the context lasts."""
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
