"""Measures: how large the operations of a document are, read off before it is validated.

The document may be anything that parses: its fields may be unknown, its fragments missing, unused
or in a circle. Each of its selections is visited once, however often its fragments are spread.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    Node,
    OperationDefinitionNode,
    SelectionSetNode,
)

from gateway.limits.definitions import fragments_of, operations_of


@dataclass(frozen=True, slots=True)
class Measures:
    """The largest figures of any operation of a document.

    Attributes:
        depth: fields within fields.
        aliases: fields with an alias.
        root_fields: fields of the root type.
        selections: fields, spreads and inline fragments.
        nesting: selection sets within selection sets, also of a fragment that nothing spreads.
        directives: directives in the whole document, as they are written.
        written: those.
        visits: selections looked at, to tell that they were no more than the document has.
        places: the definitions that have the largest figures, by `depth`, `aliases`, `fields`,
            `selections` and `nesting`.
    """

    depth: int
    aliases: int
    root_fields: int
    selections: int
    nesting: int
    directives: int
    visits: int
    places: Mapping[str, Node] = field(default_factory=dict, compare=False, repr=False)
    written: Sequence[DirectiveNode] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class _Totals:
    """What a selection set has, with its fragments written out."""

    depth: int = 0
    aliases: int = 0
    fields: int = 0
    selections: int = 0
    nesting: int = 0


_NOTHING = _Totals()


def measure(document: DocumentNode) -> Measures:
    """Return the measures of a document.

    A spread that closes a circle, or of a missing fragment, is a selection of nothing: validation
    refuses both.
    """
    fragments = {name: _Outline(node) for name, node in fragments_of(document).items()}
    operations = [_Outline(node) for node in operations_of(document)]
    written_out: dict[str, _Totals] = {}
    for name in _innermost_first(fragments):
        written_out[name] = fragments[name].totals(written_out)
    totals = [outline.totals(written_out) for outline in operations]
    outlines = [*operations, *fragments.values()]
    directives = [directive for outline in outlines for directive in outline.directives]
    places: dict[str, Node] = {}
    for what in ("depth", "aliases", "fields", "selections", "nesting") if operations else ():
        figures = [getattr(one, what) for one in totals]
        places[what] = operations[figures.index(max(figures))].definition
    return Measures(
        depth=max((one.depth for one in totals), default=0),
        aliases=max((one.aliases for one in totals), default=0),
        root_fields=max((one.fields for one in totals), default=0),
        selections=max((one.selections for one in totals), default=0),
        nesting=max((one.nesting for one in [*totals, *written_out.values()]), default=0),
        directives=len(directives),
        visits=sum(outline.visits for outline in outlines),
        places=places,
        written=directives,
    )


class _Outline:
    """A definition's selection sets, each before those within it."""

    def __init__(self, definition: OperationDefinitionNode | FragmentDefinitionNode) -> None:
        self.definition = definition
        self.directives = list(definition.directives or ())
        for variable in definition.variable_definitions or ():
            self.directives.extend(variable.directives or ())
        self.visits = 0
        self.spreads: list[str] = []
        self._root = definition.selection_set
        self._sets: list[SelectionSetNode] = [self._root]
        for selection_set in self._sets:
            self._read(selection_set)

    def _read(self, selection_set: SelectionSetNode) -> None:
        for selection in selection_set.selections:
            self.visits += 1
            self.directives.extend(selection.directives or ())
            if isinstance(selection, FragmentSpreadNode):
                self.spreads.append(selection.name.value)
            elif isinstance(selection, FieldNode | InlineFragmentNode) and selection.selection_set:
                # The loop that reads it goes on to what is appended.
                self._sets.append(selection.selection_set)

    def totals(self, written_out: Mapping[str, _Totals]) -> _Totals:
        """Return what the definition has, given what the fragments have that it spreads."""
        within: dict[int, _Totals] = {}
        for selection_set in reversed(self._sets):
            within[id(selection_set)] = _add(selection_set, within, written_out)
        return within[id(self._root)]


def _add(
    selection_set: SelectionSetNode,
    within: Mapping[int, _Totals],
    written_out: Mapping[str, _Totals],
) -> _Totals:
    depth = aliases = fields = selections = nesting = 0
    for selection in selection_set.selections:
        if isinstance(selection, FragmentSpreadNode):
            part = written_out.get(selection.name.value, _NOTHING)
        else:
            inner = cast("FieldNode | InlineFragmentNode", selection).selection_set
            part = within[id(inner)] if inner else _NOTHING
        selections += part.selections + 1
        aliases += part.aliases
        nesting = max(nesting, part.nesting)
        if isinstance(selection, FieldNode):
            depth = max(depth, part.depth + 1)
            aliases += selection.alias is not None
            fields += 1
        else:
            depth = max(depth, part.depth)
            fields += part.fields
    return _Totals(depth, aliases, fields, selections, nesting + 1)


def _innermost_first(fragments: Mapping[str, _Outline]) -> Iterator[str]:
    """Yield the names of the fragments, each behind those that it spreads."""
    entered: set[str] = set()
    left: set[str] = set()
    path = list(fragments)
    while path:
        name = path[-1]
        if name not in entered:
            entered.add(name)
            path.extend(
                spread
                for spread in fragments[name].spreads
                if spread in fragments and spread not in entered
            )
            continue
        path.pop()
        if name not in left:
            left.add(name)
            yield name
