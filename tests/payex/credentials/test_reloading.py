"""A value follows its source, whole or not at all, and outlives whatever is wrong with it."""

import asyncio
import logging
import os
import threading
from pathlib import Path

import pytest

from resolvers.payex.credentials.access import CredentialsError
from resolvers.payex.credentials.reloading import RETRY, Reloading, ReloadingFiles, watching
from resolvers.payex.credentials.watched_files import File, WatchedFiles


class Word(ReloadingFiles[str, WatchedFiles]):
    """A word from a file."""

    _broken_line = "the word is broken"
    _mended_line = "the word is in order again"

    def __init__(self, path: Path, *, poll: float = 5.0) -> None:
        self.reads = 0
        self.fails = False
        self._file = File(path, "GATEWAY_WORD_FILE")
        super().__init__(WatchedFiles, poll=poll)

    def _load(self, files: WatchedFiles, _: str | None) -> str:
        self.reads += 1
        content = files.read(self._file).decode()
        if self.fails:
            raise RuntimeError(content)
        if not content.isalpha():
            raise CredentialsError(f"GATEWAY_WORD_FILE: has {len(content)} signs.")
        return content

    def _took_up(self, former: str) -> None:
        self._log.info("took up %s for %s", self.value, former)


class Slow(Reloading[int]):
    """A number that is read when it may be."""

    def __init__(self) -> None:
        self.reads = 0
        self.reading, self.may = asyncio.Event(), asyncio.Event()
        super().__init__(0, poll=5.0)

    async def _read(self) -> int:
        self.reads += 1
        self.reading.set()
        await self.may.wait()
        return self.reads


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with a word."""
    (tmp_path / "word").write_text("old")
    return tmp_path / "word"


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO)
    return caplog


def swap(path: Path, content: str) -> None:
    """Put another content into the place of a file, at once."""
    other = path.with_suffix(".new")
    other.write_text(content)
    other.replace(path)


def test_what_cannot_be_used_at_the_start_is_refused(path: Path) -> None:
    swap(path, "1")
    with pytest.raises(CredentialsError, match=r"^GATEWAY_WORD_FILE: has 1 signs.$"):
        Word(path)


async def test_a_change_is_taken_up_and_nothing_else_is_read(
    path: Path, said: pytest.LogCaptureFixture
) -> None:
    word = Word(path)
    assert not await word.refresh()
    assert (word.value, word.reads) == ("old", 1)
    swap(path, "new")
    assert await word.refresh()
    assert not await word.refresh()
    assert (word.value, word.reads) == ("new", 2)
    swap(path, "new")
    assert not await word.refresh()
    assert said.messages == ["took up new for old"]
    assert said.records[0].name == __name__


async def test_what_cannot_be_used_leaves_the_former_in_use_and_is_logged_once_for_each_reason(
    path: Path, said: pytest.LogCaptureFixture
) -> None:
    word = Word(path)
    for content in ("1", "22", "3", "4"):
        swap(path, content)
        assert not await word.refresh()
        assert not await word.refresh()
        assert (word.value, word.broken) == ("old", True)
    assert word.reads == 5
    swap(path, "old")
    assert not await word.refresh()
    assert not word.broken
    swap(path, "1")
    assert not await word.refresh()
    swap(path, "new")
    assert await word.refresh()

    broken = "the word is broken: GATEWAY_WORD_FILE: has %d signs."
    assert said.messages == [
        broken % 1,
        broken % 2,
        "the word is in order again",
        broken % 1,
        "the word is in order again",
        "took up new for old",
    ]
    assert said.records[0].levelno == logging.ERROR


@pytest.mark.parametrize("written", ["half", "1"])
async def test_what_changes_while_it_is_read_waits_for_the_next_look(
    path: Path, written: str, said: pytest.LogCaptureFixture
) -> None:
    """It may be half of a change. A pipe is written just when it is read."""
    word = Word(path)
    os.mkfifo(pipe := path.with_name("pipe"))
    os.utime(pipe, ns=(1, 1))
    pipe.replace(path)
    writer = threading.Thread(target=path.write_text, args=(written,))
    writer.start()
    assert not await word.refresh()
    writer.join(60)
    assert (word.value, word.broken, said.messages) == ("old", False, [])
    swap(path, "whole")
    assert await word.refresh()
    assert word.value == "whole"


async def test_what_nobody_foresaw_is_logged_by_its_class_alone_and_tried_again(
    path: Path, said: pytest.LogCaptureFixture
) -> None:
    """Its text may quote what the source holds."""
    word = Word(path)
    swap(path, "secret")
    word.fails = True
    for _ in range(2):
        assert not await word.refresh()
    assert word.broken
    word.fails = False
    assert await word.refresh()
    assert said.messages == [
        "the word is broken: the check failed: RuntimeError",
        "the word is in order again",
        "took up secret for old",
    ]


@pytest.mark.parametrize(("poll", "retry"), [(5.0, 5.0), (60.0, RETRY)])
async def test_the_watch_looks_again_and_again_and_soon_while_the_source_is_broken(
    path: Path, poll: float, retry: float
) -> None:
    word = Word(path, poll=poll)
    slept: list[float] = []
    contents = iter(["1", "new"])

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        content = next(contents, None)
        if content is None:
            raise asyncio.CancelledError
        swap(path, content)

    with pytest.raises(asyncio.CancelledError):
        await word.watch(sleep)
    assert slept == [poll, retry, poll]
    assert word.value == "new"


async def test_those_who_look_at_once_share_one_look_and_outlive_each_other() -> None:
    slow = Slow()
    one, other = (asyncio.create_task(slow.refresh()) for _ in range(2))
    await slow.reading.wait()
    one.cancel()
    await asyncio.wait([one])
    assert one.cancelled()
    assert not other.done()
    slow.may.set()
    assert await other
    assert slow.value == slow.reads == 1
    assert await slow.refresh()
    assert slow.value == 2


async def test_the_watch_and_its_look_end_with_what_they_are_for() -> None:
    slow, tasks = Slow(), asyncio.all_tasks()
    async with watching(slow, None):
        await slow.reading.wait()
        assert len(asyncio.all_tasks() - tasks) == 2
    assert asyncio.all_tasks() == tasks
