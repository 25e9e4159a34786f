"""Gateways come and go behind nginx and Hive Gateway, and nobody who asks notices."""

import asyncio
import time
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest

from tests.deploy.rollout import Load, replace_one_by_one

pytestmark = pytest.mark.deploy

CLIENTS = 8
INVOICE = """
{ owner(ownerNo: "1234") { invoice(invoiceNo: "880044") { ... on Invoice {
  subscriptions { ... on UsageSubscriptionConnection { totalCount } } } } } }
"""


@pytest.mark.parametrize("through", ["Hive Gateway", "nginx"])
async def test_a_rolling_restart_under_load_loses_nothing(
    site: Any, tell: Callable[[str], None], through: str
) -> None:
    """Each instance is stopped and started anew, when the one before is ready again."""
    load = Load(site.urls[through], site.answers)
    before = site.payex.calls.copy()
    async with load.running(CLIENTS):
        await load.more(CLIENTS)
        await asyncio.to_thread(replace_one_by_one, site.instances)
        await load.more(CLIENTS)

    tell(f"A rolling restart behind {through}: lost: {len(load.lost)} of {load.sent}")
    assert load.lost == []
    assert set(site.payex.calls - before) == {instance.name for instance in site.instances}


async def test_a_killed_instance_costs_no_more_than_its_requests_in_flight(
    site: Any, tell: Callable[[str], None]
) -> None:
    """With nginx's second try it mostly costs none of them."""
    killed, _ = site.instances
    load = Load(site.urls["Hive Gateway"], site.answers)
    async with load.running(CLIENTS):
        await load.until(lambda: site.payex.in_flight[killed.name] > 0)
        in_flight = load.waiting
        await asyncio.to_thread(killed.kill)
        gone = time.monotonic()
        await load.more(10 * CLIENTS)
        await asyncio.to_thread(killed.start)
        await load.more(10 * CLIENTS)

    tell(f"A killed instance: lost: {len(load.lost)} of {in_flight} in flight, {load.sent} in all")
    assert len(load.lost) <= in_flight
    assert [lost for lost in load.lost if lost.began > gone] == []


def test_what_one_instance_has_fetched_the_other_answers_without_a_call(site: Any) -> None:
    one, other = site.instances
    with site.stores_an_answer():
        first = one.ask({"query": INVOICE})
    before = site.payex.calls.copy()
    second = other.ask({"query": INVOICE})

    assert first["data"]["owner"]["invoice"]["subscriptions"]["totalCount"] > 0
    assert second["data"] == first["data"]
    assert site.payex.calls == before


def test_a_text_that_was_sent_to_one_instance_is_known_to_the_other(site: Any) -> None:
    one, other = site.instances
    text = f"{INVOICE}# Sent once."
    digest = {"persistedQuery": {"version": 1, "sha256Hash": sha256(text.encode()).hexdigest()}}
    with site.stores_an_answer():
        first = one.ask({"query": text, "extensions": digest})
    second = other.ask({"extensions": digest})

    assert second["data"] == first["data"]
