"""Folding: which nodes of a graph are drawn by themselves, and which together in one box.

Nothing here recurses, and a graph of any size is folded in time proportional to it.
"""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field

from autodiff.value import Value

_FEW = 3  # nodes that are not worth a folded box
_ALIKE = 4  # labels that differ in their numbers alone, and are shown in the smallest picture
_NUMBERS = re.compile(r"\d+")


# ---- What is drawn ----------------------------------------------------------------------------


class Part:
    """The part of a graph that is drawn: its result first, results before their operands.

    Nodes are called by their places, for a graph may have millions.
    """

    def __init__(self, nodes: list[Value], cut: Iterable[Value] = ()) -> None:
        self.nodes = nodes
        self.cut = set(cut)  # drawn without what they were computed from
        self.places = {id(node): place for place, node in enumerate(nodes)}
        self.operands = [self._operands(node) for node in nodes]

    def _operands(self, node: Value) -> list[int]:
        if self.cut and node in self.cut:
            return []
        return [self.places[id(operand)] for operand in node.operands]


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
    if not highlight:
        return set()
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


def boxes_of(part: Part, limit: int, wanted: Iterable[Value]) -> list[Box]:
    """Return the box of every node: its own, where there is room for all of them.

    Otherwise the result, the wanted and the labelled nodes keep their own, up to a third of the
    limit, and all others are folded by the stage of the computation that they belong to.
    """
    if len(part.nodes) <= limit:
        boxes = [Box([node]) for node in part.nodes]
    else:
        alone = dict.fromkeys([part.nodes[0], *wanted, *_labelled(part, limit)])
        boxes = _folded(part, list(alone)[: (limit - 1) // 3], limit)
    for place, box in enumerate(dict.fromkeys(boxes)):
        box.name = f"n{place}"
    return boxes


def _labelled(part: Part, limit: int) -> list[Value]:
    """Return the labelled nodes that are drawn by themselves, as far as there is room.

    Labels that differ in their numbers alone, such as w0 and w1, are kept together or folded
    together: of the weights of a layer, some would tell nothing.
    """
    alike: dict[str, list[Value]] = defaultdict(list)
    for node in part.nodes:
        if node.label:
            alike[_NUMBERS.sub("0", node.label)].append(node)
    groups = [group for group in alike.values() if len(group) <= max(_ALIKE, limit // 10)]
    return [node for group in sorted(groups, key=len) for node in group]


def _folded(part: Part, alone: list[Value], limit: int) -> list[Box]:
    """Return a box for each of some nodes, and for each stage of the others: `limit` in all."""
    heights = heights_of(part)
    own = {part.places[id(node)]: Box([node]) for node in alone}
    sealed = {heights[place] for place in own if part.operands[place]}
    stages = _stages(_operations(part, heights, own), sealed, limit - len(own))
    at_height = [Box()]
    for (start, _), (stop, _) in itertools.pairwise([*stages, (heights[0] + 1, None)]):
        at_height += [Box()] * (stop - start)
    boxes = [at_height[height] for height in heights]
    for place, box in own.items():
        boxes[place] = box
    for place, node in enumerate(part.nodes):
        if place not in own:
            boxes[place].members.append(node)
    return _small_drawn_out(boxes, limit)


def _operations(part: Part, heights: list[int], own: Container[int]) -> list[frozenset[str]]:
    """Return the operations at each height, but for those of the nodes that have a box."""
    found: list[frozenset[str]] = [frozenset()] * (heights[0] + 1)
    known: dict[frozenset[str], frozenset[str]] = {}  # one object for equal sets
    for place, (node, height) in enumerate(zip(part.nodes, heights, strict=True)):
        if part.operands[place] and node.operation not in found[height] and place not in own:
            more = found[height] | {str(node.operation)}
            found[height] = known.setdefault(more, more)
    return found


def _small_drawn_out(boxes: list[Box], limit: int) -> list[Box]:
    """Give the nodes of boxes that hold but a few their own, as far as there is room."""
    distinct = dict.fromkeys(boxes)
    room = limit - len(distinct)
    drawn_out: dict[Box, list[Box]] = {}
    for box in distinct:
        more = len(box.members) - 1
        if box.is_folded and len(box.members) <= _FEW and more <= room:
            room -= more
            drawn_out[box] = [Box([node]) for node in reversed(box.members)]
    return [drawn_out[box].pop() if box in drawn_out else box for box in boxes]


def heights_of(part: Part) -> list[int]:
    """Return how many operations deep each node lies; a leaf lies where it is first used."""
    heights = [0] * len(part.nodes)
    for place in range(len(heights) - 1, -1, -1):
        for operand in part.operands[place]:
            if heights[operand] >= heights[place]:
                heights[place] = heights[operand] + 1
    used: dict[int, int] = {}
    for place, operands in enumerate(part.operands):
        for operand in operands:
            if not heights[operand]:
                used[operand] = min(used.get(operand, heights[place]), heights[place])
    for leaf, height in used.items():
        heights[leaf] = height
    return heights


_Stage = tuple[int, frozenset[str]]  # the height it starts at, and the operations found there


def _stages(heights: list[frozenset[str]], sealed: set[int], most: int) -> list[_Stage]:
    """Divide the heights above 0 into stages of the computation, `most` of them if that can be.

    Neighbours of the same operations are one stage. While there are too many, neighbours are joined
    two by two, which makes one stage of a pattern that repeats. A sealed height, where a node is
    drawn by itself, stays a stage of its own, so that no edge of the picture points backward.
    """
    single = enumerate(itertools.islice(heights, 1, None), 1)
    stages, before = _alike_joined(single, sealed), 0
    while len(stages) > most and len(stages) != before:
        before = len(stages)
        stages = _alike_joined(_pairs_joined(stages, sealed), sealed)
    return stages


def _alike_joined(stages: Iterable[_Stage], sealed: set[int]) -> list[_Stage]:
    """Join neighbours of the same operations."""
    joined: list[_Stage] = []
    before = None  # the operations that the next stage may go on with
    for start, operations in stages:
        if start in sealed or operations != before:
            joined.append((start, operations))
        before = None if start in sealed else operations
    return joined


def _pairs_joined(stages: list[_Stage], sealed: set[int]) -> Iterator[_Stage]:
    """Join neighbours two by two."""
    first: _Stage | None = None  # of a pair
    for stage in stages:
        if first is None and stage[0] not in sealed:
            first = stage
        elif first is None:
            yield stage
        elif stage[0] in sealed:
            yield first
            yield stage
            first = None
        else:
            yield first[0], first[1] | stage[1]
            first = None
    if first is not None:
        yield first
