"""The command line: what each command does, and how it refuses."""

import contextlib
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from gateway import __version__
from gateway.cli import main
from gateway.observability.logs import log_config
from gateway.sandbox import CATALOGUE, TOKENS
from gateway.sandbox.faults import KINDS, ROUTES

ROOT = Path(__file__).parents[2]
SECRET = "s3cret-reference-token"  # noqa: S105 - opens nothing


class Server:
    """Stands in for uvicorn: keeps what it was to serve, and how."""

    def __init__(self) -> None:
        self.app: Any = None
        self.options: dict[str, Any] = {}

    def __call__(self, app: Any, **options: Any) -> None:
        """Serve nothing."""
        self.app, self.options = app, options


@pytest.fixture
def server() -> Server:
    """Return a server that returns at once."""
    return Server()


@contextlib.contextmanager
def command_line(*arguments: str) -> Iterator[None]:
    """Give the process these arguments, as whoever starts one does."""
    before = sys.argv[1:]
    sys.argv[1:] = arguments
    try:
        yield
    finally:
        sys.argv[1:] = before


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--help"], "Without a command it serves"),
        (["-h"], "docs/settings.md"),
        (["serve", "--help"], "GATEWAY_PORT"),
        (["sandbox", "--help"], "It prints its tokens and numbers."),
        (["schema", "--help"], "Federation 2"),
    ],
)
def test_help_explains_a_command_and_ends_well(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 0
    assert told in capsys.readouterr().out


@pytest.mark.parametrize("command", ["serve", "sandbox"])
def test_help_lists_every_fault(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"])

    text = capsys.readouterr().out
    assert [word for word in (*ROUTES, *KINDS) if word not in text] == []


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])

    assert ended.value.code == 0
    assert capsys.readouterr().out == f"{__version__}\n"


def test_the_package_runs_as_a_module(capsys: pytest.CaptureFixture[str]) -> None:
    """`python -m gateway` reads the command line of the process, and ends with its status."""
    with command_line("schema"), pytest.raises(SystemExit) as ended:
        runpy.run_module("gateway", run_name="__main__")

    assert ended.value.code == 0
    assert "type Query" in capsys.readouterr().out


def test_the_schema_that_is_printed_is_the_one_that_is_kept(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["schema"]) == 0

    assert capsys.readouterr().out == (ROOT / "schema.graphql").read_text("utf-8")


@pytest.mark.parametrize(
    "arguments", [["srve"], ["--prt", "1"], ["schema", "x"], ["serve", "x"], ["sandbox", "--x"]]
)
def test_an_unknown_word_of_the_command_line_ends_with_2(
    arguments: list[str], server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments, environment={}, run=server)

    assert ended.value.code == 2
    assert "usage: " in capsys.readouterr().err
    assert server.app is None


@pytest.mark.parametrize("arguments", [[], ["serve"]])
def test_without_options_the_defaults_are_served(arguments: list[str], server: Server) -> None:
    assert main(arguments, environment={}, run=server) == 0

    assert isinstance(server.app, Starlette)
    assert (server.options["host"], server.options["port"]) == ("127.0.0.1", 8000)
    assert (server.options["workers"], server.options["factory"]) == (1, False)


@pytest.mark.parametrize("command", [[], ["serve"]])
def test_options_win_over_variables(command: list[str], server: Server) -> None:
    environment = {"GATEWAY_PORT": "9001", "GATEWAY_HOST": "127.0.0.2"}

    assert main([*command, "--port", "9002"], environment=environment, run=server) == 0

    assert (server.options["host"], server.options["port"]) == ("127.0.0.2", 9002)


def test_several_server_processes_make_the_app_themselves_from_the_same_settings(
    server: Server,
) -> None:
    """They read the variables, so that the options have to be there."""
    environment: dict[str, str] = {}
    arguments = ["--workers", "2", "--latency", "1", "--fault", "resource=500", "--fault", "*=429"]

    assert main(arguments, environment=environment, run=server) == 0

    assert server.app == "gateway.app:create_app"
    assert (server.options["workers"], server.options["factory"]) == (2, True)
    assert environment == {
        "GATEWAY_WORKERS": "2",
        "GATEWAY_SANDBOX_LATENCY": "1",
        "GATEWAY_SANDBOX_FAULTS": '["resource=500", "*=429"]',
    }


@pytest.mark.parametrize("arguments", [["serve"], ["sandbox"]])
def test_a_server_keeps_no_access_log_and_does_not_name_itself(
    arguments: list[str], server: Server
) -> None:
    """The paths of both hold people's numbers."""
    assert main(arguments, environment={}, run=server) == 0

    assert server.options["access_log"] is False
    assert server.options["server_header"] is False
    assert server.options["log_config"] == log_config("json", "INFO")


def test_the_log_is_written_as_the_settings_say(server: Server) -> None:
    environment = {"GATEWAY_LOG_FORMAT": "text", "GATEWAY_LOG_LEVEL": "ERROR"}

    assert main(["serve"], environment=environment, run=server) == 0

    assert server.options["log_config"] == log_config("text", "ERROR")


async def test_a_fault_of_the_command_line_is_made_by_the_embedded_sandbox(server: Server) -> None:
    assert main(["--fault", "resource=503-empty"], environment={}, run=server) == 0

    query = '{ owner(ownerNo: "1234") { invoice(invoiceNo: "55") { __typename } } }'
    transport = httpx.ASGITransport(server.app)
    async with (
        server.app.router.lifespan_context(server.app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost") as gateway,
    ):
        reply = await gateway.post("/graphql", json={"query": query})
    assert reply.json()["errors"][0]["extensions"]["code"] == "UPSTREAM_UNAVAILABLE"


CONNECTED = {
    "GATEWAY_UPSTREAM_ORIGIN": "https://lf-api.payex.com",
    "GATEWAY_LEDGER_TOKENS": f'{{"1234": "{SECRET}"}}',
}


@pytest.mark.parametrize(
    ("arguments", "environment", "told"),
    [
        (["--port", "x"], {}, "GATEWAY_PORT: must be a whole number."),
        (["--workers", "0"], {}, "GATEWAY_WORKERS: must be greater than or equal to 1."),
        (["--latency", "-1"], {}, "GATEWAY_SANDBOX_LATENCY: "),
        (["--fault", "resource=5OO"], {}, "No fault has the kind '5OO'."),
        (["--workers", "2", "--fault", "x"], {}, "A fault is written ROUTE=KIND"),
        ([], {"GATEWAY_PRT": "1"}, "GATEWAY_PRT is no setting; did you mean GATEWAY_PORT?"),
        ([], {"GATEWAY_CONFIG": "/nowhere.toml"}, "GATEWAY_CONFIG cannot be read: "),
        ([], CONNECTED, "Set GATEWAY_INSECURE=1"),
        (
            [],
            {**CONNECTED, "GATEWAY_INSECURE": "1", "GATEWAY_UPSTREAM_ORIGIN": "http://payex.com"},
            "plain http is for loopback only",
        ),
        ([], {**CONNECTED, "GATEWAY_LEDGER_TOKENS": SECRET}, "GATEWAY_LEDGER_TOKENS must be JSON."),
        (["sandbox", "--port", "99999"], {}, "GATEWAY_PORT: must be less than or equal to 65535."),
        (["sandbox", "--fault", "x"], {}, "A fault is written ROUTE=KIND"),
        (["sandbox", "--latency", "x"], {}, "GATEWAY_SANDBOX_LATENCY: must be a number."),
    ],
)
def test_settings_that_cannot_be_used_end_with_2_and_one_plain_line(
    arguments: list[str],
    environment: dict[str, str],
    told: str,
    server: Server,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nothing is served, no traceback is shown, and no secret is repeated."""
    assert main(arguments, environment=dict(environment), run=server) == 2

    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("payex-usage-gateway: ")
    assert told in printed.err
    assert printed.err.count("\n") == 1
    assert SECRET not in printed.err
    assert server.app is None


def test_a_failure_of_the_server_is_no_matter_of_settings() -> None:
    """It is not mistaken for one: it goes up as it is."""

    def broken(_: Any, **__: Any) -> None:
        raise ValueError("of the server")

    with pytest.raises(ValueError, match="of the server"):
        main([], environment={}, run=broken)


def test_the_sandbox_alone_prints_its_tokens_and_the_numbers_to_try(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sandbox"], environment={}, run=server) == 0

    lines = capsys.readouterr().out.splitlines()
    for ledger, token in TOKENS.items():
        assert f"  {ledger}  {token}" in lines
    for example in CATALOGUE:
        number, what = f"  {example.number} ", f"  {example.what}"
        matching = [line for line in lines if number in line and line.endswith(what)]
        assert any(line.startswith(f"  {example.ledger}  {example.kind}") for line in matching)
        assert any(example.subscription in line for line in matching)


def test_the_sandbox_alone_is_served_on_its_own_port(server: Server) -> None:
    assert main(["sandbox"], environment={}, run=server) == 0

    assert (server.options["host"], server.options["port"]) == ("127.0.0.1", 8100)


def test_the_sandbox_alone_does_not_heed_the_settings_of_the_gateway(server: Server) -> None:
    assert main(["sandbox"], environment={"GATEWAY_PORT": "x"}, run=server) == 0

    assert server.options["port"] == 8100


@pytest.mark.parametrize(
    ("options", "status"), [([], 200), (["--fault", "resource=429", "--latency", "0"], 429)]
)
async def test_the_sandbox_alone_answers_as_it_was_told(
    server: Server, options: list[str], status: int
) -> None:
    assert main(["sandbox", "--host", "127.0.0.2", *options], environment={}, run=server) == 0

    example = CATALOGUE[0]
    transport = httpx.ASGITransport(server.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://payex.example") as client:
        reply = await client.get(
            example.path(), headers={"Authorization": f"Bearer {example.token}"}
        )
    assert reply.status_code == status
    assert server.options["host"] == "127.0.0.2"
