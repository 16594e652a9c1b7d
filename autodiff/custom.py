"""`operation`: an operation of a person's own, from its value and its local derivatives."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from autodiff.kinds import Number, elementwise, holds_objects
from autodiff.rows import Operation
from autodiff.value import Value, record


def operation(rule: Callable[..., Any] | None = None, *, name: str | None = None) -> Any:
    """Make an operation from its value and its local derivatives.

    Parameters
    ----------
    rule : callable
        Takes the numbers of the operands and returns a tuple: the value, then the derivative of the
        value in each operand, `None` where the result does not depend on it. Written with operators
        and with autodiff's functions it works on any kind of number, and higher derivatives follow.
    name : str, optional
        What pictures and messages call the operation. The rule's own name by default.

    Returns
    -------
    callable
        A function of numbers, of Values and of NumPy arrays of Values.

    Raises
    ------
    TypeError
        When called: if an operand is no number, or the rule gives too many or too few derivatives.

    Examples
    --------
    >>> @operation
    ... def cube(x):
    ...     return x**3, 3 * x**2
    >>> x = Value(2.0)
    >>> cube(x).backward()
    >>> x.grad
    12.0
    >>> cube(2.0)
    8.0
    """
    if rule is None:
        return functools.partial(operation, name=name)
    of_numbers = rule
    known_as = name or rule.__name__

    def computed(*numbers: Number) -> tuple[Number, ...]:
        result = of_numbers(*numbers)
        if not isinstance(result, tuple) or len(result) != 1 + len(numbers):
            raise TypeError(
                f"the rule of {known_as} has to return a tuple of the value and a derivative in "
                f"each of {len(numbers)} operands, and returned {result!r}"
            )
        return result

    def apply(*operands: Any) -> Any:
        if holds_objects(operands):
            return elementwise(apply)(*operands)
        if not any(isinstance(operand, Value) for operand in operands):
            return of_numbers(*operands)[0]
        found: list[Number] = []

        def value(*numbers: Number) -> Number:
            found[:] = computed(*numbers)
            return found[0]

        row = Operation(name=known_as, value=value, partials=lambda *_: found[1:])
        return record(row, *operands)

    apply.__name__ = apply.__qualname__ = known_as
    apply.__doc__ = rule.__doc__ or f"Record `{known_as}`."
    return apply
