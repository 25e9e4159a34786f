"""Lone surrogates are found whatever escapes stand around them, in bounded work."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.payex.api.body_slices import SLICE
from resolvers.payex.api.decoders import usage_records
from resolvers.payex.api.faults import Fault, FaultCode
from resolvers.payex.api.list_bodies import decode_object
from resolvers.payex.api.surrogates import Marked, replaced

PARTS = [
    rb"\ud83d",
    rb"\uDE00",
    rb"\ud83d\ude00",
    rb"\\",
    rb"\n",
    rb"\u00e4",
    rb"\"",
    b"ud83d",
    "å".encode(),
]
# One that nothing follows, and one that other escapes follow.
DENSE = [rb"\ud83d", rb"\n\ud83d"]


def shown(text: bytes) -> str:
    """Return a text of JSON with U+FFFD for lone surrogates, as Python's own decoder finds them."""
    # Its escapes are those of JSON, as far as there are any here.
    halves = text.decode().encode("raw_unicode_escape").decode("unicode_escape")
    return halves.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@given(st.lists(st.sampled_from(PARTS), max_size=12).map(b"".join))
def test_each_lone_surrogate_is_replaced_and_nothing_else(text: bytes) -> None:
    body = b'"%b"' % text
    whole = replaced(body)

    assert msgspec.json.decode(whole) == shown(text)
    marked = Marked(body)
    assert marked.restored(marked.body) == body
    assert marked.holds(marked.body) == (whole != body)


@pytest.mark.parametrize("part", DENSE)
def test_more_of_them_than_are_marked_at_once_are_malformed(part: bytes) -> None:
    """They kept the event loop for 200 milliseconds."""
    with pytest.raises(Fault) as caught:
        decode_object(b'{"a":"%b"}' % (part * 100_000))

    assert caught.value.code is FaultCode.UPSTREAM_MALFORMED
    assert caught.value.hint == "The body has too many lone surrogates."


@pytest.mark.parametrize("part", DENSE)
def test_a_slice_of_texts_that_were_cut_is_read(part: bytes) -> None:
    record = b'{"usageType":"call","detailInfo":"%b"}' % part
    body = b'{"items":[' + b",".join([record] * (SLICE // len(record))) + b"]}"

    assert {item.usage_type for item in usage_records({}).page(body).items} == {"call"}


def test_of_very_many_only_the_first_are_replaced() -> None:
    whole = replaced(b'"%b"' % (DENSE[1] * 100_000))

    assert whole.startswith(rb'"\n\ufffd\n\ufffd')
    assert whole.endswith(DENSE[1] + b'"')
