"""Claims become rights, or are refused: never half of them, and never more than they say."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.http.refusals import Refusal
from gateway.identity.claims import ClaimNames, rights_of
from resolvers.rights import Numbers, Rights

NAMES = ClaimNames(most=5)
NO_LIST = "neither text, nor a whole number in digits, nor a list of them"
AGENT = Rights(ledgers=frozenset({"1234", "5678"}), scopes=frozenset({"usage:read", "usage:raw"}))


def refusal(claims: Mapping[str, Any], names: ClaimNames = NAMES) -> str:
    """Return why claims are refused."""
    with pytest.raises(Refusal) as refused:
        rights_of(claims, names)
    assert refused.value.status == 403
    return str(refused.value)


def customers(**by_ledger: set[str]) -> Rights:
    return Rights(
        numbers={
            ledger.removeprefix("l"): Numbers(customers=frozenset(numbers))
            for ledger, numbers in by_ledger.items()
        }
    )


@pytest.mark.parametrize("blank", ["\u00a0", "\t", "\x0b", "\u2003"])
def test_no_blank_but_a_space_stands_between_scopes(blank: str) -> None:
    rights = rights_of({"ledgers": ["1234"], "scope": f"x{blank}usage:read"}, NAMES)
    assert "usage:read" not in rights.scopes


@pytest.mark.parametrize("ledgers", [["1234", "5678"], [1234, "5678"], "1234 5678", " 5678  1234 "])
@pytest.mark.parametrize("scope", ["usage:read usage:raw", ["usage:raw", "usage:read"]])
def test_ledgers_and_scopes_are_lists_or_texts_with_spaces(ledgers: Any, scope: Any) -> None:
    assert rights_of({"ledgers": ledgers, "scope": scope}, NAMES) == AGENT


@pytest.mark.parametrize("name", ["ledgers", "ledger", "customers", "invoices"])
@pytest.mark.parametrize("one", ["1234", 1234, ["1234"], [1234], [1234, "1234"]])
def test_one_number_is_text_or_a_json_number_with_or_without_its_list(name: str, one: Any) -> None:
    numbers = {"ledger": "1234", "customers": "1234", "invoices": "1234"}

    assert rights_of({**numbers, name: one}, NAMES) == rights_of({**numbers, name: "1234"}, NAMES)
    assert rights_of({**numbers, name: one}, NAMES) != rights_of({name: None}, NAMES)


@pytest.mark.parametrize(
    ("claims", "rights"),
    [
        ({"ledger": "1234", "customers": ["9999", 12]}, customers(l1234={"9999", "12"})),
        ({"ledger": 1234, "customers": "AB/12 & Å-3"}, customers(l1234={"AB/12 & Å-3"})),
        ({"ledger": "1234", "customers": 9999}, customers(l1234={"9999"})),
        ({"customers": {"1234": ["9999"], "5678": 12}}, customers(l1234={"9999"}, l5678={"12"})),
        ({"ledger": "1", "customers": {"1234": ["9999"]}}, customers(l1234={"9999"})),
        (
            {"ledger": "1", "customers": ["2"], "invoices": {"1": ["3"], "4": ["5"]}},
            Rights(
                numbers={
                    "1": Numbers(customers=frozenset({"2"}), invoices=frozenset({"3"})),
                    "4": Numbers(invoices=frozenset({"5"})),
                }
            ),
        ),
    ],
)
def test_numbers_are_of_the_ledger_beside_them_or_around_them(
    claims: dict[str, Any], rights: Rights
) -> None:
    assert rights_of(claims, NAMES) == rights


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"ledger": "1234"},
        {"ledgers": [], "customers": [], "invoices": {}, "scope": ""},
        {"ledger": []},
        {"ledgers": None, "ledger": None, "customers": None, "invoices": {"1": None, "2": []}},
        {"LEDGERS": ["1234"], "everything": True, "admin": True},
    ],
)
def test_absent_claims_give_nothing(claims: dict[str, Any]) -> None:
    assert rights_of(claims, NAMES) == Rights()


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        ({"ledgers": {"1234": 1}}, f"The claim ledgers (GATEWAY_CLAIM_LEDGERS) is {NO_LIST}."),
        ({"ledgers": True}, f"The claim ledgers (GATEWAY_CLAIM_LEDGERS) is {NO_LIST}."),
        ({"ledgers": 1234.5}, NO_LIST),
        ({"ledgers": -1}, NO_LIST),
        ({"ledgers": 10**15}, "ownerNo has 16 characters; at most 15 are allowed."),
        ({"ledgers": [True]}, "neither text nor a whole number"),
        ({"ledgers": [1234.0]}, "neither text nor a whole number"),
        ({"ledgers": [None]}, "neither text nor a whole number"),
        ({"ledgers": [["1234"]]}, "neither text nor a whole number"),
        ({"ledgers": [-1]}, "neither text nor a whole number"),
        ({"ledgers": [""]}, "has a number that no PayEx has: ownerNo is empty."),
        ({"ledgers": ["*" * 16]}, "ownerNo has 16 characters; at most 15 are allowed."),
        ({"ledger": ["1234", 5]}, "The claim ledger (GATEWAY_CLAIM_LEDGER) names 2 ledgers; one"),
        ({"ledger": [["1234"]]}, "The claim ledger (GATEWAY_CLAIM_LEDGER) has a value that is"),
        ({"ledger": {"1234": []}}, NO_LIST),
        ({"ledger": ".."}, "ownerNo could be read as a path."),
        ({"ledger": True}, NO_LIST),
        ({"customers": ["9999"]}, "GATEWAY_CLAIM_LEDGER names the claim that does."),
        ({"invoices": "55"}, "The claim invoices (GATEWAY_CLAIM_INVOICES) has numbers, and the"),
        ({"ledger": "1", "customers": [9999.5]}, "The claim customers (GATEWAY_CLAIM_CUSTOMERS)"),
        ({"ledger": "1", "customers": [False]}, "neither text nor a whole number"),
        ({"ledger": "1", "customers": True}, NO_LIST),
        ({"ledger": "1", "customers": ["a*\n"]}, "customerNo holds control characters."),
        ({"ledger": "1", "customers": ["{9}"]}, "customerNo holds a character that PayEx"),
        ({"ledger": "1", "invoices": ["a/../b"]}, "invoiceNo could be read as a path."),
        ({"invoices": {"..": ["1"]}}, "ownerNo could be read as a path."),
        ({"invoices": {"1": [10**15]}}, "invoiceNo has 16 characters"),
        ({"customers": {"1": {"2": "3"}}}, NO_LIST),
        ({"scope": {"usage:read": True}}, f"scope (GATEWAY_CLAIM_SCOPES) is {NO_LIST}."),
        ({"scope": [0.5]}, "neither text nor a whole number"),
    ],
)
def test_claims_that_cannot_be_understood_are_refused_whole(
    claims: dict[str, Any], told: str
) -> None:
    assert told in refusal({"ledgers": ["1"], **claims})


@pytest.mark.parametrize(
    "claims",
    [
        {"ledgers": list(range(6))},
        {"ledgers": "1 2 3 4 5 6"},
        {"ledger": "1", "customers": list(range(6))},
        {"invoices": {"1": [1, 2, 3], "2": [1, 2, 3]}},
        {"invoices": {str(n): [] for n in range(6)}},
        {"scope": "a b c d e f"},
    ],
)
def test_more_values_than_the_limit_are_refused(claims: dict[str, Any]) -> None:
    told = "names 6 values; at most 5 may be (GATEWAY_CLAIM_MAX_NUMBERS)."
    assert told in refusal(claims)


@pytest.mark.parametrize(
    "claims",
    [
        {"ledgers": list(range(5)), "scope": "a b c d e"},
        {"ledger": "1", "customers": list(range(5))},
        {"invoices": {"1": [1, 2, 3], "2": [1, 2]}, "customers": {"1": [1, 2, 3, 4, 5]}},
        {"invoices": {str(n): [] for n in range(5)}},
    ],
)
def test_as_many_values_as_the_limit_are_taken(claims: dict[str, Any]) -> None:
    assert rights_of(claims, NAMES) == rights_of(claims, ClaimNames())


@pytest.mark.parametrize(
    ("pointer", "found"),
    [
        ("/payex/ledgers", "1"),
        ("/https:~1~1payex.example~1usage/~0", "2"),
        ("/~01", "7"),
        ("/roles/1/ledgers", "3"),
        ("/", "4"),
        ("/payex/none", None),
        ("/payex/ledgers/x", None),
        ("/roles/2/ledgers", None),
        ("/roles/-/ledgers", None),
        ("/roles/01/ledgers", None),
        ("/roles/1/ledgers/0/x", None),
        ("payex/ledgers", "5"),
        ("https://payex.example/ledgers", "6"),
    ],
)
def test_a_name_that_begins_with_a_slash_points_into_the_claims(
    pointer: str, found: str | None
) -> None:
    claims = {
        "payex": {"ledgers": ["1"]},
        "https://payex.example/usage": {"~": ["2"]},
        "roles": [{}, {"ledgers": ["3"]}],
        "": ["4"],
        "~1": ["7"],
        "payex/ledgers": ["5"],
        "https://payex.example/ledgers": ["6"],
    }
    expected = Rights(ledgers=frozenset({found} if found else ()))

    assert rights_of(claims, ClaimNames(ledgers=pointer)) == expected


LEDGER = st.text("0123456789", min_size=1, max_size=15)
NUMBER = st.text("0123456789ABCÅ-", min_size=1, max_size=15)
NUMBERS = st.frozensets(NUMBER, max_size=5)


@given(
    ledgers=st.frozensets(LEDGER, max_size=5),
    invoices=st.dictionaries(LEDGER, NUMBERS, max_size=3),
    customers=st.dictionaries(LEDGER, NUMBERS, max_size=3),
    scopes=st.frozensets(st.sampled_from(["usage:read", "usage:raw", "other"])),
)
def test_rights_are_exactly_what_is_claimed(
    ledgers: frozenset[str],
    invoices: dict[str, frozenset[str]],
    customers: dict[str, frozenset[str]],
    scopes: frozenset[str],
) -> None:
    rights = rights_of(
        {
            "ledgers": [*ledgers],
            "invoices": {ledger: [*numbers] for ledger, numbers in invoices.items()},
            "customers": {ledger: [*numbers] for ledger, numbers in customers.items()},
            "scope": " ".join(scopes),
        },
        ClaimNames(),
    )

    assert (rights.ledgers, rights.scopes, rights.everything) == (ledgers, scopes, False)
    for kind, claimed in (("invoices", invoices), ("customers", customers)):
        given = {ledger: getattr(own, kind) for ledger, own in rights.numbers.items()}
        assert {k: v for k, v in given.items() if v} == {k: v for k, v in claimed.items() if v}


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | NUMBER,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NUMBER, inner, max_size=3),
    max_leaves=6,
)
CLAIMS = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("ledgers", "ledger", "customers", "invoices", "scope"), JSON)
)


def texts(value: Any) -> set[str]:
    """Return whatever in a value is text or a whole number, however deep."""
    if isinstance(value, dict):
        return set().union(*map(texts, value), *map(texts, value.values()))
    if isinstance(value, list):
        return set().union(*map(texts, value))
    return {str(value), *str(value).split(" ")}


@given(CLAIMS)
def test_whatever_is_claimed_nothing_is_given_that_is_not_in_the_claims(
    claims: dict[str, Any],
) -> None:
    try:
        rights = rights_of(claims, NAMES)
    except Refusal as error:
        assert error.status == 403  # noqa: PT017 - either is right
        return
    said = texts(claims)
    assert not rights.everything
    assert rights.ledgers <= texts(claims.get("ledgers"))
    assert rights.scopes <= texts(claims.get("scope"))
    for ledger, own in rights.numbers.items():
        assert {ledger} | own.invoices | own.customers <= said


PERSONAL = "731955"


@given(CLAIMS)
def test_a_refusal_never_repeats_a_value(claims: dict[str, Any]) -> None:
    claims = {**claims, "ledgers": [PERSONAL], "invoices": {PERSONAL: [PERSONAL, 0.5]}}
    assert PERSONAL not in refusal(claims, ClaimNames(most=1000))
