"""Files that may change while the gateway runs: their bytes, and whether they changed since."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from resolvers.payex.credentials.access import CredentialsError

Signature = tuple[int, int, int, int]

_ABSENT: Final[Signature] = (-1, -1, -1, -1)
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class File:
    """A file, and how whoever wrote the settings calls it."""

    path: Path
    name: str


class WatchedFiles:
    """One look at files: it reads them, and can tell later whether any was changed.

    A change is seen by time, size, mode and inode of what a path leads to. So it is seen as well
    where links are swapped, as Kubernetes does with the volumes of secrets.

    What these files hold decides who is trusted, and with what: keys, certificates and secrets. So
    nobody but their owner may be allowed to write them.
    """

    def __init__(self) -> None:
        self._seen: dict[Path, Signature] = {}

    def read(self, file: File, most: int = -1) -> bytes:
        """Return the bytes of a file, and remember how it looked before.

        Args:
            file: the file.
            most: how many bytes are read; all if negative.

        Raises:
            CredentialsError: the file is absent, a folder, may not be read, or may be written by
                others than its owner.
        """
        # The first look counts: whatever comes after it is a change.
        self._seen.setdefault(file.path, _signature(file.path))
        try:
            with file.path.open("rb") as opened:
                if wrong := written_by_others(opened):
                    raise CredentialsError(f"{file.name}: {wrong}.")
                return opened.read(most)
        except OSError as error:
            raise CredentialsError(f"{file.name}: cannot be read: {error.strerror}.") from None
        except ValueError:
            raise CredentialsError(f"{file.name}: is not the path of a file.") from None

    def unchanged(self) -> bool:
        """Whether every file that was read, or could not be, looks as it did."""
        return all(_signature(path) == seen for path, seen in self._seen.items())


def written_by_others(opened: BinaryIO) -> str | None:
    """Return what is wrong with an open file that others than its owner may write, or None."""
    mode = stat.S_IMODE(os.fstat(opened.fileno()).st_mode)
    # Windows keeps its rights elsewhere, and shows every file as writable by all.
    if not mode & _OTHERS_WRITE or os.name == "nt":
        return None
    return f"may be written by others than its owner (mode {mode:04o}); use chmod go-w"


def _signature(path: Path) -> Signature:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return _ABSENT
    return status.st_mtime_ns, status.st_size, status.st_ino, status.st_mode
