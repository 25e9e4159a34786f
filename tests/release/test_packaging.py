"""What a release says of itself agrees with the tree, whether or not one is built."""

import re
import tomllib
from pathlib import Path

from gateway import __version__

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def test_the_newest_section_of_the_changelog_is_of_this_version() -> None:
    sections = re.findall(r"^## (\S+), ", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)

    assert sections[0] == __version__
    assert len(sections) == len(set(sections))


def test_every_package_of_the_tree_is_released() -> None:
    """A package that is forgotten would be missing only where the tree is."""
    found = {
        ".".join(file.relative_to(ROOT).parts[:-1])
        for top in ("gateway", "resolvers", "schema")
        for file in (ROOT / top).rglob("*.py")
        if "node_modules" not in file.parts
    }

    assert sorted(PROJECT["tool"]["setuptools"]["packages"]) == sorted(found)


def test_the_lock_holds_the_extras_of_the_release() -> None:
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    needed = {
        re.split(r"[<>=;\[ ]", requirement)[0]
        for extra in PROJECT["project"]["optional-dependencies"].values()
        for requirement in extra
    }

    assert {name for name in needed if not re.search(rf"^{name}==", lock, re.MULTILINE)} == set()
