"""One iteration of gradient descent, step by step

Predict, compare, learn, one line after the other: how many toes does the average player of the team
have, and will the team win? The weight is 0.1, the input 8.5 toes, the goal 1, a win, and alpha
0.01.
"""

from __future__ import annotations

from typing import NamedTuple

from autodiff import Value
from examples.printing import figure

alpha = 0.01
number_of_toes = (8.5,)
win_or_lose_binary = (1,)


class Iteration(NamedTuple):
    """Everything that one iteration computes."""

    pred: float
    error: float
    delta: float
    weight_delta: float
    weight: float


def iterate() -> Iteration:
    weight = Value(0.1, "weight")
    input = number_of_toes[0]
    goal_pred = win_or_lose_binary[0]

    pred = input * weight
    error = (pred - goal_pred) ** 2
    delta = pred - goal_pred

    (error / 2).backward()
    weight_delta = weight.grad

    weight.data -= alpha * weight_delta
    return Iteration(pred.data, error.data, delta.data, weight_delta, weight.data)


def main() -> None:
    done = iterate()
    print(f"Predict: pred {figure(done.pred)}")
    print(f"Compare: error {figure(done.error)}, delta {figure(done.delta)}")
    print(f"Learn: weight_delta {figure(done.weight_delta)}")
    print(f"New weight: {figure(done.weight)}")


if __name__ == "__main__":
    main()
