"""Nothing tells the projecting executor, and plans, from the reference.

Operations over the whole schema are made up, with the answers of PayEx to them, and the replies are
compared byte by byte, errors included, and what PayEx is asked for.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest
from graphql import GraphQLError, validate
from graphql.execution.collect_fields import GroupedFieldSet
from graphql.execution.values import VariableValues
from hypothesis import Phase, given, settings

from gateway.execution.executor import ProjectingExecutor
from gateway.execution.plan import Plan
from gateway.execution.selections import Projections, Selections
from tests.execution.both_executors import CORE, plan_of, projections_of, reply, run
from tests.execution.examples import (
    EXAMPLE,
    EXAMPLES,
    NULLABLE_EXAMPLE,
    REPRODUCIBLE,
    Example,
    in_order,
)


@settings(REPRODUCIBLE, max_examples=EXAMPLES // 4 or 1)
@given(EXAMPLE | NULLABLE_EXAMPLE)
def test_what_is_made_up_is_valid(example: Example) -> None:
    assert not validate(CORE, example.document)


async def compare(
    example: Example,
    executor: type[ProjectingExecutor] = ProjectingExecutor,
    make: Callable[..., Projections] = projections_of,
    plan: Plan | None = None,
) -> None:
    """Send the requests one after the other, so that the later ones meet what is kept."""
    document = example.document
    projections = make(document, example.weight)
    for variables in example.requests:
        reference, projecting, planning = (example.payex() for _ in range(3))
        expected = await reply(document, variables, reference)
        # What the gateway does not expect comes of odd objects alone.
        assert example.oddity or b"INTERNAL_SERVER_ERROR" not in expected

        found = await reply(document, variables, projecting, projections, executor)
        # Where the loop is given turns, errors are met in another order.
        assert in_order(found) == in_order(expected)
        assert example.longest == 0 or found == expected
        assert projecting.asked == reference.asked

        if plan is not None:
            found = await reply(document, variables, planning, plan=plan)
            assert in_order(found) == in_order(expected)
            # Neither by the plan, nor by graphql-core when it takes over, anything twice.
            assert planning.asked == reference.asked
            assert set(planning.asked.values()) <= {1}


@pytest.mark.no_cover  # examples cover the same, and tracing doubles its time
@settings(REPRODUCIBLE, max_examples=EXAMPLES)
@given(EXAMPLE)
def test_replies_and_what_payex_is_asked_are_those_of_the_reference(example: Example) -> None:
    run(compare(example, plan=plan_of(example.document, example.weight)))


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
