"""What is compared, where: a function or a built expression, what is by hand, the points.

It takes what a person gives to `compare`, in any of its forms, and gives functions of named numbers
and what they do at each point.
"""

from __future__ import annotations

import inspect
import math
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from autodiff.checking.recording import Recording
from autodiff.formula import Formula, parse
from autodiff.graph import CONSTANT, topological_order
from autodiff.kinds import Number, is_number, plain
from autodiff.listing import evaluated, of_graph
from autodiff.program import Program
from autodiff.value import Value

VALUE = "the value"  # stands where a variable does, where the function's value is compared

Point = Mapping[str, Number]
Named = Callable[[Mapping[str, Any]], Any]  # a function of named numbers
Hand = Callable[[Mapping[str, Any]], Mapping[str, Number]]

UNDEFINED = (ArithmeticError, ValueError)  # what a function raises outside its domain


class UndefinedError(ValueError):
    """The function is defined at none of the random points."""


class ByHandError(ValueError):
    """What was worked out by hand does not fit the function: it names what is not there."""


# ---- What is compared -------------------------------------------------------------------------


@dataclass(frozen=True)
class Subject:
    """A function of named numbers, or an expression that is built already."""

    title: str
    variables: tuple[str, ...]
    function: Named
    nodes: Mapping[str, Value] | None = None  # the variables of an expression that is built

    def on(self, numbers: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Compute on Values; return the result, and every Value on the way that has a name."""
        root = one_number(self.function(self._inputs(numbers)), self.title)
        named = dict(numbers)
        if isinstance(root, Value):
            for node in topological_order(root):
                if node.label and node.operation != CONSTANT:
                    named.setdefault(node.label, node)
        return root, named

    def along(self, point: Mapping[str, Any], variable: str) -> Callable[[Any], Any]:
        """Return the function of one variable, the others as they are at the point."""
        inputs = self._inputs(point, variable)
        return lambda x: self.function({**inputs, variable: x})

    def _inputs(self, numbers: Mapping[str, Any], variable: str = "") -> dict[str, Any]:
        """Return what the function is computed from: of an expression that is built, its leaves.

        A variable that lies on the way in that expression is one where it is varied itself.
        """
        nodes = self.nodes or {}
        inner = {name for name, node in nodes.items() if node.operands and name != variable}
        return {name: x for name, x in numbers.items() if name not in inner}


def values(numbers: Mapping[str, Number]) -> dict[str, Value]:
    """Return numbers as Values that have their names."""
    return {name: Value(number, name) for name, number in numbers.items()}


def one_number(result: Any, whose: str) -> Any:
    """Return what a function returned, which has to be one number."""
    number = plain(result)
    if not is_number(number) or isinstance(number, bool):
        raise TypeError(f"{whose} has to return one number, and returned {number!r}")
    return result


def of_function(f: Any) -> Subject:
    """Read a function of named numbers, or a formula."""
    if isinstance(f, str):
        f = parse(f)
    if isinstance(f, Formula):
        return Subject(f.name or f.text, f.variables, _by_name(f))
    if not callable(f):
        raise TypeError(f"a function, a formula or a Value can be compared, and {f!r} is none")
    names = [p.name for p in _parameters(f) if p.default is inspect.Parameter.empty]
    if not names:
        raise ValueError("there is nothing to differentiate in: the function has no variables")
    return Subject(getattr(f, "__name__", "f"), tuple(names), _by_name(f))


def _parameters(f: Callable[..., Any]) -> list[inspect.Parameter]:
    """Return the parameters of a function: they name the variables."""
    if isinstance(f, Program):
        return [inspect.Parameter(p, inspect.Parameter.KEYWORD_ONLY) for p in f.parameters]
    parameters = list(inspect.signature(f).parameters.values())
    if {p.kind for p in parameters} & {
        inspect.Parameter.VAR_POSITIONAL,
        inspect.Parameter.VAR_KEYWORD,
    }:
        raise TypeError("the function's parameters name the variables, so it may not have * or **")
    return parameters


def _by_name(f: Callable[..., Any]) -> Named:
    """Return a function that takes from the names it is given those that `f` has."""
    if isinstance(f, Formula):
        return lambda numbers: f.compute(_chosen(f.variables, numbers))[0]
    parameters = _parameters(f)
    optional = {p.name for p in parameters if p.default is not inspect.Parameter.empty}
    by_position = {p.name for p in parameters if p.kind is p.POSITIONAL_ONLY}

    def call(numbers: Mapping[str, Any]) -> Any:
        given = [p.name for p in parameters if p.name in numbers or p.name not in optional]
        chosen = _chosen(given, numbers)
        positional = [chosen.pop(name) for name in given if name in by_position]
        return f(*positional, **chosen)

    return call


def _chosen(names: Iterable[str], numbers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the numbers of these names."""
    for name in names:
        if name not in numbers:
            raise ByHandError(f"{name!r} is none of the names here: {', '.join(numbers)}")
    return {name: numbers[name] for name in names}


def of_expression(root: Value, by_hand: Any) -> Subject:
    """Read an expression that is built already: its variables are what by hand is given for."""
    order = topological_order(root)
    leaves = [n for n in reversed(order) if not n.operands and n.operation != CONSTANT]
    keys = list(by_hand) if isinstance(by_hand, Mapping) else leaves
    nodes: dict[str, Value] = {}
    for key in keys:
        found = [n for n in order if n is key or (isinstance(key, str) and n.label == key)]
        if len(found) != 1:
            many = "several nodes" if found else "no node"
            raise ValueError(f"the expression has {many} {_key_name(key, keys)!r}")
        nodes[_key_name(key, keys)] = found[0]
    for leaf in leaves:  # the rest of the point, for the table
        if leaf.label and leaf not in set(nodes.values()):
            nodes.setdefault(leaf.label, leaf)

    def recomputed(numbers: Mapping[str, Any]) -> Any:
        """Compute the graph forward again; on the nodes themselves it is the graph itself."""
        if all(x is nodes[name] for name, x in numbers.items()):
            return root
        listing = of_graph(root, [nodes[name] for name in numbers])
        return evaluated(listing, list(numbers.values()), with_labels=True)[0]

    return Subject(root.label or "expression", tuple(nodes), recomputed, nodes)


def _key_name(key: Any, keys: Sequence[Any]) -> str:
    """Return what a variable of an expression is called."""
    if isinstance(key, str):
        return key
    place = [k is key for k in keys].index(True) + 1
    return getattr(key, "label", None) or f"value {place}"


# ---- By hand ----------------------------------------------------------------------------------


def by_hand_function(by_hand: Any, subject: Subject) -> tuple[Hand | None, list[str] | None]:
    """Make one function of all that was worked out by hand: named numbers in, derivatives out.

    Beside it, the variables whose derivatives it gives; None if only a call will tell.
    """
    if by_hand is None:
        return None, None
    if not isinstance(by_hand, Mapping):
        whole = _of_names(by_hand)
        return lambda numbers: _by_variable(whole(numbers), subject), None
    parts: dict[str, Named] = {}
    for key, part in by_hand.items():
        name = _key_name(key, list(by_hand))
        if name not in subject.variables:
            known = ", ".join(subject.variables)
            raise ValueError(f"{name!r} is no variable; the variables are {known}")
        parts[name] = one_by_hand(part, f"by hand for {name}")
    return lambda numbers: {name: part(numbers) for name, part in parts.items()}, list(parts)


def _by_variable(result: Any, subject: Subject) -> Mapping[str, Number]:
    """Name the derivatives that one callable returned."""
    if isinstance(result, Mapping):
        return result
    is_several = isinstance(result, Sequence) or getattr(result, "shape", ()) != ()
    several = list(result) if is_several else [result]
    if len(several) != len(subject.variables):
        raise ByHandError(
            f"by hand gives {len(several)} derivatives for the variables "
            f"{', '.join(subject.variables)}: give a mapping from names to derivatives"
        )
    return {
        name: one_number(derivative, f"by hand for {name}")
        for name, derivative in zip(subject.variables, several, strict=True)
    }


def one_by_hand(part: Any, whose: str) -> Named:
    """Make a function that returns one number from a text, a callable or a number."""
    call = _of_names(part)
    return lambda numbers: one_number(call(numbers), whose)


def _of_names(part: Any) -> Named:
    """Make a function of named numbers from a text, a callable or a number."""
    if isinstance(part, str):
        part = parse(part)
    if isinstance(part, Value):
        part = part.data
    return _by_name(part) if callable(part) else lambda numbers: part


# ---- Points -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Visit:
    """A point, and what the function did there."""

    number: int
    point: Point
    recording: Recording
    named: Mapping[str, Any]  # the variables, and the Values on the way that have a name
    failure: str = ""


def visited(
    subject: Subject, at: Any, ranges: Mapping[str, Any] | None, points: int, seed: int
) -> Iterator[Visit]:
    """Compute the function at the given points, and at random ones."""
    if subject.nodes is not None:
        if at or ranges:
            raise ValueError("an expression that is built is compared at its own numbers")
        yield _visit(subject, 1, {name: node.data for name, node in subject.nodes.items()})
        return
    given = [at] if isinstance(at, Mapping) else list(at)
    for number, point in enumerate(given, 1):
        _check_names(subject, point, "at")
        try:
            yield _visit(subject, number, point)
        except UNDEFINED as error:
            yield Visit(
                number, point, Recording(math.nan), point, f"{type(error).__name__}: {error}"
            )
    if ranges is None:
        ranges = {} if given else dict.fromkeys(subject.variables, (-2.0, 2.0))
    if ranges:
        _check_names(subject, ranges, "ranges")
        yield from _random_visits(subject, ranges, points, len(given), random.Random(seed))


def _visit(subject: Subject, number: int, point: Point) -> Visit:
    """Record the function at a point."""
    root, named = subject.on(subject.nodes or values(point))
    variables = {name: named[name] for name in subject.variables}
    return Visit(number, point, Recording(root, variables), named)


def _check_names(subject: Subject, names: Mapping[str, Any], argument: str) -> None:
    for name in subject.variables:
        if name not in names:
            raise ValueError(f"{argument} has nothing for the variable {name!r}")
    for name in names:
        if name not in subject.variables:
            known = ", ".join(subject.variables)
            raise ValueError(f"{argument} names {name!r}, and the variables are {known}")


def _random_visits(
    subject: Subject, ranges: Mapping[str, Any], points: int, number: int, rng: random.Random
) -> Iterator[Visit]:
    """Draw points until as many as wanted lie where the function is defined."""
    visited = 0
    failure: Exception | None = None
    for _ in range(50 * points):
        if visited == points:
            return
        point = {name: _drawn(ranges[name], rng) for name in subject.variables}
        try:
            visit = _visit(subject, number + visited + 1, point)
        except UNDEFINED as error:
            failure = error
            continue
        visited += 1
        yield visit
    if points and not visited:
        raise UndefinedError(f"the function is defined at no point of the ranges: {failure}")


def _drawn(interval: Any, rng: random.Random) -> Number:
    """Draw a number from an interval; of Fractions an exact one."""
    if not isinstance(interval, tuple | list):
        return interval
    low, high = interval
    if isinstance(low, Fraction) or isinstance(high, Fraction):
        return low + (high - low) * Fraction(rng.randrange(1, 1000), 1000)
    return rng.uniform(low, high)
