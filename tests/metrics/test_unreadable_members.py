"""The count of members that nobody could read."""

from typing import Any

import httpx
from prometheus_client import CollectorRegistry

from gateway.observability.metrics.unreadable_members import UnreadableMembers
from resolvers.payex.api.records import ELEMENT, Member
from resolvers.payex.api.routes import Kind
from tests.metrics.conftest import CONNECTED
from tests.metrics.samples import Samples

METRIC = "payex_usage_unreadable_members_total"


def test_a_member_counts_under_its_field_and_its_kind_of_answer() -> None:
    registry = CollectorRegistry()
    counts = UnreadableMembers(registry)
    counts.add({(Kind.DETAILS, Member("amount", "chargedAmount")): 2, (Kind.DETAILS, ELEMENT): 1})
    counts.add({(Kind.DETAILS, Member("amount", "chargedAmount")): 3})

    def value(field: str) -> float | None:
        return registry.get_sample_value(METRIC, {"list": "usage-details", "field": field})

    assert (value("amount"), value("items"), value("startTime")) == (5, 1, 0)
    assert value("chargedAmount") is None


async def test_what_one_operation_meets_is_on_the_page(serve: Any) -> None:
    def upstream(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=b'{"items": [{"startTime": ""}, {"startTime": 5}]}')

    client = await serve(CONNECTED, upstream)
    query = """{ owner(ownerNo: "1234") { invoice(invoiceNo: "1") { ... on Invoice {
        subscription(subscriptionNo: "1") { ... on UsageSubscription { usageRecords {
        ... on UsageRecordConnection { totalCount } } } } } } } }"""
    await client.post("/graphql", json={"query": query})
    page = Samples((await client.get("/metrics")).text)

    assert page.value("unreadable_members_total", list="usage-details", field="startTime") == 2
