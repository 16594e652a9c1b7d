"""A page that computes: one HTML file in which a graph is stepped through, moved and derived.

`model` reads a graph, and records the program of all its numbers; `svg` writes the layout that
pictures have; `lesson` is what a page teaches. What runs in the browser is in `assets`: it knows no
derivative, and takes all numbers from the program.
"""

from __future__ import annotations

import html
import json
import os
import pathlib
import random
import re
from typing import Any

from autodiff.checking.diagnosis import of_factor
from autodiff.checking.evidence import constant_name
from autodiff.drawing.texts import CHAIN_RULE
from autodiff.formula.spelling import FUNCTIONS, OTHER_ROWS
from autodiff.pages.lesson import Lesson, Preset
from autodiff.pages.model import Model, model_of
from autodiff.pages.svg import Svg
from autodiff.pages.texts import typeset
from autodiff.program.javascript import operations
from autodiff.rows import ATOM, COMPARISON, TABLE
from autodiff.value import Value

__all__ = ["Lesson", "Page", "Preset", "page", "written"]

_ASSETS = pathlib.Path(__file__).with_name("assets")
_SCRIPTS = ("numbers", "model", "formula", "graph", "plot", "controls", "forward", "backward",
            "bowl", "learn", "presets", "by_hand", "main")  # fmt: skip
_OPERATORS = [name for name, row in TABLE.items() if COMPARISON <= row.binding < ATOM]
_FACTORS = (-1, 2, 1 / 2, 3, 1 / 3, 4, 1 / 4, -2, -1 / 2)  # that people drop or have too many
_POINTS = 20


class Page:
    """A page: its text in `html`. `page` makes it, a notebook shows it.

    Examples
    --------
    >>> from autodiff import Value, page
    >>> weight = Value(0.5, "weight")
    >>> shown = page((0.5 * weight - 0.8) ** 2)
    >>> shown.html.startswith("<!DOCTYPE html>")
    True
    """

    def __init__(self, text: str, title: str) -> None:
        self.html = text
        self.title = title

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the page into a file.

        Parameters
        ----------
        path : str or path
            Where; it can be opened from there, without a server.
        """
        pathlib.Path(path).write_text(self.html, encoding="utf-8")

    def _repr_html_(self) -> str:
        return (
            f'<iframe title="{html.escape(self.title)}" srcdoc="{html.escape(self.html)}" '
            'style="width: 100%; height: 56rem; border: 0"></iframe>'
        )

    def __repr__(self) -> str:
        return f"<Page {self.title!r}: {len(self.html.encode()):,} bytes>"


def page(root: Value, *, title: str | None = None) -> Page:
    """Make a page of the graph that a Value was computed from, which computes it again.

    The reader steps through the values and then the derivatives, each multiplication in numbers;
    moves a number and sees graph and curve move; takes steps of gradient descent; and has the
    gradient that they derived by hand compared. The page is one file, which needs no network and
    nothing else.

    Parameters
    ----------
    root : Value
        The result. Its graph has up to 100 nodes, whose numbers are floats, whole numbers or
        fractions; the page computes with floats.
    title : str, optional
        What stands at the head; by default the formula of the result.

    Returns
    -------
    Page
        Its text is `html`, and `save` writes it into a file.

    Raises
    ------
    TypeError
        If `root` is no Value with a variable, a number is none of these, or an operation is a
        person's own.
    ValueError
        If the graph has too many nodes.
    NotImplementedError
        If the browser lacks a function of the graph: erf, erfc, lgamma, polygamma.

    Examples
    --------
    >>> from autodiff import Value, page
    >>> weight, input = Value(0.5, "weight"), Value(0.5, "input")
    >>> shown = page((input * weight - 0.8) ** 2)
    >>> shown.title
    'result = (input × weight − 0.8) ** 2'
    """
    model = model_of(root)
    return _page(Lesson(root, title or model.data["formula"]), model)


def written(lesson: Lesson) -> Page:
    """Make the page of a lesson."""
    return _page(lesson, model_of(lesson.root))


def _page(lesson: Lesson, model: Model) -> Page:
    models = [model] if lesson.by_hand is None else [model, model_of(lesson.by_hand)]
    names = [node["name"] for node in model.data["nodes"]]
    last = models[-1]
    data = {
        "models": [model.data for model in models],
        "learns": names.index(lesson.learns or _learning(names)),
        "hasHalf": bool(lesson.half_hint),
        "halfHint": lesson.half_hint,
        "learnsHint": lesson.learns_hint,
        "presets": [vars(preset) for preset in lesson.presets],
        "chainRule": CHAIN_RULE,
        "points": _points(last.data["inputs"]),
        "factors": [(x, of_factor(x, str(constant_name(x)), "autodiff")) for x in _FACTORS],
    }
    code = [f"() => {{\n{model.code}\nreturn compute;\n}}" for model in models]
    calls = {name: OTHER_ROWS.get(name, (name,))[0] for name in FUNCTIONS}
    calls |= {operator: operator for operator in _OPERATORS}
    scripts = [(_ASSETS / f"{name}.js").read_text(encoding="utf-8") for name in _SCRIPTS]
    parts = {
        "title": html.escape(typeset(lesson.title)),
        "about": html.escape(lesson.about),
        "style": (_ASSETS / "page.css").read_text(encoding="utf-8"),
        "graphs": "\n".join(_graphs(model, place) for place, model in enumerate(models)),
        "data": _as_json(data),
        "programs": (
            f"const COMPUTE = [{', '.join(f'({text})()' for text in code)}];\n"
            f"const OPERATIONS = (() => {{\n{operations(calls)}}})();"
        ),
        "script": "\n".join(scripts),
    }
    text = (_ASSETS / "page.html").read_text(encoding="utf-8")
    for name, part in parts.items():
        text = text.replace(f"<!-- {name} -->", part)
    return Page(text, lesson.title)


def _learning(names: list[str]) -> str:
    """Return which leaf learns where nobody says it: the first that is called a weight."""
    return next((name for name in names if re.match(r"w(eight)?(?![a-z])", name)), names[0])


def _as_json(data: Any) -> str:
    """Write data so that no text in it can end the element that it stands in."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def _points(numbers: list[float]) -> list[list[float]]:
    """Return random points around the numbers, at which what is by hand is compared."""
    chance = random.Random(0)
    return [[x + max(1.0, abs(x)) * chance.uniform(-1, 1) for x in numbers] for _ in range(_POINTS)]


def _graphs(model: Model, place: int) -> str:
    """Write a graph as pages show it: from left to right, and downwards where there is no room."""
    data: dict[str, Any] = model.data
    title = f"The graph of {data['nodes'][-1]['name']}; its numbers stand in the table below it"
    drawn = [Svg(model.layout._replace(direction=x), data).text(title) for x in ("LR", "TB")]
    head = (
        f'<div class="graphs" data-model="{place}" tabindex="0" role="region" aria-label="Graph">'
    )
    return "\n".join([head, *drawn, "</div>"])
