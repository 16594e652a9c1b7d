"""The table of operations: each stated once, with its derivative, on any kind of number.

A row has the name, how the value is computed, the local derivative in each operand, and what the
operation is (see `rows.Operation`). The functions that people call, the methods of `Value`,
pictures, formulas, programs and their backends are all made from it: a new operation is a new row.

The function of a row computes in the package that its number comes from (see `kinds`); the value
here is what is done where a package lacks it, None where none does. The names are NumPy's. Of local
derivatives, None is a structural zero: the result does not depend on that operand, so no 0 * inf.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from autodiff import rows
from autodiff.kinds import (
    Number,
    choose,
    floor_divide,
    half,
    is_truth,
    negated,
    number_like,
    real_or_nan,
    where,
)
from autodiff.native import product_slopes
from autodiff.packages import real
from autodiff.rows import TABLE, Binary, Unary, bare, many, nowhere, one, row

# ---- Operators --------------------------------------------------------------------------------

# The 1 of a quotient is of the kind of a: for a Fraction, 1 / 2 has to be exact.
# fmt: off
bare("+",   "a b", "add",      rows.SUM,     operator.add,     lambda a, b, y: (1, 1),
      is_sum=True, llvm="fadd")
bare("-",   "a b", "sub",      rows.SUM,     operator.sub,     lambda a, b, y: (1, -1),
      is_sum=True, llvm="fsub")
bare("*",   "a b", "mul",      rows.PRODUCT, operator.mul,     product_slopes, llvm="fmul")
bare("/",   "a b", "truediv",  rows.PRODUCT, operator.truediv,
      lambda a, b, y: (number_like(a, 1) / b, -y / b), llvm="fdiv")
bare("%",   "a b", "mod",      rows.PRODUCT, operator.mod,
      lambda a, b, y: (1, -floor_divide(a, b)),
      kinks=lambda a, b: [minimum(abs(a % b), abs(b - a % b))])
bare("//",  "a b", "floordiv", rows.PRODUCT, floor_divide,     nowhere, kinks=TABLE["%"].kinks)
bare("neg", "x",   "neg",      rows.SIGN,    operator.neg,     lambda x, y: (-1,), symbol="-",
      llvm="fneg")
bare("pos", "x",   "pos",      rows.SIGN,    operator.pos,     lambda x, y: (1,), symbol="+")
bare("abs", "x",   "abs",      rows.ATOM,    operator.abs,     lambda x, y: (sign(x),),
      kinks=lambda x: [x], llvm="@llvm.fabs")

# Comparisons are of the numbers, and are combined; nothing depends on them smoothly.
for _name, _method, _compare in [
    ("==", "eq", operator.eq), ("!=", "ne", operator.ne), ("<", "lt", operator.lt),
    ("<=", "le", operator.le), (">", "gt", operator.gt), (">=", "ge", operator.ge),
]:
    bare(_name, "a b", _method, rows.COMPARISON, _compare, nowhere,
          llvm=f"fcmp {'u' if _method == 'ne' else 'o'}{_method}",  # of nan only != is true
          kinks=lambda a, b: [a, b] if is_truth(a) and is_truth(b) else [a - b])
bare("and", "a b", "and",      rows.AND,     operator.and_,    nowhere, kinks=lambda a, b: [a, b],
      llvm="and")
bare("or",  "a b", "or",       rows.OR,      operator.or_,     nowhere, kinks=lambda a, b: [a, b],
      llvm="or")
bare("not", "a",   "invert",   rows.NOT,     negated,          nowhere, kinks=lambda a: [a],
      symbol="not ", llvm="xor")
# fmt: on


# ---- Powers and roots -------------------------------------------------------------------------


# No logarithm is taken where the exponent is a plain number.
def _power_slopes(x: Number, y: Number, value: Number) -> tuple[Number, Number]:
    """The derivatives of x**y; in y it is nan for a negative x."""
    in_x = choose((x == 0) & (y == 0), 0, y * power(x, y - 1))
    return in_x, choose(x == 0, 0, value * ieee_log(x))


def _constant_power_slopes(x: Number, n: Number, value: Number) -> tuple[Number, Number]:
    return None if n == 0 else n * (x if n == 2 else power(x, n - 1)), None


def _power(x: Number, y: Number) -> Number:
    try:
        value = 1 / x if y == -1 else x**y
    except (ZeroDivisionError, OverflowError):
        if x < 0 and y % 1 != 0:
            return math.nan
        return math.copysign(math.inf, x) if y % 2 == 1 else math.inf
    return real_or_nan(value)


_POWER_IN_PYTHON = '''\
def power(x, y, math=math):
    """Return `x` to the power `y` by the rules of IEEE 754: infinite or nan where `**` raises."""
    try:
        value = 1 / x if y == -1 else x ** y
    except (ZeroDivisionError, OverflowError):
        if x < 0 and y % 1 != 0:
            return math.nan
        return math.copysign(math.inf, x) if y % 2 == 1 else math.inf
    return math.nan if isinstance(value, complex) else value'''

power: Binary = row(
    "power", "x y", _power, _power_slopes,
    "`x` to the power `y` by the rules of IEEE 754: infinite or nan where `**` raises",
    "power(0.0, -1), power(-8.0, 0.5), power(2.0, 3) -> (inf, nan, 8.0)",
    constant_partials=_constant_power_slopes, python=_POWER_IN_PYTHON,
)  # fmt: skip
bare(
    "**", "x y", "pow", rows.POWER, lambda x, y: real(x**y), _power_slopes,
    constant_partials=_constant_power_slopes, ieee="power",
)  # fmt: skip

# fmt: off
square: Unary     = one("square",     lambda x: x * x, lambda x, y: 2 * x,
                  "`x` times itself", "square(3.0) -> 9.0", is_arithmetic=True)
reciprocal: Unary = one("reciprocal", lambda x: 1 / x, lambda x, y: -power(x, -2),
                  "one over `x`", "reciprocal(4.0) -> 0.25", is_arithmetic=True)
sqrt: Unary       = one("sqrt",       None,            lambda x, y: power(x, -half(x)) / 2,
                  "the square root of `x`. The derivative at 0 is inf", "sqrt(9.0) -> 3.0",
                  llvm="@llvm.sqrt")
cbrt: Unary       = one("cbrt",       lambda x: sign(x) * abs(x) ** (number_like(x, 1) / 3),
                  lambda x, y: power(y, -2) / 3,
                  "the real cube root of `x`. The derivative at 0 is inf", "cbrt(-8.0) -> -2.0")
hypot: Binary      = row("hypot", "a b", lambda a, b: sqrt(a * a + b * b),
                  lambda a, b, y: (direction(a, b, y), direction(b, a, y)),
                  "the length of the hypotenuse over `a` and `b`. Both derivatives at (0, 0) are 0",
                  "hypot(3.0, 4.0) -> 5.0")
one_minus_square: Unary = one("one_minus_square", lambda x: (1 - x) * (1 + x), lambda x, y: -2 * x,
                  "1 - x * x, exact near 1 too; so is its derivative, at 0 and at 1")
# fmt: on


def _direction_slopes(a: Number, b: Number, length: Number, sine: Number) -> tuple[Number, ...]:
    """The length counts as no side of its own: b stands for both."""
    cosine = direction(b, a, length)
    length = choose(length == 0, 1, length)
    return cosine * cosine / length, -sine * cosine / length, None


direction: Any = row(
    "direction", "a b length", lambda a, b, length: a / choose(length == 0, 1, length),
    _direction_slopes,
    "a / length, where length is hypot(a, b); 0 at (0, 0). Its derivatives are exact where one "
    "side is tiny; `b` and `length` count for them together", "",
)  # fmt: skip


# ---- Exponentials and logarithms --------------------------------------------------------------


def _ieee_log(x: Number) -> Number:
    if x > 0:
        return log(x)
    return -math.inf if x == 0 else math.nan


_IEEE_LOG_IN_PYTHON = '''\
def ieee_log(x, math=math):
    """Return the logarithm by the rules of IEEE 754: -inf at 0, nan below, where `log` raises."""
    if x > 0:
        return math.log(x)
    return -math.inf if x == 0 else math.nan'''


def _logaddexp(a: Number, b: Number) -> Number:
    distance = choose(a == b, 0, abs(a - b))  # inf - inf is nan
    return maximum(a, b) + log1p(exp(-distance))


def _logit(x: Number) -> Number:
    is_inside = (x > 0.25) & (x < 0.75)  # where two logarithms would cancel
    return choose(is_inside, 2 * arctanh(choose(is_inside, 2 * x - 1, 0)), log(x) - log1p(-x))


def _sigmoid(x: Number) -> Number:
    e = exp(-abs(x))
    return choose(x >= 0, 1, e) / (1 + e)


# fmt: off
exp: Unary       = one("exp",      None,                         lambda x, y: y,
                 "e to the power `x`", "exp(1.0) -> 2.718281828459045")
exp2: Unary      = one("exp2",     lambda x: number_like(x, 2) ** x,
                 lambda x, y: y * log(number_like(x, 2)),
                 "2 to the power `x`", "exp2(3.0) -> 8.0")
expm1: Unary     = one("expm1",    lambda x: exp(x) - 1,         lambda x, y: exp(x),
                 "e to the power `x`, less 1, exact for small `x` too", "expm1(1e-20) -> 1e-20")
log: Unary       = one("log",      None,                         lambda x, y: power(x, -1),
                 "the natural logarithm of `x`", "log(1.0) -> 0.0", ieee="ieee_log")
ieee_log: Unary  = one("ieee_log", _ieee_log,                    lambda x, y: power(x, -1),
                 "the logarithm by the rules of IEEE 754: -inf at 0, nan below, where `log` raises",
                 python=_IEEE_LOG_IN_PYTHON)
log1p: Unary     = one("log1p",    lambda x: log(1 + x),         lambda x, y: power(1 + x, -1),
                 "the natural logarithm of 1 + `x`, exact for small `x` too",
                 "log1p(1e-20) -> 1e-20")
log2: Unary      = one("log2",     lambda x: log(x) / log(number_like(x, 2)),
                 lambda x, y: power(x, -1) / log(number_like(x, 2)),
                 "the logarithm of `x` to base 2", "log2(8.0) -> 3.0")
log10: Unary     = one("log10",    lambda x: log(x) / log(number_like(x, 10)),
                 lambda x, y: power(x, -1) / log(number_like(x, 10)),
                 "the logarithm of `x` to base 10", "log10(1000.0) -> 3.0")
logaddexp: Binary = row("logaddexp", "a b", _logaddexp,
                 lambda a, b, y: (sigmoid(a - b), sigmoid(b - a)),  # the weights of a softmax
                 "log(exp(a) + exp(b)) without overflow",
                 "logaddexp(1000.0, 1000.0) -> 1000.6931471805599")
softplus: Unary  = one("softplus", lambda x: maximum(x, 0) + log1p(exp(-abs(x))),
                 lambda x, y: sigmoid(x),
                 "log(1 + exp(x)) without overflow: a smooth relu", "softplus(1000.0) -> 1000.0")
log_sigmoid: Unary = one("log_sigmoid", lambda x: -softplus(-x), lambda x, y: sigmoid(-x),
                 "the logarithm of sigmoid(x) without overflow", "log_sigmoid(-1000.0) -> -1000.0")
logit: Unary     = one("logit", _logit, lambda x, y: power(x * (1 - x), -1),
                 "log(x / (1 - x)): the inverse of sigmoid", "logit(0.5) -> 0.0")
sigmoid: Unary   = one("sigmoid",  _sigmoid,                     lambda x, y: y * sigmoid(-x),
                 "the logistic function 1 / (1 + exp(-x)) without overflow",
                 "sigmoid(0.0), sigmoid(-1000.0) -> (0.5, 0.0)")
# fmt: on


# ---- Trigonometry and hyperbolic functions ----------------------------------------------------


def pi(x: Number) -> Number:
    """Return pi in the kind of `x`, to its precision."""
    return arccos(number_like(x, -1))


def _angle_slopes(y: Number, x: Number, angle: Number) -> tuple[Number, Number]:
    """Dividing twice, for no square may under- or overflow."""
    radius = hypot(y, x)
    radius = choose(radius == 0, math.nan, radius)
    return x / radius / radius, -y / radius / radius


def _sinc(x: Number) -> Number:
    angle = choose(x == 0, 1, pi(x) * x)
    return choose(x == 0, number_like(x, 1), sin(angle) / angle)


def _sinc_slope(x: Number, y: Number) -> Number:
    """Below 1/4 by the series, for there the difference loses its digits."""
    square = (pi(x) * x) ** 2
    series = functools.reduce(
        lambda inner, k: 1 - square * (k + 1) / (k * (2 * k + 2) * (2 * k + 3)) * inner,
        range(24, 0, -1), number_like(x, 1),  # 60 digits
    )  # fmt: skip
    is_small = abs(x) < 0.25
    return choose(
        is_small, -(pi(x) ** 2) * x / 3 * series, (cos(pi(x) * x) - y) / choose(is_small, 1, x)
    )


def _sech(x: Number) -> Number:
    e = exp(-abs(x))
    return 2 * e / (1 + e * e)


# sech**2 is right far out, where 1 - tanh**2 has become 0. Two roots for arccosh, for the square
# of a large x would overflow.
# fmt: off
sin: Unary     = one("sin",     None,  lambda x, y: cos(x),
               "the sine of `x` radians", "sin(0.0) -> 0.0")
cos: Unary     = one("cos",     None,  lambda x, y: -sin(x),
               "the cosine of `x` radians", "cos(0.0) -> 1.0")
tan: Unary     = one("tan",     None,  lambda x, y: 1 + y * y,
               "the tangent of `x` radians", "tan(0.0) -> 0.0")
arcsin: Unary  = one("arcsin",  None,  lambda x, y: power(one_minus_square(x), -half(x)),
               "the angle in radians whose sine is `x`", "arcsin(0.0) -> 0.0")
arccos: Unary  = one("arccos",  None,  lambda x, y: -power(one_minus_square(x), -half(x)),
               "the angle in radians whose cosine is `x`", "arccos(1.0) -> 0.0")
arctan: Unary  = one("arctan",  None,  lambda x, y: 1 / (1 + x * x),
               "the angle in radians whose tangent is `x`", "arctan(0.0) -> 0.0")
arctan2: Binary = row("arctan2", "y x", None, _angle_slopes,
               "the angle in radians of the point (`x`, `y`). Both derivatives at (0, 0) are nan",
               "arctan2(1.0, 0.0) -> 1.5707963267948966")
degrees: Unary = one("degrees", lambda x: x * (180 / pi(x)), lambda x, y: 180 / pi(x),
               "the angle of `x` radians in degrees", "degrees(0.0) -> 0.0")
radians: Unary = one("radians", lambda x: x * (pi(x) / 180), lambda x, y: pi(x) / 180,
               "the angle of `x` degrees in radians", "radians(0.0) -> 0.0")
sinc: Unary    = one("sinc",    _sinc, _sinc_slope,
               "sin(pi x) / (pi x), as NumPy has it, and 1 at 0", "sinc(0.0) -> 1.0")
sinh: Unary    = one("sinh",    None,  lambda x, y: cosh(x),
               "the hyperbolic sine of `x`", "sinh(0.0) -> 0.0")
cosh: Unary    = one("cosh",    None,  lambda x, y: sinh(x),
               "the hyperbolic cosine of `x`", "cosh(0.0) -> 1.0")
tanh: Unary    = one("tanh",    None,  lambda x, y: square(sech(x)),
               "the hyperbolic tangent of `x`", "tanh(1000.0) -> 1.0")
sech: Unary    = one("sech",    _sech, lambda x, y: -y * tanh(x),
               "the hyperbolic secant 1 / cosh(x) without overflow",
               "sech(0.0), sech(1000.0) -> (1.0, 0.0)")
arcsinh: Unary = one("arcsinh", None,  lambda x, y: 1 / hypot(x, 1),
               "the number whose hyperbolic sine is `x`", "arcsinh(0.0) -> 0.0")
arccosh: Unary = one("arccosh", None,  lambda x, y: power(x - 1, -half(x)) * power(x + 1, -half(x)),
               "the number whose hyperbolic cosine is `x`", "arccosh(1.0) -> 0.0")
arctanh: Unary = one("arctanh", None,  lambda x, y: power(one_minus_square(x), -1),
               "the number whose hyperbolic tangent is `x`", "arctanh(0.0) -> 0.0")
# fmt: on


# ---- Special functions ------------------------------------------------------------------------


_POLYGAMMA_IN_PYTHON = '''\
def polygamma(n, x):
    """Return the derivative of order `n` + 1 of lgamma (plain numbers: the extra `scipy`)."""
    import scipy.special

    return float(scipy.special.polygamma(n, float(x)))'''

# fmt: off
erf: Unary       = one("erf",    None, lambda x, y: 2 / sqrt(pi(x)) * exp(-x * x),
                 "the error function of `x`", "erf(0.0) -> 0.0")
erfc: Unary      = one("erfc",   None, lambda x, y: -2 / sqrt(pi(x)) * exp(-x * x),
                 "1 - erf(x), exact for large `x` too", "erfc(0.0) -> 1.0")
lgamma: Unary    = one("lgamma", None, lambda x, y: polygamma(0, x),
                 "the logarithm of the absolute value of the gamma function of `x`. Its "
                 "derivative, `digamma`, of plain numbers comes from SciPy (the extra `scipy`)",
                 "lgamma(1.0) -> 0.0")
polygamma: Binary = row("polygamma", "n x", None,
                 lambda n, x, y: (None, polygamma(n + 1, x)),
                 "the derivative of order `n` + 1 of lgamma (plain numbers: the extra `scipy`)",
                 "round(polygamma(1, 1.0), 12) -> 1.644934066848", python=_POLYGAMMA_IN_PYTHON)
# fmt: on


# ---- Branches and steps: what was not chosen gets None ----------------------------------------


def _win_slopes(a_wins: Any, b_wins: Any, both: Number) -> tuple[Number, Number]:
    """The derivatives of the larger or the smaller of two: half each at a tie."""
    neither = choose(both == both, half(both), undefined(both))  # a tie, or nan
    in_a = choose(a_wins, 1, choose(b_wins, None, neither))
    in_b = choose(b_wins, 1, choose(a_wins, None, neither))
    return in_a, in_b


def _clip(x: Number, lower: Number, upper: Number) -> Number:
    if (lower > upper) is True:
        raise ValueError(f"clip: the lower bound {lower} is above the upper bound {upper}")
    return minimum(maximum(x, lower), upper)


_CLIP_IN_PYTHON = '''\
def clip(x, lower, upper):
    """Return `x` moved into the interval from `lower` to `upper`."""
    if lower > upper:
        raise ValueError(f"clip: the lower bound {lower} is above the upper bound {upper}")
    return minimum(maximum(x, lower), upper)'''


def _clip_slopes(x: Number, lower: Number, upper: Number, value: Number) -> tuple[Number, ...]:
    nan = undefined(value)
    inside, outside = (choose(value == value, slope, nan) for slope in (1, None))
    in_x = choose(x < lower, None, choose(x > upper, None, inside))
    return in_x, choose(x < lower, 1, outside), choose(x > upper, 1, outside)


def _heaviside(x: Number, at_zero: Number) -> Number:
    at_rest = choose(x == x, at_zero, x)
    return choose(x > 0, number_like(x, 1), choose(x < 0, number_like(x, 0), at_rest))


def _heaviside_slopes(x: Number, at_zero: Number, value: Number) -> tuple[Number, ...]:
    neither = choose(x == x, 1, undefined(x))
    return None, choose(x > 0, None, choose(x < 0, None, neither))


def _sign(x: Number) -> Number:
    return choose(x > 0, number_like(x, 1), choose(x < 0, number_like(x, -1), x))


def _rint(x: Number) -> Number:
    low = floor(x)
    beyond = x - low
    return choose(beyond > 0.5, low + 1, choose(beyond < 0.5, low, low + low % 2))


def _where_slopes(condition: Any, a: Number, b: Number, value: Number) -> tuple[Number, ...]:
    return None, choose(condition, 1, None), choose(condition, None, 1)


# fmt: off
maximum: Binary   = row("maximum", "a b", lambda a, b: choose(a > b, a, choose(b >= a, b, a + b)),
                 lambda a, b, y: _win_slopes(a > b, a < b, a + b),
                 "the larger of two numbers; nan if one is nan. At a tie both get half the "
                 "derivative", "maximum(1.0, 2.0) -> 2.0", kinks=lambda a, b: [a - b],
                 chooses=True)
minimum: Binary   = row("minimum", "a b", lambda a, b: choose(a < b, a, choose(b <= a, b, a + b)),
                 lambda a, b, y: _win_slopes(a < b, a > b, a + b),
                 "the smaller of two numbers; nan if one is nan. At a tie both get half the "
                 "derivative", "minimum(1.0, 2.0) -> 1.0", kinks=lambda a, b: [a - b],
                 chooses=True)
two_sided_clip = row("clip", "x lower upper", _clip, _clip_slopes,
                 "`x` moved into the interval from `lower` to `upper`. The bounds are inside", "",
                 kinks=lambda x, lower, upper: [x - lower, x - upper], chooses=True,
                 python=_CLIP_IN_PYTHON)
relu: Unary      = one("relu", lambda x: choose(x <= 0, number_like(x, 0), x),
                 lambda x, y: choose(x > 0, 1, choose(x <= 0, None, undefined(x))),
                 "`x` where it is positive and 0 elsewhere; nan for nan. The derivative at 0 is 0",
                 "relu(3.0), relu(-3.0) -> (3.0, 0.0)", kinks=lambda x: [x])
undefined: Unary = one("undefined", lambda x: x - x, lambda x, y: undefined(x),
                 "nan for nan, as do all of its derivatives: what a branch gives that nan "
                 "falls into")
sign: Unary      = one("sign", _sign, lambda x, y: None,
                 "1, 0 or -1: the sign of `x`. Its derivative is 0",
                 "sign(-2.5) -> -1.0", kinks=lambda x: [x])
heaviside: Binary = row("heaviside", "x at_zero", _heaviside, _heaviside_slopes,
                 "the step function: 0 for negative `x`, `at_zero` for 0, 1 for positive `x`",
                 "heaviside(2.0, 0.5) -> 1.0", kinks=lambda x, at_zero: [x], chooses=True)
copysign: Binary  = row("copysign", "x y", lambda x, y: choose(y < 0, -abs(x), abs(x)),
                 lambda x, y, value: (sign(x) * copysign(1, y), None),  # 0 at 0, as for abs
                 "the size of `x` with the sign of `y`", "copysign(3.0, -0.0) -> -3.0",
                 kinks=lambda x, y: [x, y], llvm="@llvm.copysign")
floor: Unary     = one("floor", None, lambda x, y: None,
                 "the largest whole number that is not above `x`. Its derivative is 0",
                 "floor(-2.5) -> -3", kinks=lambda x: [x - rint(x)], llvm="@llvm.floor")
ceil: Unary      = one("ceil", None, lambda x, y: None,
                 "the smallest whole number that is not below `x`. Its derivative is 0",
                 "ceil(-2.5) -> -2", kinks=TABLE["floor"].kinks, llvm="@llvm.ceil")
trunc: Unary     = one("trunc", lambda x: choose(x < 0, ceil(x), floor(x)), lambda x, y: None,
                 "the whole number next to `x` towards 0. Its derivative is 0",
                 "trunc(-2.5) -> -2", kinks=lambda x: [maximum(1 - abs(x), abs(x - rint(x)))],
                 llvm="@llvm.trunc")
rint: Unary      = one("rint", _rint, lambda x, y: None,
                 "the nearest whole number, of two the even one. Its derivative is 0",
                 "rint(2.5), rint(-0.7) -> (2, -1)", kinks=lambda x: [half(x) - abs(x - rint(x))])
# fmt: on
bare(
    "where",
    "condition a b",
    "",
    rows.CHOICE,
    where,
    _where_slopes,
    llvm="select",
    kinks=lambda condition, a, b: [condition] if is_truth(condition) else [],
)  # fmt: skip


# ---- Many operands in one node ----------------------------------------------------------------


def _total(*xs: Number) -> Number:
    return functools.reduce(operator.add, xs) if xs else 0


def _dot(*operands: Number) -> Number:
    middle = len(operands) // 2
    return _total(*map(operator.mul, operands[:middle], operands[middle:]))


def _dot_slopes(*operands: Number) -> tuple[Number, ...]:
    middle = len(operands) // 2  # the last one is the value
    return operands[middle:-1] + operands[:middle]


def _logsumexp(*xs: Number) -> Number:
    return functools.reduce(logaddexp, xs) if xs else -math.inf


def weights(xs: Sequence[Number], shift: Number) -> list[Number]:
    """Return exp(x) over the sum of all exp(x), computed beside a number of about their size."""
    exponentials = [exp(x - shift) for x in xs]
    together = _total(*exponentials)
    return [e / together for e in exponentials]


total = many(
    "total", _total, lambda *xs: (1,) * (len(xs) - 1), "adds up",
    "the sum of numbers, added up from left to right as `+` would; 0 for no numbers",
    "total([1.0, 2.0, 3.5]) -> 6.5", is_sum=True,
)  # fmt: skip
logsumexp = many(
    "logsumexp", _logsumexp, lambda *xs: weights(xs[:-1], xs[-1]), "takes",
    "the logarithm of the sum of all exp(x), without overflow",
    "logsumexp([1000.0, 1000.0]) -> 1000.6931471805599",
)  # fmt: skip
bare("dot", "", "", rows.ATOM, _dot, _dot_slopes, is_arithmetic=True)  # all xs, then all ys

NAMES = [name for name, operation in TABLE.items() if operation.is_public]
if not TYPE_CHECKING:  # type checkers take all names of this file
    __all__ = NAMES
