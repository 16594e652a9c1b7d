"""The verdict on one derivative at one point: equal, agrees, differs, or undecided."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from autodiff.checking import numerical
from autodiff.checking.recording import as_float
from autodiff.kinds import Number

VALUE = "the value"  # stands where a variable does, in the rows that compare the function's value


@dataclass(frozen=True)
class Row:
    """One derivative at one point: what is compared, and how it came out.

    Attributes
    ----------
    variable : str
        The derivative is taken in this variable.
    number : int
        Which of the points, from 1.
    point : mapping of str to number
        The point: every variable's number.
    autodiff, by_hand, numerical : number
        The three derivatives; None for one that there is not.
    error : float
        An estimate of the error of the numerical one.
    method : str
        How the numerical one was found: "complex step", "differences", "none".
    absolute, relative : number
        The difference of the first two, and that over the larger of them.
    ulps : int or None
        How many floats away from each other they are.
    tolerance : number
        The largest difference that counts as agreement.
    verdict : str
        "equal", "agrees", "differs" or "undecided".
    reason : str
        Why it is undecided.
    """

    variable: str
    number: int
    point: Mapping[str, Number]
    autodiff: Number
    by_hand: Number
    numerical: float
    error: float
    method: str
    absolute: Number
    relative: Number
    ulps: int | None
    tolerance: Number
    verdict: str
    reason: str = ""


@dataclass(frozen=True)
class Tolerances:
    """How far apart two numbers that agree may be."""

    rtol: float
    atol: float

    def allowed(self, a: Number, b: Number, rounding: float) -> Number:
        """Return the largest difference of two numbers that counts as agreement."""
        if _is_exact(a) and _is_exact(b):
            return 0
        a, b = abs(float(a)), abs(float(b))
        return self.rtol * max(a, b) + min(self.atol, a, b) + rounding


def _is_exact(x: Number) -> bool:
    return isinstance(x, int | Fraction)


def judged(
    variable: str,
    number: int,
    point: Mapping[str, Number],
    derivatives: tuple[Number, Number],
    estimate: numerical.Estimate,
    tolerance: Number,
    kinks: Sequence[tuple[str, float]] = (),
    problem: str = "",
) -> Row:
    """Compare one derivative at one point, by hand or else with the numerical one.

    `derivatives` are autodiff's and the one by hand; `kinks` what the derivative runs through, and
    how far from there it is; `problem` says why there is nothing to compare.
    """
    autodiff, by_hand = derivatives
    other = estimate.derivative if by_hand is None else by_hand
    if by_hand is None:
        tolerance += 10 * estimate.error + 1e-6 * abs(float(autodiff))
    absolute = abs(autodiff - other) if autodiff != other else 0
    larger = max(abs(autodiff), abs(other))
    row = Row(
        variable=variable,
        number=number,
        point=point,
        autodiff=autodiff,
        by_hand=by_hand,
        numerical=estimate.derivative,
        error=estimate.error,
        method=estimate.method,
        absolute=absolute,
        relative=absolute / larger if absolute and 0 < larger < math.inf else absolute,
        ulps=_ulps(autodiff, other),
        tolerance=tolerance,
        verdict="",
    )
    verdict, reason = _verdict(row, other, kinks, problem)
    return replace(row, verdict=verdict, reason=reason)


def _verdict(
    row: Row, other: Number, kinks: Sequence[tuple[str, float]], problem: str
) -> tuple[str, str]:
    """Judge a row: the verdict, and why it is undecided."""
    if problem:
        return "undecided", problem
    if row.by_hand is None and row.method == "none":
        return "undecided", "the function is not defined around the point"
    if row.autodiff == other and row.by_hand is not None:
        return _contradicted(row, kinks) or ("equal", "")
    for name, number in (("autodiff", row.autodiff), ("by hand", row.by_hand)):
        if number is not None and not math.isfinite(number):
            return "undecided", f"{name} is {float(number)}"
    if row.absolute <= row.tolerance:
        return _contradicted(row, kinks) or ("agrees", "")
    near = [
        text
        for text, distance in kinks
        if abs(distance) <= (0 if row.by_hand is not None else 1e-4)
    ]
    if near:
        where = "at" if row.by_hand is not None else "at or near"
        return "undecided", f"{near[0]} has a kink or a jump {where} the point"
    return "differs", ""


def _contradicted(row: Row, kinks: Sequence[tuple[str, float]]) -> tuple[str, str] | None:
    """Judge autodiff and by hand, which agree, wrong: if numbers show it beyond any doubt."""
    if row.by_hand is None or row.method == "none" or not math.isfinite(row.numerical):
        return None
    size = max(abs(row.numerical), abs(float(row.autodiff)))
    certain = row.error <= 1e-6 * size and all(abs(distance) > 0.01 for _, distance in kinks)
    distance = abs(float(row.autodiff) - row.numerical)
    if not certain or distance <= 1e-3 * size + 10 * row.error + float(row.tolerance):
        return None
    return "differs", "the numerical derivative contradicts both"


def _ulps(a: Number, b: Number) -> int | None:
    """Return how many floats lie from one number to the other."""
    if _is_exact(a) and _is_exact(b):
        return 0 if a == b else None
    a, b = float(a), float(b)
    return abs(_place(a) - _place(b)) if math.isfinite(a) and math.isfinite(b) else None


def _place(x: float) -> int:
    """Return the place of a float among all floats in order; 0 for both zeros."""
    bits: int = struct.unpack("<q", struct.pack("<d", x))[0]
    return bits if bits >= 0 else -(2**63) - bits


def near_numerical(row: Row, derivative: Number) -> bool:
    """Return whether a derivative lies within the uncertainty of the numerical one."""
    size = max(abs(as_float(derivative)), abs(row.numerical))
    return abs(as_float(derivative) - row.numerical) <= 10 * row.error + 1e-6 * size


# ---- As text --------------------------------------------------------------------------------


def point_text(point: Mapping[str, Number]) -> str:
    """Return a point as a person writes it."""
    return " ".join(f"{name}={number_text(number, 6)}" for name, number in point.items())


def number_text(number: Any, digits: int) -> str:
    """Return a number in few digits; an exact one exactly, while that is short."""
    if number is None:
        return ""
    if isinstance(number, int):
        return str(number)
    text = str(number)
    if isinstance(number, Fraction) and len(text) <= 2 * digits:
        return text
    number = as_float(number) if not isinstance(number, float) else number
    return text if math.isnan(number) and text != "nan" else f"{number:.{digits}g}"
