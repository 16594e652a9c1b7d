"""One statement of each derivative, on every kind of number."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy
from table import COMPOSITES, OPERATIONS

import autodiff
import autodiff.rows
from autodiff import Value, derivative, grad
from autodiff.program.lowering import lowered

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
    with pytest.raises(ImportError, match=r'pip install ".*\[scipy\]"'):
        autodiff.lgamma(Value(2.0))


def test_stable_functions_are_plain_formulas_in_sympy():
    assert autodiff.softplus(x) == sympy.log(1 + sympy.exp(x))
    assert autodiff.logaddexp(x, y) == sympy.log(sympy.exp(x) + sympy.exp(y))


def test_copysign_goes_by_the_sign_in_packages_that_have_none():
    assert autodiff.copysign(mpmath.mpf(3), mpmath.mpf(-2)) == -3
    assert autodiff.copysign(sympy.Integer(-3), sympy.Integer(2)).doit() == 3


def test_a_value_shows_itself_in_a_notebook():
    x = Value(2.0, "x")
    assert "<svg" in (x * x)._repr_mimebundle_()["text/html"]


# ---- NumPy scalars, everywhere that floats go -------------------------------------------------

NOT_LONG = [
    row.f for row in OPERATIONS if row.name in {"erf", "erfc", "lgamma", "digamma", "polygamma"}
]
MODERATE = [
    pytest.param(row.f, point, id=f"{row.name} at {point}")
    for row in (*OPERATIONS, *COMPOSITES)
    for point in row.points[:4]
    if all(2**-10 < abs(x) < 20 for x in point)
]


@pytest.mark.parametrize("width", [np.float16, np.float32, np.float64, np.longdouble])
@pytest.mark.parametrize(("f", "point"), MODERATE)
def test_first_and_second_derivatives_of_numpy_scalars_are_those_of_floats(f, point, width):
    if width is np.longdouble and f in NOT_LONG:
        with pytest.raises(TypeError, match=r"SciPy has no .* of longdouble"):
            grad(f)(*map(width, point))
        return
    point = [float(np.float16(x)) for x in point]
    argnums = tuple(range(len(point)))
    epsilon = 10 * max(float(np.finfo(width).eps), 2.0**-52)  # the worst found is half of it
    for derivatives in (grad(f, argnums), autodiff.hessian(f, argnums)):
        expected = np.ravel(np.array(derivatives(*point), dtype=float))
        with np.errstate(all="ignore"):
            found = np.ravel(np.array(derivatives(*map(width, point)), dtype=float))
        size = np.abs(expected).max(initial=1)
        known = np.isfinite(expected) & (np.abs(expected) < 1e3)
        np.testing.assert_allclose(found[known], expected[known], rtol=0, atol=size * epsilon)


@pytest.mark.parametrize(("f", "point"), MODERATE)
def test_arrays_without_dimensions_are_numbers(f, point):
    argnums = tuple(range(len(point)))
    boxed = [np.array(x) for x in point]
    for derivatives in (grad(f, argnums), autodiff.hessian(f, argnums)):
        expected = np.ravel(np.array(derivatives(*point), dtype=float))
        found = np.ravel(np.array(derivatives(*boxed), dtype=float))
        np.testing.assert_array_equal(found, expected)


def test_a_hinge_loss_over_a_numpy_data_set_has_a_hessian():
    """The second derivative through a branch that a NumPy scalar decides."""
    xs, ys = np.array([[0.5, -1.0], [1.5, 2.0]]), np.array([1.0, -1.0])

    def loss(w):
        margins = [autodiff.maximum(0, 1 - y * (x @ w)) ** 2 for x, y in zip(xs, ys, strict=True)]
        return autodiff.total(margins)

    w = np.array([0.1, 0.2])
    expected = sum(2 * np.outer(x, x) for x in xs)
    np.testing.assert_allclose(autodiff.hessian(loss)(w), expected, rtol=1e-14)


@pytest.mark.parametrize(
    "x", [np.float64(1.5), np.float32(1.5), Value(1.5), Value(np.float64(1.5))]
)
def test_comparisons_negate_and_combine(x):
    assert not ~(x > 0)
    assert (x > 0) & (x < 2)
    assert (x < 0) | (x > 1)
    assert (x > 0) ^ (x > 2)
    assert autodiff.where(~(x > 0), 1.0, 2.0) == 2.0
    assert autodiff.where((x > 0) & ~(x > 2), 1.0, 2.0) == 1.0


@pytest.mark.parametrize("combine", [lambda a, b: a & b, lambda a, b: b | a, lambda a, b: a ^ b])
def test_only_comparisons_combine(combine):
    with pytest.raises(TypeError, match="combines comparisons"):
        combine(Value(1.0), Value(2.0))
    with pytest.raises(TypeError, match="combines comparisons"):
        combine(Value(1.0) > 0, 2.0)
    with pytest.raises(TypeError, match="combines comparisons"):
        ~Value(1.0)


@pytest.mark.parametrize("condition", [-2, -1, 2.5, Value(2.5), np.float64(-1), "x", None])
def test_where_takes_no_number_but_0_and_1_for_a_condition(condition):
    with pytest.raises((TypeError, ValueError), match=r"where takes|x != 0|condition"):
        autodiff.where(condition, 1.0, 2.0)


@pytest.mark.parametrize("condition", [1, 0.0, True, np.True_, np.int64(1), Value(1), Value(True)])
def test_where_takes_a_truth_or_0_or_1(condition):
    assert autodiff.where(condition, 5.0, 7.0) == (5.0 if condition else 7.0)


@pytest.mark.parametrize("condition", [[True, False], (True, False), np.array([True, False])])
def test_where_chooses_element_by_element(condition):
    x = Value(3.0)
    chosen = autodiff.where(condition, x * 2, 5.0)
    assert chosen.tolist() == [6.0, 5.0]
    chosen.sum().backward()
    assert x.grad == 2.0
    assert autodiff.where(condition, 1.0, 2.0).tolist() == [1.0, 2.0]


def test_a_symbolic_branch_has_second_derivatives():
    z = sympy.Symbol("z", real=True)
    second = derivative(lambda x: autodiff.where(x > 0, x**3, x**2), order=2)(z)
    assert [second.subs(z, n) for n in (-2, 2)] == [2, 12]
    assert derivative(autodiff.relu, order=2)(z).subs(z, 2) == 0
    assert autodiff.where(z > 0, 1, 2).subs(z, 1) == 1
    both = autodiff.where((Value(z) > 0) & ~(Value(z) > 1), Value(z), 0)
    assert [both.data.subs(z, n) for n in (-1, sympy.Rational(1, 2), 3)] == [0, sympy.S.Half, 0]


# ---- Kinds that lack something ----------------------------------------------------------------


def test_the_remainder_of_mpmath_numbers_has_its_derivatives():
    x, y = mpmath.mpf("7.5"), mpmath.mpf(2)
    assert gradients(lambda a, b: a % b, x, y) == [mpmath.mpf("1.5"), 1, -3]
    assert Value(x) // 2 == 3
    assert Value(-x) // 2 == -4


def test_lgamma_of_a_fraction_has_a_derivative():
    assert gradients(autodiff.lgamma, Fraction(7, 2))[1] == grad(autodiff.lgamma)(3.5)


@pytest.mark.parametrize(
    "kind", [float, np.float32, np.float64, np.longdouble, mpmath.mpf, Fraction]
)
@pytest.mark.parametrize("wrap", [Value, lambda x: x])
def test_a_clip_of_crossed_bounds_is_an_error_for_every_kind(kind, wrap):
    with pytest.raises(ValueError, match=r"lower bound .* is above the upper bound"):
        autodiff.clip(wrap(kind(1.5)), kind(2), kind(1))


def test_a_clip_of_an_array_by_crossed_bounds_is_an_error():
    with pytest.raises(ValueError, match="is above the upper bound"):
        autodiff.clip(np.ones(2), np.array([0.0, 2.0]), 1.0)


@pytest.mark.parametrize("number", [mpmath.mpf(-8), sympy.Integer(-8), np.float64(-8), -8.0])
def test_the_cube_root_of_a_negative_number_is_real(number):
    value, slope = gradients(autodiff.cbrt, number)
    assert [float(value), float(slope)] == pytest.approx([-2.0, 1 / 12], rel=1e-15)


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        (-1e300, 2.5, np.nan),
        (-1e300, 3, -np.inf),
        (-1e300, 2, np.inf),
        (0.0, -2.5, np.inf),
        (-0.0, -3, -np.inf),
        (1e300, 2.5, np.inf),
    ],
)
def test_the_ieee_power_where_python_raises(x, y, expected):
    assert repr(autodiff.power(x, y)) == repr(float(expected))
    with np.errstate(all="ignore"):
        assert repr(float(np.float64(x) ** np.float64(y))) == repr(float(expected))


# ---- Bodies of functions ----------------------------------------------------------------------

BODIES = {
    name: row.body
    for name, row in autodiff.rows.TABLE.items()
    if row.body is not None and not row.python
}


@pytest.mark.parametrize("name", sorted(BODIES))
def test_every_body_is_lowered_to_arithmetic_without_a_branch(name):
    assert not lowered(name).guards


@pytest.mark.parametrize("library", ["numpy", "torch", "array_api_strict", "jax.numpy"])
@pytest.mark.parametrize("name", sorted(BODIES))
def test_every_body_runs_on_every_backend(name, library):
    space = pytest.importorskip(library)
    count = len(autodiff.rows.TABLE[name].parameters)
    points = ([0.3, 0.75], [0.4, 0.5], [0.5, 1.25])[:count]
    expected = [BODIES[name](*column) for column in zip(*points, strict=True)]
    dtype = space.float32 if library == "jax.numpy" else space.asarray([0.5]).dtype
    arrays = [space.asarray(point, dtype=dtype) for point in points]
    np.testing.assert_allclose(np.asarray(BODIES[name](*arrays)), expected, rtol=1e-5)


# ---- Second derivatives at the edges ----------------------------------------------------------


@pytest.mark.parametrize("name", ["arcsin", "arccos", "arctanh", "arctan", "arcsinh"])
@pytest.mark.parametrize("x", [1e-10, -1e-5, 0.3, 1 - 1e-6])
@pytest.mark.parametrize("order", [2, 3])
def test_higher_derivatives_lose_no_digit_where_they_are_small(name, x, order):
    with mpmath.workdps(80):
        h = mpmath.mpf(10) ** -25
        expected = float(mpmath.diff(UNARY[name].truth, mpmath.mpf(x), order, h=h))
    assert derivative(getattr(autodiff, name), order)(x) == pytest.approx(
        expected, rel=2e-15, abs=0
    )


@pytest.mark.parametrize("sides", [(1.0, 1e-9), (1e-9, 1.0), (3.0, 4.0), (1e10, 1.0), (-5.0, 1e-3)])
def test_the_hessian_of_hypot_loses_no_digit_where_one_side_is_tiny(sides):
    a, b = map(mpmath.mpf, sides)
    r = mpmath.hypot(a, b)
    expected = [b * b / r**3, -a * b / r**3, -a * b / r**3, a * a / r**3]
    found = np.ravel(autodiff.hessian(autodiff.hypot, (0, 1))(*sides))
    assert found.tolist() == pytest.approx(list(map(float, expected)), rel=2e-15, abs=0)


def test_the_second_derivative_of_arcsin_at_1_is_infinite():
    assert derivative(autodiff.arcsin, 2)(1.0) == np.inf
    assert derivative(autodiff.arccos, 2)(1.0) == -np.inf


@pytest.mark.parametrize("x", [1.79e308, 1e308, 1e-300])
def test_the_derivative_of_a_logarithm_neither_over_nor_underflows(x):
    assert grad(autodiff.log10)(x) == pytest.approx(1 / x / np.log(10), rel=4e-16, abs=1e-323)
    assert grad(autodiff.log2)(x) == pytest.approx(1 / x / np.log(2), rel=4e-16, abs=1e-323)


@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize(
    "f",
    [
        autodiff.relu,
        lambda x: autodiff.maximum(x, 0.0),
        lambda x: autodiff.minimum(0.0, x),
        lambda x: autodiff.clip(x, 0.0, 1.0),
    ],
)
@pytest.mark.parametrize("kind", [float, np.float64, np.float32])
def test_nan_is_nan_in_every_derivative(f, order, kind):
    assert np.isnan(derivative(f, order)(kind(np.nan)))
