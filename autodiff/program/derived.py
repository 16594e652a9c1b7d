"""Lines that are made of a program's: its value alone, and its second derivatives.

Takes the lines of a program, example numbers and the inputs in which is differentiated; gives the
lines of its value, of its Hessian, or of the Hessian times a vector. For the second derivatives the
lines of the gradient are recorded once more, and differentiated.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from autodiff.derivatives import derivatives_along, gradients_of, slope_in
from autodiff.kinds import Number
from autodiff.listing import Listing
from autodiff.program.evaluation import evaluated
from autodiff.program.finishing import finished
from autodiff.program.masks import settled
from autodiff.program.tracing import Recording
from autodiff.value import Value, node


def value_of(lines: Listing) -> Listing:
    """Return the lines of the value alone: they come first."""
    stop = max([lines.outputs[0], lines.inputs - 1, *lines.guards]) + 1
    names = {place: name for place, name in lines.names.items() if place < stop}
    return dataclasses.replace(
        lines,
        steps=lines.steps[:stop],
        outputs=lines.outputs[:1],
        names=names,
        adjoints={},
        derivative_in=(None,),
    )


def hessian_of(lines: Listing, examples: Sequence[Number], varied: Sequence[int]) -> Listing:
    """Return the second derivatives, row by row."""
    recording, variables, gradient = _recorded_again(lines, examples)
    entries = []
    for slope in gradient:
        row = gradients_of(slope)
        entries += [slope_in(variables[place], row) for place in varied]
    return _listing(recording, entries, [None] * len(entries))


def product_of(lines: Listing, examples: Sequence[Number], varied: Sequence[int]) -> Listing:
    """Return the Hessian times a vector, whose numbers are inputs behind those of the program."""
    recording, variables, gradient = _recorded_again(lines, examples)
    directions = {id(variables[place]): recording.input(1.0) for place in varied}
    return _listing(recording, derivatives_along(gradient, directions), varied)


def _recorded_again(
    lines: Listing, examples: Sequence[Number]
) -> tuple[Recording, list[Value], list[Any]]:
    """Record the gradient once more; return its variables and its numbers."""
    recording = Recording()
    inputs = [recording.input(x).labeled(lines.names[i]) for i, x in enumerate(examples)]
    variables = list(map(node, inputs))
    return recording, variables, evaluated(lines, variables)[1:]


def _listing(
    recording: Recording, entries: Sequence[Any], derivative_in: Sequence[int | None]
) -> Listing:
    settled_lines = [settled(recording.number(entry)) for entry in entries]
    return finished(recording, settled_lines, 0, derivative_in)
