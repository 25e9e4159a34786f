"""A setting that was given and has no effect is told at start."""

import logging
from typing import Any

import pytest

from gateway.payex.upstream import Upstream
from gateway.settings.contradictions import contradictions
from gateway.settings.load import load_settings

TOKENS = {
    "GATEWAY_UPSTREAM_ORIGIN": "https://payex.example",
    "GATEWAY_LEDGER_TOKENS": '{"1234": "t"}',
    "GATEWAY_INSECURE": "1",
}


def told(**given: Any) -> list[str]:
    """Return what is told of these settings."""
    variables = {f"GATEWAY_{name}": str(value) for name, value in given.items()}
    return list(contradictions(load_settings({**TOKENS, **variables})))


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"UPSTREAM_TIMEOUT": 3, "DEADLINE": 2.5}, "GATEWAY_DEADLINE=2.5"),
        ({"UPSTREAM_QUEUE_TIMEOUT": 60}, "UPSTREAM_QUEUE_TIMEOUT=60"),
        ({"UPSTREAM_MAX_CONNECTIONS": 200}, "GATEWAY_UPSTREAM_MAX_IN_FLIGHT=100"),
        ({"UPSTREAM_MAX_IN_FLIGHT": 200}, "GATEWAY_UPSTREAM_MAX_CONNECTIONS=100"),
        ({"UPSTREAM_MAX_CONNECTIONS": 2, "UPSTREAM_MAX_IN_FLIGHT": 8}, "MAX_IN_FLIGHT=8"),
        ({"BODY_TIMEOUT": 100}, "GATEWAY_DEADLINE=30"),
        ({"CACHE_PROBLEM_TTL": 100}, "CACHE_PROBLEM_TTL=100 has no effect beyond 60"),
        (
            {"CACHE_BYTES": 1_000_000_000},
            "GATEWAY_PROCESS_BYTES=671088640.",
        ),
        ({"UPSTREAM_MAX_BODY": 200_000_000}, "GATEWAY_OPERATION_BYTES=268435456"),
        ({"METRICS_HOST": "0.0.0.0"}, "GATEWAY_METRICS_HOST has no effect"),  # noqa: S104
        ({"OPERATION_BYTES": 400_000_000}, "GATEWAY_PROCESS_BYTES=671088640"),
        ({"SHUTDOWN_TIMEOUT": 5}, "GATEWAY_SHUTDOWN_TIMEOUT=5 is below GATEWAY_DEADLINE=30"),
        ({"DEADLINE": 60}, "GATEWAY_SHUTDOWN_TIMEOUT=30 is below GATEWAY_DEADLINE=60"),
        ({"MAX_DOCUMENT": 5_000_000}, "GATEWAY_MAX_REQUEST_BODY="),
        ({"MAX_NUMBERS": 600}, "GATEWAY_MAX_CALLS=500"),
        ({"MAX_RECORDS": 10_000_000}, "GATEWAY_MAX_NODES="),
        ({"SHUTDOWN_TIMEOUT": 30, "DEADLINE": 30.5}, "GATEWAY_DEADLINE=30.5"),
    ],
    ids=str,
)
def test_what_is_given_and_has_no_effect_is_told_with_what_bounds_it(
    given: dict[str, Any], named: str
) -> None:
    (sentence,) = told(**given)
    assert named in sentence
    assert sentence.endswith(".")


@pytest.mark.parametrize(
    "given",
    [
        {},
        # The defaults of the others are larger, and give way.
        {"UPSTREAM_TIMEOUT": 0.5},
        {"UPSTREAM_MAX_CONNECTIONS": 2},
        {"UPSTREAM_MAX_IN_FLIGHT": 8},
        {"DEADLINE": 1},
        {"SHUTDOWN_TIMEOUT": 5, "DEADLINE": 5},
        {"CACHE_PROBLEM_TTL": 100, "CACHE_UNBILLED_TTL": 100},
        {"METRICS_HOST": "127.0.0.1", "METRICS_PORT": 9},
        {"UPSTREAM_MAX_BODY": 30_000_000},
        {"UPSTREAM_TIMEOUT": 5, "DEADLINE": 5},
    ],
    ids=str,
)
def test_a_default_gives_way_to_what_is_given(given: dict[str, Any]) -> None:
    assert not told(**given)


def test_several_tenants_may_share_more_places_than_one_has_connections() -> None:
    settings = load_settings(
        {
            "GATEWAY_UPSTREAM_ORIGIN": "https://payex.example",
            "GATEWAY_CREDENTIALS_FILE": "/run/secrets/credentials.toml",
            "GATEWAY_INSECURE": "1",
            "GATEWAY_UPSTREAM_MAX_IN_FLIGHT": "200",
        }
    )
    assert not list(contradictions(settings))


async def test_it_is_a_warning_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    settings = load_settings({**TOKENS, "GATEWAY_BODY_TIMEOUT": "100"})
    caplog.set_level(logging.WARNING, "gateway.payex.upstream")

    async with Upstream(settings).opened():
        pass

    assert caplog.messages == list(contradictions(settings))
