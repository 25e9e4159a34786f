"""Malformed values: what stands in for one until its field refuses it."""

from dataclasses import dataclass

from resolvers.payex.api.argument_errors import ArgumentError, ArgumentErrorCode


@dataclass(frozen=True, slots=True)
class Malformed:
    """A value that its scalar cannot read.

    A scalar that raised an error would fail the whole operation. This way a malformed value is a
    problem of its field alone, as any other refused argument is.

    Args:
        code: what is wrong with it.
        expected: what it should be like, in words behind "must be".
    """

    code: ArgumentErrorCode
    expected: str

    def refused_at(self, *path: str) -> ArgumentError:
        """Return the error of the argument at a path."""
        return ArgumentError.at(self.code, f"must be {self.expected}.", *path)
