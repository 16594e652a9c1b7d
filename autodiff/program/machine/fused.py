"""Functions that share their parts in compiled code: right to 4 units in the last place.

A value and its derivative are made of one `expm1(|x|)`, in which libmvec errs half as far as in
`exp`. Each formula is recorded once, and its lines stand for the function.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autodiff.kinds import Number, choose
from autodiff.operations import copysign, expm1, log1p, maximum


def _growth(x: Number) -> tuple[Number, Number]:
    """With m = expm1(2 |x|) return 4 / (m + 2) and |tanh x| = m / (m + 2), 1 beyond 9e15."""
    m = expm1(2 * abs(x))
    quotient = 4 / (m + 2)
    return quotient, choose(m > 9e15, 1, m * 0.25 * quotient)


def _tanh(x: Number) -> Number:
    return copysign(_growth(x)[1], x)


def _square_of_sech(x: Number) -> Number:
    quotient, size = _growth(x)
    return quotient * (0.5 + 0.5 * size)  # (1 - tanh) * (1 + tanh), and neither cancels


def _smaller(x: Number) -> Number:
    """Return the smaller one of sigmoid(x) and sigmoid(-x), which add up to 1."""
    return 1 / (expm1(abs(x)) + 2)


def _sigmoid(x: Number) -> Number:
    return choose(x >= 0, 1 - _smaller(x), _smaller(x))


def _softplus(x: Number) -> Number:
    return maximum(x, 0) - log1p(-_smaller(x))


FUSED: dict[tuple[str, float], Callable[[Any], Number]] = {
    ("tanh", 1): _tanh,
    ("sech", 2): _square_of_sech,
    ("sigmoid", 1): _sigmoid,
    ("softplus", 1): _softplus,
}
"""The formulas, by the names of the functions and the powers that they are raised to."""
