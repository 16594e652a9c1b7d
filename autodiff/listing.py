"""Straight-line code, and the evaluator: what a program and a typed formula are, computed.

Takes a listing and a number of any kind for each input; gives the numbers of its outputs, computed
step by step. Values and recording numbers are numbers too, and so a listing can be differentiated
and recorded again.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

from autodiff.arrays import PLAIN
from autodiff.graph import topological_order
from autodiff.kinds import Number, number_like
from autodiff.rows import computed, row_of

INPUT, CONSTANT, LIKE = "input", "constant", "like"  # LIKE: a number in the kind of the inputs


class Guard(NamedTuple):
    """A comparison that chose a branch when the function was traced."""

    condition: int
    truth: bool
    location: str


class Step(NamedTuple):
    """A line of straight-line code; its operands are the places of earlier lines."""

    operation: str
    operands: tuple[int, ...] = ()
    constant: Any = None


def is_scale(constant: Any) -> bool:
    """Return whether a constant is a power of two, by which division and its product are exact."""
    if constant is None or not 1 <= abs(constant) < 2.0**500:
        return False
    return abs(math.frexp(constant)[0]) == 0.5


@dataclass(frozen=True, eq=False)
class Listing:
    """Straight-line code: inputs first, then one step after the other.

    Guards stand under the places of their conditions, in the order in which they chose: what one
    asks depends on those before it alone. `derivative_in` has an entry for each output
    of a program: the input that it is the derivative in, and to whose shape it is added up over a
    batch; None for the value and for second derivatives, which are added up to one number.
    """

    steps: tuple[Step, ...]
    inputs: int
    outputs: tuple[int, ...]
    guards: dict[int, Guard]
    names: dict[int, str]
    adjoints: dict[int, int]
    derivative_in: tuple[int | None, ...] = ()

    @property
    def computed(self) -> dict[int, Step]:
        """The steps that compute something from an input, by their places."""
        steps = enumerate(self.steps)
        return {i: x for i, x in steps if x.constant is None and x.operation != INPUT}


def without_dead_lines(
    steps: Sequence[Step],
    inputs: int,
    outputs: Sequence[int],
    guards: dict[int, Guard],
    derivative_in: tuple[int | None, ...] = (),
) -> Listing:
    """Return the steps that outputs and guards need, as a listing."""
    alive = {*range(inputs), *outputs, *guards}
    for place in range(len(steps) - 1, -1, -1):
        if place in alive:
            alive.update(steps[place].operands)
    new = {old: place for place, old in enumerate(sorted(alive))}
    kept = [
        Step(step.operation, tuple([new[x] for x in step.operands]), step.constant)
        for place, step in enumerate(steps)
        if place in new
    ]
    moved = {new[old]: guard._replace(condition=new[old]) for old, guard in guards.items()}
    ends = tuple([new[x] for x in outputs])
    return Listing(tuple(kept), inputs, ends, moved, {}, {}, derivative_in)


def of_graph(root: Any, inputs: Sequence[Any]) -> Listing:
    """Return a graph of Values as a listing, with some of its nodes as the inputs.

    Where it chose a branch, it keeps to it; no local derivative is read. The names are the labels.
    """
    nodes = {id(node): node for node in inputs}
    nodes |= {id(node): node for node in topological_order(root)[::-1]}
    places = {key: place for place, key in enumerate(nodes)}
    steps = [Step(INPUT)] * len(inputs)
    for node in list(nodes.values())[len(inputs) :]:
        if node.operands and row_of(node.operation) is None:
            raise TypeError(f"{node.operation} is an operation that cannot be computed again")
        operands = tuple([places[id(operand)] for operand in node.operands])
        steps.append(Step(node.operation, operands) if operands else Step(CONSTANT, (), node.data))
    names = {places[key]: node.label for key, node in nodes.items() if node.label}
    return Listing(tuple(steps), len(inputs), (places[id(root)],), {}, names, {})


def evaluated(
    listing: Listing,
    numbers: Sequence[Number],
    *,
    like: Callable[[Any], Number] | None = None,
    compute: Callable[[int, str, list[Number]], Number] = lambda _, *step: computed(*step),
    check: Callable[[Guard, Sequence[Number]], None] | None = None,
    with_labels: bool = False,
) -> list[Number]:
    """Compute the outputs step by step from a number for each input.

    `like` takes the constant of a `LIKE` step and gives the number: by default in the inputs' kind.
    `compute` takes the place of a step, its operation and its operands, and gives the result.
    `check` takes a guard and all numbers up to its condition, and raises if they contradict it.
    With labels, Values are labelled by the names of their steps.
    """
    kind = next((x for x in numbers if type(x) not in PLAIN), numbers[0] if numbers else 0.0)
    like = like or functools.partial(_of_kind, kind)
    values = list(numbers)
    for place, step in enumerate(listing.steps[listing.inputs :], listing.inputs):
        if step.operation == CONSTANT:
            values.append(step.constant)
        elif step.operation == LIKE:
            values.append(like(step.constant))
        else:
            values.append(compute(place, step.operation, [values[x] for x in step.operands]))
        if with_labels and place in listing.names and hasattr(values[-1], "labeled"):
            values[-1].labeled(listing.names[place])
        if check is not None and place in listing.guards:
            check(listing.guards[place], values)
    return [values[place] for place in listing.outputs]


def _of_kind(kind: Number, constant: Any) -> Number:
    """Return an exact constant in the kind of a number."""
    if not isinstance(constant, Fraction):
        return number_like(kind, constant)
    n = number_like(kind, constant.numerator)
    return n if constant.denominator == 1 else n / constant.denominator
