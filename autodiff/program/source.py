"""Python source of a program: what a person would have written by hand.

`module` writes a program as functions of plain numbers that need only `math`. Names are the
person's own; what is used once is written where it is used; parentheses stand where they have to.
Functions that `math` lacks are taken, as text, from `functions.py`, where they are stated.
"""

from __future__ import annotations

import functools
import json
import keyword
import math
import re
import textwrap
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from autodiff import functions
from autodiff.listing import Guard, Listing
from autodiff.printing import Text, python_choice, written
from autodiff.program.lowering import lowered
from autodiff.rows import ATOM, NOT, SIGN, TABLE

_WIDTH = 100  # of a line
_LONGEST = 76  # of an expression

_ARITHMETIC = {*"+-*/%", "//", "**"}
_RESERVED = {"math", "abs", "ValueError", "GuardError"}


_GUARD_ERROR = '''\
class GuardError(ValueError):
    """An input would take another branch than the one that was recorded."""'''


def module(name: str, value: Listing, gradient: Listing, *, guard_error: str = _GUARD_ERROR) -> str:
    """Write a module of two functions: of the value, and of the value and the derivatives."""
    writers = [_Function(name, value), _Function(f"{name}_and_gradient", gradient)]
    texts = [writer.written(writer.documentation(name)) for writer in writers]
    helpers = _helpers(name for writer in writers for name in writer.helpers)
    parts: list[_Function | _Helper] = [*writers, *helpers]
    head = "import math" if any(part.needs_math for part in parts) else ""
    error = guard_error if gradient.guards else ""
    return "\n\n\n".join(filter(None, [head, error, *[h.text for h in helpers], *texts])) + "\n"


def condition(listing: Listing, guard: Guard) -> tuple[str, dict[str, int]]:
    """Return a guard's comparison as text, and the places of the numbers that it compares."""
    writer = _Function("condition", listing)
    text, names = writer.comparison(guard, writer.formulas())
    return text, names


# ---- Names and numbers ------------------------------------------------------------------------


def identifier(label: str) -> str:
    """Make a name of a label: letters, digits and underscores of any alphabet."""
    name = re.sub(r"\W+", "_", unicodedata.normalize("NFKC", label)).strip("_") or "x"
    name = name if name.isidentifier() else f"_{name}"
    return f"{name}_" if keyword.iskeyword(name) else name


def function_name(name: str) -> str:
    """Make a name for a function, which no function that it may call bears."""
    name = identifier(name)
    is_helper = hasattr(functions, name) and in_math(name) is None
    return f"{name}_" if is_helper or name in {*_RESERVED, "real"} else name


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


def _number(constant: Any, *, whole: bool) -> Text:
    """Write a constant; one that follows the kind of the inputs is a float unless beside one."""
    if isinstance(constant, Fraction):
        is_short = whole and constant.denominator == 1
        constant = constant.numerator if is_short else float(constant)
    elif hasattr(constant, "item"):
        constant = constant.item()
    elif not isinstance(constant, int):
        constant = float(constant)
    text = repr(constant)
    if isinstance(constant, float) and not math.isfinite(constant):
        text = text.replace("inf", "math.inf").replace("nan", "math.nan")
    return Text(text, SIGN if text.startswith("-") else ATOM, is_simple=True)


# ---- Expressions ------------------------------------------------------------------------------


def _call(name: str, arguments: Sequence[str]) -> str:
    """Write the call of a function."""
    spelling = in_math(name)
    if spelling is None and name != "abs" and _helper(name).needs_math:
        arguments = [*arguments, "math"]
    function = name if spelling is None else f"math.{spelling}"
    return f"{function}({', '.join(arguments)})"


def _expression(operation: str, operands: Sequence[Text]) -> Text:
    """Write one operation."""
    return written(TABLE[operation], operands, _call, python_choice)


def in_math(name: str) -> str | None:
    """Return how `math` spells a function, if it has it."""
    return next((n for n in (name, name.replace("arc", "a", 1)) if hasattr(math, n)), None)


class _Function:
    """A function being written: its lines, and the texts of what is not yet a statement."""

    def __init__(self, name: str, listing: Listing) -> None:
        self.listing = listing
        self.name = name
        operations = {step.operation for step in listing.computed.values()}
        self.helpers = sorted(filter(_needs_helper, operations))
        if any(map(self._may_be_complex, listing.computed)):
            self.helpers.append("real")
        self.lines: list[str] = []
        self.names = _Names({*_RESERVED, *(helper.name for helper in _helpers(self.helpers))})
        labels = [listing.names.get(place, "x") for place in range(listing.inputs)]
        self.parameters = [self.names.new(identifier(label)) for label in labels]
        self.texts = {i: Text(x, is_simple=True) for i, x in enumerate(self.parameters)}

    @property
    def needs_math(self) -> bool:
        return any("math." in line or "math)" in line for line in self.lines)

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

    def _may_be_complex(self, place: int) -> bool:
        """Return whether a line is a power that Python takes to the complex numbers."""
        step = self.listing.steps[place]
        if step.operation != "**":
            return False
        base, exponent = [self.listing.steps[operand].constant for operand in step.operands]
        return not (base is not None and base >= 0) and (exponent is None or exponent % 1 != 0)

    def _operand(self, place: int, operation: str, texts: dict[int, Text]) -> Text:
        constant = self.listing.steps[place].constant
        if constant is not None:
            return _number(constant, whole=operation in _ARITHMETIC)
        return texts[place]

    def written(self, documentation: Sequence[str], *, is_helper: bool = False) -> str:
        """Write the function; `math` is a parameter, for speed."""
        kept = self._kept()
        for place in self.listing.computed:
            self._compute(place)
            if place in self.listing.guards:
                self._check(self.listing.guards[place])
            elif place in kept:
                self._keep(place)
        self.lines += _wrapped("    return ", self._results(), "")
        arguments = self.parameters
        if self.needs_math:
            arguments = [*arguments, *([] if is_helper else ["*"]), "math=math"]
        head = _wrapped(f"def {self.name}(", arguments, "):")
        return "\n".join([*head, *[f"    {line}".rstrip() for line in documentation], *self.lines])

    def _compute(self, place: int) -> None:
        """Write what a line computes; what would be too long for one line becomes several."""
        operation, operands, _ = self.listing.steps[place]
        while True:
            texts = [self._operand(operand, operation, self.texts) for operand in operands]
            text = _expression(operation, texts)
            if self._may_be_complex(place):
                text = Text(f"real({text.text})")
            self.texts[place] = text
            longest, operand = max(zip(texts, operands, strict=True), key=lambda x: len(x[0].text))
            if longest.is_simple or len(text.text) <= _LONGEST:
                return
            self._keep(operand)

    def _keep(self, place: int) -> None:
        """Make a statement of a line."""
        name = self._named(place)
        self.lines.append(f"    {name} = {self.texts[place].text}")
        self.texts[place] = Text(name, is_simple=True)

    def _named(self, place: int) -> str:
        label = self.listing.names.get(place)
        if label is not None:
            return self.names.new(identifier(label))
        primal = self.texts.get(self.listing.adjoints.get(place, -1))
        if primal is not None and primal.is_simple:
            return self.names.new(f"d_{primal.text}")
        return self.names.temporary()

    def _check(self, guard: Guard) -> None:
        test = self.texts[guard.condition]
        text, compared = self.comparison(guard, self.texts)
        where_, _, comparison = text.rpartition(": ")
        numbers = [f'f"{mark} {x} = {{{x}}}"' for x, mark in zip(compared, ":,,,", strict=False)]
        texts = [json.dumps(x, ensure_ascii=False) for x in (f"{where_}: ", comparison)]
        self.lines += [
            f"    if {'not ' + test.within(NOT) if guard.truth else test.text}:",
            "        raise GuardError(",
            *[f"            {text}" for text in (*texts, *numbers)],
            "        )",
        ]

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
        for text, parameter in zip(rest, self.parameters, strict=False):
            name = f"d_{parameter}"
            if text != name:
                name = self.names.new(name)
                self.lines.append(f"    {name} = {text}")
            results.append(name)
        return results

    def formulas(self) -> dict[int, Text]:
        """Write every line in terms of the inputs, as far as that stays short."""
        texts = {place: self.texts[place] for place in range(self.listing.inputs)}
        for place, (operation, operands, _) in self.listing.computed.items():
            text = _expression(operation, [self._operand(x, operation, texts) for x in operands])
            if len(text.text) > _LONGEST:
                label = identifier(self.listing.names.get(place, "...")).strip("_")
                text = Text("..." if label == "x" else label, is_simple=True)
            texts[place] = text
        return texts

    def documentation(self, value_name: str) -> list[str]:
        line = f"Return {value_name}"
        if len(self.listing.outputs) > 1:
            *first, last = self.parameters
            names = f"each of {', '.join(first)} and {last}" if first else last
            line += f" and its derivative in {names if len(first) < 8 else 'each argument'}"
        lines = textwrap.wrap(f'"""{line}.', _WIDTH - 4)
        formula = self._operand(self.listing.outputs[0], "", self.formulas()).text
        formula = formula.replace("math.", "").replace(", math)", ")")
        if formula not in ("...", value_name):
            lines += ["", f"{value_name} = {formula}"]
        return [*lines, '"""'] if len(lines) > 1 else [lines[0] + '"""']


def _wrapped(head: str, items: Sequence[str], tail: str) -> list[str]:
    """Write a list of items on one line, or on several with the margin of the head."""
    line = f"{head}{', '.join(items)}{tail}"
    if len(line) <= _WIDTH:
        return [line]
    margin = " " * (len(head) - len(head.lstrip()))
    opening, closing = ("", "):") if head.endswith("(") else ("(", ")")
    last = "," if len(items) > 1 or closing == "):" else ""  # (x,) would be a tuple
    inner = textwrap.wrap(
        ", ".join(items) + last,
        _WIDTH - len(margin) - 4,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [head + opening, *[f"{margin}    {line}" for line in inner], margin + closing]


# ---- Functions that `math` lacks --------------------------------------------------------------

_REAL = '''\
def real(value):
    """Return `value`, which has to be real: Python leaves the real line silently."""
    if isinstance(value, complex):
        raise ValueError("math domain error: the result would be a complex number")
    return value'''


class _Helper(NamedTuple):
    """A function of the package, as text that stands on its own."""

    name: str
    text: str
    calls: tuple[str, ...]

    @property
    def needs_math(self) -> bool:
        return "math" in self.text


def _needs_helper(name: str) -> bool:
    is_function = TABLE[name].binding == ATOM and name != "abs"
    return is_function and in_math(name) is None


def _helpers(names: Iterable[str]) -> list[_Helper]:
    """Return these helpers and those that they call, each once, callees first."""
    found: dict[str, _Helper] = {}
    waiting = sorted(set(names), reverse=True)
    while waiting:
        helper = _helper(waiting[-1])
        missing = [name for name in helper.calls if name not in found]
        waiting += missing
        if not missing:
            found[waiting.pop()] = helper
    return list(found.values())


@functools.cache
def _helper(name: str) -> _Helper:
    """Write a function of plain numbers from its body, or as its row spells it."""
    if name == "real":
        return _Helper(name, _REAL, ())
    text = TABLE[name].python
    if text:
        called = set(re.findall(r"\b(\w+)\(", text)) & TABLE.keys() - {name}
        return _Helper(name, text, tuple(sorted(filter(_needs_helper, called))))
    writer = _Function(name, lowered(name))
    summary = (TABLE[name].value.__doc__ or "").partition("\n\n")[0].replace("\n", " ")
    documentation = f'"""{summary.partition(". ")[0].rstrip(".")}."""'
    return _Helper(name, writer.written([documentation], is_helper=True), tuple(writer.helpers))
