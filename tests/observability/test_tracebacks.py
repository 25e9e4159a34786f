"""Of an exception its types and places are told, and none of its texts."""

import traceback

import pytest

from gateway.observability.tracebacks import places, places_in

PRIVATE = "46701740605"


def fail_with(error: BaseException) -> None:
    raise error


def raised(error: BaseException, cause: BaseException | None = None) -> BaseException:
    """Return an exception with the places that it came through."""
    with pytest.raises(type(error)) as caught:
        raise error from cause
    return caught.value


def types(lines: list[str]) -> list[str]:
    """Return the lines that are no places."""
    return [line for line in lines if not line.startswith("  ")]


def test_an_exception_is_its_type_and_its_places() -> None:
    type_, place, *_ = places(raised(KeyError(PRIVATE)))

    assert type_ == "KeyError"
    assert __file__ in place


def test_what_caused_it_follows() -> None:
    cause = raised(OSError(PRIVATE))

    lines = places(raised(KeyError(PRIVATE), cause))

    assert types(lines) == ["KeyError", "caused by OSError"]
    assert PRIVATE not in str(lines)


def test_what_was_being_handled_follows_unless_it_was_left_aside() -> None:
    def fail(*, aside: bool) -> None:
        try:
            fail_with(OSError(PRIVATE))
        except OSError:
            if aside:
                raise KeyError(PRIVATE) from None
            raise KeyError(PRIVATE)  # noqa: B904 - what is tested

    for aside, told in ((False, ["KeyError", "caused by OSError"]), (True, ["KeyError"])):
        with pytest.raises(KeyError) as caught:
            fail(aside=aside)
        assert types(places(caught.value)) == told


def test_what_a_group_holds_follows() -> None:
    group = ExceptionGroup(PRIVATE, [OSError(PRIVATE), KeyError(PRIVATE)])

    assert types(places(raised(group))) == [
        "ExceptionGroup",
        "caused by OSError",
        "caused by KeyError",
    ]


def test_a_circle_of_causes_and_a_long_chain_end() -> None:
    one, other = KeyError(), OSError()
    one.__cause__, other.__cause__ = other, one
    chain: BaseException = KeyError()
    for _ in range(9):
        chain = raised(KeyError(), chain)

    assert len(types(places(one))) == 2
    assert len(types(places(chain))) == 5


def test_of_a_printed_traceback_its_places_and_types_are_left() -> None:
    printed = "".join(traceback.format_exception(raised(OSError(f"{PRIVATE}\nand {PRIVATE}"))))

    lines = places_in(printed)

    assert __file__ in lines[0]
    assert lines[-1] == "OSError"
    assert PRIVATE not in str(lines)
