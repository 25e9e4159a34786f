"""Long work, done without a loop."""

from typing import TypeVar

from resolvers.payex.api.turns import Steps

T = TypeVar("T")


def worked(steps: Steps[T]) -> T:
    """Do long work to the end, and return what it finds."""
    while True:
        try:
            assert next(steps) >= 0
        except StopIteration as end:
            found: T = end.value
            return found
