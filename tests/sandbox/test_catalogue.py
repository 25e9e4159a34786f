"""The catalogue tells the truth about the running sandbox, and chance repeats itself."""

from collections.abc import Callable

import httpx
import pytest

from gateway.sandbox import CATALOGUE, TOKENS, Example
from gateway.sandbox.dice import Dice
from gateway.sandbox.ledgers import LEDGERS

Connect = Callable[..., httpx.AsyncClient]


@pytest.mark.parametrize("example", CATALOGUE, ids=[example.path() for example in CATALOGUE])
async def test_an_example_answers_what_it_says(connect: Connect, example: Example) -> None:
    answer = await connect(example.ledger).get(example.path())
    assert answer.status_code == example.status
    problem = answer.json().get("Type", "").removeprefix("billing/usage/problems/")
    assert problem.replace("about:blank", "") == example.problem


def test_examples_are_distinct() -> None:
    assert len({example.path() for example in CATALOGUE}) == len(CATALOGUE)


def test_every_designated_account_is_in_the_catalogue() -> None:
    """All but the ordinary months, of which the last one stands for twelve."""
    months = {("1234", str(number)) for number in range(123444, 123455)}
    accounts = {(ledger, number) for ledger, held in LEDGERS.items() for _, number in held}
    assert accounts - months <= {(example.ledger, example.number) for example in CATALOGUE}


def test_every_ledger_has_a_token_of_its_own() -> None:
    assert {example.ledger for example in CATALOGUE} == set(TOKENS)
    assert len(set(TOKENS.values())) == len(TOKENS)
    assert all(example.token == TOKENS[example.ledger] for example in CATALOGUE)


def test_a_path_has_the_subdomain_that_is_asked_for() -> None:
    assert CATALOGUE[0].path("billing") == "/billing/billing/v1/1234/invoices/123456"


def test_the_same_seed_rolls_the_same_numbers_everywhere() -> None:
    dice = Dice("Åsa", 7)
    assert [dice.below(1000) for _ in range(6)] == [365, 604, 262, 767, 991, 356]


def test_parts_of_a_seed_do_not_run_together() -> None:
    assert Dice("1", "23").below(1 << 60) != Dice("12", "3").below(1 << 60)


def test_numbers_stay_within_their_bounds_and_reach_them() -> None:
    dice = Dice("bounds")
    assert {dice.below(6) for _ in range(200)} == set(range(6))
    assert {dice.mostly_low(3, 5) for _ in range(200)} == {3, 4, 5}
    assert {dice.pick("abc") for _ in range(100)} == {"a", "b", "c"}


def test_low_numbers_are_the_common_ones() -> None:
    dice = Dice("low")
    rolls = [dice.mostly_low(0, 99) for _ in range(1000)]
    assert sum(roll < 50 for roll in rolls) > 700
