"""autodiff: a scalar automatic-differentiation engine.

    >>> from autodiff import Value
    >>> weight = Value(0.5, "weight")
    >>> error = (0.5 * weight - 0.8) ** 2
    >>> error.backward()
    >>> weight.grad
    -0.55

A `Value` is a number that remembers how it was computed. `grad`, `jacobian`, `hessian`, `jvp` and
`hvp` differentiate functions; `operation` makes an operation from its value and its derivative;
`autodiff.sin` and its like work on Values and on plain numbers of every kind.
"""

from autodiff import functions
from autodiff.derivatives import derivative, grad, hessian, hvp, jacobian, jvp, value_and_grad
from autodiff.functions import *  # noqa: F403
from autodiff.value import Value, operation

__all__ = [
    "Value",
    "derivative",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "operation",
    "value_and_grad",
]
__all__ += functions.__all__

__version__ = "0.1.0"
