"""Comparing derivatives by hand: every verdict, every diagnosis, and no false accusation."""

import json
import math
import random
from fractions import Fraction

import numpy as np
import pytest
import sympy

import autodiff
from autodiff import Value
from autodiff.checking import assert_gradient, compare
from autodiff.checking.subject import UndefinedError
from autodiff.formula import parse

ERROR = "error = (input * weight - goal) ** 2"
IN_STEPS = "pred = input * weight; delta = pred - goal; error = delta ** 2"
RIGHT = {
    "input": "2 * weight * (input * weight - goal)",
    "weight": "2 * input * (input * weight - goal)",
    "goal": "-2 * (input * weight - goal)",
}


def said(report, variable):
    """Return all that the diagnosis says of a variable."""
    return " | ".join(report.diagnosis[variable])


# ---- Diagnosis --------------------------------------------------------------------------------

MISTAKES = {
    "dropped 2": (
        ERROR, "weight", "input * (input * weight - goal)",
        "by hand is 1/2 of autodiff at all 20 points: is a factor 2 dropped?",
    ),
    "one 2 too many": (
        ERROR, "weight", "4 * input * (input * weight - goal)",
        "by hand is 2 times autodiff at all 20 points: is a factor 2 too many?",
    ),
    "flipped sign": (
        ERROR, "weight", "2 * input * (goal - input * weight)",
        "by hand is minus autodiff at all 20 points: is the sign flipped?",
    ),
    "flipped sign and dropped 2": (
        ERROR, "weight", "input * (goal - input * weight)",
        "by hand is -1/2 of autodiff at all 20 points: "
        "is the sign flipped, and a factor 2 dropped?",
    ),
    "degrees": (
        "sin(x)", "x", "cos(x) * 0.017453292519943295",
        "by hand is pi/180 of autodiff at all 20 points",
    ),
    "rounded constant": ("3.14159265 * x", "x", "3.14", "is a constant rounded?"),
    "offset": (
        ERROR, "weight", "2 * input * (input * weight - goal) - 1/2",
        "by hand is autodiff minus 1/2 at all 20 points: is a constant term wrong?",
    ),
    "missing variable": (
        ERROR, "weight", "2 * (input * weight - goal)",
        "autodiff / by hand = input at all 20 points: is the factor input missing?",
    ),
    "missing intermediate value": (
        IN_STEPS, "weight", "2 * input",
        "autodiff / by hand = delta at all 20 points: is the factor delta missing?",
    ),
    "missing intermediate value without a name": (
        "(x + 1) ** 2 * y", "x", "2 * y",
        "autodiff / by hand = x + 1 at all 20 points: is the factor x + 1 missing?",
    ),
    "missing chain rule": (
        "sin(exp(x) + x ** 2)", "x", "exp(x) + 2 * x",
        "autodiff / by hand = the derivative of sin(exp(x) + x**2) in exp(x) + x**2",
    ),
    "a factor too many": (
        ERROR, "weight", "2 * input ** 2 * (input * weight - goal)",
        "by hand / autodiff = input at all 20 points: is the factor input too many?",
    ),
    "missing part of a product": (
        "x * exp(x)", "x", "exp(x)",
        "autodiff - by hand is what comes through exp(x) at all 20 points: "
        "is x taken for a constant there?",
    ),
    "wrong variable": (
        ERROR, "weight", "2 * weight * (input * weight - goal)",
        "by hand is autodiff's derivative in input at all 20 points",
    ),
    "forgotten": (ERROR, "weight", "0", "by hand is 0 at all 20 points"),
    "invented": ("x * 1 + 0 * y", "y", "x", "autodiff is 0 at all 20 points"),
    "wrong side of a kink": (
        "relu(x - y)", "x", "1",
        "by hand is right except where x - y is negative (9 of 20 points), which is one side of a "
        "kink",
    ),
    "wrong sign on one side of a kink": (
        "abs(x)", "x", "1", "there, by hand is minus autodiff at all 7 points",
    ),
    "wrong on one side of a step": (
        "x - floor(x)", "x", "where(x - floor(x) > 1/2, 1, 2)",
        "by hand is right except where x - rint(x) is positive (13 of 20 points), which is one "
        "side of a kink",
    ),
    "no pattern": (
        ERROR, "weight", "sin(input)", "the two derivatives differ at all 20 points, most at",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("f", "variable", "wrong", "words"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_named_and_the_numerical_derivative_sides_with_autodiff(
    f, variable, wrong, words
):
    report = compare(f, {variable: wrong})
    assert not report
    assert words in report.diagnosis[variable][0]
    assert report.diagnosis[variable][1].startswith("the numerical derivative agrees with autodiff")


def test_two_variables_swapped_are_named_for_both():
    report = compare(ERROR, {"weight": RIGHT["input"], "input": RIGHT["weight"]})
    assert "are weight and input swapped?" in said(report, "weight")
    assert "are input and weight swapped?" in said(report, "input")


def test_only_the_wrong_variable_is_accused():
    report = compare(ERROR, RIGHT | {"goal": "2 * (input * weight - goal)"})
    assert list(report.diagnosis) == ["goal"]
    assert report.variables[0] == "goal"
    assert report.proved == ("input", "weight")


def test_wrong_only_where_a_named_intermediate_value_is_negative():
    def f(x, w):
        u = x * w
        if isinstance(u, Value):
            u.labeled("u")
        return u if u > 0 else u * u

    report = compare(f, {"x": "w"})
    assert "by hand is right except where u is negative (11 of 20 points)" in said(report, "x")
    assert "is the factor 2 * u missing?" in said(report, "x")


@pytest.mark.parametrize(
    ("f", "x", "by_hand", "reason"),
    [
        ("relu(x)", 0.0, "1", "relu(x) has a kink or a jump at the point"),
        ("abs(x - 1)", 1.0, "1", "abs(x - 1) has a kink or a jump at the point"),
        ("maximum(x, 2)", 2.0, "1", "maximum(x, 2) has a kink or a jump at the point"),
        ("clip(x, 0, 1)", 1.0, "0", "clip(x, 0, 1) has a kink or a jump at the point"),
        ("floor(x)", 2.0, "1", "floor(x) has a kink or a jump at the point"),
        ("trunc(x)", -1.0, "1", "trunc(x) has a kink or a jump at the point"),
        ("rint(x)", 0.5, "1", "rint(x) has a kink or a jump at the point"),
        ("x % 2 * 3", 4.0, "1", "x % 2 has a kink or a jump at the point"),
        ("copysign(2, x)", 0.0, "7", "copysign(2, x) has a kink or a jump at the point"),
        ("sqrt(x)", 0.0, "7", "autodiff is inf"),
        ("exp(x) * exp(x)", 400.0, "3 * exp(x) * exp(x)", "autodiff is inf"),
        ("x ** 2", 0.0, "2 / x", "by hand raises ZeroDivisionError: "),
        ("log(x)", -1.0, "1 / x", ", in log(x=-1.0)"),
    ],
)
def test_a_kink_or_a_non_finite_point_is_undecided_and_accuses_no_one(f, x, by_hand, reason):
    report = compare(f, {"x": by_hand}, at={"x": x})
    assert [row.verdict for row in report.rows] == ["undecided"]
    assert reason in said(report, "x")
    assert report.summary("x") == "x: undecided"
    assert not report


def test_a_kink_that_does_not_show_in_the_result_is_no_kink():
    assert compare("relu(x) ** 2", {"x": "2 * relu(x)"}, at={"x": 0.0})
    assert not compare("relu(x) ** 2", {"x": "3"}, at={"x": 0.0}).rows[0].reason


def test_a_step_that_goes_on_smoothly_is_no_kink_there():
    assert compare("trunc(x) * x", {"x": "1"}, at={"x": 0.0}).rows[0].verdict == "differs"
    assert compare("1e300 % x", {"x": "1"}, at={"x": 0.7e-8}).rows[0].verdict == "differs"


def test_two_comparisons_that_are_compared_have_the_kinks_of_both():
    def f(x):
        return autodiff.where((x > 1) ^ (x > 3), x * x, x)

    assert compare(f, {"x": 7}, at={"x": 2.0}).rows[0].verdict == "differs"
    assert compare(f, {"x": 7}, at={"x": 3.0}).rows[0].verdict == "undecided"
    assert compare(f, {"x": 7}, at={"x": 5.0}).rows[0].verdict == "differs"


def test_an_undecided_point_beside_decided_ones_does_not_fail_a_right_formula():
    report = compare("sqrt(x)", {"x": "0.5 / sqrt(x)"}, at=[{"x": 0.0}, {"x": 4.0}])
    assert report
    assert "undecided at 1 of 2 points" in said(report, "x")


def test_a_wrong_value_is_told_from_a_wrong_derivative():
    report = compare("x ** 2", {"x": "2 * x"}, value="x ** 2 / 2")
    assert not report
    assert list(report.diagnosis) == ["the value"]
    assert "by hand is 1/2 of the function at all 20 points" in said(report, "the value")
    assert compare("x ** 2", {"x": "2 * x"}, value=lambda x: x * x)


@autodiff.operation
def wrongly_squared(x):
    return x**2, x


def test_the_numerical_derivative_sides_against_a_wrong_rule():
    report = compare(lambda x: wrongly_squared(x), {"x": "2 * x"})
    assert "the numerical derivative agrees with by hand at all 20 points" in said(report, "x")


def test_two_derivatives_that_agree_are_not_believed_against_the_numbers():
    report = compare(lambda x: wrongly_squared(x), {"x": "x"}, prove=False)
    assert not report
    assert "the numerical derivative contradicts both at all 20 points" in said(report, "x")


def test_autodiff_alone_is_compared_with_the_numerical_derivative():
    assert compare(lambda x, y: autodiff.sin(x * y) + x / (y * y + 1))
    assert not compare(lambda x: wrongly_squared(x))


def test_at_one_or_two_points_only_simple_factors_are_named():
    assert "1/2 of autodiff" in said(compare("x ** 2", {"x": "x"}, at={"x": 3.0}), "x")
    assert "-3 times autodiff" in said(compare("x ** 2", {"x": "-6 * x"}, at={"x": 3.0}), "x")
    for number in ("5.9", "0", "6.123", "6.6", "60", "9", "4"):
        words = said(compare("x ** 2", {"x": number}, at={"x": 3.0}), "x")
        assert words.startswith("the two derivatives differ at the one point")


def test_a_variable_may_have_any_name():
    report = compare("autodiff ** 2", "2 * autodiff", value="autodiff ** 3")
    assert "by hand / the function = autodiff at all 20" in said(report, "the value")
    assert compare("self ** 2 + f * numbers", {"self": "2 * self", "f": "numbers"})


def test_where_by_hand_is_zero_at_some_points_that_is_told():
    report = compare("x ** 2 + y", {"x": "where(y > 0, 2 * x, 0)"})
    assert "by hand is right except where y is negative" in said(report, "x")
    report = compare("x ** 2 + y * 0", {"x": "where(sin(9 * y) > 0, 2 * x, 0)"})
    assert "by hand is right except where it is 0 (9 of 20 points)" in said(report, "x")
    report = compare(
        lambda x, y: x**2 if autodiff.sin(9 * y) > 0 else 0 * x, {"x": lambda x: 2 * x}
    )
    assert "by hand is right except where autodiff is 0" in said(report, "x")


def test_a_part_of_the_derivative_is_named_by_its_intermediate_value():
    f = "a = x * y; b = sin(a); c = a ** 2; loss = b * c"
    report = compare(f, {"x": "cos(a) * y * c"})
    assert "autodiff - by hand is what comes through c in loss at all 20 points" in said(
        report, "x"
    )
    report = compare(f, {"x": "cos(a) * y * c - b * 2 * a * y"})
    assert "if u' v - u v' is taken for loss" in said(report, "x")


# ---- No false accusation ----------------------------------------------------------------------


def random_formula(rng, depth):
    """Return a random expression in x, y and z."""
    if depth == 0:
        return rng.choice(["x", "y", "z", "x", "y", "z", "2", "0.5", "3"])
    a, b = (random_formula(rng, rng.randrange(depth)) for _ in range(2))
    functions = ["sin", "cos", "exp", "tanh", "log", "sqrt", "arctan", "abs", "cosh"]
    return rng.choice(
        [f"({a} {symbol} {b})" for symbol in "++--***/"]
        + [f"({a}) ** {rng.choice([2, 3, -1, 0.5])}"]
        + [f"{function}({a})" for function in rng.sample(functions, 4)]
    )


def derived_by_sympy(formula):
    """Return all derivatives of a formula by another's rules."""
    symbols = {name: sympy.Symbol(name, real=True) for name in formula.variables}
    derivatives = {}
    for name, symbol in symbols.items():
        derivative = sympy.diff(formula(**symbols), symbol)
        text = str(derivative.subs(sympy.E, sympy.Symbol("exp1", real=True)))
        text = text.replace("exp1", "exp(1)").replace("atan", "arctan").replace("Abs", "abs")
        derivatives[name] = text
    return derivatives


@pytest.mark.once
def test_a_right_formula_is_never_accused_on_1000_random_expressions():
    rng = random.Random(1)
    compared = 0
    while compared < 1000:
        formula = parse(f"x * y - z + {random_formula(rng, 4)}")
        by_hand = derived_by_sympy(formula)
        if any("zoo" in text or "nan" in text or "I" in text for text in by_hand.values()):
            continue  # the expression is defined nowhere
        ranges = dict.fromkeys(formula.variables, (-2.0, 2.0))
        try:
            report = compare(formula, by_hand, ranges=ranges, points=4, prove=False)
        except UndefinedError:
            continue
        compared += 1
        assert {row.verdict for row in report.rows} <= {"equal", "agrees", "undecided"}, report
        words = [sentence for said in report.diagnosis.values() for sentence in said]
        assert all(sentence.startswith("undecided") for sentence in words), report


@pytest.mark.parametrize("factor", [1.001, 0.999, -1, 2])
def test_a_slope_that_is_wrong_by_a_thousandth_is_caught(factor):
    assert not compare(ERROR, {"weight": f"{factor} * ({RIGHT['weight']})"}, points=5)


# ---- What can be compared ---------------------------------------------------------------------


def half_error(input, weight, goal):
    return (input * weight - goal) ** 2 / 2


@pytest.mark.parametrize(
    "by_hand",
    [
        {"weight": "input * (input * weight - goal)"},
        {"weight": lambda input, weight, goal: input * (input * weight - goal)},
        {"goal": lambda weight, goal, input: goal - weight * input},
        lambda input, weight, goal: (
            weight * (input * weight - goal),
            input * (input * weight - goal),
            goal - input * weight,
        ),
        lambda input, weight, goal: {"weight": input * (input * weight - goal)},
    ],
    ids=["text", "callable", "callable with another order", "tuple", "mapping"],
)
def test_by_hand_may_be_given_in_many_ways(by_hand):
    assert compare(half_error, by_hand)
    assert compare("error = (input * weight - goal) ** 2 / 2", by_hand)


def test_a_single_variable_needs_no_name():
    assert compare("x ** 3", "3 * x ** 2")
    assert compare(lambda x: x**3, lambda x: 3 * x**2)


def test_by_hand_may_use_the_names_of_intermediate_values():
    assert compare(IN_STEPS, {"weight": "2 * input * delta", "goal": "-2 * delta"})


def test_the_weight_delta_of_the_chapter_is_half_the_derivative():
    input, goal_pred = 0.5, 0.8
    weight = Value(0.5, "weight")
    delta = input * weight - goal_pred
    report = compare(delta**2, {weight: input * delta})
    assert "by hand is 1/2 of autodiff at the one point" in said(report, "weight")
    halved = compare(delta**2 / 2, {weight: input * delta})
    assert halved.summary("weight") == "weight: equal at 1 point"


def test_variables_of_a_built_expression_are_named_by_label_or_by_node_even_on_the_way():
    weight, input = Value(0.5, "weight"), Value(2.0)
    pred = (weight * input).labeled("pred")
    error = pred**2
    assert compare(error, {"weight": 4.0, input: 1.0, "pred": 2.0})
    assert compare(error)


def test_given_points_and_random_points_are_both_compared():
    at = [{"x": 1.0}, {"x": 2.0}]
    report = compare("x ** 2", "2 * x", at=at, ranges={"x": (5.0, 6.0)}, points=3)
    xs = sorted(row.point["x"] for row in report.rows)
    assert xs[:2] == [1.0, 2.0]
    assert all(5 <= x <= 6 for x in xs[2:])
    assert len(xs) == 5


def test_random_points_depend_on_the_seed_alone():
    first, again, other = (compare("x * y", seed=seed).to_dict()["rows"] for seed in (1, 1, 2))
    assert first == again != other


def test_random_points_where_the_function_is_not_defined_are_drawn_again():
    report = compare("log(x)", "1 / x", ranges={"x": (-1.0, 1.0)}, points=30)
    assert len(report.rows) == 30
    assert min(row.point["x"] for row in report.rows) > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("x * y", {"z": "1"}), "'z' is no variable; the variables are x, y"),
        (("x * y", {"x": "w"}), "'w' is none of the names here: x, y"),
        (("x * y", {"x": lambda w: w}), "'w' is none of the names here: x, y"),
        (("x * y", lambda x, y: [1.0]), "by hand gives 1 derivatives for the variables x, y"),
        (("sqrt(-1 - x * x)", "0"), "defined at no point of the ranges"),
        ((Value(1.0) * 2, {"weight": 1.0}), "the expression has no node 'weight'"),
        ((lambda: 3.0, "0"), "there is nothing to differentiate in"),
    ],
)
def test_what_cannot_be_compared_is_an_error_that_says_why(arguments, message):
    with pytest.raises(ValueError, match=message):
        compare(*arguments)


def returns_nothing(x):
    x * x


@pytest.mark.parametrize(
    ("f", "by_hand", "message"),
    [
        (returns_nothing, "0", "returns_nothing has to return one number, and returned None"),
        (lambda x: "x * x", "0", "has to return one number, and returned 'x \\* x'"),
        (lambda x: x.data > 1, "0", "has to return one number, and returned (True|False)"),
        (lambda x: [x, x], "0", "has to return one number, and returned"),
        ("x * x", lambda x: None, "by hand for x has to return one number, and returned None"),
        ("x * x", {"x": lambda x: "2"}, "by hand for x has to return one number, and returned '2'"),
    ],
)
def test_a_function_that_returns_no_number_is_an_error(f, by_hand, message):
    with pytest.raises(TypeError, match=message):
        compare(f, by_hand)


def test_without_a_point_there_is_nothing_to_compare():
    with pytest.raises(ValueError, match="there is no point to compare at"):
        compare("x ** 2", "2 * x", points=0)
    assert compare("x ** 2", "2 * x", points=0, at={"x": 1.0})


@pytest.mark.parametrize("x", [1e-320, -5e-324, 1e-300, 1e150, 1.7e308])
@pytest.mark.parametrize(
    ("f", "by_hand"), [("x + sin(x)", "1 + cos(x)"), ("sqrt(abs(x))", "sign(x) / 2 / sqrt(abs(x))")]
)
def test_the_smallest_and_the_largest_numbers_are_compared(f, by_hand, x):
    assert compare(f, by_hand, at={"x": x})


def test_a_program_is_compared_like_the_function_that_it_was():
    program = autodiff.trace(half_error, 0.5, 0.5, 0.8)
    assert compare(program, {"weight": "input * (input * weight - goal)"})
    report = compare(program, {"weight": "2 * input * (input * weight - goal)"})
    assert "is a factor 2 too many?" in said(report, "weight")


def test_a_function_may_label_what_it_computes():
    def error(weight, input):
        delta = (input * weight - 1).labeled("delta")
        return delta**2

    assert compare(error, {"weight": "2 * delta * input"}).proved == ("weight",)
    assert "delta" in said(compare(error, {"weight": "2 * input"}), "weight")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"at": {"x": 1.0}}, "at has nothing for the variable 'y'"),
        ({"ranges": {"x": (0, 1), "y": 1, "z": 2}}, "ranges names 'z', and the variables are x, y"),
    ],
)
def test_a_point_has_a_number_for_each_variable_and_no_other(options, message):
    with pytest.raises(ValueError, match=message):
        compare("x * y", **options)


# ---- Verdicts ---------------------------------------------------------------------------------


def test_fractions_are_compared_exactly():
    ranges = {"x": (Fraction(0), Fraction(1))}
    report = compare("0.1 * x ** 2", {"x": "0.2 * x"}, ranges=ranges)
    assert {row.verdict for row in report.rows} == {"equal"}
    assert all(isinstance(row.autodiff, Fraction) for row in report.rows)
    off = compare("x ** 2", {"x": lambda x: 2 * x + Fraction(1, 10**30)}, ranges=ranges)
    assert {row.verdict for row in off.rows} == {"differs"}


def test_exact_numbers_may_be_larger_than_floats():
    at = {"x": Fraction(10) ** 200}
    assert compare("x ** 3", "3 * x * x", at=at, prove=False).rows[0].verdict == "equal"
    assert compare("x ** 3", "2 * x * x", at=at, prove=False).rows[0].verdict == "differs"


def test_equal_means_the_same_float_and_agreement_is_measured_in_ulps():
    x = 0.7
    equal, one_off = (
        compare("x ** 2", {"x": number}, at={"x": x}).rows[0]
        for number in (2 * x, math.nextafter(2 * x, 2))
    )
    assert (equal.verdict, equal.ulps, equal.absolute) == ("equal", 0, 0)
    assert (one_off.verdict, one_off.ulps) == ("agrees", 1)


@pytest.mark.parametrize(("a", "b"), [(1e-12, 1e-9), (1e-12, -1e-12), (1e-12, 0.0)])
def test_no_absolute_tolerance_passes_a_large_relative_error(a, b):
    assert not compare(f"{a!r} * x", {"x": b}, at={"x": 1.0}, atol=1.0)


def test_tolerances_can_be_set():
    wrong = {"x": 2.02}
    assert not compare("x ** 2", wrong, at={"x": 1.0})
    assert compare("x ** 2", wrong, at={"x": 1.0}, rtol=0.02)
    assert compare("x ** 2", wrong, at={"x": 1.0}, atol=0.03)


def test_a_difference_that_rounding_explains_is_no_difference():
    by_hand = {"weight": "2 * input * input * weight - 2 * input * goal"}
    at = {"input": 0.1, "weight": 0.3, "goal": 0.1 * 0.3 + 1e-15}
    row = compare(ERROR, by_hand, at=at).rows[0]
    assert row.relative > 1e-9
    assert row.verdict == "agrees"


# ---- Proof ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "by_hand"),
    [
        ("x ** 3", "3 * x ** 2"),
        ("sin(x) ** 2", "2 * sin(x) * cos(x)"),
        ("0.1 * x * x", "x / 5"),
        ("x / (x * x + 1)", "(1 - x ** 2) / (1 + x ** 2) ** 2"),
        (lambda x: 1 / (1 + autodiff.exp(-x)), "exp(-x) / (1 + exp(-x)) ** 2"),
    ],
)
def test_what_sympy_can_prove_is_called_proved(f, by_hand):
    report = compare(f, by_hand)
    assert report.summary("x") == "x: proved equal for all inputs, and agrees at 20 points"


def by_a_special_case(x):
    return 3 * x if x == 0 else x**2


@pytest.mark.parametrize("is_by_hand", [True, False])
def test_what_catches_errors_of_arithmetic_is_not_proved(is_by_hand):
    def inverse(x):
        try:
            return 1 / x
        except ZeroDivisionError:
            return 0 * x

    def slope(x):
        try:
            return -1 / x**2
        except ZeroDivisionError:
            return 0

    f, by_hand = (lambda x: 1 / x, slope) if is_by_hand else (inverse, lambda x: -1 / x**2)
    for hand in (by_hand, {"x": by_hand}):
        report = compare(f, hand, ranges={"x": (0.5, 2)})
        assert bool(report)
        assert report.proved == ()
    assert compare(lambda x: 1 / x, lambda x: -1 / x**2, ranges={"x": (0.5, 2)}).proved == ("x",)


@pytest.mark.parametrize(
    ("f", "by_hand", "options"),
    [
        ("x ** 2", "2 * x", {"prove": False}),
        ("x ** 2", "2.0000000001 * x", {}),
        (by_a_special_case, "2 * x", {}),
        (lambda x: x**2 if x > -3 else x, "2 * x", {}),
        ("(x + 1) ** 200 * (x + 2) ** 200", "200 * (x+1)**199 * (x+2)**199 * (2*x + 3)", {}),
    ],
    ids=["not wanted", "not equal", "special case", "branch", "too large"],
)
def test_what_is_not_proved_is_only_said_to_agree(f, by_hand, options):
    report = compare(f, by_hand, **options)
    assert report
    assert report.proved == ()
    assert report.summary("x") in ("x: agrees at 20 points", "x: equal at 20 points")


# ---- The report -------------------------------------------------------------------------------


def test_the_table_is_aligned_and_has_the_worst_first():
    report = compare(ERROR, RIGHT | {"weight": "1"}, points=30)
    heading, *lines = report.table().splitlines()
    column = heading.index("verdict")
    verdicts = [line[column:].split()[0] for line in lines]
    assert len(lines) == 90
    assert verdicts[:30] == ["differs"] * 30
    assert "differs" not in verdicts[30:]
    shown = [row.relative for row in report.rows[:30]]
    assert shown == sorted(shown, reverse=True)
    assert str(report).endswith("and 80 more rows, none worse")


def test_a_mapping_without_derivatives_is_compared_by_its_value_only_or_is_an_error():
    assert compare(ERROR, {}, value="(input * weight - goal) ** 2").variables == ["the value"]
    with pytest.raises(ValueError, match="nothing by hand to compare"):
        compare(ERROR, {})


def test_raise_if_different_shows_the_table():
    compare(ERROR, RIGHT).raise_if_different()
    with pytest.raises(AssertionError) as caught:
        compare(ERROR, {"weight": "input"}).raise_if_different()
    for word in ("derivatives of error", "variable", "differs", "by hand"):
        assert word in str(caught.value)


def test_assert_gradient_fails_with_the_diagnosis():
    assert_gradient(ERROR, RIGHT)
    assert_gradient(half_error)
    with pytest.raises(AssertionError, match="is a factor 2 dropped"):
        assert_gradient(half_error, {"weight": RIGHT["weight"] + "/ 4"})
    with pytest.raises(AssertionError, match="undecided"):
        assert_gradient("relu(x)", "1", at={"x": 0.0})


def test_the_report_is_plain_data():
    at = {"x": Fraction(1, 3)}
    data = compare("x ** 2", "x", at=at, value="x").to_dict()
    assert json.loads(json.dumps(data)) == data
    assert data["agrees"] is False
    assert {row["variable"] for row in data["rows"]} == {"x", "the value"}
    assert {row["autodiff"] for row in data["rows"]} == {"2/3", "1/9"}


def test_the_report_is_a_structured_array():
    report = compare("x * y", {"x": "y"}, points=7)
    array = np.asarray(report)
    assert array.shape == (7,)
    assert array["autodiff"].tolist() == array["at y"].tolist() == array["by_hand"].tolist()
    assert set(array["verdict"]) == {"equal"}
    assert set(array["variable"]) == {"x"}


def test_in_a_notebook_the_report_is_a_table_with_its_text_escaped():
    html = compare("where(x < 1, x, x ** 2)", {"x": "x + 5"})._repr_html_()
    assert html.count("<tr>") == 21
    assert "<b>" not in compare("x * 1", {"x": 2})._repr_html_()
    assert "<th>by hand</th>" in html
