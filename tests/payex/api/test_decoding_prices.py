"""What the decoding of a body takes is paid for, whatever the body holds that no field reads."""

import json
import time
import tracemalloc
from typing import Any

import pytest

from resolvers.payex.api.body_slices import SLICE
from resolvers.payex.api.decoders import Decoder, subscriptions, usage_records
from resolvers.payex.api.held_bytes import weight
from resolvers.payex.api.intake import Intake
from resolvers.payex.api.work import Work

DETAILS, LINKED = usage_records({}), subscriptions()
USUAL = {
    "usageDetailId": "10000001",
    "startTime": "2026-10-01T12:00:00",
    "usageType": "call",
    "detailInfo": "A call to a mobile telephone",
    "destination": "Sverige",
    "quantity": 1,
    "chargedVolume": 60,
    "volumeCode": "S",
    "unitPrice": 0.69,
    "amount": 1.38,
    "currency": "SEK",
}
UNMAPPED = {
    "empty lists": [[]] * 1000,
    "empty objects": [{}] * 1000,
    "empty objects that are no elements": [{}, 0] * 500,
    "lists within lists": [[[[]]]] * 500,
    "numbers": [1.5] * 1000,
    "texts": [""] * 1000,
    "characters of other scripts": "\u0641" * 1500,
    "points": "." * 3000,
    "underscores": "_" * 3000,
}


class Purse:
    """Pays whatever is asked for.

    Attributes:
        units: what was paid.
    """

    used_up = False
    units = 0.0

    def spend(self, what: Work, units: float) -> None:
        """Pay."""
        assert what is Work.READ
        self.units += units


def body_of(element: Any, size: int, *, escaped: bool = False) -> bytes:
    """Return a list of equal elements that has about so many bytes."""
    one = json.dumps(element, ensure_ascii=escaped, separators=(",", ":")).encode()
    return b'{"items":[' + b",".join([one] * (size // len(one))) + b"]}"


def decoded(decoder: Decoder[Any], body: bytes) -> tuple[float, float]:
    """Return the seconds of CPU that it takes to decode a body, and the units that it is worth."""
    seconds = []
    purse = Purse()
    for _ in range(5):
        purse.units = 0.0
        intake = Intake(budget=purse)
        before = time.process_time()
        for step in decoder.in_slices(body):
            intake.decode(*step)
        seconds.append(time.process_time() - before)
    return min(seconds), purse.units


USUAL_BODY = body_of(USUAL, 2**19)


@pytest.mark.parametrize("escaped", [False, True], ids=["", "escaped"])
@pytest.mark.parametrize("unmapped", UNMAPPED.values(), ids=UNMAPPED)
@pytest.mark.parametrize(
    ("decoder", "members"), [(DETAILS, ["later"]), (LINKED, ["later", "usageDetails"])]
)
def test_what_is_dense_is_paid_for_as_the_usual_is(
    decoder: Decoder[Any], members: list[str], unmapped: Any, *, escaped: bool
) -> None:
    """Lists in a member that is a link cost seven times what they were priced."""
    usual = decoded(DETAILS, USUAL_BODY)
    for member in members:
        body = body_of({**USUAL, member: {"a": unmapped}}, 2**18, escaped=escaped)
        seconds, units = decoded(decoder, body)
        assert seconds / units < 4 * usual[0] / usual[1]


@pytest.mark.parametrize("unmapped", UNMAPPED.values(), ids=UNMAPPED)
def test_what_a_link_leads_to_takes_no_more_memory_than_it_is_weighed_by(unmapped: Any) -> None:
    body = body_of({"subscriptionNo": 7, "usageDetails": {"a": unmapped}}, 2**17)
    tracemalloc.start()
    items = LINKED.page(body).items
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert taken + len(body) < weight(len(items), len(body))


@pytest.mark.parametrize(
    "element", [{}, {"a": 0}, {"amount": "x"}, {"currency": 7}, None, []], ids=str
)
@pytest.mark.parametrize("decoder", [DETAILS, LINKED])
def test_a_slice_has_no_more_elements_than_are_read_in_a_turn(
    decoder: Decoder[Any], element: Any
) -> None:
    """128 KB of empty objects are 40,000: they kept the event loop for 30 milliseconds."""
    steps = list(decoder.in_slices(body_of(element, 2 * SLICE)))

    assert max(step.items for step in steps) <= 1000
