"""Branches in compared functions: no proof where one is met, no verdict where one ends."""

import functools

import pytest
import sympy

import autodiff
from autodiff import Value, where
from autodiff.checking import compare
from autodiff.checking.wrapped import BranchError, Symbolic, Watched
from autodiff.value import node

# ---- Proof ------------------------------------------------------------------------------------


def equals_a_half(x):
    return x == 0.5


def not_zero(x):
    if not x:
        return x
    return 2 * x


class Doubling:
    def __call__(self, x):
        return 3 * x if x in (0.5, 1.0) else 2 * x


def tripled_at(special, x):
    return 3 * x if x == special else 2 * x


BRANCHES = {
    "in a tuple": lambda x: 3 * x if x in (0.5, 1.0) else 2 * x,
    "in a set": lambda x: 3 * x if x in {0.5, 1.0} else 2 * x,
    "in a dictionary": lambda x: {0.5: 3}.get(x, 2) * x,
    "== in a helper": lambda x: 3 * x if equals_a_half(x) else 2 * x,
    "!=": lambda x: 2 * x if x != 0.5 else 3 * x,
    "not": not_zero,
    "a callable object": Doubling(),
    "a partial": functools.partial(tripled_at, 0.5),
    ">": lambda x: 2 * x if x > -100 else x,
    "the largest of several": lambda x: max(2 * x, 2 * x - 1),
    "sorted": lambda x: sorted([2 * x + 1, 2 * x])[0],
    "for a Value alone": lambda x: 3 * x if isinstance(x, Value) and x == 0.5 else 2 * x,
    "where at one point": lambda x: where(x == 0.5, 3 * x, 2 * x),
}


@pytest.mark.parametrize("f", BRANCHES.values(), ids=BRANCHES)
def test_nothing_is_proved_where_the_function_meets_a_branch(f):
    report = compare(f, "2")
    assert report
    assert report.proved == ()


def test_nothing_is_proved_where_the_derivative_by_hand_meets_a_branch():
    assert compare(lambda x: 2 * x, lambda x: 3 if x in (0.5, 1.0) else 2).proved == ()
    assert compare(lambda x: 2 * x, lambda x: 2 * x / x if x else 2).proved == ()


@pytest.mark.parametrize(
    ("f", "by_hand"),
    [
        ("relu(x)", "where(x > 0, 1, 0)"),
        ("clip(x, 0, 1)", "where(x < 0, 0, where(x > 1, 0, 1))"),
        (lambda x: autodiff.total([x, x * x]), "1 + 2 * x"),
        (lambda x: autodiff.dot([x, x], [x, 2]), "2 * x + 2"),
        (lambda x: (x * x).labeled("u") ** 2, "4 * u * x"),
        (functools.partial(lambda a, x: a * x, 2), "2"),
    ],
)
def test_what_replays_both_ways_is_proved(f, by_hand):
    assert compare(f, by_hand).proved == ("x",)


def test_many_cases_are_not_tried():
    largest = functools.reduce("maximum({}, {})".format, "abcde")
    by_hand = functools.reduce(lambda inner, name: f"where(a > {name}, {inner}, 0)", "bcde", "1")
    report = compare(largest, {"a": by_hand})
    assert report
    assert report.proved == ()


def test_a_formula_has_no_truth_and_no_hash():
    x = Symbolic(sympy.Symbol("x", real=True))
    for ask in (bool, hash, lambda x: x in (1, 2), lambda x: 1 if x > 0 else 2, lambda x: x == x):
        with pytest.raises(BranchError, match="branch"):
            bool(ask(x))
    assert where(x > 0, x, 2 * x).number == sympy.Piecewise(
        (x.number, x.number > 0), (2 * x.number, True)
    )


# ---- Kinks ------------------------------------------------------------------------------------

KINKS = {
    "where": "where(x > 0, 10 * x, x)",
    "where of a function": lambda x: where(x > 0, 10 * x, x),
    "if": lambda x: 10 * x if x > 0 else x,
    "if on the way": lambda x: 1 + (10 * x if 3 * x >= 0 else x) ** 3 + x,
    "and": lambda x: 10 * x if x >= 0 and x < 9 else x,
    "max": lambda x: max(x, 10 * x),
    "relu": "relu(x)",
}


@pytest.mark.parametrize("f", KINKS.values(), ids=KINKS)
def test_at_the_end_of_a_branch_nothing_is_decided(f):
    report = compare(f, "7", at={"x": 0.0})
    assert [row.verdict for row in report.rows] == ["undecided"]
    assert "has a kink or a jump at the point" in report.diagnosis["x"][0]
    assert "differs" in {row.verdict for row in compare(f, "7", at={"x": 0.25}).rows}


def test_only_the_variables_that_choose_the_branch_are_undecided_there():
    report = compare(
        lambda x, y: (10 * x if x > 0 else x) + 3 * y,
        {"x": "10", "y": "4"},
        at={"x": 0.0, "y": 0.0},
    )
    assert {row.variable: row.verdict for row in report.rows} == {"x": "undecided", "y": "differs"}


def test_a_comparison_that_is_an_operand_of_where_is_a_kink():
    x = Value(0.0, "x")
    is_positive = node(False, ">", (x, Value(0.0)), (None, None))
    report = compare(where(is_positive, 10 * x, x), {x: 10.0})
    assert report.rows[0].verdict == "undecided"


def test_numbers_note_what_they_are_compared_with():
    met = []
    x = Watched(2.0, met)
    assert x * x > 3
    assert not (x < Watched(1.0))
    assert x in (0.5, 2.0)
    assert bool(x - 2) is False
    assert met == [
        ("4 > 3", 1.0), ("2 < 1", 1.0), ("2 == 0.5", 1.5), ("2 == 2", 0.0), ("0 != 0", 0.0),
    ]  # fmt: skip


# ---- What the numerical derivative can tell ---------------------------------------------------


def test_a_numerical_derivative_that_is_inexact_sides_with_no_one():
    report = compare("x ** 2", "3 * x", at={"x": 1e-320})
    assert report.rows[0].verdict == "differs"
    assert (
        report.diagnosis["x"][1]
        == "the numerical derivative is too inexact here to side with one of them"
    )


def test_it_sides_where_it_can_tell_the_two_apart():
    report = compare("x ** 2", "3 * x", at=[{"x": 1e-320}, {"x": 1.0}, {"x": 2.0}])
    assert "agrees with autodiff at 2 points where it can tell" in report.diagnosis["x"][1]
