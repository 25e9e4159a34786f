"""Every kind of plain field with every kind of value: projected, it is what the reference makes."""

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, NewType

import pytest
import strawberry
from graphql import ExecutionResult, Undefined, VariableValues, execute, parse
from strawberry.schema.config import StrawberryConfig

from gateway.execution.plan import Plan
from resolvers.bounds import Bounds
from resolvers.operation_stats import OperationStats
from schema.internals import optimized_is_awaitable
from schema.subgraph import executable
from tests.execution.both_executors import run, shown, unhurried
from tests.execution.made_up_payex import Later, Raises

Exact = NewType("Exact", Decimal)
Odd = NewType("Odd", object)
Anything = NewType("Anything", object)


@strawberry.enum(name="Colour")
class Colour(enum.Enum):
    """An enum whose names in the schema are not its values."""

    RED = "r"
    GREEN = "g"


@strawberry.type
class Inner:
    """An object of which a field must not be null."""

    name: str
    size: int | None


@strawberry.type
class Marked:
    """An object that has to say that it is one."""

    name: str

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> Any:
        """Return what the object says."""
        return getattr(obj, "marked", False)


@strawberry.type
class Everything:
    """A field of every kind, without a resolver."""

    text: str | None
    text_needed: str
    key: strawberry.ID | None
    flag: bool | None
    flag_needed: bool
    number: int | None
    number_needed: int
    ratio: float | None
    exact: Exact | None
    exact_needed: Exact
    odd: Odd | None
    anything: Anything | None
    anything_needed: Anything
    colour: Colour | None
    colour_needed: Colour
    inner: Inner | None
    inner_needed: Inner
    marked: Marked | None
    texts: list[str | None] | None
    inners: list[Inner]
    matrix: list[list[Inner | None]]


@strawberry.type
class Query:
    """The way in."""

    @strawberry.field
    def everything(self, info: strawberry.Info[Any, None]) -> Everything | None:
        """Return what the test gives."""
        return info.context.source  # type: ignore[no-any-return]


SCHEMA = strawberry.Schema(
    Query,
    config=StrawberryConfig(
        scalar_map={
            Exact: strawberry.scalar(name="Exact", serialize=str),
            # Some of what it is given is null or nothing in the answer, which is an error.
            Odd: strawberry.scalar(name="Odd", serialize={7: None, "text": Undefined, 1.5: 1}.get),
            Anything: strawberry.scalar(name="Anything", serialize=lambda value: value),
        }
    ),
)
CORE = executable(SCHEMA)  # type: ignore[arg-type]
FIELDS = list(vars(Everything)["__annotations__"])
SELECTED = {
    **dict.fromkeys(("inner", "inner_needed", "inners", "matrix"), "{ name size }"),
    "marked": "{ name }",
}


@dataclass
class Thing:
    """An object of an inner type."""

    name: Any = "n"
    size: Any = 1
    marked: Any = True


class Text(str):
    """Text of a class of its own."""

    __slots__ = ()


class Reader:
    """Something that tells of itself only when it is asked."""

    def __str__(self) -> str:
        return "as text"


class Failing:
    """A list that ends in an error."""

    def __iter__(self) -> Iterator[Any]:
        """Yield one element."""
        yield Thing()
        raise ValueError("no more")


VALUES: list[Any] = [
    *(None, Undefined, Raises, RuntimeError("as a value"), KeyboardInterrupt()),
    *(Later("text"), Later(7), Later(Thing()), Later(None), Later(RuntimeError("later"))),
    *("text", Text("text"), "", b"bytes", Reader(), str, print),
    *(True, False, 7, -(2**31), 2**31, 1.5, 2.0, float("nan"), Decimal("1.10"), Decimal("NaN")),
    *(Colour.RED, Colour.GREEN, "r", "RED", {"a": 1}, object()),
    *(Thing(), Thing(name=None), Thing(size=None), Thing(size="many"), Thing(marked=False)),
    *(Thing(marked=Later(True)), Thing(marked=1), Thing(name=Later("text"))),
    *([], (), [Thing(), Thing(size=None)], (Thing(), Thing()), [None], [Thing(), None]),
    *([Thing(), Later(Thing())], [Thing(), RuntimeError("in a list")], [Thing(name=None)]),
    *(["text", None], ["text", 7, Undefined], [[Thing(), None], []], [[Thing()], None], [[5]]),
    *({"text"}, {"name": "n"}, range(2), Failing()),
]


class Source:
    """An object with one attribute."""

    def __init__(self, name: str, value: Any) -> None:
        self._name = name
        self._value = value

    def __getattr__(self, name: str) -> Any:
        """Return the attribute, which may raise."""
        if name != self._name:
            raise AttributeError(name)
        if self._value is Raises:
            raise ValueError("spoilt")
        return self._value


def camel(name: str) -> str:
    """Return a field's name in the schema."""
    return SCHEMA.config.name_converter.apply_naming_config(name)


def context(source: Any) -> Any:
    """Return what resolvers find in their info."""
    return SimpleNamespace(source=source, stats=OperationStats(9), bounds=Bounds(), **unhurried())


async def by_core(text: str, source: Any) -> ExecutionResult:
    """Return the reference's result."""
    result = execute(
        CORE,
        parse(text),
        context_value=context(source),
        is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]
        executor_class=SCHEMA.execution_context_class,
    )
    return result if isinstance(result, ExecutionResult) else await result


def told(result: ExecutionResult) -> str:
    """Return the answer and the errors."""
    errors = [(error.formatted, repr(error.original_error)) for error in result.errors or ()]
    return repr((shown(result.data), errors))


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_is_what_the_reference_makes_of_it_whatever_its_value(name: str) -> None:
    """Or the plan leaves it to the reference."""
    text = f"{{ everything {{ a: __typename {camel(name)} {SELECTED.get(name, '')} }} }}"
    document = parse(text)
    plan = Plan(SCHEMA, document, document.definitions[0], 10_000)  # type: ignore[arg-type]

    async def compare() -> int:
        answered = 0
        for value in VALUES:
            source = Source(name, value)
            found = await plan.answer(context(source), VariableValues({}, {}))
            if isinstance(found, ExecutionResult):
                assert told(found) == told(await by_core(text, source)), value
                answered += 1
        return answered

    assert run(compare())
