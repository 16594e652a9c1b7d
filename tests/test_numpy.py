"""NumPy beside Values: its functions, its scalars on either side, arrays of Values."""

import math
import operator
from fractions import Fraction

import numpy as np
import pytest

import autodiff
from autodiff import Value, grad, jacobian, trace

XS = [1.0, 2.5, 4.0]


def slopes(result, *variables):
    for variable in variables:
        variable.zero_grad()
    result.backward()
    return [variable.grad for variable in variables]


# ---- Names that mean less ---------------------------------------------------------------------

MATRIX = [[1.0, 2.0], [3.0, 4.0]]


@pytest.mark.parametrize("wrap", [list, np.array, lambda rows: [tuple(row) for row in rows]])
def test_dot_refuses_a_matrix_and_says_what_to_write(wrap):
    with pytest.raises(TypeError, match="A @ x"):
        autodiff.dot(wrap(MATRIX), [1.0, 10.0])
    with pytest.raises(TypeError, match="A @ x"):
        autodiff.dot([1.0, 10.0], wrap(MATRIX))
    with pytest.raises(TypeError, match="A @ x"):
        jacobian(lambda x: autodiff.dot(wrap(MATRIX), x))([1.0, 10.0])


@pytest.mark.parametrize("values", [MATRIX, {"a": 1.0}, "12", [[1.0], 2.0], [np.ones(2)], [{}]])
def test_total_refuses_what_it_would_join(values):
    with pytest.raises(TypeError, match="total adds up numbers"):
        autodiff.total(values)


@pytest.mark.parametrize("kind", [float, Fraction, np.float32, np.float64, Value])
def test_total_and_dot_are_numpys_sum_and_dot_of_vectors(kind):
    xs, ys = [kind(x) for x in XS], [kind(x) for x in (2, -1, 0.5)]
    assert autodiff.total(xs) == np.sum(np.array(xs)) == 7.5
    assert autodiff.dot(xs, ys) == np.dot(np.array(xs), np.array(ys)) == 1.5
    assert autodiff.total(np.array(MATRIX)) == np.sum(MATRIX)


# ---- Functions of NumPy -----------------------------------------------------------------------


@pytest.mark.parametrize("function", [np.std, np.var, np.mean, np.sum, np.prod, np.linalg.norm])
def test_statistics_of_arrays_of_values_keep_the_derivative(function):
    x = np.array(XS)
    h = 1e-6 * np.eye(3)
    expected = [(function(x + d) - function(x - d)) / 2e-6 for d in h]
    assert grad(function)(x).tolist() == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize(
    ("name", "slope"),
    [
        ("rad2deg", 180 / math.pi),
        ("deg2rad", math.pi / 180),
        ("degrees", 180 / math.pi),
        ("fabs", -1.0),
        ("absolute", -1.0),
        ("square", -5.0),
        ("negative", -1.0),
        ("conj", 1.0),
        ("real", 1.0),
        ("trunc", 0),
        ("rint", 0),
        ("round", 0),
        ("floor", 0),
        ("expm1", math.exp(-2.5)),
        ("arctan", 1 / 7.25),
    ],
)
def test_functions_of_numpy_record_alone_and_in_arrays(name, slope):
    function = getattr(np, name)
    x = Value(-2.5)
    alone, in_array = function(x), function(np.array([x, Value(1.0)]))[0]
    assert alone == in_array
    assert alone.data == pytest.approx(function(-2.5), rel=1e-15)
    assert slopes(alone, x) == slopes(in_array, x) == [pytest.approx(slope, rel=1e-15)]


@pytest.mark.parametrize(
    "name",
    ["hypot", "arctan2", "maximum", "minimum", "logaddexp", "heaviside", "copysign", "power"],
)
@pytest.mark.parametrize("number", [2.0, np.float64(2.0), np.float32(2.0), 2])
def test_functions_of_two_numbers_take_a_value_on_either_side(name, number):
    for operands in ((number, Value(3.0)), (Value(3.0), number), (Value(2.0), Value(3.0))):
        plain = [float(x.data if isinstance(x, Value) else x) for x in operands]
        result = getattr(np, name)(*operands)
        assert isinstance(result, Value)
        assert float(result.data) == pytest.approx(float(getattr(np, name)(*plain)), rel=1e-7)


def test_numpys_maximum_of_values_shares_a_tie():
    x, y = Value(2.0), Value(2.0)
    assert slopes(np.maximum(x, y), x, y) == [0.5, 0.5]


def test_an_array_of_numbers_and_a_value_broadcast():
    x = Value(3.0)
    lengths = np.hypot(np.array([4.0, 0.0]), x)
    assert lengths.tolist() == [5.0, 3.0]
    assert slopes(lengths.sum(), x) == [3 / 5 + 1]


@pytest.mark.parametrize(
    "apply",
    [operator.add, operator.sub, operator.mul, operator.truediv, operator.mod, operator.pow],
)
@pytest.mark.parametrize("kind", [np.float32, np.float64, np.longdouble, np.int64, np.array])
def test_numpy_scalars_stand_on_either_side(apply, kind):
    for left in (True, False):

        def f(x, two=2.0, left=left):
            return apply(two, x) if left else apply(x, two)

        x = Value(3.0)
        result = f(x, kind(2))
        assert isinstance(result, Value)
        assert float(result.data) == pytest.approx(f(3.0), rel=1e-7)
        assert float(slopes(result, x)[0]) == pytest.approx(grad(f)(3.0), rel=1e-6)


@pytest.mark.parametrize("compare", [operator.lt, operator.le, operator.gt, operator.eq])
def test_a_numpy_scalar_compared_with_a_value_is_kept_by_where(compare):
    x = Value(3.0, "x")
    program = trace(autodiff.where(compare(np.float64(2), x), x * x, -x))
    for number in (3.0, 2.0, 1.0):
        assert program(number) == (number**2 if compare(2.0, number) else -number)


def test_an_array_compared_with_a_value_is_a_mask():
    mask = np.array([2.0, 3.0, 4.0]) > Value(2.5)
    assert mask.dtype == bool
    assert mask.tolist() == [False, True, True]


def test_adding_a_value_to_an_array_of_floats_in_place_is_an_error():
    x = np.ones(2)
    with pytest.raises(TypeError, match=r"[Cc]annot cast"):
        x += Value(1.0)
    assert x.tolist() == [1.0, 1.0]


# ---- What is true of numbers ------------------------------------------------------------------


@pytest.mark.parametrize("kind", [float, np.float32, np.float64, Value, lambda x: Value(Value(x))])
@pytest.mark.parametrize("x", [1.5, 0.0, math.inf, -math.inf, math.nan])
def test_nan_and_infinity_can_be_asked_for(kind, x):
    for name in ("isnan", "isinf", "isfinite"):
        expected = getattr(math, name)(x)
        assert bool(getattr(autodiff, name)(kind(x))) is expected
        assert bool(getattr(np, name)(kind(x))) is expected


@pytest.mark.parametrize("a", [1.0, 1.0 + 1e-12, 1.1, 0.0, 1e-15, math.inf, -math.inf, math.nan])
@pytest.mark.parametrize("b", [1.0, 0.0, math.inf])
@pytest.mark.parametrize("abs_tol", [0.0, 1e-9])
def test_isclose_is_that_of_math(a, b, abs_tol):
    expected = math.isclose(a, b, abs_tol=abs_tol)
    for kind in (float, np.float64, Value):
        assert bool(autodiff.isclose(kind(a), kind(b), abs_tol=abs_tol)) is expected


def test_a_loop_until_convergence_needs_no_data():
    weight, before = Value(0.5), Value(math.inf)
    for _ in range(200):
        error = (weight * 0.5 - 0.8) ** 2
        if autodiff.isclose(error, before, rel_tol=0, abs_tol=1e-9):
            break
        weight.zero_grad()
        error.backward()
        weight.data -= weight.grad
        before = error
    assert not autodiff.isnan(error)
    assert weight < 1.6001


@pytest.mark.parametrize("function", [math.isnan, math.isfinite, math.sin])
def test_maths_own_functions_are_refused_and_the_message_names_autodiffs(function):
    with pytest.raises(TypeError, match=r"autodiff\.isnan\(v\) for math\.isnan"):
        function(Value(1.0))


# ---- Numbers like Python's --------------------------------------------------------------------


@pytest.mark.parametrize("x", [2.5, -2.5, Fraction(-7, 2), np.float64(2.5)])
def test_a_value_has_what_every_number_of_python_has(x):
    v = Value(x)
    assert v.real is v.conjugate() is v
    assert v.imag == 0
    assert type(v.imag) is type(x)
    assert math.trunc(v) == math.trunc(x)
    assert math.floor(v) == math.floor(x)
    assert divmod(v, 2) == divmod(x, 2)
    assert divmod(7, v) == divmod(7, x)


def test_divmod_keeps_the_derivative_of_the_remainder():
    x = Value(7.5)
    quotient, remainder = divmod(x, 2)
    assert slopes(quotient + 10 * remainder, x) == [10.0]


# ---- Names ------------------------------------------------------------------------------------


def test_abs_is_autodiffs_name_too_and_a_star_does_not_hide_pythons():
    x = Value(-2.0)
    assert slopes(autodiff.abs(x), x) == [-1.0]
    assert autodiff.abs(np.array([-1.0, 2.0])).tolist() == [1.0, 2.0]
    scope = {}
    exec("from autodiff import *", scope)
    assert "abs" not in scope


@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("sum", "numpy.sum"),
        ("mean", "autodiff.total(xs) / len(xs)"),
        ("max", "autodiff.maximum"),
        ("gamma", "autodiff.exp(autodiff.lgamma(x))"),
        ("no_grad", "v.data"),
        ("asin", "autodiff.arcsin"),
        ("ln", "autodiff.log"),
    ],
)
def test_a_name_from_elsewhere_is_an_error_that_says_the_way(name, way):
    with pytest.raises(AttributeError) as raised:
        getattr(autodiff, name)
    assert way in str(raised.value)
    with pytest.raises(AttributeError, match=r"no attribute 'nothing'$"):
        _ = autodiff.nothing


def test_the_ways_that_the_messages_name_are_right():
    """What the errors tell people to write, computed."""
    import functools

    xs = [Value(x) for x in XS]
    logsumexp = functools.reduce(autodiff.logaddexp, xs)
    assert logsumexp.data == pytest.approx(math.log(sum(map(math.exp, XS))), rel=1e-15)
    e = autodiff.exp(np.array(xs) - max(xs))
    softmax = e / autodiff.total(e)
    weights = [math.exp(x) / sum(map(math.exp, XS)) for x in XS]
    assert [w.data for w in softmax] == pytest.approx(weights, rel=1e-14)
    assert slopes(logsumexp, *xs) == pytest.approx(weights, rel=1e-14)
    assert autodiff.exp(autodiff.lgamma(5.0)) == pytest.approx(24.0, rel=1e-14)


@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("item", "v.data is the plain number"),
        ("numpy", "v.data"),
        ("requires_grad", "every Value can be differentiated"),
        ("is_leaf", "v.operation is None"),
        ("clamp", "v.clip"),
    ],
)
def test_an_attribute_from_elsewhere_is_an_error_that_says_the_way(name, way):
    with pytest.raises(AttributeError, match=way):
        getattr(Value(2.0), name)
    assert not hasattr(Value(2.0), name)


@pytest.mark.parametrize(
    "function", [autodiff.exp, autodiff.square, autodiff.relu, autodiff.lgamma]
)
@pytest.mark.parametrize("x", [[1.0, 2.0], (1.0,), "1", {"a": 1.0}, {1.0}])
def test_functions_refuse_lists_and_their_like(function, x):
    with pytest.raises(TypeError, match=f"{function.__name__} takes numbers and arrays"):
        function(x)


def test_functions_of_two_numbers_refuse_lists():
    with pytest.raises(TypeError, match="maximum takes numbers and arrays"):
        autodiff.maximum([1.0, 2.0], [3.0, 0.0])


def test_an_array_of_one_number_says_how_to_get_it():
    with pytest.raises(TypeError, match=r"x\.item\(\) is the number of this one"):
        Value(np.array(2.0))
    torch = pytest.importorskip("torch")
    with pytest.raises(TypeError, match=r"x\.item\(\)"):
        Value(torch.tensor(2.0))


# ---- One-sided clip ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [float, np.float64, Fraction, Value])
def test_clip_with_one_bound(kind):
    assert autodiff.clip(kind(3), None, 2) == 2
    assert autodiff.clip(kind(3), 4, None) == 4
    assert autodiff.clip(kind(3), None, 5) == autodiff.clip(kind(3), 1, None) == 3


@pytest.mark.parametrize(
    ("bounds", "x", "slope"),
    [((None, 2.0), 1.0, 1), ((None, 2.0), 2.0, 1), ((None, 2.0), 3.0, 0), ((2.0, None), 1.0, 0)],
)
def test_the_bound_of_a_one_sided_clip_is_inside(bounds, x, slope):
    assert grad(lambda t: autodiff.clip(t, *bounds))(x) == slope
    assert grad(lambda t: t.clip(*bounds))(x) == slope
    assert trace(lambda t: autodiff.clip(t, *bounds), 9.0).grad(x) == slope
    assert math.isnan(grad(lambda t: autodiff.clip(t, *bounds) * t)(math.nan))


def test_clip_of_an_array_with_one_bound():
    assert autodiff.clip(np.array([1.0, 3.0]), None, 2.0).tolist() == [1.0, 2.0]
    assert np.clip(np.array([Value(1.0), Value(3.0)]), None, 2.0).tolist() == [1.0, 2.0]


# ---- Whole numbers and columns ----------------------------------------------------------------


def test_the_gradient_in_a_whole_number_is_whole_and_exact():
    gradient = grad(lambda x: x**2)(3)
    assert gradient == 6
    assert type(gradient) is int
    assert grad(lambda x: x**3)(10**30) == 3 * 10**60


def test_a_series_is_refused_with_the_way():
    pandas = pytest.importorskip("pandas")
    for derivative in (grad, jacobian, autodiff.hessian):
        with pytest.raises(TypeError, match=r"of type Series.*numpy\.asarray"):
            derivative(lambda x: x.sum())(pandas.Series([1.0, 2.0]))


def test_grad_may_be_set_to_none_for_unset():
    x = Value(3.0)
    (x * x).backward()
    x.grad = None
    assert repr(x) == "Value(3.0)"
    (2 * x).backward()
    assert x.grad == 2.0
