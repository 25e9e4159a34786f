"""The GraphiQL page in a real Chromium, before a real gateway that serves its sandbox."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect, sync_playwright

from gateway.graphiql.page import DIST, ready_tabs

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
CHROMIUM = os.environ.get("CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE = 30  # seconds, for a start on a slow machine
AMOUNT = re.compile(r'"amount":\s"\d+\.\d\d"')  # the editor writes no-break spaces
STORED_TITLE = """() => {
  const state = JSON.parse(localStorage.getItem('graphiql:tabState'));
  return state?.tabs[state.activeTabIndex].title;
}"""


@dataclass
class Visitor:
    """One browser profile on the page, and all that the browser complained of."""

    page: Page
    origin: str
    complaints: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Notes from now on what the browser complains of and whom it asks."""
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self._note(request.url))
        # A violation inside of a worker or of a report-only kind reaches no console.
        self.page.add_init_script(
            "addEventListener('securitypolicyviolation', (event) =>"
            " console.error('policy', event.violatedDirective, event.blockedURI));"
        )

    def open(self) -> None:
        """Opens the page, and waits for the editor."""
        self.page.goto(self.origin)
        expect(self.query).to_be_visible()

    def run(self) -> None:
        """Presses the play button."""
        self.page.get_by_role("button", name="Execute query").click()

    def open_tab(self, title: str) -> None:
        """Clicks a tab, as a hand with a mouse does."""
        self.page.get_by_role("button", name=title, exact=True).click()

    def await_stored(self, title: str) -> None:
        """Waits until the browser has stored that a tab is open: it does so after half a second."""
        until = time.monotonic() + PATIENCE
        while self.page.evaluate(STORED_TITLE) != title:
            assert time.monotonic() < until, f"never stored that {title} is open"
            self.page.wait_for_timeout(50)

    @property
    def query(self) -> Locator:
        """The text of the operation."""
        return self.page.get_by_label("Operation Editor").locator(".view-lines")

    @property
    def variables(self) -> Locator:
        """The text of the variables."""
        return self.page.get_by_label("Variables").locator(".view-lines").first

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def _note(self, url: str) -> None:
        if not url.startswith((self.origin, "data:")):
            self.foreign.append(url)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The origin of a gateway in a process of its own."""
    if not (DIST / "graphiql.js").is_file():
        pytest.skip("the GraphiQL page is not built: run `make bundle`")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")
    }
    log = tmp_path_factory.mktemp("gateway") / "log.txt"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [sys.executable, "-m", "gateway", "serve"],
            cwd=ROOT,
            env={**settings, "GATEWAY_PORT": str(port)},
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            await_port(process, port, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(PATIENCE)


def await_port(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"the gateway did not start:\n{log.read_text()}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("there is no Chromium; CHROMIUM may name one")
    expect.set_options(timeout=PATIENCE * 1000)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def visitor(gateway: str, browser: Browser) -> Iterator[Visitor]:
    """A new visitor: nothing is stored, and the page is open."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(PATIENCE * 1000)
    someone = Visitor(context.new_page(), gateway)
    someone.watch()
    someone.open()
    yield someone
    context.close()


def test_a_new_visitor_runs_the_first_tab_and_reads_an_amount(visitor: Visitor) -> None:
    visitor.run()
    expect(visitor.page.locator(".result-window")).to_contain_text(AMOUNT)
    assert visitor.foreign == []
    assert visitor.complaints == []


def test_the_page_says_that_the_data_are_invented(visitor: Visitor) -> None:
    expect(visitor.page.get_by_role("banner")).to_contain_text(
        "Sandbox: invented data, no PayEx connected"
    )
    expect(visitor.page).to_have_title("PayEx usage gateway")


def test_a_new_visitor_finds_the_ready_tabs(visitor: Visitor) -> None:
    assert visitor.page.get_by_role("tab").count() == len(ready_tabs())


@pytest.mark.parametrize("width", [1440, 1000])
def test_a_tab_opens_when_it_is_clicked(visitor: Visitor, width: int) -> None:
    visitor.page.set_viewport_size({"width": width, "height": 900})
    visitor.open_tab("WhyIsItHigher")
    expect(visitor.page.get_by_role("tab", selected=True)).to_contain_text("WhyIsItHigher")
    expect(visitor.query).to_contain_text(re.compile(r"query\sWhyIsItHigher"))
    expect(visitor.variables).to_contain_text("previousInvoiceNo")


def test_a_returning_visitor_finds_what_they_left(visitor: Visitor) -> None:
    visitor.open_tab("WholeInvoice")
    visitor.await_stored("WholeInvoice")
    visitor.open()
    expect(visitor.page.get_by_role("tab", selected=True)).to_contain_text("WholeInvoice")
    expect(visitor.query).to_contain_text(re.compile(r"query\sWholeInvoice"))
    expect(visitor.variables).to_contain_text("123456")
    assert visitor.page.get_by_role("tab").count() == len(ready_tabs())


def test_the_explorer_the_documentation_and_the_history_are_there(visitor: Visitor) -> None:
    for plugin in ("Documentation Explorer", "History", "GraphiQL Explorer"):
        visitor.page.get_by_role("button", name=f"Show {plugin}").click()
        expect(visitor.page.locator(".graphiql-plugin")).to_be_visible()
        visitor.page.get_by_role("button", name=f"Hide {plugin}").click()
