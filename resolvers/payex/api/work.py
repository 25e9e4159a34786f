"""Work: what an operation is charged for while it is done.

A unit is about one microsecond of CPU on the machine that docs/limits.md names. Prices are counts
times constants: the same operation over the same data costs the same everywhere.
"""

import enum
from typing import Final, Protocol

QUESTION: Final = 150
"""Units of asking for a route that nobody keeps: the loaders and tasks, whether or not it goes."""
CALL: Final = 550
"""Units of each call for it, without its body: the queue and the HTTP client."""


class Work(enum.StrEnum):
    """The kinds of work in errors, logs and metrics."""

    DOCUMENT = "document"
    """The document, where it is read for the first time: parsed, validated, planned."""
    CALLS = "calls"
    """Calls to PayEx, each with its second chances."""
    READ = "read"
    """Bodies of PayEx, received and decoded: by their bytes and records."""
    SELECTED = "selected"
    """Records that are filtered, ordered, paged and summed."""
    REFERENCES = "references"
    """References of the supergraph."""
    WRITTEN = "written"
    """Objects and fields that are put into the answer."""
    ERRORS = "errors"
    """Errors of the answer."""
    REPLY = "reply"
    """Bytes of the reply, encoded and compressed."""

    # That of enums is written in Python.
    __hash__ = str.__hash__


class Spends(Protocol):
    """Pays for work."""

    @property
    def used_up(self) -> bool:
        """Whether nothing is left. Work that others share goes on."""

    def spend(self, what: Work, units: float) -> None:
        """Pay for work that is about to be done."""


class Unpriced:
    """Pays for work without a price: a check's, or a test's."""

    used_up = False

    def spend(self, what: Work, units: float) -> None:
        """Do nothing."""


UNPRICED: Final = Unpriced()
