"""Measures: the size of the operations of a document, from its tokens, before it is parsed.

The tokens may be any: fields may be unknown, fragments missing, unused or in a cycle. Each token is
read once, however often its fragment is spread. Anything but a fragment counts as an operation, so
that nothing escapes. The figures of a text that is not GraphQL, or that is a schema, have no
meaning; if they are within the limits, the parser or validation refuses the text.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from gateway.limits.tokens import is_name

_BEFORE_OTHER_NAMES: Final = frozenset({":", "@", "..."})


@dataclass(frozen=True, slots=True)
class Measures:
    """The largest figures of any operation of a document.

    Attributes:
        depth: the deepest nesting of fields.
        aliases: fields with an alias.
        root_fields: fields of the root type.
        selections: fields, spreads and inline fragments.
        nesting: the deepest nesting of selection sets, unused fragments included.
        operations: the tokens that begin operations, by their numbers.
        directives: the tokens that begin directives, with fragments not expanded.
        repeats: the tokens that repeat a response name of their selection set, with fragments not
            expanded, and how many fields of that name precede each.
        largest: the tokens that begin the operations with the first five figures, by name.
    """

    depth: int
    aliases: int
    root_fields: int
    selections: int
    nesting: int
    operations: Sequence[int]
    directives: Sequence[int]
    repeats: Sequence[tuple[int, int]] = field(default=(), compare=False, repr=False)
    largest: Mapping[str, int] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class _Totals:
    """The totals of a selection set, with its fragments expanded."""

    depth: int = 0
    aliases: int = 0
    root_fields: int = 0
    selections: int = 0
    nesting: int = 0


_NOTHING: Final = _Totals()
_FIGURES: Final = tuple(_Totals.__dataclass_fields__)


def measure(tokens: Sequence[str]) -> Measures:
    """Return the measures of the document with these tokens.

    A spread that closes a cycle, or whose fragment is missing, counts as an empty selection:
    validation refuses both.
    """
    outline = _Outline(tokens)
    written_out: dict[str, _Totals] = {}
    for name in _innermost_first(outline.fragments):
        written_out[name] = outline.fragments[name].totals(written_out)
    totals = {each: each.totals(written_out) for each in outline.operations}

    def largest(figure: str) -> _Definition:
        return max(totals, key=lambda each: getattr(totals[each], figure))

    found = {figure: largest(figure) for figure in _FIGURES} if totals else {}
    figures = {figure: getattr(totals[each], figure) for figure, each in found.items()}
    nesting = [one.nesting for one in (*totals.values(), *written_out.values())]
    return Measures(
        depth=figures.get("depth", 0),
        aliases=figures.get("aliases", 0),
        root_fields=figures.get("root_fields", 0),
        selections=figures.get("selections", 0),
        nesting=max(nesting, default=0),
        operations=[each.start for each in outline.operations],
        directives=outline.directives,
        repeats=outline.repeats,
        largest={figure: each.start for figure, each in found.items()},
    )


class _Set:
    """A selection set, with fragments not expanded."""

    def __init__(self) -> None:
        self.fields = self.aliases = self.selections = 0
        self.names: dict[str, int] = {}
        self.spreads: list[str] = []
        self.within: list[tuple[bool, _Set]] = []
        self.ends_with_field = False
        self.totals = _NOTHING

    def add(self, written_out: Mapping[str, _Totals]) -> None:
        """Add the totals of the sets within it and of the fragments that it spreads."""
        depth, nesting = min(self.fields, 1), 0
        aliases, root_fields, selections = self.aliases, self.fields, self.selections
        parts = [(of_field, inner.totals) for of_field, inner in self.within]
        parts += [(False, written_out.get(name, _NOTHING)) for name in self.spreads]
        for of_field, part in parts:
            depth = max(depth, part.depth + of_field)
            nesting = max(nesting, part.nesting)
            aliases += part.aliases
            selections += part.selections
            root_fields += 0 if of_field else part.root_fields
        self.totals = _Totals(depth, aliases, root_fields, selections, nesting + 1)


class _Definition:
    """An operation or a fragment. Its selection sets are in order, outer before inner.

    Args:
        start: the number of its first token.
    """

    def __init__(self, start: int) -> None:
        self.start = start
        self.sets: list[_Set] = []

    @property
    def spreads(self) -> Iterator[str]:
        """The names of the fragments that it spreads."""
        for each in self.sets:
            yield from each.spreads

    def totals(self, written_out: Mapping[str, _Totals]) -> _Totals:
        """Return its totals, given those of the fragments that it spreads."""
        for each in reversed(self.sets):
            each.add(written_out)
        return self.sets[0].totals if self.sets else _NOTHING


class _Outline:
    """The operations and fragments of a document, read in one pass over its tokens."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self.operations: list[_Definition] = []
        self.fragments: dict[str, _Definition] = {}
        self.directives: list[int] = []
        self.repeats: list[tuple[int, int]] = []
        self._definition: _Definition | None = None
        self._open: list[_Set] = []
        # A neighbour for the last one.
        self._tokens = [*tokens, ""]
        parentheses = 0
        for place, text in enumerate(tokens):
            if text == "(":
                parentheses += 1
            elif text == ")":
                parentheses -= 1
            elif text == "@":
                self.directives.append(place)
            elif parentheses > 0:
                continue
            elif text == "{":
                self._enter(text, place)
            elif text == "}":
                self._leave()
            elif self._open:
                self._select(self._open[-1], text, place)
            else:
                self._begin(text, place)

    def _begin(self, text: str, place: int) -> _Definition:
        """Return the definition of a token, which may be its first."""
        if self._definition is None:
            self._definition = _Definition(place)
            if text == "fragment":
                self.fragments[self._tokens[place + 1]] = self._definition
            else:
                self.operations.append(self._definition)
        return self._definition

    def _enter(self, text: str, place: int) -> None:
        definition = self._begin(text, place)
        inner = _Set()
        if self._open:
            outer = self._open[-1]
            outer.within.append((outer.ends_with_field, inner))
        self._open.append(inner)
        definition.sets.append(inner)

    def _leave(self) -> None:
        if self._open:
            self._open.pop()
        if not self._open:
            self._definition = None

    def _select(self, inner: _Set, text: str, place: int) -> None:
        """Read a token of a selection set."""
        following = self._tokens[place + 1]
        if text == "...":
            inner.selections += 1
            inner.ends_with_field = False
            if following != "on" and is_name(following):
                inner.spreads.append(following)
            return
        former = self._tokens[place - 1]
        # A name may also be that of an alias's field, of a directive, of a fragment or of its type.
        if former in _BEFORE_OTHER_NAMES or (former == "on" and self._tokens[place - 2] == "..."):
            return
        if is_name(text):
            inner.selections += 1
            inner.fields += 1
            inner.ends_with_field = True
            inner.aliases += following == ":"
            before = inner.names.get(text, 0)
            inner.names[text] = before + 1
            if before:
                self.repeats.append((place, before))


def _innermost_first(fragments: Mapping[str, _Definition]) -> Iterator[str]:
    """Yield the names of the fragments, each after those that it spreads."""
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
