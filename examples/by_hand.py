"""By hand and by autodiff: where is the factor 2?

The chapter works out its weight_delta by hand: the input times how far the prediction is off. That
is half of what autodiff says the derivative of the error is, at every point, because the power of
2 brings down a factor that the formula leaves out. Of half the error it is the derivative exactly.
"""

from __future__ import annotations

from autodiff import compare
from autodiff.checking.report import Report

WEIGHT_DELTA = "input * (pred - goal_pred)"
ERROR = "pred = input * weight; error = (pred - goal_pred) ** 2"
HALF_ERROR = "pred = input * weight; half_error = (pred - goal_pred) ** 2 / 2"

AT = {"input": 0.5, "weight": 0.5, "goal_pred": 0.8}
RANGES = {"input": (-2.0, 2.0), "weight": (-2.0, 2.0), "goal_pred": (0.0, 1.0)}


def compared(formula: str) -> Report:
    """Compare the chapter's weight_delta with the derivative of a formula."""
    return compare(formula, {"weight": WEIGHT_DELTA}, at=AT, ranges=RANGES, points=4)


def main() -> None:
    for formula in (ERROR, HALF_ERROR):
        print(f"{formula}\nweight_delta = {WEIGHT_DELTA}\n\n{compared(formula)}\n")


if __name__ == "__main__":
    main()
