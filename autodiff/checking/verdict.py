"""The verdict on one derivative at one point: equal, agrees, differs, or undecided.

`judged` takes the one by hand and the place where all else can be computed, and gives a `Row`.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from autodiff.checking.place import Place
from autodiff.checking.rounding import EPSILON, Computed, as_float
from autodiff.kinds import Number


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
        Why it is undecided, or agrees though the numbers differ by more than the tolerances.
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

    @property
    def other(self) -> Number:
        """What autodiff's derivative is compared with."""
        return self.numerical if self.by_hand is None else self.by_hand


@dataclass(frozen=True)
class Tolerances:
    """How far apart two numbers that agree may be: `error` is that of a numerical derivative."""

    rtol: float
    atol: float
    error: float = 0.0

    def allowed(self, a: Number, b: Number) -> Number:
        """Return the largest difference of two numbers that counts as agreement."""
        if _is_exact(a) and _is_exact(b):
            return 0
        a, b = abs(a), abs(b)
        return self.rtol * max(a, b) + min(self.atol, a, b) + self.error


def _is_exact(x: Number) -> bool:
    return isinstance(x, int | Fraction)


def _is_finite(x: Number) -> bool:
    return _is_exact(x) or math.isfinite(x)


def judged(place: Place, by_hand: Number, tolerances: Tolerances, problem: str = "") -> Row:
    """Compare one derivative at one point, by hand or, if that is None, with the numerical one.

    A problem is why there is nothing to compare.
    """
    estimate = place.estimate()
    autodiff, other = place.autodiff, by_hand
    if by_hand is None:
        other = estimate.derivative
        error = 10 * estimate.error + 1e-6 * abs(as_float(autodiff))
        tolerances = replace(tolerances, error=error)
    absolute = abs(autodiff - other) if autodiff != other else 0
    larger = max(abs(autodiff), abs(other))
    row = Row(
        variable=place.variable,
        number=place.visit.number,
        point=place.visit.point,
        autodiff=autodiff,
        by_hand=by_hand,
        numerical=estimate.derivative,
        error=estimate.error,
        method=estimate.method,
        absolute=absolute,
        relative=absolute / larger if absolute and 0 < larger < math.inf else absolute,
        ulps=_ulps(autodiff, other),
        tolerance=tolerances.allowed(autodiff, other),
        verdict="undecided",
        reason=problem,
    )
    if problem:
        return row
    verdict, reason = _verdict(row, place)
    if verdict:
        return replace(row, verdict=verdict, reason=reason)
    return _rounding_or_mistake(row, place, tolerances)


def _verdict(row: Row, place: Place) -> tuple[str, str]:
    """Judge a row: the verdict and the reason for it; none where the numbers differ."""
    has_hand = row.by_hand is not None
    if not has_hand and row.method == "none":
        return "undecided", "the function is not defined around the point"
    if row.autodiff == row.other and has_hand and _is_finite(row.autodiff):
        return _contradicted(row, place) or ("equal", "")
    for name, number in (("autodiff", row.autodiff), ("by hand", row.by_hand)):
        if number is not None and not _is_finite(number):
            return "undecided", f"{name} is {as_float(number)}"
    if row.absolute <= row.tolerance:
        return _contradicted(row, place) or ("agrees", "")
    reach = 0 if has_hand else 1e-4
    near = [text for text, distance in place.kinks() if abs(distance) <= reach]
    if near:
        where = "at" if has_hand else "at or near"
        return "undecided", f"{near[0]} has a kink or a jump {where} the point"
    if _is_exact(row.autodiff) and _is_exact(row.other):
        return "differs", ""
    return "", ""


# ---- Rounding ---------------------------------------------------------------------------------

_CLEARLY = 1000  # times what rounding can do
_DIGITS_LEFT = 1e-3  # of a number, or it decides nothing
_NO_DIGITS = "rounding leaves no digits by which the two could be compared"


def _rounding_or_mistake(row: Row, place: Place, tolerances: Tolerances) -> Row:
    """Judge two numbers that differ: by what rounding can do to them, and by more digits."""
    seen: list[tuple[Computed, Computed]] = []
    for sides in place.closer():
        seen.append(sides)
        difference, bound, larger = _apart(*sides)
        allowed = tolerances.allowed(sides[0].number, sides[1].number)
        few_digits = bound > _DIGITS_LEFT * larger
        if difference > _CLEARLY * bound or (difference <= allowed and not few_digits):
            break
    row = replace(row, tolerance=row.tolerance + _apart(*seen[0])[1])
    if difference > _CLEARLY * bound:
        return replace(row, verdict="differs")
    if few_digits:
        return replace(row, verdict="undecided", reason=_NO_DIGITS)
    if difference > allowed + bound:
        return replace(row, verdict="differs")
    return replace(row, verdict="agrees", reason=_lost(row, seen))


def is_rounding(row: Row) -> bool:
    """Return whether a row is undecided because of rounding."""
    return row.verdict == "undecided" and row.reason == _NO_DIGITS


def proved_equal(row: Row) -> Row:
    """Return the row, given that the two derivatives are proved equal: they differ by rounding."""
    if is_rounding(row):
        return replace(row, verdict="agrees", reason="the two forms are rounded differently")
    return row


def _apart(ours: Computed, theirs: Computed) -> tuple[Number, Number, Number]:
    """Return how far two numbers are apart, what of that rounding can do, and the larger size."""
    difference = abs(ours.number - theirs.number)
    return difference, ours.bound + theirs.bound, max(abs(ours.number), abs(theirs.number))


def _lost(row: Row, seen: list[tuple[Computed, Computed]]) -> str:
    """Say which of the two numbers rounding took digits from, and how many."""
    ours, theirs = seen[-1]
    if len(seen) == 1:  # no more digits were needed: the rounding that was bounded tells
        off = {"autodiff": ours.bound, "by hand": theirs.bound}
        best = ours.number if ours.bound < theirs.bound else theirs.number
    else:
        best = ours.number
        off = {"autodiff": abs(row.autodiff - best), "by hand": abs(row.other - best)}
    worse = max(off, key=lambda name: as_float(off[name]))
    share = as_float(abs((row.autodiff if worse == "autodiff" else row.other) - best) / abs(best))
    digits = round(math.log10(share / EPSILON)) if 0 < share < 0.1 else 16
    lost = "all digits" if digits > 15 else f"{digits} of 16 digits"
    form = "the form by hand" if worse == "by hand" else "the function's own form"
    return f"{form} loses {lost}"


def _contradicted(row: Row, place: Place) -> tuple[str, str] | None:
    """Judge autodiff and by hand, which agree, wrong: if numbers show it beyond any doubt."""
    if row.by_hand is None or row.method == "none" or not math.isfinite(row.numerical):
        return None
    size = max(abs(row.numerical), abs(as_float(row.autodiff)))
    distance = abs(as_float(row.autodiff) - row.numerical)
    if distance <= 1e-3 * size + 10 * row.error + as_float(row.tolerance):
        return None
    if row.error > 1e-6 * size or any(abs(distance) <= 0.01 for _, distance in place.kinks()):
        return None
    if row.method == "differences" and not place.steady():
        return None
    ours, _ = next(place.closer())
    if distance <= _CLEARLY * ours.bound:
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


def point_text(point: Mapping[str, Number], shown: int | None = None) -> str:
    """Return a point as a person writes it; of many numbers perhaps the first few."""
    texts = [f"{name}={number_text(number, 6)}" for name, number in point.items()]
    rest = len(texts[shown:]) if shown else 0
    return " ".join([*texts[:shown], f"and {rest} more"] if rest else texts)


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
