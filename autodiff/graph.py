"""The graph of nodes: its order, the sweep of derivatives over it, its copies.

A node has `data`, `operands`, and `partials`, the local derivatives. Everything that reads a graph
reads it through `topological_order`; nothing here recurses, so the depth of a graph has no limit.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable, Iterator
from typing import Any

Node = Any  # a Value; this file does not need to know more about it than the fields

FIELDS = ("data", "grad", "label", "operation", "operands", "partials", "level")

CONSTANT = "constant"  # the operation of an operand that was a plain number

_ONE = 1


# ---- The chain rule ---------------------------------------------------------------------------


def topological_order(root: Node) -> list[Node]:
    """Return every node that `root` was computed from, `root` first, results before operands.

    Depth first with a stack of its own. What stands above a None on it was met before and comes
    into the order now, after all of its operands; at the end the order is turned round.
    """
    order = []
    met = set()
    stack = [root]
    while stack:
        node = stack.pop()
        if node is None:
            order.append(stack.pop())
        elif node not in met:
            met.add(node)
            stack += (node, None)
            stack += node.operands
    order.reverse()
    return order


def sweep(root: Node, seed: Any) -> dict[Node, Any]:
    """Return the derivative of `root` in every node, times `seed`; None where there is none.

    The nodes stand in topological order, and none of them is changed: an interrupted sweep leaves
    nothing behind.
    """
    gradients: dict[Node, Any] = dict.fromkeys(topological_order(root))
    gradients[root] = seed
    for node, gradient in gradients.items():
        if gradient is None:  # root does not depend on this node
            continue
        for operand, partial in zip(node.operands, node.partials):  # noqa: B905 (a fifth slower)
            if partial is None:
                continue
            part = gradient if partial is _ONE else gradient * partial
            known = gradients[operand]
            gradients[operand] = part if known is None else known + part
    return gradients


def is_unset(grad: Any) -> bool:
    """Return whether `grad` is the integer 0 of a Value that has none yet."""
    return type(grad) is int and grad == 0


def accumulated(node: Node, gradient: Any) -> Any:
    """Return the new `grad`: an interior node's is made afresh, a leaf's adds up over calls."""
    if node.operands:
        return 0 if gradient is None else gradient
    if gradient is None:
        return node.grad
    return gradient if is_unset(node.grad) else node.grad + gradient


def push_forward(root: Node, tangents: dict[Node, Any]) -> dict[Node, Any]:
    """Return the derivative of every node below `root` along the tangents of some of them.

    The same local derivatives as in `sweep`, gathered from the operands to the results.
    """
    pushed = dict(tangents)
    for node in reversed(topological_order(root)):
        for operand, partial in zip(node.operands, node.partials, strict=True):
            tangent = pushed.get(operand)
            if partial is None or tangent is None:
                continue
            part = tangent if partial is _ONE else partial * tangent
            known = pushed.get(node)
            pushed[node] = part if known is None else known + part
    return pushed


# ---- Copies -----------------------------------------------------------------------------------


@contextlib.contextmanager
def _collector_paused() -> Iterator[None]:
    """Hold the cyclic garbage collector: it takes most of the time while a large graph grows."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _references(node: Node) -> Iterator[Any]:
    """Yield all that may be a node in turn: numbers are nodes where levels are nested."""
    yield from node.operands
    yield from (node.data, node.grad, *node.partials)


def _nodes_below(root: Node, kind: type) -> list[Node]:
    """Return every node of every level that `root` refers to, itself first."""
    found = {root: None}
    waiting = [root]
    for node in waiting:
        for reference in _references(node):
            if isinstance(reference, kind) and reference not in found:
                found[reference] = None
                waiting.append(reference)
    return waiting


def _fields(node: Node, replace: Callable[[Any], Any]) -> tuple[Any, ...]:
    """Return the fields of a node, with `replace` applied to all that it refers to."""
    return (
        replace(node.data),
        replace(node.grad),
        node.label,
        node.operation,
        tuple(map(replace, node.operands)),
        tuple(map(replace, node.partials)),
        node.level,
    )


def _fill(node: Node, fields: tuple[Any, ...]) -> None:
    for name, field in zip(FIELDS, fields, strict=True):
        setattr(node, name, field)


def shallow_copy(node: Node) -> Node:
    """Return a second node of the same fields: the operands are shared."""
    twin = object.__new__(type(node))
    _fill(twin, _fields(node, lambda reference: reference))
    if hasattr(node, "__dict__"):  # of a class that a person derived
        twin.__dict__.update(node.__dict__)
    return twin


def deep_copy(root: Node, kind: type, memo: dict[int, Any]) -> Node:
    """Return a copy of the whole graph, as `copy.deepcopy` asks for it."""
    with _collector_paused():
        new = [node for node in _nodes_below(root, kind) if id(node) not in memo]
        for node in new:
            memo[id(node)] = shallow_copy(node)
        for node in new:
            twin = memo[id(node)]
            _fill(twin, _fields(twin, lambda x: memo[id(x)] if isinstance(x, kind) else x))
        return memo[id(root)]


def flattened(root: Node, kind: type) -> list[tuple[Any, ...]]:
    """Return the fields of all nodes but the leaves; one node names another by its place, `(i,)`.

    Leaves stay as they are, so that a leaf that is pickled beside the graph is still its leaf.
    """
    with _collector_paused():
        nodes = [node for node in _nodes_below(root, kind) if node.operation is not None]
        places = {node: (place,) for place, node in enumerate(nodes)}

        def place(x: Any) -> Any:
            return places.get(x, x) if isinstance(x, kind) else x

        return [_fields(node, place) for node in nodes]


def restored(rows: list[tuple[Any, ...]], kind: type) -> Node:
    """Return the root of what `flattened` has written."""
    with _collector_paused():
        nodes: list[Node] = [object.__new__(kind) for _ in rows]
        for node, row in zip(nodes, rows, strict=True):
            _fill(node, row)
            _fill(node, _fields(node, lambda x: nodes[x[0]] if type(x) is tuple else x))
        return nodes[0]
