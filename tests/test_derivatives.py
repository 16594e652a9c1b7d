"""grad, derivative, jacobian, hessian, jvp, hvp: structures, nesting, the peers' conventions."""

import math
from collections import namedtuple
from fractions import Fraction

import numpy as np
import pytest
from scipy.optimize import minimize, rosen, rosen_der, rosen_hess

import autodiff
from autodiff import Value, derivative, grad, hessian, hvp, jacobian, jvp, value_and_grad

POINT = np.array([1.3, 0.7, 0.8, 1.9, 1.2])


def rosenbrock(x):
    return autodiff.total(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


# ---- Structures -------------------------------------------------------------------------------

Pair = namedtuple("Pair", "a b")


@pytest.mark.parametrize(
    ("f", "argument", "expected"),
    [
        (lambda x: x**2, 3.0, 6.0),
        (lambda x: x[0] * x[1], [2.0, 3.0], [3.0, 2.0]),
        (lambda x: x[0] * x[1], (2.0, 3.0), (3.0, 2.0)),
        (lambda x: x[0] * x[1][0], [2.0, (3.0, 4.0)], [3.0, (2.0, 0.0)]),
        (lambda x: x["w"] * x["b"], {"w": 2.0, "b": 3.0}, {"w": 3.0, "b": 2.0}),
        (lambda x: x.a * x.b, Pair(2.0, 3.0), Pair(3.0, 2.0)),
    ],
)
def test_the_gradient_has_the_structure_of_the_argument(f, argument, expected):
    gradient = grad(f)(argument)
    assert gradient == expected
    assert type(gradient) is type(expected)


@pytest.mark.parametrize("shape", [(3,), (2, 2), (1, 2, 2), (0,)])
def test_the_gradient_in_an_array_is_a_float_array_of_its_shape(shape):
    argument = np.arange(math.prod(shape), dtype=int).reshape(shape)
    gradient = grad(lambda x: autodiff.total(x * x))(argument)
    assert gradient.dtype == float
    np.testing.assert_array_equal(gradient, 2.0 * argument)


def test_an_array_without_dimensions_counts_as_a_number():
    assert grad(lambda x: x * x)(np.array(3.0)) == 6.0


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble])
def test_the_gradient_in_an_array_keeps_its_float_width(dtype):
    gradient = grad(lambda x: (x * x).sum())(np.array([0.5, 1.5], dtype=dtype))
    assert gradient.dtype == dtype


def test_the_value_comes_with_the_gradient():
    value, gradient = value_and_grad(lambda w, x: (w * x - 1) ** 2, argnums=(0, 1))(2.0, 3.0)
    assert value == 25.0
    assert type(value) is float
    assert gradient == (30.0, 20.0)


@pytest.mark.parametrize(
    ("argnums", "expected"), [(0, 3.0), (1, 2.0), (-1, 2.0), ([1], (2.0,)), ((1, 0), (2.0, 3.0))]
)
def test_argnums_choose_the_arguments(argnums, expected):
    assert grad(lambda x, y: x * y, argnums)(2.0, 3.0) == expected


def test_keyword_arguments_are_handed_on():
    assert grad(lambda x, power: x**power)(3.0, power=2) == 6.0


def test_an_argument_without_influence_has_gradient_zero():
    assert grad(lambda x: 3.0)(2.0) == 0.0
    assert grad(lambda x: x[0])([2.0, 3.0]) == [1.0, 0.0]
    np.testing.assert_array_equal(jacobian(lambda x: [1.0, x[0]])([2.0, 3.0]), [[0, 0], [1, 0]])


def test_gradients_of_fractions_are_exact():
    assert grad(lambda x: x**3 / 7)(Fraction(1, 3)) == Fraction(1, 21)


def test_a_value_from_outside_stays_in_the_graph_of_the_gradient():
    weight = Value(2.0)
    slope = grad(lambda x: weight * x * x)(3.0)
    slope.backward()
    assert slope == 12.0
    assert weight.grad == 6.0


# ---- Errors -----------------------------------------------------------------------------------


@pytest.mark.parametrize("argument", ["text", None, 2j, np.array(["a"]), {"a": "b"}])
def test_an_argument_that_is_no_number_is_refused(argument):
    with pytest.raises(TypeError, match="real numbers"):
        grad(lambda x: 1.0)(argument)


def test_a_gradient_of_several_results_is_refused():
    with pytest.raises(TypeError, match=r"list.*jacobian"):
        grad(lambda x: [x, x])(1.0)


@pytest.mark.parametrize("argnums", [(0, 0), [1, -1]])
def test_argnums_that_name_an_argument_twice_are_refused(argnums):
    with pytest.raises(ValueError, match="names an argument twice"):
        grad(lambda x, y: x * y, argnums)(1.0, 2.0)


@pytest.mark.parametrize("argnums", [2, -3, (0, 5)])
def test_argnums_out_of_range_are_refused(argnums):
    with pytest.raises(ValueError, match=r"argnums=.* 2 positional arguments"):
        grad(lambda x, y: x * y, argnums)(1.0, 2.0)


@pytest.mark.parametrize("order", [-1, 1.5, "2"])
def test_an_order_that_is_no_whole_number_is_refused(order):
    with pytest.raises(ValueError, match="order"):
        derivative(lambda x: x, order)


def test_tangents_that_do_not_match_are_refused():
    with pytest.raises(ValueError, match=r"tangents\[0\] takes 2 items, and got 1"):
        jvp(lambda x: x[0], ([1.0, 2.0],), ([1.0],))


# ---- Nesting ----------------------------------------------------------------------------------


def test_an_inner_derivative_holds_the_outer_variable_constant():
    """The confusion of perturbations of Siskind and Pearlmutter (2005)."""
    assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(1.0) == 1.0
    assert grad(lambda x: x * grad(lambda y: x * y)(3.0))(2.0) == 4.0
    assert grad(lambda x: x * grad(lambda y: x * y)(x))(2.0) == 4.0


def test_a_value_nested_by_hand_inside_a_derivative_is_kept_apart():
    def f(x):
        y = Value(x)
        (y * y * x).backward()
        return y.grad

    assert grad(f)(3.0) == 12.0


@pytest.mark.parametrize("order", range(6))
def test_derivatives_of_any_order(order):
    expected = [1, 1 / 2, -1 / 4, 3 / 8, -15 / 16, 105 / 32]
    assert derivative(autodiff.sqrt, order)(1.0) == pytest.approx(expected[order], rel=1e-14)


# ---- Matrices ---------------------------------------------------------------------------------


def test_a_function_that_catches_errors_is_differentiated_element_by_element():
    def inverse(x):
        try:
            return 1 / x
        except ZeroDivisionError:
            return 5 * x

    np.testing.assert_array_equal(derivative(inverse)(np.array([2.0, 0.0])), [-0.25, 5.0])


def test_the_jacobian_has_the_shape_of_the_result_and_then_of_the_argument():
    matrix = np.arange(6.0).reshape(2, 3)
    assert jacobian(lambda x: matrix @ x)(np.ones(3)).tolist() == matrix.tolist()
    assert jacobian(lambda x: x.reshape(3, 2))(np.ones((2, 3))).shape == (3, 2, 2, 3)
    assert jacobian(lambda x: x * x)(3.0) == 6.0
    assert jacobian(lambda x: [x, x * x])(3.0).tolist() == [1.0, 6.0]


def test_the_jacobian_in_several_arguments_is_a_tuple():
    in_x, in_y = jacobian(lambda x, y: [x * y[0], x * y[1]], (0, 1))(2.0, [3.0, 4.0])
    assert in_x.tolist() == [3.0, 4.0]
    assert in_y.tolist() == [[2.0, 0.0], [0.0, 2.0]]


def test_the_gradient_and_hessian_of_rosenbrock_are_those_of_scipy():
    np.testing.assert_allclose(grad(rosenbrock)(POINT), rosen_der(POINT), rtol=1e-13)
    np.testing.assert_allclose(hessian(rosenbrock)(POINT), rosen_hess(POINT), rtol=1e-13)
    assert value_and_grad(rosenbrock)(POINT)[0] == pytest.approx(rosen(POINT), rel=1e-14)


def test_a_hessian_in_one_number_is_a_number():
    assert hessian(lambda x: x**3)(2.0) == 12.0


def test_hvp_is_the_hessian_times_the_vector():
    direction = np.array([1.0, -2.0, 0.5, 3.0, -1.0])
    product = hvp(rosenbrock, (POINT,), (direction,))
    np.testing.assert_allclose(product, rosen_hess(POINT) @ direction, rtol=1e-13)


def test_hvp_in_several_arguments_is_a_tuple():
    assert hvp(lambda x, y: x * x * y, (2.0, 3.0), (1.0, 0.0)) == (6.0, 4.0)


def test_jvp_is_the_jacobian_times_the_vector():
    matrix = np.arange(6.0).reshape(2, 3)
    value, tangent = jvp(lambda x: matrix @ (x * x), (np.ones(3),), (np.array([1.0, 0, 2]),))
    np.testing.assert_array_equal(value, matrix @ np.ones(3))
    np.testing.assert_array_equal(tangent, 2 * matrix @ [1, 0, 2])


def test_jvp_of_a_result_that_does_not_depend_is_zero():
    assert jvp(lambda x: {"a": x * x, "b": 1.0}, (3.0,), (1.0,)) == (
        {"a": 9.0, "b": 1.0},
        {"a": 6.0, "b": 0.0},
    )


def test_reverse_of_forward_is_the_second_derivative():
    assert grad(lambda x: jvp(autodiff.sin, (x,), (1.0,))[1])(0.5) == -math.sin(0.5)


def test_scipy_minimizes_rosenbrock_with_newton_cg():
    found = minimize(
        value_and_grad(rosenbrock),
        POINT,
        jac=True,
        hess=hessian(rosenbrock),
        method="Newton-CG",
        options={"xtol": 1e-10},
    )
    assert found.success
    np.testing.assert_allclose(found.x, np.ones(5), rtol=1e-7)


def test_scipy_minimizes_rosenbrock_with_hessian_vector_products():
    found = minimize(
        value_and_grad(rosenbrock),
        POINT,
        jac=True,
        hessp=lambda x, p: hvp(rosenbrock, (x,), (p,)),
        method="trust-ncg",
        options={"gtol": 1e-10},
    )
    assert found.success
    np.testing.assert_allclose(found.x, np.ones(5), rtol=1e-7)
