"""Names of members and codes of problems are shown; what may be more than that is not."""

import pytest

from gateway.contract.names import shown_code, shown_name


@pytest.mark.parametrize("name", ["amount", "@id", "$type", "x-y.z_1", "värde", "vat25", "A"])
def test_a_name_is_shown(name: str) -> None:
    assert shown_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["46701740605", "no4670", "Anna Andersson", "a@b.example", "", "a" * 42, 'a"b', "a\n", "AB/12"],
)
def test_what_may_be_somebody_s_is_not_shown(name: str) -> None:
    assert shown_name(name) == f"(a hidden name of {len(name)} characters)"


@pytest.mark.parametrize(
    ("type_", "code"),
    [
        ("billing/usage/problems/validation", "validation"),
        ("http://host.example/problems/invoice-not-found/", "invoice-not-found"),
        ("billing.usage.validation-error", "validation-error"),
        ("x/subscription-not found", "subscription-not-found"),
    ],
)
def test_a_problem_is_named_by_the_last_segment_of_its_type(type_: str, code: str) -> None:
    assert shown_code(type_) == code


@pytest.mark.parametrize("type_", ["x/4670", "", "customer-åke", "a--b", "x" * 21])
def test_what_is_no_code_is_not_shown(type_: str) -> None:
    assert shown_code(type_) == "(a hidden type)"
