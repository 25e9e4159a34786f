"""What tools ask of the schema."""

from typing import Final

from graphql import get_introspection_query

EVERYTHING: Final = get_introspection_query(
    specified_by_url=True,
    directive_is_repeatable=True,
    schema_description=True,
    input_value_deprecation=True,
    one_of=True,
)
"""All that the schema tells of itself."""
