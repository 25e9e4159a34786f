"""The command line: `serve`, `check`, `sandbox` and `schema`."""

import argparse
import json
import os
import re
import sys
from collections.abc import Callable, MutableMapping, Sequence
from datetime import UTC, datetime
from typing import Any

from gateway import __version__
from gateway.check_config.startup import prepared
from gateway.check_config.summary import summary
from gateway.contract.command import add_check, run_check
from gateway.observability.logs import log_config
from gateway.sandbox import CATALOGUE, TOKENS, SandboxFault, create_sandbox
from gateway.sandbox.faults import KINDS, ROUTES
from gateway.server.process import CANNOT_START
from gateway.server.serving import serve
from gateway.settings.load import SettingsError, load_settings, print_error
from gateway.settings.settings import Settings
from resolvers.payex.credentials.access import CredentialsError
from schema.subgraph import print_sdl
from schema.variants import PREFIX, Variant

_DESCRIPTION = """\
A GraphQL gateway over the PayEx Billing Usage API.

Without a command it serves, and takes the options of `serve`. Without GATEWAY_UPSTREAM_ORIGIN it
serves an embedded sandbox, so that everything can be tried at once: open http://127.0.0.1:8000/
for GraphiQL.
"""
_SETTINGS = """\
Settings come from environment variables GATEWAY_* and from a TOML file named by GATEWAY_CONFIG:
see the table in docs/settings.md.

exit status:
  0 when it did what it was told to, and when SIGTERM or SIGINT stopped it
  2 when it cannot start: an argument or a setting cannot be used, or a file that it names, or the
    port is taken. stderr has a sentence for each reason.
"""
_FAULTS = f"""\
A fault is ROUTE=KIND, or ROUTE=KIND@SHARE for a share of the requests from 0 to 1:
  ROUTE  {", ".join(ROUTES)}
  KIND   {", ".join(KINDS[:6])},
         {", ".join(KINDS[6:])}
for example: --fault usage-details=500@0.25 --fault '*=slow:300'
"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    top = argparse.ArgumentParser(
        prog="payex-usage-gateway",
        description=_DESCRIPTION,
        epilog=_SETTINGS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=__version__)
    commands = top.add_subparsers(dest="command", metavar="COMMAND")

    serve = commands.add_parser(
        "serve",
        help="serve GraphQL at /graphql and GraphiQL at / (the default)",
        description="Serve GraphQL at /graphql and GraphiQL at /.",
        epilog=_SETTINGS + "\n" + _FAULTS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    serve.add_argument("--host", help="the address to listen on (GATEWAY_HOST)")
    serve.add_argument("--port", help="the port to listen on (GATEWAY_PORT)")
    serve.add_argument("--workers", help="server processes (GATEWAY_WORKERS)")
    serve.add_argument(
        "--check-config",
        action="store_true",
        help="look at all that starting needs, print what would be served, and end: exit status 0 "
        "or 2; no port is bound, nothing is asked over the network",
    )
    _add_faults(serve, "the embedded sandbox")

    add_check(commands)

    sandbox = commands.add_parser(
        "sandbox",
        help="serve the imitation of PayEx alone, as an HTTP server",
        description=(
            "Serve an imitation of the PayEx Billing Usage API: all routes, all problem types, a\n"
            "bearer token for each ledger, invented data. It prints its tokens and numbers."
        ),
        epilog=_FAULTS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    sandbox.add_argument("--host", default="127.0.0.1", help="the address (default: %(default)s)")
    sandbox.add_argument(
        "--port", default="8100", help="the port; 0 takes a free one (default: %(default)s)"
    )
    _add_faults(sandbox, "the sandbox")

    schema = commands.add_parser(
        "schema",
        help="print the schema (SDL)",
        description="Print the schema as SDL, with its Federation 2 directives.",
    )
    schema.add_argument(
        "--without-node",
        action="store_true",
        help="leave out node, nodes, Node and the ids of ledgers, invoices and customers "
        "(GATEWAY_SCHEMA_WITHOUT_NODE)",
    )
    schema.add_argument(
        "--without-auth",
        action="store_true",
        help="leave out @authenticated and @requiresScopes (GATEWAY_SCHEMA_WITHOUT_AUTH)",
    )
    schema.add_argument(
        "--prefix",
        default="",
        type=_prefix,
        help="what the names of types begin with that other subgraphs have too "
        "(GATEWAY_SCHEMA_PREFIX)",
    )
    return top


def _prefix(text: str) -> str:
    if not re.fullmatch(PREFIX, text):
        raise argparse.ArgumentTypeError("must be up to 40 letters, digits and _, a letter first")
    return text


def _add_faults(command: argparse.ArgumentParser, who: str) -> None:
    command.add_argument(
        "--latency", metavar="SECONDS", help=f"how long {who} waits before it answers"
    )
    command.add_argument(
        "--fault",
        action="append",
        default=[],
        help=f"a fault that {who} makes, see below; may be given several times",
    )


def main(
    arguments: Sequence[str] | None = None,
    *,
    environment: MutableMapping[str, str] | None = None,
    run: Callable[..., None] = serve,
) -> int:
    """Run a command, and return the exit status.

    Args:
        arguments: the command line after the program's name; the process's own if None.
        environment: the variables; the process's own if None. Options of `serve` are put into it,
            because further server processes read their settings there.
        run: serves an ASGI app, as `gateway.server.serving.serve`.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    # Options of `serve` need not be preceded by its name.
    if not given or (given[0].startswith("-") and given[0] not in {"-h", "--help", "--version"}):
        given.insert(0, "serve")
    options = parser().parse_args(given)
    try:
        match options.command:
            case "schema":
                variant = Variant(options.without_node, options.without_auth, options.prefix)
                sys.stdout.write(print_sdl(variant))
            case "check":
                return run_check(options, os.environ if environment is None else environment)
            case "sandbox":
                _sandbox(options, run)
            case _:
                _serve(options, os.environ if environment is None else environment, run)
    except (SettingsError, CredentialsError) as error:
        print_error(error)
        return CANNOT_START
    return 0


def _serve(
    options: argparse.Namespace, environment: MutableMapping[str, str], run: Callable[..., None]
) -> None:
    given = {
        "GATEWAY_HOST": options.host,
        "GATEWAY_PORT": options.port,
        "GATEWAY_WORKERS": options.workers,
        "GATEWAY_SANDBOX_LATENCY": options.latency,
        "GATEWAY_SANDBOX_FAULTS": json.dumps(options.fault) if options.fault else None,
    }
    environment.update({name: value for name, value in given.items() if value is not None})
    settings = load_settings(environment)
    # Several processes make it themselves; but what it dies of, they would die of again and again.
    app, tls = prepared(settings)
    if options.check_config:
        sys.stdout.write(summary(settings, datetime.now(UTC)))
        return
    # An access log would hold the queries of GET requests, and so people's numbers.
    run(
        app if settings.workers == 1 else "gateway.app:create_app",
        factory=settings.workers > 1,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        limits=settings.http_limits,
        metrics=(settings.metrics_host, settings.metrics_port) if settings.metrics_port else None,
        timeout_graceful_shutdown=settings.shutdown_timeout,
        access_log=False,
        server_header=False,
        log_config=_log_config(settings),
        **tls,
    )


def _sandbox(options: argparse.Namespace, run: Callable[..., None]) -> None:
    given = {
        "GATEWAY_PORT": options.port,
        "GATEWAY_HOST": options.host,
        "GATEWAY_SANDBOX_LATENCY": options.latency or "",
        "GATEWAY_SANDBOX_FAULTS": json.dumps(options.fault),
    }
    # The options are the gateway's settings of these names, and so are their bounds.
    settings = load_settings(given)
    sys.stdout.write(f"Tokens:\n{tokens()}\nNumbers to try:\n{catalogue()}\n")
    sys.stdout.flush()
    run(
        create_sandbox(
            latency=settings.sandbox_latency,
            faults=[SandboxFault.parse(text) for text in settings.sandbox_faults],
        ),
        host=settings.host,
        port=settings.port,
        access_log=False,
        server_header=False,
        log_config=_log_config(settings),
    )


def _log_config(settings: Settings) -> dict[str, Any]:
    return log_config(settings.log_style(terminal=sys.stderr.isatty()), settings.log_level)


def tokens() -> str:
    """Return the sandbox's bearer tokens, one line for each ledger."""
    return "\n".join(f"  {ledger}  {token}" for ledger, token in TOKENS.items())


def catalogue() -> str:
    """Return the sandbox's numbers worth trying, one line each."""
    lines = []
    for example in CATALOGUE:
        number = (
            f"{example.number} / {example.subscription}" if example.subscription else example.number
        )
        lines.append(f"  {example.ledger}  {example.kind:9}  {number:28}  {example.what}")
    return "\n".join(lines)
