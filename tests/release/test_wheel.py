"""The wheel, installed into an empty environment, with the source tree out of the way.

`make release` builds it first.
"""

import os
import signal
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

from gateway import __version__
from tests.gateway.service import SECONDS, Service

pytestmark = pytest.mark.release

ROOT = Path(__file__).parents[2]
DIST = ROOT / "dist"
GRAPHIQL = ROOT / "gateway" / "graphiql"
NAME = f"payex_usage_gateway-{__version__}"
INFO = f"{NAME}.dist-info"
QUERY = '{ owner(ownerNo: "1234") { invoice(invoiceNo: "55") { __typename } } }'
# Nothing of what leads to the source tree.
ELSE = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith(("GATEWAY_", "PYTHON", "VIRTUAL_ENV"))
}


class Environment:
    """An environment that has the locked dependencies and the wheel, and nothing else."""

    def __init__(self, folder: Path) -> None:
        self._programs = folder / ("Scripts" if os.name == "nt" else "bin")
        # Whatever runs, runs where no source is.
        self._elsewhere = folder / "elsewhere"
        self._elsewhere.mkdir(parents=True)
        self._call([sys.executable, "-m", "venv", str(folder)])
        lock = str(ROOT / "requirements.lock")
        self.run("pip", "install", "--quiet", "--require-hashes", "--requirement", lock)
        wheel = str(DIST / f"{NAME}-py3-none-any.whl")
        self.run("pip", "install", "--quiet", "--no-deps", "--no-index", wheel)

    def run(self, program: str, *arguments: str) -> str:
        """Run a program of the environment, and return what it prints."""
        return self._call([str(self._programs / program), *arguments])

    @contextmanager
    def serving(self, *arguments: str) -> Iterator[Service]:
        """Serve while it lasts."""
        log = self._elsewhere / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 - our own command
                [self._programs / "payex-usage-gateway", *arguments],
                cwd=self._elsewhere,
                env=ELSE,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            yield Service(process, log)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.wait(SECONDS)

    def _call(self, words: list[str]) -> str:
        ended = subprocess.run(  # noqa: S603 - our own commands
            words,
            cwd=self._elsewhere,
            env=ELSE,
            capture_output=True,
            text=True,
            check=False,
            timeout=10 * SECONDS,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Return an environment with the wheel."""
    return Environment(tmp_path_factory.mktemp("release") / "environment")


@pytest.fixture
def start(environment: Environment) -> Iterator[Callable[..., Service]]:
    """Starts the command of the wheel."""
    with ExitStack() as stack:
        yield lambda *arguments: stack.enter_context(environment.serving(*arguments))


@pytest.fixture(scope="session")
def wheel() -> Iterator[zipfile.ZipFile]:
    """Return the wheel that was built."""
    with zipfile.ZipFile(DIST / f"{NAME}-py3-none-any.whl") as archive:
        yield archive


@pytest.fixture(scope="session")
def metadata(wheel: zipfile.ZipFile) -> Message:
    """Return what the wheel says of itself."""
    return Parser().parsestr(wheel.read(f"{INFO}/METADATA").decode("utf-8"))


def test_one_wheel_and_one_sdist_are_built() -> None:
    assert sorted(path.name for path in DIST.iterdir()) == [
        f"{NAME}-py3-none-any.whl",
        f"{NAME}.tar.gz",
    ]


def test_the_wheel_holds_the_modules_and_what_the_page_is_made_of_and_nothing_else(
    wheel: zipfile.ZipFile,
) -> None:
    """No tests, no packages of npm, no sources of the page."""
    tops = [ROOT / name for name in ("gateway", "resolvers", "schema")]
    parts = [file for top in tops for file in top.rglob("*.py")]
    parts += [top / "py.typed" for top in tops]
    parts += GRAPHIQL.glob("*.html")
    for folder in ("dist", "static", "tabs"):
        parts += (GRAPHIQL / folder).iterdir()
    expected = {
        str(file.relative_to(ROOT)) for file in parts if "node_modules" not in file.parts
    } | {
        f"{INFO}/{name}"
        for name in (
            "METADATA",
            "RECORD",
            "WHEEL",
            "entry_points.txt",
            "licenses/LICENSE",
            "top_level.txt",
        )
    }

    assert {name for name in wheel.namelist() if not name.endswith("/")} == expected


def test_the_bundle_is_the_one_that_was_built_with_its_licences(wheel: zipfile.ZipFile) -> None:
    for name in ("graphiql.js", "graphiql.css", "LICENSES.txt"):
        content = wheel.read(f"gateway/graphiql/dist/{name}")
        assert content == (GRAPHIQL / "dist" / name).read_bytes()
        assert content


def test_the_metadata_say_what_it_is_and_what_it_needs(metadata: Message) -> None:
    assert metadata["Name"] == "payex-usage-gateway"
    assert metadata["Version"] == __version__
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert str(metadata.get_payload()).lstrip().startswith("# payex-usage-gateway")
    assert "redis" in (metadata.get_all("Provides-Extra") or [])


def test_the_sdist_holds_what_the_wheel_is_built_from() -> None:
    """The wheel was built from it. The tests stay in the repository."""
    with tarfile.open(DIST / f"{NAME}.tar.gz") as archive:
        names = {name.removeprefix(f"{NAME}/") for name in archive.getnames()}

    assert {"pyproject.toml", "LICENSE", "gateway/graphiql/dist/graphiql.js"} <= names
    assert not any(name.startswith(("tests", "docs", "benchmarks")) for name in names)


def test_the_locked_dependencies_are_those_that_it_needs(environment: Environment) -> None:
    assert "No broken requirements" in environment.run("pip", "check")


def test_the_command_is_that_of_the_wheel(environment: Environment) -> None:
    place = environment.run("python", "-c", "import gateway; print(gateway.__file__)")

    assert "site-packages" in place
    assert environment.run("payex-usage-gateway", "--version") == f"{__version__}\n"


def test_the_schema_that_it_prints_is_the_one_that_is_kept(environment: Environment) -> None:
    assert environment.run("payex-usage-gateway", "schema") == (ROOT / "schema.graphql").read_text(
        "utf-8"
    )


def test_a_configuration_can_be_checked(environment: Environment) -> None:
    told = environment.run("payex-usage-gateway", "serve", "--check-config")

    assert told.startswith(f"payex-usage-gateway {__version__} can start with these settings.\n")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_it_serves_graphql_and_the_page_with_its_bundle_and_stops(
    start: Callable[..., Service], workers: str
) -> None:
    service = start("serve", "--port", "0", "--workers", workers)

    page = service.request("GET", "/")
    script = service.request("GET", "/graphiql/graphiql.js")
    reply = service.request("POST", "/graphql", json={"query": QUERY})
    status = service.stop()

    assert 'src="graphiql/graphiql.js"' in page.text
    assert script.content == (GRAPHIQL / "dist" / "graphiql.js").read_bytes()
    assert reply.json()["data"] == {"owner": {"invoice": {"__typename": "Invoice"}}}
    assert "Traceback" not in service.printed
    assert status == 0
