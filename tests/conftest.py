"""What holds for every test: how long it may take."""

import pytest
from hypothesis import HealthCheck, settings

SLOW = {"browser", "deploy", "peers", "release", "supergraph"}
"""Markers of tests that start many programs, or build what they try."""
SECONDS = 600
"""What such a test has, in place of pytest's `timeout`."""

# On a busy machine one example of a property may take long. Examples took half of what the tests
# take in their own process. CI, which counts coverage too, takes the usual hundred of each one.
for profile, examples in (("patient", 50), ("thorough", 100)):
    settings.register_profile(
        profile,
        max_examples=examples,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
settings.load_profile("patient")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give slow tests more time. One that names its own limit keeps it."""
    for item in items:
        if SLOW & {mark.name for mark in item.iter_markers()}:
            item.add_marker(pytest.mark.timeout(SECONDS), append=True)
