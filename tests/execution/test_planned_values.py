"""Whatever a resolver returns, the reply is the one that graphql-core alone would give."""

import asyncio
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NewType

import pytest
import strawberry
from graphql import (
    ExecutionResult,
    OperationDefinitionNode,
    VariableValues,
    execute,
    get_variable_values,
    parse,
)
from strawberry.federation import Schema
from strawberry.schema.config import StrawberryConfig

from gateway.execution.plan import Fall, FallReason, Plan
from resolvers.bounds import Bounds
from resolvers.errors import ErrorCode, RequestError
from resolvers.operation_stats import OperationStats
from resolvers.payex.api.faults import Fault, FaultCode
from schema.declarations import reads
from schema.internals import optimized_is_awaitable
from schema.subgraph import executable
from tests.execution.both_executors import shown, unhurried

CONTEXT = SimpleNamespace(stats=OperationStats(9), bounds=Bounds(), **unhurried())

FAULT = Fault(FaultCode.UPSTREAM_ERROR)
REFUSED = RequestError(ErrorCode.NOT_FOUND, "There is none.")


@strawberry.type
class Thing:
    """A type that takes any object."""

    name: str | None

    @strawberry.field
    def whole(self) -> str:
        """Return the name."""
        if self.name is None:
            raise REFUSED
        return self.name

    @strawberry.field
    async def slow(self) -> str:
        """Return the name, later."""
        return str(await later(self.name or REFUSED))

    @strawberry.field
    async def slower(self) -> str:
        """Return a text, when all that is slow has come."""
        for _ in range(5):
            await asyncio.sleep(0)
        return "there"


async def later(value: Any) -> Any:
    """Return a value, or raise it, some turns of the loop later."""
    await asyncio.sleep(0)
    if isinstance(value, BaseException):
        raise value
    return value


def promised(value: Any) -> asyncio.Future[Any]:
    """Return a future that holds the value already."""
    future = asyncio.get_running_loop().create_future()
    future.set_result(value)
    return future


THING = Thing(name="a")
NAMELESS = Thing(name=None)
RETURNED: dict[str, Callable[[], Any]] = {
    "nothing": lambda: None,
    "an object": lambda: THING,
    "a list": lambda: [THING, None],
    "a tuple": lambda: (THING,),
    "a set": lambda: {1},
    "a text": lambda: "ab",
    "a number": lambda: 7,
    "an error": lambda: ValueError("x"),
    "a coroutine": lambda: later(THING),
    "a coroutine of a list": lambda: later([THING]),
    "a coroutine that fails": lambda: later(ValueError("x")),
    "a coroutine that is cancelled": lambda: later(asyncio.CancelledError()),
    "a future": lambda: promised([THING]),
    "a fault": lambda: FAULT,
    "a fault in a list": lambda: [THING, FAULT, REFUSED],
    "a coroutine with a fault": lambda: later(FAULT),
    "something without a name": lambda: NAMELESS,
}
SELECTIONS = (
    "first: thing { name }",
    "first: thing { __typename } second: things { name } text",
    "second: things { name } first: thing { name }",
    "needed { name }",
    "text needed { name } number",
    "late { name } second: things { name }",
    "needed { whole } late { name }",
    "thing { name whole } late { slow }",
    "things { slow name } all { name whole }",
    "all { slow } text second: all { whole slow }",
    "late { slow } needed { slow }",
)
IN_LISTS: dict[str, Callable[[], Any]] = {
    "coroutines": lambda: [later(THING), later(None), promised(THING)],
    "one fails": lambda: [later(THING), later(ValueError("x")), later(THING)],
    "one is no object": lambda: [later(THING), promised(THING), 7, later(THING)],
    "one is an error": lambda: [later(THING), ValueError("x"), promised(THING)],
    "faults": lambda: [later(FAULT), later(THING), later(REFUSED)],
    "some without names": lambda: [THING, NAMELESS, later(NAMELESS), later(THING)],
    "none with a name": lambda: [NAMELESS, NAMELESS, THING],
    "a coroutine of them": lambda: later([later(THING), THING]),
}


def schema_of(make: Callable[[], Any]) -> Schema:
    """Return a schema whose resolvers return what is made."""

    def resolver() -> Any:
        return make()

    def plain() -> Any:
        return "x"

    async def slow() -> Any:
        await asyncio.sleep(0)
        return THING

    query = type("Query", (), {"__module__": __name__})
    query.__annotations__ = {
        "thing": Thing | None,
        "things": list[Thing | None] | None,
        "all": list[Thing] | None,
        "needed": Thing,
        "late": Thing | None,
        "text": str | None,
        "number": int | None,
    }
    for name in ("thing", "things", "all", "needed", "number"):
        setattr(query, name, strawberry.field(resolver=resolver))
    query.late = strawberry.field(resolver=slow)  # type: ignore[attr-defined]
    query.text = strawberry.field(resolver=plain)  # type: ignore[attr-defined]
    return Schema(query=strawberry.type(query))


async def result_of(schema: Schema, text: str, plan: Plan | None) -> Any:
    """Return the result of one request."""
    core, document = executable(schema), parse(text)
    (operation,) = document.definitions
    assert isinstance(operation, OperationDefinitionNode)
    if plan is not None:
        variables = get_variable_values(core, operation.variable_definitions or (), {})
        assert not isinstance(variables, list)
        planned = await plan.answer(CONTEXT, variables)
        if isinstance(planned, ExecutionResult):
            return planned
    result: Any = execute(
        core,
        document,
        is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]
        executor_class=schema.execution_context_class,
    )
    if not isinstance(result, ExecutionResult):
        result = await result
    return result


@pytest.mark.parametrize("selection", SELECTIONS)
@pytest.mark.parametrize("make", RETURNED.values(), ids=RETURNED)
async def test_the_reply_is_graphql_cores(make: Callable[[], Any], selection: str) -> None:
    await the_reply_is_graphql_cores(schema_of(make), f"{{ {selection} }}")


async def the_reply_is_graphql_cores(schema: Schema, text: str) -> None:
    """Nor does a task go on, and no coroutine is left that nobody awaits."""
    document = parse(text)
    plan = Plan(schema, document, document.definitions[0], 10_000)  # type: ignore[arg-type]
    for _ in range(2):
        same(await outcome(schema, text, plan), await outcome(schema, text, None))
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.parametrize(
    "selection",
    [
        "things { name }",
        "late { name } things { name } text",
        "things { slow whole } late { name }",
        "things { slow slower }",
        "all { slow } text",
        "all { name whole } late { slow } text",
    ],
)
@pytest.mark.parametrize("make", IN_LISTS.values(), ids=IN_LISTS)
async def test_the_reply_is_graphql_cores_for_lists_of_what_is_to_come(
    make: Callable[[], Any], selection: str
) -> None:
    await test_the_reply_is_graphql_cores(make, selection)


def same(found: Any, expected: Any) -> None:
    """Compare two outcomes: the data to the byte, and the errors in an order.

    Of several errors within what one of them makes null, graphql-core tells those that happen
    before the others are cancelled. They are the same to a client, who sees nothing of the place.
    """
    if not isinstance(expected, ExecutionResult):
        assert found == expected
        return
    assert json.dumps(shown(found.data)) == json.dumps(expected.data)
    told, errors = (
        {json.dumps(error.formatted) for error in result.errors or ()}
        for result in (found, expected)
    )
    assert told <= errors
    for error in map(json.loads, errors - told):
        assert told
        assert is_null(expected.data, error["path"][:-1])


def is_null(data: Any, path: list[str | int]) -> bool:
    """Whether there is nothing at a path, or above it."""
    for key in path:
        data = data and data[key]
    return data is None


def query_of(type_: Any, value: Any) -> type:
    """Return a query type with one field, of this type and value."""
    query = type("Query", (), {"__module__": __name__, "__annotations__": {"field": type_}})
    query.field = strawberry.field(resolver=lambda: value)  # type: ignore[attr-defined]
    return strawberry.type(query)


async def test_a_union_whose_types_tell_no_objects_apart_is_left_to_graphql_core() -> None:
    @strawberry.type
    class Other:
        name: str

    schema, text = Schema(query=query_of(Thing | Other, THING)), "{ field { __typename } }"
    document = parse(text)
    plan = Plan(schema, document, document.definitions[0], 10_000)  # type: ignore[arg-type]

    for _ in range(2):
        assert await plan.answer(CONTEXT, VariableValues({}, {})) == Fall(FallReason.UNPLANNABLE)


@pytest.mark.parametrize("value", [1, 2, "neither"])
async def test_an_object_is_of_the_type_that_takes_it_or_of_none(value: object) -> None:
    @strawberry.type
    @reads(lambda obj: obj == 1)
    class One:
        name: str

    @strawberry.type
    @reads(lambda obj: obj == 2)
    class Two:
        name: str

    schema = Schema(query=query_of(One | Two | None, value))

    await the_reply_is_graphql_cores(schema, "{ field { __typename } }")


async def test_a_scalar_that_is_written_as_nothing_is_left_to_graphql_core() -> None:
    blank = NewType("blank", str)
    scalar = strawberry.scalar(name="Blank", serialize=lambda _: None)
    config = StrawberryConfig(scalar_map={blank: scalar})
    schema = Schema(query=query_of(blank | None, "x"), config=config)

    await the_reply_is_graphql_cores(schema, "{ field }")


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: None, FallReason.NULL),
        (lambda: "no list", FallReason.VALUE),
        (lambda: later(7), FallReason.VALUE),
        (lambda: ValueError("x"), FallReason.UNEXPECTED),
        (lambda: later(ValueError("x")), FallReason.UNEXPECTED),
    ],
)
async def test_a_plan_that_gives_up_says_why(make: Callable[[], Any], reason: FallReason) -> None:
    schema = schema_of(make)
    document = parse("{ all { name } needed { name } }")
    plan = Plan(schema, document, document.definitions[0], 10_000)  # type: ignore[arg-type]

    fall = await plan.answer(CONTEXT, VariableValues({}, {}))

    assert isinstance(fall, Fall)
    assert fall.reason is reason
    assert (fall.error is None) == (reason is not FallReason.UNEXPECTED)


async def outcome(schema: Schema, text: str, plan: Plan | None) -> Any:
    """Return what a request gives; a cancellation is one as well."""
    task = asyncio.create_task(result_of(schema, text, plan))
    await asyncio.wait({task})
    for _ in range(5):
        await asyncio.sleep(0)
    return "cancelled" if task.cancelled() else task.result()
