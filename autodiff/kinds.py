"""Which package computes with a number: one dispatch for every kind of number.

A kind is a type of numbers. `dispatching` makes a function compute where its operand comes from: a
plain number in `math`, a NumPy scalar or array in NumPy, an mpmath or SymPy number in its package,
another array in its own namespace, and an autodiff number in its own class.
"""

from __future__ import annotations

import functools
import math
import numbers
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from autodiff.packages import PACKAGES, is_complex, leading, namespace
from autodiff.packages import package_of as package_of

Number = Any  # a float, an int, a Fraction, a NumPy, mpmath or SymPy number, a Value, ...

# ---- Recognizing a number ---------------------------------------------------------------------


@functools.cache
def _is_real_kind(kind: Any, dtype_kind: str) -> bool:
    is_complex = issubclass(kind, numbers.Complex) and not issubclass(kind, numbers.Real)
    is_single = hasattr(kind, "__float__") and not hasattr(kind, "__len__")
    return is_single and not is_complex and dtype_kind in "biuf"


def is_number(x: object) -> bool:
    """Return whether `x` is one real number of any kind; arrays, text and complex are not."""
    kind: Any = type(x)
    return _is_real_kind(kind, getattr(getattr(x, "dtype", None), "kind", "f"))


def _compares(kind: type) -> bool:
    return kind is bool or (package_of(kind) == "numpy" and kind.__name__ in ("bool", "bool_"))


_is_truth_kind: Callable[[Any], bool] = functools.cache(_compares)


def is_truth(x: Any) -> bool:
    """Return whether `x` is what a comparison gives: a bool, of Python or of a package."""
    kind = type(x)
    if _is_truth_kind(kind):
        return True
    package = package_of(kind)
    if package == "autodiff":
        return bool(x.is_truth)
    return package == "sympy" and bool(x.is_Boolean or x.is_Relational)


def plain(x: Any) -> Any:
    """Return the number inside nested Values."""
    while package_of(type(x)) == "autodiff" and hasattr(x, "data"):
        x = x.data
    return x


def negated(condition: Any) -> Any:
    """Return what is true where the condition is not."""
    return not condition if isinstance(condition, bool) else ~condition


def no_number(data: Any) -> str:
    """Say why `data` cannot be differentiated, and what to do."""
    if hasattr(data, "shape") and hasattr(data, "__len__"):
        way = "x.item() is the number of this one"
        if tuple(data.shape) != ():
            way = (
                "to compute with arrays, record the function of numbers with autodiff.trace and "
                "replay it on them"
            )
        return f"got an array of shape {tuple(data.shape)}: a Value holds one number; {way}"
    return f"got {data!r} of type {type(data).__name__}, which is no real number"


def real_or_nan(value: Number) -> Number:
    """Return `value`, or nan if it is complex."""
    return value if type(value) is float or not is_complex(value) else math.nan


class UnknownFunctionError(TypeError, NotImplementedError):
    """A package has no such function, and nothing stands in for it."""


# ---- The dispatch -----------------------------------------------------------------------------


def dispatching(
    name: str, parameters: Sequence[str], body: Callable[..., Any] | None
) -> Callable[..., Any]:
    """Return the function of a name that computes in the package of the number that it gets.

    `body` is what is done where that package has no function of the name; None if all have one.
    """
    implementations: dict[Any, Callable[..., Any]] = {}

    def missing(*operands: Any) -> Any:
        x = leading(operands)
        if PACKAGES[package_of(type(x))].is_library:
            has_no = f": {getattr(namespace(x), '__name__', 'its package')} has no such function"
        else:
            has_no = ": take it of float(x), or of an mpmath number"
        raise UnknownFunctionError(
            f"{name} is not known for numbers of type {type(x).__name__}{has_no}"
        )

    def of_one(x: Any, /) -> Any:
        try:
            implementation = implementations[type(x)]
        except KeyError:
            implementation = implementations[type(x)] = _implementation(function, otherwise, (x,))
        return implementation(x)

    def of_two(a: Any, b: Any, /) -> Any:
        try:
            implementation = implementations[type(a), type(b)]
        except KeyError:
            implementation = _implementation(function, otherwise, (a, b))
            implementations[type(a), type(b)] = implementation
        return implementation(a, b)

    def of_several(*operands: Any) -> Any:
        kinds = tuple(map(type, operands))
        try:
            implementation = implementations[kinds]
        except KeyError:
            implementation = _implementation(function, otherwise, operands)
            implementations[kinds] = implementation
        return implementation(*operands)

    otherwise = body or missing
    function: Any = {1: of_one, 2: of_two}.get(len(parameters), of_several)
    function.__name__ = function.__qualname__ = name
    function.__annotations__ = {}
    if function is of_two:  # what help calls them; `inspect.Signature` takes long to import
        local = function.__code__.co_varnames[len(parameters) :]
        function.__code__ = function.__code__.replace(co_varnames=(*parameters, *local))
    return function  # type: ignore[no-any-return]


def _implementation(
    function: Any, otherwise: Callable[..., Any], operands: tuple[Any, ...]
) -> Callable[..., Any]:
    """Find what computes `function` for operands of these kinds."""
    for operand in operands:
        if isinstance(operand, list | tuple | dict | set | str | bytes):
            raise TypeError(
                f"{function.__name__} takes numbers and arrays, and got {operand!r} of type "
                f"{type(operand).__name__}: numpy.array(x) makes an array of a list"
            )
    found = _found(function.__name__, operands) or otherwise
    if not any(type(operand).__name__ == "ndarray" for operand in operands):
        return found

    def on_arrays(*operands: Any) -> Any:
        if holds_objects(operands):
            return elementwise(function)(*operands)
        return found(*map(_as_number, operands))

    return on_arrays


def recorder(kind: Any, name: str) -> Any:
    """Return what does an operation on numbers of a class of this package."""
    if hasattr(kind, "recorder"):
        return kind.recorder(name)
    return getattr(kind, name, None)


def _as_number(x: Any) -> Any:
    """Return 0.0 and 1.0 for what NumPy compared: its functions of bools are in half precision."""
    is_compared = getattr(getattr(x, "dtype", None), "kind", "") == "b"
    return x.astype(float) if is_compared else x


def _found(name: str, operands: tuple[Any, ...]) -> Callable[..., Any] | None:
    """Look a function up in the package that computes with the operands."""
    number = leading(operands)
    package = package_of(type(number))
    if package == "autodiff":
        return recorder(type(number), name)  # type: ignore[no-any-return]
    found = PACKAGES[package].function(name, number)
    if found and package == "numpy" and any(_is_truth_kind(type(x)) for x in operands):
        return lambda *operands: found(*map(_as_number, operands))
    return found


def elementwise(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return `function` for NumPy arrays of objects, broadcast as NumPy does."""
    import numpy

    return lambda *operands: numpy.frompyfunc(function, len(operands), 1)(*operands)


def holds_objects(operands: Iterable[Any]) -> bool:
    """Return whether there are arrays of Values, or Values beside arrays, among the operands."""
    if "ndarray" not in [type(operand).__name__ for operand in operands]:
        return False
    has_values = any(package_of(type(operand)) == "autodiff" for operand in operands)
    return has_values or "O" in [getattr(operand, "dtype", None) for operand in operands]


# ---- Numbers of a given kind ------------------------------------------------------------------


def number_like(x: Number, n: Number) -> Number:
    """Return the whole number `n` as a number of the kind and the precision of `x`."""
    kind = type(x)
    if kind is float or kind is int:
        return kind(n)
    return PACKAGES[package_of(kind)].whole(x, n)


def half(x: Number) -> Number:
    """Return one half in the kind of `x`: exact for a Fraction, a formula for SymPy."""
    return number_like(x, 1) / 2


def where(condition: Any, a: Number, b: Number) -> Number:
    """Choose `a` where the condition holds, `b` elsewhere.

    Both are computed before the choice, so neither may raise. The derivative flows to the chosen
    one only; the other gets exactly 0, even where its own derivative is infinite.

    Parameters
    ----------
    condition : bool
        Usually a comparison, or an array of them.
    a, b : number
        Any kind of real number, a `Value`, or an array of them.

    Returns
    -------
    number
        `a` or `b`; a `Value` if one of them is one.

    Examples
    --------
    >>> where(2 > 1, 10.0, 20.0)
    10.0
    """
    if isinstance(condition, list | tuple):
        import numpy

        condition = numpy.asarray(condition)
    if package_of(type(condition)) == "sympy" and is_truth(condition):
        a, b = (0 if x is None else x for x in (a, b))  # None: a structural zero
    if holds_objects((condition, a, b)):
        return elementwise(where)(condition, a, b)
    for operand in (condition, a, b):
        kind = type(operand)
        if package_of(kind) == "autodiff":
            return recorder(kind, "where")(condition, a, b)
    if package_of(type(condition)) == "sympy" and is_truth(condition):
        return sys.modules["sympy"].Piecewise((a, condition), (b, True))
    package = PACKAGES[package_of(type(condition))]
    if package.is_library and (package.taken or condition.shape != ()):
        like = next((x for x in (a, b) if not isinstance(x, numbers.Real)), None)
        if package.taken is not None and like is not None:
            a, b = package.taken(a, like), package.taken(b, like)
        return namespace(condition).where(condition, a, b)
    return a if _decided(condition) else b


def _decided(condition: Any) -> bool:
    """Return which branch a condition chooses; only a truth, or the number 0 or 1, says that."""
    try:
        dtype = getattr(condition, "dtype", "")
        known = is_truth(condition) or "bool" in str(dtype) or condition in (0, 1)
    except Exception:  # whatever the comparison of a stranger raises
        known = False
    if not known:
        raise TypeError(
            f"where takes a comparison, or the number 0 or 1, and got {condition!r}: write x != 0 "
            "for a number, and `not` or != for the ~ of a plain bool, which is the number -1 or -2"
        )
    return bool(condition)


def choose(condition: Any, a: Number, b: Number) -> Number:
    """Choose as `where` does; what is known of the numbers already is chosen at once, no node."""
    if condition is True:
        return a
    if condition is False:
        return b
    condition = plain(condition)
    if _is_truth_kind(type(condition)):
        return a if condition else b
    return where(condition, a, b)


def floor_divide(a: Number, b: Number) -> Number:
    """Return a // b; mpmath's numbers have % and no //."""
    if "mpmath" in (package_of(type(a)), package_of(type(b))):
        context = next(x.context for x in (a, b) if package_of(type(x)) == "mpmath")
        return context.nint((a - a % b) / b)
    return a // b
