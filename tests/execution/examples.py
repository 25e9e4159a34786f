"""Operations with their requests and answers of PayEx, all made by chance from a seed.

PROJECTION_EXAMPLES says how many of them a property takes, if other than twice as many as others.
"""

import json
import os
import random
from typing import Final

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from resolvers.payex.api.turns import LONGEST
from tests.execution.both_executors import CORE
from tests.execution.made_up_payex import MadeUpPayex
from tests.execution.written_operations import (
    write_nullable_operation,
    write_nulls,
    write_operation,
    write_variables,
)

EXAMPLES: Final = int(os.environ.get("PROJECTION_EXAMPLES", 2 * settings().max_examples))
REPRODUCIBLE: Final = settings(
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


class Example:
    """An operation, requests of it, and a PayEx that answers them.

    Args:
        seed: makes all of it.
        size: about how many selections the operation has.
        nullable: whether any of its variables may be null.
    """

    def __init__(self, seed: int, size: int, *, nullable: bool = False) -> None:
        chance = random.Random(seed)  # noqa: S311 - no secret
        operation = write_nullable_operation if nullable else write_operation
        variables = write_nulls if nullable else write_variables
        self.text = operation(chance, CORE, size)
        requests = [variables(chance) for _ in range(2)]
        # The first one again, when the operation is known.
        self.requests = [*requests, requests[0]]
        self.seed = seed
        self.oddity = chance.choice((0, 0.4))
        # For the smaller weight, not all of most operations is kept.
        self.weight = chance.choice((100_000, 200))
        self.longest = chance.choice((0, LONGEST))

    def payex(self) -> MadeUpPayex:
        """Return a PayEx that nobody has asked yet."""
        return MadeUpPayex(self.seed, self.oddity, self.longest)


_SEEDS: Final = st.integers(0, 2**64)
EXAMPLE: Final = st.builds(Example, _SEEDS, st.integers(30, 120))
NULLABLE_EXAMPLE: Final = st.builds(Example, _SEEDS, st.integers(30, 90), nullable=st.just(True))


def in_order(reply: bytes) -> tuple[bytes, list[str], list[str]]:
    """Return a reply with its errors in an order.

    They stand in the order in which PayEx happened to answer. When graphql-core takes over from a
    plan, some answers are there already.
    """
    data, *errors = reply.split(b"\n")
    told, within = (sorted(map(json.dumps, json.loads(each))) for each in errors)
    return data, told, within
