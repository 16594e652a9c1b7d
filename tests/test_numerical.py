"""The numerical derivative: right within its error estimate, and blind to autodiff's rules."""

import math

import pytest

import autodiff
from autodiff.checking import compare
from autodiff.checking.numerical import numerical_derivative


@autodiff.operation
def wrongly_squared(x):
    return x**2, x


@pytest.mark.parametrize(
    ("f", "x", "derivative", "method"),
    [
        (lambda x: x**3, 2.0, 12.0, "complex step"),
        (autodiff.exp, -30.0, math.exp(-30), "complex step"),
        (autodiff.log, 1e-6, 1e6, "complex step"),
        (autodiff.sqrt, 1e-9, 0.5 / math.sqrt(1e-9), "complex step"),
        (abs, -3.0, -1.0, "complex step"),
        (autodiff.sigmoid, 1.0, 0.19661193324148185, "complex step"),
        (autodiff.log10, 2.0, 0.5 / math.log(10), "complex step"),
        (autodiff.exp2, 3.0, 8 * math.log(2), "complex step"),
        (autodiff.relu, 2.0, 1.0, "complex step"),
        (lambda x: autodiff.total([x, x * x, 1]), 2.0, 5.0, "complex step"),
        (lambda x: autodiff.dot([x, 3], [x, 4]), 2.0, 4.0, "complex step"),
        (autodiff.erf, 0.3, 2 / math.sqrt(math.pi) * math.exp(-0.09), "differences"),
        (math.sin, 1.0, math.cos(1.0), "differences"),
        (lambda x: x % 1, 0.25, 1.0, "differences"),
    ],
)
def test_the_numerical_derivative_is_right_within_its_error_estimate(f, x, derivative, method):
    estimate = numerical_derivative(f, x)
    assert estimate.method == method
    assert abs(estimate.derivative - derivative) <= 10 * estimate.error
    assert estimate.error <= 1e-8 * abs(derivative)


def test_a_function_that_misleads_complex_numbers_is_differenced():
    def misleading(x):
        return x * x if isinstance(x, float) else x * 3

    assert numerical_derivative(misleading, 3.0).method == "differences"


def test_where_a_function_is_not_defined_there_is_no_estimate():
    assert numerical_derivative(math.log, -1.0).method == "none"


def test_the_numerical_derivative_reads_no_rule_of_autodiff():
    assert numerical_derivative(lambda x: wrongly_squared(x), 3.0).derivative == 6.0


@pytest.mark.parametrize("x", [1e8, 1e150])
def test_differences_are_not_believed_where_the_function_turns_faster_than_they_step(x):
    assert compare(lambda x: x + autodiff.sin(x) + 0 * autodiff.erf(x), "1 + cos(x)", at={"x": x})


def test_rounding_of_the_function_is_part_of_the_error():
    f = lambda x: math.log(1 + math.exp(x))  # noqa: E731
    assert numerical_derivative(f, -40.0).error < 1e-30
    assert numerical_derivative(f, -40.0, rounding=1e-16).error > 1e-18
