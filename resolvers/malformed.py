"""Malformed values: what stands in for one until its field refuses it."""

from dataclasses import dataclass

from resolvers.payex.api.problems import FieldError, FieldErrorCode


@dataclass(frozen=True, slots=True)
class Malformed:
    """A value that its scalar cannot read.

    A scalar that raised an error would fail the whole operation. This way a malformed value is a
    problem of its field alone, as any other refused argument is.

    Args:
        code: what is wrong with it.
        expected: what it should be like, in words behind "must be".
    """

    code: FieldErrorCode
    expected: str

    def refused_at(self, path: str) -> FieldError:
        """Return the error of the argument at a path, such as `filter.minimumAmount`."""
        return FieldError(path, f"{path} must be {self.expected}.", self.code)
