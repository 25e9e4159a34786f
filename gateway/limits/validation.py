"""Validation: why a document does not fit the schema, in bounded work and few words."""

from collections.abc import Collection
from functools import cache
from typing import Final

from graphql import (
    ASTValidationRule,
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OverlappingFieldsCanBeMergedRule,
    ValidationContext,
    specified_rules,
    validate,
)
from graphql.validation.validate import ValidationAbortedError

from gateway.limit_settings import LimitSettings
from gateway.limits.excess import LimitCode, LimitExceeded
from resolvers.errors import ErrorCode

_CAPPED: Final = "Too many validation errors, error limit reached. Validation aborted."


def find_errors(
    schema: GraphQLSchema,
    document: DocumentNode,
    limits: LimitSettings,
    *,
    rules: Collection[type[ASTValidationRule]] = specified_rules,
    hide_suggestions: bool = False,
) -> list[GraphQLError]:
    """Return why a document does not fit the schema; nothing if it does.

    Where validation stopped at a limit, the last entry names it: a `LimitExceeded` for what was
    too much to compare, and one about `GATEWAY_MAX_ERRORS` for errors that are not told.

    Args:
        schema: what the document must fit.
        document: a document whose `oversizes` were looked at.
        limits: the limits.
        rules: what to look for.
        hide_suggestions: whether errors keep quiet about names that are like the unknown ones.
    """
    thrifty = _thrifty(limits.max_comparisons)
    errors = validate(
        schema,
        document,
        [thrifty if rule is OverlappingFieldsCanBeMergedRule else rule for rule in rules],
        limits.max_errors,
        hide_suggestions,
    )
    if errors and isinstance(errors[-1], ValidationAbortedError):
        errors[-1] = _limit(errors[-1], limits)
    return errors


@cache
def _thrifty(comparisons: int) -> type[ASTValidationRule]:
    """Return the rule on equally named fields, that gives up after so many comparisons.

    By itself it does after 500,000, which take graphql-core 3.3 a second.
    """

    class Thrifty(OverlappingFieldsCanBeMergedRule):
        def __init__(self, context: ValidationContext) -> None:
            super().__init__(context)
            self.rule_context.remaining_complexity_budget = comparisons

    return Thrifty


def _limit(aborted: ValidationAbortedError, limits: LimitSettings) -> GraphQLError:
    if aborted.message == _CAPPED:
        return GraphQLError(
            f"The document has more errors; {limits.max_errors} are told (GATEWAY_MAX_ERRORS).",
            extensions={
                "code": ErrorCode.GRAPHQL_VALIDATION_FAILED.value,
                "limit": {"GATEWAY_MAX_ERRORS": limits.max_errors},
                "measured": limits.max_errors + 1,
            },
        )
    most = limits.max_comparisons
    return LimitExceeded(LimitCode.MAX_COMPARISONS_LIMIT, most, most + 1)
