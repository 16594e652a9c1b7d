"""Where newcomers look for what has another name here: the way, for the message of the error."""

from __future__ import annotations

from typing import Any

_INVERSES = ("sin", "cos", "tan", "tan2", "sinh", "cosh", "tanh")

OF_AUTODIFF = {
    **{f"a{name}": f"autodiff.arc{name}" for name in _INVERSES},
    "fabs": "autodiff.abs(x)",
    "gamma": "for x > 0 it is autodiff.exp(autodiff.lgamma(x))",
    "ln": "autodiff.log(x)",
    "logsumexp": "functools.reduce(autodiff.logaddexp, xs)",
    "max": "autodiff.maximum(a, b) of two numbers, Python's max(xs) of many",
    "mean": "autodiff.total(xs) / len(xs), or numpy.mean of an array of Values",
    "min": "autodiff.minimum(a, b) of two numbers, Python's min(xs) of many",
    "no_grad": "nothing is differentiated before backward(); v.data is the plain number",
    "pow": "autodiff.power(x, y), or x ** y",
    "prod": "functools.reduce(operator.mul, xs), or numpy.prod of an array of Values",
    "round": "autodiff.rint(x)",
    "softmax": "e / autodiff.total(e) with e = autodiff.exp(numpy.array(xs) - max(xs))",
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
