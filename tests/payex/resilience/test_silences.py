"""From when on a silence is a sign: never while PayEx answers as usual, and soon if it does not."""

from statistics import median

from hypothesis import example, given
from hypothesis import strategies as st

from resolvers.payex.resilience.silences import Silences

ROUTE = "/invoices/{invoiceNo}"


def test_without_any_answer_a_silence_of_two_seconds_is_a_sign() -> None:
    silences = Silences()
    silences.answered("/customers/{customerNo}", 9.0)
    assert silences.bound(ROUTE) == 2.0


@given(st.lists(st.floats(0, 60), min_size=1, max_size=100))
@example([9.0] * 40 + [0.1] * 31)
def test_it_is_four_times_the_median_of_the_latest_and_a_quarter_of_a_second_at_least(
    seconds: list[float],
) -> None:
    silences = Silences(kept=31)
    for one in seconds:
        silences.answered(ROUTE, one)
    assert silences.bound(ROUTE) == max(0.25, 4 * median(seconds[-31:]))


@given(usual=st.floats(0.001, 10), spread=st.lists(st.floats(1, 3.99), min_size=1))
def test_no_call_of_an_upstream_as_it_is_is_a_sign_however_early_it_is_given_up(
    usual: float, spread: list[float]
) -> None:
    """Its calls take from once to nearly four times as long as its quickest ones."""
    silences = Silences()
    silences.answered(ROUTE, usual)
    for times in spread:
        assert silences.bound(ROUTE) > usual * times
        silences.answered(ROUTE, usual * times)


@given(st.lists(st.floats(0, 0.2), min_size=16, max_size=31), st.lists(st.floats(9, 60)))
def test_few_slow_answers_do_not_hide_a_silence(quick: list[float], slow: list[float]) -> None:
    silences = Silences(kept=31)
    for one in slow[:15] + quick:
        silences.answered(ROUTE, one)
    assert silences.bound(ROUTE) <= 0.8
