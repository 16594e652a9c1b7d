"""How a `Value` behaves where Python expects a number or a text.

What would silently drop the derivative (`float(v)`, `math.sin(v)`) is an error that names the way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

from autodiff.graph import FIELDS, deep_copy, flattened, is_unset, restored, shallow_copy
from autodiff.hints import Hints
from autodiff.kinds import Number, is_truth, number_like, package_of

_pictures: list[Callable[..., dict[str, str]]] = [lambda value, *_: {"text/plain": repr(value)}]


def pictured_by(picture: Callable[..., dict[str, str]]) -> None:
    """Have notebooks show what this function gives for a Value."""
    _pictures.append(picture)


class AsNumber(Hints):
    """The protocols of Python's numbers, of text, of notebooks, of copies and of SymPy."""

    __slots__ = ()

    _data: Number
    grad: Number
    label: str | None
    operation: str | None

    @property
    def real(self) -> Self:
        """This number: every Value is real."""
        return self

    @property
    def imag(self) -> Number:
        """Zero."""
        return number_like(self, 0)

    def conjugate(self) -> Self:
        """Return this number: every Value is real."""
        return self

    @property
    def is_truth(self) -> bool:
        """Whether the number is a truth: this is a comparison, or a combination of them."""
        return is_truth(self._data)

    def __bool__(self) -> bool:
        return bool(self._data)

    def __round__(self, digits: int | None = None) -> Any:
        return round(self._data, digits)

    def __format__(self, specification: str) -> str:
        return format(self._data, specification) if specification else str(self)

    def __str__(self) -> str:
        if package_of(type(self._data)) == "autodiff":
            format(self._data)  # a number that is being recorded has no text
        return repr(self)

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label is not None else ""
        grad = "" if is_unset(self.grad) else f", grad={self.grad!r}"
        return f"Value({self._data!r}{label}{grad})"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return _pictures[-1](self, include, exclude)

    def __index__(self) -> int:
        if self.is_truth:  # of which there is no derivative to drop
            return int(bool(self))
        of_recorded = getattr(self._data, "whole_number", None)
        whole: int | None = None if of_recorded is None else of_recorded()
        if whole is not None:
            return whole
        raise TypeError(
            "a Value is no plain number, and making it one would drop its derivative: use "
            "autodiff's functions, such as autodiff.sin(v) for math.sin(v), autodiff.isnan(v) for "
            "math.isnan(v), or v.data for the plain number"
        )

    def __float__(self) -> float:
        return float(self.__index__())

    def __complex__(self) -> complex:
        return complex(self.__index__())

    def __int__(self) -> int:
        return self.__index__()

    def _number_like(self, n: Number) -> Number:
        return number_like(self._data, n)

    def _sympy_(self) -> Any:
        from sympy import SympifyError

        raise SympifyError(self)  # so that SymPy leaves symbol * v to v

    # ---- Copies and pickles, without recursion ------------------------------------------------

    def __copy__(self) -> Any:
        return shallow_copy(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return deep_copy(self, AsNumber, memo)

    def __getstate__(self) -> Any:
        fields = {name: getattr(self, name) for name in FIELDS}
        return getattr(self, "__dict__", None), {**fields, "serial": 0, "mark": None}

    def __setstate__(self, state: Any) -> None:
        kept, fields = state
        for name, field in fields.items():
            setattr(self, name, field)
        if kept:
            self.__dict__.update(kept)

    def __reduce_ex__(self, protocol: Any) -> Any:
        if self.operation is None:
            return super().__reduce_ex__(protocol)
        return restored, (*flattened(self, AsNumber), type(self))


# Compiled classes have this method and, without this line, no slot of it.
setattr(AsNumber, "__index__", AsNumber.__index__)  # noqa: B010
