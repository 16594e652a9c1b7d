"""Python source of a program: what a person would have written by hand.

`module` writes a program as functions of plain numbers that need only `math`. Names are the
person's own; what is used once is written where it is used; parentheses stand where they have to.
Functions that `math` lacks are taken, as text, from `functions.py`, where they are stated.
"""

from __future__ import annotations

import ast
import functools
import inspect
import json
import keyword
import math
import re
import textwrap
import types
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from autodiff import functions
from autodiff.program.listing import CONDITIONS, CONSTANT, INPUT, LIKE, Guard, Listing

_WIDTH = 100  # of a line
_LONGEST = 76  # of an expression

# How tightly an operation binds, and how tightly its operands have to, so that they need no
# parentheses. What is equally tight is computed from left to right, and stays so written.
_CHOICE, _OR, _AND, _NOT, _COMPARISON, _SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(10)
_INFIX = {
    "or": (_OR, _OR, _AND), "and": (_AND, _AND, _NOT),
    **dict.fromkeys(("<", "<=", ">", ">=", "==", "!="), (_COMPARISON, _SUM, _SUM)),
    **dict.fromkeys("+-", (_SUM, _SUM, _PRODUCT)),
    **dict.fromkeys(("*", "/", "//", "%"), (_PRODUCT, _PRODUCT, _SIGN)),
    "**": (_POWER, _ATOM, _SIGN),
}  # fmt: skip
_PREFIX = {"neg": ("-", _SIGN), "pos": ("+", _SIGN), "not": ("not ", _NOT)}
_ARITHMETIC = {*"+-*/%", "//", "**"}
_RESERVED = {"math", "abs", "ValueError", "GuardError"}


class _Text(NamedTuple):
    """An expression, how tightly it binds, and whether it is a name or a number."""

    text: str
    binding: int
    is_simple: bool = False

    def within(self, binding: int) -> str:
        return self.text if self.binding >= binding else f"({self.text})"


_GUARD_ERROR = '''\
class GuardError(ValueError):
    """An input would take another branch than the one that was recorded."""'''


def module(name: str, value: Listing, gradient: Listing, *, guard_error: str = _GUARD_ERROR) -> str:
    """Write a module of two functions: of the value, and of the value and the derivatives."""
    writers = [_Function(name, value), _Function(f"{name}_and_gradient", gradient)]
    texts = [writer.written(name) for writer in writers]
    helpers = _helpers(name for writer in writers for name in writer.helpers)
    imports = {name for helper in helpers for name in helper.imports}
    if any(writer.needs_math for writer in writers):
        imports.add("math")
    head = "\n".join(f"import {name}" for name in sorted(imports))
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


def _number(constant: Any, *, whole: bool) -> _Text:
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
    return _Text(text, _SIGN if text.startswith("-") else _ATOM, is_simple=True)


# ---- Expressions ------------------------------------------------------------------------------


def _expression(operation: str, operands: Sequence[_Text]) -> _Text:
    """Write one operation."""
    if operation in _INFIX:
        binding, left, right = _INFIX[operation]
        a, b = operands
        hugs = operation == "**" and a.is_simple and b.is_simple
        symbol = operation if hugs else f" {operation} "
        return _Text(f"{a.within(left)}{symbol}{b.within(right)}", binding)
    if operation in _PREFIX:
        symbol, binding = _PREFIX[operation]
        return _Text(symbol + operands[0].within(binding), binding)
    if operation == "where":
        test, a, b = operands
        text = f"{a.within(_OR)} if {test.within(_OR)} else {b.within(_CHOICE)}"
        return _Text(text, _CHOICE)
    arguments = [operand.text for operand in operands]
    if operation == "abs":
        return _Text(f"abs({arguments[0]})", _ATOM)
    spelling = in_math(operation)
    if spelling is None and _helper(operation).needs_math:
        arguments.append("math")
    function = operation if spelling is None else f"math.{spelling}"
    return _Text(f"{function}({', '.join(arguments)})", _ATOM)


def in_math(name: str) -> str | None:
    """Return how `math` spells a function, if it has it."""
    return next((n for n in (name, name.replace("arc", "a", 1)) if hasattr(math, n)), None)


class _Function:
    """A function being written: its statements, and the texts of what is not yet a statement."""

    def __init__(self, name: str, listing: Listing) -> None:
        self.listing = listing
        self.name = name
        operations = {step.operation for step in listing.steps}
        builtin = operations - set(_INFIX) - set(_PREFIX) - {"where", INPUT, CONSTANT, LIKE, "abs"}
        self.helpers = sorted(name for name in builtin if in_math(name) is None)
        if any(map(self._may_be_complex, range(len(listing.steps)))):
            self.helpers.append("real")
        self.statements: list[str] = []
        self.result = ""
        self.texts: dict[int, _Text] = {}
        self.names = _Names({*_RESERVED, *(helper.name for helper in _helpers(self.helpers))})
        self.uses = [0] * len(listing.steps)
        for place in [*listing.outputs, *[guard.condition for guard in listing.guards]]:
            self.uses[place] += 1
        for place, step in reversed([*enumerate(listing.steps)]):
            for operand in () if step.constant is not None else step.operands:
                self.uses[operand] += self.uses[place] if step.operation in CONDITIONS else 1
        self.kept = self._kept()
        self.parameters = []
        for place in range(listing.inputs):
            self.parameters.append(self.names.new(identifier(listing.names.get(place, "x"))))
            self.texts[place] = _Text(self.parameters[-1], _ATOM, is_simple=True)

    @property
    def needs_math(self) -> bool:
        return any("math." in line or "math)" in line for line in (*self.statements, self.result))

    def _kept(self) -> set[int]:
        """Choose the lines that are statements: named, or used more than once."""
        steps = self.listing.steps
        kept = {place for place, count in enumerate(self.uses) if count > 1}
        kept = {place for place in kept if steps[place].operation not in CONDITIONS}
        kept.update(self.listing.names)
        if len(self.listing.outputs) == 1:
            kept.discard(self.listing.outputs[0])  # returned at once
        for place, primal in self.listing.adjoints.items():
            if place in kept:
                kept.add(primal)  # so that the name of the derivative says of what
        return kept

    def _may_be_complex(self, place: int) -> bool:
        """Return whether a line is a power that Python takes to the complex numbers."""
        operation, operands, computed = self.listing.steps[place]
        if operation != "**" or computed is not None:
            return False
        base, exponent = [self.listing.steps[operand].constant for operand in operands]
        return not (base is not None and base >= 0) and (exponent is None or exponent % 1 != 0)

    def _operand(self, place: int, operation: str) -> _Text:
        step = self.listing.steps[place]
        if step.constant is not None:
            return _number(step.constant, whole=operation in _ARITHMETIC)
        return self.texts[place]

    def written(self, value_name: str) -> str:
        """Write the function."""
        guards = {guard.condition: guard for guard in self.listing.guards}
        formula = self.formulas()[self.listing.outputs[0]].text
        formula = formula.replace("math.", "").replace(", math)", ")")
        for place, step in enumerate(self.listing.steps):
            if step.operation == INPUT or step.constant is not None:
                continue
            self._compute(place)
            if place in guards:
                self._check(guards[place])
            elif place in self.kept:
                self._keep(place)
        results = self._results()
        self.result = ", ".join(results)
        arguments = [*self.parameters, "*", "math=math"] if self.needs_math else self.parameters
        return "\n".join([
            *_wrapped(f"def {self.name}(", arguments, "):"),
            *self._documentation(value_name, formula),
            *[f"    {line}" for line in self.statements],
            *_wrapped("    return ", results, ""),
        ])  # fmt: skip

    def _compute(self, place: int) -> None:
        """Write what a line computes; what would be too long for one line becomes several."""
        operation, operands, _ = self.listing.steps[place]
        while True:
            texts = [self._operand(operand, operation) for operand in operands]
            self.texts[place] = _expression(operation, texts)
            if self._may_be_complex(place):
                self.texts[place] = _Text(f"real({self.texts[place].text})", _ATOM)
            longest = max(operands, key=lambda operand: len(self._operand(operand, "").text))
            is_done = self._operand(longest, operation).is_simple
            if is_done or len(self.texts[place].text) <= _LONGEST:
                return
            self._keep(longest)

    def _keep(self, place: int) -> None:
        """Make a statement of a line."""
        name = self._named(place)
        self.statements.append(f"{name} = {self.texts[place].text}")
        self.texts[place] = _Text(name, _ATOM, is_simple=True)

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
        self.statements += [
            f"if {'not ' + test.within(_NOT) if guard.truth else test.text}:",
            "    raise GuardError(",
            f"        {json.dumps(where_ + ': ', ensure_ascii=False)}",
            f"        {json.dumps(comparison, ensure_ascii=False)}",
            *[
                f'        f"{mark} {x} = {{{x}}}"'
                for x, mark in zip(compared, ":,,,", strict=False)
            ],
            "    )",
        ]

    def comparison(self, guard: Guard, texts: dict[int, _Text]) -> tuple[str, dict[str, int]]:
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
        first, *rest = self.listing.outputs
        results = [self._operand(first, "").text]
        for place, parameter in zip(rest, self.parameters, strict=False):
            text = self._operand(place, "")
            if text.text != f"d_{parameter}":
                name = self.names.new(f"d_{parameter}")
                self.statements.append(f"{name} = {text.text}")
                text = _Text(name, _ATOM)
            results.append(text.text)
        return results

    def formulas(self) -> dict[int, _Text]:
        """Write every line in terms of the inputs, as far as that stays short."""
        texts = {}
        for place, step in enumerate(self.listing.steps):
            if step.operation == INPUT:
                texts[place] = self.texts[place]
            elif step.constant is None:
                operands = [
                    texts[x]
                    if self.listing.steps[x].constant is None
                    else self._operand(x, step.operation)
                    for x in step.operands
                ]
                text = _expression(step.operation, operands)
                if len(text.text) > _LONGEST:
                    label = identifier(self.listing.names.get(place, "...")).strip("_")
                    text = _Text("..." if label == "x" else label, _ATOM, is_simple=True)
                texts[place] = text
            else:
                texts[place] = self._operand(place, "")
        return texts

    def _documentation(self, value_name: str, formula: str) -> list[str]:
        line = f"Return {value_name}"
        if len(self.listing.outputs) > 1:
            *first, last = self.parameters
            names = f"each of {', '.join(first)} and {last}" if first else last
            line += f" and its derivative in {names if len(first) < 8 else 'each argument'}"
        lines = textwrap.wrap(f'"""{line}.', _WIDTH - 4)
        if formula not in ("...", value_name):
            lines += ["", f"{value_name} = {formula}"]
        closing = ['"""'] if len(lines) > 1 else []
        lines[-1] += "" if closing else '"""'
        return [f"    {line}".rstrip() for line in lines + closing]


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


class _Helper(NamedTuple):
    """A function of the package, as text that stands on its own."""

    name: str
    text: str
    imports: frozenset[str]
    calls: tuple[str, ...]
    needs_math: bool


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
    """Take a function's text from where it is stated, for plain numbers only."""
    function: Callable[..., Any] = inspect.unwrap(_stated(name))
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    definition: Any = tree.body[0]
    definition.decorator_list = []
    definition.returns = None
    for argument in definition.args.args:
        argument.annotation = None
    text = (ast.get_docstring(definition) or "").partition("\n")[0]
    if text:
        definition.body[0] = ast.Expr(ast.Constant(text.partition(". ")[0].rstrip(".") + "."))
    plain = _Plain()
    plain.visit(definition)
    used = [node.id for node in ast.walk(definition) if isinstance(node, ast.Name)]
    scope = function.__globals__
    calls = [n for n in dict.fromkeys(used) if isinstance(scope.get(n), types.FunctionType)]
    imports = {n for n in used if isinstance(scope.get(n), types.ModuleType)}
    needs_math = "math" in imports and bool(definition.args.args)
    if needs_math:
        definition.args.args.append(ast.arg("math"))
        definition.args.defaults.append(ast.Name("math"))
    return _Helper(name, ast.unparse(tree), frozenset(imports), tuple(calls), needs_math)


def _stated(name: str) -> Any:
    from autodiff import kinds

    return getattr(functions, name, None) or getattr(kinds, name)


class _Plain(ast.NodeTransformer):
    """Rewrite calls of the package as what they do with plain numbers."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name == "choose":
            return ast.IfExp(*node.args)
        if name == "number_like":
            return ast.Constant(float(ast.literal_eval(node.args[1])))
        if name == "half":
            return ast.Constant(0.5)
        spelling = in_math(name)
        if spelling:
            return ast.Call(ast.Attribute(ast.Name("math"), spelling), node.args, [])
        if name in functions.__all__ and _helper(name).needs_math:
            node.args.append(ast.Name("math"))
        return node
