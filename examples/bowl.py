"""The bowl: the error as a function of the weight

Input and goal stay as they are; only the weight varies. The error is a bowl with its lowest point
where the prediction is right. The slope points uphill: negative on the left, positive on the right,
and steeper the farther away. The input is 0.5, the goal 0.8.
"""

from __future__ import annotations

from typing import Any

from autodiff import value_and_grad
from examples.printing import figure

WEIGHTS = tuple(tenth / 10 for tenth in range(0, 33, 4))


def squared_error(weight: Any) -> Any:
    return ((0.5 * weight) - 0.8) ** 2


def heights_and_slopes() -> list[tuple[float, float, float]]:
    """Return weight, error and slope at every weight."""
    return [(weight, *value_and_grad(squared_error)(weight)) for weight in WEIGHTS]


def main() -> None:
    for weight, error, slope in heights_and_slopes():
        bar = "#" * round(50 * error)
        print(f"weight {weight:.1f}: error {error:.4f}, slope {slope:+.2f}  {bar}".rstrip())
    weight, error, _ = min(heights_and_slopes(), key=lambda row: row[1])
    print(f"The lowest point: weight {figure(weight)}, error {figure(round(error, 12))}")


if __name__ == "__main__":
    main()
