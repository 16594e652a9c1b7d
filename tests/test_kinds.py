"""One statement of each derivative, on every kind of number."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy
from table import COMPOSITES, OPERATIONS

import autodiff
from autodiff import Value, derivative, grad

UNARY = {row.name: row for row in OPERATIONS if row.name in autodiff.functions.__all__}
SMOOTH = [
    "arccos",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctanh",
    "cbrt",
    "cos",
    "cosh",
    "degrees",
    "erf",
    "erfc",
    "exp",
    "exp2",
    "expm1",
    "lgamma",
    "digamma",
    "log",
    "log10",
    "log1p",
    "log2",
    "radians",
    "reciprocal",
    "sech",
    "sigmoid",
    "sin",
    "sinh",
    "softplus",
    "sqrt",
    "square",
    "tan",
    "tanh",
]


def gradients(f, *numbers):
    variables = [Value(number) for number in numbers]
    result = f(*variables)
    result.backward()
    return [result.data, *(variable.grad for variable in variables)]


def chapter_error(weight, input, goal_pred):
    return (input * weight - goal_pred) ** 2 / 2


# ---- Whole numbers and fractions --------------------------------------------------------------


def test_whole_numbers_stay_whole():
    assert gradients(lambda x, y: x * x * y - y % 3, 5, 7) == [174, 70, 24]
    assert all(type(number) is int for number in gradients(lambda x, y: x * x - y, 5, 7))


def test_fractions_stay_exact_fractions():
    weight, input, goal = Fraction(1, 3), Fraction(2, 7), Fraction(-5, 11)
    found = gradients(chapter_error, weight, input, goal)
    delta = input * weight - goal
    assert found == [delta**2 / 2, input * delta, weight * delta, -delta]
    assert all(type(number) is Fraction for number in found)


def test_a_fraction_divided_by_a_whole_number_has_an_exact_derivative():
    assert gradients(lambda x: x / 3, Fraction(1, 7))[1] == Fraction(1, 3)
    assert gradients(lambda x: 1 / (3 * x), Fraction(1, 7))[1] == Fraction(-49, 3)


# ---- NumPy ------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [np.float16, np.float32, np.float64, np.longdouble])
@pytest.mark.parametrize(
    "f",
    [
        lambda x: x * x / 3 - 2.0 / x,
        lambda x: x**2 + 2**x,
        lambda x: x**0.5 + x**x,
        autodiff.tanh,
        autodiff.log2,
        autodiff.exp2,
        autodiff.softplus,
        autodiff.degrees,
        lambda x: autodiff.maximum(x, x) + autodiff.clip(x, 0.0, 1.0),
        lambda x: autodiff.hypot(x, 1.0) * autodiff.arctan2(x, 2.0),
    ],
)
def test_a_numpy_scalar_keeps_its_width(f, width):
    value, gradient = gradients(f, width(0.75))
    assert type(value) is type(gradient) is width
    exact = gradients(f, 0.75)
    tolerance = 16 * float(np.finfo(width).eps) + 1e-15
    assert [float(value), float(gradient)] == pytest.approx(exact, rel=tolerance)


def test_longdouble_gradients_are_more_exact_than_floats():
    third = gradients(lambda x: x / 3, np.longdouble(1))[1]
    assert third == np.longdouble(1) / 3
    assert third != 1 / 3


def test_an_infinite_derivative_gives_no_warning():
    assert gradients(autodiff.sqrt, np.float64(0.0)) == [0.0, np.inf]


@pytest.mark.parametrize("name", SMOOTH)
def test_functions_of_arrays_are_elementwise(name):
    xs = np.array([0.3, 0.7])
    function = getattr(autodiff, name)
    np.testing.assert_allclose(function(xs), [function(float(x)) for x in xs], rtol=1e-14)


@pytest.mark.parametrize("name", ["relu", "sign", "floor", "ceil", "sigmoid", "softplus", "sech"])
def test_steps_and_stable_functions_of_arrays_are_elementwise(name):
    xs = np.array([-1000.0, -1.5, 0.0, 2.5, 1000.0])
    function = getattr(autodiff, name)
    np.testing.assert_allclose(function(xs), [function(float(x)) for x in xs], rtol=1e-14)


@pytest.mark.parametrize("name", [*SMOOTH, "relu", "sign", "floor"])
def test_functions_of_arrays_of_values_record_one_node_for_each(name):
    values = np.array([Value(0.3), Value(0.7)])
    results = getattr(autodiff, name)(values)
    for value, result in zip(values, results, strict=True):
        assert result.operation in (name, "polygamma")
        assert value in result.operands


def test_the_derivative_of_sigmoid_at_zero_is_right_in_an_array_of_values():
    x = Value(0.0)
    autodiff.sigmoid(np.array([x]))[0].backward()
    assert x.grad == 0.25


def test_two_operands_broadcast_over_arrays_of_values():
    x = Value(2.0)
    result = autodiff.maximum(np.array([1.0, 2.0, 3.0]), x)
    result.sum().backward()
    assert [v.data for v in result] == [2.0, 2.0, 3.0]
    assert x.grad == 1.5
    assert autodiff.where(np.array([True, False]), x, 5.0).tolist() == [2.0, 5.0]


@pytest.mark.parametrize(
    "f",
    [np.exp, np.sin, np.arctan, np.sqrt, np.log1p, np.cbrt, np.tanh, np.degrees, np.square, np.abs],
)
def test_ufuncs_of_numpy_work_on_values_and_on_arrays_of_them(f):
    x = Value(0.5)
    f(x).backward()
    alone = x.grad
    x.zero_grad()
    f(np.array([x, Value(2.0)]))[0].backward()
    assert x.grad == alone != 0


def test_matrix_products_of_values_keep_the_derivative():
    weights = np.array([[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]])
    (np.array([1.0, -1.0]) @ weights @ np.array([2.0, 3.0])).backward()
    assert [[w.grad for w in row] for row in weights] == [[2.0, 3.0], [-2.0, -3.0]]


# ---- mpmath -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SMOOTH)
def test_mpmath_numbers_have_gradients_of_fifty_digits(name):
    with mpmath.workdps(50):
        x = mpmath.mpf("0.3")
        value, gradient = gradients(UNARY[name].f, x)
        with mpmath.workdps(120):
            expected = mpmath.diff(UNARY[name].truth, x, h=mpmath.mpf(10) ** -60)
            assert abs(value / UNARY[name].truth(x) - 1) < mpmath.mpf(10) ** -48
            assert abs(gradient / expected - 1) < mpmath.mpf(10) ** -48


def test_a_whole_divisor_costs_no_digits():
    with mpmath.workdps(50):
        assert gradients(lambda x: x / 3, mpmath.mpf(2))[1] == mpmath.mpf(1) / 3


@pytest.mark.parametrize("f", [autodiff.sqrt, autodiff.log, lambda x: x**0.5])
def test_mpmath_does_not_leave_the_real_line(f):
    with pytest.raises(ValueError, match="complex"):
        f(Value(mpmath.mpf(-2)))


# ---- SymPy ------------------------------------------------------------------------------------

x, y = sympy.symbols("x y", positive=True)


def test_half_the_error_of_the_chapter_gives_its_formula():
    weight, input, goal = sympy.symbols("weight input goal")
    assert gradients(chapter_error, weight, input, goal)[1] == input * (input * weight - goal)


@pytest.mark.parametrize("name", SMOOTH)
def test_the_gradient_of_a_symbol_is_the_formula_of_the_derivative(name):
    value, gradient = gradients(UNARY[name].f, x)
    difference = gradient - sympy.diff(value, x)
    assert sympy.simplify(difference.rewrite(sympy.exp)) == 0 or sympy.simplify(difference) == 0


@pytest.mark.parametrize("name", ["shared", "quotient", "powers", "x**x", "horner", "rosenbrock"])
def test_the_gradient_of_a_composite_is_a_formula(name):
    row = next(row for row in COMPOSITES if row.name == name)
    symbols = (x, y)[: len(row.points[0])]
    value, *found = gradients(row.f, *symbols)
    for symbol, gradient in zip(symbols, found, strict=True):
        assert sympy.simplify(gradient - sympy.diff(value, symbol)) == 0


def test_branches_become_piecewise_formulas():
    z = sympy.Symbol("z", real=True)
    value, gradient = gradients(autodiff.relu, z)
    assert [value.subs(z, n) for n in (-2, 3)] == [0, 3]
    assert [gradient.subs(z, n) for n in (-2, 0, 3)] == [0, 0, 1]
    _, slope, other = gradients(autodiff.maximum, z, sympy.Integer(1))
    assert [slope.subs(z, n) for n in (0, 1, 2)] == [0, sympy.Rational(1, 2), 1]
    assert [other.subs(z, n) for n in (0, 1, 2)] == [1, sympy.Rational(1, 2), 0]


def test_symbols_and_values_meet_on_either_side():
    value = Value(x)
    assert (y * value).data == (value * y).data == x * y
    assert isinstance(y + value, Value)


# ---- Values -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SMOOTH)
def test_values_in_values_give_second_and_third_derivatives(name):
    function = UNARY[name].f
    for order in (2, 3):
        with mpmath.workdps(80):
            truth = UNARY[name].truth
            expected = float(mpmath.diff(truth, mpmath.mpf(0.3), order, h=mpmath.mpf(10) ** -15))
        assert derivative(function, order)(0.3) == pytest.approx(expected, rel=1e-11, abs=1e-11)


def test_backward_of_a_gradient_is_the_second_derivative():
    x = Value(Value(2.0))
    (x**3).backward()
    x.grad.backward()
    assert x.data.grad == 12.0


@pytest.mark.parametrize("row", COMPOSITES, ids=lambda row: row.name)
def test_fractions_and_floats_in_one_function_agree_with_floats(row):
    for point in row.points:
        for position in range(len(point)):
            mixed = [Fraction(n) if place == position else n for place, n in enumerate(point)]
            assert float(grad(row.f, position)(*mixed)) == pytest.approx(
                grad(row.f, position)(*point), rel=1e-12
            )


# ---- Other packages ---------------------------------------------------------------------------


class Foreign:
    """An array of another package, whose namespace has a sine and nothing else."""

    def __array_namespace__(self):
        return type("namespace", (), {"sin": staticmethod(lambda x: "the sine of a foreigner")})


def test_an_array_of_another_package_is_computed_in_its_namespace():
    assert autodiff.sin(Foreign()) == "the sine of a foreigner"


def test_a_function_that_a_package_lacks_is_an_error_that_names_it():
    with pytest.raises(TypeError, match="cos is not known for numbers of type Foreign"):
        autodiff.cos(Foreign())


def test_without_scipy_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "scipy.special", None)
    with pytest.raises(ImportError, match=r"pip install 'autodiff\[scipy\]'"):
        autodiff.lgamma(Value(2.0))


def test_stable_functions_are_plain_formulas_in_sympy():
    assert autodiff.softplus(x) == sympy.log(1 + sympy.exp(x))
    assert autodiff.logaddexp(x, y) == sympy.log(sympy.exp(x) + sympy.exp(y))


def test_copysign_goes_by_the_sign_in_packages_that_have_none():
    assert autodiff.copysign(mpmath.mpf(3), mpmath.mpf(-2)) == -3
    assert autodiff.copysign(sympy.Integer(-3), sympy.Integer(2)).doit() == 3


def test_a_value_shows_itself_in_a_notebook():
    x = Value(2.0, "x")
    assert "<svg" in (x * x)._repr_mimebundle_()["image/svg+xml"]
