"""What is refused, and what an error of an operation says: its operands' labels and numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autodiff.kinds import is_number, is_truth, no_number


def explain(error: Exception, name: str, operands: Sequence[Any]) -> None:
    """Have an error name the operation, the labels and the numbers."""
    if hasattr(error, "operation"):  # a deeper level has told already
        return
    texts = [_named(operand) for operand in operands]
    call = f"{name}({', '.join(texts)})" if name.isidentifier() else f" {name} ".join(texts)
    error.args = (f"{error}, in {call}",)
    error.__dict__["operation"] = name


def _named(operand: Any) -> str:
    if not hasattr(operand, "operands"):
        return str(operand)
    return f"{operand.label}={operand.data!s}" if operand.label else str(operand.data)


def check_number(name: str, x: Any) -> None:
    """Refuse an operand that is no number and no truth."""
    if not (is_number(x) or is_truth(x)):
        raise TypeError(f"{name} takes numbers, and {no_number(x)}")


def checked_label(label: Any) -> str | None:
    """Return a label, which has to be text or None."""
    if label is not None and not isinstance(label, str):
        raise TypeError(f"a label is text, and {label!r} is of type {type(label).__name__}")
    return label
