"""Files that may change while the gateway runs: their bytes, and whether they have changed."""

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
    """A file, and its name in messages."""

    path: Path
    name: str


class WatchedFiles:
    """One check of files: reads them, and can say later whether any has changed.

    A change shows in the time, size, mode or inode of the target of a path. So replaced links show
    too, as in Kubernetes's volumes of secrets.

    These files hold keys, certificates and secrets, which decide who is trusted. So only their
    owner may be allowed to write them.
    """

    def __init__(self) -> None:
        self._seen: dict[Path, Signature] = {}

    def read(self, file: File, most: int = -1) -> bytes:
        """Return the bytes of a file, and remember its state before.

        Args:
            file: the file.
            most: the number of bytes to read; all if negative.

        Raises:
            CredentialsError: the file is absent, a folder, not readable, or writable by others than
                its owner.
        """
        # The first state counts: any later difference is a change.
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
        """Return whether every file is as it was, unreadable ones included."""
        return all(_signature(path) == seen for path, seen in self._seen.items())


def written_by_others(opened: BinaryIO) -> str | None:
    """Return what is wrong with an open file that others than its owner may write, or None."""
    mode = stat.S_IMODE(os.fstat(opened.fileno()).st_mode)
    # Windows has permissions of another kind, and reports every file as writable by all.
    if not mode & _OTHERS_WRITE or os.name == "nt":
        return None
    return f"is writable by others than its owner (mode {mode:04o}); use chmod go-w"


def _signature(path: Path) -> Signature:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return _ABSENT
    return status.st_mtime_ns, status.st_size, status.st_ino, status.st_mode
