"""The lines of a program on numbers of any kind, and its guards.

Takes a listing and a number for each input; gives its outputs, or raises where an input would take
another branch than the one that was recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autodiff import listing
from autodiff.kinds import Number, plain
from autodiff.listing import Guard, Listing
from autodiff.program import source
from autodiff.program.tracing import Line


class GuardError(ValueError):
    """An input would take another branch than the one that the program was recorded on."""

    __module__ = "autodiff"


def evaluated(lines: Listing, numbers: Sequence[Number]) -> list[Number]:
    """Compute line by line; a guard is checked where its condition is computed."""
    return listing.evaluated(lines, numbers, check=lambda *at: _check(lines, *at))


def _check(lines: Listing, guard: Guard, values: Sequence[Any]) -> None:
    """Raise if a comparison would choose another branch than it did when it was recorded."""
    condition = plain(values[guard.condition])
    if isinstance(condition, Line):
        condition.guard(guard.truth, guard.location)
    elif bool(condition) is not guard.truth:
        raise guard_error(lines, guard, lambda place: values[place])


def guard_error(lines: Listing, guard: Guard, at: Callable[[int], Any], where: str = "") -> Any:
    text, compared = source.condition(lines, guard)
    numbers = ", ".join(f"{name} = {at(place)}" for name, place in compared.items())
    return GuardError(f"{text}{where}{': ' if numbers else ''}{numbers}")
