"""What was worked out by hand, compared: at the numbers and around them, or in intervals."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from autodiff.checking import compare
from autodiff.command_line.arguments import Asked, UsageError
from autodiff.command_line.results import Answer
from autodiff.formula.limit import WorkLimitError

_EVALUATIONS = 100  # of the function, that comparing one derivative at one point may take
_MOST_WORK = 200_000  # operations that all of them may take


def add_comparison(found: Answer, asked: Asked) -> None:
    """Compare, at as many points as can be computed in bounded time."""
    formula, options = asked.formula, asked.options
    by_hand = dict(asked.by_hand)
    value = by_hand.pop(formula.name, None) if formula.name else None
    at = [] if asked.missing else [dict(asked.numbers)]
    points = max(0, min(options.points, _most_points(asked) - len(at)))
    if not points and not at:
        raise UsageError("there is no point to compare at: give numbers, or allow --points")
    try:
        ranges = _ranges(asked) if points else {}
        report = compare(
            formula, by_hand, at=at, ranges=ranges, points=points, seed=options.seed, value=value
        )
    except WorkLimitError:
        holds = "; the numbers hold" if found.numbers else ""
        found.given_up.append(
            f"the comparison is given up, for at {len(at) + points} points it would take too long: "
            f"fewer --points take less{holds}"
        )
        return
    except (ArithmeticError, TypeError, ValueError) as error:
        raise UsageError(str(error).partition("\n")[0]) from None
    if points < options.points:
        fewer = f"compared at {points} random points, for more would take too long: what is said "
        report = replace(report, notes=(*report.notes, f"{fewer}holds at these"))
    found.report = report


def _most_points(asked: Asked) -> int:
    """Return at how many points all derivatives by hand can be compared in bounded time."""
    size = sum(len(f.listing.steps) for f in (asked.formula, *asked.by_hand.values()))
    most = _MOST_WORK // (size * len(asked.by_hand) * _EVALUATIONS)
    if not most:
        raise UsageError(
            f"{len(asked.by_hand)} derivatives by hand of {size} operations would take too long to "
            f"compare: give fewer at a time"
        )
    return most


def _ranges(asked: Asked) -> dict[str, Any]:
    """Return the interval of each variable: around its number, or as given."""
    around = {
        name: (x - max(1.0, abs(x)), x + max(1.0, abs(x))) for name, x in asked.numbers.items()
    }
    ranges: dict[str, Any] = dict.fromkeys(asked.missing, (-2.0, 2.0)) | around
    return {**ranges, **asked.numbers, **asked.intervals} if asked.intervals else ranges
