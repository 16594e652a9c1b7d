"""Steps that are written one by one, from those of several listings.

Takes the steps of listings, and others; gives listings of what is needed from some numbers to
others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from autodiff.listing import INPUT, Guard, Listing, Step
from autodiff.rows import TABLE


class Steps:
    """The steps written so far; equal ones are one.

    Attributes
    ----------
    inputs : int
        How many of them are inputs.
    steps : list of Step
        All of them.
    constants : set of int
        The places of constants, and of what is chosen or computed of them alone.
    """

    def __init__(self, inputs: int) -> None:
        self.inputs = inputs
        self.steps: list[Step] = [Step(INPUT)] * inputs
        self.constants = set[int]()
        self._known: dict[Any, int] = {}

    def step(self, operation: str, *operands: int, constant: Any = None) -> int:
        """Return the place of a step: of a known one if there is one."""
        number = None if constant is None else (type(constant), repr(constant))
        key = (operation, number, *(sorted(operands) if operation in ("+", "*") else operands))
        place = self._known.setdefault(key, len(self.steps))
        if place == len(self.steps):
            self.steps.append(Step(operation, operands, constant))
            numbers = operands[1:] if operation == "where" else operands
            if constant is not None or (numbers and self.constants.issuperset(numbers)):
                self.constants.add(place)
        return place

    def inlined(self, lines: Listing) -> list[int]:
        """Write the steps of a listing; return the place of each."""
        places = list(range(lines.inputs))
        for operation, operands, constant in lines.steps[lines.inputs :]:
            here = [places[x] for x in operands]
            places.append(self.step(operation, *here, constant=constant))
        return places

    def listing(
        self,
        inputs: Sequence[int],
        outputs: Sequence[int],
        fails: int | None,
        derivative_in: tuple[int | None, ...] = (),
    ) -> Listing:
        """Return the lines from some numbers to others; where `fails` holds they are an error."""
        new = {place: i for i, place in enumerate(inputs)}
        steps = [Step(INPUT)] * len(inputs)
        ends = [*outputs, *([] if fails is None else [fails])]
        for place in sorted(self.behind(ends, new.keys()) - new.keys()):
            operation, operands, constant = self.steps[place]
            new[place] = len(steps)
            steps.append(Step(operation, tuple([new[x] for x in operands]), constant))
        guards = {} if fails is None else {new[fails]: Guard(new[fails], False, "")}
        places = [new[x] for x in outputs]
        names = {i: f"x{i}" for i in range(len(inputs))}
        return Listing(tuple(steps), len(inputs), tuple(places), guards, names, {}, derivative_in)

    def behind(self, places: Iterable[int], known: Any = ()) -> set[int]:
        """Return these places and all that they are computed from, up to those that are known."""
        found, waiting = set[int](), list(places)
        while waiting:
            place = waiting.pop()
            if place not in found:
                found.add(place)
                if place not in known:
                    waiting += self.steps[place].operands
        return found

    def is_number(self, place: int) -> bool:
        """Return whether a place is computed, and no truth."""
        operation, _, constant = self.steps[place]
        return operation != INPUT and constant is None and not TABLE[operation].is_truth
