"""What rights say: who sees what, and who is alike."""

from collections.abc import Mapping
from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.payex.api.problems import ProblemType
from resolvers.payex.api.routes import Billing, Holder
from resolvers.rights import EVERYTHING, RAW_SCOPE, READ_SCOPE, Numbers, Rights, unseen

# Few and alike, so that they meet; spellings that a careless key would mix up.
LEDGERS = st.sampled_from(["1234", "5678", "*", ""])
texts = st.sampled_from(["1", "2", "12", "1,2", '1", "2', "é", "\ud800", "*", ""])
holders = st.builds(Holder, LEDGERS, st.sampled_from(Billing), texts)
some = st.frozensets(texts, max_size=3)
numbers = st.builds(Numbers, some, some)
rights = st.builds(
    Rights,
    ledgers=st.frozensets(LEDGERS, max_size=2),
    numbers=st.dictionaries(LEDGERS, numbers, max_size=3),
    scopes=st.frozensets(st.sampled_from([READ_SCOPE, RAW_SCOPE])),
)


def both(one: Rights, other: Rights) -> Rights:
    """Return what two rights give together."""
    nothing = Numbers()
    together = {
        owner_no: Numbers(
            one.numbers.get(owner_no, nothing).invoices
            | other.numbers.get(owner_no, nothing).invoices,
            one.numbers.get(owner_no, nothing).customers
            | other.numbers.get(owner_no, nothing).customers,
        )
        for owner_no in {*one.numbers, *other.numbers}
    }
    return Rights(
        ledgers=one.ledgers | other.ledgers, numbers=together, scopes=one.scopes | other.scopes
    )


def sight(rights: Rights, owner_no: str) -> object:
    """Return what a caller sees of a ledger, as the rights were given."""
    if owner_no in rights.ledgers:
        return "whole"
    found = rights.numbers.get(owner_no, Numbers())
    return found.invoices, found.customers


@given(rights, rights, LEDGERS, LEDGERS)
def test_two_keys_are_equal_exactly_if_the_same_is_seen(
    one: Rights, other: Rights, owner_no: str, another: str
) -> None:
    alike = sight(one, owner_no) == sight(other, another)
    assert (one.key(owner_no) == other.key(another)) == alike
    assert one.key(owner_no) != EVERYTHING.key(owner_no)


@given(rights, rights, holders)
def test_more_rights_never_show_less(one: Rights, other: Rights, holder: Holder) -> None:
    more = both(one, other)
    assert more.sees(holder) >= one.sees(holder)
    assert more.sees_ledger(holder.owner_no) >= one.sees_ledger(holder.owner_no)
    assert more.sees_whole(holder.owner_no) >= one.sees_whole(holder.owner_no)
    assert EVERYTHING.sees(holder)


@given(rights, holders)
def test_what_is_seen_was_given(rights: Rights, holder: Holder) -> None:
    """By its ledger, or by its own number of its own kind in its own ledger."""
    of_ledger = rights.numbers.get(holder.owner_no, Numbers())
    own = of_ledger.invoices if holder.billing is Billing.BILLED else of_ledger.customers
    assert rights.sees(holder) == (holder.owner_no in rights.ledgers or holder.number in own)
    assert rights.sees_ledger(holder.owner_no) >= rights.sees(holder)
    assert rights.sees_whole(holder.owner_no) == (holder.owner_no in rights.ledgers)


@given(holders)
def test_no_rights_show_nothing(holder: Holder) -> None:
    nobody = Rights()
    assert not nobody.sees(holder)
    assert not nobody.sees_ledger(holder.owner_no)
    assert not nobody.sees_whole(holder.owner_no)
    assert not any(map(nobody.allows, [READ_SCOPE, RAW_SCOPE, ""]))


def test_a_number_of_one_ledger_gives_nothing_of_another() -> None:
    user = Rights(numbers={"1234": Numbers(frozenset({"9999"}), frozenset({"9999"}))})
    assert user.sees(Holder("1234", Billing.BILLED, "9999"))
    assert not user.sees(Holder("5678", Billing.BILLED, "9999"))
    assert not user.sees_ledger("5678")


def test_an_invoice_number_gives_no_customer() -> None:
    user = Rights(numbers={"1234": Numbers(invoices=frozenset({"9999"}))})
    assert not user.sees(Holder("1234", Billing.UNBILLED, "9999"))


def test_a_ledger_without_a_number_is_not_seen() -> None:
    user = Rights(numbers={"1234": Numbers()})
    assert not user.sees_ledger("1234")
    assert user == Rights()
    assert hash(user) == hash(Rights())


def test_scopes_are_granted_one_by_one() -> None:
    reader = Rights(scopes=frozenset({READ_SCOPE}))
    assert reader.allows(READ_SCOPE)
    assert not reader.allows(RAW_SCOPE)
    assert EVERYTHING.allows(RAW_SCOPE)


def test_rights_cannot_be_changed_from_outside() -> None:
    given: dict[str, Numbers] = {}
    user = Rights(numbers=given)
    given["1234"] = Numbers(invoices=frozenset({"1"}))
    assert not user.sees_ledger("1234")
    shown: Any = user.numbers
    with pytest.raises(TypeError):
        shown["1234"] = Numbers()
    with pytest.raises(FrozenInstanceError):
        user.everything = True  # type: ignore[misc]


@given(rights)
def test_rights_that_are_equal_have_one_hash(one: Rights) -> None:
    again = Rights(ledgers=one.ledgers, numbers=dict(one.numbers), scopes=one.scopes)
    assert again == one
    assert hash(again) == hash(one)
    assert len({again, one, EVERYTHING}) == 2


@pytest.mark.parametrize(
    "shown",
    [
        Rights(
            ledgers=frozenset({"ledger77"}),
            numbers={"ledger88": Numbers(frozenset({"invoice77"}), frozenset({"customer88"}))},
        ),
        Numbers(frozenset({"invoice77"}), frozenset({"customer88"})),
        EVERYTHING,
    ],
)
def test_rights_show_counts_and_no_number(shown: Rights | Numbers) -> None:
    for text in (repr(shown), str(shown), f"{shown}", repr([shown])):
        assert "77" not in text
        assert "88" not in text


def test_a_key_holds_no_number_and_has_one_size() -> None:
    def key(own: Mapping[str, Numbers]) -> str:
        return Rights(numbers=own).key("1234")

    few, many = ("46701740690",), map(str, range(46701740000, 46701741000))
    keys = [key({"1234": Numbers(customers=frozenset(one))}) for one in (few, many)]
    assert "46701740690" not in keys[0]
    assert len(keys[0]) == len(keys[1]) == 64


@pytest.mark.parametrize(
    ("billing", "kind"),
    [
        (Billing.BILLED, ProblemType.INVOICE_NOT_FOUND),
        (Billing.UNBILLED, ProblemType.CUSTOMER_NOT_FOUND),
    ],
)
def test_what_is_not_seen_is_told_in_fixed_words(billing: Billing, kind: ProblemType) -> None:
    one, other = (unseen(Holder(owner, billing, owner)) for owner in ("77", "88"))
    assert (one.holder_no, other.holder_no) == ("77", "88")
    assert replace(one, holder_no=None) == replace(other, holder_no=None)
    assert (one.kind, one.status, one.detail, one.instance) == (kind, 404, None, None)


def test_the_key_tells_an_invoice_from_a_customer_of_the_same_number() -> None:
    number = frozenset({"1"})
    invoice = Rights(numbers={"1234": Numbers(invoices=number)})
    customer = Rights(numbers={"1234": Numbers(customers=number)})
    assert invoice.key("1234") != customer.key("1234")
