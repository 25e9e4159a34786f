"""Executes operations of which the caller's scopes do not allow some fields.

Such a field is null, and an error stands at its path; its resolver is not called. Most operations
hold no such field, and are not executed here: nothing is looked up for each of their fields.
"""

from typing import Any

from graphql import GraphQLObjectType
from graphql.pyutils import Path

from gateway.execution.paced_executor import PacedExecutor
from resolvers.errors import ErrorCode, RequestError
from schema.internals import FieldDetailsList
from schema.scopes import ScopeRequirement


class UngrantedError(RequestError):
    """A field that the caller's scopes do not allow.

    Args:
        need: the field and its scopes.
    """

    def __init__(self, need: ScopeRequirement) -> None:
        super().__init__(ErrorCode.FORBIDDEN, f"The caller's scopes do not allow {need.field}.")
        scopes = [sorted(one) for one in need.scopes]
        self.more = {"fields": [{"field": need.field, "scopes": scopes}]}


class GuardedExecutor(PacedExecutor):
    """Executes one request, and answers null for the fields that its operation withholds."""

    def execute_field(
        self,
        parent_type: GraphQLObjectType,
        source: Any,
        field_details_list: FieldDetailsList,
        path: Path,
        position_context: Any,
    ) -> Any:
        """Execute a field, unless it is withheld."""
        name = field_details_list[0].node.name.value
        need = self.context_value.withheld.get((parent_type.name, name))
        if need is None:
            return super().execute_field(
                parent_type, source, field_details_list, path, position_context
            )
        type_ = parent_type.fields[name].type
        self.handle_field_error(UngrantedError(need), type_, field_details_list, path)
        return None
