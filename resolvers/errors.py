"""What the gateway itself has to say in `errors`, beside the faults of the upstream."""

import enum

from resolvers.payex.problems import Problem, ProblemType


class ErrorCode(enum.StrEnum):
    """The stable `extensions.code` of an error that is no fault of the upstream."""

    BAD_USER_INPUT = "BAD_USER_INPUT"
    FORBIDDEN = "FORBIDDEN"
    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
    INTERNAL_SERVER_ERROR = "INTERNAL_SERVER_ERROR"
    INTROSPECTION_DISABLED = "INTROSPECTION_DISABLED"
    NOT_FOUND = "NOT_FOUND"
    UPSTREAM_PROBLEM = "UPSTREAM_PROBLEM"


class RequestError(Exception):
    """A field cannot answer, for a reason the client can mend.

    Args:
        code: what happened, for programs.
        message: what happened, for people. It repeats nothing that the client sent.
        argument: the argument that is to blame.
        instance: PayEx's id of the problem behind it.
    """

    def __init__(
        self,
        code: ErrorCode,
        message: str,
        *,
        argument: str | None = None,
        instance: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.argument = argument
        self.instance = instance


def problem_error(problem: Problem) -> RequestError:
    """Return a problem as an error, for a field whose type has no room for problems."""
    match problem.kind:
        case ProblemType.VALIDATION:
            code = ErrorCode.BAD_USER_INPUT
            message = " ".join(error.message for error in problem.field_errors) or problem.title
        case ProblemType.UNRECOGNIZED:
            code, message = ErrorCode.UPSTREAM_PROBLEM, "PayEx told of a problem."
        case _:
            code, message = ErrorCode.NOT_FOUND, f"There is none: {problem.kind.value[0]}."
    argument = next(iter(problem.parameters), None)
    return RequestError(code, message, argument=argument, instance=problem.instance)
