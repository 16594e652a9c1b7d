"""One derivative at one point, and everything that can be computed there to judge it.

A `Place` takes a function, what is by hand and a point, and gives the numerical derivative, the
kinks close by, and both derivatives with the rounding in them, in more and more digits.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from autodiff.checking.numerical import NO_ESTIMATE, Estimate, numerical_derivative
from autodiff.checking.recording import Recording
from autodiff.checking.rounding import (
    EPSILON,
    SMALLEST,
    Computed,
    as_float,
    derivative_with_bound,
    noise,
    with_bound,
    with_more_digits,
)
from autodiff.checking.subject import VALUE, Hand, Point, Subject, Visit, values
from autodiff.checking.wrapped import Watched
from autodiff.kinds import Number, plain
from autodiff.value import Value


def plain_numbers(named: Mapping[str, Any]) -> dict[str, Number]:
    """Return the numbers inside Values."""
    return {name: plain(x) for name, x in named.items()}


@dataclass(frozen=True)
class Place:
    """A derivative at a point; where `variable` is VALUE, the value of the function itself."""

    subject: Subject
    hand: Hand | None
    visit: Visit
    variable: str

    @property
    def autodiff(self) -> Number:
        """What is compared: autodiff's derivative, or what the function returned."""
        recording = self.visit.recording
        if self.variable == VALUE:
            return recording.value
        return recording.gradients.get(self.variable, math.nan)

    def estimate(self) -> Estimate:
        """Return the numerical derivative. It is computed on Values, as autodiff's is."""
        if self.visit.failure or self.variable == VALUE:
            return NO_ESTIMATE
        along = self.subject.along(self.visit.point, self.variable)

        def f(x: Any) -> Any:
            return plain(along(Value(x) if isinstance(x, float) else x))

        rounding = as_float(self.visit.recording.rounding)
        rounding = rounding if math.isfinite(rounding) else 0.0
        return numerical_derivative(f, float(self.visit.point[self.variable]), rounding)

    def kinks(self) -> list[tuple[str, float]]:
        """Return what is not smooth: operations of the graph, and comparisons that were met."""
        if self.variable == VALUE:
            return []
        met: list[tuple[str, float]] = []
        watched = {name: Watched(x) for name, x in self.visit.point.items()}
        along = self.subject.along(watched, self.variable)
        with contextlib.suppress(Exception):  # a function need not compute on such numbers
            along(Watched(self.visit.point[self.variable], met))
        kinks = self.visit.recording.kinks(self.variable)
        return kinks + [(f"the branch chosen by {text}", distance) for text, distance in met]

    def steady(self) -> bool:
        """Return whether autodiff's derivative is about the same close by.

        Where it is not, as for sin(x) at 1e8, differences see nothing of it.
        """
        x = float(self.visit.point[self.variable])
        here = as_float(self.autodiff)
        point = {**self.visit.point, self.variable: x + abs(x) / 1024}
        with contextlib.suppress(Exception):  # it need not be defined there
            recording = Recording(*self.subject.on(values(point)))
            there = as_float(recording.gradients[self.variable])
            return abs(here - there) <= 0.05 * abs(here)
        return False

    # ---- Rounding -----------------------------------------------------------------------------

    def closer(self) -> Iterator[tuple[Computed, Computed]]:
        """Yield autodiff's and the one by hand, and what rounding can do to each.

        First on the numbers of the point, then on numbers of more and more digits.
        """
        try:
            ours = self._ours(self.visit.point)
        except Exception:  # an operation that a person made need not differentiate twice
            ours = self._by_noise(lambda root, named: Recording(root, named).gradients)
        try:
            theirs = self._theirs(self.visit.point)
        except Exception:  # it computes on plain numbers only
            theirs = self._by_noise(lambda root, named: self._derived(plain_numbers(named)))
            if not theirs.number:  # all of it may be rounded away
                theirs = Computed(0.0, math.inf)
        yield ours, theirs
        with contextlib.suppress(Exception):  # then there are no more digits
            for convert in with_more_digits():
                point = {name: convert(x) for name, x in self.visit.point.items()}
                ours, theirs = self._ours(point), self._theirs(point)
                if isinstance(theirs.number, float) and theirs.bound:
                    return  # a number by hand has no more digits
                yield ours, theirs

    def _ours(self, point: Point) -> Computed:
        if self.variable == VALUE:
            return with_bound(self.subject.on(values(point))[0])
        along = self.subject.along(values(point), self.variable)
        return derivative_with_bound(along, point[self.variable])

    def _theirs(self, point: Point) -> Computed:
        _, named = self.subject.on(values(point))
        return with_bound(self._derived(named)[self.variable])

    def _derived(self, named: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what autodiff's derivative is compared with."""
        return self.hand(named) if self.hand else {self.variable: self.estimate().derivative}

    def _by_noise(
        self, derivatives: Callable[[Any, Mapping[str, Any]], Mapping[str, Any]]
    ) -> Computed:
        """Bound the rounding of a number by how it scatters nearby.

        Where all of it is rounded away it does not scatter, but then it is too small to change the
        function by more than that one's own rounding.
        """
        point = self.visit.point
        name = next(iter(point)) if self.variable == VALUE else self.variable

        def along(x: Number) -> float:
            result = self.subject.on(values({**point, name: x}))
            return as_float(derivatives(*result)[self.variable])

        x = float(point[name])
        unseen = EPSILON * abs(as_float(self.visit.recording.value)) / max(abs(x), SMALLEST)
        try:
            return Computed(along(x), 16 * (noise(along, x) + unseen))
        except Exception:  # it is defined at the point alone
            return Computed(along(x), math.inf)
