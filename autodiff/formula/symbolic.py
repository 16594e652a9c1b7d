"""SymPy within bounds: what is small enough to be computed, written, expanded or simplified.

Takes an operation and its operands, a graph, or a formula of SymPy; tells whether it is small.
SymPy may take hours for a formula of one line: sizes are counted before it is asked, and its calls
while it works, by `limit`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from autodiff.graph import topological_order
from autodiff.value import Value

_LARGEST = 300  # operations, each counted as often as it would be written out
_MOST_TERMS = 2_000  # that expanding could make
_MOST_BITS = 20_000  # of a power of numbers
_LARGEST_ARGUMENT = 1_000  # of a special function
_LONG = 200  # bits of a number that SymPy is slow with: it looks for factors
_SIMPLIFIED = 40  # operations of a formula that is shortened


# ---- Whole numbers ----------------------------------------------------------------------------


def check_sizes(operation: str, operands: Sequence[Any]) -> None:
    """Refuse what may have SymPy compute with whole numbers of very many digits.

    A single power of such numbers may take hours, and a limit stops Python only between calls.
    """
    import sympy

    operands = list(map(sympy.sympify, operands))
    if operation in ("lgamma", "polygamma"):  # expanded to factorials and long sums
        if any(abs(x) > _LARGEST_ARGUMENT for x in operands if x.is_Rational):
            raise OverflowError(f"{operation} of a number beyond {_LARGEST_ARGUMENT}")
    elif operation in ("**", "power", "exp", "exp2"):
        *base, exponent = operands
        bases = {"exp": exponent.atoms(sympy.log), "exp2": [sympy.Integer(2)]}.get(operation, base)
        bits = max((n.p.bit_length() + n.q.bit_length() for n in _rationals(bases)), default=0)
        power = max(
            (max(abs(n.p), n.q) if exponent.is_number else abs(n) for n in _rationals([exponent])),
            default=0,
        )
        if bits * power > _MOST_BITS:
            raise OverflowError(f"a power of numbers with more than {_MOST_BITS} bits")


def coefficient(x: Any) -> Any:
    """Return the number in front of a formula of SymPy, and anything else as it is."""
    return x.as_coeff_Mul()[0] if hasattr(x, "as_coeff_Mul") else x


def _rationals(expressions: Iterable[Any]) -> set[Any]:
    """Return all whole and rational numbers in formulas."""
    import sympy

    return set().union(*(expression.atoms(sympy.Rational) for expression in expressions))


# ---- Sizes ------------------------------------------------------------------------------------


def can_be_written(root: Value, largest: int = _LARGEST) -> bool:
    """Return whether a graph is small when it is written out as one formula."""
    return _stays_below(root, lambda node, sizes: 1 + sum(sizes), largest)


def can_be_expanded(root: Value) -> bool:
    """Return whether a graph is small, and stays so when all of its products are multiplied out."""
    return _stays_below(root, _terms, _MOST_TERMS) and can_be_written(root)


def _stays_below(root: Value, size: Callable[[Value, list[int]], int], largest: int) -> bool:
    """Return whether every node is small, of a size that those of its operands give."""
    sizes: dict[Value, int] = {}
    for node in reversed(topological_order(root)):
        sizes[node] = size(node, [sizes[operand] for operand in node.operands])
        if sizes[node] > largest:
            return False
    return True


def _terms(node: Value, inner: list[int]) -> int:
    """Return how many terms a node has when its operands have so many, and all is expanded."""
    if node.operation in ("+", "-", "total"):
        return sum(inner)
    if node.operation in ("*", "/"):
        return inner[0] * inner[1]
    if node.operation in ("neg", "pos"):
        return inner[0]
    if node.operation == "square":
        return int(inner[0] ** 2)
    if node.operation in ("**", "power"):
        exponent = abs(node.operands[1].data)
        return int(inner[0] ** int(exponent)) if exponent <= 20 else _MOST_TERMS + 1
    return 1


def can_be_simplified(expression: Any, operations: int) -> bool:
    """Return whether a formula has at most so many operations and no long number."""
    import sympy

    bits = (n.p.bit_length() + n.q.bit_length() for n in _rationals([expression]))
    return max(bits, default=0) <= _LONG and sympy.count_ops(expression) <= operations


def shortest(expression: Any) -> Any:
    """Return a formula, simplified if it is small and that makes it shorter."""
    import sympy

    expression = sympy.sympify(expression)
    if not can_be_simplified(expression, _SIMPLIFIED):
        return expression
    return min(expression, sympy.simplify(expression), key=sympy.count_ops)
