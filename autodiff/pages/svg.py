"""The graph of a page as inline SVG: the layout of pictures, with room for numbers that change.

Takes a layout; gives an SVG whose groups say which node or edge of the page's data they show. The
numbers in them, and the colours, are the page's to fill in.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from autodiff.drawing.dot import written
from autodiff.drawing.layout import Layout, Node
from autodiff.drawing.texts import shortened
from autodiff.pages.texts import typeset

_WIDEST = "grad −8.888e−888"  # what stands in a box may become as wide
_PARTIAL = "−8.888e−88"
_LONGEST = 18  # letters of a name
_MARGIN = 6.0
_LINE = 15.0  # from one line of text to the next
_LONGEST_FORMULA = 24


class Svg:
    """A graph as SVG.

    Parameters
    ----------
    layout : Layout
        What is drawn, all of its nodes by themselves.
    data : dict
        The page's data: the names and formulas of its nodes, the ends of its edges.
    """

    def __init__(self, layout: Layout, data: dict[str, Any]) -> None:
        self.layout = layout
        self.places: dict[str, int | None] = data["drawn"]  # by the names of the layout's nodes
        self.names = [node["name"] for node in data["nodes"]]
        self.formulas = [node.get("formula", "") for node in data["nodes"]]
        self.nodes = {node.name: node for node in layout.nodes}
        self.uses: dict[tuple[int, int], list[int]] = defaultdict(list)
        for place, edge in enumerate(data["edges"]):
            self.uses[edge["tail"], edge["head"]].append(place)

    def text(self, title: str) -> str:
        """Return the text of the SVG; the title is for those who cannot see it."""
        placed = self._placed()
        left, bottom, right, self.top = map(float, placed["bb"].split(","))
        width, height = right - left + 2 * _MARGIN, self.top - bottom + 2 * _MARGIN
        objects = placed["objects"]
        body = [
            *[self._edge(x, objects) for x in placed.get("edges", ())],
            *[self._object(x) for x in objects if "pos" in x],  # a column of leaves has none
        ]
        kind = f"graph graph-{self.layout.direction.lower()}"
        return "\n".join([
            f'<svg class="{kind}" role="img" aria-label="{escape(title)}" '
            f'viewBox="{left - _MARGIN:.1f} {-_MARGIN:.1f} {width:.1f} {height:.1f}" '
            f'style="--width: {width:.0f}px">',
            *body,
            "</svg>",
        ])  # fmt: skip

    def _placed(self) -> dict[str, Any]:
        """Let Graphviz place boxes that have room for any number."""
        nodes = [
            node._replace(text=self._room(node), formula=self._operation(node))
            for node in self.layout.nodes
        ]
        edges = [x._replace(text=None if x.text is None else _PARTIAL) for x in self.layout.edges]
        drawing = written(self.layout._replace(nodes=nodes, edges=edges, caption=""))
        drawing.attr(ranksep="0.25", nodesep="0.15")
        return json.loads(drawing.pipe("json0", encoding="utf-8"))  # type: ignore[no-any-return]

    def _room(self, node: Node) -> str:
        place = self.places[node.name]
        if place is None:
            return node.text
        return "\n".join([self._name(place), _WIDEST, _WIDEST])

    def _operation(self, node: Node) -> str:
        """Return what stands in an ellipse: the operation with its operands, if that is short."""
        if node.operation is None:
            return ""
        formula = self.formulas[self.places[node.name] or 0]
        return formula if len(formula) <= _LONGEST_FORMULA else typeset(node.operation)

    def _name(self, place: int) -> str:
        """Return as much of a name as fits into a box."""
        return shortened(" ".join(self.names[place].split()), _LONGEST)

    # ---- What is drawn ------------------------------------------------------------------------

    def _object(self, placed: dict[str, Any]) -> str:
        name, circle, _ = placed["name"].partition("_operation")
        node, place = self.nodes[name], self.places[name]
        [(x, y)] = self._points(placed["pos"])
        width, height = (72 * float(placed[side]) for side in ("width", "height"))
        if circle:
            text = escape(self._operation(node))
            return (
                f'<g class="operation" data-node="{place}"><ellipse cx="{x:.1f}" cy="{y:.1f}" '
                f'rx="{width / 2:.1f}" ry="{height / 2:.1f}"/>{_text("", x, y, text)}</g>'
            )
        if place is None:
            return f'<g class="constant">{_text("", x, y, escape(node.text))}</g>'
        classes = f"node {node.kind}" + (" result" if node.is_result else "")
        box = f'x="{x - width / 2:.1f}" y="{y - height / 2:.1f}" width="{width:.1f}"'
        return "".join([
            f'<g class="{classes}" data-node="{place}"><title></title>',
            f'<rect class="paper" {box} height="{height:.1f}"/>'
            f'<rect class="box" {box} height="{height:.1f}"/>',
            _text("name", x, y - _LINE, escape(self._name(place))),
            _text("number", x, y),
            _text("grad", x, y + _LINE),
            "</g>",
        ])  # fmt: skip

    def _edge(self, placed: dict[str, Any], objects: Sequence[dict[str, Any]]) -> str:
        tail, head = (objects[placed[end]]["name"] for end in ("tail", "head"))
        line = self._line(placed["pos"])
        if tail.endswith("_operation"):
            place = self.places[head]
            return f'<g class="link" data-node="{place}">{line}</g>'
        tail_place, head_place = self.places[tail], self.places[head.removesuffix("_operation")]
        if tail_place is None or head_place is None:
            return f'<g class="constant">{line}</g>'
        edge = self.uses[tail_place, head_place].pop(0)
        label = ""
        if "lp" in placed:
            [(x, y)] = self._points(placed["lp"])
            label = _text("partial", x, y)
        return f'<g class="edge" data-edge="{edge}"><title></title>{line}{label}</g>'

    def _line(self, position: str) -> str:
        """Write an edge: its curve, a wider one that is met more easily, its arrowhead."""
        end, *curve = self._points(re.sub(r"^e,", "", position))
        path = f"M{_xy(curve[0])}C{' '.join(map(_xy, curve[1:]))}"
        (x, y), (tip_x, tip_y) = curve[-1], end
        side_x, side_y = (tip_y - y) / 2.4, (x - tip_x) / 2.4
        head = f"{_xy(end)} {_xy((x + side_x, y + side_y))} {_xy((x - side_x, y - side_y))}"
        return (
            f'<path class="hit" d="{path}"/><path class="line" d="{path}"/>'
            f'<polygon points="{head}"/>'
        )

    def _points(self, text: str) -> Iterator[tuple[float, float]]:
        """Read points; the page's y grows downwards."""
        return ((float(x), self.top - float(y)) for x, y in (p.split(",") for p in text.split()))


def _xy(point: tuple[float, float]) -> str:
    return "{:.1f},{:.1f}".format(*point)


def _text(kind: str, x: float, y: float, text: str = "") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{text}</text>'
