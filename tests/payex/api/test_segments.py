"""Whatever servers make of a path on its way to PayEx, it leads nowhere else.

The servers are imitated here, by other means than the rule under test uses.
"""

import unicodedata
from itertools import pairwise
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.payex.api.faults import Fault
from resolvers.payex.api.numbers import number_message
from resolvers.payex.api.routes import Billing, Holder, Kind, Routes
from resolvers.payex.api.segments import WORDS, may_lead_elsewhere

ROUTES = Routes()
LEDGER = "/billing/usage/v1/xxx"
INVOICE = Holder("xxx", Billing.BILLED, "123456")

ATOMS = [
    *(
        ".",
        "..",
        "/",
        "\\",
        ";",
        "%",
        "25",
        "2e",
        "2f",
        "u002e",
        "?",
        "#",
        "&",
        " ",
        "\t",
        "1",
        "A",
    ),
    *("%2e", "%2F", "%5c", "%3b", "%3F", "%23", "%25", "%252e", "%252f", "%25252e", "%c0%ae"),
    *("%c0%af", "%e0%80%ae", "%u002e", "%uff0f", "%ff", "%09", "%20", "\uff0e", "\uff0f"),
    *("%e2%80%8b", "%ef%bb%bf", "%c2%ad", "\u2060", "%f3%a0%80%a0"),
    *("\u2024", "\u2025", "\uff05", "\u2215", "%EF%BC%8E", "x=1", "200001", *WORDS),
]
odd = st.lists(st.sampled_from(ATOMS), min_size=1, max_size=9).map("".join)

OVERLONG = {
    **dict.fromkeys((b"\xc0\xae", b"\xe0\x80\xae", b"\xf0\x80\x80\xae"), b"."),
    **dict.fromkeys((b"\xc0\xaf", b"\xe0\x80\xaf", b"\xf0\x80\x80\xaf"), b"/"),
    **dict.fromkeys((b"\xc1\x9c", b"\xe0\x81\x9c", b"\xf0\x80\x81\x9c"), b"\\"),
}


def decoded(path: str, *, generous: bool) -> str:
    """Return a path percent-decoded once more, as a strict or a generous server does it."""
    octets = unquote_to_bytes(path)
    if not generous:
        return octets.decode("utf-8", "replace")
    for sequence, octet in OVERLONG.items():
        octets = octets.replace(sequence, octet)
    text = unicodedata.normalize("NFKC", octets.decode("utf-8", "ignore"))
    return "".join(each for each in text if unicodedata.category(each) != "Cf")


def resolved(path: str, *, generous: bool) -> str:
    """Return the path that a server resolves one to."""
    path = path.partition("?")[0].partition("#")[0]
    if generous:
        path = path.replace("\\", "/").replace("\t", "")
        path = "/".join(segment.partition(";")[0].strip() for segment in path.split("/"))
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            kept[-1:] = []
        elif segment not in {"", "."}:
            kept.append(segment)
    return "/" + "/".join(kept)


def arrivals(path: str) -> list[str]:
    """Return all paths that servers one behind the other may take a path for."""
    found = []
    for generous in (False, True):
        for resolves in (False, True):
            on_the_way = path
            for _ in range(3):
                on_the_way = decoded(on_the_way, generous=generous)
                found.append(resolved(on_the_way, generous=generous))
                if resolves:
                    on_the_way = found[-1]
    return found


def is_below(path: str, base: str) -> bool:
    return path == base or path.startswith(f"{base}/")


@given(odd, st.sampled_from([Kind.SUBSCRIPTION, Kind.DETAILS, Kind.SUMMARIES]))
def test_no_subscription_number_leads_out_of_its_holder(number: str, kind: Kind) -> None:
    if number_message("subscriptionNo", number) is None:
        for path in arrivals(ROUTES.of(INVOICE, kind, number).path):
            assert is_below(path, f"{LEDGER}/invoices/123456/subscriptions")


@given(odd, st.sampled_from(Billing))
def test_no_holders_number_becomes_a_route_of_another_holder(number: str, billing: Billing) -> None:
    """It may become no route at all: then PayEx has nothing under it."""
    holder = Holder("xxx", billing, number)
    base = f"{LEDGER}/{'invoices' if billing is Billing.BILLED else 'customers'}"
    if number_message(holder.parameter, number) is None:
        for path in arrivals(ROUTES.of(holder, Kind.HOLDER).path):
            assert is_below(path, base)
            assert WORDS.isdisjoint(path.removeprefix(base).casefold().split("/")[2:])


@given(st.lists(odd, min_size=1, max_size=3).map("/".join))
def test_no_link_leads_out_of_the_ledger(link: str) -> None:
    try:
        route = ROUTES.follow(f"{LEDGER}/{link}", INVOICE, Kind.HOLDER)
    except Fault:
        return
    for path in arrivals(route.path):
        assert is_below(path, LEDGER)


@given(odd)
def test_no_link_leads_out_of_the_invoice_that_it_names(rest: str) -> None:
    """An end user's next page is fetched by the invoice that its link names."""
    base = f"{LEDGER}/invoices/123456/subscriptions"
    try:
        route = ROUTES.follow(f"{base}/{rest}", INVOICE, Kind.HOLDER)
    except Fault:
        return
    if is_below(route.path.partition("?")[0], base):
        for path in arrivals(route.path):
            assert is_below(path, base)


@pytest.mark.parametrize(
    "number",
    ["A/B", "50%", "A&B#1", "100%/2", "1.2", "a.b/c.d", "%2F", "%41", "50%25", "..."],
)
def test_signs_that_payex_allows_are_no_path_by_themselves(number: str) -> None:
    assert not may_lead_elsewhere(number)
    assert number_message("customerNo", number) is None


@pytest.mark.parametrize(
    "number",
    [
        *(".%2e/.%2e/200001/subscriptions/S1", "%2e%2e", "%252e%252e", "%25252e.", "..;", "..;a=b"),
        *("1/..;/2", "%2e%2e%2f", "..%5c1", "%c0%ae%c0%ae", ".%e0%80%ae", "\uff0e\uff0e", "\u2025"),
        *("1\u2215..", "%uff0e.", "1%3f/..", "..?", "..#", ". .", ".%09.", ".%ff.", "%3b/.."),
        *("%e2%80%8b..", "..%ef%bb%bf", ".%c2%ad.", "%25e2%2581%25a0..", ".%f3%a0%80%a0."),
    ],
)
def test_what_becomes_a_dot_segment_on_the_way_is_refused(number: str) -> None:
    assert may_lead_elsewhere(number)
    assert number_message("subscriptionNo", number) == "subscriptionNo could be read as a path."


@pytest.mark.parametrize("number", ["1/subscriptions", "1%2Finvoices", "1\\Usage-Details"])
def test_what_becomes_another_route_on_the_way_is_refused(number: str) -> None:
    assert number_message("invoiceNo", number) == "invoiceNo could be read as a path."


def test_what_is_encoded_more_often_than_anyone_decodes_is_refused() -> None:
    """A number has room for so many times; a link has room for any."""
    often = ["%" + "25" * times + "41" for times in range(7)]
    judged = [may_lead_elsewhere(number) for number in often]
    assert judged == [False, False, False, True, True, True, True]
    assert [one <= other for one, other in pairwise(judged)] == [True] * 6


def test_a_segment_may_be_any_octets() -> None:
    assert not may_lead_elsewhere(bytes(range(0x80, 0x100)))
