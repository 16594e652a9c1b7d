"""Alpha: the simplest way to keep the steps from overshooting

The program that diverged, with every step multiplied by a number called alpha, here 0.1. Nothing
else is changed: the derivative still says which way, and alpha says how much of it.
"""

from __future__ import annotations

from examples.divergence import steps
from examples.printing import print_steps


def main() -> None:
    print_steps(steps(alpha=0.1), first=3, last=3)


if __name__ == "__main__":
    main()
