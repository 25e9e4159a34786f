"""Validation: why a document does not fit the schema, in bounded work and few words."""

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any

from graphql import (
    SKIP,
    ASTValidationRule,
    DocumentNode,
    GraphQLError,
    GraphQLInputType,
    GraphQLSchema,
    ListValueNode,
    OverlappingFieldsCanBeMergedRule,
    SelectionSetNode,
    ValidationContext,
    ValueNode,
    ValuesOfCorrectTypeRule,
    specified_rules,
    validate,
)
from graphql.language import VisitorAction
from graphql.utilities import validate_input_literal
from graphql.validation.validate import ValidationAbortedError

from gateway.limits.value_errors import ValueErrors
from gateway.limits.violations import (
    COMPARISONS,
    FRAGMENT_WORK,
    VALIDATION_ERRORS,
    LimitCode,
    LimitExceeded,
)
from resolvers.errors import ErrorCode


def find_errors(
    schema: GraphQLSchema,
    document: DocumentNode,
    *,
    comparisons: int = COMPARISONS,
    most: int = VALIDATION_ERRORS,
    rules: Collection[type[ASTValidationRule]] = specified_rules,
    hide_suggestions: bool = False,
) -> list[GraphQLError]:
    """Return why a document does not fit the schema; nothing if it does.

    Where validation stopped at a limit, the last entry names it: a `LimitExceeded` for what was
    too much to compare or to follow, and one about `GATEWAY_MAX_VALIDATION_ERRORS` for errors that
    are not told.

    Args:
        schema: what the document must fit.
        document: a document whose `oversizes` were looked at.
        comparisons: how many comparisons of equally named fields are made.
        most: how many errors are reported.
        rules: what to look for.
        hide_suggestions: whether errors keep quiet about names that are like the unknown ones.
    """
    own: dict[type[ASTValidationRule], type[ASTValidationRule]] = {
        OverlappingFieldsCanBeMergedRule: _thrifty(comparisons),
        ValuesOfCorrectTypeRule: _OwnValues,
    }
    errors = validate(
        schema,
        document,
        [own.get(rule, rule) for rule in rules],
        most,
        hide_suggestions,
    )
    if errors and isinstance(errors[-1], ValidationAbortedError):
        aborted = errors.pop()
        errors.append(_limit(aborted, document, comparisons, most, capped=len(errors) >= most))
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

        def enter_selection_set(
            self, selection_set: SelectionSetNode, _key: Any, parent: Any, *args: Any
        ) -> None:
            try:
                super().enter_selection_set(selection_set, _key, parent, *args)
            except ValidationAbortedError as error:
                raise ValidationAbortedError(error.message, selection_set) from None

    return Thrifty


def _limit(
    aborted: GraphQLError, document: DocumentNode, comparisons: int, most: int, *, capped: bool
) -> GraphQLError:
    if capped and not aborted.nodes:
        return GraphQLError(
            f"The document has more errors; {most} are told (GATEWAY_MAX_VALIDATION_ERRORS).",
            extensions={
                "code": ErrorCode.GRAPHQL_VALIDATION_FAILED.value,
                "limit": {"GATEWAY_MAX_VALIDATION_ERRORS": most},
                "measured": most + 1,
            },
        )
    if aborted.nodes:
        return LimitExceeded(
            LimitCode.MAX_COMPARISONS_LIMIT, comparisons, comparisons + 1, aborted.nodes[0]
        )
    return LimitExceeded(
        LimitCode.MAX_FRAGMENT_WORK_LIMIT,
        FRAGMENT_WORK,
        FRAGMENT_WORK + 1,
        document.definitions[0],
    )


class _OwnValues(ValuesOfCorrectTypeRule):
    """The rule on values, whose errors quote no value and all have a place.

    graphql-core reads a list or an object where a scalar stands from a copy, which has none.
    """

    def is_valid_value_node(
        self, node: ValueNode, input_type: GraphQLInputType | None
    ) -> VisitorAction:
        if input_type:
            found = ValueErrors(input_type, node, hide_suggestions=self.context.hide_suggestions)

            def report(error: GraphQLError, path: list[str | int]) -> None:
                at = error.nodes if error.locations else _within(node, path)
                self.report_error(GraphQLError(found.next_at(path), at))

            validate_input_literal(node, input_type, report, hide_suggestions=True)
        return SKIP


def _within(node: ValueNode, path: Sequence[str | int]) -> ValueNode:
    """Return the value at a path of a literal."""
    for step in path:
        if isinstance(node, ListValueNode):
            node = node.values[int(step)]
        else:
            fields = getattr(node, "fields", ())
            node = next((field.value for field in fields if field.name.value == step), node)
    return node
