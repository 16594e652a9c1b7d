"""Derivatives by numbers alone: a referee that knows no rule of differentiation.

`numerical_derivative` calls a function at nearby numbers and nothing else: by central differences,
extrapolated to step 0 with an error estimate, and by the complex step where the function computes
on complex numbers too. Below: `replayed` makes a recorded graph a function again, and
`rounding_scale` tells how far rounding alone can move a derivative.
"""

from __future__ import annotations

import cmath
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from autodiff import functions
from autodiff.formula import OPERATIONS
from autodiff.graph import sweep, topological_order
from autodiff.kinds import Number, number_like
from autodiff.value import Value

EPSILON = math.ulp(1.0)

_WORKS_OUT_BADLY = (ArithmeticError, TypeError, ValueError)


class Estimate(NamedTuple):
    """A numerical derivative, how far off it may be, and how it was found."""

    derivative: float
    error: float
    method: str


NO_ESTIMATE = Estimate(math.nan, math.inf, "none")


def numerical_derivative(f: Callable[[Any], Any], x: float) -> Estimate:
    """Differentiate a function of one number by calling it nearby.

    Parameters
    ----------
    f : callable
        Takes a float. Where it also computes on complex numbers, the complex step is taken, which
        has no cancellation; it has to lie within the error estimate of the differences.
    x : float
        Where.

    Returns
    -------
    Estimate
        `derivative`, `error` (an estimate of its absolute error) and `method`: "complex step",
        "differences" or, where `f` fails near `x`, "none".

    Examples
    --------
    >>> numerical_derivative(lambda x: x**3, 2.0)
    Estimate(derivative=12.0, error=2.1316282072803006e-14, method='complex step')
    """
    by_differences = _by_differences(f, x)
    second = _by_complex_step(f, x)
    if second.method == "none":
        second = _nearby(f, x)
    distance = abs(second.derivative - by_differences.derivative)
    if distance <= 10 * (by_differences.error + second.error) < math.inf:
        return second if second.method == "complex step" else by_differences
    if math.isnan(distance):
        return by_differences
    # They contradict each other: a step may have gone over a pole or a jump.
    return by_differences._replace(error=max(by_differences.error, distance))


# ---- Central differences ----------------------------------------------------------------------

_SHRINK = 1.4  # from one step to the next
_ROWS = 10


def _by_differences(f: Callable[[float], Any], x: float) -> Estimate:
    """Extrapolate from several first steps, until one gives nine digits; return the best."""
    best = NO_ESTIMATE
    wide = max(abs(x), 1.0)
    narrow = abs(x) or 1.0
    for step in sorted(
        {wide / 10, narrow / 10, wide / 1e3, narrow / 1e3, wide / 1e5}, reverse=True
    ):
        try:
            estimate = _ridders(f, x, step)
        except _WORKS_OUT_BADLY:  # too far out: a nearer step may do
            continue
        if estimate.error < best.error:
            best = estimate
        if best.error <= 1e-9 * abs(best.derivative):
            break
    return best


def _nearby(f: Callable[[float], Any], x: float) -> Estimate:
    """Extrapolate from a small step, which is less exact but sees less of what is around."""
    try:
        return _ridders(f, x, (abs(x) or 1.0) / 1e3)
    except _WORKS_OUT_BADLY:
        return NO_ESTIMATE


def _ridders(f: Callable[[float], Any], x: float, step: float) -> Estimate:
    """Extrapolate central differences to step 0.

    C. J. F. Ridders, "Accurate computation of F'(x) and F'(x) F''(x)", Advances in Engineering
    Software 4 (1982) 75-76: each new row of Neville's table cancels one more power of the step, and
    the distance to its neighbours in the table estimates the error.
    """
    best = NO_ESTIMATE
    above: list[float] = []
    for _ in range(_ROWS):
        high, low = float(f(x + step)), float(f(x - step))
        rounding = EPSILON * max(abs(high), abs(low)) / step
        row = [(high - low) / ((x + step) - (x - step))]
        power = _SHRINK**2
        for left, upper in zip(list(above), above, strict=True):
            row.append(row[-1] + (row[-1] - upper) / (power - 1))
            power *= _SHRINK**2
            error = max(abs(row[-1] - row[-2]), abs(row[-1] - left)) + rounding
            if error <= best.error:
                best = Estimate(row[-1], error, "differences")
        if above and abs(row[-1] - above[-1]) >= 2 * best.error:
            break  # from here on, rounding grows faster than the extrapolation gains
        above = row
        step /= _SHRINK
    return best


# ---- The complex step -------------------------------------------------------------------------

_IMAGINARY_STEP = 2.0**-100


def _by_complex_step(f: Callable[[Any], Any], x: float) -> Estimate:
    """Take the derivative from the imaginary part of f(x + ih): no difference, no cancellation.

    W. Squire, G. Trapp, "Using complex variables to estimate derivatives of real functions", SIAM
    Review 40 (1998) 110-112.
    """
    step = _IMAGINARY_STEP * (abs(x) or 1.0)
    try:
        value = float(f(x))
        result = f(ComplexNumber(complex(x, step)))
        z = result.z if isinstance(result, ComplexNumber) else complex(result)
    except Exception:  # whatever a function may raise that is not made for such a number
        return NO_ESTIMATE
    if not abs(z.real - value) <= 1e-9 * abs(value):  # it left the real branch, or is no number
        return NO_ESTIMATE
    derivative = z.imag / step
    return Estimate(derivative, 8 * EPSILON * abs(derivative), "complex step")


def _on_complex(
    function: Callable[..., complex],
) -> Callable[..., ComplexNumber]:
    """Make a function of complex numbers one of `ComplexNumber` and plain numbers."""

    def apply(*operands: Any) -> ComplexNumber:
        return ComplexNumber(function(*map(_complex, operands)))

    return apply


def _complex(x: Any) -> Any:
    """Return the complex number; a plain number stays, for the power is exact in whole ones."""
    return x.z if isinstance(x, ComplexNumber) else x


def _by_real_part(compare: Callable[[float, float], bool]) -> Callable[[Any, Any], bool]:
    """Make a comparison take the branch that it takes on the real line."""
    return lambda a, b: compare(_complex(a).real, _complex(b).real)


class ComplexNumber:
    """A complex number that takes the branches of its real part; `f(x + ih)` is computed with it.

    autodiff's functions find their like here, as they do for every kind of number. What has no like
    and no complex meaning raises `TypeError`.
    """

    __slots__ = ("z",)

    def __init__(self, z: complex) -> None:
        self.z = complex(z)

    __add__ = __radd__ = _on_complex(operator.add)
    __sub__ = _on_complex(operator.sub)
    __rsub__ = _on_complex(lambda b, a: a - b)
    __mul__ = __rmul__ = _on_complex(operator.mul)
    __truediv__ = _on_complex(operator.truediv)
    __rtruediv__ = _on_complex(lambda b, a: a / b)
    __pow__ = _on_complex(operator.pow)
    __rpow__ = _on_complex(lambda b, a: a**b)
    __neg__ = _on_complex(operator.neg)
    __pos__ = _on_complex(operator.pos)
    __abs__ = _on_complex(lambda z: -z if z.real < 0 else z)  # not the modulus: it has to be smooth

    __lt__ = _by_real_part(operator.lt)
    __le__ = _by_real_part(operator.le)
    __gt__ = _by_real_part(operator.gt)
    __ge__ = _by_real_part(operator.ge)
    __eq__ = _by_real_part(operator.eq)
    __ne__ = _by_real_part(operator.ne)
    __hash__ = object.__hash__

    exp, log, sqrt = map(_on_complex, (cmath.exp, cmath.log, cmath.sqrt))
    sin, cos, tan = map(_on_complex, (cmath.sin, cmath.cos, cmath.tan))
    sinh, cosh, tanh = map(_on_complex, (cmath.sinh, cmath.cosh, cmath.tanh))
    arcsin, arccos, arctan = map(_on_complex, (cmath.asin, cmath.acos, cmath.atan))
    arcsinh, arccosh, arctanh = map(_on_complex, (cmath.asinh, cmath.acosh, cmath.atanh))

    @staticmethod
    def where(condition: Any, a: Any, b: Any) -> Any:
        return a if condition else b


# ---- A recorded graph as a function -----------------------------------------------------------


def _dot(*operands: Number) -> Number:
    middle = len(operands) // 2
    return functions.dot(operands[:middle], operands[middle:])


_REPLAYED: dict[str, Callable[..., Any]] = {
    **OPERATIONS,
    "total": lambda *operands: functions.total(operands),
    "dot": _dot,
}


def replayed(root: Value, inputs: Mapping[str, Value]) -> Callable[..., Number]:
    """Make a function of a recorded graph, with the named nodes as its variables.

    The graph is computed forward again by its operations' names; no local derivative is read. Where
    it chose a branch, it keeps to it. An operation that a person made has no name here: the
    function raises `TypeError` then.
    """
    order = topological_order(root)[::-1]

    def replay(**numbers: Number) -> Number:
        computed = {node: numbers[name] for name, node in inputs.items()}
        for node in order:
            if node in computed:
                continue
            if not node.operands:
                computed[node] = node.data
                continue
            if node.operation not in _REPLAYED:
                raise TypeError(f"{node.operation} is an operation that cannot be computed again")
            operands = [computed[operand] for operand in node.operands]
            computed[node] = _REPLAYED[node.operation](*operands)
        return computed[root]

    return replay


# ---- Rounding ---------------------------------------------------------------------------------


def rounding_scale(f: Callable[[Any], Any], x: Number) -> float:
    """Return, for the derivative of `f` at `x`, the size of the numbers that made it up.

    Times the machine epsilon it is how far rounding can move the derivative: an error analysis
    along the graph of the derivative's own computation, to first order (S. Linnainmaa, "Taylor
    expansion of the accumulated rounding error", BIT 16 (1976) 146-160). 0 where it cannot be told.

    >>> rounding_scale(lambda x: (x - 1e8) ** 2, 1e8 + 1) > 1e8  # of a derivative that is 2
    True
    """
    variable = Value(Value(x))
    try:
        root = f(variable)
        if not isinstance(root, Value):
            return 0.0
        gradient = sweep(root, number_like(root, 1))[variable]
        return max(size_of_parts(gradient), _size_of_paths(root, variable))
    except Exception:  # an operation that a person made need not differentiate twice
        return 0.0


def _size_of_paths(root: Value, variable: Value) -> float:
    """Add up the sizes of the products of local derivatives along all paths to the variable."""
    sizes = dict.fromkeys(topological_order(root), 0.0)
    sizes[root] = 1.0
    for node, size in sizes.items():
        for operand, partial in zip(node.operands, node.partials, strict=True):
            if partial is not None:
                number = partial.data if isinstance(partial, Value) else partial
                sizes[operand] += size * abs(float(number))
    size = sizes.get(variable, 0.0)
    return size if math.isfinite(size) else 0.0


def size_of_parts(result: Any) -> float:
    """Add up the sizes of all intermediate numbers, each times its effect on the result."""
    if not isinstance(result, Value):
        return 0.0
    sizes: dict[Value, float] = {}
    for node in reversed(topological_order(result)):
        size = abs(float(node.data))
        for operand, partial in zip(node.operands, node.partials, strict=True):
            if partial is not None:
                size += abs(float(partial)) * sizes[operand]
        sizes[node] = size
    return sizes[result] if math.isfinite(sizes[result]) else 0.0
