"""Numbers, labels and operations as text, as pictures and trees show them."""

from __future__ import annotations

import contextlib
import functools
import numbers
import operator
import re
from collections.abc import Callable, Sequence

from autodiff.kinds import Number, plain
from autodiff.printing import Text, called, written
from autodiff.rows import ATOM, NOT, OR, SIGN, TABLE
from autodiff.value import Value

NumberFormat = str | Callable[[Number], str]

_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_NUMBER = re.compile(r"-?(\d[\d.]*(e[+-]?\d+)?|inf|nan)")
_FEW = 4  # operands that are named; of more, the others are counted


def check_value(root: Value) -> None:
    if not isinstance(root, Value):
        raise TypeError(f"this draws the graph of a Value, and got {root!r}")


def exact(number: Number) -> str:
    """Return all digits of a number."""
    try:
        return str(plain(number))
    except ValueError:  # Python writes no int of more than some thousand digits
        return f"a number of type {type(plain(number)).__name__}, too long to write"


def formatter(number_format: NumberFormat) -> Callable[[Number], str]:
    """Return what writes numbers: floats as the format says, other kinds exactly, if not long."""
    if not isinstance(number_format, str):
        return lambda number: str(number_format(plain(number)))
    format(0.0, number_format)  # raises ValueError here, where it can still be understood

    def write(number: Number) -> str:
        number = plain(number)
        if isinstance(number, numbers.Real) and not isinstance(number, numbers.Rational):
            with contextlib.suppress(TypeError, ValueError):  # of kinds that take no such format
                return format(number, number_format)
        text = exact(number)
        return text if len(text) <= 32 else text[:31] + "…"

    return write


def printable(*lines: str) -> str:
    """Return lines as one text; replace what neither XML nor a terminal can show."""
    return _UNPRINTABLE.sub("\ufffd", "\n".join(lines))


def shortened(text: str, most: int) -> str:
    """Return a text of so many characters at most."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _operand(text: str) -> Text:
    """Return a name or a number with how tightly it binds: -2 ** 2 is not (-2) ** 2."""
    if _NUMBER.fullmatch(text):
        return Text(text, SIGN if text.startswith("-") else ATOM)
    return Text(text)


def formula(node: Value, name: Callable[[Value], str]) -> str:
    """Return how a node was computed, in the names of its operands."""
    names = [name(operand) for operand in node.operands[:_FEW]]
    if len(node.operands) > _FEW:
        names.append(f"{len(node.operands) - _FEW:,} more")
    return operation_on([_operand(name) for name in names], str(node.operation)).text


def operation_on(operands: Sequence[Text], operation: str) -> Text:
    """Return an operation on these operands."""
    row = TABLE.get(operation)  # whose name an operation of a person's own may bear
    if row is None or len(row.parameters) != len(operands) or OR <= row.binding <= NOT:
        return Text(called(operation, [operand.text for operand in operands]))
    return written(row, operands)


# ---- The chain rule in numbers ----------------------------------------------------------------


def product(factors: Sequence[Number], number: Callable[[Number], str] = exact) -> str:
    """Return a product with its factors: -1.1 * 0.5 = -0.55."""
    texts = " * ".join(map(number, factors))
    if len(factors) == 1:
        return texts
    try:
        return f"{texts} = {number(functools.reduce(operator.mul, map(_item, factors)))}"
    except (ArithmeticError, TypeError):
        return texts


def addition(terms: Sequence[Number], number: Callable[[Number], str] = exact) -> str:
    """Return a sum with its terms: 3 + 3 - 1 = 5."""
    texts = [number(term) for term in terms]
    signed = [f" - {t[1:]}" if t[0] == "-" and _NUMBER.fullmatch(t) else f" + {t}" for t in texts]
    return f"{texts[0]}{''.join(signed[1:])} = {number(functools.reduce(operator.add, terms))}"


# Of one operand: the root moves by its result, the result by it, and the root by it by the product.
CHAIN_RULE = (
    "{root} moves {grad} per unit of {result}, {result} moves {partial} per unit of {operand}"
)


def passed_on(
    operation: str, operand: str, result: str, root: str, partial: Number, grad: Number | None
) -> list[str]:
    """Return what the chain rule says of one operand; before backward, `grad` is None."""
    lines = [f"local derivative of {operation} in {operand}: {exact(partial)}"]
    if grad is not None:
        names = {"root": root, "result": result, "operand": operand}
        moves = CHAIN_RULE.format(**names, grad=exact(grad), partial=exact(partial))
        lines += [f"{moves}:", f"{product([grad, partial])}, a part of the grad of {operand}"]
    return lines


def _item(number: Number) -> Number:
    """Return a number as Python's own, where it is one of NumPy's."""
    number = plain(number)
    return number.item() if hasattr(number, "item") else number
