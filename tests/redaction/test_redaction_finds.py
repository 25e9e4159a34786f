"""The look for what got out finds it, wherever it is and however it is spelled."""

import base64
import html
import json
import logging
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import httpx
import pytest

from tests.redaction.known import KNOWN, leaks, texts
from tests.redaction.surfaces import Heard, gateway, hearing
from tests.redaction.talkative_payex import CONNECTED, QUERY, VARIABLES, TalkativePayex

CUSTOMER = KNOWN["customer number"]
SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "in capitals": str.upper,
    "in a path": lambda value: quote(value, safe=""),
    "in a path within a query": lambda value: quote(quote(value, safe=""), safe=""),
    "in a form": quote_plus,
    "in HTML": html.escape,
    "in JSON": json.dumps,
    "in JSON within JSON": lambda value: json.dumps(json.dumps({"of": value})),
    "as Python shows it": lambda value: repr(value.encode()),
    "in hexadecimal digits": lambda value: value.encode().hex(),
    "in base64": lambda value: base64.b64encode(f"{value}yz".encode()).decode(),
    "in base64 behind one": lambda value: base64.b64encode(f"x{value}yz".encode()).decode(),
    "in base64 behind two": lambda value: base64.b64encode(f"xx{value}".encode()).decode(),
    "in base64 of URLs": lambda value: base64.urlsafe_b64encode(f'["{value}"]'.encode()).decode(),
}


@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS)
@pytest.mark.parametrize("name", KNOWN)
def test_each_known_value_is_found_in_each_spelling(name: str, spell: Callable[[str], str]) -> None:
    assert name in leaks(f"before {spell(KNOWN[name])} behind")


def test_nothing_is_found_where_nothing_is() -> None:
    assert leaks("anonymous ok with 200 in 48.2 ms /invoices/{invoiceNo}") == []


def test_texts_of_somebody_are_told_from_others() -> None:
    body = {
        "detailInfo": "46701990601",
        "instance": "dd07e588-70c8-4b27-95f5-020cc2968c06",
        "startTime": "2026-11-01T08:30:00",
        "nodes": [{"usageType": "VOICE_ABROAD"}, {"id": "WyJpIiwiMTIzNCIsIjczMDA5Il0"}],
    }

    assert list(texts(body)) == ["46701990601", "WyJpIiwiMTIzNCIsIjczMDA5Il0"]


def fail() -> None:
    raise ValueError(CUSTOMER)


def log_failure(logger: logging.Logger) -> None:
    try:
        fail()
    except ValueError:
        logger.exception("It failed.")


LOGS: dict[str, Callable[[logging.Logger], None]] = {
    "in the message": lambda logger: logger.warning(f"of {CUSTOMER}"),  # noqa: G004 - a mistake
    "in its values": lambda logger: logger.info("of %r", {"of": CUSTOMER}),
    "beside it": lambda logger: logger.debug("x", extra={"of": CUSTOMER}),
    "in an exception": log_failure,
    "under a key": lambda logger: logger.info("x", extra={"operation": CUSTOMER}),
}


def of_log(heard: Heard) -> tuple[bool, bool]:
    """Return whether something was found in lines as they are written, and in what they are of."""
    return bool(leaks("".join(heard.lines))), bool(leaks("".join(heard.carried)))


@pytest.mark.parametrize("log", LOGS.values(), ids=LOGS)
def test_what_the_gateway_logs_is_found(log: Callable[[logging.Logger], None]) -> None:
    """In its records, even where no line would show it."""
    with hearing() as heard:
        log(logging.getLogger("gateway.careless"))

    assert of_log(heard)[1]


@pytest.mark.parametrize(
    ("name", "level", "found"),
    [
        ("uvicorn.error", logging.INFO, True),
        ("redis", logging.WARNING, True),
        ("httpx", logging.INFO, False),
        ("httpcore", logging.DEBUG, False),
    ],
)
def test_of_others_is_found_what_is_written(name: str, level: int, *, found: bool) -> None:
    with hearing() as heard:
        logging.getLogger(name).log(level, "of %s", CUSTOMER)

    assert of_log(heard) == (found, False)


async def test_what_is_in_an_error_is_found_and_what_is_in_the_data_is_not() -> None:
    async with gateway(TalkativePayex(), **CONNECTED) as served:
        reply = await served.ask(QUERY, VARIABLES)
        assert leaks(json.dumps(reply["data"]))
        assert served.leaks() == []
        served.reply(httpx.Response(200, json={"errors": [{"message": f"of {CUSTOMER}"}]}))

    assert served.leaks() == [("errors", "customer number")]


async def test_what_is_in_a_header_is_found() -> None:
    async with gateway(TalkativePayex(), **CONNECTED) as served:
        served.reply(httpx.Response(200, headers={"location": quote(f"/{CUSTOMER}")}))

    assert served.leaks() == [("errors", "customer number")]


async def test_what_is_in_a_trace_is_found() -> None:
    async with gateway(TalkativePayex(), **CONNECTED) as served:
        served.tracer.start_span("GET", attributes={"url.path": quote(f"/{CUSTOMER}")}).end()

    assert served.leaks() == [("traces", "customer number")]


async def test_what_is_in_the_metrics_is_found() -> None:
    async with gateway(TalkativePayex(), **CONNECTED) as served:
        await served.ask(QUERY, VARIABLES)
        served.metrics = f'payex_usage_upstream_calls_total{{route="{quote(CUSTOMER)}"}} 1.0'
        assert served.leaks() == [("metrics", "customer number")]

    assert "payex_usage_upstream_calls_total{" in served.metrics
