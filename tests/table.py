"""The shared tables: every operation with its truth in mpmath, and functions made of many of them.

Points that lie on a kink are not here: their derivative is a convention (`test_conventions.py`).
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any, NamedTuple

import mpmath as mp

import autodiff as ad


class Operation(NamedTuple):
    """An operation, the same by mpmath, the same by plain Python if there is one, and points."""

    name: str
    f: Callable[..., Any]
    truth: Callable[..., Any]
    points: tuple[tuple[float, ...], ...]
    plain: Callable[..., Any] | None = None


def unary(name: str, truth: Any, *points: float, plain: Any = None) -> Operation:
    return Operation(name, getattr(ad, name), truth, tuple((x,) for x in points), plain)


def infix(name: str, f: Any, *points: tuple[float, ...], truth: Any = None) -> Operation:
    """A row of operators only: Python's own, on floats and on mpmath's numbers too."""
    return Operation(name, f, truth or f, points, f)


ANY = (0.3, -0.7, 1.5, -2.5, 1e-9, -1e-9, 12.25, -20.0, 20.0)
TINY = (1e-300, -1e-300)
POSITIVE = (0.3, 1.5, 1.0, 1e-9, 1e-300, 12.25, 1e10, 1e300)
EDGE = 1 - 2**-53  # the last number before 1
INSIDE = (0.3, -0.7, 1e-9, 0.999, 1 - 1e-10, -1 + 1e-10, EDGE, -EDGE)
FAR = (*ANY, 40.0, -40.0, 300.0, -300.0, 700.0, -700.0)
SATURATED = (*FAR, 1000.0, -1000.0)
PAIRS = ((2.0, 3.0), (-2.5, 0.7), (1e-3, -4.0), (0.3, 1e5), (-7.25, -0.01))
RISING = (
    *((2.0, 3.0), (0.5, -1.5), (1e-3, 0.3), (7.5, -2.25), (1.0, 5.0)),
    *((1e-3, 100.0), (1e10, -30.0), (1 + 1e-7, 1e9), (1e300, 1.0), (1e-300, -1.0)),
)
POLES = (0.3, 1.5, 2.5, 12.25, 1e5, 1e-5, -0.5, -2.25)  # the poles are 0, -1, -2, ...

OPERATIONS = (
    # Infix operators, of two numbers that vary and of one
    infix("+", operator.add, *PAIRS, (1e300, 1e-300)),
    infix("-", operator.sub, *PAIRS, (1e300, 1e-300)),
    infix("*", operator.mul, *PAIRS, (1e200, 1e-200)),
    infix("/", operator.truediv, *PAIRS, (1e100, -1e-100)),
    infix("%", operator.mod, *PAIRS, (1e5, 0.3), truth=lambda a, b: a - b * mp.floor(a / b)),
    infix("//", operator.floordiv, *PAIRS, (1e5, 0.3), truth=lambda a, b: mp.floor(a / b)),
    infix("x**y", operator.pow, *RISING),
    infix("x**2", lambda x: x**2, (3.0,), (-2.5,), (1e-9,), (1e150,)),
    infix("x**3", lambda x: x**3, (3.0,), (-2.5,), (1e-9,), (-1e100,)),
    infix("x**100", lambda x: x**100, (0.3,), (-2.5,), (1000.0,)),
    infix("x**1", lambda x: x**1, (3.0,), (-2.5,)),
    infix("x**0", lambda x: x**0, (3.0,), (-2.5,)),
    infix("x**-1", lambda x: x**-1, (3.0,), (-2.5,), (1e-9,), (1e150,)),
    infix("x**-2.0", lambda x: x**-2.0, (3.0,), (-2.5,), (1e-9,), (1e100,)),
    infix("x**0.5", lambda x: x**0.5, (3.0,), (1e-9,), (1e300,), (1e-300,)),
    infix("x**-1.25", lambda x: x**-1.25, (3.0,), (1e-9,), (1e100,)),
    infix("2**x", lambda x: 2**x, (3.5,), (-2.5,), (1e-9,), (1000.0,), (-1000.0,)),
    infix("0.75**x", lambda x: 0.75**x, (3.5,), (-2.5,), (1e-9,), (-700.0,)),
    infix("x+2", lambda x: x + 2, (3.0,), (-2.5,)),
    infix("2-x", lambda x: 2 - x, (3.0,), (-2.5,)),
    infix("x*3", lambda x: x * 3, (0.1,), (-2.5,)),
    infix("2/x", lambda x: 2 / x, (3.0,), (-2.5,), (1e-9,)),
    infix("x%2.5", lambda x: x % 2.5, (7.0,), (-7.0,)),
    infix("7%x", lambda x: 7 % x, (2.5,), (-2.5,)),
    infix("x//2.5", lambda x: x // 2.5, (7.0,), (-7.0,), truth=lambda x: mp.floor(x / 2.5)),
    infix("7//x", lambda x: 7 // x, (2.5,), (-2.5,), truth=lambda x: mp.floor(7 / x)),
    infix("neg", operator.neg, (3.0,), (-2.5,)),
    infix("pos", operator.pos, (3.0,), (-2.5,), truth=lambda x: x),
    infix("abs", abs, (3.0,), (-2.5,), (1e-9,), (-1e300,)),
    unary("absolute", abs, *ANY, 1e300, plain=abs),
    # Roots and quotients
    unary("square", lambda x: x * x, *ANY, plain=lambda x: x * x),
    unary("reciprocal", lambda x: 1 / x, *ANY, plain=lambda x: 1 / x),
    unary("sqrt", mp.sqrt, *POSITIVE, plain=math.sqrt),
    unary(
        "cbrt",
        lambda x: mp.sign(x) * mp.cbrt(abs(x)),
        *(*ANY, *TINY, 1e300, -1e300),
        plain=math.cbrt,
    ),
    Operation("power", ad.power, mp.power, RISING, operator.pow),
    Operation(
        "hypot",
        ad.hypot,
        mp.hypot,
        (*PAIRS, (1e-200, 1e-200), (1e200, 1e200), (3e-300, -4e-300), (1e300, 1.0)),
        math.hypot,
    ),
    # Exponentials and logarithms
    unary("exp", mp.exp, *FAR, *TINY, plain=math.exp),
    unary("exp2", lambda x: mp.mpf(2) ** x, *FAR, 1000.0, -1000.0, plain=math.exp2),
    unary("expm1", mp.expm1, *FAR, *TINY, 1e-20, plain=math.expm1),
    unary("log", mp.log, *POSITIVE, plain=math.log),
    unary("log1p", mp.log1p, *POSITIVE, -1 + 1e-10, -0.5, 1e-20, -EDGE, plain=math.log1p),
    unary("log2", lambda x: mp.log(x) / mp.log(2), *POSITIVE, plain=math.log2),
    unary("log10", mp.log10, *POSITIVE, plain=math.log10),
    unary("sigmoid", lambda x: 1 / (1 + mp.exp(-x)), *SATURATED),
    unary("log_sigmoid", lambda x: -mp.log1p(mp.exp(-x)), *SATURATED),
    unary("logit", lambda x: mp.log(x / (1 - x)), 0.3, 0.7, 0.2, 0.9, 0.5 + 1e-10, 1e-9, EDGE),
    unary("sinc", mp.sincpi, *ANY[:-2], 0.2499, 0.25, 1e-5, *TINY),
    Operation(
        "logsumexp",
        lambda a, b: ad.logsumexp([a, b]),
        lambda a, b: mp.log(mp.exp(a) + mp.exp(b)),
        (*PAIRS, (700.0, 710.0)),
    ),
    Operation(
        "softmax",
        lambda a, b: ad.softmax([a, b])[0],
        lambda a, b: 1 / (1 + mp.exp(b - a)),
        ((0.3, -0.7), (2.0, 3.0), (1.5, -0.5)),
    ),
    unary("softplus", lambda x: mp.log1p(mp.exp(x)), *SATURATED),
    Operation(
        "logaddexp",
        ad.logaddexp,
        lambda a, b: mp.log(mp.exp(a) + mp.exp(b)),
        (
            *((2.0, 3.0), (-2.5, 0.7), (300.0, 301.0), (-300.0, -302.0), (5.0, -40.0)),
            *((1000.0, 999.0), (-1000.0, -1001.0), (1000.0, -1000.0), (-700.0, 20.0)),
        ),
    ),
    # Trigonometry
    unary("sin", mp.sin, *ANY, *TINY, 1e5, 1e22, plain=math.sin),
    unary("cos", mp.cos, *ANY, 1e5, 1e22, plain=math.cos),
    unary("tan", mp.tan, *ANY, *TINY, 1e5, 1e22, math.pi / 2 - 1e-7, plain=math.tan),
    unary("arcsin", mp.asin, *INSIDE, *TINY, plain=math.asin),
    unary("arccos", mp.acos, *INSIDE, plain=math.acos),
    unary("arctan", mp.atan, *FAR, *TINY, 1e10, plain=math.atan),
    Operation(
        "arctan2",
        ad.arctan2,
        mp.atan2,
        (*PAIRS, (1e-200, 1e-200), (3e-300, -4e-300), (1e300, 1.0), (-2.0, -3.0)),
        math.atan2,
    ),
    unary("degrees", mp.degrees, *ANY, plain=math.degrees),
    unary("radians", mp.radians, *ANY, plain=math.radians),
    # Hyperbolic functions
    unary("sinh", mp.sinh, *FAR, *TINY, plain=math.sinh),
    unary("cosh", mp.cosh, *FAR, plain=math.cosh),
    unary("tanh", mp.tanh, *SATURATED, *TINY, plain=math.tanh),
    unary("sech", mp.sech, *SATURATED),
    unary("arcsinh", mp.asinh, *FAR, *TINY, 1e200, plain=math.asinh),
    unary(
        "arccosh",
        mp.acosh,
        *(1.5, 12.25, 1 + 1e-10, 1 + 2**-52, 1e10, 1e200),
        plain=math.acosh,
    ),
    unary("arctanh", mp.atanh, *INSIDE, *TINY, plain=math.atanh),
    # Special functions
    unary("erf", mp.erf, *ANY[:7], *TINY, 5.3, -5.3, plain=math.erf),
    unary("erfc", mp.erfc, *ANY[:7], 5.3, 20.0, 25.7, plain=math.erfc),
    unary("lgamma", lambda x: mp.log(abs(mp.gamma(x))), *POLES, plain=math.lgamma),
    unary("digamma", mp.digamma, *POLES),
    Operation(
        "polygamma",
        lambda x: ad.polygamma(2, x),
        lambda x: mp.polygamma(2, x),
        tuple((x,) for x in POLES),
    ),
    # Branches and steps
    unary("relu", lambda x: x if x > 0 else mp.mpf(0), *ANY, *TINY, 1e300, -1e300),
    Operation("maximum", ad.maximum, max, PAIRS, max),
    Operation("minimum", ad.minimum, min, PAIRS, min),
    Operation(
        "clip",
        ad.clip,
        lambda x, low, high: min(max(x, low), high),
        ((0.5, 0.25, 1.0), (-3.0, 0.25, 1.0), (3.0, 0.25, 1.0)),
        lambda x, low, high: min(max(x, low), high),
    ),
    Operation(
        "where",
        lambda a, b: ad.where(a < b, a * b, a - b),
        lambda a, b: a * b if a < b else a - b,
        PAIRS,
        lambda a, b: a * b if a < b else a - b,
    ),
    unary("sign", mp.sign, *ANY, *TINY),
    unary("floor", mp.floor, *ANY[:7], plain=math.floor),
    unary("ceil", mp.ceil, *ANY[:7], plain=math.ceil),
    unary("trunc", lambda x: mp.sign(x) * mp.floor(abs(x)), *ANY[:7], plain=math.trunc),
    unary("rint", mp.nint, 0.3, -0.7, 0.5 - 2**-54, 12.25, -20.25, 20.75, 1e-9, plain=round),
    Operation(
        "heaviside",
        ad.heaviside,
        lambda x, at_zero: mp.mpf(x > 0),
        ((2.0, 0.5), (-2.0, 0.5)),
    ),
    Operation(
        "copysign",
        ad.copysign,
        lambda x, y: abs(x) * (1 if y >= 0 else -1),
        (*PAIRS, (-3.0, 2.0)),
        math.copysign,
    ),
    # Many operands
    Operation(
        "total",
        lambda *xs: ad.total(xs),
        lambda *xs: mp.fsum(xs),
        ((1.0, 2.5, -4.0), (0.1, 0.2, 0.3)),
        lambda *xs: xs[0] + xs[1] + xs[2],
    ),
    Operation(
        "dot",
        lambda a, b, c, d: ad.dot((a, b), (c, d)),
        lambda a, b, c, d: a * c + b * d,
        ((1.0, 2.5, -4.0, 0.5), (0.1, 0.2, 0.3, -0.7)),
        lambda a, b, c, d: a * c + b * d,
    ),
)


class Composite(NamedTuple):
    """A function made of several operations, and points."""

    name: str
    f: Callable[..., Any]
    points: tuple[tuple[float, ...], ...]


def network(x: Any, y: Any) -> Any:
    """A network of one hidden layer with fixed weights."""
    weights = ((0.5, -1.25), (1.5, 0.75), (-0.3, 0.2))
    hidden = [ad.tanh(a * x + b * y + 0.1) for a, b in weights]
    return ad.sigmoid(ad.dot(hidden, (0.7, -0.4, 1.1)) - 0.2)


def horner(x: Any) -> Any:
    result = x * 0
    for coefficient in (3.0, -2.0, 0.5, 1.0):
        result = result * x + coefficient
    return result


COMPOSITES = (
    Composite("shared", lambda x: x * x + x, ((3.0,), (-0.5,))),
    Composite("both edges", lambda x: (x + x) * (x * x), ((3.0,), (-0.5,))),
    Composite("quotient", lambda x, y: (x * y + ad.sin(x)) / y, ((2.0, 3.0), (-0.5, 0.25))),
    Composite("powers", lambda x: (x**2 + 1) ** 3 / x**-1, ((3.0,), (-0.5,))),
    Composite("x**x", lambda x: x**x, ((3.0,), (0.5,))),
    Composite("x**y**x", lambda x, y: x ** (y**x), ((1.5, 0.5), (0.5, 1.25))),
    Composite("network", network, ((0.3, -0.7), (2.0, 1.0))),
    Composite("horner", horner, ((3.0,), (-0.5,))),
    Composite(
        "rosenbrock", lambda x, y: (1 - x) ** 2 + 100 * (y - x**2) ** 2, ((1.3, 0.7), (-1.0, 2.0))
    ),
    Composite(
        "error", lambda weight, input, goal: (input * weight - goal) ** 2, ((0.5, 0.5, 0.8),)
    ),
    Composite("where", lambda x: ad.where(x > 0, x * x, -3 * x), ((2.0,), (-2.0,))),
    Composite("relus", lambda x, y: ad.relu(x * y - 1) + ad.relu(x), ((2.0, 3.0), (-2.0, 3.0))),
    Composite(
        "extremes",
        lambda x, y: ad.maximum(x, y) * ad.minimum(x * y, 5.0),
        ((2.0, 3.0), (-2.0, 1.0)),
    ),
    Composite("clip", lambda x: ad.clip(x * x, 1.0, 4.0) * x, ((1.5,), (3.0,))),
    Composite("remainder", lambda x, y: (x % y) * x + y % 2.0, ((7.5, 2.25), (-7.5, 3.25))),
    Composite("angles", lambda x, y: ad.arctan2(y, x) * ad.hypot(x, y), ((2.0, 3.0), (-2.0, -1.0))),
    Composite("softmax", lambda x, y: ad.exp(x - ad.logaddexp(x, y)), ((2.0, 3.0), (40.0, -40.0))),
    Composite(
        "total", lambda x, y: ad.total([x, y, x * y]) * ad.dot([x, y], [y, 2.0]), ((2.0, 3.0),)
    ),
    Composite(
        "logarithms", lambda x: ad.log(1 + ad.log1p(x * x)) / ad.log2(3 + x), ((2.0,), (0.5,))
    ),
    Composite("remainders", lambda x: x % 0.75 + 7.5 % x - x // 2 * x, ((2.2,), (-3.3,))),
    Composite("bases", lambda x, y: 2**x * y**3 - x**-y + 0.5 ** (x * y), ((1.5, 0.25),)),
    Composite("roots", lambda x: ad.sqrt(x) * ad.cbrt(x) + abs(-x) / 2, ((2.0,), (0.25,))),
)
