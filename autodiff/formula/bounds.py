"""What one operation of a formula may cost: no number and no text takes more than a moment.

Takes an operation of the table and its operands; gives the result, or raises before anything is
computed that would be too much. What it costs is spent by `limit`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Rational
from typing import Any

from autodiff.formula.limit import spend
from autodiff.formula.symbolic import check_sizes, coefficient
from autodiff.kinds import package_of, plain
from autodiff.rows import COMPARISON, SIGN, TABLE, computed

_GAMMA = ("lgamma", "polygamma")
_SPECIAL = ("erf", "erfc", *_GAMMA)
_SPECIAL_BITS = 1_000  # to which mpmath computes them: with a few thousand more it takes a second
_CALLS = 10  # that one operation takes on floats, with the derivatives of it
_LARGEST_STEPS = 1_000  # down from 0 for the derivatives of the gamma function
MAX_BITS = 10_000  # of an exact number that is computed on the way


def bounded(operation: str, operands: list[Any]) -> Any:
    """Compute one operation, with no exact number larger than the bound."""
    numbers = list(map(plain, operands))
    spend(_calls(operation, numbers))
    if operation in ("**", "power"):
        _check_power(*numbers)
    elif operation == "exp2":
        _check_power(2, *numbers)
    elif operation in _SPECIAL:
        _check_special(operation, *numbers)
    if "sympy" in map(package_of, map(type, numbers)):
        if operation in ("==", "!="):
            raise TypeError("whether two formulas are equal cannot be told from their form")
        check_sizes(operation, numbers)
    result = computed(operation, operands)
    if _bits(coefficient(plain(result))) > MAX_BITS:
        raise OverflowError(f"a number of more than {MAX_BITS} bits")
    return result


def _calls(operation: str, numbers: Sequence[Any]) -> int:
    """Return as how many calls an operation counts, with its derivatives: as they take, roughly."""
    bits = _digits(numbers)
    if operation in _GAMMA:
        return 8 * _CALLS + bits * bits // 50 + 15 * bits
    if operation in _SPECIAL:
        return _CALLS + bits * bits // 150
    is_arithmetic = COMPARISON <= TABLE[operation].binding <= SIGN
    return _CALLS + bits * bits // (100_000 if is_arithmetic else 3_000)


def _digits(numbers: Sequence[Any]) -> int:
    """Return with how many bits mpmath computes a function of numbers; 0 if none is of mpmath."""
    contexts = [type(x).context for x in numbers if hasattr(type(x), "context")]
    if not contexts:
        return 0
    sizes = [size for size in map(contexts[0].mag, numbers) if 0 < size < math.inf]
    return int(contexts[0].prec + 16 * max(sizes, default=0))


def _bits(x: Any) -> int:
    if not isinstance(x, Rational):
        return 0
    return int(x.numerator).bit_length() + int(x.denominator).bit_length()


def _check_power(base: Any, exponent: Any) -> None:
    """Refuse a power that would have too many digits to be computed."""
    exact = isinstance(base, Rational) and isinstance(exponent, Rational)
    if exact and base not in (-1, 0, 1) and _bits(base) * abs(exponent) > 2 * MAX_BITS:
        raise OverflowError(f"the power would have more than {MAX_BITS} bits")


def _check_special(operation: str, *operands: Any) -> None:
    """Refuse what SciPy cannot take or steps up from one by one, and what mpmath is slow with."""
    for number in operands:
        context = getattr(type(number), "context", None)
        if context is not None and context.prec > _SPECIAL_BITS:
            raise OverflowError(f"{operation} to more than {_SPECIAL_BITS} bits")
        if isinstance(number, int | float) and operation in _GAMMA and number < -_LARGEST_STEPS:
            raise OverflowError(f"{operation} of a number below -{_LARGEST_STEPS}")
