"""Derivatives by numbers alone: a referee that knows no rule of differentiation.

`numerical_derivative` calls a function at nearby numbers and nothing else: by central differences,
extrapolated to step 0 with an error estimate, and by the complex step where the function computes
on complex numbers too.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable
from typing import Any, NamedTuple

from autodiff.checking.rounding import EPSILON, SMALLEST
from autodiff.checking.wrapped import Wrapped, forwarded, unwrapped
from autodiff.kinds import Number
from autodiff.packages import Package


class Estimate(NamedTuple):
    """A numerical derivative, how far off it may be, and how it was found."""

    derivative: float
    error: float
    method: str


NO_ESTIMATE = Estimate(math.nan, math.inf, "none")


def numerical_derivative(f: Callable[[Any], Any], x: float, rounding: float = 0.0) -> Estimate:
    """Differentiate a function of one number by calling it nearby.

    Parameters
    ----------
    f : callable
        Takes a float. Where it also computes on complex numbers, the complex step is taken, which
        has no cancellation; it has to lie within the error estimate of the differences.
    x : float
        Where.
    rounding : float
        How far rounding may have moved `f(x)`, if by more than its last digit.

    Returns
    -------
    Estimate
        `derivative`, `error` (an estimate of its absolute error) and `method`: "complex step",
        "differences" or, where `f` fails near `x`, "none".

    Examples
    --------
    >>> numerical_derivative(lambda x: x**3, 2.0)
    Estimate(derivative=12.0, error=2.1316282072803006e-14, method='complex step')
    """
    by_differences = _by_differences(f, x, rounding)
    second = _by_complex_step(f, x)
    if second.method == "none":
        # a small step is less exact, but sees less of what is around
        second = _ridders(f, x, (abs(x) or 1.0) / 1e3, rounding)
    distance = abs(second.derivative - by_differences.derivative)
    if distance <= 10 * (by_differences.error + second.error) < math.inf:
        return second if second.method == "complex step" else by_differences
    if math.isnan(distance):
        return by_differences
    # They contradict each other: a step may have gone over a pole or a jump.
    return by_differences._replace(error=max(by_differences.error, distance))


# ---- Central differences ----------------------------------------------------------------------

_SHRINK = 1.4  # from one step to the next
_ROWS = 10


def _by_differences(f: Callable[[float], Any], x: float, rounding: float) -> Estimate:
    """Extrapolate from several first steps, until one gives nine digits; return the best."""
    best = NO_ESTIMATE
    wide = max(abs(x), 1.0)
    narrow = abs(x) or 1.0
    for step in sorted(
        {wide / 10, narrow / 10, wide / 1e3, narrow / 1e3, wide / 1e5}, reverse=True
    ):
        estimate = _ridders(f, x, step, rounding)
        if estimate.error < best.error:
            best = estimate
        if best.error <= 1e-9 * abs(best.derivative):
            break
    return best


def _ridders(f: Callable[[float], Any], x: float, step: float, rounding: float) -> Estimate:
    """Extrapolate central differences to step 0.

    C. J. F. Ridders, "Accurate computation of F'(x) and F'(x) F''(x)", Advances in Engineering
    Software 4 (1982) 75-76: each new row of Neville's table cancels one more power of the step, and
    the distance to its neighbours in the table estimates the error.
    """
    best = NO_ESTIMATE
    above: list[float] = []
    for _ in range(_ROWS):
        try:
            high, low = float(f(x + step)), float(f(x - step))
            row = [(high - low) / ((x + step) - (x - step))]
        except (ArithmeticError, TypeError, ValueError):  # too far out: a nearer step may do
            return NO_ESTIMATE
        lost = max(EPSILON * max(abs(high), abs(low), SMALLEST), rounding) / step
        power = _SHRINK**2
        for left, upper in zip(list(above), above, strict=True):
            row.append(row[-1] + (row[-1] - upper) / (power - 1))
            power *= _SHRINK**2
            error = max(abs(row[-1] - row[-2]), abs(row[-1] - left)) + lost
            if error <= best.error:
                best = Estimate(row[-1], error, "differences")
        if above and abs(row[-1] - above[-1]) >= 2 * best.error:
            break  # from here on, rounding grows faster than the extrapolation gains
        above = row
        step /= _SHRINK
    return best


# ---- The complex step -------------------------------------------------------------------------

_IMAGINARY_STEP = 2.0**-100


def _by_complex_step(f: Callable[[Any], Any], x: float) -> Estimate:
    """Take the derivative from the imaginary part of f(x + ih): no difference, no cancellation.

    W. Squire, G. Trapp, "Using complex variables to estimate derivatives of real functions", SIAM
    Review 40 (1998) 110-112.
    """
    step = _IMAGINARY_STEP * max(abs(x), 2.0**-900)  # so that it does not underflow
    try:
        value = float(f(x))
        z = complex(unwrapped(f(ComplexNumber(complex(x, step)))))
    except Exception:  # whatever a function may raise that is not made for such a number
        return NO_ESTIMATE
    if not abs(z.real - value) <= 1e-9 * abs(value):  # it left the real branch, or is no number
        return NO_ESTIMATE
    derivative = z.imag / step
    error = EPSILON * (8 * abs(derivative) + SMALLEST / step)
    return Estimate(derivative, error, "complex step")


class ComplexNumber(Wrapped):
    """A complex number that takes the branches of its real part; `f(x + ih)` is computed with it.

    autodiff's functions find their like here, as they do for every kind of number. What has no like
    and no complex meaning raises `TypeError`.
    """

    __slots__ = ()

    def answer(self, symbol: str, a: Number, b: Number) -> Any:
        """Compare the real parts."""
        return super().answer(symbol, a.real, b.real)

    __abs__ = forwarded(lambda z: -z if z.real < 0 else z)  # not the modulus: it has to be smooth

    @staticmethod
    def function(name: str) -> Callable[..., Any] | None:
        """Return what `cmath` has by this name, as packages spell it."""
        return _CMATH.function(name, 0j)


_CMATH = Package(spaces=lambda z: [cmath], whole=lambda z, n: complex(n))
