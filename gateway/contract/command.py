"""The subcommand `check`: its options, and how it is run."""

import argparse
import asyncio
import sys
from collections.abc import Mapping
from typing import Any

from gateway.contract.check import check, objection
from gateway.contract.walk import CheckNumbers
from gateway.settings.load import SettingsError, load_settings

_DESCRIPTION = """\
Ask every route of PayEx once, with the configured credentials, and compare what comes back with
what PayEx documents and with what the gateway assumes. Without GATEWAY_UPSTREAM_ORIGIN the
embedded sandbox is checked, to show what a report looks like.

The report tells names and types of members, problem types and HTTP statuses. No value of a body,
no number, no token and no amount is in it: it can be sent to anybody.
"""
_EPILOG = """\
At most 16 GET requests are sent, one after the other. Six of them ask for numbers that are nobody's
or malformed, to see how PayEx tells of that.

exit status:
  0  all is as expected
  1  something differs, or a route is absent
  2  a setting or an argument cannot be used, or the numbers have no usage to compare
  3  PayEx is not reachable, refuses the credentials, or fails: see the report for what to do

for example, with the numbers of the sandbox:
  payex-usage-gateway check --owner 1234 --invoice 123456 --customer 9999

docs/connect.md goes from certificate and token to a report without differences.
"""


def add_check(commands: Any) -> None:
    """Add the subcommand to the subparsers of the command line."""
    command: argparse.ArgumentParser = commands.add_parser(
        "check",
        help="compare PayEx with what the gateway expects of it",
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
        "--subscription", help="a subscription on it; the first listed one if left out", **number
    )
    command.add_argument(
        "--customer",
        help="a customer of the ledger with unbilled usage; without it, the routes below "
        "customers are left out",
        **number,
    )
    command.add_argument("--json", action="store_true", help="print the report as JSON")


def run_check(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Print the report and return the exit status.

    Raises:
        SettingsError: a setting or a number cannot be used.
        CredentialsError: there are no credentials for the ledger, or they cannot be used.
    """
    # The check serves nobody, so that nobody has to be identified.
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
