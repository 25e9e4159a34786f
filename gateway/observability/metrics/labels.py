"""Labels of metrics, and their possible values. Clients cannot add values.

Each series takes memory here, in Prometheus and in its storage. So each value comes from a fixed
set, or is one of a limited number of names; any other value becomes `other`.
"""

import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Final, Protocol, TypeVar

from gateway.documents.source import DocumentCode
from gateway.http.refusals import code_of
from gateway.limits.violations import LimitCode
from gateway.observability.reports import RequestResult
from resolvers.errors import ErrorCode
from resolvers.payex.api.faults import FaultCode
from resolvers.payex.api.problems import ProblemType
from resolvers.payex.api.routes import TEMPLATES

Bound = Callable[[str], str]
"""Returns the value of a label: the given one if it is allowed, else `other`."""

OTHER: Final = "other"
NO_NAME: Final = "anonymous"
MOST_NAMES: Final = 500

_NAME: Final = re.compile(r"[_A-Za-z][_0-9A-Za-z]{0,99}", re.ASCII)

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


class Labelled(Protocol[T_co]):
    """A metric of prometheus_client that has labels."""

    def labels(self, *values: str) -> T_co:
        """Return the series with these labels, in the order of their names."""


def one_of(known: Iterable[str]) -> Bound:
    """Return the bound that keeps these values."""
    values = frozenset(known)
    return lambda value: value if value in values else OTHER


ENDINGS: Final = one_of(RequestResult)
ROUTES: Final = one_of(TEMPLATES.values())
STATUSES: Final = one_of(["none", *(str(status.value) for status in HTTPStatus)])
FAULTS: Final = one_of(FaultCode)
PROBLEMS: Final = one_of([kind.name for kind in ProblemType])
CODES: Final = one_of(
    [
        *FaultCode,
        *ErrorCode,
        *DocumentCode,
        *LimitCode,
        # Requests refused before GraphQL processing have their status as code (`Refusal.code`).
        "UNAUTHENTICATED",
        *(code_of(status) for status in HTTPStatus if status >= HTTPStatus.BAD_REQUEST),
    ]
)


class FirstNames:
    """Keeps the first names that it sees, up to a number.

    The names are those of trusted documents, and a manifest may list thousands.

    Args:
        most: the number of names kept, without `anonymous`.
    """

    def __init__(self, most: int = MOST_NAMES) -> None:
        self._names = {NO_NAME}
        self._most = most

    def __call__(self, name: str) -> str:
        """Return the name, or `other`."""
        if name in self._names:
            return name
        if len(self._names) > self._most or not _NAME.fullmatch(name):
            return OTHER
        self._names.add(name)
        return name


class Series(dict[tuple[str, ...], T]):
    """The series of one metric, by the values of its labels.

    To find a known series here takes a tenth of the time that `labels` takes.

    Args:
        metric: the metric.
        bounds: the bound of each label, in the order of their names.
    """

    def __init__(self, metric: Labelled[T], *bounds: Bound) -> None:
        super().__init__()
        self._metric = metric
        self._bounds = bounds

    def __missing__(self, values: tuple[str, ...]) -> T:
        shown = tuple(bound(value) for bound, value in zip(self._bounds, values, strict=True))
        series = self._metric.labels(*shown)
        if shown == values:
            self[values] = series
        return series
