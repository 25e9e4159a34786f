"""Files that may change while the gateway runs: their bytes, and whether they changed since."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from resolvers.payex.credentials import CredentialsError

Signature = tuple[int, int, int]

_ABSENT: Final[Signature] = (-1, -1, -1)


@dataclass(frozen=True, slots=True)
class File:
    """A file, and how whoever wrote the settings calls it."""

    path: Path
    name: str


class WatchedFiles:
    """One look at files: it reads them, and can tell later whether any was changed.

    A change is seen by time, size and inode of what a path leads to. So it is seen as well where
    links are swapped, as Kubernetes does with the volumes of secrets.
    """

    def __init__(self) -> None:
        self._seen: dict[Path, Signature] = {}

    def read(self, file: File) -> bytes:
        """Return the bytes of a file, and remember how it looked before.

        Raises:
            CredentialsError: the file is absent, a folder, or may not be read.
        """
        # The first look counts: whatever comes after it is a change.
        self._seen.setdefault(file.path, _signature(file.path))
        try:
            return file.path.read_bytes()
        except OSError as error:
            raise CredentialsError(f"{file.name}: cannot be read: {error.strerror}.") from None
        except ValueError:
            raise CredentialsError(f"{file.name}: is not the path of a file.") from None

    def unchanged(self) -> bool:
        """Whether every file that was read, or could not be, looks as it did."""
        return all(_signature(path) == seen for path, seen in self._seen.items())


def _signature(path: Path) -> Signature:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return _ABSENT
    return status.st_mtime_ns, status.st_size, status.st_ino
