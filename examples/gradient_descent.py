"""Gradient descent: direction and amount, from the derivative

The derivative of the error in the weight tells the direction and the amount of the step. The error
squares a difference, and the derivative of a square brings a factor 2. The chapter leaves it away:
its weight_delta is the derivative of half the error, and so that is what is differentiated here.
Weight and input are 0.5, the goal is 0.8.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from autodiff import Value
from examples.printing import print_steps


class Step(NamedTuple):
    """One iteration."""

    weight: float
    error: float
    pred: float
    delta: float
    weight_delta: float


def steps(
    weight: float = 0.5,
    goal_pred: float = 0.8,
    input: float = 0.5,
    alpha: float = 1.0,
    iterations: int = 20,
) -> Iterator[Step]:
    """Yield each iteration; between them the weight moves by alpha times its derivative."""
    knob_weight = Value(weight, "weight")
    for _ in range(iterations):
        # Predict
        pred = input * knob_weight

        # Compare
        delta = pred - goal_pred
        error = delta**2

        # Learn: weight_delta is the derivative of half the error in the weight
        knob_weight.zero_grad()
        (error / 2).backward()
        weight_delta = knob_weight.grad
        yield Step(knob_weight.data, error.data, pred.data, delta.data, weight_delta)
        knob_weight.data -= alpha * weight_delta


def main() -> None:
    print_steps(steps(), first=3, last=3)


if __name__ == "__main__":
    main()
