"""The simplifier: a line of a program written as a simpler one.

Takes an operation and its operands, lines of a recording; gives the line that computes it. Only
what keeps every bit of every finite result is done: multiplications by 1 vanish, exact constants
are folded, a sum with a negative is a difference.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from autodiff.rows import TABLE

Line = Any  # a line of a recording; see `tracing`


def simplified(operation: str, *operands: Line) -> Line:
    """Return the line of an operation, or of a simpler one that gives the same."""
    rule = _SIMPLER.get(operation)
    simpler = None if rule is None else rule(*operands)
    return operands[0].recording.line(operation, *operands) if simpler is None else simpler


def _exact(x: Line) -> Fraction | None:
    """Return the number of a line that is an exact constant."""
    n = x.constant
    is_exact = n is not None and type(n) in (int, Fraction) and abs(n) < 2**53
    return Fraction(n) if is_exact else None


def _folded(operation: str, a: Line, b: Line) -> Line | None:
    """Compute with exact constants, if floats would give the same."""
    if a.constant is None or b.constant is None:
        return None
    x, y = _exact(a), _exact(b)
    if x is None or y is None or (operation == "/" and y == 0):
        return None
    compute = TABLE[operation].value
    result = compute(x, y)
    is_same = float(result) == compute(float(x), float(y)) and result != 0
    return a.recording.like(result) if is_same else None


def _simpler_product(a: Line, b: Line) -> Line | None:
    if a.constant is None and b.constant is None:
        return None
    folded = _folded("*", a, b)
    if folded is not None:
        return folded
    for factor, x in ((a, b), (b, a)):
        n = _exact(factor)
        if n == 1:
            return x
        if n == -1:
            return simplified("neg", x)
    found = (_scaled(a, b), _scaled(b, a))
    return next((line for line in found if line is not None), None)


def _scaled(factor: Line, x: Line) -> Line | None:
    """Join factor * (2**n * y): doubling is exact, so the product is rounded once either way."""
    if _exact(factor) is None or x.operation != "*":
        return None
    for inner, y in (x.operands, x.operands[::-1]):
        n = _exact(inner)
        if n is not None and n >= 1 and n.denominator == 1 and n.numerator.bit_count() == 1:
            joined = _folded("*", factor, inner)
            return None if joined is None else joined * y
    return None


def _simpler_sum(a: Line, b: Line) -> Line | None:
    for x, y in ((a, b), (b, a)):
        if y.operation == "neg":
            return simplified("-", x, y.operands[0])
    return _folded("+", a, b)


def _simpler_difference(a: Line, b: Line) -> Line | None:
    return simplified("+", a, b.operands[0]) if b.operation == "neg" else _folded("-", a, b)


def _simpler_quotient(a: Line, b: Line) -> Line | None:
    return a if _exact(b) == 1 else _folded("/", a, b)


def _simpler_negative(x: Line) -> Line | None:
    if x.operation == "neg":
        return x.operands[0]
    n = _exact(x)
    return x.recording.like(-n) if n else None


def _trivial_power(x: Line, n: Line) -> Line | None:
    exponent = _exact(n)
    if exponent == 0:
        return x.recording.like(1)
    return x if exponent == 1 else None


def _simpler_power(x: Line, n: Line) -> Line | None:
    """Write `**` or `/` for the IEEE power where a line recorded before raises in its place."""
    recording = x.recording
    if _exact(n) in (0, 1):
        return _trivial_power(x, n)
    if _exact(n) == -1 and any(recording.knows(log, x) for log in ("log", "log2", "log10")):
        return recording.line("/", recording.lifted(1), x)
    exponent: Any = n.constant
    if type(exponent) in (int, float) and exponent > 0 and exponent % 1 == 0:
        higher = recording.lifted(exponent + 1)
        return recording.line("**", x, n) if recording.knows("**", x, higher) else None
    return None


_SIMPLER: dict[str, Callable[..., Line | None]] = {
    "*": _simpler_product,
    "+": _simpler_sum,
    "-": _simpler_difference,
    "/": _simpler_quotient,
    "**": _trivial_power,
    "power": _simpler_power,
    "neg": _simpler_negative,
    "pos": lambda x: x,
}
