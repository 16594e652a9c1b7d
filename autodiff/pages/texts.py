"""The words of a page: what it says at a step, with places for the numbers that change."""

from __future__ import annotations

import re

from autodiff.drawing.texts import operation_on
from autodiff.printing import Text
from autodiff.rows import ATOM, SIGN, row_of
from autodiff.value import Value

_SIGNS = {" * ": " × ", " - ": " − "}


def typeset(formula: str) -> str:
    """Return a formula with the signs of mathematics."""
    for typed, sign in _SIGNS.items():
        formula = formula.replace(typed, sign)
    if formula in ("*", "-"):
        return _SIGNS[f" {formula} "].strip()
    return re.sub(r"(?<![\w)\]] )-(?=[\w(#{])", "−", formula)


def forward_text(node: Value) -> tuple[str, list[int]]:
    """Return an operation with {0}, {1}, ... for its operands, and which need brackets if negative.

    A negative number stands in brackets after an operator, and as the base of a power.
    """
    count = len(node.operands)
    operation = str(node.operation)
    row = row_of(node.operation)
    is_infix = row is not None and row.binding < ATOM and count > 1
    brackets = []
    for place in range(count):
        operands = [Text("-1", SIGN) if i == place else Text("1") for i in range(count)]
        is_needed = "(-1)" in operation_on(operands, operation).text and count < 3
        if (is_needed and (row is None or row.binding < ATOM)) or (is_infix and place):
            brackets.append(place)
    places = [Text(f"{{{place}}}", is_simple=True) for place in range(count)]
    return typeset(operation_on(places, operation).text), brackets
