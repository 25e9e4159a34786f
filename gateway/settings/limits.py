"""The settings of the size and the cost of an operation."""

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings


class LimitSettings(BaseSettings):
    """The limits that keep one operation from taking the share of others. See docs/limits.md."""

    max_document: int = Field(
        50_000,
        ge=100,
        description=(
            "The most characters of a document. Raise it if a generated document has more; lower "
            "it to what your frontends send."
        ),
    )
    max_tokens: int = Field(
        3000,
        ge=10,
        description=(
            "The most tokens of a document, and the most comments and lines. Raise it if a "
            "generated document has more; lower it to what your frontends send."
        ),
    )
    max_depth: int = Field(
        20,
        ge=1,
        description=(
            "The deepest nesting of fields, the leaf included. Lower it to what your frontends "
            "nest; introspection needs 15."
        ),
    )
    max_aliases: int = Field(
        100,
        ge=0,
        description=(
            "The most aliases of an operation, with its fragments expanded. Raise it if a router "
            "joins operations by aliases; lower it to what your frontends send."
        ),
    )
    max_root_fields: int = Field(
        50,
        ge=1,
        description=(
            "The most fields at the root of an operation. Raise it if a router joins more fetches "
            "in one operation; lower it to what your frontends send."
        ),
    )
    max_selections: int = Field(
        2000,
        ge=1,
        description=(
            "The most selections (fields, spreads, inline fragments) of an operation, with its "
            "fragments expanded. Raise it if a generated operation has more."
        ),
    )
    max_list_input: int = Field(
        1000,
        ge=1,
        description=(
            "The most elements of one list, or members of one object, in the variables. This is "
            "also the most `representations` of `_entities`. Raise it if your router sends more."
        ),
    )
    max_nodes: int = Field(
        1_000_000,
        ge=1,
        description=(
            "The most elements that the pages and lists of an operation may hold together, "
            "calculated from its arguments. Raise it if clients read larger invoices at once; "
            "lower it to make them read pages."
        ),
    )
    max_errors: int = Field(
        100,
        ge=1,
        le=1000,
        description=(
            "The most errors in the reply of an operation that was executed; the others are "
            "counted. Raise it if clients need the error of each element of larger pages."
        ),
    )
    cost_mode: Literal["measure", "enforce"] = Field(
        "enforce",
        description=(
            "Whether an operation that costs more than `GATEWAY_MAX_COST` is refused (`enforce`), "
            "or only reports its cost (`measure`); see [limits](limits.md). Set it to `measure` "
            "while you search for your own value."
        ),
    )
    max_cost: int = Field(
        400_000,
        ge=1,
        description=(
            "The highest cost of an operation, calculated before it is executed: 1 for an object, "
            "10 more for a field that may call PayEx, and for a reference. Lower it to what your "
            "frontends' operations cost."
        ),
    )
    operation_bytes: int = Field(
        256 * 1024 * 1024,
        ge=1024 * 1024,
        description=(
            "The most bytes of memory of PayEx's answers for one operation, as estimated: about "
            "seven times their JSON. Raise it if your largest lists end with "
            "`OPERATION_BYTES_LIMIT`."
        ),
    )
    process_bytes: int = Field(
        640 * 1024 * 1024,
        ge=1024 * 1024,
        description=(
            "The most bytes of memory of all answers of PayEx in one server process, cached ones "
            "included. An operation takes no more than the others leave free. Change it with the "
            "memory of the process."
        ),
    )
    operation_budget: int = Field(
        350_000,
        ge=1000,
        description=(
            "The units of work that an operation may spend while it is executed, of about a "
            "microsecond of CPU each: calls, records, fields, errors, bytes. Raise it if honest "
            "operations end with `OPERATION_BUDGET_LIMIT`; lower it to answer other callers "
            "sooner."
        ),
    )
