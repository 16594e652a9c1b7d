"""The figures as a picture: a bar for each system in each case, on a scale of logarithms. SVG."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from html import escape
from typing import Any

from benchmarks.sections import SECTIONS, Section
from benchmarks.table import Found, digits, reference
from benchmarks.turns import Figure

TOP, WIDTH, NAME, ROW, GAP = 44, 460, 210, 15, 26  # of the panels, in pixels
BARS = WIDTH - NAME - 60  # the widest: a number stands beside it

HEAD = "Times beside autodiff's (the line), on scales of logarithms. The shorter, the faster."
STYLE = """
svg { --back: #ffffff; --text: #24292f; --dim: #6a737d;
  --ours: #2f6db3; --bar: #c9a227; --line: #d0d7de }
@media (prefers-color-scheme: dark) { svg { --back: #1c2128; --text: #dbe1e8; --dim: #97a0aa;
  --ours: #6aa5e8; --bar: #b3922f; --line: #444c56 } }
text { font: 11px system-ui, sans-serif; fill: var(--text) }
.back { fill: var(--back) } .title { font-weight: 600; font-size: 12px } .dim { fill: var(--dim) }
.ours { fill: var(--ours) } .bar { fill: var(--bar) } .one { stroke: var(--line) }
"""


def text(x: float, y: float, words: str, kind: str = "", end: bool = False) -> str:
    anchor = ' text-anchor="end"' if end else ""
    return f'<text x="{x:.0f}" y="{y:.0f}" class="{kind}"{anchor}>{escape(words)}</text>'


def panel(
    section: Section, label: str, figures: dict[str, Any], x: float, y: float
) -> Iterator[str]:
    """Draw a case: the systems from the fastest to the slowest, then those without a figure."""
    beside = reference(section, figures)
    title = re.split("[:,]", section.title.replace("`", ""))[0]
    yield text(x, y + 12, f"{title}: {label}", "title")
    if beside is None:
        return
    one = figures[beside].least
    ratios = {
        name: figure.least / one for name, figure in figures.items() if isinstance(figure, Figure)
    }
    low, high = (math.log(of(ratios.values())) for of in (min, max))
    low, span = low - 0.35, max(high - low, 1.0) + 0.35
    at = x + NAME
    for i, (name, ratio) in enumerate(sorted(ratios.items(), key=lambda item: item[1])):
        top = y + 20 + i * ROW
        length = BARS * (math.log(ratio) - low) / span
        kind = "ours" if name.startswith("autodiff") else "bar"
        yield text(at - 6, top + 11, name, end=True)
        box = f'x="{at}" y="{top + 2}" width="{length:.1f}" height="{ROW - 4}"'
        yield f'<rect {box} class="{kind}"/>'
        yield text(at + length + 5, top + 11, digits(ratio))
    bottom = y + 20 + len(ratios) * ROW
    middle = at + BARS * -low / span
    yield f'<line x1="{middle:.1f}" x2="{middle:.1f}" y1="{y + 20}" y2="{bottom}" class="one"/>'
    missing = [name for name in figures if name not in ratios]
    for i, name in enumerate(missing):
        top = bottom + i * ROW
        yield text(at - 6, top + 11, name, "dim", end=True)
        yield text(at, top + 11, figures[name][:34], "dim")


def picture(found: Found) -> str:
    """Return the picture: panels in two columns, the second from where the first is half of all."""
    panels = [(SECTIONS[key], *case) for key, cases in found.items() for case in cases.items()]
    heights = [20 + len(figures) * ROW + GAP for _, _, figures in panels]
    ends, drawn = [TOP, TOP], list[str]()
    for i, (section, label, figures) in enumerate(panels):
        column = int(sum(heights[:i]) + heights[i] / 2 > sum(heights) / 2)
        drawn += panel(section, label, figures, 20 + column * (WIDTH + 30), ends[column])
        ends[column] += heights[i]
    width, height = 70 + 2 * WIDTH, max(ends)
    head = text(20, 26, HEAD)
    lines = "\n".join(drawn)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height:.0f}" '
        f'width="{width}" height="{height:.0f}" role="img">\n<style>{STYLE}</style>\n'
        f'<rect width="100%" height="100%" class="back"/>\n{head}\n{lines}\n</svg>\n'
    )
