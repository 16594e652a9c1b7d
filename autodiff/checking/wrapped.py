"""Numbers in a class of their own, which notice when a function asks for more than arithmetic.

A function may take a branch: by `if x > 0`, by `x in (0.5, 1.0)`, by `not x`, in itself or in a
helper. No text of its source shows where that happens; a number that is asked does. `Watched`
numbers note what they are compared with, and for `Symbolic` ones every branch is an error.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from autodiff.kinds import Number, is_truth, number_like, where
from autodiff.rows import TABLE
from autodiff.value import Value


class BranchError(TypeError):
    """A function would take a branch by something that has no number."""


def unwrapped(x: Any) -> Any:
    """Return the number inside."""
    return x.number if isinstance(x, Wrapped) else x


def forwarded(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make a function of numbers one of wrapped numbers."""

    def apply(*operands: Any) -> Any:
        if any(isinstance(operand, Value) for operand in operands):
            return NotImplemented  # a Value records what it does with a wrapped number
        wrapped = [operand for operand in operands if isinstance(operand, Wrapped)]
        like = next((operand for operand in wrapped if operand.met is not None), wrapped[0])
        return type(like)(function(*map(unwrapped, operands)), like.met)

    return apply


def _compared(symbol: str) -> Callable[[Any, Any], Any]:
    """Make a comparison that the class of the number answers."""

    def method(a: Wrapped, b: Any) -> Any:
        if isinstance(b, Value):
            return NotImplemented
        noting = b if isinstance(b, Wrapped) and a.met is None else a
        return noting.answer(symbol, a.number, unwrapped(b))

    return method


class Wrapped:
    """A number whose arithmetic is that of the number inside."""

    __slots__ = ("met", "number")

    def __init__(self, number: Number, met: list[Any] | None = None) -> None:
        self.number = number
        self.met = met

    @property
    def is_truth(self) -> bool:
        """Whether this is the answer to a comparison."""
        return is_truth(self.number)

    def answer(self, symbol: str, a: Number, b: Number) -> Any:
        """Answer a comparison of this number."""
        return TABLE[symbol].value(a, b)

    def labeled(self, label: str | None) -> Any:
        """Return this number: only a Value keeps a label."""
        return self

    _number_like = forwarded(number_like)

    @classmethod
    def recorder(cls, name: str) -> Callable[..., Any] | None:
        """Return what computes an operation on such numbers; None if only its body can."""
        row = TABLE[name]
        if not row.parameters:  # of many operands: by the arithmetic below
            return row.value
        function = cls.function(name)
        return getattr(cls, name, None) or (function and forwarded(function))

    @staticmethod
    def function(name: str) -> Callable[..., Any] | None:
        """Return what computes an operation on the numbers inside."""
        return TABLE[name].value

    __hash__ = object.__hash__

    def __float__(self) -> float:
        raise TypeError("a plain number would drop out of what is watched")

    @staticmethod
    def where(condition: Any, a: Any, b: Any) -> Any:
        """Choose as `autodiff.where` does."""
        return a if condition else b


def _reflected(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make the method of an operator whose first operand is no wrapped number."""
    return forwarded(lambda b, a: function(a, b))


for _row in filter(lambda row: row.method, TABLE.values()):
    _operator = getattr(operator, f"__{_row.method}__")
    _method = _compared(_row.name) if _row.is_comparison else forwarded(_operator)
    setattr(Wrapped, f"__{_row.method}__", _method)
    if len(_row.parameters) == 2 and not _row.is_comparison:
        setattr(Wrapped, f"__r{_row.method}__", _reflected(_operator))


class Watched(Wrapped):
    """A number that notes what it is compared with: as text, and how far the two are apart.

    >>> x = Watched(2.0, met=[])
    >>> x * x > 3, x in (0.5, 2.0), x.met
    (True, True, [('4 > 3', 1.0), ('2 == 0.5', 1.5), ('2 == 2', 0.0)])
    """

    __slots__ = ()

    def answer(self, symbol: str, a: Number, b: Number) -> Any:
        """Answer a comparison, and note it."""
        if self.met is not None:
            self.met.append((f"{float(a):.6g} {symbol} {float(b):.6g}", float(a - b)))
        return super().answer(symbol, a, b)

    def __bool__(self) -> bool:
        return bool(self.answer("!=", self.number, 0))

    def __hash__(self) -> int:
        return hash(self.number)  # a key is found by it, and then compared


class Symbolic(Wrapped):
    """A formula of SymPy that has no truth and no hash, so that no branch is taken by its form."""

    __slots__ = ()

    def answer(self, symbol: str, a: Number, b: Number) -> Any:
        """Answer with the relation of the two formulas, and note it."""
        import sympy

        if self.met is not None:
            self.met.append(symbol)
        return Symbolic(sympy.Rel(a, b, symbol), self.met)  # == of SymPy is of the form

    @staticmethod
    def where(condition: Any, a: Any, b: Any) -> Any:
        """Choose by a relation."""
        if isinstance(a, Value) or isinstance(b, Value):
            return Value.recorder("where")(condition, a, b)
        if not isinstance(condition, Symbolic):
            return a if condition else b
        return Symbolic(where(*map(unwrapped, (condition, a, b))), condition.met)

    def __bool__(self) -> bool:
        raise BranchError(f"a branch is taken by {self.number}, which has no truth")

    def __hash__(self) -> int:
        raise BranchError(f"a branch may be taken by the hash of {self.number}")
