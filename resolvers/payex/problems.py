"""PayEx's problem types: the answers that say why there is no answer.

PayEx documents five types, sent as `application/problem+json`. Their `Type` is seen in four
styles, and their members in more than one casing, so that both are read with a tolerant eye.
"""

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from resolvers.payex.routes import Billing, Kind, Route


class ProblemType(enum.Enum):
    """A documented problem type, by its last segment, with the status it comes with."""

    VALIDATION = ("validation", 400)
    INVOICE_NOT_FOUND = ("invoice-not-found", 404)
    CUSTOMER_NOT_FOUND = ("customer-not-found", 404)
    INVOICE_HAS_NO_USAGE = ("invoice-has-no-usage", 404)
    SUBSCRIPTION_NOT_FOUND = ("subscription-not-found", 404)
    UNRECOGNIZED = ("", 0)


_TYPES = {kind.value: kind for kind in ProblemType if kind is not ProblemType.UNRECOGNIZED} | {
    # PayEx's sample of the dotted style ends so.
    ("validation-error", 400): ProblemType.VALIDATION
}


_OF_INVOICES = {
    ProblemType.VALIDATION,
    ProblemType.INVOICE_NOT_FOUND,
    ProblemType.INVOICE_HAS_NO_USAGE,
}
_OF_CUSTOMERS = {ProblemType.VALIDATION, ProblemType.CUSTOMER_NOT_FOUND}
_BELOW_SUBSCRIPTIONS = {Kind.SUBSCRIPTION, Kind.DETAILS, Kind.SUMMARIES}


class FieldErrorCode(enum.Enum):
    """What is wrong with one input, for programs."""

    CURSOR_GONE = "CURSOR_GONE"
    CURSOR_MALFORMED = "CURSOR_MALFORMED"
    CURSOR_OF_ANOTHER_LIST = "CURSOR_OF_ANOTHER_LIST"
    DECIMAL_MALFORMED = "DECIMAL_MALFORMED"
    FIRST_OUT_OF_RANGE = "FIRST_OUT_OF_RANGE"
    ID_MALFORMED = "ID_MALFORMED"
    NUMBER_MALFORMED = "NUMBER_MALFORMED"
    REFERENCE_MALFORMED = "REFERENCE_MALFORMED"
    REFUSED_BY_PAYEX = "REFUSED_BY_PAYEX"
    TIME_MALFORMED = "TIME_MALFORMED"
    TIME_SPAN_EMPTY = "TIME_SPAN_EMPTY"
    TOO_MANY_NUMBERS = "TOO_MANY_NUMBERS"
    VALUE_MISSING = "VALUE_MISSING"


@dataclass(frozen=True, slots=True)
class FieldError:
    """One input that was refused: its parameter path, and what is wrong with it."""

    parameter: str
    message: str
    code: FieldErrorCode = FieldErrorCode.REFUSED_BY_PAYEX


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem that PayEx told, or that the gateway tells in PayEx's words before it calls.

    `type` is PayEx's text, `instance` the id that PayEx support asks for, `raw` the whole body.
    """

    kind: ProblemType
    type: str
    title: str
    status: int
    detail: str | None = field(default=None, repr=False)
    instance: str | None = None
    field_errors: tuple[FieldError, ...] = field(default=(), repr=False)
    raw: msgspec.Raw | None = field(default=None, repr=False)

    @property
    def parameters(self) -> list[str]:
        """The names of the refused parameters, without the paths that PayEx may put before."""
        paths = (re.findall(r"[^./\[\]]+", error.parameter) for error in self.field_errors)
        return [path[-1] for path in paths if path]

    def blames(self, *parameters: str) -> bool:
        """Whether one of these parameters was refused, in whatever casing PayEx names it."""
        refused_ones = {name.casefold() for name in self.parameters}
        return not refused_ones.isdisjoint(map(str.casefold, parameters))


def expected(problem: Problem, route: Route) -> Problem:
    """Return a problem as its route's clients know it.

    A documented type on a route that PayEx does not document it for is unrecognised there: the
    schema's unions name for each route exactly what it can answer.
    """
    known = _OF_INVOICES if route.holder.billing is Billing.BILLED else _OF_CUSTOMERS
    if problem.kind in known or (
        problem.kind is ProblemType.SUBSCRIPTION_NOT_FOUND and route.kind in _BELOW_SUBSCRIPTIONS
    ):
        return problem
    return replace(problem, kind=ProblemType.UNRECOGNIZED)


def refused(*errors: FieldError) -> Problem:
    """Return the validation problem of arguments that the gateway refuses without a call."""
    return Problem(
        ProblemType.VALIDATION,
        type="validation",
        title="A validation error occurred",
        status=400,
        detail="The gateway refused an argument. PayEx was not asked.",
        field_errors=errors,
    )


def parse_problem(status: int, body: bytes) -> Problem | None:
    """Read a problem from an error answer of PayEx.

    A type that PayEx adds later is `UNRECOGNIZED`, and so is a known type that comes with another
    status than its own: nothing is known of what that means.

    Args:
        status: the HTTP status, which decides where the body says otherwise.
        body: the body as received.

    Returns:
        The problem, or None if the body is no problem document.
    """
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    members = {key.casefold(): value for key, value in document.items()}
    type_ = members.get("type")
    if not isinstance(type_, str):
        return None
    # The documentation prints "subscription-not found", with a space.
    code = re.sub(r"[\s_]|%20", "-", re.split(r"[/.#]", type_.strip(" /"))[-1]).casefold()
    return Problem(
        _TYPES.get((code, status), ProblemType.UNRECOGNIZED),
        type=type_,
        title=_text(members, "title") or "PayEx told of a problem",
        status=status,
        detail=_text(members, "detail"),
        instance=_text(members, "instance"),
        field_errors=tuple(_field_errors(members.get("problems"))),
        raw=msgspec.Raw(body),
    )


def _text(members: Mapping[str, Any], name: str) -> str | None:
    value = members.get(name)
    return None if value is None or isinstance(value, dict | list) else str(value)


def _field_errors(problems: object) -> list[FieldError]:
    # PayEx documents a list of single-key objects; one object with many keys says the same.
    objects = problems if isinstance(problems, list) else [problems]
    return [
        FieldError(parameter, str(message))
        for item in objects
        if isinstance(item, dict)
        for parameter, message in item.items()
    ]
