"""Fitting the assumed field map to what a deployment knows."""

from collections.abc import Mapping

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.payex.api.decoders import usage_records, usage_summaries
from resolvers.payex.api.field_map import USAGE_DETAILS, USAGE_SUMMARIES, fit
from resolvers.payex.api.records import ItemList, UsageRecord, UsageSummary

MAPS = pytest.mark.parametrize(
    ("assumed", "fields"),
    [(USAGE_DETAILS, UsageRecord), (USAGE_SUMMARIES, UsageSummary)],
    ids=["details", "summaries"],
)


@MAPS
def test_the_map_names_each_field_of_its_record_and_no_other(
    assumed: Mapping[str, str], fields: type[msgspec.Struct]
) -> None:
    # Before them stand its origin and its position.
    words = {field.replace("_", "") for field in fields.__struct_fields__[2:]}
    assert {field.lower() for field in assumed} == words
    assert fit(assumed, {}) == dict(assumed)


@MAPS
def test_a_key_that_is_no_field_is_refused_and_the_fields_are_named(
    assumed: Mapping[str, str], fields: type[msgspec.Struct]
) -> None:
    assert fields
    with pytest.raises(ValueError, match=r"'colour' is no field; the fields are: .*currency"):
        fit(assumed, {"colour": "x"})


def test_two_fields_cannot_read_one_member() -> None:
    with pytest.raises(ValueError, match="'detailInfo' and 'destination' would both read"):
        fit(USAGE_DETAILS, {"detailInfo": "destination"})


def test_two_fields_can_trade_members() -> None:
    trade = {"detailInfo": "destination", "destination": "detailInfo"}
    body = b'{"items":[{"detailInfo":"a","destination":"b"}]}'
    [record] = usage_records(trade).page(body).items
    assert (record.detail_info, record.destination) == ("b", "a")


@given(
    st.sampled_from(["usageType", "detailInfo", "destination"]),
    st.text(st.characters(exclude_characters='"\\', exclude_categories=["C"]), min_size=1).filter(
        lambda name: name not in USAGE_DETAILS
    ),
)
def test_a_field_reads_whatever_member_it_is_mapped_to(field: str, member: str) -> None:
    attribute = "".join(f"_{c.lower()}" if c.isupper() else c for c in field)
    body = msgspec.json.encode({"items": [{member: "mapped", field: "assumed"}]})
    items = usage_records({field: member}).page(body).items
    assert getattr(items[0], attribute) == "mapped"


def test_summaries_have_a_map_of_their_own() -> None:
    [summary] = usage_summaries({"totalCharge": "sum"}).page(b'{"items":[{"sum":1.10}]}').items
    assert str(summary.total_charge) == "1.10"


def test_a_member_that_nothing_maps_stays_readable_in_raw() -> None:
    body = b'{"items":[{"amount": 2, "chargedAmount": 1}]}'
    [record] = ItemList([usage_records({"amount": "chargedAmount"}).page(body)]).items
    assert record.amount == 1
    assert bytes(record.raw) == b'{"amount": 2, "chargedAmount": 1}'


def test_a_mapped_record_is_still_silent_about_itself() -> None:
    decoder = usage_records({"destination": "place"})
    [record] = decoder.page(b'{"items":[{"place":"Kiruna"}]}').items
    assert f"{record!r} {record}" == "<UsageRecord> <UsageRecord>"


@pytest.mark.parametrize("member", ["", 'a"b', "a\\b", "a\nb"])
def test_a_member_that_json_would_have_to_escape_is_refused(member: str) -> None:
    with pytest.raises(ValueError, match="'amount' needs a name without quotes or escapes"):
        fit(USAGE_DETAILS, {"amount": member})
