"""Two ways to compute numbers as one, where they are alike.

Takes lines of two ways, and what tells them apart; gives the numbers that a sample gets on its own
way. Where both do the same to different numbers, it is done once, to the one that is chosen: so
branches that differ in their constants become one. This keeps every bit. It is known as branch
fusion (Coutinho, Sampaio, Pereira and Meira, "Divergence Analysis and Optimizations", PACT 2011).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from autodiff.jitting.steps import Steps
from autodiff.listing import INPUT, LIKE
from autodiff.rows import TABLE

_ARITHMETIC = {"+", "-", "*", "/"}  # in which a constant may be another in each way

Pair = tuple[int, int]  # the places of a number of one way, and of one of the other


class Same(NamedTuple):
    """An operation that both ways do, and its operands on both."""

    operation: str
    operands: list[Pair]


def melded(
    lines: Steps, condition: int, yes: Sequence[int], no: Sequence[int], before: set[int]
) -> list[int]:
    """Return the places of choices between numbers.

    Parameters
    ----------
    lines : Steps
        Where they are written, and the choices are.
    condition : int
        The place of what tells whether those of `yes` are chosen.
    yes, no : sequence of int
        The places of the numbers.
    before : set of int
        What is computed in any case.
    """
    ends = list(zip(yes, no, strict=True))
    chosen: dict[Pair, int] = {}
    for pair, same in _alike(lines, ends, before).items():
        if pair[0] == pair[1]:
            chosen[pair] = pair[0]
        elif same is not None:
            chosen[pair] = lines.step(same.operation, *[chosen[x] for x in same.operands])
        else:
            chosen[pair] = lines.step("where", condition, *pair)
    return [chosen[pair] for pair in ends]


def _alike(lines: Steps, ends: Sequence[Pair], before: set[int]) -> dict[Pair, Same | None]:
    """Return the pairs that are come upon from some, operands first, with what both ways do."""
    met: dict[Pair, Same | None] = {}
    found: dict[Pair, Same | None] = {}
    waiting = list(ends)
    while waiting:
        pair = waiting[-1]
        if pair not in met:
            is_own = pair[0] != pair[1] and not before & {*pair}
            met[pair] = same = _same(lines, *pair) if is_own else None
            waiting += same.operands if same else []
            continue
        waiting.pop()
        if pair not in found:
            same = met[pair]
            found[pair] = same if same and _pays(lines, same, found) else None
    return found


def _same(lines: Steps, a: int, b: int) -> Same | None:
    """Return what two steps do alike; None if it is nothing."""
    (operation, of_a, _), (other, of_b, _) = lines.steps[a], lines.steps[b]
    if INPUT in (operation, other) or lines.constants & {a, b}:
        return None
    if {operation, other} == {"+", "-"}:
        (operation, of_a), (other, of_b) = _sum(lines, a), _sum(lines, b)
    multiples = _multiples(lines, a, b) if {operation, other} != {"neg"} else None
    if multiples is not None or operation != other:
        return multiples
    pairs = list(zip(of_a, of_b, strict=True))
    if operation in ("+", "*"):
        turned = list(zip(of_a, of_b[::-1], strict=True))
        pairs = max(pairs, turned, key=lambda x: _fit(lines, x))
    is_possible = all(_can_be_chosen(lines, operation, *x) for x in pairs)
    return Same(operation, pairs) if is_possible else None


def _sum(lines: Steps, place: int) -> tuple[str, tuple[int, ...]]:
    """Return a difference as a sum, if what is subtracted is a constant."""
    operation, (a, b), _ = lines.steps[place]
    is_constant = operation == "-" and b in lines.constants
    return ("+", (a, lines.step("neg", b))) if is_constant else (operation, (a, b))


def _multiples(lines: Steps, a: int, b: int) -> Same | None:
    """Return what two numbers are if both are multiples, of numbers that are alike."""
    (x, times, one), (y, by, other) = _factored(lines, a), _factored(lines, b)
    is_like = lines.steps[x].operation == lines.steps[y].operation
    operations = {one, other} - {""}
    if len(operations) != 1 or not is_like:
        return None
    return Same(operations.pop(), [(x, y), (times, by)])


def _factored(lines: Steps, place: int) -> tuple[int, int, str]:
    """Return of what number one is a multiple, by which constant, and how: "" if of itself."""
    operation, operands, _ = lines.steps[place]
    if operation == "neg":
        return operands[0], lines.step(LIKE, constant=Fraction(-1)), "*"
    for x, factor in (operands, operands[::-1]) if operation == "*" else ():
        if factor in lines.constants:
            return x, factor, "*"
    if operation == "/" and operands[1] in lines.constants:
        return operands[0], operands[1], "/"
    return place, lines.step(LIKE, constant=Fraction(1)), ""


def _fit(lines: Steps, pairs: Sequence[Pair]) -> int:
    """Return how well operands fit each other."""
    steps, constants = lines.steps, lines.constants
    alike = [a for a, b in pairs if steps[a].operation == steps[b].operation or {a, b} <= constants]
    return len(alike) + 2 * len([a for a, b in pairs if a == b])


def _can_be_chosen(lines: Steps, operation: str, a: int, b: int) -> bool:
    """Return whether an operation may be done to one of two operands."""
    if a == b:
        return True
    if lines.constants & {a, b}:
        return operation in _ARITHMETIC
    operations = [lines.steps[x].operation for x in (a, b)]
    return not any(x != INPUT and TABLE[x].is_truth for x in operations)


def _pays(lines: Steps, same: Same, found: dict[Pair, Same | None]) -> bool:
    """Return whether less is computed if operands are chosen than if results are."""
    numbers = [x for x in same.operands if x[0] != x[1] and not {*x} <= lines.constants]
    chosen = [x for x in numbers if found[x] is None]
    return len(chosen) < 2 or not TABLE[same.operation].llvm
