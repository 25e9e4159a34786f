"""A plain Strawberry server over the documented routes: a dataloader per request, httpx, uvicorn.

It is what the pages of these libraries lead to, and shares nothing with the gateway.
"""

import asyncio
import os
from typing import Annotated
from urllib.parse import quote

import httpx
import strawberry
import uvicorn
from aiodataloader import DataLoader
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL

from benchmarks.peers.strawberry_types import (
    Body,
    InvoiceHasNoUsage,
    InvoiceNotFound,
    SubscriptionNotFound,
    UnrecognizedProblem,
    UsageRecordConnection,
    ValidationProblem,
    problem,
    usage_record,
)


class Payex(DataLoader[str, Body]):
    """PayEx for one request. It answers one resource a call: a batch is that many calls."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        super().__init__()
        self._client = client

    async def batch_load_fn(self, keys: list[str]) -> list[Body]:
        """Return what stands at each path."""
        return await asyncio.gather(*(self._get(path) for path in keys))

    async def _get(self, path: str) -> Body:
        # The numbers become doubles. The gateway's decimals are exact.
        body: Body = (await self._client.get(path)).json()
        return body


Info = strawberry.Info[Payex, None]


UsageRecordsResult = Annotated[
    UsageRecordConnection
    | ValidationProblem
    | InvoiceNotFound
    | InvoiceHasNoUsage
    | SubscriptionNotFound
    | UnrecognizedProblem,
    strawberry.union("UsageRecordsResult"),
]


@strawberry.type
class UsageSubscription:
    """A subscription."""

    subscription_no: strawberry.ID
    path: strawberry.Private[str]

    @strawberry.field
    async def usage_records(self, info: Info, first: int = 50) -> UsageRecordsResult | None:
        """Return its records."""
        body = await info.context.load(f"{self.path}/usage-details")
        return problem(body) or UsageRecordConnection(
            nodes=[usage_record(item) for item in body["items"][:first]],
            total_count=len(body["items"]),
        )


@strawberry.type
class UsageSubscriptionConnection:
    """Subscriptions."""

    nodes: list[UsageSubscription]
    total_count: int


UsageSubscriptionResult = Annotated[
    UsageSubscription
    | ValidationProblem
    | InvoiceNotFound
    | InvoiceHasNoUsage
    | SubscriptionNotFound
    | UnrecognizedProblem,
    strawberry.union("UsageSubscriptionResult"),
]
UsageSubscriptionsResult = Annotated[
    UsageSubscriptionConnection
    | ValidationProblem
    | InvoiceNotFound
    | InvoiceHasNoUsage
    | UnrecognizedProblem,
    strawberry.union("UsageSubscriptionsResult"),
]


def usage_subscription(path: str, body: Body) -> UsageSubscription:
    """Return the subscription that a body tells of, under the path of its list."""
    number = body["subscriptionNo"]
    return UsageSubscription(subscription_no=number, path=f"{path}/{quote(number, safe='')}")


@strawberry.type
class Invoice:
    """An invoice."""

    owner_no: strawberry.ID
    invoice_no: strawberry.ID
    path: strawberry.Private[str]

    @strawberry.field
    async def subscriptions(self, info: Info, first: int = 50) -> UsageSubscriptionsResult | None:
        """Return its subscriptions."""
        path = f"{self.path}/subscriptions"
        body = await info.context.load(path)
        return problem(body) or UsageSubscriptionConnection(
            nodes=[usage_subscription(path, item) for item in body["items"][:first]],
            total_count=len(body["items"]),
        )

    @strawberry.field
    async def subscription(
        self, info: Info, subscription_no: strawberry.ID
    ) -> UsageSubscriptionResult | None:
        """Return one subscription."""
        path = f"{self.path}/subscriptions"
        body = await info.context.load(f"{path}/{quote(subscription_no, safe='')}")
        return problem(body) or usage_subscription(path, body)


InvoiceResult = Annotated[
    Invoice | ValidationProblem | InvoiceNotFound | InvoiceHasNoUsage | UnrecognizedProblem,
    strawberry.union("InvoiceResult"),
]


@strawberry.type
class Owner:
    """A ledger."""

    owner_no: strawberry.ID

    @strawberry.field
    async def invoice(self, info: Info, invoice_no: strawberry.ID) -> InvoiceResult | None:
        """Return one invoice."""
        owner, number = quote(self.owner_no, safe=""), quote(invoice_no, safe="")
        path = f"/billing/usage/v1/{owner}/invoices/{number}"
        body = await info.context.load(path)
        return problem(body) or Invoice(owner_no=self.owner_no, invoice_no=invoice_no, path=path)


@strawberry.type
class Query:
    """What can be asked."""

    @strawberry.field
    def owner(self, owner_no: strawberry.ID) -> Owner | None:
        """Return a ledger."""
        return Owner(owner_no=owner_no)


class App(GraphQL[Payex, None]):
    """The schema over HTTP."""

    def __init__(self) -> None:
        super().__init__(strawberry.Schema(Query))
        headers = {
            "accept": "application/json",
            "authorization": f"Bearer {os.environ['TOKEN']}",
        }
        self._client = httpx.AsyncClient(base_url=os.environ["UPSTREAM"], headers=headers)

    async def get_context(
        self,
        request: Request | WebSocket,  # noqa: ARG002 - every request is treated alike
        response: Response | WebSocket,  # noqa: ARG002 - no header is added
    ) -> Payex:
        """Return what a request has for itself."""
        return Payex(self._client)


if __name__ == "__main__":
    uvicorn.run(App(), port=int(os.environ["PORT"]), log_level="warning")
