"""The graph as text (`tree`), and numbers and operations as text, for pictures too.

Nothing here recurses, so the depth of a graph has no limit.
"""

from __future__ import annotations

import contextlib
import itertools
import numbers
import re
from collections.abc import Callable

from autodiff.graph import CONSTANT, is_unset, topological_order
from autodiff.kinds import Number
from autodiff.value import Value

LINES = 60  # of a tree

NumberFormat = str | Callable[[Number], str]


# ---- Numbers and labels as text ---------------------------------------------------------------


def plain(number: Number) -> Number:
    """Return the number inside nested Values."""
    while isinstance(number, Value):
        number = number.data
    return number


def exact(number: Number) -> str:
    """Return all digits of a number."""
    try:
        return str(plain(number))
    except ValueError:  # Python writes no int of more than some thousand digits
        return f"a number of type {type(plain(number)).__name__}, too long to write"


def formatter(number_format: NumberFormat) -> Callable[[Number], str]:
    """Return what writes numbers: floats as the format says, other kinds exactly, if not long."""
    if not isinstance(number_format, str):
        return lambda number: str(number_format(plain(number)))
    format(0.0, number_format)  # raises ValueError here, where it can still be understood

    def write(number: Number) -> str:
        number = plain(number)
        if isinstance(number, numbers.Real) and not isinstance(number, numbers.Rational):
            with contextlib.suppress(TypeError, ValueError):  # of kinds that take no such format
                return format(number, number_format)
        text = exact(number)
        return text if len(text) <= 32 else text[:31] + "…"

    return write


_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def printable(text: str) -> str:
    """Replace what neither XML nor a terminal can show."""
    return _UNPRINTABLE.sub("\ufffd", text)


def formula(node: Value, name: Callable[[Value], str]) -> str:
    """Return how a node was computed, in the names of its operands."""
    operation = node.operation or ""
    names = [name(operand) for operand in node.operands[:4]]
    if len(node.operands) > 4:
        names.append(f"{len(node.operands) - 4:,} more")
    if len(names) == 2 and not operation.isidentifier():
        return f"{names[0]} {operation} {names[1]}"
    if operation in ("neg", "pos"):
        return f"{'-' if operation == 'neg' else '+'}{names[0]}"
    return f"{operation}({', '.join(names)})"


def check_is_value(root: Value) -> None:
    if not isinstance(root, Value):
        raise TypeError(f"this draws the graph of a Value, and got {root!r}")


# ---- The graph as text ------------------------------------------------------------------------


def tree(root: Value, *, number_format: NumberFormat = ".4g", limit: int = LINES) -> str:
    """Write the graph that a Value was computed from as text: every line one variable.

    Parameters
    ----------
    root : Value
        The result, on the first line; what it was computed from stands indented below it.
    number_format : str or callable
        How floats are written, as in `draw`.
    limit : int
        The most variables that are written; the last line counts the others.

    Returns
    -------
    str
        A variable without a label is called by a number, and one that is used again is not written
        again.

    Raises
    ------
    TypeError
        If `root` is no Value.

    Examples
    --------
    >>> weight = Value(0.5, "weight")
    >>> error = ((0.5 * weight - 0.8) ** 2).labeled("error")
    >>> error.backward()
    >>> print(tree(error))
    error = #1 ** 2 = 0.3025, grad 1
    └─ #1 = #2 - 0.8 = -0.55, grad -1.1
       └─ #2 = 0.5 * weight = 0.25, grad -1.1
          └─ weight = 0.5, grad -0.55
    """
    check_is_value(root)
    describe = _Lines(formatter(number_format), has_run=not is_unset(root.grad))
    lines: list[str] = []
    written: set[Value] = set()
    waiting = [(root, "", "")]
    while waiting and len(lines) < limit:
        node, branch, indent = waiting.pop()
        if node in written:
            lines.append(f"{branch}{describe.name(node)}, see above")
            continue
        written.add(node)
        lines.append(branch + describe.line(node))
        below = [operand for operand in dict.fromkeys(node.operands) if _is_variable(operand)]
        for operand in reversed(below[:limit]):
            is_last = operand is below[-1]
            waiting.append(
                (
                    operand,
                    indent + ("└─ " if is_last else "├─ "),
                    indent + ("   " if is_last else "│  "),
                )
            )
    hidden = sum(
        1 for node in topological_order(root) if _is_variable(node) and node not in written
    )
    if hidden:
        lines.append(f"... and {hidden:,} more variables")
    if not describe.has_run:
        lines.append("backward() has not run: there are no derivatives yet")
    return "\n".join(lines)


def _is_variable(node: Value) -> bool:
    return node.operation != CONSTANT


class _Lines:
    """Writes the lines of a tree, and gives names to variables that have none."""

    def __init__(self, number: Callable[[Number], str], has_run: bool) -> None:
        self.number = number
        self.has_run = has_run
        self._names: dict[Value, str] = {}
        self._taken = {""}
        self._numbers = itertools.count(1)

    def name(self, node: Value) -> str:
        """Return the label, with a number where that is needed to tell two variables apart."""
        if node.operation == CONSTANT:
            return self.number(node.data)
        if node not in self._names:
            label = " ".join(printable(node.label or "").split())
            name = label
            while name in self._taken:
                name = f"{label}#{next(self._numbers)}"
            self._names[node] = name
            self._taken.add(name)
        return self._names[node]

    def line(self, node: Value) -> str:
        parts = [self.name(node)] if _is_variable(node) else []
        if node.operands:
            parts.append(formula(node, self.name))
        parts.append(self.number(node.data))
        grad = f", grad {self.number(node.grad)}" if self.has_run else ""
        return " = ".join(parts) + grad
