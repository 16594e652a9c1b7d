"""Every figure of the chapter, and its weight_delta against the one derived by hand."""

import re
import struct
import subprocess
import sys
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from autodiff import Value
from examples import (
    PROGRAMS,
    __main__,
    alpha,
    bowl,
    box_with_rods,
    compare,
    divergence,
    finding_alpha,
    gradient_descent,
    hot_and_cold,
    hot_and_cold_step,
    one_iteration,
    reducing_error,
    scaling_reversal_stopping,
    watched_steps,
    what_may_change,
    whopper,
    why_square,
)

ROOT = Path(__file__).parents[1]


def figures(*numbers):
    """Numbers to the 12 significant digits that the chapter prints."""
    return pytest.approx(numbers, rel=5e-12, abs=0)


def bits(number):
    """Return a float's bits: 0 and -0 differ."""
    return struct.pack("d", number)


def printed(capsys, *names):
    __main__.main(list(names))
    return capsys.readouterr().out


# ---- The figures, program by program ----------------------------------------------------------


def test_1_compare():
    assert (compare.measure().data,) == figures(0.3025)


def test_2_why_square():
    assert tuple(error**2 for error in why_square.pure_errors) == figures(100, 0.0001)
    raw, absolute, squared = why_square.averages()
    assert raw == 0
    assert (absolute, squared) == (1000, 1_000_000)


def test_3_hot_and_cold_one_step():
    assert hot_and_cold_step.try_both_ways() == figures(0.0225, 0.004225, 0.055225, 0.11)


def test_4_hot_and_cold_to_the_goal():
    steps = [(step.error, step.pred) for step in hot_and_cold.steps()]
    assert len(steps) == 1101
    assert steps[0] == figures(0.3025, 0.25)
    assert steps[1] == figures(0.30195025, 0.2505)
    assert steps[-2] == figures(2.50000000033e-07, 0.7995)
    assert steps[-1] == figures(1.07995057925e-27, 0.8)


def test_5_too_big_a_step_swings_for_ever():
    medium = [step.pred for step in hot_and_cold.steps(step_amount=0.2)]
    assert tuple(medium[-4:]) == figures(0.75, 0.85, 0.75, 0.85)
    large = [(step.error, step.pred) for step in hot_and_cold.steps(step_amount=10)]
    assert all(step == figures(0.3025, 0.25) for step in large[::2])
    assert all(step == figures(19.8025, 5.25) for step in large[1::2])


def test_6_gradient_descent():
    steps = [(step.error, step.pred) for step in gradient_descent.steps()]
    assert len(steps) == 20
    assert steps[0] == figures(0.3025, 0.25)
    assert steps[1] == figures(0.17015625, 0.3875)
    assert steps[2] == figures(0.095712890625, 0.490625)
    assert steps[-3] == figures(1.7092608064e-05, 0.79586567925)
    assert steps[-2] == figures(9.61459203602e-06, 0.796899259437)
    assert steps[-1] == figures(5.40820802026e-06, 0.797674444578)


def test_7_the_derivative_scales_reverses_and_stops_with_the_input():
    def weight_delta(input):
        return scaling_reversal_stopping.weight_delta(input)[1]

    assert abs(weight_delta(5.0)) > abs(weight_delta(0.5))
    for input in (0.25, 0.5, 1.0):
        pure_error, slope = scaling_reversal_stopping.weight_delta(input)
        negative_error, negative_slope = scaling_reversal_stopping.weight_delta(-input)
        assert max(pure_error, negative_error) < 0
        assert slope < 0 < negative_slope
    assert weight_delta(0.0) == 0


def test_8_one_iteration():
    assert one_iteration.iterate() == figures(0.85, 0.0225, -0.15, -1.275, 0.11275)


def test_9_reducing_error():
    steps = list(reducing_error.steps())
    assert tuple(step.error for step in steps) == figures(0.64, 0.36, 0.2025, 0.11390625)
    assert tuple(step.pred for step in steps) == figures(0, 0.2, 0.35, 0.4625)


def test_10_watched_steps():
    weight, error, pred, delta, weight_delta = zip(*watched_steps.steps(), strict=True)
    assert weight == figures(0, 0.88, 0.6952, 0.734008)
    assert error == figures(0.64, 0.028224, 0.0012446784, 5.489031744e-05)
    assert pred == figures(0, 0.968, 0.76472, 0.8074088)
    assert delta == figures(-0.8, 0.168, -0.03528, 0.0074088)
    assert weight_delta == figures(-0.88, 0.1848, -0.038808, 0.00814968)


def test_11_the_bowl_is_lowest_at_1_6_and_steeper_farther_away():
    rows = bowl.heights_and_slopes()
    weight, error, _ = min(rows, key=lambda row: row[1])
    assert (weight,) == figures(1.6)
    assert error == pytest.approx(0, abs=1e-30)
    assert all(slope < 0 for weight, _, slope in rows if weight < 1.5)
    assert all(slope > 0 for weight, _, slope in rows if weight > 1.7)
    assert all(left[2] < right[2] for left, right in pairwise(rows))


def test_12_one_backward_pass_gives_all_three_sensitivities():
    grads = {variable.label: variable.grad for variable in what_may_change.sensitivities()}
    assert list(grads) == ["input", "weight", "goal_pred"]
    assert tuple(grads.values()) == figures(-0.55, -0.55, 1.1)


def test_13_the_box_with_rods():
    assert list(box_with_rods.derivatives().values()) == [2, -1, 0]


def test_14_the_whopper_agrees_with_the_derivatives_derived_by_hand():
    by_hand = whopper.by_hand()
    assert whopper.by_autodiff() == pytest.approx(by_hand, rel=1e-14)
    assert by_hand == pytest.approx({"beta": 36, "gamma": 24, "epsilon": 0.1, "x": -0.1})


def test_15_divergence():
    steps = [(step.error, step.pred) for step in divergence.steps()]
    assert len(steps) == 20
    assert steps[0] == figures(0.04, 1.0)
    assert steps[1] == figures(0.36, 0.2)
    assert steps[2] == figures(3.24, 2.6)
    assert steps[-3] == figures(6.67087267987e14, -25828031.8)
    assert steps[-2] == figures(6.00378541188e15, 77484098.6)
    assert steps[-1] == figures(5.40340687069e16, -232452292.6)


def test_16_alpha():
    steps = [(step.error, step.pred) for step in divergence.steps(alpha=0.1)]
    assert steps[0] == figures(0.04, 1.0)
    assert steps[1] == figures(0.0144, 0.92)
    assert steps[2] == figures(0.005184, 0.872)
    assert steps[-3] == figures(1.14604719983e-09, 0.800033853319)
    assert steps[-2] == figures(4.12576991939e-10, 0.800020311991)
    assert steps[-1] == figures(1.48527717099e-10, 0.800012187195)


def test_17_finding_alpha():
    errors = finding_alpha.last_errors()
    first = next(divergence.steps()).error
    assert all(errors[alpha] > first for alpha in (10, 1, -0.1))
    assert (errors[0.1],) == figures(1.48527717099e-10)
    assert errors[0.01] == pytest.approx(0.00847943, rel=1e-6)
    assert errors[0.1] < errors[0.01] < errors[0.001] < errors[0.0001] < first


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("compare", ["0.3025"]),
        ("hot_and_cold_step", ["New weight: 0.11"]),
        (
            "hot_and_cold",
            [
                "Error:0.3025 Prediction:0.25",
                "Error:0.30195025 Prediction:0.2505",
                "...",
                "Error:2.50000000033e-07 Prediction:0.7995",
                "Error:1.07995057925e-27 Prediction:0.8",
            ],
        ),
        (
            "gradient_descent",
            [
                "Error:0.3025 Prediction:0.25",
                "Error:0.17015625 Prediction:0.3875",
                "Error:0.095712890625 Prediction:0.490625",
                "...",
                "Error:1.7092608064e-05 Prediction:0.79586567925",
                "Error:9.61459203602e-06 Prediction:0.796899259437",
                "Error:5.40820802026e-06 Prediction:0.797674444578",
            ],
        ),
        (
            "watched_steps",
            [
                "-----",
                "Weight:0.88",
                "Error:0.028224 Prediction:0.968",
                "Delta:0.168 Weight Delta:0.1848",
            ],
        ),
        (
            "divergence",
            [
                "Error:0.04 Prediction:1.0",
                "Error:0.36 Prediction:0.2",
                "Error:3.24 Prediction:2.6",
                "...",
                "Error:6.67087267987e+14 Prediction:-25828031.8",
                "Error:6.00378541188e+15 Prediction:77484098.6",
                "Error:5.40340687069e+16 Prediction:-232452292.6",
            ],
        ),
        (
            "alpha",
            [
                "Error:0.04 Prediction:1.0",
                "Error:0.0144 Prediction:0.92",
                "Error:0.005184 Prediction:0.872",
                "...",
                "Error:1.14604719983e-09 Prediction:0.800033853319",
                "Error:4.12576991939e-10 Prediction:0.800020311991",
                "Error:1.48527717099e-10 Prediction:0.800012187195",
            ],
        ),
    ],
)
def test_the_lines_are_printed_as_the_chapter_prints_them(capsys, name, lines):
    assert "\n".join(lines) in printed(capsys, name)


# ---- weight_delta against the one derived by hand ---------------------------------------------

LEARNING = {
    "gradient_descent": (gradient_descent.steps(), 0.5, 0.8),
    "reducing_error": (reducing_error.steps(), 0.5, 0.8),
    "watched_steps": (watched_steps.steps(), 1.1, 0.8),
    "divergence": (divergence.steps(), 2, 0.8),
    "alpha": (divergence.steps(alpha=0.1), 2, 0.8),
    **{f"alpha {a}": (divergence.steps(alpha=a), 2, 0.8) for a in finding_alpha.ALPHAS},
}


@pytest.mark.parametrize("name", LEARNING)
def test_weight_delta_is_the_one_derived_by_hand_at_every_iteration_bit_for_bit(name):
    steps, input, goal_pred = LEARNING[name]
    for step in list(steps):
        assert bits(step.delta) == bits(input * step.weight - goal_pred)
        assert bits(step.weight_delta) == bits(input * step.delta)
        weight = Value(step.weight)
        ((input * weight - goal_pred) ** 2).backward()
        assert bits(weight.grad) == bits(2 * input * step.delta)


def gradients(weight, input, goal_pred):
    """Return delta and the gradients of the error and of half the error."""
    knob = Value(weight)
    pred = input * knob
    error = (pred - goal_pred) ** 2
    error.backward()
    whole = knob.grad
    knob.zero_grad()
    (error / 2).backward()
    return pred.data - goal_pred, whole, knob.grad


moderate = st.floats(min_value=-1e75, max_value=1e75)  # the error of larger ones overflows


@given(moderate, moderate, moderate)
def test_on_floats_the_gradient_is_the_one_derived_by_hand_bit_for_bit(weight, input, goal_pred):
    delta, whole, half = gradients(weight, input, goal_pred)
    assert bits(half) == bits(input * delta)
    assume(abs(input * delta) > 1e-300)  # below, doubling before and after rounding may differ
    assert bits(whole) == bits(2 * input * delta)


@given(st.fractions(), st.fractions(), st.fractions())
def test_on_fractions_the_gradient_is_exactly_the_one_derived_by_hand(weight, input, goal_pred):
    delta, whole, half = gradients(weight, input, goal_pred)
    assert type(half) is Fraction
    assert half == input * delta
    assert whole == 2 * input * delta


# ---- The command ------------------------------------------------------------------------------


def test_all_programs_are_printed_in_reading_order_under_their_titles(capsys):
    lines = printed(capsys).splitlines()
    titles = [title for title, rule in pairwise(lines) if rule == "=" * len(title) and title]
    assert titles == [__main__.title_of(name) for name in PROGRAMS]
    assert len(titles) == 17


def test_the_list_has_every_name_with_its_title(capsys):
    rows = [line.split(maxsplit=1) for line in printed(capsys, "--list").splitlines()]
    assert rows == [[name, __main__.title_of(name)] for name in PROGRAMS]


def test_several_programs_can_be_named(capsys):
    out = printed(capsys, "alpha", "compare")
    assert out.index("Alpha:") < out.index("Compare:")
    assert "Divergence" not in out


def test_an_unknown_name_is_an_error_that_suggests_the_nearest(capsys):
    with pytest.raises(SystemExit) as stopped:
        __main__.main(["comparee"])
    assert stopped.value.code == 2
    assert capsys.readouterr().err == (
        "there is no program 'comparee': did you mean compare? --list lists them all\n"
    )


def test_a_reader_that_stops_early_is_no_error():
    command = f"'{sys.executable}' -m examples | head -n 1"
    done = subprocess.run(["sh", "-c", command], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.startswith("Compare")
    assert done.stderr == ""


def test_no_example_states_the_derivative_itself():
    stated = re.compile(r"\binput\s*\*\s*delta\b|\bdelta\s*\*\s*input\b")
    for path in (ROOT / "examples").iterdir():
        if path.suffix in (".py", ".ipynb"):
            assert not stated.search(path.read_text(encoding="utf-8")), path.name


def test_every_example_is_listed():
    shared = {"__init__", "__main__", "printing", "pictures"}
    assert {path.stem for path in (ROOT / "examples").glob("*.py")} - shared == set(PROGRAMS)


def test_alpha_is_the_diverging_program_with_smaller_steps(capsys):
    alpha.main()
    assert "Prediction:0.800012187195" in capsys.readouterr().out
