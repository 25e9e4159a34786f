"""PayEx's problem types: the answers that say why there is no answer.

PayEx documents five types, sent as `application/problem+json`. Their `Type` is seen in four
styles, and their members in more than one casing, so that both are read with a tolerant eye.
"""

import enum
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final

import msgspec

from resolvers.payex.api.argument_errors import ArgumentError
from resolvers.payex.api.routes import Billing, Kind, Route
from resolvers.payex.api.surrogates import replaced

UNTITLED: Final = "PayEx told of a problem"

# A problem is a page of text, and refuses as many arguments as a request has. What is larger would
# keep the event loop.
_MOST_BYTES: Final = 512 * 1024
_MOST_ERRORS: Final = 100

_Object = dict[str, msgspec.Raw]
_OBJECT = msgspec.json.Decoder(_Object)
_LIST = msgspec.json.Decoder(list[msgspec.Raw])
# A path from `billing` or `ledger` on, with a host or without; one with a segment `problems` or
# `service` and more behind it; or a dotted name. Frameworks and proxies name pages of their own,
# `about:blank`, or nothing.
_HOST: Final = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//[^/]*", re.IGNORECASE)
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_DOTTED: Final = re.compile(r"/?(?:billing|ledger)\.[^/]+", re.IGNORECASE)
_ROOTS: Final = frozenset({"billing", "ledger"})
_SEGMENTS: Final = frozenset({"problems", "service"})


class ProblemType(enum.Enum):
    """A documented problem type, by its last segment, with the status it comes with."""

    VALIDATION = ("validation", 400)
    INVOICE_NOT_FOUND = ("invoice-not-found", 404)
    CUSTOMER_NOT_FOUND = ("customer-not-found", 404)
    INVOICE_HAS_NO_USAGE = ("invoice-has-no-usage", 404)
    SUBSCRIPTION_NOT_FOUND = ("subscription-not-found", 404)
    UNRECOGNIZED = ("", 0)


ABOUT_THE_HOLDER: Final = frozenset(
    {
        ProblemType.INVOICE_NOT_FOUND,
        ProblemType.CUSTOMER_NOT_FOUND,
        ProblemType.INVOICE_HAS_NO_USAGE,
    }
)
"""What tells that there is no usage of the invoice or customer at all."""

_TYPES = {kind.value: kind for kind in ProblemType if kind is not ProblemType.UNRECOGNIZED} | {
    # PayEx's sample of the dotted style ends so.
    ("validation-error", 400): ProblemType.VALIDATION
}


_CODES = {code for code, _ in _TYPES}

_OF_INVOICES = {
    ProblemType.VALIDATION,
    ProblemType.INVOICE_NOT_FOUND,
    ProblemType.INVOICE_HAS_NO_USAGE,
}
_OF_CUSTOMERS = {ProblemType.VALIDATION, ProblemType.CUSTOMER_NOT_FOUND}
_BELOW_SUBSCRIPTIONS = {Kind.SUBSCRIPTION, Kind.DETAILS, Kind.SUMMARIES}


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem that PayEx told, or that the gateway tells in PayEx's words before it calls.

    `type` is PayEx's text, `instance` the id that PayEx support asks for, `raw` the whole body;
    `holder_no` and `subscription_no` are the numbers that were asked for, where they are known.
    """

    kind: ProblemType
    type: str
    title: str
    status: int
    detail: str | None = field(default=None, repr=False)
    instance: str | None = None
    field_errors: tuple[ArgumentError, ...] = field(default=(), repr=False)
    raw: msgspec.Raw | None = field(default=None, repr=False)
    holder_no: str | None = field(default=None, repr=False)
    subscription_no: str | None = field(default=None, repr=False)

    @property
    def is_own(self) -> bool:
        """Whether it is PayEx that tells of it, and no framework or proxy before it.

        Its type has a form of PayEx's, or is a documented code alone, as PayEx's tables print it.
        """
        type_ = _without_query(self.type)
        is_code_alone = not re.search("[/.]", type_) and _code(type_) in _CODES
        return is_code_alone or _has_own_form(type_)

    @property
    def parameters(self) -> list[str]:
        """The names of the refused parameters, without the paths that PayEx may put before."""
        return [name for error in self.field_errors if (name := _last(error.parameter))]

    def blames(self, *parameters: str) -> bool:
        """Whether one of these parameters was refused, in whatever casing PayEx names it."""
        refused_ones = {name.casefold() for name in self.parameters}
        return not refused_ones.isdisjoint(map(str.casefold, parameters))

    def of_subscription(self, number: str) -> "Problem":
        """Return it with the number of the subscription that was asked for."""
        return replace(self, subscription_no=number)

    def placed(self, paths: Mapping[str, tuple[str, ...]]) -> "Problem":
        """Return it with the places of the arguments that PayEx refused.

        Args:
            paths: where each is in the field's arguments, by PayEx's names. Other parameters are
                no arguments of the field.
        """
        if self.raw is None or not self.field_errors:
            return self
        folded = {name.casefold(): path for name, path in paths.items()}
        errors = tuple(
            replace(error, path=folded.get(_last(error.parameter).casefold(), ()))
            for error in self.field_errors
        )
        return replace(self, field_errors=errors)


def expected(problem: Problem, route: Route) -> Problem:
    """Return a problem as its route's clients know it.

    A documented type on a route that PayEx does not document it for is unrecognised there: the
    schema's unions name for each route exactly what it can answer.

    Args:
        problem: what PayEx told, whatever its kind is on another route.
        route: the route that answers with it.
    """
    kind = _kind(problem.type, problem.status)
    problem = replace(problem, holder_no=route.holder.number)
    known = _OF_INVOICES if route.holder.billing is Billing.BILLED else _OF_CUSTOMERS
    if kind in known or (
        kind is ProblemType.SUBSCRIPTION_NOT_FOUND and route.kind in _BELOW_SUBSCRIPTIONS
    ):
        return replace(problem, kind=kind)
    return replace(problem, kind=ProblemType.UNRECOGNIZED)


_REFUSED: Final = "The gateway refused an argument."


def argument_problem(*errors: ArgumentError, asked: bool = False) -> Problem:
    """Return the validation problem of arguments that the gateway refuses.

    Args:
        errors: what is wrong with each.
        asked: whether PayEx's answer was needed to find out.
    """
    return Problem(
        ProblemType.VALIDATION,
        type="validation",
        title="A validation error occurred",
        status=400,
        detail=_REFUSED if asked else f"{_REFUSED} PayEx was not asked.",
        field_errors=errors,
    )


def parse_problem(status: int, body: bytes) -> Problem | None:
    """Read a problem (RFC 9457) from an error answer.

    A type that PayEx adds later is `UNRECOGNIZED`, and so is a known type that comes with another
    status than its own: nothing is known of what that means. A member of the wrong type is ignored.

    Args:
        status: the HTTP status, which decides where the body says otherwise.
        body: the body as received.

    Returns:
        The problem, or None if the body is no JSON object, or larger than any problem. Whether it
        is one of PayEx's, `is_own` tells.
    """
    if len(body) > _MOST_BYTES:
        return None
    try:
        text = replaced(body)
        text.decode()
        document = _OBJECT.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    type_ = _text(document, "type")
    if type_ is None:
        type_ = "about:blank"
    return Problem(
        _kind(type_, status),
        type=type_,
        title=_text(document, "title") or UNTITLED,
        status=status,
        detail=_text(document, "detail"),
        instance=_text(document, "instance"),
        field_errors=_first(_field_errors(document)),
        raw=msgspec.Raw(body),
    )


def _first(errors: Iterator[ArgumentError]) -> tuple[ArgumentError, ...]:
    """Return the errors, each once; if there are very many, the first ones, and that there are."""
    found = dict.fromkeys(islice(errors, _MOST_ERRORS))
    if next(errors, None) is not None:
        message = f"PayEx refused more than {_MOST_ERRORS} arguments; the rest are left out."
        found[ArgumentError("Problems", message)] = None
    return tuple(found)


def _last(parameter: str) -> str:
    """Return the last segment of a parameter's path; nothing if it has none."""
    return re.split(r"[./\[\]]+", parameter.rstrip("./[]"))[-1]


def _kind(type_: str, status: int) -> ProblemType:
    return _TYPES.get((_code(type_), status), ProblemType.UNRECOGNIZED)


def _without_query(type_: str) -> str:
    """Return a type without blanks around it, its query and its fragment."""
    return re.split("[?#]", type_, maxsplit=1)[0].strip()


def _has_own_form(type_: str) -> bool:
    host = _HOST.match(type_)
    path = type_[host.end() :] if host else type_
    if _DOTTED.fullmatch(path):
        return True
    if _SCHEME.match(path):
        return False
    segments = [segment for segment in path.casefold().split("/") if segment.strip()]
    # Something stands behind it.
    above = segments[:-1]
    return not (_ROOTS.isdisjoint(above[:1]) and _SEGMENTS.isdisjoint(above))


def _code(type_: str) -> str:
    """Return the last segment of a type without query and fragment."""
    # The documentation prints "subscription-not found", with a space.
    return re.sub(
        r"[\s_]|%20", "-", re.split(r"[/.]", _without_query(type_).strip(" /"))[-1]
    ).casefold()


def _members(document: _Object, name: str) -> Iterator[msgspec.Raw]:
    """Yield the members of a name in whatever casing."""
    return (value for key, value in document.items() if key.casefold() == name)


def _text(document: _Object, name: str) -> str | None:
    texts = (msgspec.json.decode(raw) for raw in _members(document, name) if _begins(raw, b'"'))
    return next(texts, None)


def _field_errors(document: _Object) -> Iterator[ArgumentError]:
    # PayEx documents a list of single-key objects; one object with many keys says the same.
    for problems in _members(document, "problems"):
        for item in _elements(problems):
            if _begins(item, b"{"):
                for parameter, messages in _OBJECT.decode(item).items():
                    for message in _elements(messages):
                        yield ArgumentError(parameter, _message(message))


def _elements(raw: msgspec.Raw) -> Iterator[msgspec.Raw]:
    """Yield a list's elements, or what is no list as its only one, without nulls."""
    elements = _LIST.decode(raw) if _begins(raw, b"[") else [raw]
    return (element for element in elements if not _begins(element, b"n"))


def _message(raw: msgspec.Raw) -> str:
    """Return a text, and anything else as the JSON it is."""
    return str(msgspec.json.decode(raw)) if _begins(raw, b'"') else bytes(raw).decode()


def _begins(raw: msgspec.Raw, character: bytes) -> bool:
    return bytes(raw).startswith(character)
