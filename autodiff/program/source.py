"""Python source of a program: what a person would have written by hand.

`module` writes a program as functions of plain numbers that need only `math`. Functions that `math`
lacks are taken, as text, from `functions.py`, where they are stated.
"""

from __future__ import annotations

import json
import keyword
import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

from autodiff import functions
from autodiff.listing import Guard, Listing
from autodiff.printing import Text, python_choice, written
from autodiff.program import writing
from autodiff.program.writing import wrapped
from autodiff.rows import ATOM, NOT, SIGN, TABLE

_GUARD_ERROR = '''\
class GuardError(ValueError):
    """An input would take another branch than the one that was recorded."""'''

_REAL = '''\
def real(value):
    """Return `value`, which has to be real: Python leaves the real line silently."""
    if isinstance(value, complex):
        raise ValueError("math domain error: the result would be a complex number")
    return value'''


def module(name: str, value: Listing, gradient: Listing, *, guard_error: str = _GUARD_ERROR) -> str:
    """Write a module of two functions: of the value, and of the value and the derivatives."""
    writers = [_Function(name, value), _Function(f"{name}_and_gradient", gradient)]
    texts = [writer.written(writer.documentation(name)) for writer in writers]
    helpers = [helper.text for helper in writing.helpers(_Function, value, gradient)]
    needs_math = any(writer.needs_math for writer in writers) or "math" in "".join(helpers)
    head = "import math" if needs_math else ""
    error = guard_error if gradient.guards else ""
    return "\n\n\n".join(filter(None, [head, error, *helpers, *texts])) + "\n"


def condition(listing: Listing, guard: Guard) -> tuple[str, dict[str, int]]:
    """Return a guard's comparison as text, and the places of the numbers that it compares."""
    writer = _Function("condition", listing)
    text, names = writer.comparison(guard, writer.formulas())
    return text, names


def function_name(name: str) -> str:
    """Make a name for a function, which no function that it may call bears."""
    name = _Function.identifier(name)
    is_helper = hasattr(functions, name) and in_math(name) is None
    return f"{name}_" if is_helper or name in {*_Function.reserved, "real"} else name


def in_math(name: str) -> str | None:
    """Return how `math` spells a function, if it has it."""
    return next((n for n in (name, name.replace("arc", "a", 1)) if hasattr(math, n)), None)


def _call(name: str, arguments: Sequence[str]) -> str:
    """Write the call of a function."""
    spelling = in_math(name)
    if spelling is None and name != "abs" and "math" in writing.helper_named(_Function, name).text:
        arguments = [*arguments, "math"]
    function = name if spelling is None else f"math.{spelling}"
    return f"{function}({', '.join(arguments)})"


class _Function(writing.Function):
    """A function in Python."""

    keywords = frozenset(keyword.kwlist)
    reserved = frozenset({"math", "abs", "ValueError", "GuardError"})
    quote = '"""'

    @property
    def needs_math(self) -> bool:
        return any("math." in line or "math)" in line for line in self.lines)

    @classmethod
    def helper_of(cls, operation: str, constants: Sequence[Any]) -> str:
        if operation == "**":  # which Python may take to the complex numbers
            base, exponent = constants
            is_real = base is not None and base >= 0
            return "" if is_real or (exponent is not None and exponent % 1 == 0) else "real"
        is_function = TABLE[operation].binding == ATOM and operation != "abs"
        return operation if is_function and in_math(operation) is None else ""

    @classmethod
    def spelled(cls, helper: str) -> str:
        return _REAL if helper == "real" else TABLE[helper].python

    def number(self, constant: Any, *, whole: bool) -> Text:
        """Write a constant; one in the kind of the inputs is a float unless beside one."""
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

    def expression(self, operation: str, operands: Sequence[Text], helper: str = "") -> Text:
        text = written(TABLE[operation], operands, _call, python_choice)
        return Text(f"real({text.text})") if helper == "real" else text

    def statement(self, name: str, text: str) -> str:
        return f"    {name} = {text}"

    def check(self, test: Text, truth: bool, said: Sequence[str], compared: Iterable[str]) -> None:
        numbers = [f'f"{mark} {x} = {{{x}}}"' for x, mark in zip(compared, ":,,,", strict=False)]
        texts = [json.dumps(x, ensure_ascii=False) for x in said]
        self.lines += [
            f"    if {'not ' + test.within(NOT) if truth else test.text}:",
            "        raise GuardError(",
            *[f"            {text}" for text in (*texts, *numbers)],
            "        )",
        ]

    def framed(self, results: list[str], documentation: Sequence[str], is_helper: bool) -> str:
        """Write the function; `math` is a parameter, for speed."""
        self.lines += wrapped("    return ", results, "")
        arguments = self.parameters
        if self.needs_math:
            arguments = [*arguments, *([] if is_helper else ["*"]), "math=math"]
        head = wrapped(f"def {self.name}(", arguments, "):")
        *first, last = documentation
        closing = [*first, last, '"""'] if first else [f'{last}"""']
        return "\n".join([*head, *[f"    {line}".rstrip() for line in closing], *self.lines])
