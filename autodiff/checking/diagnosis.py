"""What is likely wrong with a derivative, in words, from the numbers at several points.

A mistake leaves a trace: a dropped 2 makes the ratio of the two derivatives 1/2 everywhere, a
forgotten factor makes it that factor. Each function below looks for one trace, says what it saw,
and ends in a question: evidence is no proof. What holds by chance at two points is not said.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from autodiff.checking.recording import Recording, Trait, as_float
from autodiff.checking.verdict import VALUE, Row, near_numerical, point_text

ENOUGH = 3  # points from which a trace counts


# ---- The traces of mistakes -------------------------------------------------------------------


@dataclass
class Evidence:
    """The decided rows of one variable, and the traits that all of their points have."""

    rows: list[Row]
    traits: dict[Trait, list[float]]
    gradients: dict[str, list[float]]  # autodiff's derivatives in all variables

    def __post_init__(self) -> None:
        self.autodiff = [as_float(row.autodiff) for row in self.rows]
        self.by_hand = [as_float(row.by_hand) for row in self.rows]
        self.slack = [4 * as_float(row.tolerance) for row in self.rows]

    def where(self, chosen: Sequence[bool]) -> Evidence:
        """Return the evidence of some of the rows."""

        def pick(items: Sequence[Any]) -> list[Any]:
            return [item for item, keep in zip(items, chosen, strict=True) if keep]

        traits = {trait: pick(numbers) for trait, numbers in self.traits.items()}
        return Evidence(pick(self.rows), traits, {n: pick(g) for n, g in self.gradients.items()})

    def fits(self, predicted: Sequence[float], factor: Sequence[float]) -> bool:
        """Return whether by hand is as predicted, with the slack that `factor` magnifies."""
        return all(
            abs(h - p) <= slack * (1 + abs(c)) + 1e-9 * abs(p)
            for h, p, slack, c in zip(self.by_hand, predicted, self.slack, factor, strict=True)
        )

    @property
    def everywhere(self) -> str:
        count = len(self.rows)
        return {1: "at the one point", 2: "at both points"}.get(count, f"at all {count} points")


def _is_zero(evidence: Evidence) -> str | None:
    """One of the two is 0."""
    if len(evidence.rows) < ENOUGH or (any(evidence.by_hand) and any(evidence.autodiff)):
        return None
    if any(evidence.by_hand):
        return f"autodiff is 0 {evidence.everywhere}, and by hand is not"
    return f"by hand is 0 {evidence.everywhere}, and autodiff is not: is a term forgotten?"


def _constant_factor(evidence: Evidence) -> str | None:
    """By hand is a constant times autodiff."""
    largest = max(range(len(evidence.rows)), key=lambda i: abs(evidence.autodiff[i]))
    if not evidence.autodiff[largest] or not evidence.by_hand[largest]:
        return None
    factor = evidence.by_hand[largest] / evidence.autodiff[largest]
    count = sum(map(bool, evidence.autodiff))
    if not evidence.fits([factor * a for a in evidence.autodiff], [factor] * len(evidence.rows)):
        return None
    name = constant_name(factor)
    if count < ENOUGH and (name is None or not name.lstrip("-").replace("/", "").isdigit()):
        return None
    return _factor_words(factor, name, evidence.everywhere)


def _factor_words(factor: float, name: str | None, everywhere: str) -> str:
    if name == "-1":
        return f"by hand is minus autodiff {everywhere}: is the sign flipped?"
    if name is None:
        hint = "rounded" if abs(factor - 1) < 0.02 else "wrong"
        return f"by hand is {factor:.9g} times autodiff {everywhere}: is a constant {hint}?"
    small = abs(factor) < 1
    size = constant_name(1 / abs(factor) if small else abs(factor))
    guess = f"is a factor {size} dropped?" if small else f"is a factor {size} too many?"
    if factor < 0:
        guess = f"is the sign flipped, and {guess[3:]}"
    return f"by hand is {name} {'of' if small else 'times'} autodiff {everywhere}: {guess}"


_CONSTANTS = {
    "pi": math.pi, "2*pi": 2 * math.pi, "180/pi": 180 / math.pi, "pi/180": math.pi / 180,
    "1/pi": 1 / math.pi, "e": math.e, "log(2)": math.log(2), "1/log(2)": 1 / math.log(2),
    "log(10)": math.log(10), "1/log(10)": 1 / math.log(10), "sqrt(2)": math.sqrt(2),
    "1/sqrt(2)": math.sqrt(0.5), "sqrt(pi)": math.sqrt(math.pi),
}  # fmt: skip


def constant_name(number: float) -> str | None:
    """Return how a person writes a constant: a simple fraction, or one with pi, e or a logarithm.

    >>> constant_name(-0.5), constant_name(57.29577951308232), constant_name(0.123456)
    ('-1/2', '180/pi', None)
    """
    fraction = Fraction(number).limit_denominator(20)
    if fraction and abs(fraction.numerator) <= 100 and math.isclose(fraction, number):
        return str(fraction)
    sign = "-" if number < 0 else ""
    for name, constant in _CONSTANTS.items():
        if math.isclose(constant, abs(number)):
            return sign + name
    return None


def _constant_offset(evidence: Evidence) -> str | None:
    """By hand is autodiff plus a constant."""
    differences = [h - a for h, a in zip(evidence.by_hand, evidence.autodiff, strict=True)]
    offset = sorted(differences)[len(differences) // 2]
    if len(evidence.rows) < ENOUGH or not offset or not _varies(evidence.autodiff):
        return None
    if not evidence.fits([a + offset for a in evidence.autodiff], [0.0] * len(differences)):
        return None
    text = constant_name(offset) or f"{offset:.9g}"
    sign = f"minus {text[1:]}" if offset < 0 else f"plus {text}"
    return f"by hand is autodiff {sign} {evidence.everywhere}: is a constant term wrong?"


def _varies(numbers: Sequence[float]) -> bool:
    spread = max(numbers) - min(numbers)
    return spread > 1e-6 * max(map(abs, numbers))


def _factor(evidence: Evidence) -> str | None:
    """A variable or an intermediate value is missing as a factor, or is one too many."""
    for trait, numbers in evidence.traits.items():
        if trait.kind not in ("name", "value", "local derivative") or not _usable(numbers):
            continue
        squared = f"{_bracketed(trait.text)}**2"
        for text, power in ((trait.text, -1), (trait.text, 1), (squared, -2), (squared, 2)):
            factors = [number**power for number in numbers]
            told = _factor_told(evidence, text, factors, missing=power < 0)
            if told:
                return told
    return None


def _bracketed(text: str) -> str:
    return text if text.isidentifier() else f"({text})"


def _usable(numbers: Sequence[float]) -> bool:
    usable = all(math.isfinite(number) and abs(number) > 1e-100 for number in numbers)
    return usable and len(numbers) >= ENOUGH and _varies(numbers)


def _factor_told(
    evidence: Evidence, text: str, factors: Sequence[float], missing: bool
) -> str | None:
    """Tell that by hand is autodiff times these factors, and perhaps a constant too."""
    products = [a * c for a, c in zip(evidence.autodiff, factors, strict=True)]
    largest = max(range(len(products)), key=lambda i: abs(products[i]))
    if sum(map(bool, products)) < ENOUGH or not evidence.by_hand[largest]:
        return None
    constant = evidence.by_hand[largest] / products[largest]
    name = constant_name(1 / constant if missing else constant)
    if name is None or not evidence.fits([constant * p for p in products], factors):
        return None
    shown = {"1": text, "-1": f"-{_bracketed(text)}"}.get(name, f"{name} * {_bracketed(text)}")
    if missing:
        return f"autodiff / by hand = {shown} {evidence.everywhere}: is the factor {shown} missing?"
    return f"by hand / autodiff = {shown} {evidence.everywhere}: is the factor {shown} too many?"


def _missing_term(evidence: Evidence) -> str | None:
    """By hand lacks the part of the derivative that comes through one use of the variable."""
    variable = evidence.rows[0].variable
    for trait, numbers in evidence.traits.items():
        if trait.kind != "part" or trait.variable != variable or not _usable(numbers):
            continue
        zeros = [0.0] * len(numbers)
        lacking = [a - part for a, part in zip(evidence.autodiff, numbers, strict=True)]
        if evidence.fits(lacking, zeros):
            return (
                f"autodiff - by hand is what comes through {trait.text} {evidence.everywhere}: "
                f"is {variable} taken for a constant there?"
            )
    return None


def _one_side(evidence: Evidence) -> str | None:
    """Right on one side of 0 of something: of a kink, of a variable, of an intermediate value."""
    wrong = [row.verdict == "differs" for row in evidence.rows]
    fewer = min(sum(wrong), len(wrong) - sum(wrong))
    ranked = sorted(evidence.traits.items(), key=lambda item: _SIDES.get(item[0].kind, (9, 0))[0])
    for trait, numbers in ranked:
        if trait.kind not in _SIDES or fewer < _SIDES[trait.kind][1]:
            continue
        for side, sign in (("negative", -1), ("positive", 1)):
            if wrong != [sign * number > 0 for number in numbers]:
                continue
            told = [look(evidence.where(wrong)) for look in _LOOKS if look is not _one_side]
            there = next(filter(None, told), None)
            return (
                f"by hand is right except where {trait.text} is {side} "
                f"({sum(wrong)} of {len(wrong)} points)"
                + (", which is one side of a kink" if trait.kind == "kink" else "")
                + (f"; there, {there}" if there else "")
            )
    return None


# Of each kind of trait: which is looked at first, and how many points on a side are no chance.
_SIDES = {"kink": (0, 2), "name": (1, ENOUGH), "value": (2, 5)}

Look = Callable[[Evidence], str | None]
_LOOKS: tuple[Look, ...] = (
    _is_zero,
    _constant_factor,
    _one_side,
    _factor,
    _constant_offset,
    _missing_term,
)


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
    said: dict[str, list[str]] = {}
    evidences = {
        variable: _evidence([row for row in rows if row.variable == variable], recordings)
        for variable in dict.fromkeys(row.variable for row in rows)
    }
    for variable, evidence in evidences.items():
        sentences = said[variable] = []
        wrong = [row for row in evidence.rows if row.verdict == "differs"]
        if wrong:
            cause = _cause(variable, evidences) or _unexplained(evidence, wrong)
            if variable == VALUE:
                cause = f"the value is wrong, and not only a derivative: {cause}".replace(
                    "autodiff", "the function"
                )
            sentences.append(cause)
            sentences.extend(_referee(evidence))
        sentences.extend(_undecided([row for row in rows if row.variable == variable]))
    return {variable: sentences for variable, sentences in said.items() if sentences}


def _evidence(rows: Sequence[Row], recordings: Mapping[int, Recording]) -> Evidence:
    """Gather the decided rows, and the traits that are there at every one of their points."""
    decided = [row for row in rows if row.verdict != "undecided"]
    visited = [recordings[row.number] for row in decided]
    first = visited[0] if visited else Recording(0, {})
    common = [t for t in first.traits if all(t in recording.traits for recording in visited)]
    traits = {trait: [recording.traits[trait] for recording in visited] for trait in common}
    names = () if rows[0].variable == VALUE else first.gradients
    gradients = {name: [as_float(r.gradients[name]) for r in visited] for name in names}
    return Evidence(decided, traits, gradients)


def _cause(variable: str, evidences: Mapping[str, Evidence]) -> str | None:
    """Return the first cause that explains all rows of a variable."""
    evidence = evidences[variable]
    if evidence.rows[0].by_hand is None:
        return None
    contradicted = [row for row in evidence.rows if row.reason]
    if contradicted:
        return (
            f"autodiff and by hand agree, but the numerical derivative contradicts both at "
            f"{len(contradicted)} of {len(evidence.rows)} points: {_WRONG_RULE}"
        )
    told = _constant_factor(evidence) if len(evidence.rows) >= ENOUGH else None
    return (
        told
        or _other_variable(variable, evidences)
        or next(filter(None, (look(evidence) for look in _LOOKS)), None)
    )


def _other_variable(variable: str, evidences: Mapping[str, Evidence]) -> str | None:
    """By hand stands the derivative in another variable; perhaps the two are swapped."""
    own = evidences[variable]
    ones = [1.0] * len(own.rows)
    for name, gradients in own.gradients.items():
        if name == variable or not own.fits(gradients, ones):
            continue
        found = f"by hand is autodiff's derivative in {name} {own.everywhere}"
        other = evidences.get(name)
        if other and len(other.rows) == len(own.rows) and other.fits(own.autodiff, ones):
            return f"{found}, and the other way round: are {variable} and {name} swapped?"
        if len(own.rows) >= ENOUGH and _varies(gradients):
            return f"{found}: is it derived in the wrong variable?"
    return None


def _unexplained(evidence: Evidence, wrong: Sequence[Row]) -> str:
    worst = max(wrong, key=lambda row: as_float(row.relative))
    pair = "the two derivatives differ" if worst.by_hand is not None else _CONTRADICTED
    return (
        f"{pair} at {len(wrong)} of {len(evidence.rows)} points, most at {point_text(worst.point)}"
    )


_CONTRADICTED = "autodiff and the numerical derivative differ"


_WRONG_RULE = "does the function drop a derivative (by .data, or by an operation's wrong rule)?"


def _referee(evidence: Evidence) -> Iterator[str]:
    """Say with which of the two derivatives the numerical one agrees."""
    rows = [
        row for row in evidence.rows if math.isfinite(row.numerical) and row.by_hand is not None
    ]
    if not rows or rows[0].variable == VALUE or any(row.reason for row in rows):
        return
    with_autodiff = sum(near_numerical(row, row.autodiff) for row in rows)
    with_hand = sum(near_numerical(row, row.by_hand) for row in rows)
    everywhere = Evidence(rows, {}, {}).everywhere
    wrong = sum(row.verdict == "differs" for row in rows)
    if with_autodiff == len(rows):
        yield f"the numerical derivative agrees with autodiff {everywhere}"
    elif with_hand == len(rows):
        yield (f"the numerical derivative agrees with by hand {everywhere}: {_WRONG_RULE}")
    elif wrong:
        yield (
            f"the numerical derivative agrees with autodiff at {with_autodiff} and with by hand at "
            f"{with_hand} of {len(rows)} points"
        )


def _undecided(rows: Sequence[Row]) -> Iterator[str]:
    """Say once for each reason at how many points nothing could be decided."""
    reasons: dict[str, list[Row]] = {}
    for row in rows:
        if row.verdict == "undecided":
            reasons.setdefault(row.reason, []).append(row)
    for reason, undecided in reasons.items():
        count = f"{len(undecided)} of {len(rows)} points"
        yield f"undecided at {count}, first at {point_text(undecided[0].point)}: {reason}"
