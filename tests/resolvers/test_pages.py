"""Pages of a list, and cursors that name the element they stand behind."""

import base64
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.cursors import Cursors
from resolvers.pages import DEFAULT_FIRST, Page, PageArguments, PageRequest
from resolvers.payex.api.argument_errors import ArgumentErrorCode
from resolvers.payex.api.problems import Problem, ProblemType
from resolvers.payex.api.records import UsageRecord
from tests.resolvers.worked import worked

Listed = Callable[[Iterable[dict[str, Any]]], list[UsageRecord]]
CURSORS = Cursors(b"a key", "xxx", "billed", "123456", "46")


def request(first: int | None = None, after: str | None = None, maximum: int = 100) -> PageRequest:
    return PageRequest(PageArguments(first, after), maximum, "GATEWAY_MAX_RECORDS", CURSORS)


def cut(
    records: list[UsageRecord], first: int | None = None, after: str | None = None
) -> Page[UsageRecord]:
    """Cut a page that is there."""
    page = worked(request(first, after).page(records, size=3))
    assert isinstance(page, Page)
    return page


def numbers(page: Page[UsageRecord]) -> list[Any]:
    return [record.usage_detail_id for record in page.items]


def message(problem: object) -> str:
    """Return the message of a problem with one argument."""
    assert isinstance(problem, Problem)
    assert problem.kind is ProblemType.VALIDATION
    [error] = problem.field_errors
    return f"{error.parameter}: {error.message}"


def errors(asked: PageRequest) -> list[str]:
    """Return what is wrong with a request."""
    return [f"{error.parameter}: {error.message}" for error in asked.errors()]


@given(st.integers(0, 60), st.integers(1, 60))
def test_pages_go_through_a_list_that_stays_once_and_in_order(
    listed: Listed, length: int, first: int
) -> None:
    records = listed({"usageDetailId": number} for number in range(length))
    seen: list[Any] = []
    page = cut(records, first)
    seen += numbers(page)
    while page.has_next:
        page = cut(records, first, page.end_cursor)
        assert (page.has_previous, page.total) == (True, length)
        assert page.items
        seen += numbers(page)
    assert seen == list(range(length))


@given(st.data())
def test_changes_elsewhere_neither_lose_nor_repeat_a_record(
    listed: Listed, data: st.DataObject
) -> None:
    ids = list(range(data.draw(st.integers(1, 12))))
    fresh = iter(range(100, 1000))
    stayed = set(ids)
    seen: list[int] = []
    after = None
    for _ in range(40):
        page = cut(listed({"usageDetailId": number} for number in ids), 2, after)
        seen += numbers(page)
        after = page.end_cursor
        if not page.has_next:
            break
        gone = data.draw(st.sets(st.sampled_from(ids))) - {seen[-1]}
        stayed -= gone
        ids = [number for number in ids if number not in gone]
        for _ in range(data.draw(st.integers(0, 2))):
            ids.insert(data.draw(st.integers(0, len(ids))), next(fresh))
    assert len(seen) == len(set(seen))
    assert [number for number in seen if number in stayed] == sorted(stayed)


@given(st.permutations(range(8)), st.sets(st.integers(0, 7)), st.integers(0, 7))
def test_a_cursor_finds_its_element_under_another_order_and_filter(
    listed: Listed, order: list[int], gone: set[int], behind: int
) -> None:
    records = listed({"usageDetailId": number} for number in range(8))
    after = cut(records, 8).edges[behind].cursor
    shown = [records[place] for place in order if place == behind or place not in gone]
    wanted = [record.usage_detail_id for record in shown]
    page = cut(shown, 8, after)
    assert numbers(page) == wanted[wanted.index(behind) + 1 :]
    assert page.has_previous


@given(st.lists(st.sampled_from("ab"), min_size=1, max_size=10), st.integers(1, 3))
def test_equal_elements_of_a_list_that_stays_are_each_told_once(
    listed: Listed, texts: list[str], first: int
) -> None:
    records = listed({"usageType": text} for text in texts)
    page = cut(records, first)
    seen = list(page.items)
    while page.has_next:
        page = cut(records, first, page.end_cursor)
        seen += page.items
    assert [id(record) for record in seen] == [id(record) for record in records]


@pytest.mark.parametrize("grown", ["zabbbc", "abzbbzc", "bbbac", "aczbybb"])
def test_equal_elements_are_told_apart_by_their_order_wherever_they_move(
    listed: Listed, grown: str
) -> None:
    after = cut(listed({"usageType": text} for text in "abbbc"), 5).edges[2].cursor
    moved = cut(listed({"usageType": text} for text in grown), 10, after)
    second = [place for place, text in enumerate(grown) if text == "b"][1]
    assert [record.position for record in moved.items] == list(range(second + 1, len(grown)))


def test_what_only_raw_has_neither_ends_a_cursor_nor_tells_elements_apart(listed: Listed) -> None:
    records = listed({"usageType": "a", "note": note} for note in "xyz")
    after = cut(records).edges[1].cursor
    changed = listed({"usageType": "a", "note": note} for note in "vwx")
    assert [record.position for record in cut(changed, 10, after).items] == [2]


def test_an_element_that_changed_or_went_is_told_and_not_guessed(listed: Listed) -> None:
    records = listed({"usageDetailId": number, "amount": 1} for number in range(3))
    after = cut(records).edges[1].cursor
    changed = listed({"usageDetailId": number, "amount": 2} for number in range(3))
    for left in ([records[0], records[2]], changed, []):
        problem = worked(request(None, after).page(left))
        assert message(problem) == (
            "after: after names an element that is not in this list. The list has changed "
            "since, or the filter is another: start again without after."
        )
        # PayEx's list was needed to find out.
        assert isinstance(problem, Problem)
        assert problem.detail == "The gateway refused an argument."


@pytest.mark.parametrize("first", [-1, 0, 101, 2**31])
def test_first_is_refused_out_of_its_bounds_which_it_names(listed: Listed, first: int) -> None:
    wanted = f"first must be between 1 and 100 (GATEWAY_MAX_RECORDS); it is {first}."
    asked = request(first)
    assert errors(asked) == [message(worked(asked.page(listed([]))))] == [f"first: {wanted}"]


@pytest.mark.parametrize(
    ("maximum", "shown"), [(7, 7), (100, DEFAULT_FIRST), (DEFAULT_FIRST, DEFAULT_FIRST)]
)
def test_without_first_a_page_has_the_default_or_the_maximum(
    listed: Listed, maximum: int, shown: int
) -> None:
    page = worked(request(maximum=maximum).page(listed({} for _ in range(DEFAULT_FIRST + 1))))
    assert isinstance(page, Page)
    assert (len(page.items), page.has_next, page.has_previous) == (shown, True, False)


@pytest.mark.parametrize(
    "after", ["", "x", "0", "å", "====", "a" * 31 + "b", base64.b64encode(b"1" * 24).decode()]
)
def test_a_text_that_is_no_cursor_is_refused(after: str) -> None:
    assert errors(request(after=after)) == ["after: after is not a cursor of this gateway."]


@given(st.text() | st.binary().map(lambda b: base64.urlsafe_b64encode(b).decode()))
def test_any_text_as_a_cursor_is_refused_as_an_argument(after: str) -> None:
    (error,) = errors(request(after=after))
    assert error.startswith("after: ")


def test_a_cursor_of_another_list_is_refused(listed: Listed) -> None:
    other = Cursors(b"a key", "xxx", "billed", "123456", "47")
    asked = request(after=other.behind(listed([{}])[0], 0))
    assert errors(asked) == ["after: after is a cursor of another list."]


def test_with_the_ledgers_next_token_a_cursor_is_gone_and_no_list_is_needed_to_tell(
    listed: Listed,
) -> None:
    older = Cursors(b"the key before", "xxx", "billed", "123456", "46")
    (error,) = request(after=older.behind(listed([{}])[0], 0)).errors()
    assert (error.parameter, error.code) == ("after", ArgumentErrorCode.CURSOR_EXPIRED)
    assert error.message == (
        "after is a cursor of another ledger, or older than the ledger's token: start again "
        "without after."
    )


def test_one_of_equal_elements_that_went_is_told_and_not_guessed(listed: Listed) -> None:
    last = cut(listed([{"usageType": "b"}] * 5)).end_cursor

    gone = worked(request(None, last).page(listed([{"usageType": "b"}] * 4), size=2))

    assert message(gone).startswith("after: after names an element that is not in this")


def test_an_empty_page_has_no_cursors(listed: Listed) -> None:
    page = cut(listed([]))
    assert (page.start_cursor, page.end_cursor, page.edges, page.total) == (None, None, [], 0)


def test_the_first_and_last_cursor_are_those_of_the_edges(listed: Listed) -> None:
    page = cut(listed({"usageDetailId": number} for number in range(3)))
    cursors = [edge.cursor for edge in page.edges]
    assert [page.start_cursor, page.end_cursor] == [cursors[0], cursors[-1]]
    assert len(set(cursors)) == 3
