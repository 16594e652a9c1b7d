"""The mathematical functions, on any kind of number.

`sin(x)` computes in the package that `x` comes from (see `kinds.py`): `math`, NumPy, mpmath, SymPy,
an array's own namespace; a `Value` is recorded. The names are NumPy's. A body below is what is done
where a package has no such function. No derivative stands here: they stand in `value.py`.

A body has its parameters, literal numbers, operators, `abs`, `choose`, `number_like`, `half` and
the functions of this file, and nothing else: it has to run on arrays of every library and as the
text of a program, where no other name is known. What needs more (`power`, `ieee_log`, `polygamma`)
is computed by every backend in a way of its own.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Iterable
from typing import Any

from autodiff.kinds import (
    Number,
    by_kind,
    choose,
    everywhere,
    number_like,
    package_of,
    real_or_nan,
    scipy_special,
    where,
)

__all__ = [
    "absolute", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "cbrt",
    "ceil", "clip", "copysign", "cos", "cosh", "degrees", "digamma", "dot", "erf", "erfc", "exp",
    "exp2", "expm1", "floor", "heaviside", "hypot", "lgamma", "log", "log10", "log1p", "log2",
    "logaddexp", "maximum", "minimum", "polygamma", "power", "radians", "reciprocal", "relu",
    "rint", "sech", "sigmoid", "sign", "sin", "sinh", "softplus", "sqrt", "square", "tan", "tanh",
    "total", "trunc", "where",
]  # fmt: skip

# ---- Branches ---------------------------------------------------------------------------------


@by_kind
def maximum(a: Number, b: Number) -> Number:
    """Return the larger of two numbers; nan if one is nan. At a tie both get half the derivative.

    >>> maximum(1.0, 2.0)
    2.0
    """
    return choose(a > b, a, choose(b >= a, b, a + b))


@by_kind
def minimum(a: Number, b: Number) -> Number:
    """Return the smaller of two numbers; nan if one is nan. At a tie both get half the derivative.

    >>> minimum(1.0, 2.0)
    1.0
    """
    return choose(a < b, a, choose(b <= a, b, a + b))


@by_kind
def clip(x: Number, lower: Number, upper: Number) -> Number:
    """Return `x` moved into the interval from `lower` to `upper`. The bounds are inside.

    One of the bounds may be None: there is none then.

    >>> clip(7.0, 0.0, 5.0), clip(7.0, None, 5.0)
    (5.0, 5.0)
    """
    if lower is None:
        return choose(x > upper, upper, x)
    if upper is None:
        return choose(x < lower, lower, x)
    if (lower > upper) is True:
        raise ValueError(f"clip: the lower bound {lower} is above the upper bound {upper}")
    return minimum(maximum(x, lower), upper)


@by_kind
def relu(x: Number) -> Number:
    """Return `x` where it is positive and 0 elsewhere; nan for nan. The derivative at 0 is 0.

    >>> relu(3.0), relu(-3.0)
    (3.0, 0.0)
    """
    return choose(x <= 0, number_like(x, 0), x)


@by_kind
def undefined(x: Number) -> Number:
    """Return nan for nan, as do all of its derivatives: what a branch gives that nan falls into."""
    return x - x


@by_kind
def sign(x: Number) -> Number:
    """Return 1, 0 or -1: the sign of x. Its derivative is 0.

    >>> sign(-2.5)
    -1.0
    """
    return choose(x > 0, number_like(x, 1), choose(x < 0, number_like(x, -1), x))


@by_kind
def heaviside(x: Number, at_zero: Number) -> Number:
    """Return the step function: 0 for negative `x`, `at_zero` for 0, 1 for positive `x`.

    >>> heaviside(2.0, 0.5)
    1.0
    """
    at_rest = choose(x == x, at_zero, x)
    return choose(x > 0, number_like(x, 1), choose(x < 0, number_like(x, 0), at_rest))


@by_kind
def copysign(x: Number, y: Number) -> Number:
    """Return the size of `x` with the sign of `y`.

    >>> copysign(3.0, -0.0)
    -3.0
    """
    return choose(y < 0, -abs(x), abs(x))


@everywhere
def floor(x: Number) -> Number:
    """Return the largest whole number that is not above `x`. Its derivative is 0.

    >>> floor(-2.5)
    -3
    """


@everywhere
def ceil(x: Number) -> Number:
    """Return the smallest whole number that is not below `x`. Its derivative is 0.

    >>> ceil(-2.5)
    -2
    """


@by_kind
def trunc(x: Number) -> Number:
    """Return the whole number next to `x` towards 0. Its derivative is 0.

    >>> trunc(-2.5)
    -2
    """
    return choose(x < 0, ceil(x), floor(x))


@by_kind
def rint(x: Number) -> Number:
    """Return the nearest whole number, of two the even one. Its derivative is 0.

    >>> rint(2.5), rint(-0.7)
    (2, -1)
    """
    low = floor(x)
    beyond = x - low
    return choose(beyond > 0.5, low + 1, choose(beyond < 0.5, low, low + low % 2))


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


@by_kind
def absolute(x: Number) -> Number:
    """Return the size of `x`, as Python's `abs` does. The derivative at 0 is 0.

    >>> absolute(-2.5)
    2.5
    """
    return abs(x)


# ---- Powers and roots -------------------------------------------------------------------------


@by_kind
def power(x: Number, y: Number) -> Number:
    """Return `x` to the power `y` by the rules of IEEE 754: infinite or nan where `**` raises.

    Derivatives are written with it, for they may be infinite where the function is finite.

    >>> power(0.0, -1), power(-8.0, 0.5), power(2.0, 3)
    (inf, nan, 8.0)
    """
    try:
        value = 1 / x if y == -1 else x**y
    except (ZeroDivisionError, OverflowError):
        if x < 0 and y % 1 != 0:
            return math.nan
        return math.copysign(math.inf, x) if y % 2 == 1 else math.inf
    return real_or_nan(value)


@everywhere
def sqrt(x: Number) -> Number:
    """Return the square root of `x`. The derivative at 0 is inf.

    >>> sqrt(9.0)
    3.0
    """


@by_kind
def cbrt(x: Number) -> Number:
    """Return the real cube root of `x`. The derivative at 0 is inf.

    >>> cbrt(-8.0)
    -2.0
    """
    return sign(x) * abs(x) ** (number_like(x, 1) / 3)


@by_kind
def square(x: Number) -> Number:
    """Return `x` times itself.

    >>> square(3.0)
    9.0
    """
    return x * x


@by_kind
def reciprocal(x: Number) -> Number:
    """Return one over `x`.

    >>> reciprocal(4.0)
    0.25
    """
    return 1 / x


@by_kind
def hypot(a: Number, b: Number) -> Number:
    """Return the length of the hypotenuse over `a` and `b`. Both derivatives at (0, 0) are 0.

    >>> hypot(3.0, 4.0)
    5.0
    """
    return sqrt(a * a + b * b)


@by_kind
def direction(a: Number, b: Number, length: Number) -> Number:
    """Return a / length, where length is hypot(a, b); 0 at (0, 0).

    Its derivatives are exact where one side is tiny; `b` and `length` count for them together.
    """
    return a / choose(length == 0, 1, length)


@by_kind
def one_minus_square(x: Number) -> Number:
    """Return 1 - x * x, exact near 1 too; so is its derivative, at 0 and at 1."""
    return (1 - x) * (1 + x)


# ---- Exponentials and logarithms --------------------------------------------------------------


@everywhere
def exp(x: Number) -> Number:
    """Return e to the power `x`.

    >>> exp(1.0)
    2.718281828459045
    """


@by_kind
def exp2(x: Number) -> Number:
    """Return 2 to the power `x`.

    >>> exp2(3.0)
    8.0
    """
    return number_like(x, 2) ** x


@by_kind
def expm1(x: Number) -> Number:
    """Return e to the power `x`, less 1, exact for small `x` too.

    >>> expm1(1e-20)
    1e-20
    """
    return exp(x) - 1


@everywhere
def log(x: Number) -> Number:
    """Return the natural logarithm of `x`.

    >>> log(1.0)
    0.0
    """


@by_kind
def ieee_log(x: Number) -> Number:
    """Return the logarithm by the rules of IEEE 754: -inf at 0, nan below, where `log` raises."""
    if x > 0:
        return log(x)
    return -math.inf if x == 0 else math.nan


@by_kind
def log1p(x: Number) -> Number:
    """Return the natural logarithm of 1 + `x`, exact for small `x` too.

    >>> log1p(1e-20)
    1e-20
    """
    return log(1 + x)


@by_kind
def log2(x: Number) -> Number:
    """Return the logarithm of `x` to base 2.

    >>> log2(8.0)
    3.0
    """
    return log(x) / log(number_like(x, 2))


@by_kind
def log10(x: Number) -> Number:
    """Return the logarithm of `x` to base 10.

    >>> log10(1000.0)
    3.0
    """
    return log(x) / log(number_like(x, 10))


@by_kind
def logaddexp(a: Number, b: Number) -> Number:
    """Return log(exp(a) + exp(b)) without overflow.

    >>> logaddexp(1000.0, 1000.0)
    1000.6931471805599
    """
    distance = choose(a == b, 0, abs(a - b))  # inf - inf is nan
    return maximum(a, b) + log1p(exp(-distance))


@by_kind
def softplus(x: Number) -> Number:
    """Return log(1 + exp(x)) without overflow: a smooth relu.

    >>> softplus(1000.0)
    1000.0
    """
    return maximum(x, 0) + log1p(exp(-abs(x)))


@by_kind
def sigmoid(x: Number) -> Number:
    """Return the logistic function 1 / (1 + exp(-x)) without overflow.

    >>> sigmoid(0.0), sigmoid(-1000.0)
    (0.5, 0.0)
    """
    e = exp(-abs(x))
    return choose(x >= 0, 1, e) / (1 + e)


# ---- Trigonometry and hyperbolic functions ----------------------------------------------------


def pi(x: Number) -> Number:
    """Return pi in the kind of `x`, to its precision."""
    return arccos(number_like(x, -1))


@everywhere
def sin(x: Number) -> Number:
    """Return the sine of `x` radians.

    >>> sin(0.0)
    0.0
    """


@everywhere
def cos(x: Number) -> Number:
    """Return the cosine of `x` radians.

    >>> cos(0.0)
    1.0
    """


@everywhere
def tan(x: Number) -> Number:
    """Return the tangent of `x` radians.

    >>> tan(0.0)
    0.0
    """


@everywhere
def arcsin(x: Number) -> Number:
    """Return the angle in radians whose sine is `x`.

    >>> arcsin(0.0)
    0.0
    """


@everywhere
def arccos(x: Number) -> Number:
    """Return the angle in radians whose cosine is `x`.

    >>> arccos(1.0)
    0.0
    """


@everywhere
def arctan(x: Number) -> Number:
    """Return the angle in radians whose tangent is `x`.

    >>> arctan(0.0)
    0.0
    """


@everywhere
def arctan2(y: Number, x: Number) -> Number:
    """Return the angle in radians of the point (`x`, `y`). Both derivatives at (0, 0) are nan.

    >>> arctan2(1.0, 0.0)
    1.5707963267948966
    """


@everywhere
def sinh(x: Number) -> Number:
    """Return the hyperbolic sine of `x`.

    >>> sinh(0.0)
    0.0
    """


@everywhere
def cosh(x: Number) -> Number:
    """Return the hyperbolic cosine of `x`.

    >>> cosh(0.0)
    1.0
    """


@everywhere
def tanh(x: Number) -> Number:
    """Return the hyperbolic tangent of `x`.

    >>> tanh(1000.0)
    1.0
    """


@by_kind
def sech(x: Number) -> Number:
    """Return the hyperbolic secant 1 / cosh(x) without overflow.

    >>> sech(0.0), sech(1000.0)
    (1.0, 0.0)
    """
    e = exp(-abs(x))
    return 2 * e / (1 + e * e)


@everywhere
def arcsinh(x: Number) -> Number:
    """Return the number whose hyperbolic sine is `x`.

    >>> arcsinh(0.0)
    0.0
    """


@everywhere
def arccosh(x: Number) -> Number:
    """Return the number whose hyperbolic cosine is `x`.

    >>> arccosh(1.0)
    0.0
    """


@everywhere
def arctanh(x: Number) -> Number:
    """Return the number whose hyperbolic tangent is `x`.

    >>> arctanh(0.0)
    0.0
    """


@by_kind
def degrees(x: Number) -> Number:
    """Return the angle of `x` radians in degrees.

    >>> degrees(0.0)
    0.0
    """
    return x * (180 / pi(x))


@by_kind
def radians(x: Number) -> Number:
    """Return the angle of `x` degrees in radians.

    >>> radians(0.0)
    0.0
    """
    return x * (pi(x) / 180)


# ---- Special functions ------------------------------------------------------------------------


@everywhere
def erf(x: Number) -> Number:
    """Return the error function of `x`.

    >>> erf(0.0)
    0.0
    """


@everywhere
def erfc(x: Number) -> Number:
    """Return 1 - erf(x), exact for large `x` too.

    >>> erfc(0.0)
    1.0
    """


@everywhere
def lgamma(x: Number) -> Number:
    """Return the logarithm of the absolute value of the gamma function of `x`.

    The derivative, `digamma`, of plain numbers comes from SciPy (the extra `scipy`).

    >>> lgamma(1.0)
    0.0
    """


@by_kind
def polygamma(n: Number, x: Number) -> Number:
    """Return the derivative of order `n` + 1 of lgamma (plain numbers: the extra `scipy`).

    >>> round(polygamma(1, 1.0), 12)  # pi ** 2 / 6
    1.644934066848
    """
    return float(scipy_special().polygamma(n, float(x)))


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


def _leading_class(operands: Iterable[Any]) -> Any:
    """Return the type that records, if one of the operands is of such a type."""
    return next((type(x) for x in operands if package_of(type(x)) == "autodiff"), None)


def _numbers(values: Iterable[Number], wanted: str) -> list[Number]:
    """List numbers; refuse what `+` and `*` would join, repeat or take for a matrix."""
    listed = list(values)
    for x in listed:
        if hasattr(x, "__len__") and getattr(x, "shape", None) != ():
            raise TypeError(f"{wanted}, and got {x!r} of type {type(x).__name__} among them")
    return listed


def total(values: Iterable[Number]) -> Number:
    """Add up numbers, from left to right as `+` would. Of Values it records a single node.

    Parameters
    ----------
    values : iterable of number
        Any kind of real numbers or Values; of an array all elements, as `numpy.sum` takes them.

    Returns
    -------
    number
        The sum; 0 for no values.

    Raises
    ------
    TypeError
        If there is something else than numbers: rows of a matrix, the keys of a dict.

    Examples
    --------
    >>> total([1.0, 2.0, 3.5])
    6.5
    """
    flat = getattr(values, "flat", values)
    operands = _numbers(flat, "total adds up numbers, or all those of one NumPy array")
    recorder = _leading_class(operands)
    if recorder is not None:
        return recorder.total(*operands)
    return functools.reduce(operator.add, operands) if operands else 0


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
    xs, ys = _numbers(xs, wanted), _numbers(ys, wanted)
    if len(xs) != len(ys):
        raise ValueError(f"dot takes as many xs as ys, and got {len(xs)} and {len(ys)}")
    recorder = _leading_class(xs + ys)
    if recorder is not None:
        return recorder.dot(*xs, *ys)
    return total(map(operator.mul, xs, ys))
