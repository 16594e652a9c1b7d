"""No right derivation is accused, however it is written and rounded; and no wrong one acquitted."""

import collections
import math

import pytest
from derivations import derivations

from autodiff import Value
from autodiff.checking import compare, place
from autodiff.checking.rounding import derivative_with_bound, error_bound, noise
from autodiff.checking.subject import UndefinedError

pytestmark = pytest.mark.once


def outcome(derivation):
    """Return how a derivation comes out at a random point of its interval."""
    f, by_hand, interval = derivation
    try:
        report = compare(f, by_hand, ranges={"x": interval}, points=1, prove=False)
    except UndefinedError:  # the function overflows in all of the interval
        return "undefined"
    (row,) = report.rows
    assert row.verdict != "differs", f"{derivation}\n{report}"
    return "equal up to rounding" if row.verdict == "agrees" and row.reason else row.verdict


def test_none_of_20000_right_derivations_is_accused(capsys):
    counts = collections.Counter(map(outcome, derivations(21_500)))
    right = sum(counts[verdict] for verdict in ("equal", "agrees", "equal up to rounding"))
    with capsys.disabled():
        print(f"\n{right} right derivations found right, none accused: {dict(counts)}")
    assert right >= 20_000


def without_more_digits(monkeypatch):
    """Compare as where mpmath is not installed."""
    monkeypatch.setattr(place, "with_more_digits", lambda: iter(()))


def test_without_more_digits_no_right_derivation_is_accused_either(monkeypatch):
    without_more_digits(monkeypatch)
    counts = collections.Counter(map(outcome, derivations(1_000, seed=1)))
    assert counts["undecided"] < 50


@pytest.mark.parametrize("a", [-1.75, -1, -0.5, 0.1, 0.3, 1, 1.9, 2, 3, 5])
@pytest.mark.parametrize("k", [3, 4, 6, 9, 12])
def test_a_power_that_is_multiplied_out_is_right_on_the_default_ranges(a, k):
    terms = [f"{k * math.comb(k - 1, j)} * ({-a}) ** {j} * x ** {k - 1 - j}" for j in range(k)]
    assert compare(f"(x - {a}) ** {k}", " + ".join(terms), prove=False)
    assert not compare(f"(x - {a}) ** {k}", " + ".join(terms[:-1]), prove=False)


# ---- Forms that lose digits -------------------------------------------------------------------

BY_HAND = "the form by hand loses"
ROUNDED = {
    "some": ("sigmoid(x)", "sigmoid(x) * (1 - sigmoid(x))", 20.0, f"{BY_HAND} 8 of 16 digits"),
    "all digits": ("tanh(x)", "1 - tanh(x) ** 2", 25.0, f"{BY_HAND} all digits"),
    "overflow": ("sigmoid(x)", "exp(x) / ((1 + exp(x)) * (1 + exp(x)))", 400.0, BY_HAND),
    "underflow": ("1e-200 * x", "x * 1e-250 * 1e-250 * 1e300", 1.0, BY_HAND),
    "the function": ("(x + 1) ** 3 - x ** 3", "6 * x + 3", 3e9, "the function's own form loses"),
    "a constant": ("exp(x)", "exp(x - 0.1) * exp(0.1) + sin(x) - sin(x)", 1.0, ""),
}  # fmt: skip


@pytest.mark.parametrize(("f", "by_hand", "x", "words"), ROUNDED.values(), ids=ROUNDED)
def test_the_digits_that_rounding_takes_are_told(f, by_hand, x, words):
    report = compare(f, by_hand, at={"x": x}, prove=False)
    assert report
    said = report.diagnosis.get("x", [""])[0]
    assert words in said
    assert not said or said.startswith("equal up to rounding at the one point")


@pytest.mark.parametrize(
    ("f", "wrong", "x"),
    [
        ("sigmoid(x)", "2 * sigmoid(x) * (1 - sigmoid(x))", 20.0),
        ("sigmoid(x)", "1.00001 * sigmoid(x) * (1 - sigmoid(x))", 33.0),
        ("tanh(x)", "2 - 2 * tanh(x) ** 2", 25.0),
        ("tanh(x)", "1 - tanh(x) ** 3", 100.0),
        ("(x + 1) ** 3 - x ** 3", "6 * x + 3.1", 3e9),
    ],
)
def test_a_mistake_behind_the_rounding_is_found(f, wrong, x):
    report = compare(f, wrong, at={"x": x}, prove=False)
    assert [row.verdict for row in report.rows] == ["differs"], report


def test_without_more_digits_what_rounding_has_taken_is_undecided(monkeypatch):
    without_more_digits(monkeypatch)
    report = compare("tanh(x)", "1 - tanh(x) ** 2", at={"x": 25.0}, prove=False)
    assert report.rows[0].verdict == "undecided"
    assert "rounding leaves no digits" in report.diagnosis["x"][0]
    assert compare("tanh(x)", "1 - tanh(x) ** 2", at={"x": 9.0}, prove=False)


def test_a_proof_is_the_last_word_where_rounding_leaves_no_digits(monkeypatch):
    without_more_digits(monkeypatch)
    terms = " + ".join(f"{6 * math.comb(5, j)} * x ** {j}" for j in range(6))
    at = {"x": -1.0000001}
    assert compare("(x + 1) ** 6", terms, at=at, prove=False).rows[0].verdict == "undecided"
    report = compare("(x + 1) ** 6", terms, at=at)
    assert report.proved == ("x",)
    assert report.rows[0].verdict == "agrees"


def test_a_number_by_hand_may_be_off_by_what_the_function_is_off_by():
    weight, input = Value(0.1, "weight"), Value(3.0)
    delta = input * weight - 0.3  # 5.6e-17, and 0 in exact numbers
    assert compare(delta**2 + weight, {weight: 1.0})
    assert not compare(delta**2 + weight, {weight: 1.1})


# ---- Derivatives by hand that compute on plain floats only ------------------------------------

PLAIN = {
    "tanh": ("tanh(x)", lambda x: 1 - math.tanh(x) ** 2, (5.0, 15.0)),
    "sigmoid": (
        "sigmoid(x)",
        lambda x: (1 / (1 + math.exp(-x))) * (1 - 1 / (1 + math.exp(-x))),
        (5.0, 36.0),
    ),
    "cosine": ("sin(x) / x ** 2", lambda x: (x * math.cos(x) - 2 * math.sin(x)) / x**3, (1.0, 9.0)),
}


@pytest.mark.parametrize(("f", "by_hand", "interval"), PLAIN.values(), ids=PLAIN)
def test_plain_functions_that_lose_digits_are_not_accused(f, by_hand, interval):
    report = compare(f, by_hand, ranges={"x": interval}, points=50)
    assert {row.verdict for row in report.rows} <= {"equal", "agrees", "undecided"}, report
    wrong = compare(f, lambda x: 1.001 * by_hand(x), ranges={"x": interval}, points=50)
    assert "differs" in {row.verdict for row in wrong.rows}


def test_noise_is_what_rounding_scatters():
    assert 1e-17 < noise(lambda x: 1 - math.tanh(x) ** 2, 10.0) < 1e-15
    assert noise(math.exp, 1.0) < 1e-14


# ---- The running analysis ---------------------------------------------------------------------


def test_the_bound_of_rounding_sees_cancellation():
    derivative, bound = derivative_with_bound(lambda x: (x / 3 - 1e8) ** 2, 3e8 + 3)
    assert derivative == pytest.approx(2 / 3)
    assert bound > 1e-9
    assert derivative_with_bound(lambda x: x**2, 3.0).bound < 1e-13


def test_the_bound_of_rounding_counts_constants_that_are_not_what_is_written():
    x = Value(0.3)
    assert error_bound(x - 0.25) < 1e-16
    assert error_bound((x - 0.3) * 1e10) > 1e-7
