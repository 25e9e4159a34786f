"""How errors leave the gateway: a stable code, a support id, and nothing internal.

Every error of a reply passes here. The texts of unexpected exceptions, of PayEx's fault bodies and
of the query stay inside.
"""

import logging
import re
import traceback
from collections.abc import Iterable, Sequence
from typing import Any, Final

from graphql import GraphQLError, GraphQLSyntaxError, Node

from resolvers.budget import Budget
from resolvers.errors import ErrorCode, RequestError
from resolvers.payex.api.faults import Fault
from resolvers.payex.api.instances import safe_instance_id

logger = logging.getLogger(__name__)

# Names are the document's, but a client may have made them of a person's number.
_NUMBER: Final = re.compile(r"\d{5,}")

MASKED = "The gateway failed. Its operators can find why by the support id."


ERROR: Final = 50
"""Units of work of an error that a reply tells: located, formatted and encoded."""
UNREPORTED_ERROR: Final = 3
"""Units of work of an error that is only counted."""


def reported_errors(errors: Sequence[GraphQLError], count: int, most: int) -> list[GraphQLError]:
    """Return the errors that a reply tells, of so many; the last one says if there are more."""
    if count <= most:
        return list(errors)
    more = GraphQLError(
        f"There are {count} errors; the first {most} are told (GATEWAY_MAX_ERRORS). The fields of "
        "the others are null too.",
        extensions={
            "code": ErrorCode.ERRORS_LEFT_OUT.value,
            "limit": {"GATEWAY_MAX_ERRORS": most},
            "measured": count,
        },
    )
    return [*errors[:most], more]


def budget_error(budget: Budget, at: Node | None) -> GraphQLError:
    """Return the one error of an operation whose budget is used up, at the operation's place."""
    spent = {what.value: round(units) for what, units in budget.spent.items()}
    return GraphQLError(
        f"The operation's work came to {round(budget.total)} units, most of them spent on "
        f"{budget.dearest}; at most {budget.limit} may be (GATEWAY_OPERATION_BUDGET). Ask for less "
        "at a time.",
        at,
        extensions={
            "code": ErrorCode.OPERATION_BUDGET_LIMIT.value,
            "limit": {"GATEWAY_OPERATION_BUDGET": budget.limit},
            "measured": round(budget.total),
            "spent": spent,
        },
    )


def format_errors(
    errors: Iterable[GraphQLError], support_id: str, *, executed: bool
) -> list[dict[str, Any]]:
    """Return the `errors` of a reply.

    Args:
        errors: as graphql-core collected them.
        support_id: the operation's id, which the log has as well.
        executed: whether the operation was executed. If not, the document or the variables are to
            blame, and the client reads why, without the values that it sent.
    """
    return [_format(error, support_id, executed=executed) for error in errors]


def without_numbers(words: str) -> str:
    """Return a text with `...` in place of each number of five digits or more."""
    return _NUMBER.sub("...", words)


def log_unexpected(error: BaseException, support_id: str) -> None:
    """Log an exception that nobody foresaw.

    Its text may quote personal data, so only its type and place are logged.
    """
    frames = "".join(traceback.format_tb(error.__traceback__))
    logger.error(
        "unexpected %s\n%s", type(error).__name__, frames, extra={"support_id": support_id}
    )


def _format(error: GraphQLError, support_id: str, *, executed: bool) -> dict[str, Any]:
    cause = error.original_error
    extensions: dict[str, Any]
    match cause:
        case Fault():
            message, extensions = str(cause), _of_fault(cause)
        case RequestError():
            message, extensions = str(cause), _of_request(cause)
        case _ if error.extensions and (cause is None or not executed):
            message, extensions = error.message, dict(error.extensions)
        case _ if not executed and _is_of_the_request(error):
            message = without_numbers(error.message)
            extensions = {"code": _request_code(error)}
        case _:
            log_unexpected(cause or error, support_id)
            message, extensions = MASKED, {"code": ErrorCode.INTERNAL_SERVER_ERROR.value}
    extensions["supportId"] = support_id
    formatted: dict[str, Any] = {"message": message}
    if error.locations:
        formatted["locations"] = [
            {"line": location.line, "column": location.column} for location in error.locations
        ]
    if error.path is not None:
        formatted["path"] = error.path
    return {**formatted, "extensions": extensions}


def _is_of_the_request(error: GraphQLError) -> bool:
    """Whether graphql-core blames the document or the variables.

    It points at them, or raises the error itself. An exception from elsewhere, which Strawberry
    wraps, does neither.
    """
    return bool(error.nodes) or error.original_error is None


def _of_fault(fault: Fault) -> dict[str, Any]:
    extensions: dict[str, Any] = {"code": fault.code.value}
    if fault.limit:
        extensions["limit"] = fault.limit
    if fault.measured is not None:
        extensions["measured"] = round(fault.measured, 3)
    if fault.retry_after is not None:
        extensions["retryAfter"] = round(fault.retry_after, 3)
    if instance := safe_instance_id(fault.instance):
        extensions["instance"] = instance
    if fault.title:
        extensions["title"] = fault.title
    return extensions


def _of_request(error: RequestError) -> dict[str, Any]:
    extensions: dict[str, Any] = {"code": error.code.value}
    if error.argument:
        extensions["argument"] = error.argument
    if error.reason:
        extensions["reason"] = error.reason.value
    if error.instance:
        extensions["instance"] = error.instance
    if error.excess:
        setting, limit, measured = error.excess
        extensions |= {"limit": {setting: limit}, "measured": measured}
    return {**extensions, **error.more}


def _request_code(error: GraphQLError) -> str:
    if isinstance(error, GraphQLSyntaxError):
        return ErrorCode.GRAPHQL_PARSE_FAILED.value
    return ErrorCode.GRAPHQL_VALIDATION_FAILED.value
