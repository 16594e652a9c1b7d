"""Several steps of learning, watched

An input of 1.1 overshoots the goal in the first step; the derivative changes its sign with delta
and brings the weight back. The weight starts at 0, the goal is 0.8.
"""

from __future__ import annotations

from collections.abc import Iterator

from examples.gradient_descent import Step
from examples.gradient_descent import steps as descend
from examples.printing import figure


def steps() -> Iterator[Step]:
    return descend(weight=0.0, goal_pred=0.8, input=1.1, iterations=4)


def main() -> None:
    for step in steps():
        print(f"-----\nWeight:{figure(step.weight)}")
        print(f"Error:{figure(step.error)} Prediction:{figure(step.pred)}")
        print(f"Delta:{figure(step.delta)} Weight Delta:{figure(step.weight_delta)}")


if __name__ == "__main__":
    main()
