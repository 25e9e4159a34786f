"""Chance that repeats itself: the same seed rolls the same numbers everywhere.

The standard library promises stable output for only a part of its generator, and the data set
must be the same bytes in every process and on every Python version.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")

_MASK = (1 << 64) - 1


class Dice:
    """A SplitMix64 generator, seeded by the texts of its arguments.

    Args:
        seed: What the numbers depend on. Each distinct sequence has its own stream, so one part
            of the data set can be made without making the parts before it.
    """

    def __init__(self, *seed: object) -> None:
        text = "\x1f".join(str(part) for part in seed)
        self._state = int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")

    def below(self, bound: int) -> int:
        """A number from 0 up to, not including, `bound` (at least 1)."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & _MASK
        mixed = self._state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
        return (mixed ^ (mixed >> 31)) * bound >> 64

    def mostly_low(self, low: int, high: int) -> int:
        """A number from `low` to `high`, both possible, where small ones are the common ones."""
        return low + self.below(self.below(high - low + 1) + 1)

    def pick(self, choices: Sequence[T]) -> T:
        """One of the choices, each as likely; repeat a choice to make it likelier."""
        return choices[self.below(len(choices))]
