"""Hot and cold learning with too big a step

The size of the step has nothing to do with the size of the error. With 0.2 the prediction ends up
swinging around the goal for ever; with 10 it never even comes near. Weight and input are 0.5, the
goal is 0.8.
"""

from __future__ import annotations

from examples.hot_and_cold import steps
from examples.printing import print_steps


def main() -> None:
    for step_amount in (0.2, 10.0):
        print(f"step_amount = {step_amount}")
        print_steps(steps(step_amount=step_amount), first=3, last=4)


if __name__ == "__main__":
    main()
