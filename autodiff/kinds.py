"""Which package computes with a number: one dispatch for every kind of number.

A kind is a type of numbers. `by_kind` makes a function compute where its operand comes from: a
plain number in `math`, a NumPy scalar or array in NumPy, an mpmath or SymPy number in its package,
another array in its own namespace, and an autodiff number in its own class.
"""

from __future__ import annotations

import functools
import inspect
import math
import numbers
import sys
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from autodiff.extras import how_to_install

Number = Any  # a float, an int, a Fraction, a NumPy, mpmath or SymPy number, a Value, ...

_Function = TypeVar("_Function", bound=Callable[..., Any])

# Where several kinds of number meet in one call, the package that stands last here computes.
_PACKAGES = ("math", "numpy", "mpmath", "sympy", "array", "autodiff")

# How other packages spell a function, where they do not use NumPy's name.
_SPELLINGS = {
    "arccos": ("acos",),
    "arccosh": ("acosh",),
    "arcsin": ("asin",),
    "arcsinh": ("asinh",),
    "arctan": ("atan",),
    "arctan2": ("atan2",),
    "arctanh": ("atanh",),
    "ceil": ("ceiling",),
    "degrees": ("deg",),
    "heaviside": ("Heaviside",),
    "lgamma": ("loggamma",),
    "maximum": ("Max",),
    "minimum": ("Min",),
    "radians": ("rad",),
    "rint": ("nint",),
}

# Functions of these packages that bear the name and mean something else.
_NAMESAKES = {
    ("mpmath", "power"),
    ("numpy", "reciprocal"),
    ("sympy", "maximum"),
    ("sympy", "minimum"),
}


# ---- Recognizing a number ---------------------------------------------------------------------


def _package_of(kind: type) -> str:
    """Return which of the known packages computes with numbers of type `kind`."""
    for base in kind.__mro__[:-1]:
        package = base.__module__.partition(".")[0]
        if package in _PACKAGES:
            return package
    return "array" if hasattr(kind, "__array_namespace__") else "math"


package_of: Callable[[Any], str] = functools.cache(_package_of)  # of a type


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


def real(value: Number) -> Number:
    """Return `value`, which has to be real: Python and mpmath leave the real line silently."""
    if type(value) is not float and _is_complex(value):
        raise ValueError("math domain error: the result would be a complex number")
    return value


def real_or_nan(value: Number) -> Number:
    """Return `value`, or nan if it is complex."""
    return math.nan if _is_complex(value) else value


def _is_complex(value: Number) -> bool:
    return isinstance(value, numbers.Complex) and not isinstance(value, numbers.Real)


# ---- The dispatch -----------------------------------------------------------------------------


def by_kind(definition: _Function) -> _Function:
    """Make a function compute in the package of the number that it gets.

    The body of `definition` is what is done where that package has no function of its name. The
    sections that the docstrings of all these functions share are written here, once.
    """
    parameters = list(inspect.signature(definition).parameters)
    implementations: dict[Any, Callable[..., Any]] = {}

    def of_one(x: Any) -> Any:
        try:
            implementation = implementations[type(x)]
        except KeyError:
            implementation = implementations[type(x)] = _implementation(function, (x,))
        return implementation(x)

    def of_several(*operands: Any) -> Any:
        kinds = tuple(map(type, operands))
        try:
            implementation = implementations[kinds]
        except KeyError:
            implementation = implementations[kinds] = _implementation(function, operands)
        return implementation(*operands)

    function = functools.wraps(definition)(of_one if len(parameters) == 1 else of_several)
    head, prompt, example = (definition.__doc__ or "").partition("    >>> ")
    if prompt:
        sections = _SHARED_SECTIONS.format(parameters=", ".join(parameters))
        function.__doc__ = head.rstrip() + "\n" + sections + prompt + example
    return function  # type: ignore[return-value]


def everywhere(definition: _Function) -> _Function:
    """Make a function that every package has, under some name; its body is empty."""

    @functools.wraps(definition)
    def missing(x: Any, *_: Any) -> Any:
        raise TypeError(
            f"{definition.__name__} is not known for numbers of type {type(x).__name__}"
        )

    return by_kind(missing)  # type: ignore[return-value]


_SHARED_SECTIONS = """
    Parameters
    ----------
    {parameters} : number
        Any kind of real number, a `Value`, or a NumPy array of them.

    Returns
    -------
    number
        Of the kind that the operand's package gives: a `Value` for a `Value`.

    Raises
    ------
    ValueError, OverflowError, ZeroDivisionError
        Where `math` and Python's operators raise them for a plain number.

    Examples
    --------
"""


def _implementation(function: Any, operands: tuple[Any, ...]) -> Callable[..., Any]:
    """Find what computes `function` for operands of these kinds."""
    for operand in operands:
        if isinstance(operand, list | tuple | dict | set | str | bytes):
            raise TypeError(
                f"{function.__name__} takes numbers and arrays, and got {operand!r} of type "
                f"{type(operand).__name__}: numpy.array(x) makes an array of a list"
            )
    found = _found(function.__name__, operands) or function.__wrapped__
    if not any(type(operand).__name__ == "ndarray" for operand in operands):
        return found

    def on_arrays(*operands: Any) -> Any:
        if holds_objects(operands):
            return elementwise(function)(*operands)
        return found(*map(_as_number, operands))

    return on_arrays


def _as_number(x: Any) -> Any:
    """Return 0.0 and 1.0 for what NumPy compared: its functions of bools are in half precision."""
    is_compared = getattr(getattr(x, "dtype", None), "kind", "") == "b"
    return x.astype(float) if is_compared else x


def _found(name: str, operands: tuple[Any, ...]) -> Callable[..., Any] | None:
    """Look a function up in the package that computes with the operands."""
    rank = _PACKAGES.index
    leading = max(operands, key=lambda operand: rank(package_of(type(operand))))
    package = package_of(type(leading))
    namespaces: tuple[Any, ...]
    if package == "autodiff":
        namespaces = (type(leading),)
    elif package == "numpy":
        namespaces = (_Numpy, sys.modules["numpy"])
    elif package == "mpmath":
        namespaces = (_Mpmath, type(leading).context)
    elif package == "sympy":
        namespaces = (_Sympy, sys.modules["sympy"])
    elif package == "array":
        namespaces = (leading.__array_namespace__(),)
    else:
        namespaces = (math,)
    spellings = [name] if (package, name) not in _NAMESAKES else []
    spellings += _SPELLINGS.get(name, ())
    functions = (getattr(space, spelling, None) for space in namespaces for spelling in spellings)
    found = next(filter(None, functions), None)
    if found and package == "mpmath":
        return lambda *operands: real(found(*operands))
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
    return kind(n) if kind is float or kind is int else _number_like(x, n)


@by_kind
def _number_like(x: Number, n: Number) -> Number:
    return n if isinstance(x, bool) or hasattr(x, "shape") else type(x)(n)


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
    for operand in (condition, a, b):
        kind = type(operand)
        if package_of(kind) == "autodiff":
            return kind.where(condition, a, b)
    if package_of(type(condition)) == "sympy" and is_truth(condition):
        return sys.modules["sympy"].Piecewise((a, condition), (b, True))
    if hasattr(condition, "shape") and condition.shape != ():
        is_numpy = package_of(type(condition)) == "numpy"
        space = sys.modules["numpy"] if is_numpy else condition.__array_namespace__()
        return space.where(condition, a, b)
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
    while package_of(type(condition)) == "autodiff" and hasattr(condition, "data"):
        condition = condition.data
    if _is_truth_kind(type(condition)):
        return a if condition else b
    return where(condition, a, b)


def floor_divide(a: Number, b: Number) -> Number:
    """Return a // b; mpmath's numbers have % and no //."""
    if "mpmath" in (package_of(type(a)), package_of(type(b))):
        context = next(x.context for x in (a, b) if package_of(type(x)) == "mpmath")
        return context.nint((a - a % b) / b)
    return a // b


# ---- What packages do in another way ----------------------------------------------------------


def scipy_special() -> Any:
    """Return `scipy.special`, or say which extra brings it."""
    try:
        import scipy.special
    except ImportError as error:
        raise ImportError(f"this function needs SciPy: {how_to_install('scipy')}") from error
    return scipy.special


class _Numpy:
    """NumPy warns where `math` raises; that a derivative is infinite is no reason to warn."""

    @staticmethod
    def power(x: Any, y: Any) -> Any:
        import numpy

        with numpy.errstate(all="ignore"):
            return numpy.float_power(x, y) if numpy.result_type(x, y).kind in "iub" else x**y

    @staticmethod
    def ieee_log(x: Any) -> Any:
        import numpy

        with numpy.errstate(all="ignore"):
            return numpy.log(x)

    @staticmethod
    def _number_like(x: Any, n: Any) -> Any:
        return n if x.dtype.kind == "b" else x.dtype.type(n)

    @staticmethod
    def clip(x: Any, lower: Any, upper: Any) -> Any:
        import numpy

        is_open = lower is None or upper is None
        if not is_open and numpy.any(numpy.greater(lower, upper)):
            raise ValueError(f"clip: the lower bound {lower} is above the upper bound {upper}")
        return numpy.clip(x, lower, upper)

    @staticmethod
    def undefined(x: Any) -> Any:
        import numpy

        with numpy.errstate(invalid="ignore"):
            return x - x

    @staticmethod
    def erf(x: Any) -> Any:
        return _by_scipy("erf", x)

    @staticmethod
    def erfc(x: Any) -> Any:
        return _by_scipy("erfc", x)

    @staticmethod
    def lgamma(x: Any) -> Any:
        return _by_scipy("gammaln", x)

    @staticmethod
    def polygamma(n: Any, x: Any) -> Any:
        return _by_scipy("polygamma", n, x)


def _by_scipy(name: str, *operands: Any) -> Any:
    if any(getattr(x, "dtype", None) == "longdouble" for x in operands):
        raise TypeError(
            f"SciPy has no {name} of longdouble: take it of float(x) or of an mpmath number"
        )
    return getattr(scipy_special(), name)(*operands)


class _Mpmath:
    @staticmethod
    def _number_like(x: Any, n: Any) -> Any:
        return x.context.mpf(n)

    @staticmethod
    def lgamma(x: Any) -> Any:
        return x.context.re(x.context.loggamma(x))

    @staticmethod
    def cbrt(x: Any) -> Any:
        return x.context.sign(x) * x.context.cbrt(abs(x))


class _Sympy:
    """A formula is for reading: nothing in it guards against overflow."""

    @staticmethod
    def _number_like(x: Any, n: Any) -> Any:
        return sys.modules["sympy"].Integer(n)

    @staticmethod
    def power(x: Any, y: Any) -> Any:
        return x**y

    @staticmethod
    def cbrt(x: Any) -> Any:  # the real one, where SymPy's is complex
        sympy = sys.modules["sympy"]
        return sympy.sign(x) * sympy.Abs(x) ** sympy.Rational(1, 3)

    @staticmethod
    def ieee_log(x: Any) -> Any:
        return sys.modules["sympy"].log(x)

    @staticmethod
    def sigmoid(x: Any) -> Any:
        return 1 / (1 + sys.modules["sympy"].exp(-x))

    @staticmethod
    def softplus(x: Any) -> Any:
        return sys.modules["sympy"].log(1 + sys.modules["sympy"].exp(x))

    @staticmethod
    def logaddexp(a: Any, b: Any) -> Any:
        exp = sys.modules["sympy"].exp
        return sys.modules["sympy"].log(exp(a) + exp(b))
