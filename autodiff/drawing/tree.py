"""The text writer: `tree` takes a Value and gives its graph as indented lines.

Nothing here recurses, so the depth of a graph has no limit.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

from autodiff.drawing.texts import NumberFormat, check_value, formatter, formula, printable
from autodiff.graph import CONSTANT, is_unset, topological_order
from autodiff.kinds import Number
from autodiff.value import Value

LINES = 60  # of a tree


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
    check_value(root)
    describe = _Lines(formatter(number_format), has_run=not is_unset(root.grad))
    lines: list[str] = []
    written: set[Value] = set()
    for node, branch in itertools.islice(_walk(root, limit), limit):
        if node in written:
            lines.append(f"{branch}{describe.name(node)}, see above")
            continue
        written.add(node)
        lines.append(branch + describe.line(node))
    hidden = sum(map(_is_variable, set(topological_order(root)) - written))
    if hidden:
        lines.append(f"... and {hidden:,} more variables")
    if not describe.has_run:
        lines.append("backward() has not run: there are no derivatives yet")
    return "\n".join(lines)


def names_of(root: Value, number: Callable[[Number], str]) -> dict[Value, str]:
    """Return what a tree calls each node: by its label, its number in the tree, its constant."""
    describe = _Lines(number, has_run=False)
    for node, _ in _walk(root):
        describe.line(node)
    return {node: describe.name(node) for node in topological_order(root)}


def _walk(root: Value, limit: int | None = None) -> Iterator[tuple[Value, str]]:
    """Yield the variables depth first, and the branches before them; none twice with what is below.

    Of the operands of one variable no more than the limit are looked at.
    """
    met: set[Value] = set()
    waiting = [(root, "", "")]
    while waiting:
        node, branch, indent = waiting.pop()
        yield node, branch
        if node in met:
            continue
        met.add(node)
        below = [operand for operand in dict.fromkeys(node.operands) if _is_variable(operand)]
        for operand in reversed(below[:limit]):
            here, below_it = ("└─ ", "   ") if operand is below[-1] else ("├─ ", "│  ")
            waiting.append((operand, indent + here, indent + below_it))


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
