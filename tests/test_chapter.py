"""Every figure of the chapter, and its weight_delta against the one derived by hand."""

import importlib
import os
import re
import struct
import subprocess
import sys
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autodiff import Value
from examples import (
    PROGRAMS,
    __main__,
    bowl,
    box_with_rods,
    by_hand,
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


def rounded(numbers):
    """Return the numbers to the 12 significant digits that the chapter prints."""
    return tuple(float(f"{number:.12g}") for number in numbers)


def bits(number):
    """Return a float's bits: 0 and -0 differ."""
    return struct.pack("d", number)


def printed(capsys, *names):
    __main__.main(list(names))
    return capsys.readouterr().out


# ---- The figures, program by program ----------------------------------------------------------


def test_1_the_error_of_the_first_comparison_is_0_3025():
    assert rounded((compare.measure().data,)) == (0.3025,)


def test_2_squaring_widens_and_a_raw_pair_cancels():
    assert rounded(error**2 for error in why_square.pure_errors) == (100, 0.0001)
    raw, absolute, squared = why_square.averages()
    assert raw == 0
    assert (absolute, squared) == (1000, 1_000_000)


def test_3_hot_and_cold_takes_one_step_up():
    assert rounded(hot_and_cold_step.try_both_ways()) == (0.0225, 0.004225, 0.055225, 0.11)


def test_4_hot_and_cold_reaches_the_goal_in_1101_steps():
    steps = [(step.error, step.pred) for step in hot_and_cold.steps()]
    assert len(steps) == 1101
    assert rounded(steps[0]) == (0.3025, 0.25)
    assert rounded(steps[1]) == (0.30195025, 0.2505)
    assert rounded(steps[-2]) == (2.50000000033e-07, 0.7995)
    assert rounded(steps[-1]) == (1.07995057925e-27, 0.8)


def test_5_too_big_a_step_swings_for_ever():
    medium = [step.pred for step in hot_and_cold.steps(step_amount=0.2)]
    assert rounded(medium[-4:]) == (0.75, 0.85, 0.75, 0.85)
    large = [(step.error, step.pred) for step in hot_and_cold.steps(step_amount=10)]
    assert all(rounded(step) == (0.3025, 0.25) for step in large[::2])
    assert all(rounded(step) == (19.8025, 5.25) for step in large[1::2])


def test_6_gradient_descent_nears_the_goal_in_20_steps():
    steps = [(step.error, step.pred) for step in gradient_descent.steps()]
    assert len(steps) == 20
    assert rounded(steps[0]) == (0.3025, 0.25)
    assert rounded(steps[1]) == (0.17015625, 0.3875)
    assert rounded(steps[2]) == (0.095712890625, 0.490625)
    assert rounded(steps[-3]) == (1.7092608064e-05, 0.79586567925)
    assert rounded(steps[-2]) == (9.61459203602e-06, 0.796899259437)
    assert rounded(steps[-1]) == (5.40820802026e-06, 0.797674444578)


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


def test_8_one_iteration_moves_the_weight_to_0_11275():
    assert rounded(one_iteration.iterate()) == (0.85, 0.0225, -0.15, -1.275, 0.11275)


def test_9_learning_reduces_the_error_every_time():
    steps = list(reducing_error.steps())
    assert rounded(step.error for step in steps) == (0.64, 0.36, 0.2025, 0.11390625)
    assert rounded(step.pred for step in steps) == (0, 0.2, 0.35, 0.4625)


def test_10_watched_steps_overshoot_and_come_back():
    weight, error, pred, delta, weight_delta = zip(*watched_steps.steps(), strict=True)
    assert rounded(weight) == (0, 0.88, 0.6952, 0.734008)
    assert rounded(error) == (0.64, 0.028224, 0.0012446784, 5.489031744e-05)
    assert rounded(pred) == (0, 0.968, 0.76472, 0.8074088)
    assert rounded(delta) == (-0.8, 0.168, -0.03528, 0.0074088)
    assert rounded(weight_delta) == (-0.88, 0.1848, -0.038808, 0.00814968)


def test_11_the_bowl_is_lowest_at_1_6_and_steeper_farther_away():
    rows = bowl.heights_and_slopes()
    weight, error, _ = min(rows, key=lambda row: row[1])
    assert rounded((weight,)) == (1.6,)
    assert error == pytest.approx(0, abs=1e-30)
    assert all(slope < 0 for weight, _, slope in rows if weight < 1.5)
    assert all(slope > 0 for weight, _, slope in rows if weight > 1.7)
    assert all(left[2] < right[2] for left, right in pairwise(rows))


def test_12_one_backward_pass_gives_all_three_sensitivities():
    grads = {variable.label: variable.grad for variable in what_may_change.sensitivities()}
    assert list(grads) == ["input", "weight", "goal_pred"]
    assert rounded(grads.values()) == (-0.55, -0.55, 1.1)


def test_13_the_rods_move_by_2_by_minus_1_and_by_0():
    assert list(box_with_rods.derivatives().values()) == [2, -1, 0]


def test_14_the_whopper_agrees_with_the_derivatives_derived_by_hand():
    by_hand = whopper.by_hand()
    assert whopper.by_autodiff() == pytest.approx(by_hand, rel=1e-14)
    assert by_hand == pytest.approx({"beta": 36, "gamma": 24, "epsilon": 0.1, "x": -0.1})


def test_15_an_input_of_2_diverges():
    steps = [(step.error, step.pred) for step in divergence.steps()]
    assert len(steps) == 20
    assert rounded(steps[0]) == (0.04, 1.0)
    assert rounded(steps[1]) == (0.36, 0.2)
    assert rounded(steps[2]) == (3.24, 2.6)
    assert rounded(steps[-3]) == (6.67087267987e14, -25828031.8)
    assert rounded(steps[-2]) == (6.00378541188e15, 77484098.6)
    assert rounded(steps[-1]) == (5.40340687069e16, -232452292.6)


def test_16_an_alpha_of_0_1_converges():
    steps = [(step.error, step.pred) for step in divergence.steps(alpha=0.1)]
    assert rounded(steps[0]) == (0.04, 1.0)
    assert rounded(steps[1]) == (0.0144, 0.92)
    assert rounded(steps[2]) == (0.005184, 0.872)
    assert rounded(steps[-3]) == (1.14604719983e-09, 0.800033853319)
    assert rounded(steps[-2]) == (4.12576991939e-10, 0.800020311991)
    assert rounded(steps[-1]) == (1.48527717099e-10, 0.800012187195)


def test_17_of_all_the_alphas_0_1_learns_most():
    errors = finding_alpha.last_errors()
    first = next(divergence.steps()).error
    assert all(errors[alpha] > first for alpha in (10, 1, -0.1))
    assert rounded((errors[0.1],)) == (1.48527717099e-10,)
    assert errors[0.01] == pytest.approx(0.00847943, rel=1e-6)
    assert errors[0.1] < errors[0.01] < errors[0.001] < errors[0.0001] < first


PRINTED = {
    "compare": """
0.3025
""",
    "why_square": """
10.0 squared is 100.0
0.01 squared is 0.0001
Errors of 1000.0 and -1000.0:
the raw ones average 0.0, as if nothing were wrong
the absolute ones average 1000.0, the squared ones 1000000.0
""",
    "hot_and_cold_step": """
Error at weight 0.1: 0.0225
Error a little higher: 0.004225
Error a little lower: 0.055225
New weight: 0.11
""",
    "hot_and_cold": """
Error:0.3025 Prediction:0.25
Error:0.30195025 Prediction:0.2505
...
Error:2.50000000033e-07 Prediction:0.7995
Error:1.07995057925e-27 Prediction:0.8
""",
    "hot_and_cold_too_far": """
step_amount = 0.2
Error:0.3025 Prediction:0.25
Error:0.2025 Prediction:0.35
Error:0.1225 Prediction:0.45
...
Error:0.0025 Prediction:0.75
Error:0.0025 Prediction:0.85
Error:0.0025 Prediction:0.75
Error:0.0025 Prediction:0.85
step_amount = 10.0
Error:0.3025 Prediction:0.25
Error:19.8025 Prediction:5.25
Error:0.3025 Prediction:0.25
...
Error:19.8025 Prediction:5.25
Error:0.3025 Prediction:0.25
Error:19.8025 Prediction:5.25
Error:0.3025 Prediction:0.25
""",
    "gradient_descent": """
Error:0.3025 Prediction:0.25
Error:0.17015625 Prediction:0.3875
Error:0.095712890625 Prediction:0.490625
...
Error:1.7092608064e-05 Prediction:0.79586567925
Error:9.61459203602e-06 Prediction:0.796899259437
Error:5.40820802026e-06 Prediction:0.797674444578
""",
    "scaling_reversal_stopping": """
input 0.5 (as before): pure error -0.55, weight_delta -0.275
input 5.0 (large): pure error 1.7, weight_delta 8.5
input -0.5 (negative): pure error -1.05, weight_delta 0.525
input 0.0 (zero): pure error -0.8, weight_delta 0.0
""",
    "one_iteration": """
Predict: pred 0.85
Compare: error 0.0225, delta -0.15
Learn: weight_delta -1.275
New weight: 0.11275
""",
    "reducing_error": """
Error:0.64 Prediction:0.0
Error:0.36 Prediction:0.2
Error:0.2025 Prediction:0.35
Error:0.11390625 Prediction:0.4625
""",
    "watched_steps": """
-----
Weight:0.0
Error:0.64 Prediction:0.0
Delta:-0.8 Weight Delta:-0.88
-----
Weight:0.88
Error:0.028224 Prediction:0.968
Delta:0.168 Weight Delta:0.1848
-----
Weight:0.6952
Error:0.0012446784 Prediction:0.76472
Delta:-0.03528 Weight Delta:-0.038808
-----
Weight:0.734008
Error:5.489031744e-05 Prediction:0.8074088
Delta:0.0074088 Weight Delta:0.00814968
""",
    "bowl": """
weight 0.0: error 0.6400, slope -0.80  ################################
weight 0.4: error 0.3600, slope -0.60  ##################
weight 0.8: error 0.1600, slope -0.40  ########
weight 1.2: error 0.0400, slope -0.20  ##
weight 1.6: error 0.0000, slope +0.00
weight 2.0: error 0.0400, slope +0.20  ##
weight 2.4: error 0.1600, slope +0.40  ########
weight 2.8: error 0.3600, slope +0.60  ##################
weight 3.2: error 0.6400, slope +0.80  ################################
The lowest point: weight 1.6, error 0.0
""",
    "what_may_change": """
derivative of the error in input: -0.55
derivative of the error in weight: -0.55  <- this one may learn
derivative of the error in goal_pred: 1.1
""",
    "box_with_rods": """
red = blue * 2: derivative 2.0
red = blue * -1: derivative -1.0
y = 0 * x: derivative 0.0
""",
    "whopper": """
y = ((beta * gamma) ** 2) + (epsilon + 22 - x) ** (1/2)
derivative in beta: autodiff 36.0, by hand 36.0
derivative in gamma: autodiff 24.0, by hand 24.0
derivative in epsilon: autodiff 0.1, by hand 0.1
derivative in x: autodiff -0.1, by hand -0.1
""",
    "divergence": """
Error:0.04 Prediction:1.0
Error:0.36 Prediction:0.2
Error:3.24 Prediction:2.6
...
Error:6.67087267987e+14 Prediction:-25828031.8
Error:6.00378541188e+15 Prediction:77484098.6
Error:5.40340687069e+16 Prediction:-232452292.6
""",
    "alpha": """
Error:0.04 Prediction:1.0
Error:0.0144 Prediction:0.92
Error:0.005184 Prediction:0.872
...
Error:1.14604719983e-09 Prediction:0.800033853319
Error:4.12576991939e-10 Prediction:0.800020311991
Error:1.48527717099e-10 Prediction:0.800012187195
""",
    "finding_alpha": """
alpha 10: error 1.15482202525e+59 at the end, diverges
alpha 1: error 5.40340687069e+16 at the end, diverges
alpha 0.1: error 1.48527717099e-10 at the end, learns
alpha 0.01: error 0.00847943366126 at the end, learns
alpha 0.001: error 0.0343490595902 at the end, learns
alpha 0.0001: error 0.0393964776792 at the end, learns
alpha -0.1: error 14286.4836039 at the end, diverges
""",
}


@pytest.mark.parametrize("name", PRINTED)
def test_every_program_prints_just_these_lines(capsys, name):
    _explained, text = printed(capsys, name).split("\n\n", 1)
    assert text.strip("\n") == PRINTED[name].strip("\n")


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_program_is_explained_by_the_sentences_of_its_docstring(capsys, name):
    explained = printed(capsys, name).split("\n\n")[0]
    title, rule, *sentences = explained.splitlines()
    assert rule == "=" * len(title)
    assert len(sentences) > 1
    docstring = importlib.import_module(f"examples.{name}").__doc__
    assert f"{title} {' '.join(sentences)}".split() == docstring.split()


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_a_program_prints_fits_80_columns(capsys, name):
    assert max(map(len, printed(capsys, name).splitlines())) <= 80


def test_the_source_is_printed_on_request(capsys):
    out = printed(capsys, "compare", "--code")
    assert (ROOT / "examples" / "compare.py").read_text(encoding="utf-8") in out
    assert out.rstrip().endswith("\n0.3025")
    assert "def measure" not in printed(capsys, "compare")


# ---- weight_delta against the one derived by hand ---------------------------------------------

LEARNING = {
    "gradient_descent": (list(gradient_descent.steps()), 0.5, 0.8),
    "reducing_error": (list(reducing_error.steps()), 0.5, 0.8),
    "watched_steps": (list(watched_steps.steps()), 1.1, 0.8),
    "divergence": (list(divergence.steps()), 2, 0.8),
    **{f"alpha {a}": (list(divergence.steps(alpha=a)), 2, 0.8) for a in finding_alpha.ALPHAS},
}


@pytest.mark.parametrize("name", LEARNING)
def test_weight_delta_is_the_one_derived_by_hand_at_every_iteration_bit_for_bit(name):
    steps, input, goal_pred = LEARNING[name]
    assert len(steps) == (4 if name in ("reducing_error", "watched_steps") else 20)
    for step in steps:
        assert bits(step.delta) == bits(input * step.weight - goal_pred)
        assert bits(step.weight_delta) == bits(input * step.delta)
        weight = Value(step.weight)
        ((input * weight - goal_pred) ** 2).backward()
        assert bits(weight.grad) == bits(2 * input * step.delta)


def test_the_weight_delta_of_one_iteration_is_the_one_derived_by_hand_bit_for_bit():
    done = one_iteration.iterate()
    assert bits(done.weight_delta) == bits(8.5 * done.delta)
    assert bits(done.weight) == bits(0.1 - 0.01 * done.weight_delta)


@pytest.mark.parametrize("input", [0.5, 5.0, -0.5, 0.0])
def test_weight_delta_scales_the_pure_error_by_the_input_bit_for_bit(input):
    pure_error, slope = scaling_reversal_stopping.weight_delta(input)
    assert bits(slope) == bits(input * pure_error)


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
    assert set(PROGRAMS) - {"by_hand"} == set(PRINTED)
    assert len(PRINTED) == 17


def test_the_list_has_every_name_with_its_title(capsys):
    rows = [line.split(maxsplit=1) for line in printed(capsys, "--list").splitlines()]
    assert rows == [[name, __main__.title_of(name)] for name in PROGRAMS]


def test_the_comparison_by_hand_finds_the_factor_that_the_chapter_drops(capsys):
    whole, half = map(by_hand.compared, (by_hand.ERROR, by_hand.HALF_ERROR))
    assert not whole
    assert "is a factor 2 dropped?" in whole.diagnosis["weight"][0]
    assert half
    assert {row.ulps for row in half.rows} == {0}
    assert str(whole) in printed(capsys, "by_hand")


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


@pytest.mark.parametrize("arguments", [[], ["--list"], ["--help"]])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_stops_early_is_no_error(arguments, unbuffered):
    read_end, write_end = os.pipe()
    os.close(read_end)  # nobody reads: the first write fails, however little is written
    try:
        done = subprocess.run(
            [sys.executable, "-m", "examples", *arguments],
            cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
            stdout=write_end,
            stderr=subprocess.PIPE,
            text=True,
        )
    finally:
        os.close(write_end)
    assert (done.returncode, done.stderr) == (0, "")


STATED = re.compile(r"\binput(\.data)?\s*\*\s*delta\b|\bdelta(\.data)?\s*\*\s*input\b")


@pytest.mark.parametrize("text", ["input * delta", "delta*input", "input.data *delta.data"])
def test_the_derivative_is_recognised_in_any_spacing_and_order(text):
    assert STATED.search(text)


def test_no_example_states_the_derivative_itself():
    for path in (ROOT / "examples").rglob("*"):
        if path.suffix in (".py", ".ipynb"):
            assert not STATED.search(path.read_text(encoding="utf-8")), path.name


def test_every_example_is_listed():
    shared = {"__init__", "__main__", "page", "printing", "pictures"}
    assert {path.stem for path in (ROOT / "examples").glob("*.py")} - shared == set(PROGRAMS)
