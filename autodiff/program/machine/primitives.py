"""From the lines of a program to what machine code computes: instructions and calls of C's library.

Takes a listing; gives one whose steps are primitives. A function that the C library lacks is the
arithmetic of its body; equal lines are one. Where the engine's very bits are not asked for, small
whole powers are products, and the formulas of `fused` stand for their functions.
"""

from __future__ import annotations

import functools
import struct
from collections.abc import Callable, Sequence
from typing import Any

from autodiff.listing import CONSTANT, INPUT, Listing, Step, is_scale, without_dead_lines
from autodiff.program import source
from autodiff.program.finishing import finished
from autodiff.program.lowering import lowered
from autodiff.program.machine.fused import FUSED
from autodiff.program.tracing import Recording
from autodiff.rows import TABLE

REMAINDER, POWER = "fmod", "pow"  # of the C library, beside those that rows name
WITH_BODY = {"degrees", "radians"}  # which `math` has, and the C library lacks
_MOST = 4  # the largest whole exponent that is written as products


def number_of(constant: Any) -> float:
    """Return a constant as a float; a whole number beyond all floats is infinite."""
    try:
        return float(constant)
    except OverflowError:
        return float("inf") if constant > 0 else float("-inf")


def primitives(listing: Listing, *, exact: bool) -> Listing:
    """Lower every step to primitives, and forget what neither outputs nor guards need."""
    lowering = _Lowering(exact=exact)
    inputs = [lowering.step(INPUT, place) for place in range(listing.inputs)]
    places = lowering.inlined(listing, inputs)
    guards = {places[at]: guard for at, guard in listing.guards.items()}
    outputs = [places[output] for output in listing.outputs]
    return without_dead_lines(lowering.steps, listing.inputs, outputs, guards)


@functools.cache
def _fused(name: str, power: int) -> Listing:
    """Return how compiled code computes a power of a function, its operand as the input."""
    recording = Recording()
    result = FUSED[name, power](recording.input(0.5))
    return finished(recording, [recording.number(result)])


class _Lowering:
    """The primitive steps written so far; equal ones are one."""

    def __init__(self, *, exact: bool) -> None:
        self.exact = exact
        self.steps: list[Step] = []
        self._known: dict[Any, int] = {}

    def inlined(self, listing: Listing, operands: Sequence[int]) -> list[int]:
        """Write the steps of a listing; return the place of each."""
        places = list(operands)
        for operation, used, constant in listing.steps[listing.inputs :]:
            if constant is not None:
                places.append(self.number(constant))
            elif self._is_fused_square(operation, [listing.steps[x] for x in used]):
                root = listing.steps[used[0]]
                fused = _fused(root.operation, 2)
                places.append(self._body(fused, [places[x] for x in root.operands]))
            else:
                places.append(self.of(operation, *[places[x] for x in used]))
        return places

    def _is_fused_square(self, operation: str, operands: Sequence[Step]) -> bool:
        if self.exact or operation not in ("*", "**") or (operands[0].operation, 2) not in FUSED:
            return False
        x, y = operands
        return x is y if operation == "*" else y.constant == 2

    def step(self, operation: str, *operands: int) -> int:
        """Return the place of a primitive step: a known one if there is one."""
        if operation == INPUT:
            self.steps.append(Step(INPUT))
            return len(self.steps) - 1
        key = (operation, *(sorted(operands) if operation in ("+", "*") else operands))
        return self._place(key, Step(operation, operands))

    def number(self, constant: Any) -> int:
        """Return the place of a constant; -0.0 is another one than 0.0."""
        number = number_of(constant)
        return self._place((CONSTANT, struct.pack("<d", number)), Step(CONSTANT, (), number))

    def _place(self, key: Any, step: Step) -> int:
        place = self._known.get(key)
        if place is None:
            place = self._known[key] = len(self.steps)
            self.steps.append(step)
        return place

    def of(self, operation: str, *operands: int) -> int:
        """Write an operation of the table."""
        special = _SPECIAL.get(operation)
        if special is not None:
            return special(self, *operands)
        row = TABLE[operation]
        if not self.exact and (operation, 1) in FUSED:
            return self._body(_fused(operation, 1), operands)
        is_primitive = row.llvm or row.body is None
        if is_primitive or (source.in_math(operation) and operation not in WITH_BODY):
            return self.step(operation, *operands)
        return self._body(lowered(operation), operands)

    def _body(self, listing: Listing, operands: Sequence[int]) -> int:
        return self.inlined(listing, operands)[listing.outputs[0]]

    # ---- Operations that are several primitives -----------------------------------------------

    def absolute(self, x: int) -> int:
        """Write |x|, which is |-x| too."""
        operation, operands, _ = self.steps[x]
        return self.step("abs", operands[0] if operation in ("neg", "abs") else x)

    def whole(self, operation: str, x: int) -> int:
        """Write a rounding, whose zero has no sign: Python's are ints."""
        return self.step("+", self.step(operation, x), self.number(0.0))

    def remainder(self, a: int, b: int) -> int:
        """Write Python's %, whose sign is that of b."""
        rest = self._rest(a, b)
        is_other_sign, is_nothing = self._signs(rest, b)
        moved = self.step("where", is_other_sign, self.step("+", rest, b), rest)
        return self.step("where", is_nothing, self.step("copysign", self.number(0.0), b), moved)

    def floor_quotient(self, a: int, b: int) -> int:
        """Write Python's //; by 0 it is the quotient, infinite or nan."""
        rest, zero = self._rest(a, b), self.number(0.0)
        is_other_sign, is_nothing = self._signs(rest, b)
        quotient = self.step("/", self.step("-", a, rest), b)
        lower = self.step("-", quotient, self.number(1.0))
        is_lower = self.step("and", is_other_sign, self.step("not", is_nothing))
        quotient = self.step("where", is_lower, lower, quotient)
        low, ratio = self.step("floor", quotient), self.step("/", a, b)
        is_off = self.step(">", self.step("-", quotient, low), self.number(0.5))
        rounded = self.step("where", is_off, self.step("+", low, self.number(1.0)), low)
        signed_zero = self.step("copysign", zero, ratio)
        rounded = self.step("where", self.step("==", quotient, zero), signed_zero, rounded)
        return self.step("where", self.step("==", b, zero), ratio, rounded)

    def _rest(self, a: int, b: int) -> int:
        """Write C's fmod but for the sign of 0; by a power of two all steps are exact."""
        if not is_scale(self.steps[b].constant):
            return self.step(REMAINDER, a, b)
        whole = self.step("trunc", self.step("/", a, b))
        return self.step("-", a, self.step("*", b, whole))

    def _signs(self, rest: int, b: int) -> tuple[int, int]:
        """Return whether a remainder has another sign than b, and whether it is 0."""
        zero = self.number(0.0)
        one, other = self.step("<", rest, zero), self.step("<", b, zero)
        only_one = self.step("and", one, self.step("not", other))
        only_other = self.step("and", other, self.step("not", one))
        return self.step("or", only_one, only_other), self.step("==", rest, zero)

    def power(self, x: int, y: int) -> int:
        """Write the power of IEEE 754, which the engine computes as 1 / x where y is -1."""
        exponent = self.steps[y].constant
        if exponent == -1:
            return self.step("/", self.number(1.0), x)
        if exponent is not None:
            return self.raised(x, y)
        inverse = self.step("/", self.number(1.0), x)
        is_inverse = self.step("==", y, self.number(-1.0))
        return self.step("where", is_inverse, inverse, self.step(POWER, x, y))

    def raised(self, x: int, y: int) -> int:
        """Write x**y."""
        exponent = self.steps[y].constant
        is_short = exponent is not None and exponent % 1 == 0 and 0 < abs(exponent) <= _MOST
        if self.exact or not is_short:
            return self.step(POWER, x, y)
        factor = self.step("/", self.number(1.0), x) if exponent < 0 else x
        result = factor
        for _ in range(int(abs(exponent)) - 1):
            result = self.step("*", result, factor)
        return result


_SPECIAL: dict[str, Callable[..., int]] = {
    "abs": _Lowering.absolute,
    "absolute": _Lowering.absolute,
    "pos": lambda lowering, x: x,
    "floor": lambda lowering, x: lowering.whole("floor", x),
    "ceil": lambda lowering, x: lowering.whole("ceil", x),
    "trunc": lambda lowering, x: lowering.whole("trunc", x),
    "%": _Lowering.remainder,
    "//": _Lowering.floor_quotient,
    "power": _Lowering.power,
    "**": _Lowering.raised,
    "ieee_log": lambda lowering, x: lowering.step("log", x),
}
