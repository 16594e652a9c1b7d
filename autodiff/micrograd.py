"""The names by which programs written for micrograd read and walk a graph.

They serve people who come with such a program and change nothing but the import: a traversal over
`_prev`, a picture by `_op`, the lecture's backward pass by hand over `_backward`. All are views of
`operands`, `operation` and `partials`; nothing in this package reads them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autodiff.graph import CONSTANT, is_unset

Node = Any

OWN = (
    "an operation of your own is a function that returns its value and its derivatives, "
    "@autodiff.operation above  def cube(x): return x**3, 3 * x**2"
)


def previous(node: Node) -> tuple[Node, ...]:
    """The operands, each once for each use; a power by a plain number has its base only."""
    operands: tuple[Node, ...] = node.operands
    is_power = node.operation in ("**", "power") and operands[1].operation == CONSTANT
    return operands[:1] if is_power else operands


def operation_name(node: Node) -> str:
    """What computed this: the symbol or the name; empty for a leaf and for a plain number."""
    return "" if node.operation in (None, CONSTANT) else str(node.operation)


def share_out(node: Node) -> Callable[[], None]:
    """A function that adds this node's share to its operands' `grad`: one step of backward."""

    def backward() -> None:
        for operand, partial in zip(node.operands, node.partials, strict=True):
            if partial is not None and not is_unset(node.grad):
                part = node.grad * partial
                operand.grad = part if is_unset(operand.grad) else operand.grad + part

    return backward


def refuse(node: Node, function: object) -> None:
    """Refuse a derivative that is assigned: it would be known to this one node only."""
    raise AttributeError(f"_backward cannot be assigned: {OWN}")
