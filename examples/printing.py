"""How the examples print: 12 significant digits; of a long run its first and last lines."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def figure(number: Any) -> str:
    """Return a number to 12 significant digits; like Python's own text, 1 is written 1.0."""
    text = f"{number + 0.0:.12g}"  # and -0 as 0
    return text if any(mark in text for mark in ".en") else f"{text}.0"


def print_steps(steps: Iterable[Any], first: int, last: int) -> None:
    """Print the error and the prediction of the first and of the last steps."""
    lines = [f"Error:{figure(step.error)} Prediction:{figure(step.pred)}" for step in steps]
    if len(lines) > first + last:
        lines[first : len(lines) - last] = ["..."]
    print(*lines, sep="\n")
