"""The chapter as a page that computes: `python -m examples --page chapter.html`

The network of one weight, step by step, forward and backward; its bowl; learning; the programs that
break it; and the whopper, to be derived by hand.
"""

from __future__ import annotations

from autodiff import Value
from autodiff.pages import Lesson, Page, Preset, written
from examples import finding_alpha, whopper

ABOUT = (
    "A network of one weight predicts, compares and learns. Guess each number before it is shown, "
    "then move the weight and watch the graph and the error together."
)
HALF_HINT = (
    "The derivative of the whole error in the weight is 2 × input × delta, that of half the error "
    "input × delta: the chapter’s weight_delta, which drops the constant 2."
)
LEARNS_HINT = (
    "Every number has a derivative, but only the weight may learn: to move the goal makes the "
    "error small and learns nothing."
)
_ENDS = ("it comes ever closer to the goal", "it swings around the goal for ever",
         "it gets worse and worse", "it does not move at all")  # fmt: skip
_START = "weight 0.5, input 0.5, goal_pred 0.8"

PRESETS = (
    Preset(
        "Hot and cold, step 0.2",
        f"{_START}. No derivative: in each of 1101 iterations the weight goes up or down by 0.2, "
        "to the smaller of the two errors. The goal is reached at a weight of 1.6.",
        "What will happen?",
        _ENDS,
        1,
        "The step is always 0.2, however small the error is. The weight jumps to and fro over 1.6, "
        "between predictions of 0.75 and 0.85.",
        {"weight": 0.5, "input": 0.5, "goal_pred": 0.8},
        (0.2,),
        "search",
        1101,
    ),
    Preset(
        "Hot and cold, step 10",
        f"{_START}. No derivative: in each of 1101 iterations the weight goes up or down by 10, to "
        "the smaller of the two errors.",
        "What will happen?",
        (_ENDS[0], "it jumps between two weights far apart, for ever", _ENDS[2], _ENDS[3]),
        1,
        "From 0.5 a step up to 10.5 has an error of 19.8, a step down to −9.5 one of 30.8, and one "
        "of the two is taken. From there the smaller error is at 0.5 again.",
        {"weight": 0.5, "input": 0.5, "goal_pred": 0.8},
        (10.0,),
        "search",
        1101,
    ),
    Preset(
        "Gradient descent",
        f"{_START}, alpha 1, 20 iterations. The derivative tells the direction and the amount of "
        "each step.",
        "What will happen?",
        _ENDS,
        0,
        "The steps become smaller as the slope does: each prediction is closer to 0.8.",
        {"weight": 0.5, "input": 0.5, "goal_pred": 0.8},
    ),
    Preset(
        "Input 0",
        "weight 0.5, input 0, goal_pred 0.8, alpha 1. Whatever the weight is, the prediction is 0.",
        "What will happen to the weight?",
        _ENDS,
        3,
        "The derivative has the input as a factor: with 0 there is nothing to learn from, and "
        "stopping is right.",
        {"weight": 0.5, "input": 0.0, "goal_pred": 0.8},
    ),
    Preset(
        "Negative input",
        "weight 0.5, input −0.5, goal_pred 0.8, alpha 1. A larger weight makes the prediction "
        "smaller.",
        "Will the weight go the right way, which is down?",
        ("no: it gets worse and worse", "yes: it comes closer to a negative weight, −1.6"),
        1,
        "The input is a factor of the derivative, and so its sign turns the step around.",
        {"weight": 0.5, "input": -0.5, "goal_pred": 0.8},
    ),
    Preset(
        "Divergence",
        "weight 0.5, input 2, goal_pred 0.8, alpha 1. The bowl is sixteen times as steep as with "
        "an input of 0.5.",
        "What will happen?",
        _ENDS,
        2,
        "Each step is so large that it lands farther from the goal than it began, on the other "
        "side, where the slope is steeper still.",
        {"weight": 0.5, "input": 2.0, "goal_pred": 0.8},
    ),
    Preset(
        "Alpha 0.1",
        "weight 0.5, input 2, goal_pred 0.8: as Divergence, but each step is multiplied by alpha, "
        "which is 0.1.",
        "What will happen?",
        _ENDS,
        0,
        "The steps are a tenth as long, and no longer jump beyond where they began.",
        {"weight": 0.5, "input": 2.0, "goal_pred": 0.8},
        (0.1,),
    ),
    Preset(
        "All alphas at once",
        "weight 0.5, input 2, goal_pred 0.8, with alpha 10, 1, 0.1, 0.01, 0.001, 0.0001 and −0.1.",
        "Which of them has the smallest error in the last of 20 iterations?",
        tuple(f"{alpha:g}".replace("-", "−") for alpha in finding_alpha.ALPHAS),
        finding_alpha.ALPHAS.index(0.1),
        "10 and 1 diverge, and so does −0.1, which climbs. 0.1 learns fast; the smaller ones "
        "learn, more slowly still. The usual way is to try powers of ten.",
        {"weight": 0.5, "input": 2.0, "goal_pred": 0.8},
        finding_alpha.ALPHAS,
    ),
)


def network() -> Value:
    """Return the error of the network of one weight."""
    weight, input, goal_pred = Value(0.5, "weight"), Value(0.5, "input"), Value(0.8, "goal_pred")
    pred = (input * weight).labeled("pred")
    delta = (pred - goal_pred).labeled("delta")
    return (delta**2).labeled("error")


def chapter() -> Page:
    """Make the page of the chapter."""
    return written(
        Lesson(
            network(),
            "Predict, compare, learn",
            ABOUT,
            learns="weight",
            learns_hint=LEARNS_HINT,
            half_hint=HALF_HINT,
            presets=PRESETS,
            by_hand=whopper.formula(),
        )
    )


def main() -> None:
    """Write the page beside where this runs."""
    chapter().save("chapter.html")
    print("chapter.html")


if __name__ == "__main__":
    main()
