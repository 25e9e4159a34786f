"""What GraphiQL offers a newcomer works, and shows what its name says."""

import json
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.app import create_app
from gateway.graphiql.page import TABS, Tab, ready_tabs
from gateway.settings.settings import Settings

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


async def test_no_ready_tab_needs_more_than_to_read(tmp_path: Path) -> None:
    """Most callers are not allowed PayEx's raw bodies."""
    secret = "s" * 32
    (tmp_path / "secret").write_text(secret)
    claims = json.dumps({"ledgers": ["1234"], "scope": "usage:read"}).encode()
    headers = {
        "payex-usage-router": secret,
        "payex-usage-claims": urlsafe_b64encode(claims).decode(),
    }
    app = create_app(Settings(router_secret_file=str(tmp_path / "secret")))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://localhost", headers=headers
        ) as client,
    ):
        for tab in ready_tabs():
            variables = json.loads(tab["variables"]) if tab["variables"] else None
            body = {"query": tab["query"], "variables": variables}
            assert "errors" not in (await client.post("/graphql", json=body)).json()
