"""What a scrape costs: one page is made, however many ask for it."""

import asyncio
from collections.abc import Iterable

import pytest
from prometheus_client import CollectorRegistry, GCCollector
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from gateway.observability.metrics.formats import OPEN_METRICS, TEXT
from gateway.observability.metrics.page import Page


class Counted(Collector):
    """A gauge of how often it was read, which may fail once."""

    def __init__(self) -> None:
        self.times = 0
        self.fails = False

    def collect(self) -> Iterable[Metric]:
        """Count, or fail."""
        self.times += 1
        if self.fails:
            raise OSError("It cannot be read.")
        yield GaugeMetricFamily("times", "How often.", self.times)


class Scraped:
    """A page that is kept for a second, by a clock that stands."""

    def __init__(self) -> None:
        self.now = 0.0
        self.counted = Counted()
        registry = CollectorRegistry()
        GCCollector(registry=registry)
        self.page = Page(registry, self.counted, max_age=1.0, clock=lambda: self.now)


async def test_scrapes_at_the_same_time_are_one() -> None:
    scraped = Scraped()

    texts = await asyncio.gather(*(scraped.page.text() for _ in range(20)))

    assert len(set(texts)) == scraped.counted.times == 1


async def test_each_format_has_a_page_of_its_own() -> None:
    scraped = Scraped()

    plain, openly = await scraped.page.text(TEXT), await scraped.page.text(OPEN_METRICS)

    assert plain != openly
    assert scraped.counted.times == 2


async def test_a_page_is_made_anew_once_it_is_too_old() -> None:
    scraped = Scraped()
    seen = []
    for scraped.now in (0.0, 0.5, 1.0, 1.9, 2.0):
        await scraped.page.text()
        seen.append(scraped.counted.times)

    assert seen == [1, 1, 2, 2, 3]


async def test_a_page_that_cannot_be_made_is_not_kept() -> None:
    scraped = Scraped()
    scraped.counted.fails = True
    with pytest.raises(OSError, match="cannot be read"):
        await scraped.page.text()
    scraped.counted.fails = False

    assert b"times 2.0" in await scraped.page.text()


async def test_a_scraper_that_leaves_takes_nobody_s_page_along() -> None:
    scraped = Scraped()
    first, second = (asyncio.create_task(scraped.page.text()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()

    assert b"times 1.0" in await second
