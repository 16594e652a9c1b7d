"""What a page computes, as data: takes a Value, gives its graph and its program in JavaScript.

The numbers of every node and edge come from one function, which is recorded here: the graph is
computed again on recording numbers, and swept. So no derivative is stated for the page.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any, NamedTuple

from autodiff.drawing.layout import Layout, layout_of
from autodiff.drawing.texts import formatter, formula, operation_on, printable
from autodiff.drawing.tree import names_of
from autodiff.graph import CONSTANT, swept, topological_order
from autodiff.kinds import plain
from autodiff.listing import Listing, evaluated, of_graph
from autodiff.pages.texts import forward_text, typeset
from autodiff.printing import Text
from autodiff.program.finishing import finished
from autodiff.program.javascript import function_of
from autodiff.program.masks import settled
from autodiff.program.tracing import Recording
from autodiff.rows import row_of
from autodiff.value import Value, node

LIMIT = 100  # nodes that a page shows
_LONGEST = 76  # letters of a formula


class Model(NamedTuple):
    """A graph that a page computes."""

    layout: Layout
    data: dict[str, Any]  # what the page reads as JSON
    code: str  # a function in JavaScript, from the numbers of the leaves to all numbers


def model_of(root: Value) -> Model:
    """Read off a graph all that a page needs.

    Parameters
    ----------
    root : Value
        The result.

    Returns
    -------
    Model
        The numbers of its function are those of the nodes, the derivatives of the root in them, the
        local derivatives of the edges, and what passes along these by the chain rule.

    Raises
    ------
    TypeError
        If `root` is no Value that was computed, a number is no float, whole number or fraction, or
        an operation is a person's own.
    ValueError
        If the graph has too many nodes.
    NotImplementedError
        If JavaScript lacks a function.
    """
    order = topological_order(root)
    if not root.operands:
        raise TypeError(f"a page shows how a Value was computed, and {root!r} was not")
    if len(order) > LIMIT:
        raise ValueError(
            f"a page shows up to {LIMIT} nodes one by one, and this graph has {len(order):,}: "
            "autodiff.draw folds it"
        )
    layout = layout_of(root, "LR", ".4g", "all", True, None, None, LIMIT)
    names = names_of(root, formatter(".4g"))
    if not root.label:
        names[root] = "result"
    leaves = [x for x in reversed(order) if x.operation is None]
    nodes = [*leaves, *sorted((x for x in order if x.operands), key=lambda x: x.serial)]
    places = {x: place for place, x in enumerate(nodes)}
    ends = [
        (operand, result) for result in nodes for operand in result.operands if operand in places
    ]
    listing, are_independent = _recorded(root, leaves, nodes)
    data = {
        "formula": typeset(_formula(nodes, names)),
        "inputs": [_number_of(leaf) for leaf in leaves],
        "nodes": [_node_data(x, names, places) for x in nodes],
        "edges": [
            {"tail": places[operand], "head": places[result], "isIndependent": is_independent}
            for (operand, result), is_independent in zip(ends, are_independent, strict=True)
        ],
        "order": [places[x] for x in order if x in places],
    }
    drawn = {node.name: places.get(x) for node, x in zip(layout.nodes, order, strict=True)}
    return Model(layout, {**data, "drawn": drawn}, function_of("compute", listing))


def _formula(nodes: Sequence[Value], names: dict[Value, str]) -> str:
    """Return the formula of the last node, in the names of the leaves as far as it stays short."""
    texts = {x: Text(name, is_simple=True) for x, name in names.items()}
    for x in nodes:
        if x.operands:
            text = operation_on([texts[operand] for operand in x.operands], str(x.operation))
            if len(text.text) <= _LONGEST or x is nodes[-1]:
                texts[x] = text
    result = names[nodes[-1]]
    return printable(f"{result} = {texts[nodes[-1]].text}")


def _number_of(leaf: Value) -> float:
    """Return the number of a leaf as the float that the page starts from."""
    number = plain(leaf.data)
    if isinstance(number, (float, int, Fraction)) and math.isfinite(number):
        return float(number)
    raise TypeError(
        f"a page computes with floats, and {leaf.label or 'a leaf'} is {number!r}, which is none"
    )


def _node_data(x: Value, names: dict[Value, str], places: dict[Value, int]) -> dict[str, Any]:
    """Return what the page says of a node."""
    data: dict[str, Any] = {"name": printable(names[x])}
    if x.operands:
        data["formula"] = typeset(printable(formula(x, names.__getitem__)))
        data["operands"] = [places.get(operand, names[operand]) for operand in x.operands]
        data["template"], data["brackets"] = forward_text(x)
        row = row_of(x.operation)
        data["isTruth"] = row is not None and row.is_truth
    return data


def _recorded(
    root: Value, leaves: Sequence[Value], nodes: Sequence[Value]
) -> tuple[Listing, list[bool]]:
    """Record the numbers of all nodes and edges; tell along which edges nothing ever passes."""
    recording = Recording()
    listing = of_graph(root, leaves)
    everything = replace(listing, outputs=tuple(range(len(listing.steps))))
    variables = [node(recording.input(_number_of(leaf))) for leaf in leaves]
    again = evaluated(everything, variables)
    recorded = dict(zip(_in_order(root, leaves), again, strict=True))
    start = len(recording.lines)
    order, sums = swept(recorded[root], recording.like(1))
    gradients = dict(zip(map(id, order), sums, strict=True))
    slopes = [gradients.get(id(recorded[x])) for x in nodes]
    partials, terms = [], []
    for x, slope in zip(nodes, slopes, strict=True):
        for operand, partial in zip(x.operands, recorded[x].partials, strict=True):
            if operand.operation != CONSTANT:
                partials.append(partial)
                terms.append(None if partial is None or slope is None else slope * partial)
    zero = recording.like(0)
    outputs = [
        zero if x is None else x
        for x in (*[recorded[x].data for x in nodes], *slopes, *partials, *terms)
    ]
    listing = finished(recording, [settled(recording.number(x)) for x in outputs], start)
    labels = {place: x.label or f"x{place}" for place, x in enumerate(leaves)}
    return replace(listing, names=labels, adjoints={}), [partial is None for partial in partials]


def _in_order(root: Value, leaves: Sequence[Value]) -> list[Value]:
    """Return the nodes in the order in which `of_graph` lists them."""
    return list(dict.fromkeys([*leaves, *topological_order(root)[::-1]]))
