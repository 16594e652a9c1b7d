"""The mathematical functions, on any kind of number.

`sin(x)` computes in the package that `x` comes from (see `kinds`): `math`, NumPy, mpmath, SymPy, an
array's own namespace; a `Value` is recorded. Most are rows of the table in `operations`, where the
derivatives stand too; here stand those that no row is needed for.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from autodiff import operations
from autodiff.kinds import Number, plain
from autodiff.kinds import where as where
from autodiff.operations import *  # noqa: F403
from autodiff.operations import maximum, polygamma
from autodiff.rows import TABLE, computed, numbers

OF_MANY = {"dot", "softmax"} | {name for name in operations.NAMES if not TABLE[name].parameters}
OWN = ["absolute", "clip", "digamma", "dot", "softmax", "where"]  # that no row stands for
NAMES = sorted([*operations.NAMES, *OWN])
if not TYPE_CHECKING:  # type checkers take all names of this file
    __all__ = NAMES

# ---- What is true of numbers ------------------------------------------------------------------


def isnan(x: Number) -> Any:
    """Return whether `x` is nan.

    Examples
    --------
    >>> isnan(float("nan")), isnan(1.0)
    (True, False)
    """
    return x != x


def isinf(x: Number) -> Any:
    """Return whether `x` is infinite.

    Examples
    --------
    >>> isinf(-float("inf")), isinf(1.0)
    (True, False)
    """
    return abs(x) == math.inf


def isfinite(x: Number) -> Any:
    """Return whether `x` is neither infinite nor nan.

    Examples
    --------
    >>> isfinite(1.0), isfinite(float("nan"))
    (True, False)
    """
    return abs(x) < math.inf


def isclose(a: Number, b: Number, *, rel_tol: float = 1e-9, abs_tol: float = 0.0) -> Any:
    """Return whether two numbers are close, as `math.isclose` has it.

    Parameters
    ----------
    a, b : number
        Any kind of real number, or a `Value`.
    rel_tol : float
        The largest difference, as a share of the larger of the two sizes.
    abs_tol : float
        The largest difference where that is larger.

    Returns
    -------
    bool
        Of Values, a Value of True or False.

    Examples
    --------
    >>> isclose(1.0, 1.0 + 1e-12), isclose(1.0, 1.1)
    (True, False)
    """
    if a == b:  # of two infinities there is no difference
        return a == b
    allowed = maximum(rel_tol * maximum(abs(a), abs(b)), abs_tol)
    return isfinite(a - b) & (abs(a - b) <= allowed)


def clip(x: Number, lower: Number | None, upper: Number | None) -> Number:
    """Return `x` moved into the interval from `lower` to `upper`. The bounds are inside.

    Parameters
    ----------
    x : number
        Any kind of real number, a `Value`, or an array of them.
    lower, upper : number or None
        The bounds; None is no bound.

    Returns
    -------
    number
        Of the kind of `x`.

    Raises
    ------
    ValueError
        If the lower bound is above the upper one.

    Examples
    --------
    >>> clip(7.0, 0.0, 5.0), clip(7.0, None, 5.0)
    (5.0, 5.0)
    """
    if lower is None:
        return x if upper is None else where(x > upper, upper, x)
    if upper is None:
        return where(x < lower, lower, x)
    return operations.two_sided_clip(x, lower, upper)


def absolute(x: Number) -> Number:
    """Return the size of `x`, as Python's `abs` does. The derivative at 0 is 0.

    Parameters
    ----------
    x : number
        Any kind of real number, a `Value`, or an array of them.

    Returns
    -------
    number
        Of the kind of `x`.

    Examples
    --------
    >>> absolute(-2.5)
    2.5
    """
    return abs(x)


# ---- Special functions ------------------------------------------------------------------------


def digamma(x: Number) -> Number:
    """Return the derivative of lgamma (plain numbers: the extra `scipy`).

    Parameters
    ----------
    x : number
        Any kind of real number, a `Value`, or an array of them.

    Returns
    -------
    number
        Of the kind that the package of `x` gives.

    Examples
    --------
    >>> round(digamma(1.0), 12)  # minus Euler's constant
    -0.577215664902
    """
    return polygamma(0, x)


# ---- Many operands ----------------------------------------------------------------------------


def dot(xs: Iterable[Number], ys: Iterable[Number]) -> Number:
    """Multiply pairs of numbers and add up, from left to right. Of Values it is a single node.

    The scalar product of two vectors. A product of matrices is `A @ x`, of NumPy arrays.

    Parameters
    ----------
    xs, ys : iterable of number
        As many of one as of the other.

    Returns
    -------
    number
        The sum of the products; 0 for no numbers.

    Raises
    ------
    ValueError
        If there are more of one than of the other.
    TypeError
        If there is something else than numbers in them, such as the rows of a matrix.

    Examples
    --------
    >>> dot([1.0, 2.0], [3.0, 4.0])
    11.0
    """
    wanted = "dot takes two vectors of numbers (a product of matrices is A @ x, of NumPy arrays)"
    xs, ys = numbers(xs, wanted), numbers(ys, wanted)
    if len(xs) != len(ys):
        raise ValueError(f"dot takes as many xs as ys, and got {len(xs)} and {len(ys)}")
    return computed("dot", xs + ys)


def softmax(values: Iterable[Number]) -> list[Number]:
    """Return exp(x) over the sum of all exp(x), for each number, without overflow.

    Parameters
    ----------
    values : iterable of number
        Any kind of real numbers or Values; of an array all elements.

    Returns
    -------
    list of number
        As many numbers, whose sum is 1.

    Examples
    --------
    >>> softmax([1000.0, 1000.0])
    [0.5, 0.5]
    """
    listed = numbers(getattr(values, "flat", values), "softmax takes numbers")
    shift = functools.reduce(maximum, map(plain, listed)) if listed else 0
    return operations.weights(listed, shift)
