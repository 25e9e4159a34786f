"""The settings of how large an operation may be, and what it may cost."""

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings


class LimitSettings(BaseSettings):
    """What keeps one operation from taking what many could share. See docs/limits.md."""

    max_document: int = Field(
        50_000, ge=100, description="The most characters that a document may have."
    )
    max_tokens: int = Field(
        3000,
        ge=10,
        description=(
            "The most tokens that a document may have, and the most comments and the most lines "
            "beside them."
        ),
    )
    max_depth: int = Field(
        20, ge=1, description="The most fields that may stand within each other, the leaf included."
    )
    max_aliases: int = Field(
        100, ge=0, description="The most aliases of an operation, its fragments written out."
    )
    max_root_fields: int = Field(
        50, ge=1, description="The most fields at the root of an operation."
    )
    max_document_operations: int = Field(
        50, ge=1, description="The most operations that a document may have."
    )
    max_directives: int = Field(
        50, ge=0, description="The most directives in a document, as they are written."
    )
    max_selections: int = Field(
        2000,
        ge=1,
        description=(
            "The most selections (fields, spreads, inline fragments) of an operation, its "
            "fragments written out."
        ),
    )
    max_comparisons: int = Field(
        10_000,
        ge=100,
        description=(
            "How many comparisons may be made to find out whether equally named fields of a "
            "document can be merged."
        ),
    )
    max_validation_errors: int = Field(
        5, ge=1, le=100, description="The most errors that are told of one invalid document."
    )
    max_variable_depth: int = Field(
        10, ge=1, le=100, description="The most lists and objects within each other in a variable."
    )
    max_list_input: int = Field(
        1000,
        ge=1,
        description=(
            "The most elements of one list, or members of one object, in the variables; so also "
            "the most `representations` of `_entities`."
        ),
    )
    max_introspection: int = Field(
        8000,
        ge=1,
        description=(
            "The most fields that an answer about the schema may have (`__schema`, `__type`). All "
            "of the schema are 3600, as GraphiQL and code generators ask for it."
        ),
    )
    max_nodes: int = Field(
        1_000_000,
        ge=1,
        description=(
            "The most elements that the pages and lists of an operation may hold together, as far "
            "as its arguments tell."
        ),
    )
    max_errors: int = Field(
        100,
        ge=1,
        le=1000,
        description=(
            "The most errors that a reply tells of an operation that was executed. The others are "
            "counted."
        ),
    )
    cost_mode: Literal["measure", "enforce"] = Field(
        "enforce",
        description=(
            "Whether an operation that costs more than `GATEWAY_MAX_COST` is only told so, or "
            "refused; see [limits](limits.md)."
        ),
    )
    max_cost: int = Field(
        400_000,
        ge=1,
        description=(
            "The most that an operation may cost by its text: 1 for an object, 10 more for a field "
            "that may ask PayEx, and for a reference."
        ),
    )
    operation_bytes: int = Field(
        256 * 1024 * 1024,
        ge=1024 * 1024,
        description=(
            "The most bytes of memory that PayEx's answers may take for one operation, as "
            "estimated: about seven times their JSON."
        ),
    )
    process_bytes: int = Field(
        640 * 1024 * 1024,
        ge=1024 * 1024,
        description=(
            "The most bytes of memory that all answers of PayEx may take in one server process, "
            "those that are kept included. An operation takes no more than it leaves free."
        ),
    )
    operation_budget: int = Field(
        350_000,
        ge=1000,
        description=(
            "The units of work that an operation may spend while it is executed, of about a "
            "microsecond of CPU each: calls, records read, looked at and written, errors, bytes."
        ),
    )
