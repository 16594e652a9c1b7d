"""Where newcomers look for what has another name here: the way, for the message of the error."""

from __future__ import annotations

from typing import Any, ClassVar

from autodiff import micrograd, operations

_INVERSES = ("sin", "cos", "tan", "tan2", "sinh", "cosh", "tanh")

OF_AUTODIFF = {
    **{f"a{name}": f"autodiff.arc{name}" for name in _INVERSES},
    "fabs": "autodiff.abs(x)",
    "gamma": "for x > 0 it is autodiff.exp(autodiff.lgamma(x))",
    "ln": "autodiff.log(x)",
    "max": "autodiff.maximum(a, b) of two numbers, Python's max(xs) of many",
    "mean": "autodiff.total(xs) / len(xs), or numpy.mean of an array of Values",
    "min": "autodiff.minimum(a, b) of two numbers, Python's min(xs) of many",
    "no_grad": "nothing is differentiated before backward(); v.data is the plain number",
    "pow": "autodiff.power(x, y), or x ** y",
    "prod": "functools.reduce(operator.mul, xs), or numpy.prod of an array of Values",
    "round": "autodiff.rint(x)",
    "std": "numpy.std of an array of Values",
    "sum": "autodiff.total(xs), or numpy.sum of an array of Values",
    "tensor": "autodiff.Value(x)",
    "var": "numpy.var of an array of Values",
}


class Elsewhere:
    """An attribute that is not there; the error says what is in its place."""

    def __init__(self, way: str) -> None:
        self.way = way

    def __get__(self, instance: object, owner: type) -> Any:
        if instance is None:
            return self
        raise AttributeError(f"a {owner.__name__} has no such attribute: {self.way}")


class OnlyDerived:
    """An attribute that a Value does not keep, and one of a derived class does."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type) -> Any:
        kept = getattr(instance, "__dict__", {})
        if self.name not in kept:
            raise AttributeError(f"a {owner.__name__} has no attribute {self.name!r}")
        return kept[self.name]

    def __set__(self, instance: Any, value: object) -> None:
        if not hasattr(instance, "__dict__"):
            raise AttributeError(
                f"a {type(instance).__name__} keeps no {self.name!r}: keep it in a dict by the "
                "parameter, or derive a class from Value (what is computed from its Values is of "
                "class Value)"
            )
        instance.__dict__[self.name] = value


class Hints:
    """The names of other packages: those that a Value answers to, and hints in place of others."""

    __slots__ = ()

    # Each by itself, for compiled classes; no __getattr__, which would slow every attribute.
    item: ClassVar[Any] = Elsewhere("v.data is the plain number")
    numpy: ClassVar[Any] = item
    tolist: ClassVar[Any] = item
    cpu: ClassVar[Any] = item
    requires_grad: ClassVar[Any] = Elsewhere("every Value can be differentiated")
    requires_grad_: ClassVar[Any] = requires_grad
    retain_grad: ClassVar[Any] = Elsewhere("every Value keeps its grad")
    is_leaf: ClassVar[Any] = Elsewhere("it is one if v.operation is None")
    grad_fn: ClassVar[Any] = Elsewhere("v.operation and v.operands tell how it was computed")
    clamp: ClassVar[Any] = Elsewhere("v.clip(lower, upper)")
    m: ClassVar[Any] = OnlyDerived("m")
    v: ClassVar[Any] = OnlyDerived("v")
    momentum: ClassVar[Any] = OnlyDerived("momentum")
    velocity: ClassVar[Any] = OnlyDerived("velocity")

    # NumPy's other names, which it calls for the elements of an array
    def absolute(self) -> Any:
        return abs(self)  # type: ignore[arg-type]

    def fabs(self) -> Any:
        return abs(self)  # type: ignore[arg-type]

    def rad2deg(self) -> Any:
        return operations.degrees(self)

    def deg2rad(self) -> Any:
        return operations.radians(self)

    # For programs written for micrograd, which read a node by these names (see `micrograd`)
    @property
    def _prev(self) -> Any:
        return micrograd.previous(self)

    @property
    def _op(self) -> str:
        return micrograd.operation_name(self)

    @property
    def _backward(self) -> Any:
        return micrograd.share_out(self)

    @_backward.setter
    def _backward(self, function: object) -> None:
        micrograd.refuse(self, function)
