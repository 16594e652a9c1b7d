"""Hot and cold learning: one step

Try the weight a little higher and a little lower, and keep the better of the two. No derivative is
needed for it, but every step costs two extra predictions and tells nothing about how far to go. The
weight is 0.1, the input 8.5 toes, the goal 1, a win.
"""

from __future__ import annotations

from typing import NamedTuple

from examples.printing import figure

weight = 0.1
lr = 0.01
number_of_toes = (8.5,)
win_or_lose_binary = (1,)


class Tried(NamedTuple):
    """The errors at the weight, above it and below it, and the weight that was chosen."""

    error: float
    error_up: float
    error_down: float
    weight: float


def squared_error(weight: float) -> float:
    pred = number_of_toes[0] * weight
    return (pred - win_or_lose_binary[0]) ** 2


def try_both_ways() -> Tried:
    """Compare the errors to both sides and choose a side."""
    error = squared_error(weight)
    error_up = squared_error(weight + lr)
    error_down = squared_error(weight - lr)
    new_weight = weight
    if error > error_up or error > error_down:
        new_weight = weight - lr if error_down < error_up else weight + lr
    return Tried(error, error_up, error_down, new_weight)


def main() -> None:
    tried = try_both_ways()
    print(f"Error at weight {figure(weight)}: {figure(tried.error)}")
    print(f"Error a little higher: {figure(tried.error_up)}")
    print(f"Error a little lower: {figure(tried.error_down)}")
    print(f"New weight: {figure(tried.weight)}")


if __name__ == "__main__":
    main()
