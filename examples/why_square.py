"""Why square the error, and why keep it positive?

Squaring makes big errors bigger and small errors smaller, so that the big ones get the attention.
And it makes errors positive: a pair of opposite raw errors would cancel to an average of 0.
"""

from __future__ import annotations

from autodiff import total
from examples.printing import figure

pure_errors = (10.0, 0.01)
pair = (1000.0, -1000.0)


def averages() -> tuple[float, float, float]:
    """Return the average of the pair: raw, absolute and squared."""
    raw = total(pair) / len(pair)
    absolute = total(abs(error) for error in pair) / len(pair)
    squared = total(error**2 for error in pair) / len(pair)
    return raw, absolute, squared


def main() -> None:
    for pure_error in pure_errors:
        print(f"{figure(pure_error)} squared is {figure(pure_error**2)}")
    raw, absolute, squared = averages()
    print(f"Errors of {figure(pair[0])} and {figure(pair[1])}:")
    print(f"the raw ones average {figure(raw)}, as if nothing were wrong")
    print(f"the absolute ones average {figure(absolute)}, the squared ones {figure(squared)}")


if __name__ == "__main__":
    main()
