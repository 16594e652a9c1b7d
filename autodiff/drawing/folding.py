"""Folding: which nodes of a graph are drawn by themselves, and which together in one box.

Nothing here recurses, and a graph of any size is folded in time proportional to it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from autodiff.value import Value

_FEW = 3  # nodes that are not worth a folded box


# ---- What is drawn ----------------------------------------------------------------------------


@dataclass
class Part:
    """The part of a graph that is drawn: its result first, results before their operands."""

    nodes: list[Value]
    cut: set[Value] = field(default_factory=set)  # drawn without what they were computed from

    def operands(self, node: Value) -> tuple[Value, ...]:
        return () if node in self.cut else node.operands


def on_the_way(source: Value, nodes: list[Value]) -> set[Value]:
    """Return the nodes that were computed from `source`, and `source` itself."""
    reached = {source}
    for node in reversed(nodes):
        if not reached.isdisjoint(node.operands):
            reached.add(node)
    if nodes[0] not in reached:
        raise ValueError(f"{nodes[0]!r} was not computed from {source!r}")
    return reached


def between(source: Value, nodes: list[Value]) -> Part:
    """Return the ways from `source` to the result, with the other operands met on them."""
    inside = on_the_way(source, nodes)
    met = {operand for node in inside - {source} for operand in node.operands}
    cut = {source} | {node for node in met - inside if node.operands}
    return Part([node for node in nodes if node in inside or node in met], cut)


def emphasized_nodes(highlight: list[Value], nodes: list[Value]) -> set[Value]:
    """Return the nodes whose edges are emphasized: of one Value, those on its ways onward."""
    for node in set(highlight).difference(nodes):
        raise ValueError(f"{node!r} cannot be highlighted: {nodes[0]!r} was not computed from it")
    return on_the_way(highlight[0], nodes) if len(highlight) == 1 else set(highlight)


# ---- Folding ----------------------------------------------------------------------------------


@dataclass(eq=False)
class Box:
    """What is drawn in one place: a node, or many that are folded into one."""

    members: list[Value] = field(default_factory=list)
    name: str = ""

    @property
    def is_folded(self) -> bool:
        return len(self.members) > 1


def boxes_of(part: Part, limit: int, wanted: Iterable[Value]) -> dict[Value, Box]:
    """Return the box of every node: its own, where there is room for all of them.

    Otherwise the result, the wanted and the labelled nodes keep their own, up to a third of the
    limit, and all others are folded by the stage of the computation that they belong to.
    """
    labelled = (node for node in part.nodes if node.label)
    first = list(dict.fromkeys([part.nodes[0], *wanted, *labelled]))
    is_whole = len(part.nodes) <= limit
    boxes = {node: Box([node]) for node in (part.nodes if is_whole else first[: (limit - 1) // 3])}
    if not is_whole:
        _fold(part, boxes, limit)
    ordered = {node: boxes[node] for node in part.nodes}
    for place, box in enumerate(dict.fromkeys(ordered.values())):
        box.name = f"n{place}"
    return ordered


def _fold(part: Part, boxes: dict[Value, Box], limit: int) -> None:
    """Give all nodes that have no box yet that of their stage, within `limit` boxes in all."""
    heights = _heights(part)
    operations: list[frozenset[str]] = [frozenset()] * (heights[part.nodes[0]] + 1)
    known: dict[frozenset[str], frozenset[str]] = {}  # one object for equal sets
    sealed = {heights[node] for node in boxes if part.operands(node)}
    for node, height in heights.items():
        is_folded = node not in boxes and part.operands(node)
        if is_folded and node.operation not in operations[height]:
            more = operations[height] | {str(node.operation)}
            operations[height] = known.setdefault(more, more)
    at_height = [Box()]
    for stage in _stages(operations, sealed, limit - len(boxes)):
        at_height += [Box()] * (stage.stop - stage.start)
    for node in part.nodes:
        if node not in boxes:
            boxes[node] = at_height[heights[node]]
            boxes[node].members.append(node)
    _draw_out_small(boxes, limit)


def _draw_out_small(boxes: dict[Value, Box], limit: int) -> None:
    """Give the nodes of boxes that hold but a few their own, as far as there is room."""
    distinct = list(dict.fromkeys(boxes.values()))
    room = limit - len(distinct)
    for box in distinct:
        more = len(box.members) - 1
        if box.is_folded and len(box.members) <= _FEW and more <= room:
            room -= more
            boxes.update({node: Box([node]) for node in box.members})


def _heights(part: Part) -> dict[Value, int]:
    """Return how many operations deep each node lies; leaves lie where they are first used."""
    heights: dict[Value, int] = {}
    for node in reversed(part.nodes):
        operands = part.operands(node)
        heights[node] = 1 + max([heights[operand] for operand in operands]) if operands else 0
    for node in part.nodes:
        for operand in part.operands(node):
            if not part.operands(operand):
                heights[operand] = min(heights[operand] or heights[node], heights[node])
    return heights


class _Stage(NamedTuple):
    """A range of heights, and the operations found there."""

    start: int
    stop: int
    operations: frozenset[str]


def _stages(heights: list[frozenset[str]], sealed: set[int], most: int) -> list[_Stage]:
    """Divide the heights above 0 into stages of the computation, `most` of them if that can be.

    Neighbours of the same operations are one stage. While there are too many, neighbours are joined
    two by two, which makes one stage of a pattern that repeats. A sealed height, where a node is
    drawn by itself, stays a stage of its own, so that no edge of the picture points backward.
    """
    single = (_Stage(height, height + 1, found) for height, found in enumerate(heights[1:], 1))
    stages, before = _alike_joined(single, sealed), 0
    while len(stages) > most and len(stages) != before:
        before = len(stages)
        stages = _alike_joined(_pairs_joined(stages, sealed), sealed)
    return stages


def _join(stages: Sequence[_Stage]) -> _Stage:
    if len(stages) == 1:
        return stages[0]
    operations = frozenset().union(*[stage.operations for stage in stages])
    return _Stage(stages[0].start, stages[-1].stop, operations)


def _alike_joined(stages: Iterable[_Stage], sealed: set[int]) -> list[_Stage]:
    """Join neighbours of the same operations."""
    runs = itertools.groupby(stages, lambda s: s.start if s.start in sealed else s.operations)
    return [_join(list(alike)) for _, alike in runs]


def _pairs_joined(stages: list[_Stage], sealed: set[int]) -> Iterator[_Stage]:
    """Join neighbours two by two."""
    for is_sealed, run in itertools.groupby(stages, lambda stage: stage.start in sealed):
        neighbours = list(run)
        size = 1 if is_sealed else 2
        for start in range(0, len(neighbours), size):
            yield _join(neighbours[start : start + size])
