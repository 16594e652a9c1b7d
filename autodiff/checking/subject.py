"""What is compared, where: a function or a built expression, what is by hand, the points."""

from __future__ import annotations

import functools
import inspect
import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from autodiff.checking import numerical
from autodiff.checking.recording import Recording, recorded
from autodiff.formula import Formula, parse
from autodiff.graph import CONSTANT, topological_order
from autodiff.kinds import Number
from autodiff.value import Value

Point = Mapping[str, Number]
Hand = Callable[[Mapping[str, Number]], Mapping[str, Number]]

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
    function: Callable[..., Any]  # by keyword
    root: Value | None = None  # of an expression
    nodes: Mapping[str, Value] | None = None  # and its variables

    def along(self, point: Point, variable: str) -> Callable[[Any], Any]:
        """Return the function of one variable, the others as they are at the point."""
        if self.root is not None and self.nodes is not None:
            replay = numerical.replayed(self.root, {variable: self.nodes[variable]})
            return lambda x: replay(**{variable: x})
        return lambda x: self.function(**{**point, variable: x})

    def record(self, point: Point) -> tuple[Recording, Mapping[str, Number]]:
        """Compute on Values; return what was recorded, and every named number on the way."""
        if self.root is not None and self.nodes is not None:
            variables, root = dict(self.nodes), self.root
        else:
            variables = {name: Value(number, name) for name, number in point.items()}
            root = self.function(**variables)
        named = {name: variable.data for name, variable in variables.items()}
        if isinstance(root, Value):
            for node in topological_order(root):
                if node.label and node.operation != CONSTANT:
                    named.setdefault(node.label, node.data)
        return recorded(root, variables), named


def of_function(f: Any) -> Subject:
    """Read a function of named numbers, or a formula."""
    if isinstance(f, str):
        f = parse(f)
    if isinstance(f, Formula):
        return Subject(f.name or f.text, f.variables, f)
    if not callable(f):
        raise TypeError(f"a function, a formula or a Value can be compared, and {f!r} is none")
    parameters = inspect.signature(f).parameters.values()
    kinds = {parameter.kind for parameter in parameters}
    if kinds & {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}:
        raise TypeError("the function's parameters name the variables, so it may not have * or **")
    names = tuple(p.name for p in parameters if p.default is inspect.Parameter.empty)
    return Subject(getattr(f, "__name__", "f"), names, _by_name(f))


def _by_name(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that takes from the names it is given those that `f` has."""
    if isinstance(f, Formula):
        return functools.partial(_call_formula, f)
    parameters = list(inspect.signature(f).parameters.values())

    @functools.wraps(f)
    def call(**numbers: Any) -> Any:
        positional, keywords = [], {}
        for parameter in parameters:
            if parameter.name not in numbers and parameter.default is not parameter.empty:
                continue
            if parameter.name not in numbers:
                raise _unknown(parameter.name, numbers)
            if parameter.kind is parameter.POSITIONAL_ONLY:
                positional.append(numbers[parameter.name])
            else:
                keywords[parameter.name] = numbers[parameter.name]
        return f(*positional, **keywords)

    return call


def _call_formula(formula: Formula, **numbers: Any) -> Any:
    for name in formula.variables:
        if name not in numbers:
            raise _unknown(name, numbers)
    return formula(**{name: numbers[name] for name in formula.variables})


def _unknown(name: str, numbers: Mapping[str, Any]) -> ByHandError:
    return ByHandError(f"{name!r} is none of the names here: {', '.join(numbers)}")


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
        if leaf.label and leaf not in nodes.values():
            nodes.setdefault(leaf.label, leaf)
    return Subject(root.label or "expression", tuple(nodes), lambda **_: root, root, nodes)


def _key_name(key: Any, keys: Sequence[Any]) -> str:
    """Return what a variable of an expression is called."""
    if isinstance(key, str):
        return key
    place = [k is key for k in keys].index(True) + 1
    return getattr(key, "label", None) or f"value {place}"


# ---- By hand ----------------------------------------------------------------------------------


def by_hand_function(by_hand: Any, subject: Subject) -> Hand:
    """Make one function of all that was worked out by hand: named numbers in, derivatives out."""
    if isinstance(by_hand, Mapping):
        names = {key: _key_name(key, list(by_hand)) for key in by_hand}
        unknown = [name for name in names.values() if name not in subject.variables]
        if unknown:
            known = ", ".join(subject.variables)
            raise ValueError(f"{unknown[0]!r} is no variable; the variables are {known}")
        parts = {names[key]: one_by_hand(part) for key, part in by_hand.items()}
        return lambda numbers: {name: part(numbers) for name, part in parts.items()}
    whole = one_by_hand(by_hand)
    return lambda numbers: _by_variable(whole(numbers), subject)


def _by_variable(result: Any, subject: Subject) -> Mapping[str, Number]:
    """Name the derivatives that one callable returned."""
    if isinstance(result, Mapping):
        return result
    several = (
        list(result) if isinstance(result, Sequence) or hasattr(result, "tolist") else [result]
    )
    if len(several) != len(subject.variables):
        raise ByHandError(
            f"by hand gives {len(several)} derivatives for the variables "
            f"{', '.join(subject.variables)}: give a mapping from names to derivatives"
        )
    return dict(zip(subject.variables, several, strict=True))


def one_by_hand(part: Any) -> Callable[[Mapping[str, Number]], Any]:
    """Make a function of named numbers from a text, a callable or a number."""
    if isinstance(part, str):
        part = parse(part)
    if isinstance(part, Value):
        part = part.data
    if not callable(part):
        return lambda numbers: part
    call = _by_name(part)
    return lambda numbers: call(**numbers)


# ---- Points -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Visit:
    """A point, and what the function did there."""

    number: int
    point: Point
    recording: Recording
    named: Mapping[str, Number]
    failure: str = ""


def visited(
    subject: Subject, at: Any, ranges: Mapping[str, Any] | None, points: int, seed: int
) -> Iterator[Visit]:
    """Compute the function at the given points, and at random ones."""
    if subject.root is not None:
        if at or ranges:
            raise ValueError("an expression that is built is compared at its own numbers")
        recording, named = subject.record({})
        nodes = subject.nodes or {}
        yield Visit(1, {name: node.data for name, node in nodes.items()}, recording, named)
        return
    given = [at] if isinstance(at, Mapping) else list(at)
    for number, point in enumerate(given, 1):
        _check_names(subject, point, "at")
        try:
            yield Visit(number, point, *subject.record(point))
        except UNDEFINED as error:
            nothing = Recording(math.nan, dict.fromkeys(subject.variables, math.nan))
            yield Visit(number, point, nothing, point, f"{type(error).__name__}: {error}")
    if ranges is None:
        ranges = {} if given else dict.fromkeys(subject.variables, (-2.0, 2.0))
    if ranges:
        _check_names(subject, ranges, "ranges")
        yield from _random_visits(subject, ranges, points, len(given), random.Random(seed))


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
            recording, named = subject.record(point)
        except UNDEFINED as error:
            failure = error
            continue
        visited += 1
        yield Visit(number + visited, point, recording, named)
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
