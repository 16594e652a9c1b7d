"""Hot and cold learning, all the way to the goal

The step of before, 1101 times. It arrives, but only because the steps are small and many, and
because the goal lies on the way of steps of just this size. Weight and input are 0.5, the goal is
0.8, a step is 0.001.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from examples.printing import print_steps

input = 0.5
goal_prediction = 0.8


class Step(NamedTuple):
    """One iteration."""

    weight: float
    error: float
    pred: float


def squared_error(weight: float) -> float:
    prediction = input * weight
    return (goal_prediction - prediction) ** 2


def steps(
    weight: float = 0.5, step_amount: float = 0.001, iterations: int = 1101
) -> Iterator[Step]:
    """Yield each iteration; between them the weight moves to the smaller of two errors."""
    for _ in range(iterations):
        prediction = input * weight
        error = (prediction - goal_prediction) ** 2
        yield Step(weight, error, prediction)

        up_error = squared_error(weight + step_amount)
        down_error = squared_error(weight - step_amount)
        if down_error < up_error:
            weight = weight - step_amount
        if down_error > up_error:
            weight = weight + step_amount


def main() -> None:
    print_steps(steps(), first=2, last=2)


if __name__ == "__main__":
    main()
