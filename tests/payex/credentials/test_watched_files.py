"""A change of a file is seen, by whatever way it is made."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from resolvers.payex.credentials.access import CredentialsError
from resolvers.payex.credentials.watched_files import File, WatchedFiles


def write(path: Path) -> None:
    path.write_bytes(b"new, and longer")


def write_as_long(path: Path) -> None:
    path.write_bytes(b"OLD")
    os.utime(path, ns=(1, 1))


def replace(path: Path) -> None:
    status = path.stat()
    path.with_suffix(".new").write_bytes(b"new")
    os.utime(path.with_suffix(".new"), ns=(status.st_atime_ns, status.st_mtime_ns))
    path.with_suffix(".new").replace(path)


def remove(path: Path) -> None:
    path.unlink()


def let_others_write(path: Path) -> None:
    path.chmod(0o620)


@pytest.mark.parametrize("change", [write, write_as_long, replace, remove, let_others_write])
def test_a_change_is_seen(tmp_path: Path, change: Callable[[Path], None]) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    files = WatchedFiles()
    assert files.read(File(path, "key")) == b"old"
    assert files.unchanged()
    change(path)
    assert not files.unchanged()


def test_a_swap_of_links_is_seen_as_kubernetes_makes_it(tmp_path: Path) -> None:
    """The file leads through `..data` into the folder of one version."""
    for version in ("1", "2"):
        (tmp_path / version).mkdir()
        (tmp_path / version / "token").write_bytes(b"a")
        os.utime(tmp_path / version / "token", ns=(1, 1))
    (tmp_path / "..data").symlink_to("1")
    (tmp_path / "token").symlink_to("..data/token")
    files = WatchedFiles()
    files.read(File(tmp_path / "token", "key"))
    assert files.unchanged()
    (tmp_path / "..new").symlink_to("2")
    (tmp_path / "..new").replace(tmp_path / "..data")
    assert not files.unchanged()


def test_a_file_that_comes_about_is_a_change(tmp_path: Path) -> None:
    files = WatchedFiles()
    with pytest.raises(
        CredentialsError, match=r"^key: cannot be read: No such file or directory.$"
    ):
        files.read(File(tmp_path / "a", "key"))
    assert files.unchanged()
    (tmp_path / "a").write_bytes(b"")
    assert not files.unchanged()


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o664, 0o666, 0o777])
def test_a_file_that_others_may_write_is_refused(tmp_path: Path, mode: int) -> None:
    """Whoever writes it decides who is trusted, or what is shown to PayEx."""
    path = tmp_path / "a"
    path.write_bytes(b"secret")
    path.chmod(mode)
    told = rf"^key: is writable by others than its owner \(mode {mode:04o}\); use chmod go-w.$"
    with pytest.raises(CredentialsError, match=told):
        WatchedFiles().read(File(path, "key"))


@pytest.mark.parametrize("mode", [0o400, 0o440, 0o444, 0o600, 0o640, 0o644, 0o755])
def test_a_file_that_others_may_read_is_taken(tmp_path: Path, mode: int) -> None:
    """Kubernetes mounts secrets so, also with `fsGroup`."""
    path = tmp_path / "a"
    path.write_bytes(b"secret")
    path.chmod(mode)

    assert WatchedFiles().read(File(path, "key")) == b"secret"


def test_what_changed_between_two_readings_stays_a_change(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    files = WatchedFiles()
    files.read(File(path, "key"))
    write(path)
    files.read(File(path, "key"))
    assert not files.unchanged()


def test_a_folder_is_no_file_and_a_null_no_path(tmp_path: Path) -> None:
    with pytest.raises(CredentialsError, match=r"^key: cannot be read: Is a directory.$"):
        WatchedFiles().read(File(tmp_path, "key"))
    with pytest.raises(CredentialsError, match=r"^key: is not the path of a file.$"):
        WatchedFiles().read(File(Path("a\0b"), "key"))
