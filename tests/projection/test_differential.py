"""Nothing tells the projecting executor from the reference.

Operations over the whole schema are made up, with the answers of PayEx to them, and the replies of
both executors are compared byte by byte, errors included. PROJECTION_EXAMPLES says how many
operations, if other than 200.
"""

import json
import os
import random
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest
from graphql import GraphQLError, parse, validate
from graphql.execution.collect_fields import GroupedFieldSet
from graphql.execution.values import VariableValues
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from gateway.projection.executor import ProjectingExecutor
from gateway.projection.plan import Plan
from gateway.projection.projections import Projections, Selections
from tests.projection.both_executors import CORE, plan_of, projections_of, reply, run
from tests.projection.made_up_payex import MadeUpPayex
from tests.projection.written_operations import write_operation, write_variables

EXAMPLES = int(os.environ.get("PROJECTION_EXAMPLES", "200"))
REPRODUCIBLE = settings(
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


class Example:
    """An operation, requests of it, and a PayEx that answers them.

    Args:
        seed: makes all of it.
        size: about how many selections the operation has.
    """

    def __init__(self, seed: int, size: int) -> None:
        chance = random.Random(seed)  # noqa: S311 - no secret
        self.document = parse(write_operation(chance, CORE, size))
        requests = [write_variables(chance) for _ in range(2)]
        # The first one again, when the operation is known.
        self.requests = [*requests, requests[0]]
        self.payex = MadeUpPayex(seed, oddity=chance.choice((0, 0.4)))
        # For the smaller weight, not all of most operations is kept.
        self.weight = chance.choice((100_000, 200))


EXAMPLE = st.builds(Example, st.integers(0, 2**64), st.integers(30, 120))


async def compare(
    example: Example,
    executor: type[ProjectingExecutor] = ProjectingExecutor,
    make: Callable[..., Projections] = projections_of,
) -> None:
    """Send the requests one after the other, so that the later ones meet what is kept."""
    projections = make(example.document, example.weight)
    for variables in example.requests:
        expected = await reply(example.document, variables, example.payex)
        found = await reply(example.document, variables, example.payex, projections, executor)
        assert found == expected


@settings(REPRODUCIBLE, max_examples=EXAMPLES)
@given(EXAMPLE)
def test_replies_are_those_of_the_reference_to_the_byte(example: Example) -> None:
    assert not validate(CORE, example.document)

    run(compare(example))


async def compare_plan(example: Example, make: Callable[..., Plan] = plan_of) -> None:
    """Send the requests to a plan one after the other."""
    plan = make(example.document, example.weight)
    for variables in example.requests:
        expected = await reply(example.document, variables, example.payex)
        found = await reply(example.document, variables, example.payex, plan=plan)
        assert in_order(found) == in_order(expected)


def in_order(reply: bytes) -> tuple[bytes, list[str], list[str]]:
    """Return a reply with its errors in an order.

    They stand in the order in which PayEx happened to answer. When graphql-core takes over from a
    plan, some answers are there already.
    """
    data, *errors = reply.split(b"\n")
    told, within = (sorted(map(json.dumps, json.loads(each))) for each in errors)
    return data, told, within


@settings(REPRODUCIBLE, max_examples=EXAMPLES)
@given(EXAMPLE)
def test_replies_of_plans_are_those_of_the_reference_to_the_byte(example: Example) -> None:
    run(compare_plan(example))


class Shuffled(ProjectingExecutor):
    """Forgets the order of the fields."""

    def collect_and_execute_subfields(self, *args: Any) -> Any:
        """Return an object's part of the answer in another order."""
        answer = super().collect_and_execute_subfields(*args)
        return dict(reversed(answer.items())) if isinstance(answer, dict) else answer


class Forgiving(ProjectingExecutor):
    """Makes nothing of objects that cannot be projected."""

    def collect_and_execute_subfields(self, *args: Any) -> Any:
        """Return an object's part of the answer, or null in place of one with an error."""
        try:
            return super().collect_and_execute_subfields(*args)
        except GraphQLError:
            return None


class Unconditional(Projections):
    """Takes all outcomes of the conditions for one."""

    def selections(
        self,
        variables: Mapping[str, Any],  # noqa: ARG002
        root: Callable[[VariableValues], GroupedFieldSet],
    ) -> Selections:
        """Return what is kept, whatever the variables."""
        return super().selections({}, root)


@pytest.mark.parametrize(
    "defect",
    [
        pytest.param({"executor": Shuffled}, id="the order"),
        pytest.param({"executor": Forgiving}, id="errors"),
        pytest.param({"make": partial(projections_of, of=Unconditional)}, id="conditions"),
    ],
)
def test_a_defect_is_found(defect: dict[str, Any]) -> None:
    @settings(REPRODUCIBLE, max_examples=EXAMPLES, phases=[Phase.generate])
    @given(EXAMPLE)
    def all_replies_are_the_same(example: Example) -> None:
        run(compare(example, **defect))

    with pytest.raises(AssertionError):
        all_replies_are_the_same()
