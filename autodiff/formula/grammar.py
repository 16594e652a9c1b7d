"""The grammar of formulas: takes a text, gives a listing and the place in the text of each step.

What `spelling` lets through is read by Python's own parser, and what that found is translated, node
by allowed node. Nothing is handed to Python to be run.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections import ChainMap
from collections.abc import Collection, Iterable
from fractions import Fraction
from typing import Any

from autodiff.formula.spelling import (
    FUNCTIONS,
    OTHER_ROWS,
    FormulaError,
    checked,
    lines_of,
    no_function,
    wrong_count,
)
from autodiff.listing import CONSTANT, INPUT, LIKE, Listing, Step

_INFIX: dict[type, str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Mod: "%", ast.FloorDiv: "//",
    ast.Pow: "**", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==",
    ast.NotEq: "!=", ast.USub: "neg", ast.UAdd: "pos",
}  # fmt: skip

# Constants as what computes them, so that they are of any kind: of symbols exactly pi and E
CONSTANTS = {"pi": ("arccos", -1), "π": ("arccos", -1), "e": ("exp", 1)}


class Parser:
    """Translates what Python's parser has read into steps.

    While it does, a variable is known by a negative place: ~0 is the first, ~1 the second.
    """

    def __init__(self, text: str, known: Collection[str] = ()) -> None:
        self.text = text
        lines = lines_of(checked(text))
        self.lines = [line.lstrip() for line in lines]
        self.indents = [len(line) - len(line.lstrip()) for line in lines]
        self.known = known  # which of the constants mean themselves
        self.steps: list[Step] = []
        self.places: list[tuple[int, int]] = []  # of the steps, in the text
        self.variables: dict[str, int] = {}
        self.constants: dict[str, int] = {}
        self.names: dict[str, int] = {}  # that are computed
        self.meanings = ChainMap(self.names, self.constants, self.variables)
        self.conditions: set[ast.Compare] = set()  # the first arguments of where

    def error(self, message: str, node: Any) -> FormulaError:
        """Return an error that points at a node of Python's syntax tree."""
        return FormulaError(message, self.text, *self.place(node))

    def place(self, node: Any) -> tuple[int, int]:
        """Return line and column in the text. Python counts in bytes, and people in letters."""
        before = self.lines[node.lineno - 1].encode()[: node.col_offset].decode()
        return node.lineno, self.indents[node.lineno - 1] + len(before) + 1

    def parse(self) -> tuple[str | None, Listing]:
        """Translate the text; return the name of the result, and what computes it.

        The outputs are the result, and all that has a name: variables, constants, what is computed.
        """
        statements = self.statements()
        if not statements:
            raise FormulaError("there is no formula here", self.text)
        for statement in statements[:-1]:
            if isinstance(statement, ast.Expr):
                raise self.error("only the last expression may go without a name", statement)
        name, result = [self.statement(statement) for statement in statements][-1]
        count = len(self.variables)

        def final(places: Iterable[int]) -> tuple[int, ...]:
            return tuple([~place if place < 0 else count + place for place in places])

        inputs = [Step(INPUT)] * count
        steps = [step._replace(operands=final(step.operands)) for step in self.steps]
        outputs = final([result, *self.meanings.values()])
        names = zip(reversed(outputs[1:]), reversed([*self.meanings]), strict=True)  # first wins
        return name, Listing((*inputs, *steps), count, outputs, {}, dict(names), {})

    def statements(self) -> list[ast.stmt]:
        """Have Python's parser read the text."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                return ast.parse("\n".join(self.lines)).body
        except SyntaxError as error:
            line = min(max(error.lineno or 1, 1), len(self.lines))
            column = self.indents[line - 1] + max(error.offset or 1, 1)
            column = min(column, len(lines_of(self.text)[line - 1]) + 1)
            raise FormulaError(error.msg, self.text, line, column) from None
        except (RecursionError, MemoryError):
            raise FormulaError("the formula is nested too deeply", self.text) from None

    def statement(self, statement: ast.stmt) -> tuple[str | None, int]:
        """Translate one statement; return the name and the place of its result."""
        if isinstance(statement, ast.Expr):
            return None, self.expression(statement.value)
        if not isinstance(statement, ast.Assign) or len(statement.targets) > 1:
            raise self.error("a statement is  name = expression", statement)
        target = statement.targets[0]
        if not isinstance(target, ast.Name):
            raise self.error("on the left of = stands one name", target)
        name = target.id
        if name in FUNCTIONS:
            raise self.error(f"{name} is a function: choose another name", target)
        place = self.expression(statement.value)
        if name in self.meanings:
            raise self.error(f"{name} has a meaning already: choose another name", target)
        self.names[name] = place
        return name, place

    def expression(self, root: ast.expr) -> int:
        """Translate an expression without recursion: operands first, then what computes on them."""
        results: list[int] = []
        waiting: list[tuple[Any, str | None, int]] = [(root, None, 0)]
        while waiting:
            node, operation, count = waiting.pop()
            if operation is not None:
                first = len(results) - count
                results[first:] = [self.step(node, operation, results[first:])]
            elif isinstance(node, ast.Name):
                results.append(self.name(node))
            elif isinstance(node, ast.Constant):
                results.append(self.step(node, LIKE, constant=self.number(node)))
            else:
                operation, parts = self.read(node)
                waiting.append((node, operation, len(parts)))
                waiting.extend((part, None, 0) for part in reversed(parts))
        return results[0]

    def step(self, node: Any, name: str, operands: Iterable[int] = (), constant: Any = None) -> int:
        """Append a step, and return its place."""
        row, *given = OTHER_ROWS.get(name, (name,))
        first = [self.step(node, CONSTANT, constant=number) for number in given]
        self.steps.append(Step(row, (*first, *operands), constant))
        self.places.append(self.place(node))
        return len(self.steps) - 1

    def name(self, node: ast.Name) -> int:
        """Return the place of what a name means: something computed, a constant, a variable."""
        if node.id in FUNCTIONS:
            raise self.error(f"{node.id} is a function: write {node.id}(...)", node)
        if node.id in self.meanings:
            return self.meanings[node.id]
        if node.id not in self.known:
            return self.variables.setdefault(node.id, ~len(self.variables))
        function, argument = CONSTANTS[node.id]
        operand = self.step(node, LIKE, constant=argument)
        return self.constants.setdefault(node.id, self.step(node, function, [operand]))

    def number(self, node: ast.Constant) -> int | Fraction:
        """Return a literal exactly as it is written; what is decimal is a fraction."""
        number = node.value
        if type(number) is int:
            return number
        if type(number) is not float:
            raise self.error("numbers are whole or decimal", node)
        line = self.lines[node.lineno - 1].encode()
        written = line[node.col_offset : node.end_col_offset].decode()
        has_digits = re.search("[1-9]", re.split("[eE]", written)[0])
        if number in (float("inf"), 0.0) and has_digits:
            raise self.error("the number is out of the range of floats", node)
        return Fraction(written) if has_digits else Fraction(0)

    def read(self, node: Any) -> tuple[str, list[Any]]:
        """Return the operation of a node and the parts that it computes with."""
        if isinstance(node, ast.BinOp) and type(node.op) in _INFIX:
            return _INFIX[type(node.op)], [node.left, node.right]
        if isinstance(node, ast.UnaryOp) and type(node.op) in _INFIX:
            return _INFIX[type(node.op)], [node.operand]
        if isinstance(node, ast.Call):
            return self.call(node)
        if isinstance(node, ast.Compare):
            if node not in self.conditions or len(node.ops) > 1:
                raise self.error("a comparison stands alone, as the first argument of where", node)
            return _INFIX[type(node.ops[0])], [node.left, node.comparators[0]]
        if isinstance(node, ast.Tuple):
            raise self.error("a formula has one result; a decimal number is written 0.5", node)
        raise self.error("this is no part of a formula", node)

    def call(self, node: ast.Call) -> tuple[str, list[Any]]:
        """Return the function that is called, and its arguments."""
        if not isinstance(node.func, ast.Name):
            raise self.error("only a function can be called", node)
        name = node.func.id
        if name not in FUNCTIONS:
            raise self.error(no_function(name), node.func)
        if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
            raise self.error(f"{name} takes plain arguments only", node)
        if len(node.args) != len(FUNCTIONS[name]):
            raise self.error(wrong_count(name, len(node.args)), node)
        if name == "where":
            if not isinstance(node.args[0], ast.Compare):
                raise self.error("the first argument of where is a comparison", node.args[0])
            self.conditions.add(node.args[0])
        return name, node.args
