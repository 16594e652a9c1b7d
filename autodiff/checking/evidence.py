"""The numbers of one variable at all points, as evidence for or against an explanation.

It takes rows of a comparison and what was recorded at their points, and gives an `Evidence`, which
tells whether a prediction fits what stands by hand.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from autodiff.checking.recording import Recording, Trait
from autodiff.checking.rounding import as_float
from autodiff.checking.subject import VALUE
from autodiff.checking.verdict import Row

ENOUGH = 3  # points from which a trace counts


@dataclass(frozen=True)
class Evidence:
    """What stands by hand for one variable at the decided points, and what may explain it.

    Attributes
    ----------
    variable : str
        Which derivative is explained.
    ours, by_hand : list of float
        Autodiff's derivatives and those by hand.
    slack : list of float
        How far a number by hand may be from an explanation.
    wrong : list of bool
        Where the two differ.
    traits : dict of Trait to list of float
        What may explain the difference, where all of the points have it.
    """

    variable: str
    ours: list[float]
    by_hand: list[float]
    slack: list[float]
    wrong: list[bool]
    traits: dict[Trait, list[float]]

    def __len__(self) -> int:
        return len(self.ours)

    @property
    def us(self) -> str:
        """What is compared with by hand."""
        return "the function" if self.variable == VALUE else "autodiff"

    @property
    def everywhere(self) -> str:
        return everywhere(len(self))

    def where(self, chosen: Sequence[bool]) -> Evidence:
        """Return the evidence of some of the points."""

        def pick(items: Sequence[Any]) -> list[Any]:
            return list(itertools.compress(items, chosen))

        return replace(
            self,
            ours=pick(self.ours),
            by_hand=pick(self.by_hand),
            slack=pick(self.slack),
            wrong=pick(self.wrong),
            traits={trait: pick(numbers) for trait, numbers in self.traits.items()},
        )

    def of_kind(self, *kinds: str) -> Iterator[tuple[Trait, list[float]]]:
        """Yield the traits of some kinds."""
        return ((trait, numbers) for trait, numbers in self.traits.items() if trait.kind in kinds)

    def of_part(self, part: Sequence[float]) -> Evidence:
        """Return what stands by hand for one part of the derivative, if the rest is right."""
        both = zip(self.by_hand, self.ours, part, strict=True)
        return replace(self, ours=list(part), by_hand=[h - (a - p) for h, a, p in both])

    def fits(self, predicted: Sequence[float], factors: Sequence[float] = ()) -> bool:
        """Return whether by hand is as predicted, with the slack that the factors magnify."""
        points = zip(self.by_hand, predicted, self.slack, factors or [0.0] * len(self), strict=True)
        return all(
            math.isfinite(p) and abs(h - p) <= slack * (1 + abs(c)) + 1e-9 * abs(p)
            for h, p, slack, c in points
        )

    def is_ours_plus(self, added: Sequence[float]) -> bool:
        """Return whether by hand is autodiff's derivative plus these numbers."""
        return self.fits([a + more for a, more in zip(self.ours, added, strict=True)])

    def products(self, factors: Sequence[float]) -> list[float]:
        """Return autodiff's derivatives times these factors."""
        return [a * c for a, c in zip(self.ours, factors, strict=True)]

    def constant(self, factors: Sequence[float] = ()) -> float | None:
        """Return which constant by hand is times autodiff and the factors, if that is constant."""
        factors = factors or [1.0] * len(self)
        products = self.products(factors)
        largest = max(range(len(self)), key=lambda i: abs(products[i]))
        if not products[largest] or not self.by_hand[largest]:
            return None
        constant = self.by_hand[largest] / products[largest]
        scaled = [constant * c for c in factors]
        return constant if self.fits(self.products(scaled), scaled) else None


def everywhere(count: int) -> str:
    """Return how many points that are, if they are all there are."""
    return {1: "at the one point", 2: "at both points"}.get(count, f"at all {count} points")


def at_points(count: int, of: int) -> str:
    """Return at how many of the points something holds."""
    return everywhere(of) if count == of else f"at {count} of {of} points"


def varies(numbers: Sequence[float]) -> bool:
    """Return whether numbers are not all the same."""
    spread = max(numbers) - min(numbers)
    return spread > 1e-6 * max(map(abs, numbers))


def evidence_of(
    variable: str, rows: Sequence[Row], recordings: Mapping[int, Recording]
) -> Evidence:
    """Gather the decided rows of a variable, and the traits that all of their points have."""
    decided = [row for row in rows if row.verdict != "undecided" and _tells(row)]
    visited = [recordings[row.number] for row in decided]
    wrong = [row.verdict == "differs" for row in decided]
    traits: dict[Trait, list[float]] = {}
    if any(wrong):
        found = [recording.traits("" if variable == VALUE else variable) for recording in visited]
        common = [trait for trait in found[0] if all(trait in other for other in found)]
        traits = {trait: [numbers[trait] for numbers in found] for trait in common}
    return Evidence(
        variable,
        [as_float(row.autodiff) for row in decided],
        [as_float(row.by_hand) for row in decided],
        [4 * as_float(row.tolerance) for row in decided],
        wrong,
        traits,
    )


def _tells(row: Row) -> bool:
    """Return whether rounding has left enough of a row's numbers to explain them."""
    size = max(abs(as_float(row.autodiff)), abs(as_float(row.by_hand)))
    return not as_float(row.tolerance) > 0.1 * size


# ---- Constants --------------------------------------------------------------------------------

_CONSTANTS = {
    "pi": math.pi, "2*pi": 2 * math.pi, "180/pi": 180 / math.pi, "pi/180": math.pi / 180,
    "1/pi": 1 / math.pi, "e": math.e, "log(2)": math.log(2), "1/log(2)": 1 / math.log(2),
    "log(10)": math.log(10), "1/log(10)": 1 / math.log(10), "sqrt(2)": math.sqrt(2),
    "1/sqrt(2)": math.sqrt(0.5), "sqrt(pi)": math.sqrt(math.pi),
}  # fmt: skip


def constant_name(number: float) -> str | None:
    """Return how a person writes a constant: a simple fraction, or one with pi, e or a logarithm.

    >>> constant_name(-0.5), constant_name(57.29577951308232), constant_name(0.123456)
    ('-1/2', '180/pi', None)
    """
    if not math.isfinite(number):
        return None
    fraction = Fraction(number).limit_denominator(20)
    if fraction and abs(fraction.numerator) <= 100 and math.isclose(fraction, number):
        return str(fraction)
    sign = "-" if number < 0 else ""
    for name, constant in _CONSTANTS.items():
        if math.isclose(constant, abs(number)):
            return sign + name
    return None


def is_plain(name: str | None) -> bool:
    """Return whether a factor is so common that a single point suggests it: 2, 1/3, -4."""
    return (name or "").lstrip("-").removeprefix("1/") in ("1", "2", "3", "4")
