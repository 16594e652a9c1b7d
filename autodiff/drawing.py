"""The computation graph as a picture: `draw`, and what a notebook shows of a Value.

A picture is a `graphviz.Digraph`, so all that its users know works. A large graph is folded before
it is drawn; nothing here recurses, so the depth of a graph has no limit.
"""

from __future__ import annotations

import contextlib
import math
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import graphviz

from autodiff.folding import Box, Part, between, boxes_of, emphasized_nodes
from autodiff.graph import CONSTANT, is_unset, topological_order
from autodiff.kinds import Number
from autodiff.rendering import Drawing
from autodiff.text import (
    NumberFormat,
    check_is_value,
    exact,
    formatter,
    formula,
    plain,
    printable,
)
from autodiff.value import Value

LIMIT = 150  # nodes in a picture; a larger graph is folded
NOTEBOOK_LIMIT = 50  # nodes; a larger graph is not drawn unasked

_PARALLEL = 8  # edges between the same two nodes; more are drawn as one
_FONT, _INK, _QUIET = "Helvetica", "#222222", "#767676"
_POSITIVE, _NEGATIVE, _NAN = (0xF5, 0x9A, 0x3C), (0x5C, 0xA4, 0xDC), "#d9b3e6"


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
    share = 1.0 if math.isinf(grad) else math.sqrt(min(1.0, abs(grad) / largest))
    share = max(share, 0.15)  # the sign is seen even of the smallest
    full = _POSITIVE if grad > 0 else _NEGATIVE
    return "#" + "".join(f"{round(255 + (part - 255) * share):02x}" for part in full)


# ---- Texts in DOT ------------------------------------------------------------------------------


def _typed(text: str) -> str:
    """Escape a text, so that Graphviz draws it as it was typed."""
    text = printable(text).replace("&", "&amp;").replace("\\", r"\\")
    return graphviz.nohtml(text)  # type: ignore[no-any-return]


def _tip(*lines: str) -> str:
    """Escape the lines of a tooltip, in which Graphviz reads backslashes twice."""
    return _typed("\n".join(lines).replace("\\", r"\\"))


# ---- The picture ------------------------------------------------------------------------------


def draw(
    root: Value,
    *,
    direction: str = "LR",
    number_format: NumberFormat = ".4g",
    grads: str = "all",
    partials: bool = False,
    source: Value | None = None,
    highlight: Value | Iterable[Value] | None = None,
    limit: int = LIMIT,
) -> Drawing:
    """Draw the graph that a Value was computed from.

    A box is a variable, with its label, its number and its derivative; a circle is an operation.
    Leaves have round corners, the result has a double line, constants have no box. Orange is a
    positive derivative, blue a negative one, violet one that is nan; the deeper, the larger. Where
    the picture is an SVG, pointing at something shows all digits, and at an edge the chain rule.

    Parameters
    ----------
    root : Value
        The result.
    direction : {"LR", "RL", "TB", "BT"}
        Where the computation runs: from left to right, ..., from bottom to top.
    number_format : str or callable
        How floats are written: a format specification, or a function that makes a text of any
        number. Fractions, formulas and whole numbers are written as they are by a specification.
    grads : {"all", "leaves", "none"}
        The variables whose derivatives are shown.
    partials : bool
        Whether the local derivatives are written on the edges.
    source : Value, optional
        Draws only the ways from this Value to the result, and the other operands on them.
    highlight : Value or iterable of Value, optional
        Emphasizes all ways from this Value to the result, or the edges between these Values.
    limit : int
        The most variables in the picture, at least 4. A larger graph is folded: the result, the
        highlighted and then the labelled variables are drawn by themselves, up to a third of the
        limit; of the others, neighbouring stages of the same operations become one box, and if
        these are too many, they are joined two by two until they fit.

    Returns
    -------
    Drawing
        A `graphviz.Digraph`.

    Raises
    ------
    TypeError
        If `root` is no Value.
    ValueError
        If an option is none of the above, or `root` was not computed from `source` or `highlight`.

    Examples
    --------
    >>> weight = Value(0.5, "weight")
    >>> error = (0.5 * weight - 0.8) ** 2
    >>> error.backward()
    >>> picture = draw(error)
    >>> "weight = 0.5" in picture.source and "grad -0.55" in picture.source
    True

    `picture.render("error", format="png")` writes a file; a notebook shows the picture itself.
    """
    _check(root, direction=direction, grads=grads, limit=limit)
    nodes = topological_order(root)
    part = Part(nodes) if source is None else between(source, nodes)
    chosen = [highlight] if isinstance(highlight, Value) else list(highlight or ())
    canvas = _Canvas(
        part=part,
        boxes=boxes_of(part, limit, chosen),
        emphasized=emphasized_nodes(chosen, part.nodes),
        number=formatter(number_format),
        grads=grads,
        partials=partials,
    )
    return canvas.picture(direction)


def _check(root: Value, direction: str, grads: str, limit: int) -> None:
    check_is_value(root)
    if direction not in ("LR", "RL", "TB", "BT"):
        raise ValueError(f"direction is 'LR', 'RL', 'TB' or 'BT', not {direction!r}")
    if grads not in ("all", "leaves", "none"):
        raise ValueError(f"grads is 'all', 'leaves' or 'none', not {grads!r}")
    if limit < 4:
        raise ValueError(f"limit is at least 4, not {limit}")


@dataclass
class _Bundle:
    """The edges from one box to another: how many, and the first of them."""

    count: int = 0
    first: list[tuple[Value, int]] = field(default_factory=list)  # a result, which operand of it
    is_emphasized: bool = False


@dataclass
class _Canvas:
    """Draws boxes and edges."""

    part: Part
    boxes: dict[Value, Box]
    emphasized: set[Value]
    number: Callable[[Number], str]
    grads: str
    partials: bool

    def picture(self, direction: str) -> Drawing:
        """Draw everything, in the order of the computation from its result."""
        boxes = list(dict.fromkeys(self.boxes.values()))
        self.root = self.part.nodes[0]
        self.has_run = not is_unset(self.root.grad)
        self.largest = self._largest_grad(boxes)
        self.drawing = Drawing(
            format="svg",
            graph_attr={
                **_GRAPH_STYLE,
                "rankdir": direction,
                "label": self._caption(boxes),
                "nodesep": "0.4" if self.partials else "0.2",
                "ranksep": "0.5" if self.partials else "0.35",
            },
            node_attr=_NODE_STYLE,
            edge_attr=_EDGE_STYLE,
        )
        for box in boxes:
            (self._draw_folded if box.is_folded else self._draw_variable)(box)
        for (tail, head), bundle in self._bundles().items():
            self._draw_bundle(tail, head, bundle)
        return self.drawing

    def _shows_grad(self, node: Value) -> bool:
        """Return whether the derivative of this variable is shown."""
        if not self.has_run or node.operation == CONSTANT or self.grads == "none":
            return False
        return self.grads == "all" or not node.operands

    def _largest_grad(self, boxes: list[Box]) -> float:
        """Return the size of the largest derivative that is drawn by itself."""
        drawn = [box.members[0] for box in boxes if not box.is_folded]
        sizes = [abs(_as_float(node.grad) or 0.0) for node in drawn if self._shows_grad(node)]
        return max([size for size in sizes if 0 < size < math.inf], default=1.0)

    def _caption(self, boxes: list[Box]) -> str:
        lines = []
        if not self.has_run:
            lines.append("backward() has not run: there are no derivatives yet")
        elif self.grads != "none":
            lines.append("grad: orange is positive, blue is negative; the deeper, the larger")
        if self.partials:
            lines.append("on the edges: local derivatives")
        folded = [box for box in boxes if box.is_folded]
        if folded:
            count = sum(len(box.members) for box in folded)
            total, boxes_text = f"{len(self.boxes):,} nodes", _counted(len(folded), "box")
            lines.append(f"{total}, {count:,} of them folded into {boxes_text}")
        return "\n".join(lines)

    # ---- Boxes

    def _draw_variable(self, box: Box) -> None:
        """Draw a variable, and the operation that it is the result of."""
        [node] = box.members
        lines = [
            f"{node.label} = {self.number(node.data)}" if node.label else self.number(node.data)
        ]
        tip = [node.label or "", f"number {exact(node.data)}"]
        style = self._style(node)
        if self._shows_grad(node):
            lines.append(f"grad {self.number(node.grad)}")
            tip.append(f"grad {exact(node.grad)}")
            style["fillcolor"] = _colour(_as_float(node.grad), self.largest)
        tip.append(self._origin(node))
        text = _typed("\n".join(lines))
        self.drawing.node(box.name, text, tooltip=_tip(*filter(None, tip)), **style)
        if self.part.operands(node):
            self._draw_operation(box, node)

    def _style(self, node: Value) -> dict[str, str]:
        if node.operation == CONSTANT:
            return _CONSTANT_STYLE
        style = {}
        if not node.operands:
            style["style"] = "filled,rounded"
        elif node in self.part.cut:
            style["style"] = "filled,dashed"
        if node is self.root:
            style["peripheries"] = "2"
        if node in self.emphasized:
            style["penwidth"] = "2.5"
        return style

    def _origin(self, node: Value) -> str:
        """Say where the number of a node comes from."""
        if node.operation == CONSTANT:
            return "a constant"
        if not node.operands:
            return "a leaf"
        origin = formula(node, self._name)
        return f"{origin}, not drawn further" if node in self.part.cut else origin

    def _name(self, node: Value) -> str:
        return node.label or self.number(node.data)

    def _draw_operation(self, box: Box, node: Value) -> None:
        circle = f"{box.name}_operation"
        self.drawing.node(
            circle,
            _typed(str(node.operation)),
            tooltip=_tip(formula(node, self._name)),
            **_OPERATION_STYLE,
        )
        used = [operand in self.emphasized for operand in node.operands]
        style = _EMPHASIS if node in self.emphasized and any(used) else {}
        self.drawing.edge(circle, box.name, **style)

    def _draw_folded(self, box: Box) -> None:
        """Draw how many nodes of which operations there are in a box."""
        kinds = Counter(self._kind(node) for node in box.members)
        counts = sorted(kinds.items(), key=lambda item: (-item[1], item[0]))
        lines = [f"{len(box.members):,} nodes", *[_counted(n, kind) for kind, n in counts[:6]]]
        if len(counts) > 6:
            lines.append(f"and {len(counts) - 6} more operations")
        labelled = sum(1 for node in box.members if node.label)
        if labelled:
            lines.append(f"{labelled:,} of them labelled")
        lines += self._range_of_grads(box)
        self.drawing.node(box.name, _typed("\n".join(lines)), tooltip=_tip(*lines), **_FOLDED_STYLE)

    def _kind(self, node: Value) -> str:
        if node.operation == CONSTANT:
            return "constant"
        return str(node.operation) if node.operands else "leaf"

    def _range_of_grads(self, box: Box) -> list[str]:
        grads = [_as_float(node.grad) for node in box.members if self._shows_grad(node)]
        known = [grad for grad in grads if grad is not None and not math.isnan(grad)]
        ends = dict.fromkeys([self.number(min(known)), self.number(max(known))]) if known else []
        lines = [f"grad {' to '.join(ends)}"] if ends else []
        if any(grad is not None and math.isnan(grad) for grad in grads):
            lines.append("nan among the grads")
        return lines

    # ---- Edges

    def _bundles(self) -> dict[tuple[Box, Box], _Bundle]:
        bundles: dict[tuple[Box, Box], _Bundle] = {}
        for result in self.part.nodes:
            head = self.boxes[result]
            for place, operand in enumerate(self.part.operands(result)):
                tail = self.boxes[operand]
                if tail is head:
                    continue
                bundle = bundles.setdefault((tail, head), _Bundle())
                bundle.count += 1
                if bundle.count <= _PARALLEL:
                    bundle.first.append((result, place))
                if operand in self.emphasized and result in self.emphasized:
                    bundle.is_emphasized = True
        return bundles

    def _draw_bundle(self, tail: Box, head: Box, bundle: _Bundle) -> None:
        """Draw each edge between two variables, one for many to or from a folded box."""
        end = head.name if head.is_folded else f"{head.name}_operation"
        style = _EMPHASIS if bundle.is_emphasized else {}
        folded = tail.is_folded or head.is_folded or bundle.count > _PARALLEL
        if folded and bundle.count > 1:
            text = f"{bundle.count:,} edges"
            self.drawing.edge(tail.name, end, text, tooltip=text, **style)
            return
        for result, place in bundle.first:
            self._draw_edge(tail.name, end, result, place, style)

    def _draw_edge(self, tail: str, end: str, result: Value, place: int, style: Any) -> None:
        operand, partial = result.operands[place], result.partials[place]
        label = None
        if operand.operation == CONSTANT:
            style = {"color": "#bbbbbb", **style}
        elif partial is None:
            style = {"style": "dashed", **style}
        elif self.partials:
            label = _typed(self.number(partial))
        tip = _tip(*self._chain_rule(result, place))
        self.drawing.edge(tail, end, label, tooltip=tip, **style)

    def _chain_rule(self, result: Value, place: int) -> list[str]:
        """Say what passes along an edge."""
        operand, partial = result.operands[place], result.partials[place]
        name = operand.label or f"operand {place + 1}"
        if operand.operation == CONSTANT:
            return ["a constant: no derivative passes here"]
        if partial is None:
            return [f"{result.operation} does not depend on {name}: no derivative passes here"]
        lines = [f"local derivative of {result.operation} in {name}: {exact(partial)}"]
        if self.has_run:
            whose = f"grad of {result.label}" if result.label else "grad of the result"
            lines.append(f"chain rule: {whose} * local derivative")
            lines.append(f"= {_product(result.grad, partial)}, a part of the grad of {name}")
        return lines


def _counted(count: int, kind: str) -> str:
    plurals = {"constant": "constants", "leaf": "leaves", "box": "boxes"}
    return f"{count:,} {plurals.get(kind, kind) if count > 1 else kind}"


def _product(grad: Number, partial: Number) -> str:
    """Return the product of two numbers with its factors."""
    factors = f"{exact(grad)} * {exact(partial)}"
    grad, partial = (n.item() if hasattr(n, "item") else n for n in (plain(grad), plain(partial)))
    try:
        return f"{factors} = {exact(grad * partial)}"
    except (ArithmeticError, TypeError):
        return factors


_GRAPH_STYLE = {
    "fontname": _FONT,
    "fontsize": "10",
    "fontcolor": _QUIET,
}
_NODE_STYLE = {
    "shape": "box",
    "style": "filled",
    "fillcolor": "white",
    "color": _INK,
    "fontname": _FONT,
    "fontsize": "12",
    "fontcolor": _INK,
    "height": "0.3",
    "margin": "0.1,0.06",
}
_EDGE_STYLE = {"color": _QUIET, "arrowsize": "0.6", "fontname": _FONT, "fontsize": "10"}
_OPERATION_STYLE = {"shape": "ellipse", "width": "0.35", "height": "0.35", "margin": "0.02,0.02"}
_CONSTANT_STYLE = {"shape": "plaintext", "style": "", "fontcolor": _QUIET, "width": "0.2"}
_FOLDED_STYLE = {"shape": "box3d", "fillcolor": "#eeeeee", "margin": "0.15,0.13"}
_EMPHASIS = {"color": _INK, "penwidth": "3"}


# ---- In a notebook ----------------------------------------------------------------------------


def mimebundle(
    root: Value, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None
) -> dict[str, str]:
    """Return what a notebook shows of a Value: its picture, if small, and its text.

    Parameters
    ----------
    root : Value
        The result.
    include, exclude : iterable of str, optional
        The MIME types that are asked for, and those that are not.

    Returns
    -------
    dict
        `"text/plain"`, and `"image/svg+xml"` where the graph is small and can be rendered.

    Examples
    --------
    >>> mimebundle(Value(2.0, "x"))
    {'text/plain': "Value(2.0, label='x')"}
    """
    wanted = {"text/plain", "image/svg+xml"} if include is None else set(include)
    wanted -= set(exclude or ())
    is_large = _has_more_nodes_than(NOTEBOOK_LIMIT, root)
    bundle = {"text/plain": repr(root)}
    if is_large:
        bundle["text/plain"] += f", of more than {NOTEBOOK_LIMIT} nodes: autodiff.draw shows them"
    elif root.operands and "image/svg+xml" in wanted:
        with contextlib.suppress(graphviz.ExecutableNotFound, graphviz.CalledProcessError):
            bundle["image/svg+xml"] = draw(root).pipe("svg", encoding="utf-8")
    return {kind: shown for kind, shown in bundle.items() if kind in wanted}


def _has_more_nodes_than(limit: int, root: Value) -> bool:
    """Return whether a graph is larger, without walking through more of it than needed."""
    found = {root: None}
    waiting = [root]
    for node in waiting:
        for operand in node.operands:
            if operand not in found:
                found[operand] = None
                waiting.append(operand)
            if len(found) > limit:
                return True
    return False
