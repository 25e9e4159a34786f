"""Parts of graphql-core and Strawberry that are not documented, for all rooms that use them.

`docs/architecture.md` says why; `tests/test_private_parts.py` says when one is gone.
"""

from graphql.execution.collect_fields import (
    CollectedFields,
    FieldDetailsList,
    FragmentDetails,
    GroupedFieldSet,
    collect_fields,
    collect_subfields,
)
from strawberry.execution import optimized_is_awaitable
from strawberry.schema.schema_converter import CustomGraphQLEnumType, GraphQLCoreConverter
from strawberry.types.arguments import convert_arguments
from strawberry.types.field import StrawberryField
from strawberry.types.lazy_type import LazyType

__all__ = [
    "CollectedFields",
    "CustomGraphQLEnumType",
    "FieldDetailsList",
    "FragmentDetails",
    "GraphQLCoreConverter",
    "GroupedFieldSet",
    "LazyType",
    "StrawberryField",
    "collect_fields",
    "collect_subfields",
    "convert_arguments",
    "optimized_is_awaitable",
]
