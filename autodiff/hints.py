"""Where newcomers look for what has another name here: the way, for the message of the error."""

from __future__ import annotations

from typing import Any

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

    def __set_name__(self, owner: type, name: str) -> None:
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

    # NumPy's other names, which it calls for the elements of an array
    def absolute(self) -> Any:
        return abs(self)  # type: ignore[arg-type]

    fabs = absolute

    def rad2deg(self) -> Any:
        return operations.degrees(self)

    def deg2rad(self) -> Any:
        return operations.radians(self)

    # For programs written for micrograd, which read a node by these names (see `micrograd`)
    _prev = property(micrograd.previous)
    _op = property(micrograd.operation_name)
    _backward = property(micrograd.share_out, micrograd.refuse)

    item = numpy = tolist = cpu = Elsewhere("v.data is the plain number")
    requires_grad = requires_grad_ = Elsewhere("every Value can be differentiated")
    retain_grad = Elsewhere("every Value keeps its grad")
    is_leaf = Elsewhere("it is one if v.operation is None")
    grad_fn = Elsewhere("v.operation and v.operands tell how it was computed")
    clamp = Elsewhere("v.clip(lower, upper)")
    m, v, momentum, velocity = (OnlyDerived() for _ in range(4))
