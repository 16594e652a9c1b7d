"""What rounding does to a computed number: how far it can move it, and what it is with more digits.

A right formula may lose all of its digits: 1 - tanh(x)**2 at 20 is 0 in floats. `error_bound`
follows the rounding of every operation along the graph of a computation. `with_more_digits` makes
numbers for which the same computation, repeated, tells rounding from a mistake.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import math
import statistics
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any, NamedTuple

from autodiff.derivatives import grad
from autodiff.graph import CONSTANT, topological_order
from autodiff.kinds import Number, plain
from autodiff.rows import row_of
from autodiff.value import Value

EPSILON = math.ulp(1.0)
SMALLEST = sys.float_info.min  # below, floats have fewer digits

_OPERATION = 8  # of the last digits, that the functions of a package may be wrong by
_DIFFERENCES = 6  # of which order they are taken to be rounding alone
_WAYS = (2.0**-14, 2.0**-8)  # on the longer one a result that has few digits left scatters too
_BITS = (200, 1000, 8000)  # of the numbers with more digits


class Computed(NamedTuple):
    """A number, and how far rounding may have moved it."""

    number: Number
    bound: Number


def as_float(x: Any) -> float:
    """Return a number of any kind as a float; nan where that cannot be."""
    try:
        return float(x)
    except (ArithmeticError, TypeError, ValueError):
        return math.nan


# ---- The running analysis ---------------------------------------------------------------------


def error_bound(result: Any) -> Number:
    """Return how far rounding may have moved a number, by the graph that computed it.

    An error analysis to first order: every operation is off by a few of its last digits, and passes
    on what its operands are off by, times its local derivatives (S. Linnainmaa, "Taylor expansion
    of the accumulated rounding error", BIT 16 (1976) 146-160). The variables are exact.

    >>> x = Value(20.0)
    >>> error_bound(1 - (1 - x / 1e9)) > 1e-16  # of 2e-8: eight digits are gone
    True
    """
    if not isinstance(result, Value):
        return _constant_error(result)
    errors: dict[Value, Number] = {}
    for node in reversed(topological_order(result)):
        if node.operands:
            passed = [
                abs(partial) * errors[operand]
                for operand, partial in zip(node.operands, node.partials, strict=True)
                if partial is not None and errors[operand]  # an infinite partial of an exact number
            ]
            errors[node] = sum(passed, _OPERATION * _last_digit(node.data))
            errors[node] += _error_by_constants(node)
        else:
            errors[node] = 0
    bound = errors[result]
    return bound if bound == bound else math.inf


def _last_digit(x: Number) -> Number:
    """Return the size of the last digit of a number; 0 for an exact one."""
    if isinstance(x, int | Fraction):
        return 0
    if hasattr(x, "context"):  # mpmath's numbers have no smallest one
        return x.context.eps * abs(x)
    if hasattr(x, "dtype"):
        import numpy

        info = numpy.finfo(x.dtype) if x.dtype.kind == "f" else None
        return float(info.eps) * max(abs(float(x)), float(info.tiny)) if info else 0
    return EPSILON * max(abs(float(x)), SMALLEST)


def _constant_error(x: Number) -> Number:
    """Return how far a constant is from what was meant: 0.1 is not 1/10, and 0.5 is 1/2."""
    is_float = isinstance(x, float) and math.isfinite(x)
    return 0 if is_float and Fraction(repr(float(x))) == Fraction(x) else _last_digit(x)


def with_bound(result: Any) -> Computed:
    """Return a computed number, and how far rounding may have moved it."""
    return Computed(plain(result), error_bound(result))


def derivative_with_bound(f: Callable[[Any], Any], x: Number) -> Computed:
    """Return autodiff's derivative of `f` at `x`, and how far rounding may have moved it.

    The sweep is recorded too, and analysed.
    """
    return with_bound(grad(f)(Value(x)))


def _error_by_constants(node: Value) -> Number:
    """Return how far an operation is off because its constants are no more exact than floats.

    A graph has no derivative in a constant, so it is computed here.
    """
    numbers = [operand.data for operand in node.operands]
    constants = [i for i, operand in enumerate(node.operands) if operand.operation == CONSTANT]
    off = {i: error for i in constants if (error := _constant_error(numbers[i]))}
    if not off:
        return 0
    row = row_of(node.operation)
    partials: Any = {i: node.data / numbers[i] for i in off}  # a person's own: as of a product
    if row is not None:
        partials = row.partials(*numbers, node.data)
    return sum(abs(partials[i]) * error for i, error in off.items() if partials[i] is not None)


# ---- More digits ------------------------------------------------------------------------------


def with_more_digits() -> Iterator[Callable[[Number], Number]]:
    """Yield functions that make numbers of more and more digits; none where mpmath is missing."""
    with contextlib.suppress(ImportError):
        for bits in _BITS:
            yield functools.partial(_converted, _context(bits))


@functools.cache
def _context(bits: int) -> Any:
    import mpmath

    context = mpmath.MPContext()
    context.prec = bits
    return context


def _converted(context: Any, x: Number) -> Number:
    if isinstance(x, int | Fraction):
        return context.mpf(x.numerator) / x.denominator
    return context.mpf(x if hasattr(x, "_mpf_") else float(x))


# ---- Numbers alone ----------------------------------------------------------------------------


def noise(f: Callable[[float], Number], x: float) -> float:
    """Return how far rounding moves a function that only computes on floats.

    The differences of high order of a smooth function vanish over a short way, and those of its
    rounding do not (J. J. More, S. M. Wild, "Estimating computational noise", SIAM Journal on
    Scientific Computing 33 (2011) 1292-1314).

    >>> 1e-17 < noise(lambda x: 1 - math.tanh(x) ** 2, 10.0) < 1e-15
    True
    """
    last_digit = EPSILON * abs(float(f(x)))
    return max(
        last_digit, *[_scatter(f, x, way * max(abs(x), SMALLEST / EPSILON)) for way in _WAYS]
    )


def _scatter(f: Callable[[float], Number], x: float, step: float) -> float:
    """Return the size of the rounding that the differences of high order are made of."""
    half = _DIFFERENCES + 1
    values = [float(f(x + k * step)) for k in range(-half, half + 1)]
    for _ in range(_DIFFERENCES):
        values = [b - a for a, b in itertools.pairwise(values)]
    gain = math.sqrt(math.comb(2 * _DIFFERENCES, _DIFFERENCES))
    return statistics.fmean(map(abs, values)) / gain
