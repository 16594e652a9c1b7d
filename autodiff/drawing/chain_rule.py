"""The chain rule in numbers: what adds up to a derivative, and the ways that lead to it."""

from __future__ import annotations

from collections import defaultdict

from autodiff.drawing.folding import on_the_way
from autodiff.graph import CONSTANT, is_unset
from autodiff.kinds import Number, plain
from autodiff.value import Value

_WAYS = 4  # to a variable; of more, none is written down
_STEPS = 8  # of a way


def parts_of_grads(nodes: list[Value]) -> dict[Value, list[Number]]:
    """Return what each use of a variable adds to its derivative, in the order of the sweep.

    Without those variables whose derivative is not the sum of them: `backward` has run twice, say.
    """
    parts: dict[Value, list[Number]] = defaultdict(list)
    for result in nodes:
        if is_unset(result.grad):  # the root does not depend on it
            continue
        for operand, partial in zip(result.operands, result.partials, strict=True):
            if partial is not None and operand.operation != CONSTANT:
                parts[operand].append(plain(result.grad * partial))
    return {node: found for node, found in parts.items() if _adds_up(found, node.grad)}


def _adds_up(parts: list[Number], grad: Number) -> bool:
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return bool(total == plain(grad))


def ways(nodes: list[Value], source: Value) -> list[list[Number]]:
    """Return the local derivatives along each way from the root to one of its variables.

    None of the ways, where these are too many or too long to be written down.
    """
    inside = on_the_way(source, nodes)
    found: list[list[Number]] = []
    waiting: list[tuple[Value, list[Number]]] = [(nodes[0], [])]
    while waiting:
        node, factors = waiting.pop()
        if node is source:
            found.append(factors)
            continue
        if len(factors) == _STEPS or len(found) + len(waiting) >= _WAYS * _STEPS:
            return []
        for operand, partial in zip(node.operands, node.partials, strict=True):
            if operand in inside and partial is not None:
                waiting.append((operand, [*factors, partial]))
    return found if len(found) <= _WAYS else []
