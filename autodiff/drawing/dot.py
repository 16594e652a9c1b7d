"""The writer to Graphviz: `written` takes a `Layout` and gives a `graphviz.Digraph`."""

from __future__ import annotations

from collections import defaultdict

import graphviz

from autodiff.drawing.layout import Layout, Node
from autodiff.drawing.rendering import Drawing
from autodiff.drawing.svg import description

_FONT, _INK, _QUIET = "Helvetica", "#222222", "#767676"

_GRAPH = {"fontname": _FONT, "fontsize": "10", "fontcolor": _QUIET}
_NODE = {
    "shape": "box", "style": "filled", "fillcolor": "white", "color": _INK, "fontname": _FONT,
    "fontsize": "12", "fontcolor": _INK, "height": "0.3", "margin": "0.1,0.06",
}  # fmt: skip
_EDGE = {"color": _QUIET, "arrowsize": "0.6", "fontname": _FONT, "fontsize": "10"}
_OPERATION = {"shape": "ellipse", "width": "0.35", "height": "0.35", "margin": "0.02,0.02"}
_NODES = {  # by kind
    "variable": {},
    "leaf": {"style": "filled,rounded"},
    "cut": {"style": "filled,dashed"},
    "constant": {"shape": "plaintext", "style": "", "fontcolor": _QUIET, "width": "0.2"},
    "folded": {"shape": "box3d", "fillcolor": "#eeeeee", "margin": "0.15,0.13"},
}
# By whether local derivatives stand on the edges
_GAPS = {True: {"nodesep": "0.4", "ranksep": "0.5"}, False: {"nodesep": "0.2", "ranksep": "0.35"}}
_BESIDE = "\xa0\xa0\xa0"  # before a text that stands at the right of a line, and would touch it
_EMPHASIS = {True: {"color": _INK, "penwidth": "3"}, False: {}}
_EDGES = {"constant": {"color": "#bbbbbb"}, "independent": {"style": "dashed"}}


def _node_style(node: Node) -> dict[str, str]:
    style = dict(_NODES[node.kind])
    if node.colour is not None:
        style["fillcolor"] = node.colour
    if node.is_result and node.kind != "constant":
        style["peripheries"] = "2"
    if node.is_emphasized and node.kind != "constant":
        style["penwidth"] = "2.5"
    return style


def _typed(text: str) -> str:
    """Escape a text, so that Graphviz draws it as it was typed."""
    escaped = text.replace("&", "&amp;").replace("\\", r"\\")
    return graphviz.nohtml(escaped)  # type: ignore[no-any-return]


def _tip(text: str) -> str:
    """Escape a tooltip, in which Graphviz reads backslashes twice."""
    return _typed(text.replace("\\", r"\\"))


def written(layout: Layout) -> Drawing:
    """Write a layout as a graph of Graphviz."""
    graph = {**_GRAPH, "rankdir": layout.direction, "label": _typed(layout.caption)}
    graph |= _GAPS[layout.has_partials]
    drawing = Drawing(format="svg", graph_attr=graph, node_attr=_NODE, edge_attr=_EDGE)
    drawing.description = description(layout)
    emphasized = {edge.head for edge in layout.edges if edge.is_emphasized}
    ends = {node.name: node.name for node in layout.nodes}  # of the edges to a node
    for node in layout.nodes:
        style = _node_style(node)
        drawing.node(node.name, _typed(node.text), tooltip=_tip(node.tooltip), **style)
        if node.operation is not None:
            tip = _tip(node.tooltip)
            ends[node.name] = circle = f"{node.name}_operation"
            drawing.node(circle, _typed(node.formula), tooltip=tip, **_OPERATION)
            drawing.edge(circle, node.name, tooltip=tip, **_EMPHASIS[node.name in emphasized])
    beside = _BESIDE if layout.direction in ("TB", "BT") else ""
    for edge in layout.edges:
        style = _EDGES.get(edge.kind, {}) | _EMPHASIS[edge.is_emphasized]
        label = None if edge.text is None else _typed(f"{beside}{edge.text}")
        tip = _tip(edge.tooltip)
        if label is not None:
            style |= {"labeltooltip": tip}
        drawing.edge(edge.tail, ends[edge.head], label, tooltip=tip, **style)
    _align(drawing, layout)
    return drawing


def _align(drawing: Drawing, layout: Layout) -> None:
    """Put the leaves of one column side by side."""
    columns: dict[int, list[str]] = defaultdict(list)
    for node in layout.nodes:
        if node.column is not None:
            columns[node.column].append(node.name)
    for names in columns.values():
        if len(names) > 1:
            with drawing.subgraph(graph_attr={"rank": "same"}) as column:
                for name in names:
                    column.node(name)
