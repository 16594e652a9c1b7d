"""What is read off a recorded graph to compare derivatives: its traits and its kinks.

A trait is something that has a number at every point: a variable, an intermediate value, a local
derivative, one part of a derivative, the distance from a kink. `diagnosis` sets them beside a
mistake and sees which of them explains it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from autodiff.checking.numerical import size_of_parts
from autodiff.graph import CONSTANT, sweep, topological_order
from autodiff.kinds import Number, number_like
from autodiff.value import Value

_LONGEST = 60  # letters of an intermediate value that is named by what it computes
_LARGEST = 2_000  # nodes of a graph whose intermediate values are looked at


class Trait(NamedTuple):
    """Something that has a number at every point, and could be what a formula forgot."""

    kind: str  # "name", "value", "local derivative", "part" of a derivative, or "kink"
    text: str
    variable: str = ""  # of which variable's derivative it is a part


@dataclass
class Recording:
    """A function computed on Values at one point: its graph, and all that is read off it."""

    value: Number
    gradients: dict[str, Number]
    traits: dict[Trait, float] = field(default_factory=dict)
    size: float = 0.0  # of the numbers that the value was made up of
    kinks: dict[str, list[tuple[str, float]]] = field(default_factory=dict)


def recorded(root: Any, variables: Mapping[str, Value]) -> Recording:
    """Read a graph: the derivative in each variable, its intermediate values, its kinks."""
    if not isinstance(root, Value):
        return Recording(root, dict.fromkeys(variables, 0))
    swept = sweep(root, number_like(root, 1))
    gradients = {name: swept.get(variable) for name, variable in variables.items()}
    recording = Recording(
        root.data,
        {name: 0 if gradient is None else gradient for name, gradient in gradients.items()},
        size=size_of_parts(root),
    )
    order = topological_order(root)[::-1]
    texts = node_texts(order, variables)
    for trait, number in _traits(order, texts, swept, variables):
        recording.traits.setdefault(trait, as_float(number))
    for name, variable in variables.items():
        recording.kinks[name] = list(_kinks_between(order, texts, swept, variable))
    return recording


def as_float(x: Any) -> float:
    try:
        return float(x)
    except (ArithmeticError, TypeError, ValueError):
        return math.nan


_PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2, "%": 2, "//": 2, "neg": 3, "pos": 3, "**": 4}
_ATOM = 5


def node_texts(order: Sequence[Value], variables: Mapping[str, Value]) -> dict[Value, str]:
    """Return what each node computes, as text; "" where that is long or has no name."""
    names = {variable: name for name, variable in variables.items()}
    written: dict[Value, tuple[str, int]] = {}
    for node in order:
        name = names.get(node) or node.label
        if name:
            written[node] = name, _ATOM
        elif node.operands:
            written[node] = _operation_text(node, [written[operand] for operand in node.operands])
        else:
            written[node] = (str(node.data) if node.operation == CONSTANT else ""), _ATOM
    return {node: text for node, (text, _) in written.items()}


def _operation_text(node: Value, operands: list[tuple[str, int]]) -> tuple[str, int]:
    """Write an operation, with brackets where they are needed."""
    operation = node.operation or ""
    own = _PRECEDENCE.get(operation, _ATOM)
    texts = [text for text, _ in operands]
    if not all(texts):
        return "", own
    if own == _ATOM:
        text = f"{operation}({', '.join(texts)})"
    else:
        # Subtraction and division group to the left, powers to the right.
        needed = [own + (operation == "**"), own + (operation not in ("+", "*"))]
        needed = [own] if len(operands) == 1 else needed
        bracketed = [
            text if precedence >= least else f"({text})"
            for (text, precedence), least in zip(operands, needed, strict=True)
        ]
        sign = {"neg": "-", "pos": "+"}.get(operation)
        spaced = operation if operation == "**" else f" {operation} "
        text = f"{sign}{bracketed[0]}" if sign else spaced.join(bracketed)
    return (text if len(text) <= _LONGEST else ""), own


def _traits(
    order: Sequence[Value],
    texts: Mapping[Value, str],
    swept: Mapping[Value, Number],
    variables: Mapping[str, Value],
) -> Iterator[tuple[Trait, Number]]:
    """Yield what may be missing in a formula; the nodes with a name first."""
    names = {variable: name for name, variable in variables.items()}
    for name, variable in variables.items():
        yield Trait("name", name), variable.data
    nodes = [node for node in order if node.operation != CONSTANT and texts[node]]
    nodes = nodes if len(nodes) <= _LARGEST else [node for node in nodes if node.label]
    for node in sorted(nodes, key=lambda node: (node.label is None, len(texts[node]))):
        if node not in names:
            yield Trait("name" if node.label else "value", texts[node]), node.data
    for node in nodes:
        single = len(node.operands) == 1 or node.operation == "**"
        if single and node.partials[0] is not None:
            text = f"the derivative of {texts[node]} in {texts[node.operands[0]]}"
            yield Trait("local derivative", text), node.partials[0]
    for node in nodes:
        for operand, partial in zip(node.operands, node.partials, strict=True):
            if operand in names and partial is not None and swept[node] is not None:
                part = Trait("part", texts[node], names[operand])
                yield part, swept[node] * partial
    for node in nodes:
        for text, distance in _kinks(node, texts):
            yield Trait("kink", text), distance


# ---- Kinks ------------------------------------------------------------------------------------


def _kinks(node: Value, texts: Mapping[Value, str]) -> Iterator[tuple[str, Number]]:
    """Yield, for each kink or jump of an operation, what is 0 there, and its number here."""
    operands = node.operands
    if node.operation in ("relu", "abs", "sign", "heaviside"):
        yield texts[operands[0]], operands[0].data
    elif node.operation in ("maximum", "minimum"):
        a, b = operands
        yield f"{texts[a]} - {texts[b]}", a.data - b.data
    elif node.operation == "clip":
        x, *bounds = operands
        for bound in bounds:
            yield f"{texts[x]} - {texts[bound]}", x.data - bound.data
    elif node.operation in ("floor", "ceil"):
        yield texts[node], operands[0].data - round(operands[0].data)
    elif node.operation in ("%", "//"):
        a, b = operands
        yield texts[node], min(a.data % b.data, b.data - a.data % b.data, key=abs)


def _kinks_between(
    order: Sequence[Value],
    texts: Mapping[Value, str],
    swept: Mapping[Value, Number],
    variable: Value,
) -> Iterator[tuple[str, float]]:
    """Yield the kinks that the derivative in a variable runs through: what they are, how far."""
    depends = {variable}
    for node in order:
        if not depends.isdisjoint(node.operands):
            depends.add(node)
            if swept[node] is None or as_float(swept[node]) == 0:
                continue  # the kink does not show in the result
            for _, distance in _kinks(node, texts):
                yield texts[node] or str(node.operation), as_float(distance)
