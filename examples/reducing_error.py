"""Learning is just reducing error

Four iterations from a weight of 0. The error falls in each of them, and nothing else was asked for.
The input is 0.5, the goal 0.8.
"""

from __future__ import annotations

from collections.abc import Iterator

from examples.gradient_descent import Step
from examples.gradient_descent import steps as descend
from examples.printing import print_steps


def steps() -> Iterator[Step]:
    return descend(weight=0.0, goal_pred=0.8, input=0.5, iterations=4)


def main() -> None:
    print_steps(steps(), first=4, last=0)


if __name__ == "__main__":
    main()
