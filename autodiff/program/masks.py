"""Structural zeros: where a number of a program is no number at all.

Takes lines and gives lines. In the engine the derivative of a branch that was not taken is None: it
contributes nothing, even where its factors are infinite. A program has both branches, and so a line
has a mask that says where it is such a zero. A product is one where a factor is, and computes there
whatever its factors give; it is filled only when it is added up (with -0.0, which changes no bit of
any sum) or returned (with 0, as a derivative that does not exist is). The local derivative of a
choice keeps its branches, so that a factor is multiplied into the one that exists.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from autodiff.program.simplification import simplified
from autodiff.rows import TABLE

Line = Any  # a line of a recording; see `tracing`


class Mask(NamedTuple):
    """Where a line is a structural zero.

    Attributes
    ----------
    absent : bool or Line
        The condition; False if nowhere, True if everywhere.
    filler : number or None
        What the line computes there: 0, -0.0, or (None) anything.
    branches : tuple or None
        Condition and branches of a local derivative that is a structural zero in one of them.
    """

    absent: Any = False
    filler: float | None = None
    branches: tuple[Line, Any, Any] | None = None


NOWHERE = Mask()


# ---- Lines with masks -------------------------------------------------------------------------


def choice(condition: Line, a: Any, b: Any) -> Line:
    """Record a where, of which one branch may be None."""
    if condition.operation == "not":
        return choice(condition.operands[0], b, a)
    recording = condition.recording
    kept = [None if branch is None else recording.alternative(branch) for branch in (a, b)]
    absent_a, absent_b = (True if branch is None else branch.mask.absent for branch in kept)
    zero = recording.like(0)
    filled = [zero if branch is None else settled(branch) for branch in kept]
    if kept[0] is kept[1]:
        return kept[0]
    line = _where(condition, *filled)
    absent = either(both(condition, absent_a), both(negated(condition), absent_b))
    if absent is False:
        return line
    line = line.absent_where(absent)
    is_whole = all(k is None or k.mask.branches or k.fixed or k.mask.absent is False for k in kept)
    line.mask = Mask(absent, 0, (condition, kept[0], kept[1]) if is_whole else line.mask.branches)
    return line


def settled(line: Line) -> Line:
    """Return a line as a plain number: 0 where it is absent."""
    return _filled(line, 0)


def _filled(line: Line, filler: float) -> Line:
    absent, known, _ = line.mask
    if absent is False or (known is not None and str(known) == str(filler)):
        return line
    present, zero = line.recording.lines[line.place], line.recording.like(filler)
    if absent is True:
        return zero
    if absent.operation == "not":
        return _where(absent.operands[0], present, zero)
    return _where(absent, zero, present)


def _where(condition: Line, a: Line, b: Line) -> Line:
    """Record a where; of a branch that asks the same again, what it chooses is known."""
    if a.operation == "where" and a.operands[0] is condition:
        a = a.operands[1]
    if b.operation == "where" and b.operands[0] is condition:
        b = b.operands[2]
    return condition.recording.line("where", condition, a, b)


def product(a: Line, b: Line) -> Line:
    """Record a product, which is absent where one of its factors is."""
    for mask, factor in ((b, a), (a, b)):
        if mask.mask.branches is not None:
            return _into_branches(mask, factor)
    return simplified("*", a, b).absent_where(either(a.mask.absent, b.mask.absent))


def _into_branches(line: Line, factor: Line) -> Line:
    """Multiply the branches of a local derivative; those that are absent stay so."""
    condition, *branches = line.mask.branches
    number = line.recording.lines[factor.place]  # without its own zeros
    products = [None if branch is None else number * branch for branch in branches]
    chosen = choice(condition, *products)
    chosen.mask = chosen.mask._replace(branches=None)
    return chosen.absent_where(either(factor.mask.absent, chosen.mask.absent))


def total(a: Line, b: Line) -> Line:
    """Record a sum; it is absent where both of its operands are."""
    absent = both(a.mask.absent, b.mask.absent)
    line = simplified("+", _filled(a, -0.0), _filled(b, -0.0)).absent_where(absent)
    if absent is not False:
        line.mask = line.mask._replace(filler=-0.0)
    return line


# ---- Conditions, of which each may be a bool --------------------------------------------------


def both(a: Any, b: Any) -> Any:
    """Return a and b."""
    if a is False or b is False:
        return False
    if a is True or b is True:
        return b if a is True else a
    for c, d in ((a, b), (b, a)):
        if c.operation == "not" and c.operands[0] is d:
            return False
        if c.operation == "not" and _exclude(c.operands[0], d):
            return d
    return a if a is b else a.recording.line("and", a, b)


def either(a: Any, b: Any) -> Any:
    """Return a or b."""
    if a is True or b is True:
        return True
    if a is False or b is False:
        return b if a is False else a
    if negated(a) is b:
        return True
    return a if a is b else a.recording.line("or", a, b)


def negated(a: Line) -> Line:
    """Return not a."""
    return a.operands[0] if a.operation == "not" else a.recording.line("not", a)


def _exclude(c: Line, d: Line) -> bool:
    """Return whether two comparisons of the same numbers can never both hold."""
    if [x.place for x in c.operands] != [x.place for x in d.operands]:
        return False
    one, other = TABLE[c.operation], TABLE[d.operation]
    if not (one.is_comparison and other.is_comparison):
        return False
    return not any(one.value(x, 0) and other.value(x, 0) for x in (-1, 0, 1))
