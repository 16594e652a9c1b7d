"""Arrays of numbers: which library they come from, what is taken as numbers and what is refused.

NumPy's arrays and those of JAX, PyTorch, CuPy, Dask and the array API are arrays. Columns of other
packages (pandas, polars, pyarrow) are taken by their values. What would lose its meaning as plain
numbers (a mask, a unit, a date, text) is refused.
"""

from __future__ import annotations

import reprlib
from typing import Any

from autodiff.kinds import is_number
from autodiff.packages import PACKAGES, package_of

PLAIN = {float, int}


def is_numpy(x: Any) -> bool:
    """Return whether `x` is one of NumPy's, or of a class derived from its arrays."""
    return package_of(type(x)) == "numpy"


def is_array(x: Any) -> bool:
    """Return whether `x` is an array of a library that can compute with it."""
    if type(x) in PLAIN or not hasattr(x, "shape"):
        return False
    is_scalar = is_numpy(x) and not hasattr(x, "__setitem__")
    return not is_scalar and PACKAGES[package_of(type(x))].is_library


def as_numbers(x: Any, name: str) -> Any:
    """Return a number as it is, and what holds numbers as an array; refuse everything else.

    Parameters
    ----------
    x : object
        What was given for the argument `name`.
    name : str
        For the message.

    Raises
    ------
    TypeError
        If `x` is neither, or would lose something as plain numbers.
    """
    if is_number(x):
        return x
    is_memmap = is_numpy(x) and type(x).__name__ == "memmap"
    if is_memmap or (not is_array(x) and hasattr(x, "__array__")):
        import numpy

        x = numpy.asarray(x)
    if not is_array(x):
        raise TypeError(
            f"{name} takes a number, or an array of numbers for a batch, and got {shown(x)}"
        )
    if is_numpy(x):
        _check_numpy(x, name)
    elif not any(word in str(x.dtype) for word in ("float", "int", "bool")):
        raise TypeError(f"{name} takes real numbers, and got an array of {x.dtype}")
    return x


def _check_numpy(x: Any, name: str) -> None:
    """Refuse an array that means more than its numbers, or other things than numbers."""
    kind = type(x).__name__
    if kind == "MaskedArray":
        raise TypeError(
            f"{name} is a masked array, whose mask would be lost: fill it, or take x.compressed()"
        )
    if kind != "ndarray":
        raise TypeError(
            f"{name} is a {kind}, of which only the plain numbers would be used: pass "
            "numpy.asarray(x) if that is what is meant"
        )
    if x.dtype.kind == "O":
        for element in x.flat:
            if not is_number(element):
                raise TypeError(f"{name} takes real numbers, and its array holds {shown(element)}")
    elif x.dtype.kind not in "biuf":
        raise TypeError(f"{name} takes real numbers, and got an array of {x.dtype}")


def shown(x: Any) -> str:
    """Return what something is, for a message."""
    return f"{reprlib.repr(x)} of type {type(x).__name__}"
