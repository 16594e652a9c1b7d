"""Every operation: its value against Python's own, its derivatives against mpmath's."""

import doctest
import math
import operator

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from table import COMPOSITES, OPERATIONS

import autodiff
from autodiff import Value, derivative, functions, grad

EVERY_POINT = [
    pytest.param(row, point, id=f"{row.name} at {point}")
    for row in OPERATIONS
    for point in row.points
]

# Far out exp(-x * x) is conditioned by x * x; SciPy's digamma and polygamma carry 14 digits.
LOOSE = {"erf": 1e-13, "erfc": 2e-13, "lgamma": 1e-13, "digamma": 1e-13, "polygamma": 1e-13,
         "x**y": 2e-14, "power": 2e-14, "2**x": 2e-14, "sigmoid": 1e-13, "softplus": 1e-13,
         "tanh": 1e-13, "sech": 1e-13, "logaddexp": 1e-12, "logsumexp": 1e-12,
         "softmax": 2e-14, "sinc": 1e-13, "network": 1e-14}  # fmt: skip


def gradient(f, point):
    variables = [Value(number) for number in point]
    result = f(*variables)
    result.backward()
    return result.data, [variable.grad for variable in variables]


def true_derivative(truth, point, order):
    """Return a derivative to the last digit of a float; `order` counts how often in each variable.

    The step of the differences is 50 digits smaller than the point, for sin(1e22) has to be seen in
    steps far below 1, and 380 digits are carried, for tanh(300) differs from 1 in the 261st only.
    """
    with mpmath.workdps(380):
        exact = [mpmath.mpf(number) for number in point]
        step = min(abs(number) for number in exact) / mpmath.mpf(10) ** 50
        if len(exact) == 1:
            return mpmath.diff(truth, exact[0], order[0], h=step)
        return mpmath.diff(truth, exact, order, h=step)


def assert_close(actual, expected, rtol, atol=1e-300):
    expected = float(expected)
    assert actual == pytest.approx(expected, rel=rtol, abs=atol), f"{actual} != {expected}"


@pytest.mark.parametrize(("row", "point"), EVERY_POINT)
def test_the_value_is_the_true_one(row, point):
    value, _ = gradient(row.f, point)
    if row.plain:
        assert value == row.plain(*point)
    with mpmath.workdps(60):
        assert_close(value, row.truth(*map(mpmath.mpf, point)), LOOSE.get(row.name, 4e-15))


@pytest.mark.parametrize(("row", "point"), EVERY_POINT)
def test_the_derivative_in_every_operand_is_the_true_one(row, point):
    for position, actual in enumerate(gradient(row.f, point)[1]):
        order = tuple(int(place == position) for place in range(len(point)))
        expected = true_derivative(row.truth, point, order)
        assert_close(actual, expected, LOOSE.get(row.name, 4e-15))


@pytest.mark.parametrize(
    ("row", "point"),
    [  # farther out second derivatives may under- or overflow
        case
        for case in EVERY_POINT
        if len(case.values[1]) == 1 and 1e-20 <= abs(case.values[1][0]) <= 100
    ],
)
def test_the_second_derivative_is_the_true_one(row, point):
    actual = derivative(row.f, order=2)(*point)
    rtol = 20 * LOOSE.get(row.name, 4e-15)
    # That of sigmoid at 1e-9 is a difference of two numbers of the size 1/8.
    assert_close(actual, true_derivative(row.truth, point, (2,)), rtol, atol=1e-15)


def test_a_slightly_wrong_rule_is_caught():
    @autodiff.operation
    def sine(x):
        return autodiff.sin(x), autodiff.cos(x) * (1 + 1e-12)

    _, (slope,) = gradient(sine, (0.3,))
    with pytest.raises(AssertionError):
        assert_close(slope, true_derivative(mpmath.sin, (0.3,), (1,)), 4e-15)


def test_every_function_has_a_row():
    assert set(functions.__all__) <= {row.name for row in OPERATIONS}


@pytest.mark.parametrize("name", functions.__all__)
def test_the_example_in_the_help_of_every_function_is_right(name):
    text = getattr(functions, name).__doc__
    example = doctest.DocTestParser().get_doctest(text, dict(vars(autodiff)), name, None, 0)
    result = doctest.DocTestRunner().run(example)
    assert (result.attempted > 0, result.failed) == (True, 0)


@pytest.mark.parametrize("row", COMPOSITES, ids=lambda row: row.name)
def test_derivatives_of_composites_agree_with_differences(row):
    for point in row.points:
        _, slopes = gradient(row.f, point)
        for position, slope in enumerate(slopes):

            def along(x, position=position, point=point):
                return row.f(*point[:position], x, *point[position + 1 :])

            h = 1e-5 * max(1.0, abs(point[position]))
            x = point[position]
            near, wide = ((along(x + s) - along(x - s)) / (2 * s) for s in (h, 2 * h))
            assert slope == pytest.approx((4 * near - wide) / 3, rel=1e-7, abs=1e-7)


# ---- Laws, on floats, on NumPy scalars of every width, on arrays without dimensions ------------

number = st.floats(min_value=-100, max_value=100).filter(lambda x: x == 0 or abs(x) > 1e-6)
moderate = st.floats(min_value=-8, max_value=8, width=16).filter(lambda x: x == 0 or abs(x) > 0.01)
KINDS = [float, np.float16, np.float32, np.float64, np.longdouble, np.asarray]


def numbers_of(*kinds):
    """Draw a kind and two of its numbers: in half precision such that no square is infinite."""
    return st.one_of(*[
        st.tuples(*[(moderate if kind is np.float16 else number).map(kind)] * 2) for kind in kinds
    ])  # fmt: skip


def digit(x):
    """The last digit of a number of this width; float16 rounds below 1e-4 by as much."""
    dtype = np.asarray(x).dtype
    return 0 if dtype != np.float16 else np.finfo(dtype).eps


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_the_derivative_of_a_sum_is_the_sum_of_the_derivatives(kind, data):
    x, y = data.draw(numbers_of(kind))
    f, g = autodiff.sin, autodiff.tanh
    assert grad(lambda x: f(x) + g(x * y))(x) == grad(f)(x) + grad(lambda x: g(x * y))(x)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_the_product_rule(kind, data):
    x, _ = data.draw(numbers_of(kind))
    f, g = autodiff.cos, autodiff.arctan
    expected = grad(f)(x) * g(x) + f(x) * grad(g)(x)
    tolerance = 64 * max(float(np.finfo(np.asarray(x).dtype).eps), 2.0**-52)
    found = grad(lambda x: f(x) * g(x))(x)
    assert float(found) == pytest.approx(float(expected), rel=tolerance, abs=tolerance)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_the_chain_rule(kind, data):
    x, _ = data.draw(numbers_of(kind))
    f, g = autodiff.sin, autodiff.square
    assert grad(lambda x: f(g(x)))(x) == grad(f)(g(x)) * grad(g)(x)


@pytest.mark.parametrize("kind", KINDS[:-1])  # a Value holds a number, no array
@given(data=st.data(), seed=st.sampled_from([-4.0, 0.5, 2.0, 1024.0]))
def test_backward_is_linear_in_its_seed(kind, data, seed):
    x, y = data.draw(numbers_of(kind))
    a, b = Value(kind(x)), Value(kind(x))
    autodiff.sin(a * y).backward()
    autodiff.sin(b * y).backward(kind(seed))
    assert abs(b.grad - seed * a.grad) <= abs(seed) * digit(x)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_mixed_second_derivatives_do_not_depend_on_the_order(kind, data):
    x, y = data.draw(numbers_of(kind))

    def f(x, y):
        return autodiff.sin(x * y) + x * x * y

    one = grad(lambda x: grad(f, 1)(x, y))(x)
    other = grad(lambda y: grad(f, 0)(x, y))(y)
    epsilon = max(float(np.finfo(np.asarray(x).dtype).eps), 2.0**-52)
    rounding = 8 * epsilon * ((1 + abs(x * y)) ** 2 + 2 * abs(x))
    assert float(one) == pytest.approx(float(other), rel=1e-12, abs=float(rounding))


# ---- Operators --------------------------------------------------------------------------------


@pytest.mark.parametrize("apply", [operator.iadd, operator.isub, operator.imul, operator.itruediv])
def test_augmented_assignment_does_not_change_a_shared_node(apply):
    x = Value(2.0)
    shared = x * 3
    alias = shared
    alias = apply(alias, 4.0)
    assert alias is not shared
    assert (shared.data, shared.operation) == (6.0, "*")


@pytest.mark.parametrize("other", ["text", None, [1.0], {}, 2j])
def test_arithmetic_with_what_is_no_number_is_a_type_error(other):
    with pytest.raises(TypeError):
        Value(2.0) + other
    with pytest.raises(TypeError):
        other - Value(2.0)


def test_a_function_of_what_is_no_number_is_a_type_error():
    with pytest.raises(TypeError, match="maximum takes numbers and arrays, and got 'text'"):
        autodiff.maximum(Value(2.0), "text")


def test_a_clip_whose_bounds_are_crossed_is_an_error():
    with pytest.raises(ValueError, match=r"lower bound 2\.0 is above the upper bound 1\.0"):
        autodiff.clip(Value(1.5), 2.0, 1.0)


@pytest.mark.parametrize("x", [0.5, 1.5, 2.5, -0.5, -2.5])
def test_rint_takes_the_even_one_of_two(x):
    for kind in (float, Value, np.float64):
        assert autodiff.rint(kind(x)) == round(x)


def test_values_can_be_sorted_and_compared():
    values = [Value(3.0), Value(1.0), Value(2.0)]
    assert [value.data for value in sorted(values)] == [1.0, 2.0, 3.0]
    assert max(values) is values[0]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Value(0.5), "Value(0.5)"),
        (Value(0.5, "weight"), "Value(0.5, label='weight')"),
        (Value(Value(2)), "Value(Value(2))"),
    ],
)
def test_the_text_of_a_value(value, text):
    assert repr(value) == text
    value.backward()
    assert "grad=1" in repr(value)


def test_floor_and_ceil_of_math_and_numpy_give_values():
    x = Value(2.5)
    assert math.floor(x) == np.floor(x) == 2
    assert math.ceil(x) == np.ceil(x) == 3
    assert isinstance(math.floor(x), Value)


# ---- Many operands ----------------------------------------------------------------------------


def test_total_and_dot_are_single_nodes():
    xs = [Value(float(n)) for n in range(4)]
    sum_of_all = autodiff.total(x for x in xs)
    product = autodiff.dot(xs, [2.0, 3.0, 4.0, 5.0])
    assert sum_of_all.operands == tuple(xs)
    assert product.operands[:4] == tuple(xs)
    (sum_of_all * product).backward()
    assert [x.grad for x in xs] == [26.0 + 6.0 * weight for weight in (2, 3, 4, 5)]


def test_total_and_dot_of_nothing_are_zero():
    assert autodiff.total([]) == autodiff.dot([], []) == 0


def test_total_adds_up_from_left_to_right():
    numbers = [0.1] * 10 + [1e16, 1.0, -1e16]
    expected = 0.0
    for number in numbers:
        expected += number
    assert autodiff.total(numbers) == autodiff.total(map(Value, numbers)) == expected


def test_dot_of_different_lengths_is_an_error():
    with pytest.raises(ValueError, match="got 2 and 1"):
        autodiff.dot([Value(1.0), 2.0], [3.0])


# ---- A person's own operation -----------------------------------------------------------------


@autodiff.operation
def cube(x):
    """The third power."""
    return x**3, 3 * x**2


@autodiff.operation(name="scale")
def scaled(x, factor):
    return x * factor, factor, None


def test_an_operation_of_a_persons_own_works_with_everything_else():
    x = Value(2.0)
    y = cube(x) + x
    y.backward()
    assert (y.data, x.grad) == (10.0, 13.0)
    assert cube(2.0) == 8.0
    assert derivative(cube, 3)(5.0) == 6.0
    assert cube.__doc__ == "The third power."
    assert cube(x).operation == "cube"
    np.testing.assert_array_equal(cube(np.array([1.0, 2.0])), [1.0, 8.0])
    assert [v.operation for v in cube(np.array([x, x]))] == ["cube", "cube"]


def test_an_operation_can_have_a_name_and_an_operand_without_derivative():
    x, factor = Value(2.0), Value(3.0)
    y = scaled(x, factor)
    y.backward()
    assert y.operation == "scale"
    assert (x.grad, factor.grad) == (3.0, 0)


@pytest.mark.parametrize("result", [(1.0, 1, 1), (1.0,), 1.0, [1.0, 1]])
def test_a_rule_that_gives_something_else_is_an_error_that_names_it(result):
    @autodiff.operation
    def wrong(x):
        return result

    with pytest.raises(TypeError, match="the rule of wrong has to return a tuple"):
        wrong(Value(1.0))
