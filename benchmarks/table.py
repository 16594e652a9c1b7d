"""The figures as Markdown: the goals, then a table of ratios for each section."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import subprocess
from pathlib import Path
from typing import Any

from benchmarks.goals import GOALS, Goal
from benchmarks.sections import SECTIONS, Section
from benchmarks.turns import Figure

# By section, case and system: a Figure, or why there is none
Found = dict[str, dict[str, dict[str, Any]]]


def digits(number: float) -> str:
    """Write a number with about three digits."""
    if number >= 100:
        return f"{number:,.0f}"
    return f"{number:.3g}" if number >= 0.001 or number == 0 else f"{number:.1g}"


def reference(section: Section, figures: dict[str, Any]) -> str | None:
    """Return what the others are set beside: the section's system, or the first there is."""
    there = [name for name, figure in figures.items() if isinstance(figure, Figure)]
    return section.reference if section.reference in there else next(iter(there), None)


def cell(section: Section, figures: dict[str, Any], name: str) -> str:
    figure, beside = figures[name], reference(section, figures)
    if isinstance(figure, str):
        return escaped(figure)
    assert beside is not None
    times = " + ".join(digits(part * section.units) for part in figure.parts)
    if name == beside:
        return f"**1**, {times}"
    other = figures[beside]
    least, median = figure.least / other.least, figure.median / other.median
    return f"**{digits(least)}** ({digits(median)}), {times}"


def escaped(text: str) -> str:
    return re.sub(r"([|*_`<>\[\]])", r"\\\1", text)


def section_table(section: Section, found: dict[str, dict[str, Any]]) -> str:
    beside = {reference(section, figures) for figures in found.values()} - {None}
    parts = f" ({section.parts})" if section.parts else ""
    rows = [["system", *found], ["---"] * (1 + len(found))]
    rows += [
        [name, *(cell(section, figures, name) for figures in found.values())]
        for name in section.systems
    ]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    names = " or ".join(f"*{name}*" for name in sorted(map(str, beside)))
    return f"## {section.title}\n\nTimes of {names}; then {section.unit}{parts}.\n\n{table}\n"


# ---- The goals --------------------------------------------------------------------------------


def measured(goal: Goal, figures: dict[str, Any]) -> float | None:
    """Return what is measured of a goal in a case; None where a figure for it is missing."""

    def times(name: str, part: int) -> float:
        figure = figures[name]
        if not isinstance(figure, Figure):
            raise LookupError(name)
        return figure.least if part < 0 else figure.parts[part]

    try:
        return goal.measure(times)
    except LookupError:
        return None


def goal_rows(found: Found) -> list[tuple[Goal, str, float | None]]:
    """Return each goal with its case and what was measured."""
    return [
        (goal, label, measured(goal, figures))
        for goal in GOALS
        for label, figures in found.get(goal.section, {}).items()
        if goal.cases in label
    ]


def goals_table(found: Found) -> str:
    lines, notes = ["| goal | case | at most | measured | |", "| --- | --- | --- | --- | --- |"], []
    for goal, label, value in goal_rows(found):
        said = "not measured" if value is None else "met" if value <= goal.most else "**not met**"
        number = "" if value is None else digits(value)
        lines.append(f"| {goal.text} | {label} | {digits(goal.most)} | {number} | {said} |")
        if said == "**not met**" and goal.note and goal.note not in notes:
            notes.append(goal.note)
    return "\n".join(["## Goals", "", *lines, *(f"\n{note}" for note in notes)]) + "\n"


# ---- The page ---------------------------------------------------------------------------------


def machine() -> str:
    """Return the machine and its versions in a few lines."""
    cpuinfo = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    model = re.search(r"model name\s*: (.*)", cpuinfo)
    vectors = next((name for name in ("avx512f", "avx2") if f" {name} " in cpuinfo), "")
    processor = ", ".join(filter(None, [model[1] if model else platform.machine(), vectors]))
    try:
        compiler = subprocess.run(["cc", "--version"], capture_output=True, text=True).stdout
    except FileNotFoundError:
        compiler = "no C compiler"
    count = len(os.sched_getaffinity(0))
    return (
        f"{platform.platform()}; {processor}; processors: {count}; "
        f"{platform.python_implementation()} {platform.python_version()}; "
        f"{compiler.partition(chr(10))[0]}."
    )


def versions() -> str:
    """Return the version of each system that is installed, and the names of those that are not."""
    names = {system.distribution for s in SECTIONS.values() for system in s.systems.values()}
    there, missing = [], []
    for name in sorted({*names, "numpy", "autodiff-engine"} - {""}):
        try:
            there.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    return ", ".join(there) + (f". Not installed: {', '.join(missing)}." if missing else ".")


HEAD = """\
# autodiff beside its peers

What `python -m benchmarks` printed. Ratios are of one run, in which all took turns, each in a
process of its own on one processor: of the best times, in brackets of the medians, then the best
times themselves. Above 1 is slower. No system is timed before its numbers agree with NumPy's, to
1e-9 of them.

{machine}

{versions}
"""


def page(found: Found) -> str:
    """Return all as Markdown."""
    head = HEAD.format(machine=machine(), versions=versions())
    tables = [section_table(SECTIONS[key], cases) for key, cases in found.items()]
    return "\n".join([head, goals_table(found), *tables])
