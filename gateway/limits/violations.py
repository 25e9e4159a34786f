"""Violations: an operation is larger than a limit.

Each limit has its own code, as in Apollo Router, because clients fix each of them differently. A
code and its setting have one name: `MAX_DEPTH_LIMIT` is `GATEWAY_MAX_DEPTH`.
"""

import enum
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from graphql import GraphQLError, Node, Source

from gateway.limits.measures import measure
from gateway.limits.tokens import lines_of, start_of, start_of_line, tokens_of
from gateway.settings.limits import LimitSettings

LARGEST: Final = 2**31 - 1
"""The largest figure that is told, GraphQL's largest `Int`: a few fragments make up any number."""

NESTING: Final = 200
"""The deepest that graphql-core parses and validates, and coerces variables. It cannot be set."""

FRAGMENT_WORK: Final = 50_000
"""The most fragments, spreads and variables that graphql-core follows from operations. It cannot
be set."""

DOCUMENT_OPERATIONS: Final = 50
"""The most operations of a document. A page of a frontend sends one, and a file of saved ones has
some dozen; validation follows the fragments of each by itself."""

DIRECTIVES: Final = 50
"""The most directives of a document. A page that switches its parts on and off has one for each."""

COMPARISONS: Final = 10_000
"""The most comparisons of equally named fields. A hundred equal ones take about as many."""

VALIDATION_ERRORS: Final = 5
"""The most validation errors in a reply. Whoever writes a query mends the first ones first."""

VARIABLE_DEPTH: Final = 10
"""The most lists and objects within each other in a variable. The deepest input, a filter's list,
has 2; a representation may hold what another subgraph requires."""

INTROSPECTION: Final = 10000
"""The most fields of an answer about the schema. All of it, as tools ask for it, are 3,600."""


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
        """The name of the limit's setting. A limit of graphql-core has no prefix `GATEWAY_`."""
        name = self.removesuffix("_LIMIT")
        return name if self in _OF_GRAPHQL_CORE else f"GATEWAY_{name}"


_OF_GRAPHQL_CORE: Final = frozenset(
    {LimitCode.MAX_FRAGMENT_WORK_LIMIT, LimitCode.MAX_NESTING_LIMIT}
)
FIXED: Final = _OF_GRAPHQL_CORE | {
    LimitCode.MAX_COMPARISONS_LIMIT,
    LimitCode.MAX_DIRECTIVES_LIMIT,
    LimitCode.MAX_DOCUMENT_OPERATIONS_LIMIT,
    LimitCode.MAX_INTROSPECTION_LIMIT,
    LimitCode.MAX_VARIABLE_DEPTH_LIMIT,
}
"""The limits that cannot be set."""
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


class Place(NamedTuple):
    """A place in a document.

    Attributes:
        text: the document.
        start: the number of characters before it.
    """

    text: str
    start: int


class LimitExceeded(GraphQLError):  # noqa: N818 - it says what is the matter
    """An operation is larger than a limit.

    Its `extensions` are the code, the setting with its value as `limit`, and the figure as
    `measured`, at most `LARGEST`.

    Args:
        code: the limit's code.
        limit: its value.
        measured: the operation's figure. If reading stops at the limit and the text says "or more",
            it is the first figure above the limit.
        at: the place in the text, if there is one.
        more: further members of `extensions`, which the text names too.
    """

    def __init__(
        self,
        code: LimitCode,
        limit: int,
        measured: int,
        at: Node | Place | None = None,
        **more: int | str,
    ) -> None:
        measured = min(measured, LARGEST)
        fixed = ", which cannot be set" if code in FIXED else ""
        has = _HAS[code].format(measured=measured, **more)
        super().__init__(
            f"{has}; at most {limit} may be ({code.setting}{fixed}).",
            nodes=at if isinstance(at, Node) else None,
            source=Source(at.text) if isinstance(at, Place) else None,
            positions=[at.start] if isinstance(at, Place) else None,
            extensions={
                "code": code.value,
                "limit": {code.setting: limit},
                "measured": measured,
                **more,
            },
        )


def oversizes(text: str, limits: LimitSettings) -> list[LimitExceeded]:
    """Return every limit that a document exceeds, valid or not.

    The largest of several operations counts. A text too long or too deep to be read exceeds only
    that limit.
    """
    if len(text) > limits.max_document:
        return [LimitExceeded(LimitCode.MAX_DOCUMENT_LIMIT, limits.max_document, len(text))]
    most = limits.max_tokens
    # To say where in the text something is wrong takes as long as it has lines before that.
    if lines_of(text) > most:
        place = Place(text, start_of_line(text, most + 1))
        return [LimitExceeded(LimitCode.MAX_TOKENS_LIMIT, most, most + 1, place)]
    tokens = tokens_of(text)
    if len(tokens) > most:
        place = Place(text, start_of(text, most))
        return [LimitExceeded(LimitCode.MAX_TOKENS_LIMIT, most, most + 1, place)]
    found = measure(tokens)
    largest = found.largest
    if found.nesting > NESTING:
        place = Place(text, start_of(text, largest.get("nesting", 0)))
        return [LimitExceeded(LimitCode.MAX_NESTING_LIMIT, NESTING, NESTING + 1, place)]
    figures = (
        (LimitCode.MAX_DEPTH_LIMIT, limits.max_depth, found.depth, largest.get("depth")),
        (LimitCode.MAX_ALIASES_LIMIT, limits.max_aliases, found.aliases, largest.get("aliases")),
        (
            LimitCode.MAX_ROOT_FIELDS_LIMIT,
            limits.max_root_fields,
            found.root_fields,
            largest.get("root_fields"),
        ),
        (
            LimitCode.MAX_DOCUMENT_OPERATIONS_LIMIT,
            DOCUMENT_OPERATIONS,
            len(found.operations),
            next(iter(found.operations[DOCUMENT_OPERATIONS:]), None),
        ),
        (
            LimitCode.MAX_DIRECTIVES_LIMIT,
            DIRECTIVES,
            len(found.directives),
            next(iter(found.directives[DIRECTIVES:]), None),
        ),
        (
            LimitCode.MAX_SELECTIONS_LIMIT,
            limits.max_selections,
            found.selections,
            largest.get("selections"),
        ),
    )
    exceeded = [
        LimitExceeded(
            code, limit, measured, None if token is None else Place(text, start_of(text, token))
        )
        for code, limit, measured, token in figures
        if measured > limit
    ]
    if not exceeded and (token := _too_often(found.repeats)) is not None:
        place = Place(text, start_of(text, token))
        code = LimitCode.MAX_COMPARISONS_LIMIT
        return [LimitExceeded(code, COMPARISONS, COMPARISONS + 1, place)]
    return exceeded


def _too_often(repeats: Sequence[tuple[int, int]]) -> int | None:
    """Return the token of a field that is repeated too often for validation to compare them all.

    Validation makes two comparisons for each pair of fields with the same name in a selection set,
    and more for fields below them and in fragments.
    """
    made = 0
    for token, before in repeats:
        made += 2 * before
        if made > COMPARISONS:
            return token
    return None
