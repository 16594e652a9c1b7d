"""What is likely wrong with a derivative, in words, from the numbers at several points.

It takes the rows of a comparison and what was recorded, and gives sentences. A mistake leaves a
trace: a dropped 2 makes the ratio of the two derivatives 1/2 everywhere, a forgotten factor makes
it that factor. Each function below looks for one trace, says what it saw, and ends in a question:
evidence is no proof. What holds by chance at two points is not said.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence

from autodiff.checking.evidence import (
    ENOUGH,
    Evidence,
    at_points,
    constant_name,
    everywhere,
    evidence_of,
    is_plain,
    varies,
)
from autodiff.checking.recording import Recording, Trait
from autodiff.checking.rounding import as_float
from autodiff.checking.subject import VALUE
from autodiff.checking.verdict import Row, near_numerical, point_text
from autodiff.printing import Text
from autodiff.rows import ATOM, POWER

_SHOWN = 6  # numbers of a point
_MOST_PARTS = 30  # of a derivative that are looked at one by one

# ---- Looks: the first one that explains the difference is said --------------------------------

Look = Callable[[Evidence], str | None]
_LOOKS: list[Look] = []


def _look(look: Look) -> Look:
    """Add a look after those above it."""
    _LOOKS.append(look)
    return look


def _first(looks: Sequence[Look], evidence: Evidence) -> str | None:
    """Return the first explanation."""
    return next(filter(None, (look(evidence) for look in looks)), None)


@_look
def _is_zero(evidence: Evidence) -> str | None:
    """One of the two is 0."""
    if len(evidence) < ENOUGH or (any(evidence.by_hand) and any(evidence.ours)):
        return None
    if any(evidence.by_hand):
        return f"{evidence.us} is 0 {evidence.everywhere}, and by hand is not"
    return f"by hand is 0 {evidence.everywhere}, and {evidence.us} is not: is a term forgotten?"


@_look
def _constant_factor(evidence: Evidence) -> str | None:
    """By hand is a constant times autodiff, and the constant is one that people write."""
    factor = evidence.constant()
    name = factor and constant_name(factor)
    if not factor or not name:
        return None
    if sum(map(bool, evidence.ours)) < ENOUGH and not is_plain(name):
        return None
    return of_factor(factor, name, f"{evidence.us} {evidence.everywhere}")


def of_factor(factor: float, name: str, us: str) -> str:
    """Say that what is by hand is this multiple of ours, and ask why."""
    if name == "-1":
        return f"by hand is minus {us}: is the sign flipped?"
    small = abs(factor) < 1
    size = constant_name(1 / abs(factor) if small else abs(factor))
    guess = f"is a factor {size} dropped?" if small else f"is a factor {size} too many?"
    if factor < 0:
        guess = f"is the sign flipped, and {guess[3:]}"
    return f"by hand is {name} {'of' if small else 'times'} {us}: {guess}"


@_look
def _one_side(evidence: Evidence) -> str | None:
    """Right on one side of 0 of something: of a kink, of a variable, of an intermediate value."""
    wrong = evidence.wrong
    fewer = min(sum(wrong), len(wrong) - sum(wrong))
    kinds = [kind for kind, enough in _SIDES.items() if fewer >= enough]
    for trait, numbers in sorted(evidence.of_kind(*kinds), key=lambda x: kinds.index(x[0].kind)):
        for side, sign in (("negative", -1), ("positive", 1)):
            if wrong == [sign * number > 0 for number in numbers]:
                is_kink = ", which is one side of a kink" if trait.kind == "kink" else ""
                return _except(evidence, f"{trait.text} is {side}", is_kink)
    return None


# How many points on a side are no chance, of each kind of trait in the order of looking.
_SIDES = {"kink": 2, "name": ENOUGH, "value": 5}


def _except(evidence: Evidence, where: str, more: str = "") -> str:
    """Say that by hand is right except at some points, and what it is there."""
    wrong = evidence.wrong
    there = _first(_LOOKS, evidence.where(wrong))
    told = f"by hand is right except where {where} ({sum(wrong)} of {len(wrong)} points){more}"
    return f"{told}; there, {there}" if there else told


@_look
def _zero_at_some(evidence: Evidence) -> str | None:
    """By hand is right, except that it is exactly 0 where it should not be; or the other is."""
    wrong = evidence.wrong
    if min(sum(wrong), len(wrong) - sum(wrong)) < ENOUGH:
        return None
    if wrong == [not h for h in evidence.by_hand]:
        told = f"by hand is right except where it is 0 ({sum(wrong)} of {len(wrong)} points)"
        return f"{told}, and {evidence.us} is not: does a branch or a rounding make it 0 there?"
    if wrong == [not a for a in evidence.ours]:
        told = f"by hand is right except where {evidence.us} is 0"
        return f"{told} ({sum(wrong)} of {len(wrong)} points): is a branch that is flat forgotten?"
    return None


@_look
def _written_for(evidence: Evidence) -> str | None:
    """One variable is written in the place of another."""
    for trait, quotients in evidence.of_kind("quotient"):
        if _usable(quotients) and evidence.fits(evidence.products(quotients), quotients):
            one, _, other = trait.text.partition(" / ")
            return (
                f"by hand / {evidence.us} = {trait.text} {evidence.everywhere}: "
                f"is {one} written for {other}?"
            )
    return None


def _usable(numbers: Sequence[float]) -> bool:
    usable = all(1e-100 < abs(number) < 1e100 for number in numbers)
    return usable and len(numbers) >= ENOUGH and varies(numbers)


_FORGOTTEN = {
    "term": ("the derivative of the term {}", "is it forgotten?"),
    "use": ("what comes through {}", "is {variable} taken for a constant there?"),
    "path": ("what comes through {}", "is that path forgotten?"),
}


@_look
def _forgotten_part(evidence: Evidence) -> str | None:
    """By hand lacks a part of the derivative, and the rest is right."""
    for trait, part in _parts(evidence):
        if evidence.is_ours_plus([-p for p in part]):
            what, question = _FORGOTTEN[trait.kind]
            question = question.format(variable=evidence.variable)
            told = f"{evidence.us} - by hand is {what.format(trait.text)} {evidence.everywhere}"
            return f"{told}: {question}"
    return None


def _parts(evidence: Evidence) -> Iterator[tuple[Trait, list[float]]]:
    """Yield the parts of the derivative, other than the whole: terms first."""
    size = max(map(abs, evidence.ours))
    for kind in _FORGOTTEN:
        for trait, part in evidence.of_kind(kind):
            rest = [abs(a - p) for a, p in zip(evidence.ours, part, strict=True)]
            if _is_known(part) and any(part) and max(rest) > 1e-9 * size:
                yield trait, part


def _is_known(numbers: Sequence[float]) -> bool:
    return len(numbers) >= ENOUGH and all(map(math.isfinite, numbers))


@_look
def _mistaken_rule(evidence: Evidence) -> str | None:
    """By hand is what comes out by a rule that is often mistaken."""
    return _mistaken(evidence, "mistake")


def _mistaken(evidence: Evidence, kind: str) -> str | None:
    for trait, added in evidence.of_kind(kind):
        if _is_known(added) and evidence.is_ours_plus(added):
            premise, _, rule = trait.text.partition(": ")
            return f"by hand is what comes out {evidence.everywhere} if {premise}: {rule}"
    return None


@_look
def _factor(evidence: Evidence) -> str | None:
    """A variable or an intermediate value is missing as a factor, or is one too many."""
    for trait, numbers in evidence.of_kind("name", "value", "slope"):
        once = Text(trait.text, trait.binding)
        squared = Text(f"{once.within(ATOM)}**2", POWER)
        for power in (1, 2) if trait.kind == "name" else (1,):
            for sign in (-1, 1) if _usable(numbers) else ():
                factors = [number ** (sign * power) for number in numbers]
                text = once if power == 1 else squared
                if told := _factor_told(evidence, text, factors, missing=sign < 0):
                    return told
    return None


def _factor_told(
    evidence: Evidence, text: Text, factors: Sequence[float], missing: bool
) -> str | None:
    """Tell that by hand is autodiff times these factors, and perhaps a constant too."""
    constant = evidence.constant(factors)
    name = constant and constant_name(1 / constant if missing else constant)
    if not name or sum(map(bool, evidence.ours)) < ENOUGH:
        return None
    factor = text.within(ATOM)
    shown = {"1": text.text, "-1": f"-{factor}"}.get(name, f"{name} * {factor}")
    us, points = evidence.us, evidence.everywhere
    if missing:
        return f"{us} / by hand = {shown} {points}: is the factor {shown} missing?"
    return f"by hand / {us} = {shown} {points}: is the factor {shown} too many?"


@_look
def _not_derived(evidence: Evidence) -> str | None:
    """By hand stands the function itself."""
    for trait, numbers in evidence.of_kind("root"):
        if _usable(numbers) and evidence.fits(numbers):
            return f"by hand is {trait.text} itself {evidence.everywhere}: is it not derived?"
    return None


@_look
def _wrong_part(evidence: Evidence) -> str | None:
    """One part of the derivative is wrong by a factor, and the rest is right."""
    for trait, part in itertools.islice(_parts(evidence), _MOST_PARTS):
        there = evidence.of_part(part)
        looks = (_constant_factor, _written_for, _factor) if varies(part) else (_flipped,)
        told = _first(looks, there)
        if told:
            what = _FORGOTTEN[trait.kind][0].format(trait.text)
            return f"by hand is right except in {what}; there, {told}"
    return None


def _flipped(evidence: Evidence) -> str | None:
    """The sign is flipped, and nothing else."""
    if evidence.fits([-a for a in evidence.ours]):
        return f"by hand is minus autodiff {evidence.everywhere}: is the sign flipped?"
    return None


@_look
def _mistaken_chain(evidence: Evidence) -> str | None:
    """By hand is what comes out where a derivative is taken at the wrong number."""
    return _mistaken(evidence, "chain")


@_look
def _odd_factor(evidence: Evidence) -> str | None:
    """By hand is some constant times autodiff."""
    factor = evidence.constant() if sum(map(bool, evidence.ours)) >= ENOUGH else None
    if not factor:
        return None
    hint = "rounded" if abs(factor - 1) < 0.02 else "wrong"
    us = f"{evidence.us} {evidence.everywhere}"
    return f"by hand is {factor:.9g} times {us}: is a constant {hint}?"


@_look
def _constant_offset(evidence: Evidence) -> str | None:
    """By hand is autodiff plus a constant."""
    differences = [h - a for h, a in zip(evidence.by_hand, evidence.ours, strict=True)]
    offset = sorted(differences)[len(differences) // 2]
    if len(evidence) < ENOUGH or not offset or not varies(evidence.ours):
        return None
    if not evidence.is_ours_plus([offset] * len(evidence)):
        return None
    text = constant_name(offset) or f"{offset:.9g}"
    sign = f"minus {text[1:]}" if offset < 0 else f"plus {text}"
    us = f"{evidence.us} {sign} {evidence.everywhere}"
    return f"by hand is {us}: is a constant term wrong?"


# ---- All together -----------------------------------------------------------------------------


def diagnose(rows: Sequence[Row], recordings: Mapping[int, Recording]) -> dict[str, list[str]]:
    """Say what is likely wrong with each variable's derivative.

    Parameters
    ----------
    rows : sequence of Row
        All that was compared.
    recordings : mapping of int to Recording
        What was recorded at each point, by its number.

    Returns
    -------
    dict of str to list of str
        For each variable its sentences, the likeliest cause first; none where nothing is wrong.
    """
    by_variable: dict[str, list[Row]] = {}
    for row in rows:
        by_variable.setdefault(row.variable, []).append(row)
    evidences = {
        variable: evidence_of(variable, its, recordings) for variable, its in by_variable.items()
    }
    said = {v: list(_sentences(v, its, evidences)) for v, its in by_variable.items()}
    return {variable: sentences for variable, sentences in said.items() if sentences}


def _sentences(
    variable: str, rows: Sequence[Row], evidences: Mapping[str, Evidence]
) -> Iterator[str]:
    """Yield all that is to be said of a variable."""
    if any(row.verdict == "differs" for row in rows):
        cause = _cause(variable, rows, evidences)
        is_value = variable == VALUE
        yield f"the value is wrong, and not only a derivative: {cause}" if is_value else cause
        yield from _referee(rows)
    yield from _rounded(rows)
    yield from _undecided(rows)


def _cause(variable: str, rows: Sequence[Row], evidences: Mapping[str, Evidence]) -> str:
    """Return the first cause that explains all rows of a variable."""
    evidence = evidences[variable]
    decided = [row for row in rows if row.verdict != "undecided"]
    contradicted = [row for row in decided if row.verdict == "differs" and row.reason]
    if contradicted:
        return (
            f"autodiff and by hand agree, but the numerical derivative contradicts both "
            f"{at_points(len(contradicted), len(decided))}: {_WRONG_RULE}"
        )
    told = None
    if decided[0].by_hand is not None and any(evidence.wrong):
        told = _constant_factor(evidence) if len(evidence) >= ENOUGH else None
        told = told or _other_variable(evidences, evidence) or _first(_LOOKS, evidence)
    return told or _unexplained(decided)


def _other_variable(evidences: Mapping[str, Evidence], own: Evidence) -> str | None:
    """By hand stands the derivative in another variable; perhaps the two are swapped."""
    variable, once = own.variable, [1.0] * len(own)
    for (_, name, *_), gradients in own.of_kind("gradient"):
        if name == variable or not own.fits(gradients, once):
            continue
        found = f"by hand is autodiff's derivative in {name} {own.everywhere}"
        other = evidences.get(name)
        if other and len(other) == len(own) and other.fits(own.ours, once):
            return f"{found}, and the other way round: are {variable} and {name} swapped?"
        if len(own) >= ENOUGH and varies(gradients):
            return f"{found}: is it derived in the wrong variable?"
    return None


def _unexplained(rows: Sequence[Row]) -> str:
    wrong = [row for row in rows if row.verdict == "differs"]
    worst = max(wrong, key=lambda row: as_float(row.relative))
    pair = "the two derivatives" if worst.by_hand is not None else _CONTRADICTED
    pair = "the function and by hand" if worst.variable == VALUE else pair
    count = at_points(len(wrong), len(rows))
    return f"{pair} differ {count}, most at {point_text(worst.point, _SHOWN)}"


_CONTRADICTED = "autodiff and the numerical derivative"


_WRONG_RULE = "does the function drop a derivative (by .data, or by an operation's wrong rule)?"


def _referee(rows: Sequence[Row]) -> Iterator[str]:
    """Say with which of the two derivatives the numerical one agrees, where it can tell them."""
    told = [row for row in rows if math.isfinite(row.numerical) and row.verdict != "undecided"]
    wrong = [row for row in told if row.verdict == "differs"]
    if not told or told[0].by_hand is None or any(row.reason for row in wrong):
        return
    near = [(near_numerical(row, row.autodiff), near_numerical(row, row.by_hand)) for row in told]
    both = zip(told, near, strict=True)
    telling = [sides for row, sides in both if row.verdict == "differs" and not all(sides)]
    if not telling:
        yield "the numerical derivative is too inexact here to side with one of them"
        return
    points, asked = f"at {len(telling)} points where it can tell", telling
    if len(telling) == len(wrong):
        points, asked = everywhere(len(told)), near
    if all(ours for ours, _ in asked):
        yield f"the numerical derivative agrees with autodiff {points}"
    elif all(theirs for _, theirs in asked):
        yield f"the numerical derivative agrees with by hand {points}: {_WRONG_RULE}"
    else:
        ours, theirs = map(sum, zip(*near, strict=True))
        yield (
            f"the numerical derivative agrees with autodiff at {ours} and with by hand at "
            f"{theirs} of {len(told)} points"
        )


def _rounded(rows: Sequence[Row]) -> Iterator[str]:
    """Say where two numbers that differ are equal but for rounding, and which loses digits."""
    rounded = [row for row in rows if row.verdict == "agrees" and row.reason]
    if rounded:
        worst = max(rounded, key=lambda row: as_float(row.relative))
        points = at_points(len(rounded), len(rows))
        yield f"equal up to rounding {points}: {worst.reason} at {point_text(worst.point, _SHOWN)}"


def _undecided(rows: Sequence[Row]) -> Iterator[str]:
    """Say once for each reason at how many points nothing could be decided."""
    reasons: dict[str, list[Row]] = {}
    for row in rows:
        if row.verdict == "undecided":
            reasons.setdefault(row.reason, []).append(row)
    for reason, undecided in reasons.items():
        count = at_points(len(undecided), len(rows))
        yield f"undecided {count}, first at {point_text(undecided[0].point, _SHOWN)}: {reason}"
