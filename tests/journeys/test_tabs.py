"""What GraphiQL offers a newcomer works, and shows what its name says."""

import json
from typing import Any

import pytest

from gateway.graphiql.page import TABS, Tab, ready_tabs

NAMES = [path.stem for path in sorted(TABS.glob("*.graphql"))]
SHOWN = {
    "04-validation": "ValidationProblem",
    "05-invoice-not-found": "InvoiceNotFound",
    "06-customer-not-found": "CustomerNotFound",
    "07-invoice-has-no-usage": "InvoiceHasNoUsage",
    "08-subscription-not-found": "SubscriptionNotFound",
    "09-unrecognized-problem": "UnrecognizedProblem",
}


@pytest.mark.parametrize(("name", "tab"), list(zip(NAMES, ready_tabs(), strict=True)), ids=NAMES)
async def test_each_ready_tab_answers(ask: Any, name: str, tab: Tab) -> None:
    """With data, without errors, in at most two waves."""
    variables = json.loads(tab["variables"]) if tab["variables"] else None
    reply = await ask(tab["query"], variables)

    assert "errors" not in reply
    assert reply["extensions"]["upstream"]["waves"] <= 2
    assert SHOWN.get(name, "amount") in json.dumps(reply["data"])
