"""The layout: `layout_of` takes a Value and gives what a picture of its graph shows, as data.

A `Layout` says which nodes and edges there are, with their texts and colours; where they lie on the
paper is up to the writer. The texts are as they are to be read, in one line or more: a writer
escapes them for its language, and needs no Value.
"""

from __future__ import annotations

import functools
import math
import operator
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from autodiff.drawing.chain_rule import parts_of_grads, ways
from autodiff.drawing.folding import Box, Part, between, boxes_of, emphasized_nodes, heights_of
from autodiff.drawing.texts import (
    NumberFormat,
    addition,
    check_value,
    exact,
    formatter,
    formula,
    passed_on,
    printable,
    product,
    shortened,
)
from autodiff.graph import CONSTANT, collector_paused, is_unset, topological_order
from autodiff.kinds import Number, plain
from autodiff.value import Value

_LABEL, _NAME = 32, 16  # characters of a label in its box, and in a formula
_PARALLEL = 8  # edges between the same two nodes; more are drawn as one
# At full depth; dark text is read on all of them. Blue and orange are told apart by the
# colour-blind, and mean plus and minus in the playground of neural networks that most people know.
_POSITIVE, _NEGATIVE, _NAN = (0x5C, 0xA4, 0xDC), (0xF5, 0x9A, 0x3C), "#d9b3e6"


# ---- The data ---------------------------------------------------------------------------------


Kind = Literal["variable", "leaf", "constant", "cut", "folded"]


class Node(NamedTuple):
    """A variable, or many nodes that are folded into one."""

    name: str  # what edges call it by: a letter and a number
    kind: Kind  # a cut variable was computed from more than is drawn
    text: str  # label, number and derivative; of a folded node, what is in it
    tooltip: str  # the same with all digits, and how it was computed
    colour: str | None = None  # "white" or "#rrggbb"; None where no derivative is shown
    is_result: bool = False
    is_emphasized: bool = False
    operation: str | None = None  # of a variable: its symbol or name; edges to its node end there
    formula: str = ""  # how it is written with its operands, long names cut
    column: int | None = None  # leaves of the same are first used side by side, and stand so


class Edge(NamedTuple):
    """One use of an operand, or many edges between the same two nodes as one."""

    tail: str  # the name of the operand's node
    head: str  # the name of the result's node
    kind: Literal["derivative", "constant", "independent", "many"]  # what passes along it
    text: str | None  # the local derivative, if these are shown; how many edges there are
    tooltip: str  # the chain rule, or why no derivative passes
    is_emphasized: bool


class Layout(NamedTuple):
    """A picture of a graph."""

    nodes: list[Node]  # the result first, variables before their operands
    edges: list[Edge]  # by their results; those between the same two nodes stand together
    caption: str  # what stands below the picture
    direction: str  # where the computation runs: "LR", "RL", "TB", "BT"
    has_partials: bool  # whether local derivatives stand on the edges, which takes room


# ---- Colours ----------------------------------------------------------------------------------


def _as_float(number: Number) -> float | None:
    """Return a number as a float, None if it is a formula."""
    try:
        return float(plain(number))
    except OverflowError:
        return math.inf if plain(number) > 0 else -math.inf
    except (TypeError, ValueError):
        return None


def _colour(grad: float | None, largest: float) -> str:
    """Return the colour of a derivative: its hue tells the sign, its depth the size."""
    if grad is None or grad == 0:
        return "white"
    if math.isnan(grad):
        return _NAN
    share = math.sqrt(min(1.0, abs(grad) / largest))
    share = max(share, 0.15)  # the sign is seen even of the smallest
    full = _POSITIVE if grad > 0 else _NEGATIVE
    return "#" + "".join(f"{round(255 + (part - 255) * share):02x}" for part in full)


# ---- From the graph to the data ---------------------------------------------------------------


@collector_paused()
def layout_of(
    root: Value,
    direction: str,
    number_format: NumberFormat,
    grads: str,
    partials: bool,
    source: Value | None,
    highlight: Value | Iterable[Value] | None,
    limit: int,
    chain_rule: bool = False,
) -> Layout:
    """Lay out the graph that a Value was computed from; `draw` says what the options mean."""
    check_value(root)
    if direction not in ("LR", "RL", "TB", "BT"):
        raise ValueError(f"direction is 'LR', 'RL', 'TB' or 'BT', not {direction!r}")
    if grads not in ("all", "leaves", "none"):
        raise ValueError(f"grads is 'all', 'leaves' or 'none', not {grads!r}")
    if limit < 4:
        raise ValueError(f"limit is at least 4, not {limit}")
    nodes = topological_order(root)
    part = Part(nodes) if source is None else between(source, nodes)
    chosen = [highlight] if isinstance(highlight, Value) else list(highlight or ())
    emphasized = emphasized_nodes(chosen, part.nodes)
    boxes = boxes_of(part, limit, chosen)
    number = formatter(number_format)
    reader = _Reader(part, boxes, emphasized, number, grads, partials, chain_rule)
    caption = reader.caption()
    if chain_rule and isinstance(highlight, Value):
        caption = "\n".join([caption, *_multiplied(nodes, highlight, number)])
    return Layout(reader.nodes(), reader.edges(), caption, direction, partials or chain_rule)


def _multiplied(nodes: list[Value], source: Value, number: Callable[[Number], str]) -> list[str]:
    """Return the derivative of the result in a variable as products along the ways to it."""
    found = ways(nodes, source) if source is not nodes[0] else []
    names = [" ".join((node.label or "it").split()) for node in (nodes[0], source)]
    of, within = (printable(shortened(name, _LABEL)) for name in names)
    lines = [f"derivative of {of} in {within}: {product(way, number)}" for way in found]
    if len(found) > 1:
        terms = [functools.reduce(operator.mul, way) for way in found]
        lines.append(f"together: {addition(terms, number)}")
    return lines


@dataclass
class _Reader:
    """Reads off a graph what is shown of it."""

    part: Part
    boxes: list[Box]  # of each node of the part
    emphasized: set[Value]
    number: Callable[[Number], str]
    grads: str
    partials: bool
    chain_rule: bool

    def __post_init__(self) -> None:
        self.root = self.part.nodes[0]
        self.has_run = not is_unset(self.root.grad)
        self.distinct = list(dict.fromkeys(self.boxes))
        drawn = [box.members[0] for box in self.distinct if not box.is_folded]
        # The result's own 1 would make a network pale, whose derivatives are much smaller.
        shown = [node for node in drawn if self._shows_grad(node) and node is not self.root]
        sizes = [abs(_as_float(node.grad) or 0.0) for node in shown]
        self.largest = max([size for size in sizes if 0 < size < math.inf], default=1.0)
        self.parts = parts_of_grads(topological_order(self.root)) if self.chain_rule else {}
        is_whole = len(self.distinct) == len(self.boxes)
        self.columns = dict(zip(self.boxes, heights_of(self.part), strict=True)) if is_whole else {}

    def _shows_grad(self, node: Value) -> bool:
        """Return whether the derivative of this variable is shown."""
        if not self.has_run or node.operation == CONSTANT or self.grads == "none":
            return False
        return self.grads == "all" or not node.operands

    def caption(self) -> str:
        lines = []
        if not self.has_run:
            lines.append("backward() has not run: there are no derivatives yet")
        elif self.grads != "none":
            lines.append("grad: blue is positive, orange is negative; the deeper, the larger")
        if self.chain_rule and self.has_run:
            lines.append("on the edges: the chain rule, grad of the result * local derivative")
        elif self.partials:
            lines.append("on the edges: local derivatives")
        folded = [len(box.members) for box in self.distinct if box.is_folded]
        if folded:
            total, boxes = f"{len(self.boxes):,} nodes", _counted(len(folded), "box")
            lines.append(f"{total}, {sum(folded):,} of them folded into {boxes}")
        return "\n".join(lines)

    def nodes(self) -> list[Node]:
        return [self._folded(box) if box.is_folded else self._single(box) for box in self.distinct]

    def _single(self, box: Box) -> Node:
        [node] = box.members
        label = [node.label] if node.label else []
        shown = [shortened(line, _LABEL) for line in (node.label or "").split("\n")]
        lines = [" = ".join([*(["\n".join(shown)] if label else []), self.number(node.data)])]
        tip = [*label, f"number {exact(node.data)}"]
        colour = None
        if self._shows_grad(node):
            parts = self.parts.get(node, [])
            grad = addition(parts, self.number) if len(parts) > 1 else self.number(node.grad)
            lines.append(f"grad {grad}")
            tip.append(f"grad {exact(node.grad)}")
            colour = _colour(_as_float(node.grad), self.largest)
        kind = self._kind(node)
        computed = formula(node, self._name) if node.operands else ""
        origins = {"variable": computed, "cut": f"{computed}, not drawn further"}
        tip.append(origins.get(kind, f"a {kind}"))
        is_placed = kind in ("leaf", "cut")
        return Node(
            name=box.name,
            kind=kind,
            text=printable(*lines),
            tooltip=printable(*tip),
            colour=colour,
            is_result=node is self.root,
            is_emphasized=node in self.emphasized,
            operation=printable(str(node.operation)) if kind == "variable" else None,
            formula=printable(formula(node, self._short_name)) if node.operands else "",
            column=self.columns.get(box) if is_placed else None,
        )

    def _name(self, node: Value) -> str:
        return node.label or self.number(node.data)

    def _short_name(self, node: Value) -> str:
        return shortened(" ".join(self._name(node).split()), _NAME)

    def _kind(self, node: Value) -> Kind:
        if node.operation == CONSTANT:
            return "constant"
        if not node.operands:
            return "leaf"
        return "cut" if node in self.part.cut else "variable"

    def _folded(self, box: Box) -> Node:
        """Say how many nodes of which operations there are in a box."""
        names = Counter([node.operation or "leaf" for node in box.members])
        counts = sorted(names.items(), key=lambda item: (-item[1], item[0]))
        lines = [f"{len(box.members):,} nodes", *[_counted(n, name) for name, n in counts[:6]]]
        if len(counts) > 6:
            lines.append(f"and {len(counts) - 6} more operations")
        labelled = sum(1 for node in box.members if node.label)
        if labelled:
            lines.append(f"{labelled:,} of them labelled")
        text = printable(*lines, *self._range_of_grads(box))
        return Node(box.name, "folded", text, text)

    def _range_of_grads(self, box: Box) -> list[str]:
        grads = [_as_float(node.grad) for node in box.members if self._shows_grad(node)]
        known = [grad for grad in grads if grad is not None and not math.isnan(grad)]
        ends = dict.fromkeys([self.number(min(known)), self.number(max(known))]) if known else []
        lines = [f"grad {' to '.join(ends)}"] if ends else []
        if any(grad is not None and math.isnan(grad) for grad in grads):
            lines.append("nan among the grads")
        return lines

    def edges(self) -> list[Edge]:
        """Return each edge between two variables, one for many to or from a folded box."""
        uses: dict[tuple[Box, Box], list[tuple[Value, Value, int]]] = defaultdict(list)
        nodes, boxes = self.part.nodes, self.boxes
        for result, operands in enumerate(self.part.operands):
            for place, operand in enumerate(operands):
                if boxes[operand] is not boxes[result]:
                    use = nodes[operand], nodes[result], place
                    uses[boxes[operand], boxes[result]].append(use)
        edges = []
        for (tail, head), found in uses.items():
            is_folded = tail.is_folded or head.is_folded or len(found) > _PARALLEL
            if is_folded and len(found) > 1:
                text = f"{len(found):,} edges"
                emphasis = any(self._is_emphasized(*use[:2]) for use in found)
                edges.append(Edge(tail.name, head.name, "many", text, text, emphasis))
            else:
                edges += [self._edge(tail.name, head.name, *use) for use in found]
        return edges

    def _is_emphasized(self, *ends: Value) -> bool:
        return bool(self.emphasized) and self.emphasized.issuperset(ends)

    def _edge(self, tail: str, head: str, operand: Value, result: Value, place: int) -> Edge:
        """Say what passes from an operand to its result."""
        partial, emphasis = result.partials[place], self._is_emphasized(operand, result)
        name = operand.label or f"operand {place + 1}"
        if operand.operation == CONSTANT:
            why = "a constant: no derivative passes here"
            return Edge(tail, head, "constant", None, why, emphasis)
        if partial is None:
            why = f"{result.operation} does not depend on {name}: no derivative passes here"
            return Edge(tail, head, "independent", None, printable(why), emphasis)
        grad = result.grad if self.has_run else None
        root, whose = self.root.label or "the result", result.label or "what is computed here"
        lines = passed_on(str(result.operation), name, whose, root, partial, grad)
        text = None
        if self.chain_rule and self.has_run:
            text = printable(product([result.grad, partial], self.number))
        elif self.partials or self.chain_rule:
            text = printable(self.number(partial))
        return Edge(tail, head, "derivative", text, printable(*lines), emphasis)


def _counted(count: int, name: str) -> str:
    plurals = {"constant": "constants", "leaf": "leaves", "box": "boxes"}
    return f"{count:,} {plurals.get(name, name) if count > 1 else name}"
