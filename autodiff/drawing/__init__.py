"""The graph of a Value as a picture: `draw`, and `mimebundle` for notebooks.

`layout` says what a picture shows, with `folding` for large graphs, `chain_rule` for its products
and sums, and `texts` for its words; `dot` writes it for Graphviz, which `rendering` finds, and
`svg` puts what that draws into a page; `tree` writes the graph as text. Nothing here recurses, so
the depth of a graph has no limit.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from autodiff.drawing.layout import layout_of
from autodiff.drawing.texts import NumberFormat
from autodiff.value import Value

if TYPE_CHECKING:
    from autodiff.drawing.rendering import Drawing

LIMIT = 150  # nodes in a picture; a larger graph is folded
NOTEBOOK_LIMIT = 50  # nodes; a larger graph is not drawn unasked


def draw(
    root: Value,
    *,
    direction: str = "LR",
    number_format: NumberFormat = ".4g",
    grads: str = "all",
    partials: bool = False,
    chain_rule: bool = False,
    source: Value | None = None,
    highlight: Value | Iterable[Value] | None = None,
    limit: int = LIMIT,
) -> Drawing:
    """Draw the graph that a Value was computed from.

    A box is a variable, with its label, its number and its derivative; an ellipse is an operation
    with its operands in their order, by their labels or else their numbers. Leaves have round
    corners, the result has a double line, constants have no box. Blue is a positive derivative,
    orange a negative one, violet one that is nan; the deeper, the larger. In a notebook and in an
    SVG file, pointing at something shows all digits, and at an edge the chain rule.

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
    chain_rule : bool
        Whether the chain rule is worked out in numbers: on each edge the derivative of the result
        times the local derivative, in a box where several of them meet their sum, and below the
        picture the local derivatives along the ways to a single highlighted Value, multiplied.
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
    from autodiff.drawing.dot import written

    layout = layout_of(
        root, direction, number_format, grads, partials, source, highlight, limit, chain_rule
    )
    return written(layout)


def mimebundle(
    root: Value, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None
) -> dict[str, str]:
    """Return what a notebook shows of a Value: its text and, if the graph is small, its picture.

    By MIME type; `include` and `exclude` say which are asked for, and which are not.
    """
    wanted = {"text/plain", "text/html"} if include is None else set(include)
    wanted -= set(exclude or ())
    bundle = {"text/plain": repr(root)}
    if _has_more_nodes_than(NOTEBOOK_LIMIT, root):
        bundle["text/plain"] += f", of more than {NOTEBOOK_LIMIT} nodes: autodiff.draw shows them"
    elif root.operands and "text/html" in wanted:
        from graphviz import CalledProcessError, ExecutableNotFound

        with contextlib.suppress(ExecutableNotFound, CalledProcessError):
            bundle["text/html"] = draw(root).html()
    return {kind: shown for kind, shown in bundle.items() if kind in wanted}


def _has_more_nodes_than(limit: int, root: Value) -> bool:
    """Return whether a graph is larger, without walking through more of it than needed."""
    found, waiting = {root}, [root]
    while waiting and len(found) <= limit:
        operands = waiting.pop().operands
        waiting += set(operands) - found
        found.update(operands)
    return len(found) > limit
