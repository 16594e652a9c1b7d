"""The packages of numbers: for each, where its functions are, what it lacks and what stands in.

One record a package. A number belongs to the package that its type, or one of the classes that its
type derives from, comes from; what no record names computes in `math`. A new kind of number is a
new record.
"""

from __future__ import annotations

import functools
import importlib
import math
import numbers
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from autodiff.extras import how_to_install

# How packages spell a function, where they do not use NumPy's name.
_SPELLINGS = {
    "arccos": ["acos"],
    "arccosh": ["acosh"],
    "arcsin": ["asin"],
    "arcsinh": ["asinh"],
    "arctan": ["atan"],
    "arctan2": ["atan2"],
    "arctanh": ["atanh"],
    "ceil": ["ceiling"],
    "degrees": ["deg"],
    "heaviside": ["Heaviside"],
    "lgamma": ["gammaln", "loggamma"],
    "maximum": ["Max"],
    "minimum": ["Min"],
    "radians": ["rad"],
    "rint": ["nint"],
}


class Package(NamedTuple):
    """What is known about a package of numbers.

    Attributes
    ----------
    spaces : callable
        Takes one of its numbers; returns what its functions are attributes of, the first first.
    whole : callable
        Takes one of its numbers and a whole number; returns that as one of its kind.
    stand_ins : dict of str to callable
        Functions that it lacks, or does in another way.
    namesakes : frozenset of str
        Functions that bear a name of ours and mean something else.
    taken : callable or None
        Makes operands of another kind ones that its functions take, beside one of its numbers.
    given : callable or None
        Takes what its functions return; returns it if it is a real number.
    of_plain : frozenset of str
        Functions that take plain numbers beside its own as they are.
    is_library : bool
        Whether its numbers are arrays.
    """

    spaces: Callable[[Any], Sequence[Any]]
    whole: Callable[[Any, int], Any]
    stand_ins: Mapping[str, Callable[..., Any]] = {}
    namesakes: frozenset[str] = frozenset()
    taken: Callable[[Any, Any], Any] | None = None
    given: Callable[[Any], Any] | None = None
    of_plain: frozenset[str] = frozenset({"polygamma"})
    is_library: bool = False

    def function(self, name: str, number: Any) -> Callable[..., Any] | None:
        """Return the function of a name for such numbers, None if there is none."""
        spellings = [*([] if name in self.namesakes else [name]), *_SPELLINGS.get(name, ())]
        if self.taken is not None and name == "ieee_log":
            spellings = ["log"]  # no logarithm of arrays raises
        found = [getattr(space, x, None) for space in self.spaces(number) for x in spellings]
        function = self.stand_ins.get(name) or next(filter(callable, found), None)
        is_as_it_is = self.taken is None or name in self.of_plain
        if function is None or (is_as_it_is and self.given is None):
            return function
        return functools.partial(self._apply, function)

    def _apply(self, function: Callable[..., Any], *operands: Any) -> Any:
        if self.taken is not None:
            like = next(x for x in operands if not isinstance(x, numbers.Real))
            operands = tuple([self.taken(x, like) for x in operands])
        result = function(*operands)
        return result if self.given is None else self.given(result)


def real(value: Any) -> Any:
    """Return `value`, which has to be real: Python and mpmath leave the real line silently."""
    if type(value) is not float and is_complex(value):
        raise ValueError("math domain error: the result would be a complex number")
    return value


def is_complex(value: Any) -> bool:
    return isinstance(value, numbers.Complex) and not isinstance(value, numbers.Real)


def scipy_special() -> Any:
    """Return `scipy.special`, or say which extra brings it."""
    try:
        import scipy.special
    except ImportError as error:
        raise ImportError(f"this function needs SciPy: {how_to_install('scipy')}") from error
    return scipy.special


# ---- What packages do in another way ----------------------------------------------------------


def _module(name: str) -> Any:
    """Return a package that is loaded, for there is a number of it."""
    return sys.modules[name]


def _quietly(function: Callable[..., Any]) -> Callable[..., Any]:
    """NumPy warns where `math` raises; that a derivative is infinite is no reason to warn."""

    def call(*operands: Any) -> Any:
        with _module("numpy").errstate(all="ignore"):
            return function(*operands)

    return call


def _numpy_power(x: Any, y: Any) -> Any:
    numpy = _module("numpy")
    return numpy.float_power(x, y) if numpy.result_type(x, y).kind in "iub" else x**y


def _numpy_clip(x: Any, lower: Any, upper: Any) -> Any:
    numpy = _module("numpy")
    if numpy.any(numpy.greater(lower, upper)):
        raise ValueError(f"clip: the lower bound {lower} is above the upper bound {upper}")
    return numpy.clip(x, lower, upper)


def _by_scipy(name: str, *operands: Any) -> Any:
    if any(getattr(x, "dtype", None) == "longdouble" for x in operands):
        raise TypeError(
            f"SciPy has no {name} of longdouble: take it of float(x) or of an mpmath number"
        )
    return getattr(scipy_special(), name)(*operands)


_NUMPY: dict[str, Callable[..., Any]] = {
    "power": _quietly(_numpy_power),
    "ieee_log": _quietly(lambda x: _module("numpy").log(x)),
    "undefined": _quietly(lambda x: x - x),
    "clip": _numpy_clip,
    "erf": functools.partial(_by_scipy, "erf"),
    "erfc": functools.partial(_by_scipy, "erfc"),
    "lgamma": functools.partial(_by_scipy, "gammaln"),
    "polygamma": functools.partial(_by_scipy, "polygamma"),
}


def _numpy_whole(x: Any, n: int) -> Any:
    return n if hasattr(x, "__setitem__") or x.dtype.kind == "b" else x.dtype.type(n)


_MPMATH: dict[str, Callable[..., Any]] = {
    "lgamma": lambda x: x.context.re(x.context.loggamma(x)),
    "cbrt": lambda x: x.context.sign(x) * x.context.cbrt(abs(x)),
}


def _sympy(name: str, *operands: Any) -> Any:
    return getattr(_module("sympy"), name)(*operands)


# A formula is for reading: nothing in it guards against overflow.
_SYMPY: dict[str, Callable[..., Any]] = {
    "power": lambda x, y: x**y,
    # the real one, where SymPy's is complex
    "cbrt": lambda x: _sympy("sign", x) * _sympy("Abs", x) ** _sympy("Rational", 1, 3),
    "ieee_log": lambda x: _sympy("log", x),
    "sigmoid": lambda x: 1 / (1 + _sympy("exp", -x)),
    "softplus": lambda x: _sympy("log", 1 + _sympy("exp", x)),
    "logit": lambda x: _sympy("log", x / (1 - x)),
    "logaddexp": lambda a, b: _sympy("log", _sympy("exp", a) + _sympy("exp", b)),
}


def _without_traps(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compute decimals by the rules of IEEE 754: infinite or nan where they would raise."""

    def call(*operands: Any) -> Any:
        import decimal

        with decimal.localcontext() as context:
            context.clear_traps()
            return function(*map(decimal.Decimal, operands))

    return call


def _with_digits(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Compute with as many more digits as a small decimal loses beside 1."""

    def call(x: Any) -> Any:
        import decimal

        with decimal.localcontext() as context:
            context.prec += max(2, 2 - x.adjusted())
            result = function(x)
        return +result

    return call


# Right to the precision of the context; there is no trigonometry.
_DECIMAL: dict[str, Callable[..., Any]] = {
    "exp": lambda x: x.exp(),
    "expm1": _with_digits(lambda x: x.exp() - 1),
    "log": lambda x: x.ln(),
    "log1p": _with_digits(lambda x: (1 + x).ln()),
    "log10": lambda x: x.log10(),
    "ieee_log": _without_traps(lambda x: x.ln()),
    "sqrt": lambda x: x.sqrt(),
    "power": _without_traps(lambda x, y: x**y),
    "floor": math.floor,
    "ceil": math.ceil,
}


def _polygamma(n: Any, x: Any) -> float:
    return float(scipy_special().polygamma(n, float(x)))


# ---- The records ------------------------------------------------------------------------------


def _library(*modules: str) -> Package:
    """Make the record of an array library; the second module has special functions."""

    def spaces(x: Any) -> list[Any]:
        found = [importlib.import_module(modules[0])] if modules else [x.__array_namespace__()]
        for module in modules[1:]:
            try:
                found.append(importlib.import_module(module))
            except ImportError:
                continue
        return found

    def taken(x: Any, like: Any) -> Any:
        is_plain = isinstance(x, numbers.Real)
        return spaces(like)[0].asarray(float(x), dtype=like.dtype) if is_plain else x

    return Package(spaces=spaces, whole=lambda x, n: n, taken=taken, is_library=True)


# Where several kinds of number meet in one call, the package that stands last here computes.
PACKAGES = {
    "math": Package(
        spaces=lambda x: [math],
        stand_ins={"polygamma": _polygamma},
        whole=lambda x, n: n if isinstance(x, bool) else type(x)(n),
    ),
    "decimal": Package(spaces=lambda x: [], stand_ins=_DECIMAL, whole=lambda x, n: type(x)(n)),
    "numpy": Package(
        spaces=lambda x: [_module("numpy")],
        stand_ins=_NUMPY,
        whole=_numpy_whole,
        namesakes=frozenset({"reciprocal"}),
        is_library=True,
    ),
    "mpmath": Package(
        spaces=lambda x: [type(x).context],
        stand_ins=_MPMATH,
        whole=lambda x, n: x.context.mpf(n),
        namesakes=frozenset({"power", "sinc"}),
        given=real,
    ),
    "sympy": Package(
        spaces=lambda x: [_module("sympy")],
        stand_ins=_SYMPY,
        whole=lambda x, n: _sympy("Integer", n),
        namesakes=frozenset({"maximum", "minimum", "sinc"}),
    ),
    "array": _library(),  # whatever has a namespace of the array API
    "cupy": _library("cupy", "cupyx.scipy.special"),
    "dask": _library("dask.array"),
    "jax": _library("jax.numpy", "jax.scipy.special"),
    "jaxlib": _library("jax.numpy", "jax.scipy.special"),
    "torch": _library("torch", "torch.special"),
    "autodiff": Package(
        spaces=lambda x: [type(x)], whole=lambda x, n: x._number_like(n)
    ),  # its numbers record
}


def _package_of(kind: type) -> str:
    """Return which of the packages computes with numbers of a type."""
    for base in kind.__mro__[:-1]:
        package = base.__module__.partition(".")[0]
        if package in PACKAGES:
            return package
    return "array" if hasattr(kind, "__array_namespace__") else "math"


package_of: Callable[[Any], str] = functools.cache(_package_of)


def namespace(x: Any) -> Any:
    """Return the functions of the library that an array comes from."""
    return PACKAGES[package_of(type(x))].spaces(x)[0]


def leading(operands: Sequence[Any]) -> Any:
    """Return the operand in whose package a call is computed."""
    ranks = list(PACKAGES)
    return max(operands, key=lambda operand: ranks.index(package_of(type(operand))))
