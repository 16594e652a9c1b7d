"""The table of `docs/conventions.md`: a test for each row, at the edges where engines disagree."""

import math
import struct

import numpy as np
import pytest

import autodiff
from autodiff import Value

INF = math.inf


def derivatives(f, *numbers):
    """Return the derivative of f in each of its operands."""
    variables = [Value(number) for number in numbers]
    f(*variables).backward()
    return tuple(variable.grad for variable in variables)


def same(actual, expected):
    """Return whether numbers are equal, nan counting as equal to nan."""
    return actual == expected or (math.isnan(actual) and math.isnan(expected))


# ---- Forward values ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "numbers"),
    [
        (lambda a, b: a / b, (1.0, 0.0)),
        (lambda a, b: a % b, (1.0, 0.0)),
        (lambda a, b: a // b, (1, 0)),
        (lambda a, b: a**b, (0.0, -1.0)),
        (lambda a, b: a**b, (10.0, 1000.0)),
    ],
)
def test_an_operator_raises_what_python_raises_and_names_the_operands(f, numbers):
    with pytest.raises(ArithmeticError) as plain:
        f(*numbers)
    with pytest.raises(type(plain.value)) as recorded:
        f(Value(numbers[0], "height"), Value(numbers[1], "width"))
    message = str(recorded.value)
    assert str(plain.value) in message
    assert f"height={numbers[0]}" in message
    assert f"width={numbers[1]}" in message


@pytest.mark.parametrize(
    ("function", "plain", "number"),
    [
        (autodiff.log, math.log, -1.0),
        (autodiff.log, math.log, 0.0),
        (autodiff.sqrt, math.sqrt, -1.0),
        (autodiff.exp, math.exp, 1000.0),
        (autodiff.arcsin, math.asin, 2.0),
        (autodiff.arctanh, math.atanh, 1.0),
        (autodiff.sinh, math.sinh, 1000.0),
        (autodiff.lgamma, math.lgamma, 0.0),
        (autodiff.floor, math.floor, math.nan),
    ],
)
def test_a_function_raises_what_math_raises_and_names_the_operand(function, plain, number):
    with pytest.raises((ArithmeticError, ValueError)) as expected:
        plain(number)
    with pytest.raises(type(expected.value), match=f"{function.__name__}.*speed={number}"):
        function(Value(number, "speed"))


# ---- backward ---------------------------------------------------------------------------------


def test_a_second_backward_doubles_a_leaf_and_leaves_interior_nodes_as_they_were():
    x = Value(2.0)
    square = x * x
    fourth = square * square
    fourth.backward()
    once = (x.grad, square.grad, fourth.grad)
    fourth.backward()
    assert once == (32.0, 8.0, 1.0)
    assert (x.grad, square.grad, fourth.grad) == (64.0, 8.0, 1.0)


def test_zero_grad_clears_everything_below():
    x = Value(2.0)
    square = x * x
    y = square + x
    y.backward()
    y.zero_grad()
    assert (x.grad, square.grad, y.grad) == (0, 0, 0)


def test_zero_grad_of_a_leaf_clears_that_leaf_only():
    x, y = Value(2.0), Value(3.0)
    (x * y).backward()
    x.zero_grad()
    assert (x.grad, y.grad) == (0, 2.0)


def test_a_leaf_gathers_the_gradients_of_several_roots():
    x = Value(3.0)
    (x * x).backward()
    (2 * x).backward()
    assert x.grad == 8.0


def test_the_seed_scales_every_derivative():
    x = Value(3.0)
    (x * x).backward(seed=0.5)
    assert x.grad == 3.0


def test_a_leaf_that_is_its_own_root_has_derivative_one():
    x = Value(3.0)
    x.backward()
    assert x.grad == 1.0


def test_the_gradient_of_an_unreached_interior_node_is_made_afresh_too():
    x = Value(2.0)
    taken, not_taken = x * 3, x * 5
    (taken + not_taken).backward()
    autodiff.where(x > 0, taken, not_taken).backward()
    assert (taken.grad, not_taken.grad) == (1.0, 0)
    assert x.grad == 8.0 + 3.0


def test_the_sign_of_a_zero_gradient_is_kept():
    x = Value(-0.0)
    (x * x / 2).backward()
    y = Value(1.0)
    (y * -0.0).backward()
    assert struct.pack("d", y.grad) == struct.pack("d", -0.0)


@pytest.mark.parametrize("seed", [np.ones(3), "1", None, 1j, [1.0]])
def test_a_seed_that_is_no_number_is_refused(seed):
    x = Value(3.0)
    with pytest.raises(TypeError, match="seed"):
        (x * x).backward(seed)
    assert x.grad == 0


# ---- Derivatives at old numbers ---------------------------------------------------------------


def test_backward_through_what_is_older_than_an_assigned_leaf_warns():
    weight = Value(0.5, "weight")
    error = (weight * 0.5 - 0.8) ** 2
    error.backward()
    weight.data -= weight.grad
    with pytest.warns(RuntimeWarning, match="number of 'weight' was assigned after this") as caught:
        error.backward()
    assert caught[0].filename == __file__


def test_a_loop_that_computes_its_expression_again_does_not_warn():
    weight, input = Value(0.5, "weight"), Value(0.5) * 1.0
    for _ in range(3):
        error = (weight * input - 0.8) ** 2
        weight.zero_grad()
        error.backward()
        weight.data -= weight.grad
    assert error.data < 0.05


def test_assigning_a_leaf_of_another_graph_does_not_warn():
    weight, other = Value(0.5), Value(2.0)
    error = weight * weight
    other.data = 3.0
    error.backward()
    assert weight.grad == 1.0


def test_a_shared_leaf_warns_in_the_old_graph_only():
    x = Value(2.0)
    old = x * x
    x.data = 3.0
    new = x * x
    new.backward()
    assert x.grad == 6.0
    with pytest.warns(RuntimeWarning, match="was assigned after"):
        old.backward()


def test_a_copied_or_pickled_graph_is_as_old_as_it_was():
    import copy
    import pickle

    x = Value(2.0, "x")
    y = autodiff.sin(x * x) * x
    for twin in (copy.deepcopy(y), pickle.loads(pickle.dumps(y))):
        twin.backward()
        (twin * twin).backward()
    y.backward()
    assert x.grad == derivatives(lambda x: autodiff.sin(x * x) * x, 2.0)[0]


# ---- Inside grad ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "derivative", [autodiff.grad, autodiff.jacobian, autodiff.hessian, autodiff.value_and_grad]
)
def test_backward_on_the_variable_of_grad_is_an_error(derivative):
    def f(x):
        y = x * x
        y.backward()
        return x.grad * x

    with pytest.raises(ValueError, match=r"inside a function that grad differentiates.*Value\(x\)"):
        derivative(f)(3.0)


def test_backward_on_values_nested_by_hand_inside_grad_is_recorded():
    def f(x):
        y = Value(x)
        (y**3).backward()
        return y.grad

    assert autodiff.grad(f)(2.0) == 12.0


# ---- Both edges -------------------------------------------------------------------------------


def test_both_edges_of_a_square_are_in_the_graph():
    a = Value(3.0)
    assert (a * a).operands == (a, a)
    assert (a * a).partials == (3.0, 3.0)
    assert derivatives(lambda a: a * a, 3.0) == (6.0,)
    assert derivatives(lambda a: a + a, 3.0) == (2.0,)


# ---- Comparison, text, plain numbers ----------------------------------------------------------


def test_comparisons_are_of_the_numbers():
    x = Value(2.0)
    assert x == Value(2.0)
    assert x == 2
    assert x != 3
    assert x < 3.0 <= Value(3.0)
    assert 5 > x >= 2
    assert x != "2.0"


def test_a_comparison_is_a_node_of_which_nothing_depends_smoothly():
    x = Value(2.0, "x")
    positive = x > 0
    assert (positive.data, positive.operation) == (True, ">")
    assert positive.operands[0] is x
    (positive * x).backward()
    assert x.grad == 1.0


def test_a_comparison_is_a_whole_number_0_or_1():
    x = Value(2.0)
    assert (int(x > 0), float(x < 0), [10, 20][x > 0]) == (1, 0.0, 20)
    assert sum(v > 1 for v in (x, x, Value(0.0))) == 2


def test_the_hash_is_that_of_the_object():
    x, y = Value(2.0), Value(2.0)
    assert len({x, y}) == 2
    assert {x: "x"}[x] == "x"


@pytest.mark.parametrize("convert", [float, int, complex, math.sin, math.sqrt])
def test_making_a_value_a_plain_number_is_refused_with_the_way_out(convert):
    with pytest.raises(TypeError, match=r"autodiff\.sin\(v\).*v\.data"):
        convert(Value(2.0))


def test_bool_format_and_round_go_by_the_number():
    assert Value(0.5)
    assert not Value(0.0)
    assert f"{Value(2 / 3):.3f}" == "0.667"
    assert f"{Value(0.25)}" == str(Value(0.25)) == "Value(0.25)"
    assert round(Value(2.567), 1) == 2.6
    assert round(Value(2.567)) == 3


def test_a_numeric_array_is_refused_and_the_message_points_to_trace():
    with pytest.raises(TypeError, match=r"shape \(3,\).*autodiff\.trace"):
        Value(np.ones(3))


@pytest.mark.parametrize("data", ["2.0", None, [2.0], 2j, np.complex64(2), {}, object()])
def test_what_is_no_real_number_is_refused(data):
    with pytest.raises(TypeError, match="no real number"):
        Value(data)


def test_a_label_that_is_no_text_is_refused():
    with pytest.raises(TypeError, match="label is text"):
        Value(1.0, 2.0)


def test_numpy_numbers_and_arrays_keep_the_derivative_on_both_sides():
    x = Value(3.0)
    left, right = np.float64(2) * x, x * np.float64(2)
    array = np.array([1.0, 2.0]) * x + x * np.array([1.0, 2.0])
    for result in (left, right, np.sin(x), array.sum(), np.dot(array, array)):
        assert isinstance(result, Value)
        x.zero_grad()
        result.backward()
        assert x.grad != 0


# ---- Kinks and edges --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "at", "expected"),
    [
        (autodiff.relu, 0.0, 0),
        (abs, 0.0, 0),
        (autodiff.sqrt, 0.0, INF),
        (autodiff.sqrt, -0.0, INF),
        (autodiff.cbrt, 0.0, INF),
        (lambda x: x**0.5, 0.0, INF),
        (lambda x: x**0.1, 0.0, INF),
        (lambda x: x**0, 0.0, 0),
        (lambda x: x**0.0, 0.0, 0),
        (lambda x: x**1, 0.0, 1),
        (lambda x: x**2, 0.0, 0),
        (lambda x: x**2, -3.0, -6),
        (lambda x: x**3, -2.0, 12),
        (lambda x: x**-1, -2.0, -0.25),
        (lambda x: x**-2, -2.0, 0.25),
        (lambda x: x**2.0, -3.0, -6),
        (lambda x: x**1.5, 0.0, 0),
        (lambda x: x**-1, 1e-200, -INF),
        (autodiff.arcsin, 1.0, INF),
        (autodiff.arccos, 1.0, -INF),
        (autodiff.arccosh, 1.0, INF),
        (lambda x: autodiff.clip(x, 0.0, 1.0), 0.0, 1),
        (lambda x: autodiff.clip(x, 0.0, 1.0), 1.0, 1),
        (lambda x: autodiff.clip(x, 0.0, 1.0), 2.0, 0),
        (lambda x: autodiff.copysign(x, -1.0), 0.0, 0),
        (autodiff.sign, 2.0, 0),
        (autodiff.floor, 2.5, 0),
        (autodiff.ceil, 2.5, 0),
    ],
)
def test_the_derivative_at_a_kink_or_edge(f, at, expected):
    assert derivatives(f, at) == (expected,)


@pytest.mark.parametrize(
    ("f", "numbers", "expected"),
    [
        (autodiff.maximum, (2.0, 2.0), (0.5, 0.5)),
        (autodiff.minimum, (2.0, 2.0), (0.5, 0.5)),
        (autodiff.maximum, (INF, INF), (0.5, 0.5)),
        (autodiff.maximum, (1.0, 2.0), (0, 1)),
        (autodiff.minimum, (1.0, 2.0), (1, 0)),
        (autodiff.hypot, (0.0, 0.0), (0, 0)),
        (autodiff.arctan2, (0.0, 0.0), (math.nan, math.nan)),
        (lambda x, y: x**y, (0.0, 2.0), (0, 0)),
        (lambda x, y: x**y, (0.0, 0.0), (0, 0)),
        (lambda x, y: x**y, (-2.0, 3.0), (12, math.nan)),
        (lambda x, low: autodiff.clip(x, low, 9.0), (1.0, 2.0), (0, 1)),
        (lambda x, high: autodiff.clip(x, -9.0, high), (3.0, 2.0), (0, 1)),
        (autodiff.heaviside, (0.0, 0.5), (0, 1)),
        (autodiff.heaviside, (2.0, 0.5), (0, 0)),
    ],
)
def test_the_derivatives_of_two_operands_at_a_kink_or_edge(f, numbers, expected):
    actual = derivatives(f, *numbers)
    assert all(map(same, actual, expected)), actual


def test_half_of_a_tie_is_exact_on_fractions():
    from fractions import Fraction

    half = derivatives(autodiff.maximum, Fraction(1, 3), Fraction(1, 3))[0]
    assert half == Fraction(1, 2)
    assert type(half) is Fraction


@pytest.mark.parametrize("order", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 4])
def test_every_derivative_of_a_whole_power_is_right_at_zero(exponent, order):
    expected = math.factorial(exponent) if order == exponent else 0
    assert autodiff.derivative(lambda x: x**exponent, order)(0.0) == expected


def test_the_second_derivative_of_a_root_at_zero_is_minus_infinity():
    assert autodiff.derivative(autodiff.sqrt, 2)(0.0) == -INF


@pytest.mark.parametrize("x", [-8.0, -8])
@pytest.mark.parametrize("exponent", [0.5, 1 / 3, Value(0.5)])
def test_a_negative_base_to_a_fraction_is_an_error_and_never_complex(x, exponent):
    with pytest.raises(ValueError, match="complex"):
        Value(x) ** exponent


@pytest.mark.parametrize(
    "f",
    [
        autodiff.relu,
        lambda x: autodiff.maximum(x, 0.0),
        lambda x: autodiff.maximum(0.0, x),
        lambda x: autodiff.minimum(x, 0.0),
        lambda x: autodiff.clip(x, 0.0, 1.0),
        abs,
        autodiff.sigmoid,
        autodiff.softplus,
    ],
)
def test_nan_in_is_nan_out_forward_and_backward(f):
    x = Value(math.nan)
    y = f(x)
    y.backward()
    assert math.isnan(y.data)
    assert math.isnan(x.grad)


@pytest.mark.parametrize(
    ("f", "at", "value", "slope"),
    [
        (autodiff.sigmoid, 1000.0, 1, 0),
        (autodiff.sigmoid, -1000.0, 0, 0),
        (autodiff.softplus, 1000.0, 1000, 1),
        (autodiff.softplus, -1000.0, 0, 0),
        (autodiff.tanh, 1000.0, 1, 0),
        (autodiff.tanh, -1000.0, -1, 0),
        (lambda x: autodiff.logaddexp(x, 0.0), 1000.0, 1000, 1),
        (lambda x: autodiff.logaddexp(x, 0.0), -1000.0, 0, 0),
        (lambda x: autodiff.logaddexp(x, x), 1000.0, 1000 + math.log(2), 1),
    ],
)
def test_saturating_functions_are_stable_far_out(f, at, value, slope):
    x = Value(at)
    y = f(x)
    y.backward()
    assert (y.data, x.grad) == (value, slope)


# ---- Zero times infinity ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "f",
    [
        lambda x: autodiff.where(x > 0, autodiff.sqrt(x), 3.0),
        lambda x: autodiff.relu(-autodiff.sqrt(x) - 1),
        lambda x: autodiff.maximum(-autodiff.sqrt(x) - 1, 2.0),
        lambda x: autodiff.clip(autodiff.sqrt(x), 1.0, 2.0),
        lambda x: autodiff.floor(autodiff.sqrt(x)),
        lambda x: autodiff.sqrt(x) ** 0,
    ],
)
def test_an_operand_without_influence_contributes_exactly_zero(f):
    assert derivatives(f, 0.0) == (0,)


def test_elsewhere_zero_times_infinity_is_nan_as_ieee_has_it():
    assert math.isnan(derivatives(lambda x: autodiff.sqrt(x) * 0.0, 0.0)[0])
