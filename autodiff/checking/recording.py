"""What is read off a recorded graph to compare derivatives: its traits and its kinks.

A `Recording` takes the result of a function of Values. A trait is something that has a number at
every point: a variable, an intermediate value, a local derivative, one part of a derivative, the
distance from a kink. `diagnosis` sets them beside a mistake and sees which of them explains it.
"""

from __future__ import annotations

import collections
import functools
import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from autodiff.checking.mistakes import is_function_of_first, mistaken, mistaken_chain
from autodiff.checking.rounding import as_float, error_bound
from autodiff.graph import CONSTANT, push_forward, sweep
from autodiff.kinds import Number, number_like
from autodiff.printing import Text, called, written
from autodiff.rows import ATOM, CHOICE, SIGN, row_of
from autodiff.value import Value

_LONGEST = 60  # letters of an intermediate value that is named by what it computes
_MOST_NAMES = 12  # of variables that one may be written for another
_LARGEST = 2_000  # nodes of a graph whose intermediate values are looked at


class Trait(NamedTuple):
    """Something that has a number at every point, and could explain what is wrong with a formula.

    "name", "value" and "slope" are what may be missing as a factor; "term", "use" and "path" are
    parts of the derivative; "mistake" and "chain" what a mistaken rule adds to it; "kink" is a
    distance; "quotient" of two variables, "root" the function itself, "gradient" its derivatives.
    """

    kind: str
    text: str
    variant: int = 0  # where one text stands for several numbers
    binding: int = ATOM  # of the text, where it is a factor


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
    def _written(self) -> dict[Value, Text]:
        """What each node computes, as text; "" where that is long or has no name."""
        inputs = self._variables.items()
        texts = {variable: Text(name, is_simple=True) for name, variable in inputs}
        for node in self._order:
            texts[node] = _text(node, texts)
        return texts

    @functools.cached_property
    def _texts(self) -> dict[Value, str]:
        return {node: text.text for node, text in self._written.items()}

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
                found += [(text, as_float(distance.data)) for distance in _distances(node)]
        return found

    def traits(self, name: str) -> dict[Trait, float]:
        """Return the traits that the derivative in a variable may be explained by.

        Without a variable, those that the value of the function may be explained by.
        """
        tangents = self._tangents(name) if name else {}
        found = [*self._factors(tangents), *self._kinks()]
        if tangents:
            found.append((Trait("root", self._texts[self._root] or "the function"), self.value))
            found += [(Trait("gradient", x), number) for x, number in self.gradients.items()]
            found += [*self._parts(name, tangents), *self._mistakes(name, tangents)]
        traits: dict[Trait, float] = {}
        for trait, number in found:
            traits.setdefault(trait, as_float(number))
        return traits

    def _looked_at(self) -> list[Value]:
        """Return the nodes whose numbers may explain something, those with a name first."""
        nodes = [n for n in self._order if n.operation != CONSTANT and not n.is_truth]
        nodes = [node for node in nodes if self._texts[node]]
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
            text, binding, _ = self._written[node]
            yield Trait("name" if node.label else "value", text, binding=binding), node.data
        for node in nodes:
            slopes = [tangents.get(operand) for operand in node.operands]
            if is_function_of_first(node, slopes) and node.partials[0] is not None:
                inner = self._texts[node.operands[0]]
                text = f"the derivative of {self._texts[node]} in {inner}"
                yield Trait("slope", text, binding=CHOICE), node.partials[0]
        for node in nodes:
            if node in tangents:
                text = f"the derivative of {self._texts[node]}"
                yield Trait("slope", text, binding=CHOICE), tangents[node]
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
            is_sum = (row := row_of(node.operation)) and row.is_sum
            for operand, partial in zip(node.operands, node.partials, strict=True):
                if operand not in tangents or partial is None or not self._texts[operand]:
                    continue
                kind, text = "path", f"{self._texts[operand]} in {self._texts[node]}"
                if is_sum and below > 1:
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
            n, g = (self._written[each].within(ATOM) for each in (node, node.operands[0]))
            words = {"node": self._texts[node], "n": n, "g": g, "x": name}
            slopes = [tangents.get(operand, 0) for operand in node.operands]
            for kind, rules in (("mistake", mistaken), ("chain", mistaken_chain)):
                for i, (text, wrong) in enumerate(rules(node, slopes, x)):
                    text = text.format(*texts, **words)
                    added = as_float(outer) * (wrong - as_float(slope))
                    yield Trait(kind, text, 100 * place + i), added

    def _kinks(self) -> Iterator[tuple[Trait, Number]]:
        for node in self._looked_at():
            for distance in _distances(node):
                if text := _distance_text(distance, self._written):
                    yield Trait("kink", text), distance.data


def _text(node: Value, texts: Mapping[Value, Text]) -> Text:
    """Write a node; a power without spaces, whatever its operands are."""
    if node in texts:
        return texts[node]
    if node.label or not node.operands:
        name = node.label or (str(node.data) if node.operation == CONSTANT else "")
        is_negative = name.startswith("-") and not node.label
        return Text(name, SIGN if is_negative else ATOM, is_simple=True)
    operands = [_text(operand, texts) for operand in node.operands]
    if not all(operand.text for operand in operands):
        return Text("")
    row = row_of(node.operation)
    in_call = called(node.operation or "", [operand.text for operand in operands])
    text = written(row, operands) if row else Text(in_call)
    return text._replace(is_simple=True) if len(text.text) <= _LONGEST else Text("")


# ---- Kinks ------------------------------------------------------------------------------------


def _distances(node: Value) -> Iterator[Value]:
    """Yield, for each kink or jump of an operation, what is 0 there."""
    waiting = [node]
    for each in waiting:  # which grows meanwhile: a truth stands for what it compares
        row = row_of(each.operation)
        for distance in row.kinks(*each.operands) if row and row.kinks else ():
            if distance.is_truth:
                waiting.append(distance)
            else:
                yield distance


def _distance_text(distance: Value, texts: Mapping[Value, Text]) -> str:
    """Write how far a kink is; a comparison with 0 is of the number itself."""
    *_, last = distance.operands or (distance,)
    is_from_zero = last.operation == CONSTANT and not last.data and distance not in texts
    return _text(distance.operands[0] if is_from_zero else distance, texts).text
