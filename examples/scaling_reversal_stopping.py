"""Scaling, negative reversal and stopping

Why is the derivative not just the pure error, pred - goal_pred? Because a weight acts through its
input. A larger input makes the weight matter more; a negative one turns the direction round; and an
input of 0 says that the weight had no part in the prediction, so there is nothing to learn. The
weight is 0.5, the goal 0.8.
"""

from __future__ import annotations

from autodiff import Value
from examples.printing import figure

goal_pred = 0.8
weight = 0.5


def weight_delta(input: float) -> tuple[float, float]:
    """Return the pure error, and the derivative of half the squared error in the weight."""
    knob_weight = Value(weight, "weight")
    pure_error = input * knob_weight - goal_pred
    (pure_error**2 / 2).backward()
    return pure_error.data, knob_weight.grad


def main() -> None:
    for what, input in (("as before", 0.5), ("large", 5.0), ("negative", -0.5), ("zero", 0.0)):
        pure_error, slope = weight_delta(input)
        print(
            f"input {figure(input)} ({what}): "
            f"pure error {figure(pure_error)}, weight_delta {figure(slope)}"
        )


if __name__ == "__main__":
    main()
