"""What may be changed to reduce the error?

The error depends on the input, the weight and the goal, and one backward pass tells how it depends
on each. But the input and the goal are facts of the world. Only the weight may learn. Input and
weight are 0.5, the goal is 0.8.
"""

from __future__ import annotations

from autodiff import Value
from examples.printing import figure


def sensitivities() -> tuple[Value, Value, Value]:
    """Return the three variables, each with its derivative."""
    input = Value(0.5, "input")
    weight = Value(0.5, "weight")
    goal_pred = Value(0.8, "goal_pred")
    error = ((input * weight) - goal_pred) ** 2
    error.backward()
    return input, weight, goal_pred


def main() -> None:
    for variable in sensitivities():
        may_learn = "  <- this one may learn" if variable.label == "weight" else ""
        print(f"derivative of the error in {variable.label}: {figure(variable.grad)}{may_learn}")


if __name__ == "__main__":
    main()
