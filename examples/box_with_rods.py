"""The box with two rods: what a derivative is

Two rods stick out of a box. Push the blue one, and the red one moves: twice as far, or backward, or
not at all. How far red moves for each bit that blue moves is the derivative of red in blue.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autodiff import derivative
from examples.printing import figure

BOXES: dict[str, Callable[[Any], Any]] = {
    "red = blue * 2": lambda blue: blue * 2,
    "red = blue * -1": lambda blue: blue * -1,
    "y = 0 * x": lambda x: 0 * x,
}


def derivatives(at: float = 1.0) -> dict[str, float]:
    """Return the derivative of each box."""
    return {formula: derivative(box)(at) for formula, box in BOXES.items()}


def main() -> None:
    for formula, slope in derivatives().items():
        print(f"{formula}: derivative {figure(slope)}")


if __name__ == "__main__":
    main()
