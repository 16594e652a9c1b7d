"""The operators of `Value` but the two that the engine writes out for speed, `+` and `*`.

Each hands its row of the table and the other operand to what records: `_binary`, `_reflected`,
`_unary`, `_compared` and `_combined` of the class that derives from this one.
"""

from __future__ import annotations

from typing import Any, Self

from autodiff import operations as f
from autodiff.kinds import Number
from autodiff.methods import Methods
from autodiff.rows import TABLE, Operation

_ADD, _SUBTRACT, _MULTIPLY, _DIVIDE = TABLE["+"], TABLE["-"], TABLE["*"], TABLE["/"]
_REMAINDER, _FLOOR_DIVIDE, _POWER = TABLE["%"], TABLE["//"], TABLE["**"]


class Operators(Methods):
    """Python's operators."""

    __slots__ = ()

    # What `Value` does, which stands at the end of one line of classes: a compiled class derives
    # from one other only.
    def _binary(self, row: Operation, other: Any) -> Self:
        raise NotImplementedError

    def _reflected(self, row: Operation, other: Any) -> Self:
        raise NotImplementedError

    def _compared(self, row: Operation, other: Any) -> Self:
        raise NotImplementedError

    def _combined(self, symbol: str, *operands: Any) -> Self:
        raise NotImplementedError

    # fmt: off
    # Arithmetic
    def __sub__(self, other: Number)       -> Self: return self._binary(_SUBTRACT, other)
    def __truediv__(self, other: Number)   -> Self: return self._binary(_DIVIDE, other)
    def __mod__(self, other: Number)       -> Self: return self._binary(_REMAINDER, other)
    def __floordiv__(self, other: Number)  -> Self: return self._binary(_FLOOR_DIVIDE, other)
    def __pow__(self, other: Number)       -> Self: return self._binary(_POWER, other)
    def __radd__(self, other: Number)      -> Self: return self._reflected(_ADD, other)
    def __rsub__(self, other: Number)      -> Self: return self._reflected(_SUBTRACT, other)
    def __rmul__(self, other: Number)      -> Self: return self._reflected(_MULTIPLY, other)
    def __rtruediv__(self, other: Number)  -> Self: return self._reflected(_DIVIDE, other)
    def __rmod__(self, other: Number)      -> Self: return self._reflected(_REMAINDER, other)
    def __rfloordiv__(self, other: Number) -> Self: return self._reflected(_FLOOR_DIVIDE, other)
    def __rpow__(self, other: Number)      -> Self: return self._reflected(_POWER, other)
    def __neg__(self)                      -> Self: return self._unary(TABLE["neg"])
    def __pos__(self)                      -> Self: return self._unary(TABLE["pos"])
    def __abs__(self)                      -> Self: return self._unary(TABLE["abs"])
    def __floor__(self)                    -> Self: return f.floor(self)
    def __ceil__(self)                     -> Self: return f.ceil(self)
    def __trunc__(self)                    -> Self: return f.trunc(self)

    # Comparisons, and what combines them
    def __lt__(self, other: Number)        -> Self: return self._compared(TABLE["<"], other)
    def __le__(self, other: Number)        -> Self: return self._compared(TABLE["<="], other)
    def __gt__(self, other: Number)        -> Self: return self._compared(TABLE[">"], other)
    def __ge__(self, other: Number)        -> Self: return self._compared(TABLE[">="], other)
    def __and__(self, other: Any)          -> Self: return self._combined("and", self, other)
    def __rand__(self, other: Any)         -> Self: return self._combined("and", other, self)
    def __or__(self, other: Any)           -> Self: return self._combined("or", self, other)
    def __ror__(self, other: Any)          -> Self: return self._combined("or", other, self)
    def __xor__(self, other: Any)          -> Self: return self._combined("!=", self, other)
    def __rxor__(self, other: Any)         -> Self: return self._combined("!=", other, self)
    def __invert__(self)                   -> Self: return self._combined("not", self)
    # fmt: on

    def __eq__(self, other: object) -> Self:  # type: ignore[override]
        return self._compared(TABLE["=="], other)

    def __ne__(self, other: object) -> Self:  # type: ignore[override]
        return self._compared(TABLE["!="], other)

    def __divmod__(self, other: Number) -> tuple[Self, Self]:
        return self // other, self % other

    def __rdivmod__(self, other: Number) -> tuple[Self, Self]:
        return other // self, other % self
