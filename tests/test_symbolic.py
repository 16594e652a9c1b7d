"""SymPy within bounds: what is stopped, what is left alone, what is written shortly."""

import sys

import pytest
import sympy

from autodiff import Value, sin
from autodiff.checking import compare
from autodiff.formula.limit import WorkLimitError, at_most, calls_at_most, spend
from autodiff.formula.symbolic import can_be_expanded, can_be_written, shortest


def work(times):
    for _ in range(times):
        abs(-1)


def test_work_is_stopped_at_its_limit_and_not_before():
    with calls_at_most(1000):
        work(900)
    with pytest.raises(WorkLimitError), calls_at_most(1000):
        work(1100)
    work(5000)


def forgiving_work(times):
    try:
        work(times)
    except Exception:
        pytest.fail("the limit was caught on the way")


def test_what_catches_every_exception_does_not_catch_the_limit():
    with pytest.raises(WorkLimitError), calls_at_most(100):
        forgiving_work(1000)


class Closed:
    def __del__(self):
        work(1000)


def clean_up_and_work():
    closed = Closed()
    del closed
    work(1000)


def test_work_is_stopped_too_if_the_limit_is_reached_where_python_cannot_raise(capsys):
    with pytest.raises(WorkLimitError), calls_at_most(100):
        clean_up_and_work()
    assert capsys.readouterr().err == ""


def test_steps_that_are_known_are_counted_by_what_they_are_said_to_cost():
    spend(10**9)
    with at_most(1000):
        spend(600)
        with pytest.raises(WorkLimitError), at_most(500):
            spend(501)
        with pytest.raises(WorkLimitError):
            spend(400)


def test_calls_count_for_the_limit_on_steps_around_them():
    with at_most(1000):
        with calls_at_most(900):
            work(800)
        with pytest.raises(WorkLimitError):
            spend(300)


def test_a_limit_inside_another_stops_by_itself_and_counts_for_both():
    with calls_at_most(10_000):
        with pytest.raises(WorkLimitError), calls_at_most(100):
            work(1000)
        work(1000)
    with pytest.raises(WorkLimitError), calls_at_most(1000), calls_at_most(10_000):
        work(2000)
    assert sys.getprofile() is None


def test_a_profiler_that_runs_is_left_alone():
    def profiler(*_):
        pass

    sys.setprofile(profiler)
    try:
        with calls_at_most(10):
            work(1000)
        assert sys.getprofile() is profiler
    finally:
        sys.setprofile(None)


def test_sizes_are_those_of_the_written_out_formula():
    y = Value(1.0)
    for _ in range(20):
        y = sin(y) + y
    assert not can_be_written(y)
    assert can_be_written(y, largest=10**8)
    assert can_be_expanded((Value(1.0) + Value(2.0)) ** 10)
    assert not can_be_expanded((Value(1.0) + Value(2.0)) ** 20)


def test_the_shorter_form_of_a_small_formula_is_found():
    x = sympy.Symbol("x")
    assert shortest(sympy.sin(x) ** 2 + sympy.cos(x) ** 2) == 1
    long = sum(sympy.sin(x + i) ** 2 + sympy.cos(x + i) ** 2 for i in range(10))
    assert shortest(long) is long


MAXIMUM = "log(maximum(a, maximum(b, maximum(c, maximum(d, f)))))"


def test_a_proof_by_too_many_cases_is_given_up_and_what_holds_is_said():
    by_hand = "where(a > maximum(b, maximum(c, maximum(d, f))), 1 / a, 0)"
    ranges = {"a": (3.0, 4.0), **dict.fromkeys("bcdf", (1.0, 2.0))}
    report = compare(MAXIMUM, {"a": by_hand}, ranges=ranges)
    assert report
    assert report.proved == ()
    assert report.notes == (
        "no proof for all inputs of a: SymPy would take too long; what is said of the points holds",
    )
    assert report.notes[0] in str(report)
    assert report.to_dict()["notes"] == list(report.notes)


def test_a_proof_of_formulas_that_are_too_large_is_not_tried_and_that_is_said():
    report = compare("(x + y) ** 999", {"x": "999 * (x + y) ** 998"}, ranges={"x": 0.5, "y": 0.25})
    assert report
    assert "the formulas are too large" in report.notes[0]
