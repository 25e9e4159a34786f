"""PayEx's problem documents, in every style they were seen in."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.payex.api.argument_errors import ArgumentError, ArgumentErrorCode
from resolvers.payex.api.problems import (
    Problem,
    ProblemType,
    argument_problem,
    expected,
    parse_problem,
)
from resolvers.payex.api.routes import Billing, Holder, Kind, Routes

VALIDATION = b"""{ "Type": "billing/usage/problems/validation", "Title": "A validation error occurred", "Status": 400,
  "Instance": "dd07e588-70c8-4b27-95f5-020cc2968c06",
  "Detail": "A validation error occurred. Please fix the problems mentioned in the 'problems' property below.",
  "Problems": [ { "customerNo": "Not a valid customer number" } ] }"""  # noqa: E501
DOCUMENTED = [kind for kind in ProblemType if kind is not ProblemType.UNRECOGNIZED]
STYLES = [
    "{}",
    "billing/usage/problems/{}",
    "/billing/usage/problems/{}/",
    "ledger/customer/v1/problems/{}",
    "http://host/billing/usage/problems/{}",
    "//host/billing/usage/problems/{}",
    "https://host:8080/billing/usage/v2/problems/{}",
    "billing/usage/service/{}",
    "billing.usage.{}",
]
CASINGS: list[Callable[[str], str]] = [str.lower, str.upper, str.title, str.swapcase]


def parsed(status: int = 404, **members: Any) -> Problem:
    """Read a problem with these members beside its type."""
    problem = parse_problem(status, msgspec.json.encode({"type": "new-type"} | members))
    assert problem is not None
    return problem


def test_the_documented_sample_is_read_to_the_last_member() -> None:
    assert parse_problem(400, VALIDATION) == Problem(
        ProblemType.VALIDATION,
        type="billing/usage/problems/validation",
        title="A validation error occurred",
        status=400,
        detail=(
            "A validation error occurred. Please fix the problems mentioned in the 'problems' "
            "property below."
        ),
        instance="dd07e588-70c8-4b27-95f5-020cc2968c06",
        field_errors=(ArgumentError("customerNo", "Not a valid customer number"),),
        raw=msgspec.Raw(VALIDATION),
    )


@given(
    st.sampled_from(DOCUMENTED),
    st.sampled_from(STYLES),
    st.sampled_from(CASINGS),
    st.sampled_from(CASINGS),
    st.sampled_from(["-", " ", "_", "%20"]),
)
def test_a_documented_type_is_known_in_every_style_casing_and_spacing(
    kind: ProblemType,
    style: str,
    casing: Callable[[str], str],
    member: Callable[[str], str],
    space: str,
) -> None:
    code, status = kind.value
    text = casing(style.format(code.replace("-", space)))
    problem = parse_problem(status, msgspec.json.encode({member("type"): text}))
    assert problem is not None
    assert (problem.kind, problem.type, problem.status) == (kind, text, status)
    assert problem.is_own


@pytest.mark.parametrize(
    ("status", "type_", "kind"),
    [
        (404, "billing/usage/problems/subscription-not found", ProblemType.SUBSCRIPTION_NOT_FOUND),
        (400, "ledger.card-transaction.validation-error", ProblemType.VALIDATION),
        (404, "ledger.card-transaction.validation-error", ProblemType.UNRECOGNIZED),
        (404, "", ProblemType.UNRECOGNIZED),
        (404, "problems/invoice-not-found/extra", ProblemType.UNRECOGNIZED),
        (404, "about:blank", ProblemType.UNRECOGNIZED),
        (400, "http://host/customer/v1/problems/validation", ProblemType.VALIDATION),
        (400, "http://host/problems/validation?x=1", ProblemType.VALIDATION),
        (400, "problems/validation#x", ProblemType.VALIDATION),
        (404, "http://host/x/problems/invoice-not-found#a/b", ProblemType.INVOICE_NOT_FOUND),
    ],
)
def test_a_type_is_known_by_its_last_segment(status: int, type_: str, kind: ProblemType) -> None:
    problem = parsed(status, type=type_)
    assert (problem.kind, problem.type) == (kind, type_)


@given(st.sampled_from(DOCUMENTED), st.integers(400, 599))
def test_a_documented_type_with_another_status_is_unrecognized(
    kind: ProblemType, status: int
) -> None:
    recognized = parsed(status, type=kind.value[0]).kind is not ProblemType.UNRECOGNIZED
    assert recognized is (status == kind.value[1])


def test_the_http_status_wins_over_the_one_in_the_body() -> None:
    problem = parsed(404, type="invoice-not-found", Status=400)
    assert (problem.status, problem.kind) == (404, ProblemType.INVOICE_NOT_FOUND)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>502 Bad Gateway</html>",
        b"[]",
        b'"validation"',
        b'{"type": "validation"',
        b'{"type": "\xff"}',
        b'{"type": "validation", "deep": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
    ids=lambda body: body[:24].decode(errors="replace"),
)
def test_a_body_that_is_no_problem_document_is_none(body: bytes) -> None:
    assert parse_problem(400, body) is None


@pytest.mark.parametrize("missing", [None, {}, [], {"a": 1}, True, 17, 1.5])
def test_members_that_are_missing_null_or_no_text_are_left_out(missing: object) -> None:
    problem = parsed(title=missing, detail=missing, instance=missing)
    assert (problem.detail, problem.instance) == (None, None)
    assert problem.title


@pytest.mark.parametrize("body", [b"{}", b'{"type": null}', b'{"Type": ["validation"]}'])
def test_a_problem_without_a_type_is_one_of_the_type_about_blank(body: bytes) -> None:
    problem = parse_problem(404, body)
    assert problem is not None
    assert (problem.kind, problem.type) == (ProblemType.UNRECOGNIZED, "about:blank")
    assert not problem.is_own


@pytest.mark.parametrize(
    ("type_", "is_own"),
    [
        ("billing/usage/problems/invoice-under-review", True),
        ("BILLING/usage/v7/Problems/later", True),
        ("https://lf-api.payex.com/billing/usage/problems/later", True),
        ("/ledger/service/later", True),
        ("ledger.card-transaction.later", True),
        ("billing.usage.later", True),
        ("about:blank", False),
        ("", False),
        ("later", False),
        ("invoice-not-found", True),
        ("validation", True),
        ("//host/billing/usage/problems/later", True),
        ("//host/ledger.later", True),
        ("//host/problems/later", True),
        ("http://host/customer/v1/problems/validation", True),
        ("https://lf-api.payex.com/usage/problems/validation", True),
        ("http://host/x/service/later?x=1", True),
        ("http://host/problems/later#x", True),
        ("/problems/later", True),
        ("validation?x=1", True),
        ("https://problems/later", False),
        ("https://host/later#/problems/later", False),
        ("https://host/later?/problems/later", False),
        ("https://httpstatuses.io/404", False),
        ("urn:x/problems/later", False),
        ("https://tools.ietf.org/html/rfc9110#section-15.5.5", False),
        ("https://host/errors/billing/usage/problems", False),
        ("https://host/problems/later", True),
        ("https://billing.example/problems/later", True),
        ("urn:billing:problems:later", False),
        ("billing/usage/later", True),
        ("ledger/later", True),
        ("/billing/usage/later", True),
        ("LEDGER/later/?x=1", True),
        ("https://host/billing/usage/later#x", True),
        ("//host/ledger/later", True),
        ("billing/usage/problems/", True),
        ("billing", False),
        ("billing/", False),
        ("/ledger/ /", False),
        ("https://host/ledger", False),
        ("https://billing/later", False),
        ("//ledger/later", False),
        ("billings/later", False),
        ("errors/billing/later", False),
        ("urn:ledger/later", False),
    ],
)
def test_a_problem_is_payex_s_own_by_the_form_of_its_type(type_: str, is_own: bool) -> None:
    assert parsed(404, type=type_).is_own is is_own


def test_a_member_of_the_wrong_type_does_not_hide_one_of_the_right_type() -> None:
    problem = parse_problem(404, b'{"Title": true, "title": "Not Found", "TYPE": "a", "type": {}}')
    assert problem is not None
    assert (problem.title, problem.type) == ("Not Found", "a")


def test_half_a_character_costs_no_more_than_itself() -> None:
    body = rb'{"type": "billing/usage/problems/x", "title": "a\ud83d", "later": "\udc00"}'
    problem = parse_problem(404, body)
    assert problem is not None
    assert (problem.title, bytes(problem.raw or b"")) == ("a\ufffd", body)


def test_members_that_no_field_takes_stay_in_raw() -> None:
    body = b'{"type":"x", "Extra": 1.50}'
    problem = parse_problem(404, body)
    assert problem is not None
    assert bytes(problem.raw or b"") == body


@pytest.mark.parametrize(
    ("problems", "found"),
    [
        ([{"a": "1"}, {"b": "2"}], [("a", "1"), ("b", "2")]),
        ({"a": "1", "b": "2"}, [("a", "1"), ("b", "2")]),
        ([{"a": None}], []),
        ([{"a": ["1", "2"]}], [("a", "1"), ("a", "2")]),
        ({"a": ["1", None, "1"], "b": []}, [("a", "1")]),
        ([{"a": {"code": 1.50}}], [("a", '{"code":1.5}')]),
        ([{"a": [True, 7, ["x"]]}], [("a", "true"), ("a", "7"), ("a", '["x"]')]),
        ([{"a": "1"}, {"a": "1"}], [("a", "1")]),
        (["a", 1, None, []], []),
        ("a", []),
        (None, []),
    ],
)
def test_field_errors_are_read_from_a_list_of_objects_or_from_one(
    problems: object, found: list[tuple[str, str]]
) -> None:
    errors = parsed(400, problems=problems).field_errors
    assert [(error.parameter, error.message) for error in errors] == found


@pytest.mark.parametrize(
    "path",
    [
        "customerNo",
        "$.customerNo",
        "path/customerNo",
        "a[0].customerNo",
        "a[0]customerNo",
        "x[customerNo]",
    ],
)
def test_a_refused_parameter_is_known_by_the_last_segment_of_its_path(path: str) -> None:
    assert parsed(400, problems=[{path: "no"}]).parameters == ["customerNo"]


def test_a_parameter_is_blamed_in_whatever_casing_payex_names_it() -> None:
    problem = parsed(400, problems=[{"CustomerNo": "no"}, {"": "no"}])

    assert problem.blames("ownerNo", "customerNo")
    assert not problem.blames("ownerNo", "invoiceNo")


def test_a_refused_argument_is_told_in_payex_words() -> None:
    error = ArgumentError("first", "first is too large.", ArgumentErrorCode.OUT_OF_RANGE)
    problem = argument_problem(error)
    assert (problem.kind, problem.type, problem.status) == (
        ProblemType.VALIDATION,
        "validation",
        400,
    )
    assert problem.field_errors == (error,)
    assert problem.parameters == ["first"]


ALL = set(Kind)
BELOW = {Kind.SUBSCRIPTION, Kind.DETAILS, Kind.SUMMARIES}


@pytest.mark.parametrize(
    ("kind", "billed", "unbilled"),
    [
        (ProblemType.VALIDATION, ALL, ALL),
        (ProblemType.INVOICE_NOT_FOUND, ALL, set()),
        (ProblemType.INVOICE_HAS_NO_USAGE, ALL, set()),
        (ProblemType.CUSTOMER_NOT_FOUND, set(), ALL),
        (ProblemType.SUBSCRIPTION_NOT_FOUND, BELOW, BELOW),
        (ProblemType.UNRECOGNIZED, set(), set()),
    ],
)
def test_a_type_is_known_only_on_the_routes_it_is_documented_for(
    kind: ProblemType, billed: set[Kind], unbilled: set[Kind]
) -> None:
    told = Problem(kind, type=kind.value[0], title="t", status=kind.value[1], instance="i")
    for billing, known in ((Billing.BILLED, billed), (Billing.UNBILLED, unbilled)):
        for route_kind in Kind:
            route = Routes().of(Holder("xxx", billing, "1"), route_kind, "2")
            problem = expected(told, route)
            wanted = kind if route_kind in known else ProblemType.UNRECOGNIZED
            assert (problem.kind, problem.type, problem.instance) == (wanted, told.type, "i")
            # It is known again where it is documented, whatever route told of it.
            own = Routes().of(Holder("xxx", billing, "1"), Kind.SUBSCRIPTION, "2")
            assert expected(problem, own) == expected(told, own)


def test_of_very_many_refused_arguments_the_first_hundred_are_told() -> None:
    """20,000 kept the event loop for half a second. `raw` has all of them."""
    body = msgspec.json.encode({"Problems": [{f"p{n}": ["x"]} for n in range(20_000)]})
    problem = parse_problem(400, body)

    assert problem is not None
    *told, last = problem.field_errors
    assert [error.parameter for error in told] == [f"p{n}" for n in range(100)]
    assert last.message == "PayEx refused more than 100 arguments; the rest are left out."
    assert problem.raw == msgspec.Raw(body)


def test_what_is_larger_than_any_problem_is_none() -> None:
    assert parse_problem(400, b'{"Detail":"%b"}' % (b"x" * 500_000))
    assert parse_problem(400, b'{"Detail":"%b"}' % (b"x" * 600_000)) is None
