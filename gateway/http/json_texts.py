"""JSON from outside: read, or refused with the reason.

JSON's grammar allows more than a program can hold: numbers of any size, nesting of any depth, half
a character. The message for such a text does not deny that it is JSON.
"""

import json
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from resolvers.payex.api.surrogates import replaced
from schema.json_numbers import json_number

# Without a hook, a number beyond all floats would be no JSON.
_DECODER: Final = msgspec.json.Decoder(float_hook=float)
_EXACT: Final = msgspec.json.Decoder(float_hook=json_number)
# The most that msgspec reads of an integer, as Python does.
_DIGITS: Final = 4300
# Elements and members are what takes time: a megabyte of fractions took 0.2 seconds, before it was
# known what they are for. The largest request that is meant has some thousands of them.
_MOST_PARTS: Final = 50_000
_MARK: Final = b"\xef\xbb\xbf"


class UnreadableJSONError(ValueError):
    """A text cannot be read. The message continues a sentence that begins with the text's name."""


def read_json(text: bytes, *, strictly: bool = False, exactly: bool = False) -> Any:
    """Return the value of a JSON text. A byte-order mark is ignored.

    Args:
        text: the text.
        strictly: refuse duplicate members of an object. Readers differ in which they take, so one
            could check another value than the next one uses.
        exactly: read numbers by `json_number`, never as a binary float.

    Raises:
        UnreadableJSONError: the text is not JSON, or beyond what can be read.
    """
    text = text.removeprefix(_MARK)
    if (
        len(text) > _MOST_PARTS
        and (parts := sum(map(text.count, (b",", b"[", b"{")))) > _MOST_PARTS
    ):
        raise UnreadableJSONError(
            f"has {parts} commas and opening brackets; at most {_MOST_PARTS} are read"
        )
    try:
        value = (_EXACT if exactly else _DECODER).decode(text)
        if strictly:
            # The value is read by now: only the names count.
            json.loads(text, object_pairs_hook=_once, parse_int=len, parse_float=len)
    except UnreadableJSONError:
        raise
    except RecursionError:
        wrong = "nests lists or objects too deeply"
    except msgspec.ValidationError:
        # Without a type to fit, nothing else can be invalid.
        wrong = f"has an integer of more than {_DIGITS} digits"
    except (msgspec.DecodeError, UnicodeDecodeError):
        wrong = "has half a character (a lone surrogate)" if _is_cut(text) else "is not JSON"
    else:
        return value
    raise UnreadableJSONError(wrong)


def _once(members: Sequence[tuple[str, Any]]) -> None:
    if len({name for name, _ in members}) < len(members):
        raise UnreadableJSONError("names a member twice in one object")


def _is_cut(text: bytes) -> bool:
    """Whether a text would be JSON without its lone surrogates."""
    whole = replaced(text)
    if whole == text:
        return False
    try:
        _DECODER.decode(whole)
    except (msgspec.ValidationError, RecursionError):
        return True
    except (msgspec.DecodeError, UnicodeDecodeError):
        # They may be so many that not all of them were replaced.
        return replaced(whole) != whole
    return True
