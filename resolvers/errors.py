"""What the gateway itself has to say in `errors`, beside the faults of the upstream."""

import enum
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple, TypeVar

from resolvers.payex.api.argument_errors import ArgumentErrorCode
from resolvers.payex.api.instances import safe_instance_id
from resolvers.payex.api.problems import Problem, ProblemType

T = TypeVar("T")

# PayEx may put what it refuses in the place of its name.
_NAME: Final = re.compile(r"[A-Za-z]{1,40}")


class ErrorCode(enum.StrEnum):
    """The stable `extensions.code` of an error that is no fault of the upstream."""

    BAD_USER_INPUT = "BAD_USER_INPUT"
    ERRORS_LEFT_OUT = "ERRORS_LEFT_OUT"
    FORBIDDEN = "FORBIDDEN"
    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
    INTERNAL_SERVER_ERROR = "INTERNAL_SERVER_ERROR"
    INTROSPECTION_DISABLED = "INTROSPECTION_DISABLED"
    NOT_FOUND = "NOT_FOUND"
    OPERATION_BUDGET_LIMIT = "OPERATION_BUDGET_LIMIT"
    TOO_MANY_SUBSCRIPTIONS = "TOO_MANY_SUBSCRIPTIONS"
    UPSTREAM_PROBLEM = "UPSTREAM_PROBLEM"
    USAGE_INCOMPLETE = "USAGE_INCOMPLETE"


class Excess(NamedTuple):
    """A bound that a request is beyond: by what it is set, how much it is, and what was counted."""

    setting: str
    limit: int
    measured: int


class RequestError(Exception):
    """A field cannot answer, for a reason the client can mend.

    Args:
        code: what happened, for programs.
        message: what happened, for people. It repeats nothing that the client sent.
        argument: the argument that is to blame.
        reason: what is wrong with it, for programs.
        instance: PayEx's id of the problem behind it.
        excess: the bound that it is beyond.

    Attributes:
        more: members of its extensions that no other error has.
    """

    more: Mapping[str, object] = MappingProxyType({})

    def __init__(
        self,
        code: ErrorCode,
        message: str,
        *,
        argument: str | None = None,
        reason: ArgumentErrorCode | None = None,
        instance: str | None = None,
        excess: Excess | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.argument = argument
        self.reason = reason
        self.instance = instance
        self.excess = excess


def without_problem(found: T | Problem) -> T:
    """Return what was found, for a field whose type has no room for problems.

    Raises:
        RequestError: it is a problem.
    """
    if isinstance(found, Problem):
        raise problem_error(found)
    return found


def problem_error(problem: Problem) -> RequestError:
    """Return a problem as an error, for a field whose type has no room for problems.

    PayEx's own words may quote a number. Where there is room for a problem, they are data.
    """
    reason = None
    match problem.kind:
        case ProblemType.VALIDATION:
            code = ErrorCode.BAD_USER_INPUT
            ours = problem.raw is None
            words = " ".join(error.message for error in problem.field_errors) if ours else ""
            message = words or "PayEx refused an argument."
            reason = next((error.code for error in problem.field_errors), None)
        case ProblemType.UNRECOGNIZED:
            code, message = ErrorCode.UPSTREAM_PROBLEM, "PayEx told of a problem."
        case _:
            code, message = ErrorCode.NOT_FOUND, f"There is none: {problem.kind.value[0]}."
    argument = next((name for name in problem.parameters if _NAME.fullmatch(name)), None)
    return RequestError(
        code,
        message,
        argument=argument,
        reason=reason,
        instance=safe_instance_id(problem.instance),
    )
