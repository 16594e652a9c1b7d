"""Functions that share their parts in compiled code: right to 4 units in the last place.

A value and its derivative are made of one `expm1(|x|)`, in which libmvec errs half as far as in
`exp`. Each formula is recorded once, and its lines stand for the function.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autodiff.kinds import Number, choose
from autodiff.operations import copysign, expm1, log1p, maximum


def _far(x: Number) -> tuple[Number, Number]:
    """Return m and 4 / (m + 2), where |tanh x| = |m| / (m + 2).

    m is expm1 of 2 |x|, and close to 0 of -2 |x|, where libmvec errs half as far.
    """
    m = expm1(copysign(2 * x, abs(x) - 0.25))
    return m, 4 / (m + 2)


def _tanh(x: Number) -> Number:
    m, quotient = _far(x)
    return copysign(choose(m > 9e15, 1, m * 0.25 * quotient), x)


def _square_of_sech(x: Number) -> Number:
    quotient = _far(x)[1]
    return quotient * (1 - 0.25 * quotient)  # (1 - tanh) * (1 + tanh), and neither cancels


def _sech(x: Number) -> Number:
    e = expm1(abs(x)) + 1
    return 2 / (e + 1 / e)


def _smaller(x: Number) -> Number:
    """Return the smaller one of sigmoid(x) and sigmoid(-x), which add up to 1."""
    return 1 / (expm1(abs(x)) + 2)


def _sigmoid(x: Number) -> Number:
    return choose(x >= 0, 1 - _smaller(x), _smaller(x))


def _softplus(x: Number) -> Number:
    return maximum(x, 0) - log1p(-_smaller(x))


FUSED: dict[tuple[str, float], Callable[[Any], Number]] = {
    ("tanh", 1): _tanh,
    ("sech", 1): _sech,
    ("sech", 2): _square_of_sech,
    ("sigmoid", 1): _sigmoid,
    ("softplus", 1): _softplus,
}
"""The formulas, by the names of the functions and the powers that they are raised to."""
