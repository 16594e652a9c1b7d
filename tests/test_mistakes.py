"""The table of realistic mistakes: each is found, most are named rightly, none misleadingly."""

import functools
import math

import pytest
from mistakes import mistakes

import autodiff
from autodiff import Value
from autodiff.checking import compare

MISTAKES = mistakes()
UNSPECIFIC = "the two derivatives differ at"


@functools.cache
def told(f, variable, wrong):
    """Return what is said first of a mistake."""
    report = compare(f, {variable: wrong}, prove=False)
    assert not report, f"{wrong} passes as the derivative of {f} in {variable}"
    return report.diagnosis[variable][0]


def says(sentence, words):
    """Return whether a sentence has these words in this order."""
    place = 0
    for part in words.split(" ... "):
        place = sentence.find(part, place)
        if place < 0:
            return False
    return True


@pytest.mark.parametrize(("f", "variable", "wrong", "words"), MISTAKES)
def test_a_realistic_mistake_is_named(f, variable, wrong, words):
    sentence = told(f, variable, wrong)
    assert says(sentence, UNSPECIFIC if words == "?" else words), sentence


@pytest.mark.once
def test_most_realistic_mistakes_are_named_and_none_misleadingly(capsys):
    named = unspecific = 0
    misleading = []
    for f, variable, wrong, words in MISTAKES:
        sentence = told(f, variable, wrong)
        if UNSPECIFIC in sentence:
            unspecific += 1
        elif words != "?" and says(sentence, words):
            named += 1
        else:
            misleading.append((f, wrong, sentence))
    with capsys.disabled():
        print(
            f"\n{len(MISTAKES)} realistic mistakes: {named} named rightly, {unspecific} "
            f"unspecifically, {len(misleading)} misleadingly"
        )
    assert len(MISTAKES) >= 106
    assert named > 0.85 * len(MISTAKES)
    assert not misleading


# ---- Functions that are wrong, against right derivatives --------------------------------------


@autodiff.operation
def halved_square(x):
    return x**2, x


@autodiff.operation
def cube_without_its_chain(x):
    return autodiff.sin(x) ** 3, 3 * autodiff.sin(x) ** 2


DROPPED = "does the function drop a derivative"

FUNCTIONS = {
    "a factor as plain number": (lambda x: x.data * x, "2*x", DROPPED),
    "a factor detached": (lambda x: x.detach() * x, "2*x", DROPPED),
    "a new variable on the way": (lambda x: Value(x.data) * x + x, "2*x + 1", DROPPED),
    "a wrong rule": (lambda x: halved_square(x), "2*x", DROPPED),
    "a wrong rule inside": (lambda x: 1 + 3 * halved_square(x), "6*x", DROPPED),
    "a rule without its chain": (
        lambda x: cube_without_its_chain(x), "3*sin(x)**2*cos(x)", DROPPED,
    ),
    "a wrong branch for negative numbers": (
        lambda x: x**2 if x > 0 else x, "2*x", "except where x is negative",
    ),
    "a bound that cuts": (
        lambda x: autodiff.clip(x, -9, 1) ** 2, "2*x", "except where x - 1 is positive",
    ),
    "relu for its smooth form": (
        lambda x: autodiff.relu(x), "where(x > 0, 1, 0.5)", "except where x is negative",
    ),
    "the mean of two by n - 1": (
        lambda x, y: ((x - 1) ** 2 + (y - 1) ** 2) / 1, {"x": "x - 1"}, "is a factor 2 dropped?",
    ),
    "the last term left out": (
        lambda x: sum(x**k for k in range(1, 3)), "1 + 2*x + 3*x**2", UNSPECIFIC,
    ),
    "degrees for radians": (
        lambda x: autodiff.sin(x * math.pi / 180), "cos(radians(x))", "180/pi",
    ),
    "another base": (lambda x: autodiff.log2(x), "1/x", "log(2)"),
    "a power for a product": (lambda x: x**2, "2", "is the factor x missing?"),
    "the arguments swapped": (
        lambda x, y: y / x, {"x": "1/y", "y": "-x/y**2"}, UNSPECIFIC,
    ),
    "a minus forgotten": (lambda x: autodiff.exp(x**2), "2*x*exp(-x**2)", UNSPECIFIC),
}  # fmt: skip


@pytest.mark.parametrize(("f", "by_hand", "words"), FUNCTIONS.values(), ids=FUNCTIONS)
def test_a_wrong_function_is_found_by_a_right_derivative(f, by_hand, words):
    report = compare(f, by_hand)
    assert not report
    assert words in " | ".join(report.diagnosis["x"])
