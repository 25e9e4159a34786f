"""The memory that PayEx's answers take, with bounds for an operation and for the process.

Bytes count from when a body begins to arrive until nobody holds what it was decoded to. So an
operation over many long lists ends at a bound, instead of the container at its own.

An operation may hold as much as it leaves free, as in shared buffers of switches (Choudhury and
Hahne, *Dynamic queue length thresholds*, 1998): one that is alone has its whole bound, and one that
comes while others hold much still finds room. While other callers hold anything, all operations of
one caller may hold twice that.
"""

import math
from collections.abc import Hashable
from typing import Final

from resolvers.payex.api.faults import Fault, FaultCode

_CALLERS_SHARE: Final = 2

# Measured in CPython 3.11 (3.12, 3.13): 1.81 (1.71, 1.83) KB for a record of 328 bytes of JSON,
# 0.70 (0.63, 0.64) KB for one of 136 and 0.27 (0.24, 0.25) KB for one of none, JSON included.
_PER_ANSWER: Final = 2048
_PER_ITEM: Final = 300
_PER_BYTE: Final = 5


def weight(items: int, size: int) -> int:
    """Estimate the bytes of memory that a decoded answer takes.

    Args:
        items: how many elements it has.
        size: the bytes of its JSON.
    """
    return _PER_ANSWER + _PER_ITEM * items + _PER_BYTE * size


class ProcessBytes:
    """The bytes that all answers in this process take.

    Args:
        limit: the most for all.
        of_operation: the most for one operation.

    Attributes:
        used: the present number.
    """

    __slots__ = ("_by_caller", "limit", "of_operation", "used")

    def __init__(self, limit: float = math.inf, of_operation: float = math.inf) -> None:
        self.limit = limit
        self.of_operation = of_operation
        self.used = 0
        self._by_caller: dict[Hashable, int] = {}

    def operation(self, caller: Hashable = None) -> "OperationBytes":
        """Begin an operation of a caller; None is a caller by itself."""
        return OperationBytes(self, caller)

    def has_room(self, held: int, caller: Hashable, more: int) -> bool:
        """Whether an operation that holds so many bytes may take more."""
        free = self.limit - self.used - more
        if held + more > free:
            return False
        if caller is None:
            return True
        callers = self._by_caller.get(caller, 0)
        return callers == self.used or callers + more <= _CALLERS_SHARE * free

    def count(self, caller: Hashable, more: int) -> None:
        """Add to a caller's bytes; a negative number subtracts."""
        self.used += more
        if caller is not None:
            callers = self._by_caller.pop(caller, 0) + more
            if callers:
                self._by_caller[caller] = callers


class OperationBytes:
    """The bytes that the answers of one operation take.

    Args:
        process: those of all.
        caller: the caller, if known.

    Attributes:
        held: the present number.
    """

    __slots__ = ("_caller", "_process", "held")

    def __init__(self, process: ProcessBytes, caller: Hashable) -> None:
        self._process = process
        self._caller = caller
        self.held = 0

    def take(self, more: int) -> None:
        """Take bytes for an answer.

        Raises:
            Fault: `OPERATION_BYTES_LIMIT` or `PROCESS_BYTES_LIMIT`; nothing is taken.
        """
        self._check(more)
        if not self._process.has_room(self.held, self._caller, more):
            process = self._process
            raise _beyond(FaultCode.PROCESS_BYTES_LIMIT, process.limit, process.used + more)
        self.give_back(-more)

    def give_back(self, fewer: int) -> None:
        """Give bytes back."""
        self.held -= fewer
        self._process.count(self._caller, -fewer)

    def share(self, answer: "AnswerBytes") -> None:
        """Hold an answer that the process has counted already.

        Raises:
            Fault: `OPERATION_BYTES_LIMIT`.
        """
        self._check(answer.size)
        self.held += answer.size

    def _check(self, more: int) -> None:
        measured, limit = self.held + more, self._process.of_operation
        if measured > limit:
            raise _beyond(FaultCode.OPERATION_BYTES_LIMIT, limit, measured)


class AnswerBytes:
    """The bytes of one answer, given back when nobody holds it any more.

    Args:
        operation: the operation that asked for it.

    Attributes:
        size: the present number.
    """

    __slots__ = ("_operation", "size")

    def __init__(self, operation: OperationBytes) -> None:
        self._operation = operation
        self.size = 0

    def grow_to(self, size: int) -> None:
        """Take bytes up to this size.

        Raises:
            Fault: as `OperationBytes.take`.
        """
        if size > self.size:
            self._operation.take(size - self.size)
            self.size = size

    def shrink_to(self, size: int) -> None:
        """Give bytes back down to this size."""
        if size < self.size:
            self._operation.give_back(self.size - size)
            self.size = size

    def __del__(self) -> None:
        self._operation.give_back(self.size)


def _beyond(code: FaultCode, limit: float, measured: int) -> Fault:
    """Return the fault of a limit that was exceeded; its code names the setting."""
    fault = Fault(code, limit={f"GATEWAY_{code.removesuffix('_LIMIT')}": limit})
    fault.measured = measured
    return fault


UNBOUNDED: Final = ProcessBytes().operation()
"""Bytes that nobody counts: those of a check, or of a test."""
