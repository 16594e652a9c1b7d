"""Rendering: a `graphviz.Digraph` that finds a program to render with.

It takes the `dot` program of the machine or, where there is none, that of the package
graphviz-pure.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import shutil
import threading
from collections.abc import Iterable, Iterator
from typing import Any

import graphviz
from graphviz.backend import dot_command

from autodiff.drawing.svg import inline


class RendererNotFoundError(graphviz.ExecutableNotFound):  # type: ignore[misc]
    """No program that renders a picture is on this machine."""

    def __init__(self) -> None:
        RuntimeError.__init__(
            self,
            "rendering a picture takes a program, and neither Graphviz nor graphviz-pure is on "
            "this machine: pip install graphviz-pure, or install the Graphviz of your system; the "
            "picture's .source and autodiff.tree(value) need neither",
        )


def _renderer() -> str:
    """Return the program that renders: the `dot` of the machine, or that of graphviz-pure."""
    found = shutil.which(str(dot_command.DOT_BINARY)) or shutil.which("graphviz-pure")
    if found:
        return found
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        # Its directory is not on the PATH when Python runs without an activated environment.
        for file in importlib.metadata.files("graphviz-pure") or ():
            if file.stem == "graphviz-pure" and (found := shutil.which(str(file.locate()))):
                return found
    raise RendererNotFoundError


_rendering = threading.RLock()


@contextlib.contextmanager
def _renderer_chosen() -> Iterator[None]:
    """Point the package graphviz, for as long as this renders, to the program that is here."""
    with _rendering:
        before = dot_command.DOT_BINARY
        dot_command.DOT_BINARY = _renderer()
        try:
            yield
        finally:
            dot_command.DOT_BINARY = before


class Drawing(graphviz.Digraph):  # type: ignore[misc]
    """A `graphviz.Digraph` that also renders where the package graphviz-pure is all there is.

    A notebook shows it as SVG inside the page, with tooltips and a description.
    """

    description = ""  # what it shows, in words

    def pipe(self, format: str | None = None, **options: Any) -> Any:
        """Return the rendered picture, as `graphviz.Digraph.pipe` does."""
        with _renderer_chosen():
            return super().pipe(format, **{"quiet": True, **options})

    def render(self, filename: Any = None, *arguments: Any, **options: Any) -> str:
        """Write the rendered picture to a file, as `graphviz.Digraph.render` does."""
        with _renderer_chosen():
            return super().render(filename, *arguments, **{"quiet": True, **options})  # type: ignore[no-any-return]

    def html(self) -> str:
        """Return the picture as an element of an HTML page."""
        return inline(self.pipe("svg", encoding="utf-8"), self.description)

    def _repr_mimebundle_(
        self, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None, **_: Any
    ) -> dict[str, str]:
        wanted = {"text/html", "text/plain"} if include is None else set(include)
        wanted -= set(exclude or ())
        bundle = {"text/plain": self.description} if "text/plain" in wanted else {}
        if "text/html" in wanted:
            return bundle | {"text/html": self.html()}
        return bundle | super()._repr_mimebundle_(include, exclude)  # type: ignore[no-any-return]
