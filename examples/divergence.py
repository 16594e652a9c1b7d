"""Breaking gradient descent: divergence

With an input of 2 the derivative is so large that each step lands farther from the goal than it
began, on the other side. The error explodes. The weight starts at 0.5, the goal is 0.8.
"""

from __future__ import annotations

from collections.abc import Iterator

from examples.gradient_descent import Step
from examples.gradient_descent import steps as descend
from examples.printing import print_steps


def steps(alpha: float = 1.0) -> Iterator[Step]:
    return descend(weight=0.5, goal_pred=0.8, input=2, alpha=alpha, iterations=20)


def main() -> None:
    print_steps(steps(), first=3, last=3)


if __name__ == "__main__":
    main()
