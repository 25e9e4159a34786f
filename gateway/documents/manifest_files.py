"""Where manifests lie: a file or a folder of them, and whether any has changed since."""

from pathlib import Path
from typing import Final, NamedTuple

from gateway.documents.manifests import ManifestError, TrustedDocument, read_manifests

_MOST_BYTES: Final = 16 * 1024 * 1024


class _Look(NamedTuple):
    changed_ns: int
    size: int
    inode: int


class ManifestFiles:
    """One look at the manifests: it reads them, and can tell later whether any was changed.

    A change is seen by the names of a folder, and by time, size and inode of what they lead to. So
    it is seen as well where links are swapped, as Kubernetes does with mounted volumes.

    Args:
        path: a manifest, or a folder; in it, `*.json` are manifests, but for hidden files.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        # The first look counts: whatever comes after it is a change.
        self._seen = _looks(path)

    def read(self) -> list[TrustedDocument]:
        """Return what the manifests list.

        Raises:
            ManifestError: a file cannot be read or used, they hold more than 16 MiB, or no
                document.
        """
        size = sum(look.size for look in self._seen.values() if look)
        if size > _MOST_BYTES:
            raise ManifestError(
                f"{self._path.name}: the manifests hold {size} bytes; at most {_MOST_BYTES} are "
                "taken."
            )
        documents = read_manifests((path.name, _content(path)) for path in self._seen)
        if not documents:
            raise ManifestError(f"{self._path.name}: lists no document.")
        return documents

    def unchanged(self) -> bool:
        """Whether all of it looks as it did."""
        return _looks(self._path) == self._seen


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ManifestError(f"{path.name}: cannot be read: {error.strerror}.") from None
    except ValueError:
        raise ManifestError("is not the path of a file.") from None


def _looks(path: Path) -> dict[Path, _Look | None]:
    """Return how each manifest looks, in the order of their names; None where it cannot be seen."""
    try:
        names = sorted(path.iterdir())
    except (OSError, ValueError):
        return {path: _look(path)}
    return {name: _look(name) for name in names if name.suffix == ".json" and name.name[0] != "."}


def _look(path: Path) -> _Look | None:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return _Look(status.st_mtime_ns, status.st_size, status.st_ino)
