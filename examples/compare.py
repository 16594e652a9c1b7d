"""Compare: how far is the prediction from the goal?

The network is one weight, a knob. Its prediction is compared with the goal, and the difference,
squared, is the error: one number that says how wrong the prediction is. Weight and input are 0.5,
the goal is 0.8.
"""

from __future__ import annotations

from autodiff import Value
from examples.printing import figure

knob_weight = 0.5
input = 0.5
goal_pred = 0.8


def measure() -> Value:
    """Return the error of the prediction."""
    pred = input * Value(knob_weight, "knob_weight")
    return (pred - goal_pred) ** 2


def main() -> None:
    print(figure(measure().data))


if __name__ == "__main__":
    main()
