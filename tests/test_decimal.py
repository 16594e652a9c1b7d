"""Numbers of `decimal`: right to the precision of their context, or an error that says why not."""

import decimal
from decimal import Decimal

import mpmath
import pytest
from table import OPERATIONS

import autodiff
from autodiff import Value, derivative, grad, rows

LACKING = {"sin", "cos", "tan", "arcsin", "arccos", "arctan", "arctan2", "degrees", "radians",
           "sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh", "erf", "erfc", "lgamma",
           "digamma", "polygamma", "sinc", "sech", "logit", "softmax"}  # fmt: skip
KNOWN = [
    pytest.param(row, point, id=f"{row.name} at {point}")
    for row in OPERATIONS
    if row.name.isidentifier() and row.name not in LACKING
    for point in row.points[:4]
    if all(2**-10 < abs(x) < 20 for x in point)
]


def of_decimal(f, point):
    """Return the value and the gradient, computed on decimals."""
    variables = [Value(Decimal(x)) for x in point]
    result = f(*variables)
    result.backward()
    return [result.data, *[variable.grad for variable in variables]]


def of_mpmath(row, point):
    """Return the value and the gradient, of what mpmath has for the function."""
    exact = [mpmath.mpf(x) for x in point]
    slopes = []
    for position, x in enumerate(exact):

        def along(x, position=position):
            return row.truth(*exact[:position], x, *exact[position + 1 :])

        slopes.append(mpmath.diff(along, x, h=mpmath.mpf(10) ** -60))
    return [row.truth(*exact), *slopes]


@pytest.mark.parametrize("digits", [28, 60])
@pytest.mark.parametrize(("row", "point"), KNOWN)
def test_value_and_gradient_are_right_to_the_precision_of_the_context(row, point, digits):
    with decimal.localcontext() as context, mpmath.workdps(200):
        context.prec = digits
        found = of_decimal(row.f, point)
        for number, truth in zip(found, of_mpmath(row, point), strict=True):
            assert abs(mpmath.mpf(str(number)) - truth) <= abs(truth) * mpmath.mpf(10) ** (
                4 - digits
            )


@pytest.mark.parametrize("name", ["sin", "arctan2", "erf", "lgamma", "tanh"])
def test_what_decimal_lacks_is_an_error_and_no_float(name):
    operands = [Decimal("0.5")] * len(rows.TABLE[name].parameters)
    with pytest.raises(TypeError, match=f"{name} is not known for numbers of type Decimal: take"):
        getattr(autodiff, name)(*operands)


def test_a_root_has_an_infinite_derivative_at_0():
    assert grad(autodiff.sqrt)(Decimal(0)) == Decimal("Infinity")


def test_a_negative_base_to_a_fraction_is_an_error_that_names_the_operation():
    with pytest.raises(decimal.InvalidOperation, match=r"in -8 \*\* 0\.5"):
        Value(Decimal(-8)) ** Decimal("0.5")


def test_decimals_and_floats_are_not_mixed():
    with pytest.raises(TypeError, match="unsupported operand"):
        Value(Decimal("0.1")) * 0.1


def test_small_differences_keep_all_digits():
    x = Decimal("1e-20")
    assert autodiff.expm1(x) == x + x * x / 2
    assert autodiff.log1p(x) == x - x * x / 2


def test_second_derivatives_are_decimals_too():
    assert derivative(lambda x: x**3, 2)(Decimal("0.1")) == Decimal("0.6")
