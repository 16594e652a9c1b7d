"""What is read off a recorded graph to compare derivatives: its traits and its kinks.

A trait is something that has a number at every point: a variable, an intermediate value, a local
derivative, one part of a derivative, the distance from a kink. `diagnosis` sets them beside a
mistake and sees which of them explains it.
"""

from __future__ import annotations

import collections
import functools
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from autodiff.checking.mistakes import mistaken, mistaken_chain
from autodiff.checking.rounding import as_float, error_bound
from autodiff.graph import CONSTANT, push_forward, sweep
from autodiff.kinds import Number, number_like
from autodiff.value import Value

_LONGEST = 60  # letters of an intermediate value that is named by what it computes
_MOST_NAMES = 12  # of variables that one may be written for another
_LARGEST = 2_000  # nodes of a graph whose intermediate values are looked at

_COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
_CONDITIONS = (*_COMPARISONS, "and", "or", "not")


class Trait(NamedTuple):
    """Something that has a number at every point, and could explain what is wrong with a formula.

    "name", "value" and "slope" are what may be missing as a factor; "term", "use" and "path" are
    parts of the derivative; "mistake" and "chain" what a mistaken rule adds to it; "kink" is a
    distance; "quotient" of two variables, "root" the function itself.
    """

    kind: str
    text: str
    variant: int = 0  # where one text stands for several numbers


class Recording:
    """A function computed on Values at one point: its graph, and all that is read off it.

    Attributes
    ----------
    value : number
        What it returned.
    gradients : dict of str to number
        The derivative in each variable.
    """

    def __init__(self, root: Any, variables: Mapping[str, Value] | None = None) -> None:
        self._root = root
        self._variables = dict(variables or {})
        self.value = root.data if isinstance(root, Value) else root
        self._swept = sweep(root, number_like(root, 1)) if isinstance(root, Value) else {}
        found = {name: self._swept.get(node) for name, node in self._variables.items()}
        self.gradients = {name: 0 if g is None else g for name, g in found.items()}

    @property
    def rounding(self) -> Number:
        """How far rounding may have moved the value."""
        return error_bound(self._root)

    @functools.cached_property
    def _order(self) -> list[Value]:
        """The nodes, operands first."""
        return list(self._swept)[::-1]

    @functools.cached_property
    def _texts(self) -> dict[Value, str]:
        return node_texts(self._order, self._variables)

    def _tangents(self, name: str) -> dict[Value, Number]:
        """Return the derivative of every node in a variable that it depends on."""
        if not self._order:
            return {}
        pushed = push_forward(self._root, {id(self._variables[name]): 1})
        return {node: pushed[id(node)] for node in self._order if id(node) in pushed}

    def kinks(self, name: str) -> list[tuple[str, float]]:
        """Return the kinks that the derivative in a variable runs through, and how far they are."""
        depends = {self._variables[name]}
        found = []
        for node in self._order:
            if not depends.isdisjoint(node.operands):
                depends.add(node)
                if self._swept[node] is None or as_float(self._swept[node]) == 0:
                    continue  # the kink does not show in the result
                text = self._texts[node] or str(node.operation)
                found += [(text, as_float(distance)) for _, distance in _kinks(node, self._texts)]
        return found

    def traits(self, name: str) -> dict[Trait, float]:
        """Return the traits that the derivative in a variable may be explained by.

        Without a variable, those that the value of the function may be explained by.
        """
        tangents = self._tangents(name) if name else {}
        found = [*self._factors(tangents), *self._kinks()]
        if tangents:
            found.append((Trait("root", self._texts[self._root] or "the function"), self.value))
            found += [*self._parts(name, tangents), *self._mistakes(name, tangents)]
        traits: dict[Trait, float] = {}
        for trait, number in found:
            traits.setdefault(trait, as_float(number))
        return traits

    def _looked_at(self) -> list[Value]:
        """Return the nodes whose numbers may explain something, those with a name first."""
        unlikely = {CONSTANT, *_CONDITIONS}
        nodes = [n for n in self._order if n.operation not in unlikely and self._texts[n]]
        nodes = nodes if len(nodes) <= _LARGEST else [node for node in nodes if node.label]
        return sorted(nodes, key=lambda node: (node.label is None, len(self._texts[node])))

    def _factors(self, tangents: Mapping[Value, Number]) -> Iterator[tuple[Trait, Number]]:
        """Yield what may be missing as a factor, or be one too many."""
        inputs = self._variables.items()
        for name, variable in inputs:
            yield Trait("name", name), variable.data
        leaves = set(self._variables.values())
        nodes = [node for node in self._looked_at() if node not in leaves]
        for node in nodes:
            yield Trait("name" if node.label else "value", self._texts[node]), node.data
        for node in nodes:
            single = len(node.operands) == 1 or node.operation == "**"
            if single and node.partials[0] is not None:
                inner = self._texts[node.operands[0]]
                text = f"the derivative of {self._texts[node]} in {inner}"
                yield Trait("slope", text), node.partials[0]
        for node in nodes:
            if node in tangents:
                yield Trait("slope", f"the derivative of {self._texts[node]}"), tangents[node]
        numbers = {name: as_float(variable.data) for name, variable in inputs}
        few = numbers if len(numbers) <= _MOST_NAMES else {}
        for one, other in itertools.permutations(few, 2):
            if numbers[other]:
                yield Trait("quotient", f"{one} / {other}"), numbers[one] / numbers[other]

    def _parts(self, name: str, tangents: Mapping[Value, Number]) -> Iterator[tuple[Trait, Number]]:
        """Yield the parts of the derivative, the outermost first."""
        looked_at = set(self._looked_at())
        nodes = [n for n in self._order[::-1] if n in looked_at and n in tangents]
        nodes = [node for node in nodes if self._swept[node] is not None]
        above = {operand: node for node in self._order for operand in node.operands}
        counts = collections.Counter(self._texts[node] for node in nodes)
        for place, node in enumerate(nodes):
            below = sum(operand in tangents for operand in node.operands)
            for operand, partial in zip(node.operands, node.partials, strict=True):
                if operand not in tangents or partial is None or not self._texts[operand]:
                    continue
                kind, text = "path", f"{self._texts[operand]} in {self._texts[node]}"
                if node.operation in ("+", "-", "total") and below > 1:
                    kind, text = "term", self._texts[operand]
                elif operand is self._variables[name]:
                    kind, text = "use", self._texts[node] if below == 1 else text
                    if counts[self._texts[node]] > 1 and node in above:
                        text = f"{text} in {self._texts[above[node]]}"
                factors = self._swept[node], partial, tangents[operand]
                yield Trait(kind, text, place), math.prod(map(as_float, factors))
            if node.label and node is not self._variables[name]:
                through = as_float(self._swept[node]) * as_float(tangents[node])
                yield Trait("path", node.label), through

    def _mistakes(
        self, name: str, tangents: Mapping[Value, Number]
    ) -> Iterator[tuple[Trait, Number]]:
        """Yield what mistaken rules would add to the derivative."""
        x = self._variables[name].data
        for place, node in enumerate(self._looked_at()):
            slope, outer = tangents.get(node), self._swept[node]
            if slope is None or outer is None or not 1 <= len(node.operands) <= 2:
                continue
            texts = [self._texts[operand] for operand in node.operands]
            words = {"node": self._texts[node], "n": bracketed(self._texts[node]), "x": name}
            slopes = [tangents.get(operand, 0) for operand in node.operands]
            for kind, rules in (("mistake", mistaken), ("chain", mistaken_chain)):
                for i, (text, wrong) in enumerate(rules(node, slopes, x)):
                    text = text.format(*texts, g=bracketed(texts[0]), **words)
                    added = as_float(outer) * (wrong - as_float(slope))
                    yield Trait(kind, text, 100 * place + i), added

    def _kinks(self) -> Iterator[tuple[Trait, Number]]:
        for node in self._looked_at():
            for text, distance in _kinks(node, self._texts):
                yield Trait("kink", text), distance


def bracketed(text: str) -> str:
    """Return a text in brackets, unless it is a name or a call."""
    depth = 0
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if not depth and letter in " *-":
            return f"({text})"
    return text


_PRECEDENCE = {
    **dict.fromkeys(_COMPARISONS, 0),
    "+": 1,
    "-": 1,
    "*": 2,
    "/": 2,
    "%": 2,
    "//": 2,
    "neg": 3,
    "pos": 3,
    "**": 4,
}
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


# ---- Kinks ------------------------------------------------------------------------------------


def _kinks(node: Value, texts: Mapping[Value, str]) -> Iterator[tuple[str, Number]]:
    """Yield, for each kink or jump of an operation, what is 0 there, and its number here."""
    operands = node.operands
    if node.operation in ("relu", "abs", "sign", "heaviside"):
        yield texts[operands[0]], operands[0].data
    elif node.operation in ("maximum", "minimum"):
        a, b = operands
        yield _difference(a, b, texts)
    elif node.operation == "clip":
        x, *bounds = operands
        for bound in bounds:
            yield _difference(x, bound, texts)
    elif node.operation == "where":
        yield from _borders(operands[0], texts)
    elif node.operation in ("floor", "ceil"):
        yield texts[node], operands[0].data - round(operands[0].data)
    elif node.operation in ("%", "//"):
        a, b = operands
        yield texts[node], min(a.data % b.data, b.data - a.data % b.data, key=abs)


def _borders(condition: Value, texts: Mapping[Value, str]) -> Iterator[tuple[str, Number]]:
    """Yield, for each comparison of a condition, the difference of the two that it compares."""
    if condition.operation in _COMPARISONS:
        a, b = condition.operands
        yield _difference(a, b, texts)
    elif condition.operation in _CONDITIONS:
        for part in condition.operands:
            yield from _borders(part, texts)


def _difference(a: Value, b: Value, texts: Mapping[Value, str]) -> tuple[str, Number]:
    """Return how far two numbers are apart, and what that is."""
    is_zero = b.operation == CONSTANT and not b.data
    return texts[a] if is_zero else f"{texts[a]} - {bracketed(texts[b])}", a.data - b.data
