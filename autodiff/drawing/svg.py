"""SVG inside an HTML page, where tooltips are alive and a screen reader finds a description.

Graphviz names every node and edge in a `<title>`, which a browser shows as a tooltip, and keeps the
texts that a person wants to see as links' titles, which few browsers show. `inline` puts these in
the place of those, and lays wide invisible lines over the edges, which are thin to point at.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from xml.etree.ElementTree import Element

from autodiff.drawing.layout import Layout

_TOOLTIP = "{http://www.w3.org/1999/xlink}title"
# A picture shrinks to the page, but not so far that it could not be read: a wider one is scrolled.
_STYLE = "max-width: 100%; min-width: {}px; height: auto; font-family: Helvetica, Arial, sans-serif"
_PIXELS = 0.8  # of the least width for each point of Graphviz, which is 4/3 of a pixel
_SHRUNK = 0.9  # letters against those that Graphviz measured: the page's may be wider
_REACH = "12"  # points: how wide the line is that reacts to the pointer


def description(layout: Layout) -> str:
    """Return a picture in words: a line that says what it shows, and one for each of its nodes."""
    variables = [node for node in layout.nodes if node.kind != "constant"]
    result = layout.nodes[0].text.partition("\n")[0]
    lines = [f"The graph of {result}, with {len(variables):,} variables"]
    for node in variables:
        text = node.text.replace("\n", ", ")
        lines.append(f"{text}, computed as {node.formula}" if node.operation else text)
    return "\n".join(lines)


def inline(svg: str, description: str) -> str:
    """Return the SVG that Graphviz wrote as an element of HTML."""
    root = ElementTree.fromstring(svg)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]  # HTML knows what is SVG
        element.attrib.pop("id", None)  # another picture on the page has the same
    for text in root.iter("text"):
        del text.attrib["font-family"]
        text.set("font-size", f"{_SHRUNK * float(text.get('font-size', 12)):g}")
    for group in list(root.iter("g")):
        _show_tooltip(group)
    heading, _, details = description.partition("\n")
    root.set("role", "img")
    root.set("aria-label", heading)
    width = float(root.get("width", "0pt").removesuffix("pt"))
    root.set("style", _STYLE.format(round(_PIXELS * width)))
    described = Element("desc")
    described.text = details
    root.insert(0, described)
    return f'<div style="overflow-x: auto">{ElementTree.tostring(root, encoding="unicode")}</div>'


def _show_tooltip(group: Element) -> None:
    """Put the texts of the links into titles, and the links' contents in the links' places."""
    title = group.find("title")
    if title is not None:
        group.remove(title)
    if group.get("class") in ("node", "edge"):
        for link in list(group.iter("a")):
            tooltip = Element("title")
            tooltip.text = link.attrib.pop(_TOOLTIP, None)
            link.tag = "g"
            link.attrib.clear()
            link.insert(0, tooltip)
            if group.get("class") == "edge" and (line := link.find("path")) is not None:
                link.append(_reach_of(line))


def _reach_of(line: Element) -> Element:
    """Return a wide line that is not seen and reacts to the pointer."""
    reach = {"stroke": "transparent", "stroke-width": _REACH, "pointer-events": "stroke"}
    return Element("path", {"d": line.get("d", ""), "fill": "none", **reach})
