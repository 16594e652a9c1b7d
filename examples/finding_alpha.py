"""Finding alpha: guess, and watch the error

Too large an alpha diverges, too small a one hardly learns, and a negative one climbs. The usual way
to find a good one is to try powers of ten. As before, the weight starts at 0.5, the input is 2, the
goal 0.8.
"""

from __future__ import annotations

from collections import deque

from examples.divergence import steps
from examples.printing import figure

ALPHAS = (10.0, 1.0, 0.1, 0.01, 0.001, 0.0001, -0.1)


def last_errors() -> dict[float, float]:
    """Return the error at the last iteration for each alpha."""
    return {alpha: deque(steps(alpha), maxlen=1).pop().error for alpha in ALPHAS}


def main() -> None:
    first_error = next(steps()).error
    for alpha, error in last_errors().items():
        verdict = "diverges" if error > first_error else "learns"
        print(f"alpha {alpha:g}: error {figure(error)} at the end, {verdict}")


if __name__ == "__main__":
    main()
