"""From a recording to the lines of a finished program, in the order of a reader.

Takes a recording and its outputs; gives a listing. First comes what the value and the guards need,
in the order in which it was recorded; then the derivative lines, in the order of the sweep. Dead
lines are gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from autodiff.listing import CONSTANT, INPUT, LIKE, Listing, Step


def finished(
    recording: Any,
    outputs: Sequence[Any],
    sweep: int = 0,
    derivative_in: Sequence[int | None] = (),
) -> Listing:
    """Return the lines that the outputs and the guards need.

    The first output and the guards come first, in the order of the recording. What only the other
    outputs need follows in the order of the sweep, which began at line `sweep`; the local
    derivatives stand where they are first used. `derivative_in` is handed on (see `Listing`).
    """
    recorded = recording.lines
    inputs = [line.place for line in recorded if line.operation == INPUT]
    forward = _needed(recorded, [*[line.place for line in outputs[:1]], *recording.guards])
    needed = _needed(recorded, [line.place for line in outputs])
    later = [place for place in needed if place >= sweep]
    order = dict.fromkeys([*inputs, *forward])
    for place in (*later, *[line.place for line in outputs]):
        _place_after_operands(recorded, place, order)
    new = {old: place for place, old in enumerate(order)}

    def step(line: Any) -> Step:
        computed = line.fixed and line.operation not in (CONSTANT, LIKE)
        constant = float(line.number) if computed else line.constant
        return Step(line.operation, tuple([new[x.place] for x in line.operands]), constant)

    return Listing(
        tuple([step(recorded[place]) for place in order]),
        len(inputs),
        tuple([new[line.place] for line in outputs]),
        {new[old]: guard._replace(condition=new[old]) for old, guard in recording.guards.items()},
        {new[place]: name for place, name in recording.names.items() if place in new},
        {new[d]: new[x] for d, x in recording.adjoints.items() if d in new and x in new},
        tuple(derivative_in),
    )


def _needed(lines: Sequence[Any], places: Iterable[int]) -> list[int]:
    """Return these places and those of everything that their lines are computed from, in order."""
    needed = bytearray(len(lines))
    for place in places:
        needed[place] = True
    for line in reversed(lines):  # operands stand before what is computed from them
        if needed[line.place]:
            for operand in line.operands:
                needed[operand.place] = True
    return [place for place, is_needed in enumerate(needed) if is_needed]


def _place_after_operands(lines: Sequence[Any], place: int, order: dict[int, None]) -> None:
    stack = [place]
    while stack:
        waiting = [x.place for x in lines[stack[-1]].operands if x.place not in order]
        if waiting:
            stack += reversed(waiting)
        else:
            order.setdefault(stack.pop())
