"""NumPy's universal functions, where one of the operands is a Value.

`apply` computes what `np.hypot(2.0, v)`, `np.float64(2.0) * v` or `np.isnan(v)` ask for: by the
function of autodiff that bears the name, by the operator, or else by NumPy's own loop over objects.
"""

from __future__ import annotations

from typing import Any

from autodiff import functions
from autodiff.kinds import elementwise

# NumPy's names of the operators.
_OPERATORS = {
    "add": "+", "subtract": "-", "multiply": "*", "divide": "/", "remainder": "%",
    "floor_divide": "//", "less": "<", "less_equal": "<=", "greater": ">", "greater_equal": ">=",
    "equal": "==", "not_equal": "!=",
}  # fmt: skip

# NumPy's other names of functions.
_NAMES = {"rad2deg": "degrees", "deg2rad": "radians", "fabs": "absolute"}


def apply(ufunc: Any, method: str, operands: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Compute a ufunc of operands of which one is a Value at least; keep the derivative."""
    name = ufunc.__name__
    operands = tuple([x[()] if getattr(x, "shape", None) == () else x for x in operands])
    if method == "__call__" and not options:
        has_array = any(getattr(operand, "shape", ()) != () for operand in operands)
        if name in _OPERATORS and not has_array:
            kind = next(type(x) for x in operands if hasattr(type(x), "recorder"))
            return kind.recorder(_OPERATORS[name])(*operands)
        function = getattr(functions, _NAMES.get(name, name), None)
        if function is not None:
            return elementwise(function)(*operands) if has_array else function(*operands)
    return getattr(ufunc, method)(*map(_boxed, operands), **options)


def _boxed(x: Any) -> Any:
    """Return a Value in an array without dimensions, of which NumPy asks nothing."""
    import numpy

    if hasattr(x, "dtype") or not hasattr(type(x), "__array_ufunc__"):
        return x
    box = numpy.empty((), dtype=object)
    box[()] = x
    return box
