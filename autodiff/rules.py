"""The rules of operations that do not fit one line of the table in `value.py`.

A rule takes the operands' numbers, of any kind, and returns the value and then the local derivative
in each operand.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from autodiff import functions as f
from autodiff.graph import CONSTANT
from autodiff.kinds import (
    Number,
    choose,
    floor_divide,
    half,
    is_number,
    is_truth,
    no_number,
    number_like,
)

# Numbers in; out come the value and then the local derivative in each operand. `None` there is a
# structural zero: the result does not depend on that operand at all, so 0 * inf cannot arise.
Rule = Callable[..., tuple[Number, ...]]


def explained(name: str, rule: Rule, nodes: tuple[Any, ...]) -> tuple[Any, ...]:
    """Apply the rule; what it raises names the operation, the labels and the numbers."""
    for operand in nodes:
        data = operand.data
        if operand.operation == CONSTANT and not (is_number(data) or is_truth(data)):
            raise TypeError(f"{name} takes numbers, and {no_number(data)}")
    try:
        return rule(*[operand.data for operand in nodes])
    except (ArithmeticError, ValueError) as error:
        if not hasattr(error, "operation"):  # else a deeper level has told already
            texts = [f"{n.label}={n.data!s}" if n.label else str(n.data) for n in nodes]
            call = f"{name}({', '.join(texts)})" if name.isidentifier() else f" {name} ".join(texts)
            error.args = (f"{error}, in {call}",)
            error.__dict__["operation"] = name
        raise


def divided(a: Number, b: Number) -> tuple[Number, ...]:
    """The rule of a / b. The 1 is of the kind of `a`: for a Fraction, 1 / 2 has to be exact."""
    quotient = a / b
    return quotient, number_like(a, 1) / b, -quotient / b


def remainder(a: Number, b: Number) -> tuple[Number, ...]:
    """The rule of a % b."""
    return a % b, 1, -floor_divide(a, b)


def power(raised: Callable[[Number, Number], Number]) -> tuple[Rule, Rule]:
    """The rules of raised(x, y) = x**y: for an exponent that is a plain number, and for any."""

    def by_constant(x: Number, n: Number) -> tuple[Number, ...]:
        slope = None if n == 0 else n * (x if n == 2 else f.power(x, n - 1))
        return raised(x, n), slope, None

    def by_variable(x: Number, y: Number) -> tuple[Number, ...]:
        value = raised(x, y)
        in_x = choose((x == 0) & (y == 0), 0, y * f.power(x, y - 1))
        in_y = choose(x == 0, 0, value * f.ieee_log(x))  # nan for a negative x
        return value, in_x, in_y

    return by_constant, by_variable


def largest(a: Number, b: Number) -> tuple[Number, ...]:
    """The rule of maximum: 1/2 each at a tie."""
    return f.maximum(a, b), *_chosen(a > b, a < b, a + b)


def smallest(a: Number, b: Number) -> tuple[Number, ...]:
    """The rule of minimum: 1/2 each at a tie."""
    return f.minimum(a, b), *_chosen(a < b, a > b, a + b)


def _chosen(a_wins: bool, b_wins: bool, both: Number) -> tuple[Number, Number]:
    neither = choose(both == both, half(both), f.undefined(both))  # a tie, or nan
    in_a = choose(a_wins, 1, choose(b_wins, None, neither))
    in_b = choose(b_wins, 1, choose(a_wins, None, neither))
    return in_a, in_b


def clipped(x: Number, lower: Number, upper: Number) -> tuple[Number, ...]:
    """The rule of clip: the bounds are inside."""
    value = f.clip(x, lower, upper)
    nan = f.undefined(value)
    inside, outside = (choose(value == value, slope, nan) for slope in (1, None))
    in_x = choose(x < lower, None, choose(x > upper, None, inside))
    return value, in_x, choose(x < lower, 1, outside), choose(x > upper, 1, outside)


def hypotenuse(a: Number, b: Number) -> tuple[Number, ...]:
    """The rule of hypot: 0 and 0 at (0, 0)."""
    length = f.hypot(a, b)
    return length, f.direction(a, b, length), f.direction(b, a, length)


def direction(a: Number, b: Number, length: Number) -> tuple[Number, ...]:
    """The rule of direction, the sine of an angle, of which the length is no side of its own."""
    sine, cosine = f.direction(a, b, length), f.direction(b, a, length)
    length = choose(length == 0, 1, length)
    return sine, cosine * cosine / length, -sine * cosine / length, None


def arccosh_slope(x: Number, y: Number) -> Number:
    """The derivative of arccosh: two roots, for the square of a large x would overflow."""
    return f.power(x - 1, -half(x)) * f.power(x + 1, -half(x))


def angle(y: Number, x: Number) -> tuple[Number, ...]:
    """The rule of arctan2: nan and nan at (0, 0). Dividing twice, no square under- or overflows."""
    radius = f.hypot(y, x)
    radius = choose(radius == 0, math.nan, radius)
    return f.arctan2(y, x), x / radius / radius, -y / radius / radius


def dotted(*operands: Number) -> tuple[Number, ...]:
    """The rule of dot, whose operands are all xs and then all ys."""
    middle = len(operands) // 2
    xs, ys = operands[:middle], operands[middle:]
    return f.dot(xs, ys), *ys, *xs


def logaddexp(a: Number, b: Number) -> tuple[Number, ...]:
    """The rule of logaddexp: the weights of a softmax."""
    return f.logaddexp(a, b), f.sigmoid(a - b), f.sigmoid(b - a)


def polygamma(n: Number, x: Number) -> tuple[Number, ...]:
    """The rule of polygamma, which has no derivative in its order."""
    return f.polygamma(n, x), None, f.polygamma(n + 1, x)


def chosen(condition: Any, a: Number, b: Number) -> tuple[Number, ...]:
    """The rule of where: all of the derivative goes to the chosen one."""
    value = f.where(condition, a, b)
    return value, None, choose(condition, 1, None), choose(condition, None, 1)


def stepped(x: Number, at_zero: Number) -> tuple[Number, ...]:
    """The rule of heaviside."""
    neither = choose(x == x, 1, f.undefined(x))
    return f.heaviside(x, at_zero), None, choose(x > 0, None, choose(x < 0, None, neither))


def relu_slope(x: Number, y: Number) -> Number:
    """The derivative of relu: nothing at 0 and below, nan at nan."""
    return choose(x > 0, 1, choose(x <= 0, None, f.undefined(x)))


def signed(x: Number, y: Number) -> tuple[Number, ...]:
    """The rule of copysign: 0 at 0, as for abs."""
    return f.copysign(x, y), f.sign(x) * f.copysign(1, y), None
