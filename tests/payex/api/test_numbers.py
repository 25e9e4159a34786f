"""Which numbers are refused without a call."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.payex.api.numbers import RULES, number_message
from resolvers.payex.api.segments import may_lead_elsewhere

# "[a-zA-Z0-9äåöÄÅÖ&/_ -.]", whose range from the space to the full stop holds 15 characters.
DOCUMENTED = string.ascii_letters + string.digits + "äåöÄÅÖ&/_ !\"#$%&'()*+,-."


@pytest.mark.parametrize("character", DOCUMENTED)
def test_a_customer_number_may_hold_each_documented_character(character: str) -> None:
    assert number_message("customerNo", f"A{character}1") is None


@given(st.text(max_size=17) | st.text(DOCUMENTED, max_size=17))
def test_a_customer_number_passes_exactly_if_payex_documents_it(number: str) -> None:
    documented = (
        0 < len(number) <= 15
        and set(number) <= set(DOCUMENTED)
        and number.strip() != ""
        and not may_lead_elsewhere(number)
    )
    assert (number_message("customerNo", number) is None) is documented


@pytest.mark.parametrize("parameter", RULES)
@pytest.mark.parametrize("number", ["", " ", "\t", ".", "..", "1\n", "\x001", "1\u200b2"])
def test_what_no_number_can_be_is_refused_for_each(parameter: str, number: str) -> None:
    assert (number_message(parameter, number) or "").startswith(parameter)


@pytest.mark.parametrize("parameter", RULES)
@pytest.mark.parametrize("number", ["1/..", "./1", "a/../b", ".\\", "1\\..", "/.", "..\\1"])
def test_what_would_be_read_as_a_path_is_refused_for_each(parameter: str, number: str) -> None:
    assert number_message(parameter, number) == f"{parameter} could be read as a path."


@pytest.mark.parametrize(
    ("parameter", "longest"),
    [("ownerNo", 15), ("invoiceNo", 15), ("customerNo", 15), ("subscriptionNo", 34)],
)
def test_each_number_has_its_longest_length(parameter: str, longest: int) -> None:
    assert number_message(parameter, "1" * longest) is None
    assert number_message(parameter, "1" * (longest + 1)) == (
        f"{parameter} has {longest + 1} characters; at most {longest} are allowed."
    )


@pytest.mark.parametrize(
    "number", ["12 34 !!", "1234;", "a/b", "%2F", "日本", "\uff11\uff12\uff13\uff14"]
)
def test_a_ledgers_number_is_letters_and_digits(number: str) -> None:
    message = number_message("ownerNo", number)

    assert message is not None
    assert number not in message
    assert number_message("ownerNo", "Åhus-1_2.3") is None


@pytest.mark.parametrize("parameter", ["invoiceNo", "subscriptionNo"])
@pytest.mark.parametrize("number", ["+46 70-123", "a/b", "%2F", "日本", "..."])
def test_characters_are_not_judged_where_payex_documents_none(parameter: str, number: str) -> None:
    assert number_message(parameter, number) is None


@pytest.mark.parametrize("number", ["0701§0", "0701\n0", "0701" * 10, " \t "])
def test_a_refusal_does_not_repeat_the_number(number: str) -> None:
    message = number_message("customerNo", number)
    assert message
    assert number not in message
    assert "0701" not in message


def test_the_refusal_of_a_character_names_all_signs_that_are_allowed() -> None:
    message = number_message("customerNo", "§") or ""
    signs = set(DOCUMENTED) - set(string.ascii_letters + string.digits + "äåöÄÅÖ ")
    assert signs <= set(message.partition("signs")[2])
