"""The subcommand `check`."""

import argparse
import asyncio
import sys
from collections.abc import Mapping
from typing import Any

from gateway.contract.check import check, objection
from gateway.contract.walk import CheckNumbers
from gateway.settings.load import SettingsError, load_settings

_DESCRIPTION = """\
Request every route of PayEx once, with the configured credentials, and compare the answers with
PayEx's documentation and with the gateway's assumptions. Without GATEWAY_UPSTREAM_ORIGIN, check the
embedded sandbox, to show what a report looks like.

The report has names and types of members, problem types and HTTP statuses. It has no value of a
body, no number, no token and no amount: it can be sent to anybody.
"""
_EPILOG = """\
The check sends at most 16 GET requests, one after the other. Six of them have numbers that are
unknown or malformed, to see how PayEx reports that.

exit status:
  0  everything is as expected
  1  something differs, or a route is absent
  2  a setting or an argument cannot be used, or the numbers have no usage to compare
  3  PayEx is unreachable, refuses the credentials, or fails: the report says what to do

example, with the numbers of the sandbox:
  payex-usage-gateway check --owner 1234 --invoice 123456 --customer 9999

docs/connect.md leads from certificate and token to a report without differences.
"""


def add_check(commands: Any) -> None:
    """Add the subcommand to the subparsers of the command line."""
    command: argparse.ArgumentParser = commands.add_parser(
        "check",
        help="compare PayEx with what the gateway expects",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    number: dict[str, Any] = {"metavar": "NUMBER"}
    command.add_argument("--owner", required=True, help="the ledger", **number)
    command.add_argument(
        "--invoice", required=True, help="an invoice of the ledger that has usage", **number
    )
    command.add_argument(
        "--subscription", help="a subscription on it; by default the first listed one", **number
    )
    command.add_argument(
        "--customer",
        help="a customer of the ledger with unbilled usage; without it, the check skips the "
        "routes below customers",
        **number,
    )
    command.add_argument("--json", action="store_true", help="print the report as JSON")


def run_check(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Print the report and return the exit status.

    Raises:
        SettingsError: a setting or a number cannot be used.
        CredentialsError: there are no credentials for the ledger, or they cannot be used.
    """
    # The check serves no callers, so it needs no settings to identify them.
    settings = load_settings({**environment, "GATEWAY_INSECURE": "1"})
    numbers = CheckNumbers(
        owner_no=options.owner,
        invoice_no=options.invoice,
        customer_no=options.customer,
        subscription_no=options.subscription,
    )
    if message := objection(numbers):
        raise SettingsError(message)
    report, status = asyncio.run(check(settings, numbers, json=options.json))
    sys.stdout.write(report)
    return status.value
