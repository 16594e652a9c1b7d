"""The figures as a picture, in SVG: a bar for each system in each case, on one scale of logarithms.

Bars begin at the line of the system that the others are set beside: to the right are those that
are slower. The picture has its own background, so that it can be read on light pages and dark ones.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

from benchmarks.sections import SECTIONS, Section
from benchmarks.table import Found, digits, reference
from benchmarks.turns import Figure

# In pixels: of a panel the names, the bars, and beside these the numbers; a row, what is between
TOP, NAME, BARS, NUMBER, ROW, GAP = 46, 205, 180, 38, 15, 26
WIDTH = NAME + NUMBER + BARS + NUMBER

HEAD = (
    "Times beside those of autodiff, on a scale of logarithms. Right of the line: slower. "
    "Left: faster. Blue: autodiff."
)
STYLE = """
svg { --back: #ffffff; --text: #24292f; --dim: #6a737d;
  --ours: #2f6db3; --bar: #c9a227; --line: #8c959f }
@media (prefers-color-scheme: dark) { svg { --back: #1c2128; --text: #dbe1e8; --dim: #97a0aa;
  --ours: #6aa5e8; --bar: #b3922f; --line: #6e7681 } }
text { font: 11px system-ui, sans-serif; fill: var(--text) }
.back { fill: var(--back) } .title { font-weight: 600; font-size: 12px } .dim { fill: var(--dim) }
.ours { fill: var(--ours) } .bar { fill: var(--bar) } .one { stroke: var(--line) }
"""


@dataclass(frozen=True)
class Scale:
    """Where a ratio stands, from the left end of the bars."""

    low: float
    high: float

    def at(self, ratio: float) -> float:
        return BARS * (math.log(ratio) - self.low) / (self.high - self.low)


def ratios_of(section: Section, figures: dict[str, Any]) -> dict[str, float]:
    """Return the ratios of the best times, the fastest first."""
    beside = reference(section, figures)
    there = {name: figure for name, figure in figures.items() if isinstance(figure, Figure)}
    ratios = {name: figure.least / there[beside].least for name, figure in there.items() if beside}
    return dict(sorted(ratios.items(), key=lambda item: item[1]))


def text(x: float, y: float, words: str, kind: str = "", end: bool = False) -> str:
    anchor = ' text-anchor="end"' if end else ""
    return f'<text x="{x:.0f}" y="{y:.0f}" class="{kind}"{anchor}>{escape(words)}</text>'


def bar(name: str, ratio: float, one: float, length: float, top: float) -> Iterator[str]:
    """Draw a system: from the line at `one` to the left or to the right, its ratio at the end."""
    left, kind = one + min(length, 0), "ours" if name.startswith("autodiff") else "bar"
    box = f'x="{left:.1f}" y="{top + 2}" width="{abs(length):.1f}" height="{ROW - 4}"'
    yield f'<rect {box} class="{kind}"/>'
    yield text(one + length + (-4 if length < 0 else 4), top + 11, digits(ratio), end=length < 0)


def panel(
    section: Section, label: str, figures: dict[str, Any], scale: Scale, x: float, y: float
) -> Iterator[str]:
    """Draw a case: the systems from the fastest to the slowest, then those without a figure."""
    title = re.split("[:,]", section.title.replace("`", ""))[0]
    yield text(x, y + 12, f"{title}: {label}", "title")
    ratios = ratios_of(section, figures)
    one = x + NAME + NUMBER + scale.at(1)
    names = [*ratios, *(name for name in figures if name not in ratios)]
    for i, name in enumerate(names):
        top = y + 20 + i * ROW
        if name in ratios:
            yield text(x + NAME - 6, top + 11, name, end=True)
            length = scale.at(ratios[name]) - scale.at(1)
            yield from bar(name, ratios[name], one, length, top)
        else:
            yield text(x + NAME - 6, top + 11, name, "dim", end=True)
            yield text(x + NAME + 4, top + 11, figures[name][:40], "dim")
    bottom = y + 20 + len(ratios) * ROW
    yield f'<line x1="{one:.1f}" x2="{one:.1f}" y1="{y + 20}" y2="{bottom}" class="one"/>'


def picture(found: Found) -> str:
    """Return the picture: panels in two columns, the second from where the first is half of all."""
    panels = [
        (SECTIONS[key], label, figures)
        for key, cases in found.items()
        for label, figures in cases.items()
        if ratios_of(SECTIONS[key], figures)
    ]
    ratios = [r for section, _, figures in panels for r in ratios_of(section, figures).values()]
    scale = Scale(math.log(min([0.5, *ratios])), math.log(max([2.0, *ratios])))
    heights = [20 + len(figures) * ROW + GAP for _, _, figures in panels]
    ends, drawn = [TOP, TOP], list[str]()
    for i, (section, label, figures) in enumerate(panels):
        column = int(sum(heights[:i]) + heights[i] / 2 > sum(heights) / 2)
        drawn += panel(section, label, figures, scale, 20 + column * (WIDTH + 30), ends[column])
        ends[column] += heights[i]
    width, height, lines = 70 + 2 * WIDTH, max(ends), "\n".join(drawn)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img">\n<style>{STYLE}</style>\n'
        f'<rect width="100%" height="100%" class="back"/>\n{text(20, 26, HEAD)}\n{lines}\n</svg>\n'
    )
