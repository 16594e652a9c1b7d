"""Expressions as text: one walk with one precedence, for every language that they are written in.

A printer takes a row of the table and the texts of its operands and gives the text of the result.
What differs from language to language is how a function is called and how a choice is written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from autodiff.rows import ATOM, CHOICE, OR, POWER, SIGN, Operation


class Text(NamedTuple):
    """An expression, how tightly it binds, and whether it is a name or a number."""

    text: str
    binding: int = ATOM
    is_simple: bool = False

    def within(self, binding: int) -> str:
        """Return the text, in brackets where it binds less tightly than this."""
        return self.text if self.binding >= binding else f"({self.text})"


def called(name: str, arguments: Sequence[str]) -> str:
    """Write the call of a function as in mathematics."""
    return f"{name}({', '.join(arguments)})"


def python_choice(test: Text, a: Text, b: Text) -> Text:
    """Write a choice as Python does."""
    return Text(f"{a.within(OR)} if {test.within(OR)} else {b.within(CHOICE)}", CHOICE)


def written(
    row: Operation,
    operands: Sequence[Text],
    call: Callable[[str, Sequence[str]], str] = called,
    choice: Callable[[Text, Text, Text], Text] | None = None,
) -> Text:
    """Write one operation.

    What binds equally tightly is computed from left to right and stays so written; a power, which
    groups to the right, gets brackets on its left.
    """
    if row.name == "where" and choice is not None:
        return choice(*operands)
    if row.binding in (ATOM, CHOICE):
        return Text(call(row.name, [operand.text for operand in operands]))
    if row.symbol:  # a sign, or `not`
        return Text(row.symbol + operands[0].within(row.binding), row.binding)
    left, right = row.binding, row.binding + 1
    if row.binding == POWER:
        left, right = ATOM, SIGN
    elif row.is_comparison:
        left = right
    a, b = operands
    hugs = row.binding == POWER and a.is_simple and b.is_simple
    symbol = row.name if hugs else f" {row.name} "
    return Text(f"{a.within(left)}{symbol}{b.within(right)}", row.binding)
