"""Straight-line code as a function of some language: what all the languages have in common.

Takes a listing; gives the text of a function and the names of the helpers that it calls. Names are
the person's own; what is used once is written where it is used; parentheses stand where they have
to. A language is a subclass of `Function`: how it writes numbers, calls, statements and guards.
"""

from __future__ import annotations

import functools
import re
import textwrap
import unicodedata
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, NamedTuple

from autodiff.listing import Guard, Listing
from autodiff.printing import Text
from autodiff.program.lowering import lowered
from autodiff.rows import TABLE

_WIDTH = 100  # of a line
_LONGEST = 76  # of an expression

_ARITHMETIC = {*"+-*/%", "//", "**"}


class _Names:
    """Names that are taken."""

    def __init__(self, reserved: Iterable[str]) -> None:
        self._taken = set(reserved)
        self._count = 0

    def new(self, wanted: str) -> str:
        name, number = wanted, 2
        while name in self._taken:
            name, number = f"{wanted}_{number}", number + 1
        self._taken.add(name)
        return name

    def temporary(self) -> str:
        self._count += 1
        return self.new(f"t{self._count}")


class Function(ABC):
    """A function being written: its lines, and the texts of what is not yet a statement."""

    keywords: ClassVar[frozenset[str]]  # no name may be one of these
    reserved: ClassVar[frozenset[str]]  # what the text refers to: no number may be called so
    quote: ClassVar[str] = ""  # stands before the documentation

    def __init__(self, name: str, listing: Listing) -> None:
        self.listing = listing
        self.name = name
        self.lines: list[str] = []
        taken = [self.identifier(helper.name) for helper in helpers(type(self), listing)]
        self.names = _Names({*self.reserved, *taken})
        labels = [listing.names.get(place, "x") for place in range(listing.inputs)]
        self.parameters = [self.names.new(self.identifier(label)) for label in labels]
        self.texts = {i: Text(x, is_simple=True) for i, x in enumerate(self.parameters)}
        self.varied = [self.parameters[i] for i in listing.derivative_in if i is not None]

    # ---- What a language says -----------------------------------------------------------------

    @classmethod
    @abstractmethod
    def helper_of(cls, operation: str, constants: Sequence[Any]) -> str:
        """Name the helper that an operation on these constants (None: varies) needs, or ""."""

    @classmethod
    @abstractmethod
    def spelled(cls, helper: str) -> str:
        """Return the text of a helper that no formula states; "" for one that a formula does."""

    @abstractmethod
    def number(self, constant: Any, *, whole: bool) -> Text:
        """Write a constant; whole, if it stands beside one that makes a float of it."""

    @abstractmethod
    def expression(self, operation: str, operands: Sequence[Text], helper: str = "") -> Text:
        """Write one operation, by its helper or, for a reader, without."""

    @abstractmethod
    def statement(self, name: str, text: str) -> str:
        """Name an expression."""

    @abstractmethod
    def check(self, test: Text, truth: bool, said: Sequence[str], compared: Iterable[str]) -> None:
        """Add the lines that raise an error of what is said unless the test has this truth."""

    @abstractmethod
    def framed(self, results: list[str], documentation: Sequence[str], is_helper: bool) -> str:
        """Put the head and the end around the lines."""

    # ---- What is the same in all --------------------------------------------------------------

    @classmethod
    def identifier(cls, label: str) -> str:
        """Make a name of a label: letters, digits and underscores of any alphabet."""
        name = re.sub(r"\W+", "_", unicodedata.normalize("NFKC", label)).strip("_") or "x"
        name = name if name.isidentifier() else f"_{name}"
        return f"{name}_" if name in cls.keywords else name

    def written(self, documentation: Sequence[str], *, is_helper: bool = False) -> str:
        """Write the function."""
        kept = self._kept()
        for place in self.listing.computed:
            self._compute(place)
            if place in self.listing.guards:
                self._check(self.listing.guards[place])
            elif place in kept:
                self._keep(place)
        return self.framed(self._results(), documentation, is_helper)

    @classmethod
    def helper_at(cls, listing: Listing, place: int) -> str:
        """Name the helper that a line needs, or ""."""
        operation, operands, _ = listing.steps[place]
        return cls.helper_of(operation, [listing.steps[x].constant for x in operands])

    def _kept(self) -> set[int]:
        """Choose the lines that are statements: named, or used more than once."""
        computed = self.listing.computed
        conditions = {place for place, x in computed.items() if TABLE[x.operation].is_truth}
        uses = Counter([*self.listing.outputs, *self.listing.guards])
        for place in reversed(computed):
            for operand in computed[place].operands:
                uses[operand] += uses[place] if place in conditions else 1
        kept = {place for place, count in uses.items() if count > 1} - conditions
        kept.update(self.listing.names)
        if len(self.listing.outputs) == 1:
            kept.discard(self.listing.outputs[0])  # returned at once
        for place, primal in self.listing.adjoints.items():
            if place in kept:
                kept.add(primal)  # so that the name of the derivative says of what
        return kept

    def _operand(self, place: int, operation: str, texts: dict[int, Text]) -> Text:
        constant = self.listing.steps[place].constant
        if constant is not None:
            return self.number(constant, whole=operation in _ARITHMETIC)
        return texts[place]

    def _compute(self, place: int) -> None:
        """Write what a line computes; what would be too long for one line becomes several."""
        operation, operands, _ = self.listing.steps[place]
        while True:
            texts = [self._operand(operand, operation, self.texts) for operand in operands]
            helper = self.helper_at(self.listing, place)
            text = self.texts[place] = self.expression(operation, texts, helper)
            longest, operand = max(zip(texts, operands, strict=True), key=lambda x: len(x[0].text))
            if longest.is_simple or len(text.text) <= _LONGEST:
                return
            self._keep(operand)

    def _keep(self, place: int) -> None:
        """Make a statement of a line."""
        name = self._named(place)
        self.lines.append(self.statement(name, self.texts[place].text))
        self.texts[place] = Text(name, is_simple=True)

    def _named(self, place: int) -> str:
        label = self.listing.names.get(place)
        if label is not None:
            return self.names.new(self.identifier(label))
        primal = self.texts.get(self.listing.adjoints.get(place, -1))
        if primal is not None and primal.is_simple:
            return self.names.new(f"d_{primal.text}")
        return self.names.temporary()

    def _check(self, guard: Guard) -> None:
        text, compared = self.comparison(guard, self.texts)
        where, _, comparison = text.rpartition(": ")
        self.check(self.texts[guard.condition], guard.truth, (f"{where}: ", comparison), compared)

    def comparison(self, guard: Guard, texts: dict[int, Text]) -> tuple[str, dict[str, int]]:
        """Return what a guard says, and which named numbers it compares."""
        operands = self.listing.steps[guard.condition].operands
        varying = [x for x in operands if self.listing.steps[x].constant is None]
        compared = {texts[x].text: x for x in varying if texts[x].is_simple}
        happened = "held" if guard.truth else "did not hold"
        happens = "does not now" if guard.truth else "does now"
        text = f"{texts[guard.condition].text} {happened} when this was traced, and {happens}"
        return f"{guard.location}: {text}", compared

    def _results(self) -> list[str]:
        """Return the names of the results, each derivative under its own name."""
        first, *rest = [self._operand(x, "", self.texts).text for x in self.listing.outputs]
        results = [first]
        for text, parameter in zip(rest, self.varied, strict=True):
            name = f"d_{parameter}"
            if text != name:
                name = self.names.new(name)
                self.lines.append(self.statement(name, text))
            results.append(name)
        return results

    def formulas(self) -> dict[int, Text]:
        """Write every line in terms of the inputs, as far as that stays short."""
        texts = {place: self.texts[place] for place in range(self.listing.inputs)}
        for place, (operation, operands, _) in self.listing.computed.items():
            text = self.expression(
                operation, [self._operand(x, operation, texts) for x in operands]
            )
            if len(text.text) > _LONGEST:
                label = self.identifier(self.listing.names.get(place, "...")).strip("_")
                text = Text("..." if label == "x" else label, is_simple=True)
            texts[place] = text
        return texts

    def documentation(self, value_name: str) -> list[str]:
        """Say what the function returns, and the formula of the value, if it is short."""
        line = f"Return {value_name}"
        if len(self.listing.outputs) > 1:
            *first, last = self.varied
            names = f"each of {', '.join(first)} and {last}" if first else last
            line += f" and its derivative in {names if len(first) < 8 else 'each argument'}"
        lines = textwrap.wrap(f"{self.quote}{line}.", _WIDTH - 4)
        formula = self._operand(self.listing.outputs[0], "", self.formulas()).text
        formula = re.sub(r"\b[mM]ath\.|, math\b(?=\))", "", formula)
        return (
            lines if formula in ("...", value_name) else [*lines, "", f"{value_name} = {formula}"]
        )


def wrapped(head: str, items: Sequence[str], tail: str) -> list[str]:
    """Write a list of items on one line, or on several with the margin of the head.

    Without a tail, which closes a bracket of the head, several lines stand in a bracket.
    """
    line = f"{head}{', '.join(items)}{tail}"
    if len(line) <= _WIDTH:
        return [line]
    margin = " " * (len(head) - len(head.lstrip()))
    opening, closing = ("", tail) if tail else ("(", ")")
    last = "," if len(items) > 1 or tail else ""  # (x,) would be a tuple
    inner = textwrap.wrap(
        ", ".join(items) + last,
        _WIDTH - len(margin) - 4,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [head + opening, *[f"{margin}    {line}" for line in inner], margin + closing]


# ---- Functions that a language lacks ----------------------------------------------------------


class Helper(NamedTuple):
    """A function of the package, as text that stands on its own."""

    name: str
    text: str
    calls: Sequence[str]


def helpers(language: type[Function], *listings: Listing) -> list[Helper]:
    """Return the helpers of listings and those that they call, each once, callees first."""
    found: dict[str, Helper] = {}
    names = {name for listing in listings for name in _called(language, listing)}
    waiting = sorted(names, reverse=True)
    while waiting:
        helper = helper_named(language, waiting[-1])
        missing = [name for name in helper.calls if name not in found]
        waiting += missing
        if not missing:
            found[waiting.pop()] = helper
    return list(found.values())


def _called(language: type[Function], listing: Listing) -> list[str]:
    names = {language.helper_at(listing, place) for place in listing.computed}
    return sorted(names - {""})


@functools.cache
def helper_named(language: type[Function], name: str) -> Helper:
    """Write a function of plain numbers from its body, or as the language spells it."""
    text = language.spelled(name)
    if text:
        called = set(re.findall(r"\b(\w+)\(", text)) & TABLE.keys() - {name}
        needed = {language.helper_of(other, ()) for other in called}
        return Helper(name, text, sorted(needed - {""}))
    listing = lowered(name)
    summary = (TABLE[name].value.__doc__ or "").partition("\n\n")[0].replace("\n", " ")
    documentation = f"{language.quote}{summary.partition('. ')[0].rstrip('.')}."
    text = language(language.identifier(name), listing).written([documentation], is_helper=True)
    return Helper(name, text, _called(language, listing))
