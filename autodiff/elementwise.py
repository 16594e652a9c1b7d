"""The derivative of a function of one number, of any order, at one point or at all of an array."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from autodiff.arrays import as_numbers, is_array
from autodiff.derivatives import grad
from autodiff.program import trace
from autodiff.program.tracing import caught
from autodiff.structures import stacked


def derivative(f: Callable[..., Any], order: int = 1) -> Callable[..., Any]:
    """Return the derivative of `f` in its first argument, of any order.

    Parameters
    ----------
    f : callable
        A function of a number whose result is a number.
    order : int
        How often to differentiate; 0 gives `f` itself.

    Returns
    -------
    callable
        Takes the arguments of `f`; returns the derivative. Of an array it is taken element by
        element, as a program over all of them where no element takes a branch of its own: there
        arithmetic is that of arrays, infinite or nan where a float raises.

    Raises
    ------
    ValueError
        If `order` is not a whole number from 0 upwards.

    Examples
    --------
    >>> import numpy as np
    >>> derivative(lambda x: x**3, order=2)(5.0)
    30.0
    >>> derivative(lambda x: x**3)(np.array([1.0, 2.0]))
    array([ 3., 12.])
    """
    if not isinstance(order, int) or order < 0:
        raise ValueError(f"order is a whole number from 0 upwards, and {order!r} is not")
    at_one: Callable[..., Any] = functools.reduce(lambda inner, _: grad(inner), range(order), f)

    def evaluate(x: Any, *args: Any, **keywords: Any) -> Any:
        if not is_array(x) or x.shape == ():
            return at_one(x, *args, **keywords)

        def of_one(number: Any) -> Any:
            return at_one(number, *args, **keywords)

        return _at_all(of_one, as_numbers(x, "x"), together=not caught(f))

    return evaluate


def _at_all(f: Callable[[Any], Any], xs: Any, *, together: bool) -> Any:
    """Compute a function of one number at every element of an array."""
    numbers = xs.reshape(-1).tolist()
    if together and numbers and xs.dtype != object:
        try:
            return trace(f, numbers[0])(xs)
        except (TypeError, ValueError, ArithmeticError):
            pass  # a branch, or what a program cannot record: each element by itself
    return stacked([f(number) for number in numbers], tuple(xs.shape))
