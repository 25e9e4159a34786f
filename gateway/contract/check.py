"""The whole check: from settings and numbers to a report and an exit status."""

import httpx

from gateway.contract.calls import calls_of
from gateway.contract.document import as_json
from gateway.contract.examination import Status, examine
from gateway.contract.report import as_text
from gateway.contract.shapes import Shapes
from gateway.contract.walk import CheckNumbers, walk
from gateway.contract.wording import Surroundings
from gateway.settings.settings import Settings
from resolvers.payex.api.numbers import number_message
from resolvers.payex.api.routes import Routes


def objection(numbers: CheckNumbers) -> str:
    """Return what is wrong with the form of the numbers, or an empty text."""
    given = {
        "ownerNo": numbers.owner_no,
        "invoiceNo": numbers.invoice_no,
        "customerNo": numbers.customer_no,
        "subscriptionNo": numbers.subscription_no,
    }
    found = (number_message(name, number) for name, number in given.items() if number is not None)
    return next(filter(None, found), "")


async def check(
    settings: Settings,
    numbers: CheckNumbers,
    *,
    json: bool = False,
    http: httpx.AsyncBaseTransport | None = None,
) -> tuple[str, Status]:
    """Request every route once, and return the report and the exit status.

    Args:
        settings: the gateway's settings. Without an upstream, the embedded sandbox is checked.
        numbers: the invoice, customer and subscription to request.
        json: whether the report is JSON.
        http: a transport in place of the network.

    Raises:
        CredentialsError: there are no credentials for the ledger, or they cannot be used.
    """
    routes = Routes(settings.upstream_subdomain, settings.upstream_origin or "")
    field_map = settings.field_map.model_dump()
    async with calls_of(settings, numbers.owner_no, http) as calls:
        visits = await walk(calls.ask, routes, numbers)
    examination = examine(visits, Shapes(routes, field_map), field_map)
    seen = Surroundings(settings.upstream_origin, settings.upstream_subdomain, calls.certificate)
    report = as_json if json else as_text
    return report(examination, seen), examination.status
