"""Which trace a request says that it belongs to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.observability.traces.trace_parent import TraceParent, trace_parent

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
HEX = "0123456789abcdef"
TRACE_IDS = st.text(HEX, min_size=32, max_size=32).filter(lambda text: set(text) != {"0"})
SPAN_IDS = st.text(HEX, min_size=16, max_size=16).filter(lambda text: set(text) != {"0"})


def read(*values: bytes) -> TraceParent | None:
    """Read these headers, among others."""
    return trace_parent([(b"host", b"x"), *((b"traceparent", value) for value in values)])


@given(TRACE_IDS, SPAN_IDS, st.integers(0, 255))
def test_what_the_standard_describes_is_read(trace: str, span: str, flags: int) -> None:
    header = f"00-{trace}-{span}-{flags:02x}".encode()

    assert read(header) == TraceParent(trace, span, flags)


@pytest.mark.parametrize("more", ["", "-", "-what-comes-later"])
def test_a_later_version_is_read_as_far_as_it_is_known(more: str) -> None:
    assert read(f"cc-{TRACE}-{SPAN}-01{more}".encode()) == TraceParent(TRACE, SPAN, 1)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "-",
        f"{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}-01\n",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE[:-1]}-{SPAN}-01",
        f"00-{TRACE}0-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{SPAN}-0x",
        f"ff-{TRACE}-{SPAN}-01",
        f"0g-{TRACE}-{SPAN}-01",
    ],
)
def test_what_is_malformed_is_ignored(header: str) -> None:
    assert read(header.encode()) is None


def test_two_headers_and_none_say_nothing() -> None:
    one = f"00-{TRACE}-{SPAN}-01".encode()

    assert read(one, one) is None
    assert read() is None


@given(st.binary(max_size=600))
def test_whatever_a_client_sends_is_read_or_ignored(header: bytes) -> None:
    found = read(header)

    assert found is None or len(found.trace_id) == 32
