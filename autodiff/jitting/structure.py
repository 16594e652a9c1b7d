"""The structure of what a function is called with: of one sample, or of a batch.

An array may be an argument of one sample or a batch of numbers. It is what the function takes it
for: one sample, if the function called with the arrays as they are gives one number.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

from autodiff.arrays import is_array, shown
from autodiff.derivatives import single
from autodiff.kinds import is_number
from autodiff.value import Value


def key_of(x: Any, of_array: Callable[[Any], Any]) -> Any:
    """Return the structure of an argument; `of_array` says what an array stands for in it."""
    if isinstance(x, dict):
        return type(x), tuple([(key, key_of(item, of_array)) for key, item in x.items()])
    if isinstance(x, list | tuple):
        return type(x), tuple([key_of(item, of_array) for item in x])
    return of_array(x) if is_several(x) else None


def is_several(x: Any) -> bool:
    """Return whether `x` is an array, or a column of another package."""
    return is_array(x) or (hasattr(x, "__array__") and not is_number(x))


def shape_of(x: Any) -> tuple[int, ...]:
    return tuple(x.shape) if hasattr(x, "shape") else (len(x),)


def parts(x: Any) -> list[Any]:
    """Return what is in a structure: its numbers and arrays."""
    if isinstance(x, dict):
        return [part for item in x.values() for part in parts(item)]
    if isinstance(x, list | tuple):
        return [part for item in x for part in parts(item)]
    return [x]


def holds_values(args: Sequence[Any]) -> bool:
    """Return whether a graph is being recorded: there is a Value among the numbers."""
    items = parts(args)
    arrays = [x for x in items if is_array(x) and getattr(x.dtype, "kind", "") == "O"]
    return any(isinstance(x, Value) for x in [*items, *[y for x in arrays for y in x.flat]])


def first_sample(x: Any) -> Any:
    """Return an argument with the first number in the place of each array."""
    if isinstance(x, dict):
        whole = copy.copy(x)
        whole.update({key: first_sample(item) for key, item in x.items()})
        return whole
    if isinstance(x, list | tuple):
        items = [first_sample(item) for item in x]
        return type(x)(*items) if hasattr(x, "_fields") else type(x)(items)
    if not is_several(x):
        return x
    import numpy

    numbers = numpy.asarray(x)
    if numbers.size == 0:
        raise ValueError("a batch without samples: call the function with one sample first")
    return numbers.reshape(-1)[:1].tolist()[0]


def why_not_one(f: Callable[..., Any], args: Sequence[Any]) -> str:
    """Say what a function does, called with arrays as they are; "" if it gives one number."""
    import numpy

    try:
        with numpy.errstate(all="ignore"):
            result = single(f(*copy.deepcopy(args)))
    except Exception as error:  # such as that of an `if` on an array
        return f"raised {error!r}"
    return "" if is_number(result) else f"returned {shown(result)}"
