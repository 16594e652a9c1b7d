"""The rules of differentiation as they are often mistaken: one row each.

A row gives, for one operation, the derivative that comes out by the wrong rule. `mistaken` takes a
node and the derivatives of its operands, and gives all of these, in words and as numbers;
`diagnosis` sees whether one of them is what stands in a formula by hand.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from autodiff.checking.rounding import as_float
from autodiff.kinds import Number
from autodiff.rows import POWER, computed, row_of
from autodiff.value import Value


def is_function_of_first(node: Value, slopes: Sequence[Number]) -> bool:
    """Return whether an operation is a function, or a power, in which only the first varies."""
    row = row_of(node.operation)
    binding = POWER if row is None else row.binding
    return bool(node.operands) and binding >= POWER and not any(slopes[1:])


class Mistake(NamedTuple):
    """What is mistaken, the right rule, and the derivative that comes out.

    `wrong` takes, of an operation on one number, the operand and the value, and returns the local
    derivative; on two numbers u and v, these, the value and the derivatives of u and v, and returns
    the whole one. In `premise` {0} and {1} are the operands and {node} is what was computed; {g}
    and {n} are the first operand and that in the brackets that a formula needs.
    """

    premise: str
    rule: str
    wrong: Callable[..., Number]


def _product(wrong: Callable[..., float]) -> Callable[..., float]:
    """Leave out a square, and a constant times something, which have rules of their own."""
    return lambda u, v, y, du, dv: wrong(u, v, y, du, dv) if u != v and du and dv else math.nan


_PRODUCT = "the product rule is u' v + u v'"
_QUOTIENT = "the quotient rule is (u' v - u v') / v**2"
_POWER = "the derivative of x**n is n x**(n - 1)"
_EXPONENTIAL = "the derivative of a**x is a**x log(a)"
_LOGISTIC = "the derivative of the sigmoid s is s (1 - s)"
_TANH = "the derivative of the tanh t is 1 - t**2"

# fmt: off
_MISTAKES: dict[str, tuple[Mistake, ...]] = {
    "*": (
        Mistake("the derivatives of {0} and {1} are multiplied", _PRODUCT,
                _product(lambda u, v, y, du, dv: du * dv)),
        Mistake("u' v - u v' is taken for {node}", _PRODUCT,
                _product(lambda u, v, y, du, dv: du * v - u * dv)),
        Mistake("u' + v' is taken for {node}", _PRODUCT,
                _product(lambda u, v, y, du, dv: du + dv)),
        Mistake("u' u + v' v is taken for {node}", _PRODUCT,
                _product(lambda u, v, y, du, dv: du * u + dv * v)),
    ),
    "/": (
        Mistake("the derivative of {0} is divided by that of {1}", _QUOTIENT,
                lambda u, v, y, du, dv: math.nan if du == dv else du / dv),
        Mistake("the square of the denominator {1} is forgotten", _QUOTIENT,
                lambda u, v, y, du, dv: (du * v - u * dv) / v),
        Mistake("there is a plus in the numerator for {node}", _QUOTIENT,
                lambda u, v, y, du, dv: (du * v + u * dv) / (v * v)),
        Mistake("the denominator for {node} is forgotten", _QUOTIENT,
                lambda u, v, y, du, dv: du * v - u * dv),
        Mistake("the two terms of the numerator for {node} are swapped", _QUOTIENT,
                lambda u, v, y, du, dv: (u * dv - du * v) / (v * v)),
        Mistake("{node} is integrated", "the derivative of 1 / x is -1 / x**2",
                lambda u, v, y, du, dv: u * math.log(abs(v)) if dv == 1 and not du else math.nan),
    ),
    "**": (
        Mistake("the power rule is applied to the exponential {node}", _EXPONENTIAL,
                lambda u, v, y, du, dv: v * u ** (v - 1) * dv if dv else math.nan),
        Mistake("the power rule is applied to the exponential {node}", _EXPONENTIAL,
                lambda u, v, y, du, dv: v * u ** (v - 1) if dv else math.nan),
        Mistake("the logarithm of the base of {node} is forgotten", _EXPONENTIAL,
                lambda u, v, y, du, dv: y * dv if dv else math.nan),
        Mistake("the exponent of {node} stays as it is", _POWER,
                lambda u, v, y, du, dv: math.nan if dv else v * y * du),
        Mistake("the exponent of {node} does not come down as a factor", _POWER,
                lambda u, v, y, du, dv: math.nan if dv else u ** (v - 1) * du),
        Mistake("{node} is integrated", _POWER,
                lambda u, v, y, du, dv: math.nan if dv or du != 1 else y * u / (v + 1)),
        Mistake("the exponent of {node} is raised and not lowered", _POWER,
                lambda u, v, y, du, dv: math.nan if dv or v > 0 else v * y * u * du),
        Mistake("the lowered exponent of {node} comes down as a factor", _POWER,
                lambda u, v, y, du, dv: math.nan if dv else (v - 1) * u ** (v - 1) * du),
    ),
    "exp": (
        Mistake("the power rule is applied to the exponential {node}",
                "exp is its own derivative", lambda x, y: x * math.exp(x - 1)),
    ),
    "log": (
        Mistake("the derivative of {node} is taken for 1 / {n}",
                "the derivative of log(x) is 1 / x", lambda x, y: 1 / y),
    ),
    "sqrt": (
        Mistake("the derivative of {node} is taken for 1 / (2 {g})",
                "the derivative of sqrt(x) is 1 / (2 sqrt(x))", lambda x, y: 1 / (2 * x)),
        Mistake("the derivative of {node} is taken for {n} / 2",
                "the derivative of sqrt(x) is 1 / (2 sqrt(x))", lambda x, y: y / 2),
    ),
    "sigmoid": (
        Mistake("the factor 1 - {n} is forgotten", _LOGISTIC, lambda x, y: y),
        Mistake("the factor {node} is forgotten", _LOGISTIC, lambda x, y: 1 - y),
        Mistake("{n} * (1 + {n}) is taken", _LOGISTIC, lambda x, y: y * (1 + y)),
        Mistake("{g} * (1 - {g}) is taken", _LOGISTIC, lambda x, y: x * (1 - x)),
        Mistake("1 - {n}**2 is taken", _LOGISTIC, lambda x, y: 1 - y * y),
    ),
    "tanh": (
        Mistake("the square in 1 - {n}**2 is forgotten", _TANH, lambda x, y: 1 - y),
        Mistake("1 + {n}**2 is taken", _TANH, lambda x, y: 1 + y * y),
        Mistake("1 - {g}**2 is taken", _TANH, lambda x, y: 1 - x * x),
        Mistake("{n} * (1 - {n}) is taken", _TANH, lambda x, y: y * (1 - y)),
    ),
    "tan": (
        Mistake("the square in 1 / cos({0})**2 is forgotten",
                "the derivative of tan is 1 / cos**2", lambda x, y: 1 / math.cos(x)),
        Mistake("1 - {n}**2 is taken",
                "the derivative of tan is 1 + tan**2", lambda x, y: 1 - y * y),
    ),
    "sin": (
        Mistake("the derivative of sin is taken for -sin", "it is cos", lambda x, y: -y),
        Mistake("the derivative of sin is taken for sin", "it is cos", lambda x, y: y),
    ),
    "cos": (
        Mistake("the derivative of cos is taken for cos", "it is -sin", lambda x, y: y),
        Mistake("the derivative of cos is taken for -cos", "it is -sin", lambda x, y: -y),
    ),
    "arctan": (
        Mistake("1 / (1 - {g}**2) is taken, which is that of arctanh",
                "the derivative of arctan(x) is 1 / (1 + x**2)", lambda x, y: 1 / (1 - x * x)),
        Mistake("the derivative of {node} is taken for 1 / tan({0})**2",
                "arctan is no power of tan", lambda x, y: 1 / math.tan(x) ** 2),
    ),
    "relu": (
        Mistake("the derivative of relu is taken for relu", "it is 0 or 1", lambda x, y: y),
    ),
    "abs": (
        Mistake("the derivative of abs is taken for abs", "it is the sign", lambda x, y: y),
        Mistake("the derivative of {node} is taken for {0}", "it is the sign", lambda x, y: x),
    ),
    "softplus": (
        Mistake("the derivative of softplus is taken for that of sigmoid",
                "the derivative of softplus is sigmoid",
                lambda x, y: math.exp(-x) / (1 + math.exp(-x)) ** 2),
        Mistake("the derivative of {node} is taken for sigmoid(-{g})",
                "the derivative of softplus is sigmoid", lambda x, y: 1 / (1 + math.exp(x))),
    ),
    "log1p": (
        Mistake("the derivative of {node} is taken for 1 / {g}",
                "the derivative of log1p(x) is 1 / (1 + x)", lambda x, y: 1 / x),
    ),
}
# fmt: on
_CHAIN = "the chain rule is f'(g) g'"


def mistaken(node: Value, slopes: Sequence[Number], x: Number) -> Iterator[tuple[str, float]]:
    """Yield the derivatives of a node in the variable x that come out by mistaken rules.

    Parameters
    ----------
    node : Value
        The node of an operation on one or two numbers.
    slopes : sequence of number
        The derivatives of its operands in the variable.
    x : number
        The variable.

    Yields
    ------
    words : str
        What is mistaken, with the rule; and the derivative.
    """
    numbers = [as_float(x) for x in (*[operand.data for operand in node.operands], node.data)]
    slopes = [as_float(slope) for slope in slopes]
    for premise, rule, wrong in _MISTAKES.get(node.operation or "", ()):
        if len(slopes) == 1:
            yield f"{premise}: {rule}", _number(wrong, *numbers) * slopes[0]
        else:
            yield f"{premise}: {rule}", _number(wrong, *numbers, *slopes)


def mistaken_chain(node: Value, slopes: Sequence[Number], x: Number) -> Iterator[tuple[str, float]]:
    """Yield, as `mistaken` does, what comes out where f' of f(g) is taken at another number."""
    if node.operands[0].operands and is_function_of_first(node, slopes):
        own, slope = as_float(x), as_float(slopes[0])
        premise = f"the derivative of {{node}} is taken at {{x}} and not at {{0}}: {_CHAIN}"
        yield premise, _slope_at(node, own) * slope
        yield premise, _slope_at(node, own)
        inside = f"g' stands inside f' for f(g) = {{node}}: {_CHAIN}"
        yield inside, _slope_at(node, slope)
        yield inside, _slope_at(node, slope) * slope
        outer = f"g' stands for g in f(g) = {{node}}, and f is not derived: {_CHAIN}"
        yield outer, _apply(node, slope, lambda result: result.data)


def _number(wrong: Callable[..., Any], *numbers: float) -> float:
    try:
        return as_float(wrong(*numbers))
    except (ArithmeticError, ValueError):
        return math.nan


def _slope_at(node: Value, number: float) -> float:
    """Return the local derivative of an operation at another number."""
    return _apply(node, number, lambda result: result.partials[0] or 0)


def _apply(node: Value, number: float, read: Callable[[Value], Any]) -> float:
    """Apply an operation to another number."""
    row = row_of(node.operation)
    if row is None:
        return math.nan
    others = [operand.data for operand in node.operands[1:]]
    return _number(lambda x: read(computed(row.name, [Value(x), *others])), number)
