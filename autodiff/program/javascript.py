"""JavaScript of a program: an ES module of two functions that need only `Math`.

The arithmetic is IEEE 754: infinite or nan where Python raises. `%` and `//` are Python's. Of
+ - * / % //, comparisons, choices and square roots the bits are the engine's; powers and the
functions of `Math` are the browser's own, and may differ from it in the last digits.
"""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from autodiff.listing import INPUT, Listing, Step
from autodiff.printing import Text, called, written
from autodiff.program import writing
from autodiff.program.writing import wrapped
from autodiff.rows import ATOM, CHOICE, OR, SIGN, TABLE

_OPERATORS = {
    **{name: TABLE[name]._replace(name=f"{name}=") for name in ("==", "!=")},
    "and": TABLE["and"]._replace(name="&&"),
    "or": TABLE["or"]._replace(name="||"),
    "not": TABLE["not"]._replace(symbol="!", binding=SIGN),
}
_MATH = """
abs acos acosh asin asinh atan atan2 atanh cbrt ceil cos cosh exp expm1 floor hypot log log10 log1p
log2 sign sin sinh sqrt tan tanh trunc"""
_KEYWORDS = """
arguments await break case catch class const continue debugger default delete do else enum eval
export extends false finally for function if implements import in instanceof interface let new null
package private protected public return static super switch this throw true try typeof undefined var
void while with yield"""
_HELPERS = {"**": "power", "%": "modulo", "//": "floor_divide"}
_SPELLED = {
    "power": """\
// Return x to the power y by the rules of IEEE 754, by which 1 to any power is 1.
function power(x, y) {
    if (y === -1) return 1 / x;
    return x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : x ** y;
}""",
    "modulo": """\
// Return the remainder that has the sign of b.
function modulo(a, b) {
    const rest = a % b;
    if (rest === 0) return b < 0 ? -0 : 0;
    return rest < 0 === b < 0 ? rest : rest + b;
}""",
    "floor_divide": """\
// Return the quotient, rounded down.
function floor_divide(a, b) {
    const rest = a % b;
    const quotient = (a - rest) / b - (rest !== 0 && rest < 0 !== b < 0 ? 1 : 0);
    if (quotient === 0) return 0 * Math.sign(a / b);
    const low = Math.floor(quotient);
    return quotient - low > 0.5 ? low + 1 : low;
}""",
    "copysign": """\
// Return the size of x with the sign of y.
function copysign(x, y) {
    return y < 0 || Object.is(y, -0) ? -Math.abs(x) : Math.abs(x);
}""",
}


def module(name: str, value: Listing, gradient: Listing) -> str:
    """Write a module of two functions: of the value, and of the value and the derivatives."""
    helpers = writing.helpers(_Function, value, gradient)
    taken = _Function.keywords | _Function.reserved | {helper.name for helper in helpers}
    name = f"{name}_" if name in taken else name
    writers = [_Function(name, value), _Function(f"{name}_and_gradient", gradient)]
    texts = [writer.written(writer.documentation(name)) for writer in writers]
    return "\n\n".join([*[helper.text for helper in helpers], *texts]) + "\n"


def function_of(name: str, listing: Listing) -> str:
    """Write a function that returns all outputs in an array, after the helpers that it calls."""
    helpers = [helper.text for helper in writing.helpers(_Function, listing)]
    return "\n\n".join([*helpers, _Outputs(name, listing).written([], is_helper=True)]) + "\n"


def operations(names: Mapping[str, str]) -> str:
    """Write an object of functions: under each name an operation of the table, if it can be."""
    helpers: dict[str, str] = {}
    members = []
    for name, operation in names.items():
        parameters = TABLE[operation].parameters
        count = len(parameters)
        steps = (*[Step(INPUT)] * count, Step(operation, tuple(range(count))))
        listing = Listing(steps, count, (count,), {}, dict(enumerate(parameters)), {})
        with contextlib.suppress(NotImplementedError):
            helpers |= {x.name: x.text for x in writing.helpers(_Function, listing)}
            function = _Function("operation", listing).written([], is_helper=True)
            members.append(f"{json.dumps(name)}: {function.replace(' operation(', ' (')},")
    return "\n\n".join([*helpers.values(), "\n".join(["return {", *members, "};"])]) + "\n"


def _in_math(name: str) -> str:
    """Return how `Math` spells a function; nothing if it lacks it."""
    spelling = "log" if name == "ieee_log" else name.replace("arc", "a", 1)
    return f"Math.{spelling}" if spelling in _MATH.split() else ""


def _call(name: str, arguments: Sequence[str]) -> str:
    return called(_in_math(name) or _Function.identifier(name), arguments)


def _choice(test: Text, a: Text, b: Text) -> Text:
    return Text(f"{test.within(OR)} ? {a.within(OR)} : {b.within(CHOICE)}", CHOICE)


class _Function(writing.Function):
    """A function in JavaScript."""

    keywords = frozenset(_KEYWORDS.split())
    reserved = frozenset({"Math", "Object", "Error", "Infinity", "NaN"})

    @classmethod
    def helper_of(cls, operation: str, constants: Sequence[Any]) -> str:
        if operation == "**":
            base, exponent = constants
            is_usual = base is not None and abs(base) != 1
            is_usual |= exponent is not None and math.isfinite(exponent)
            return "" if is_usual else "power"
        is_function = TABLE[operation].binding == ATOM and not _in_math(operation)
        return _HELPERS.get(operation, operation if is_function else "")

    @classmethod
    def spelled(cls, helper: str) -> str:
        if helper not in _SPELLED and TABLE[helper].body is None:
            raise NotImplementedError(
                f"{helper} cannot be written in JavaScript: Math has no such function, and no "
                "formula states it"
            )
        return _SPELLED.get(helper, "")

    def number(self, constant: Any, *, whole: bool) -> Text:
        try:
            text = repr(float(constant)).removesuffix(".0")
        except OverflowError:  # a whole number beyond all floats
            text = "inf" if constant > 0 else "-inf"
        text = text.replace("inf", "Infinity").replace("nan", "NaN")
        return Text(text, SIGN if text.startswith("-") else ATOM, is_simple=True)

    def expression(self, operation: str, operands: Sequence[Text], helper: str = "") -> Text:
        if helper:
            return Text(_call(helper, [operand.text for operand in operands]))
        if operation in ("neg", "pos"):  # neither -x ** 2 nor - -x, which would be --x
            operands = [Text(operands[0].within(ATOM))]
        return written(_OPERATORS.get(operation, TABLE[operation]), operands, _call, _choice)

    def statement(self, name: str, text: str) -> str:
        return f"    const {name} = {text};"

    def check(self, test: Text, truth: bool, said: Sequence[str], compared: Iterable[str]) -> None:
        numbers = [f"`{mark} {x} = ${{{x}}}`" for x, mark in zip(compared, ":,,,", strict=False)]
        texts = [*[json.dumps(x, ensure_ascii=False) for x in said], *numbers]
        self.lines += [
            f"    if ({'!' + test.within(ATOM) if truth else test.text}) {{",
            "        throw new Error(",
            "            " + " +\n            ".join(texts),
            "        );",
            "    }",
        ]

    def framed(self, results: list[str], documentation: Sequence[str], is_helper: bool) -> str:
        comment = [f"// {line}".rstrip() for line in documentation]
        head = "function" if is_helper else "export function"
        start = wrapped(f"{head} {self.name}(", self.parameters, ") {")
        end = [f"    return {results[0]};"]
        if len(results) > 1:
            end = wrapped("    return [", results, "];")
        return "\n".join([*comment, *start, *self.lines, *end, "}"])


class _Outputs(_Function):
    """A function that returns outputs of any meaning."""

    def _results(self) -> list[str]:
        return [self._operand(place, "", self.texts).text for place in self.listing.outputs]
