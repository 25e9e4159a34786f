"""Limits: what makes an operation larger than the gateway takes.

Every limit is refused under a code of its own, as Apollo Router does it, since a client mends each
of them differently. A code and its setting are one name: `MAX_DEPTH_LIMIT` is `GATEWAY_MAX_DEPTH`.
"""

import enum
from collections.abc import Mapping, Sequence
from typing import Final

from graphql import (
    DirectiveNode,
    DocumentNode,
    GraphQLError,
    GraphQLSyntaxError,
    Node,
)

from gateway.limit_settings import LimitSettings
from gateway.limits.definitions import operations_of
from gateway.limits.measures import measure

LARGEST: Final = 2**31 - 1
"""The largest figure that is told, GraphQL's largest `Int`: a few fragments make up any number."""

NESTING: Final = 200
"""The deepest that graphql-core parses and validates, and coerces variables. It cannot be set."""

FRAGMENT_WORK: Final = 50_000
"""The most fragments, spreads and variables that graphql-core follows from operations. It cannot
be set."""


class LimitCode(enum.StrEnum):
    """The stable `extensions.code` of an operation that is larger than a limit."""

    MAX_ALIASES_LIMIT = "MAX_ALIASES_LIMIT"
    MAX_COMPARISONS_LIMIT = "MAX_COMPARISONS_LIMIT"
    MAX_COST_LIMIT = "MAX_COST_LIMIT"
    MAX_DEPTH_LIMIT = "MAX_DEPTH_LIMIT"
    MAX_DIRECTIVES_LIMIT = "MAX_DIRECTIVES_LIMIT"
    MAX_DOCUMENT_LIMIT = "MAX_DOCUMENT_LIMIT"
    MAX_DOCUMENT_OPERATIONS_LIMIT = "MAX_DOCUMENT_OPERATIONS_LIMIT"
    MAX_FRAGMENT_WORK_LIMIT = "MAX_FRAGMENT_WORK_LIMIT"
    MAX_INTROSPECTION_LIMIT = "MAX_INTROSPECTION_LIMIT"
    MAX_LIST_INPUT_LIMIT = "MAX_LIST_INPUT_LIMIT"
    MAX_NESTING_LIMIT = "MAX_NESTING_LIMIT"
    MAX_NODES_LIMIT = "MAX_NODES_LIMIT"
    MAX_ROOT_FIELDS_LIMIT = "MAX_ROOT_FIELDS_LIMIT"
    MAX_SELECTIONS_LIMIT = "MAX_SELECTIONS_LIMIT"
    MAX_TOKENS_LIMIT = "MAX_TOKENS_LIMIT"
    MAX_VARIABLE_DEPTH_LIMIT = "MAX_VARIABLE_DEPTH_LIMIT"

    @property
    def setting(self) -> str:
        """The name of the setting. What is graphql-core's and cannot be set has a bare one."""
        name = self.removesuffix("_LIMIT")
        return name if self in _FIXED else f"GATEWAY_{name}"


_FIXED: Final = frozenset({LimitCode.MAX_FRAGMENT_WORK_LIMIT, LimitCode.MAX_NESTING_LIMIT})
_HAS: Final[Mapping[LimitCode, str]] = {
    LimitCode.MAX_ALIASES_LIMIT: "The operation has {measured} aliases",
    LimitCode.MAX_COMPARISONS_LIMIT: (
        "The document repeats fields so often that it takes {measured} comparisons or more to "
        "find out whether they can be merged"
    ),
    LimitCode.MAX_COST_LIMIT: "The operation costs {measured}",
    LimitCode.MAX_DEPTH_LIMIT: "The operation nests {measured} fields",
    LimitCode.MAX_DIRECTIVES_LIMIT: "The document has {measured} directives",
    LimitCode.MAX_DOCUMENT_LIMIT: "The document has {measured} characters",
    LimitCode.MAX_DOCUMENT_OPERATIONS_LIMIT: "The document has {measured} operations",
    LimitCode.MAX_FRAGMENT_WORK_LIMIT: (
        "The operations of the document reach {measured} or more fragments, spreads and variables "
        "together, each counted for every operation"
    ),
    LimitCode.MAX_INTROSPECTION_LIMIT: (
        "The operation asks for {measured} or more fields of the schema"
    ),
    LimitCode.MAX_LIST_INPUT_LIMIT: (
        "The variable ${variable} has {measured} elements in one list or object"
    ),
    LimitCode.MAX_NESTING_LIMIT: (
        "The document nests {measured} or more selections, lists or objects, its fragments "
        "written out"
    ),
    LimitCode.MAX_NODES_LIMIT: (
        "The operation may return {measured} list elements, {share} of them at {path}"
    ),
    LimitCode.MAX_ROOT_FIELDS_LIMIT: "The operation has {measured} fields at its root",
    LimitCode.MAX_SELECTIONS_LIMIT: (
        "The operation has {measured} selections, its fragments written out"
    ),
    LimitCode.MAX_TOKENS_LIMIT: "The document has {measured} or more tokens, comments or lines",
    LimitCode.MAX_VARIABLE_DEPTH_LIMIT: (
        "The variable ${variable} nests {measured} or more lists and objects"
    ),
}


class LimitExceeded(GraphQLError):  # noqa: N818 - it says what is the matter
    """An operation is larger than a limit.

    Its `extensions` are the code, the setting with its value as `limit`, and the figure as
    `measured`, at most `LARGEST`.

    Args:
        code: which limit.
        limit: its value.
        measured: what the operation has. Where reading stops at the limit, and the text says "or
            more", the first figure above it.
        at: where in the text, if there is a place.
        more: what else the text tells, and so do the `extensions`.
    """

    def __init__(
        self,
        code: LimitCode,
        limit: int,
        measured: int,
        at: Node | GraphQLSyntaxError | None = None,
        **more: int | str,
    ) -> None:
        measured = min(measured, LARGEST)
        has = _HAS[code].format(measured=measured, **more)
        super().__init__(
            f"{has}; at most {limit} may be ({code.setting}).",
            nodes=at if isinstance(at, Node) else None,
            source=at.source if isinstance(at, GraphQLSyntaxError) else None,
            positions=at.positions if isinstance(at, GraphQLSyntaxError) else None,
            extensions={
                "code": code.value,
                "limit": {code.setting: limit},
                "measured": measured,
                **more,
            },
        )


def oversizes(document: DocumentNode, limits: LimitSettings) -> list[LimitExceeded]:
    """Return every limit that a document exceeds, whether or not it is valid.

    Of several operations the largest counts.
    """
    found = measure(document)
    places = found.places
    operations = operations_of(document)
    surplus = _surplus(found.written, limits.max_directives)
    figures = (
        (LimitCode.MAX_DEPTH_LIMIT, limits.max_depth, found.depth, places.get("depth")),
        (LimitCode.MAX_NESTING_LIMIT, NESTING, found.nesting, places.get("nesting")),
        (LimitCode.MAX_ALIASES_LIMIT, limits.max_aliases, found.aliases, places.get("aliases")),
        (
            LimitCode.MAX_ROOT_FIELDS_LIMIT,
            limits.max_root_fields,
            found.root_fields,
            places.get("fields"),
        ),
        (
            LimitCode.MAX_DOCUMENT_OPERATIONS_LIMIT,
            limits.max_document_operations,
            len(operations),
            next(iter(operations[limits.max_document_operations :]), None),
        ),
        (LimitCode.MAX_DIRECTIVES_LIMIT, limits.max_directives, found.directives, surplus),
        (
            LimitCode.MAX_SELECTIONS_LIMIT,
            limits.max_selections,
            found.selections,
            places.get("selections"),
        ),
    )
    return [
        LimitExceeded(code, limit, measured, at)
        for code, limit, measured, at in figures
        if measured > limit
    ]


def _surplus(directives: Sequence[DirectiveNode], limit: int) -> DirectiveNode | None:
    """Return the first directive of the text beyond a limit."""
    if len(directives) <= limit:
        return None
    in_text = sorted(directives, key=lambda node: node.loc.start if node.loc else 0)
    return in_text[limit]
