"""Nothing distinguishes the gateway's replies from the reference's.

Operations over the whole schema are made up, with the answers of PayEx to them, and the replies are
compared byte by byte, errors included, and what PayEx is asked for.
"""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from graphql import ExecutionResult, VariableValues, parse, validate
from hypothesis import Phase, given, settings

from gateway.execution.plan import Fall, Plan
from gateway.execution.selections import Projections, Selections
from schema.internals import GroupedFieldSet
from tests.execution.both_executors import CORE, Gateway, reference, run
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
    assert not validate(CORE, parse(example.text))


async def compare(example: Example, plan: type[Plan] = Plan) -> None:
    """Send the requests one after the other, so that the later ones meet what is kept."""
    gateway = Gateway(example.weight, plan)
    for variables in example.requests:
        by_reference, by_gateway = example.payex(), example.payex()
        expected = await reference(example.text, variables, by_reference)
        # What the gateway does not expect comes of odd objects alone.
        assert example.oddity or b"INTERNAL_SERVER_ERROR" not in expected

        found = await gateway.reply(example.text, variables, by_gateway)

        # Where the loop is given turns, errors are met in another order.
        assert in_order(found) == in_order(expected)
        # Neither by the plan, nor by graphql-core when it takes over, anything twice.
        assert by_gateway.asked == by_reference.asked
        assert set(by_gateway.asked.values()) <= {1}


@pytest.mark.no_cover  # examples cover the same, and tracing doubles its time
@settings(REPRODUCIBLE, max_examples=EXAMPLES)
@given(EXAMPLE)
def test_replies_and_what_payex_is_asked_are_those_of_the_reference(example: Example) -> None:
    run(compare(example))


class Changed(Plan):
    """A plan that changes its results."""

    def change(self, result: ExecutionResult) -> None:
        """Change a result."""

    async def answer(self, context: Any, variables: VariableValues) -> ExecutionResult | Fall:
        """Return the changed result."""
        result = await super().answer(context, variables)
        if isinstance(result, ExecutionResult):
            self.change(result)
        return result


class Shuffled(Changed):
    """Forgets the order of the fields."""

    def change(self, result: ExecutionResult) -> None:
        """Return them in another order."""
        result.data = result.data and dict(reversed(result.data.items()))


class Forgiving(Changed):
    """Forgets an error."""

    def change(self, result: ExecutionResult) -> None:
        """Leave out the last one."""
        result.errors = (result.errors or [])[:-1]


class Unconditional(Projections):
    """Takes all outcomes of the conditions for one."""

    def selections(
        self,
        variables: Mapping[str, Any],  # noqa: ARG002
        root: Callable[[VariableValues], GroupedFieldSet],
    ) -> Selections:
        """Return what is kept, whatever the variables."""
        return super().selections({}, root)


class Same(Plan):
    """A plan for all outcomes of the conditions."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.projections = Unconditional(args[2], args[3])


@pytest.mark.parametrize("defect", [Shuffled, Forgiving, Same])
def test_a_defect_is_found(defect: type[Plan]) -> None:
    @settings(REPRODUCIBLE, max_examples=EXAMPLES, phases=[Phase.generate])
    @given(EXAMPLE)
    def all_replies_are_the_same(example: Example) -> None:
        run(compare(example, defect))

    with pytest.raises(AssertionError):
        all_replies_are_the_same()
