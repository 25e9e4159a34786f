"""Variables may be as deep and as long as the limits say, before anything else reads them."""

from typing import Any

import pytest
from graphql import OperationDefinitionNode, parse

from gateway.limits.variables import oversized_variables
from gateway.limits.violations import LimitExceeded
from gateway.settings.limits import LimitSettings


def oversized(variables: dict[str, Any] | None, **changed: Any) -> list[LimitExceeded]:
    (operation,) = parse("query($reps: [_Any!]!, $filter: X, $id: ID) { a }").definitions
    assert isinstance(operation, OperationDefinitionNode)
    limits = LimitSettings.model_construct(**changed)
    return oversized_variables(operation, variables, limits)


def nested(levels: int) -> Any:
    value: Any = "1"
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


def test_honest_variables_are_taken() -> None:
    representations = [{"__typename": "Owner", "ownerNo": "1"}] * 1000

    assert oversized({"reps": representations, "filter": {"usageTypes": ["A"]}, "id": "1"}) == []
    assert oversized({}) == oversized(None) == []


def test_forged_representations_past_the_most_are_refused_with_their_number() -> None:
    (error,) = oversized({"reps": [{"__typename": "Owner"}] * 10_000})

    assert error.message == (
        "The variable $reps has 10000 elements in one list or object; at most 1000 may be "
        "(GATEWAY_MAX_LIST_INPUT)."
    )
    assert error.extensions == {
        "code": "MAX_LIST_INPUT_LIMIT",
        "limit": {"GATEWAY_MAX_LIST_INPUT": 1000},
        "measured": 10_000,
        "variable": "reps",
    }


@pytest.mark.parametrize("value", [{"usageTypes": ["A"] * 6}, dict.fromkeys("abcdef")])
def test_a_list_or_an_object_within_counts_as_well(value: Any) -> None:
    (error,) = oversized({"filter": value}, max_list_input=5)

    assert error.extensions
    assert (error.extensions["variable"], error.extensions["measured"]) == ("filter", 6)


def test_values_are_looked_at_down_to_the_first_level_too_deep() -> None:
    assert oversized({"filter": nested(10)}) == []

    (error,) = oversized({"filter": nested(900), "reps": nested(10)})

    assert error.message == (
        "The variable $filter nests 11 or more lists and objects; at most 10 may be "
        "(GATEWAY_MAX_VARIABLE_DEPTH, which cannot be set)."
    )


def test_no_depth_ends_the_stack() -> None:
    (error,) = oversized({"filter": nested(100_000)})

    assert error.extensions
    assert error.extensions["measured"] == 11


def test_both_limits_are_told_once_for_the_worst_variable() -> None:
    errors = oversized({"filter": [nested(50)] * 7, "reps": [nested(15)] * 8}, max_list_input=5)

    assert [(error.extensions or {}).get("measured") for error in errors] == [11, 8]
    assert [(error.extensions or {}).get("variable") for error in errors] == ["reps", "reps"]


def test_what_the_operation_does_not_declare_is_not_looked_at() -> None:
    assert oversized({"other": nested(100_000)}) == []
