"""`Value`: a number that remembers how it was computed, and so knows its derivatives.

Each operation states once, on any kind of number, its value and its local derivative in each
operand. `backward()` multiplies and adds these along the graph: the chain rule (`graph.sweep`).
Below: how an operation is recorded, then `Value`, with the table of them all.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import Any

from autodiff import functions as f
from autodiff import graph, micrograd, rules, ufuncs
from autodiff.graph import (
    BOOKKEEPING,
    CONSTANT,
    FIELDS,
    LEVELS,
    next_serial,
    swept,
    topological_order,
)
from autodiff.hints import Elsewhere, OnlyDerived
from autodiff.kinds import (
    Number,
    elementwise,
    floor_divide,
    half,
    holds_objects,
    is_number,
    is_truth,
    negated,
    no_number,
    number_like,
    package_of,
    real,
)
from autodiff.rules import Rule

# ---- Recording --------------------------------------------------------------------------------


def node(
    data: Number,
    operation: str | None = None,
    operands: tuple[Value, ...] = (),
    partials: tuple[Number, ...] = (),
    level: int = 0,
) -> Value:
    """Make a Value of all its fields, without checks."""
    self: Value = object.__new__(Value)
    self._data = data
    self.grad = 0
    self.label = None
    self.operation = operation
    self.operands = operands
    self.partials = partials
    self.level = level
    self.serial = next_serial()
    self.mark = 0
    return self


def _at_level(operand: Any, level: int) -> Value:
    """Return the operand as a node of this level: what is no variable there is a constant."""
    if isinstance(operand, Value) and operand.level == level:
        return operand
    return node(operand, CONSTANT, (), (), level)


def _on_one_level(*operands: Any) -> tuple[Value, ...]:
    """Return the operands as nodes of the highest level among them."""
    level = max([operand.level for operand in operands if isinstance(operand, Value)])
    return tuple([_at_level(operand, level) for operand in operands])


def operation(rule: Rule | None = None, *, name: str | None = None) -> Any:
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
    return _operation(name or rule.__name__, rule)


def _operation(name: str, rule: Rule) -> Callable[..., Any]:
    """Make an operation of any number of operands."""

    def apply(*operands: Any) -> Any:
        if holds_objects(operands):
            return elementwise(apply)(*operands)
        if not any(isinstance(operand, Value) for operand in operands):
            return rule(*operands)[0]
        nodes = _on_one_level(*operands)
        result = rules.explained(name, rule, nodes)
        if not isinstance(result, tuple) or len(result) != 1 + len(nodes):
            raise TypeError(
                f"the rule of {name} has to return a tuple of the value and a derivative in each "
                f"of {len(nodes)} operands, and returned {result!r}"
            )
        data, *partials = result
        for position, operand in enumerate(nodes):
            if operand.operation == CONSTANT:
                partials[position] = None
        return node(data, name, nodes, tuple(partials), nodes[0].level)

    apply.__name__ = apply.__qualname__ = name
    apply.__doc__ = rule.__doc__ or f"Record `{name}`."
    return apply


def _function(
    value: Callable[[Any], Any], slope: Callable[[Any, Any], Any]
) -> Callable[[Any], Any]:
    """Make an operation of one operand from its value and slope(operand, value)."""
    name = value.__name__
    general = _operation(name, lambda x: (y := value(x), slope(x, y)))

    def apply(x: Any) -> Any:
        number = x._data
        try:
            data = value(number)
            partial = slope(number, data)
        except (ArithmeticError, ValueError):
            return general(x)  # which says where
        return node(data, name, (x,), (partial,), x.level)

    apply.__name__ = apply.__qualname__ = name
    apply.__doc__ = general.__doc__
    return apply


def _operator(symbol: str, rule: Rule) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Make the two methods of an infix operator, for `v + other` and for `other + v`."""

    def method(a: Any, b: Any) -> Any:
        if type(b) is float or type(b) is int:
            b = node(b, CONSTANT, (), (), a.level)
        elif type(b) is not Value or a.level != b.level:
            if not is_number(b):
                return NotImplemented
            a, b = _on_one_level(a, b)
        try:
            data, in_a, in_b = rule(a._data, b._data)
        except (ArithmeticError, ValueError):
            data, in_a, in_b = rules.explained(symbol, rule, (a, b))
        if a.operation == CONSTANT:
            in_a = None
        if b.operation == CONSTANT:
            in_b = None
        return node(data, symbol, (a, b), (in_a, in_b), a.level)

    def reflected(b: Any, a: Any) -> Any:
        return method(_at_level(a, b.level), b) if is_number(a) else NotImplemented

    return method, reflected


def _power(raised: Callable[[Any, Any], Any]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Make the two methods of a power, whose rule depends on whether the exponent can vary."""
    by_constant, by_variable = rules.power(raised)
    constant_method, _ = _operator("**", by_constant)
    variable_method, reflected = _operator("**", by_variable)

    def method(x: Any, y: Any) -> Any:
        if not isinstance(y, Value):
            return constant_method(x, y)
        return variable_method(x, y) if isinstance(x, Value) else reflected(y, x)

    return method, reflected


def _comparison(symbol: str, compare: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Make a comparison of the numbers: a node, so that `where` knows what it was decided by."""

    def method(a: Any, b: Any) -> Any:
        if not is_number(b):
            return NotImplemented
        a, b = _on_one_level(a, b)
        data = compare(a._data, b._data)
        data = bool(data) if package_of(type(data)) == "numpy" else data
        return node(data, symbol, (a, b), (None, None), a.level)

    return method


def _combination(
    symbol: str, combine: Callable[..., Any]
) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Make the two methods of an operator that combines comparisons."""

    def method(*operands: Any) -> Any:
        for operand in operands:
            if not is_truth(operand):
                raise TypeError(
                    f"{symbol} combines comparisons, such as (x > 0) & (y > 0), and got {operand!r}"
                )
        nodes = _on_one_level(*operands)
        data = combine(*[n._data for n in nodes])
        return node(data, symbol, nodes, (None,) * len(nodes), nodes[0].level)

    return method, lambda b, a: method(a, b)


# ---- Value ------------------------------------------------------------------------------------


class Value:
    """A number that remembers the operation and the operands that it was computed from.

    Parameters
    ----------
    data : number
        A float, an int, a Fraction, a NumPy scalar, an mpmath or SymPy number, or another Value.
    label : str, optional
        A name for pictures and messages.

    Attributes
    ----------
    data : number
        The number itself.
    grad : number
        The derivative, in this number, of what `backward()` was called on; 0 before.
    label : str or None
        The name.
    operation : str or None
        What computed it: `"+"`, `"exp"`, ...; None for a leaf, `"constant"` for a plain number.
    operands : tuple of Value
        What it was computed from, in order; empty for a leaf.
    partials : tuple of number
        The local derivative in each operand; None where the result does not depend on it.
    level : int
        How deep the numbers are nested. Operands of a lower level are constants on a higher one.

    Raises
    ------
    TypeError
        If `data` is no real number or `label` no text.

    Notes
    -----
    A comparison, such as `x > 0`, is a Value too: its number is True or False, which count as 1 and
    0 in arithmetic; `&`, `|`, `^` and `~` combine comparisons.

    Examples
    --------
    >>> weight = Value(0.5, "weight")
    >>> error = (0.5 * weight - 0.8) ** 2
    >>> error.backward()
    >>> weight.grad
    -0.55
    """

    __slots__ = (*FIELDS, *BOOKKEEPING, "__weakref__")

    _data: Number
    grad: Number
    label: str | None
    operation: str | None
    operands: tuple[Value, ...]
    partials: tuple[Number, ...]
    level: int
    serial: int
    mark: int
    sum: Any

    def __init__(
        self, data: Number, label: str | None = None, _op: str = "", *, _children: Any = ()
    ) -> None:
        if not is_number(data):
            raise TypeError(no_number(data))
        if isinstance(label, tuple | set | list):  # micrograd's second argument
            label, _children = None, label
        if _children or _op:
            raise TypeError(f"the operands of a Value are recorded, not given: {micrograd.OWN}")
        if label is not None and not isinstance(label, str):
            raise TypeError(f"a label is text, and {label!r} is of type {type(label).__name__}")
        self._data = data
        self.grad = 0
        self.label = label
        self.operation = None
        self.operands = ()
        self.partials = ()
        self.level = data.level + 1 if isinstance(data, Value) else 0
        self.serial = self.mark = 0

    @property
    def data(self) -> Number:
        """The number itself."""
        return self._data

    @data.setter
    def data(self, number: Number) -> None:
        self._data = number
        if not self.operands:
            graph.note_assignment(self)

    def backward(self, seed: Number = 1) -> None:
        """Set `grad`, in every Value that this one was computed from, to the derivative in it.

        Interior nodes get a fresh derivative at each call; leaves add theirs up over calls, as in
        PyTorch, until `zero_grad`. Where this raises or is interrupted, no `grad` has changed: an
        interrupt of the keyboard that arrives when all have waits until the call is over.

        The derivatives are those at the numbers that the graph was computed from. Where one of them
        has been assigned since (`weight.data -= ...`), compute the result again before the next
        `backward()`: in a loop, the expression belongs inside. A `RuntimeWarning` tells.

        Parameters
        ----------
        seed : number
            The derivative of the final result in this Value: 1 if this is the final result.

        Raises
        ------
        TypeError
            If `seed` is no real number.
        ValueError
            If this is computed from the variable of a `grad` or its like, which is at work.

        Examples
        --------
        >>> x = Value(3.0)
        >>> (x * x).backward()
        >>> x.grad
        6.0
        """
        if not is_number(seed):
            raise TypeError(f"a seed is one real number: {no_number(seed)}")
        if self.level and self.level % LEVELS == 0:
            raise ValueError(
                "backward() inside a function that grad differentiates would leave a derivative "
                "which that grad cannot see: nest autodiff.grad, or call backward() on what is "
                "computed from Value(x)"
            )
        order, gradients = swept(self, number_like(self, seed) if type(seed) is int else seed)
        graph.publish(order, gradients, Value.__dict__["grad"].__set__)

    def zero_grad(self) -> None:
        """Set `grad` to 0, here and in every Value that this one was computed from.

        Examples
        --------
        >>> x = Value(3.0)
        >>> (x * x).backward()
        >>> x.zero_grad()
        >>> x.grad
        0
        """
        for below in topological_order(self):
            below.grad = 0

    def detach(self) -> Value:
        """Return a new leaf of the same number and label, without what it was computed from.

        Examples
        --------
        >>> (Value(3.0) * 2).detach().operands
        ()
        """
        return node(self._data, level=self.level).labeled(self.label)

    def labeled(self, label: str | None) -> Value:
        """Set the label and return this Value, for use inside an expression.

        Examples
        --------
        >>> ((Value(3.0) * 2).labeled("pred") - 1).operands[0].label
        'pred'
        """
        self.label = label
        return self

    # ---- Every operation: its value, then its local derivative in each operand ----------------
    # fmt: off

    __add__,      __radd__      = _operator("+",  lambda a, b: (a + b,  1, 1))
    __sub__,      __rsub__      = _operator("-",  lambda a, b: (a - b,  1, -1))
    __mul__,      __rmul__      = _operator("*",  lambda a, b: (a * b,  b, a))
    __truediv__,  __rtruediv__  = _operator("/",  rules.divided)
    __mod__,      __rmod__      = _operator("%",  rules.remainder)
    __floordiv__, __rfloordiv__ = _operator("//", lambda a, b: (floor_divide(a, b), None, None))
    __pow__,      __rpow__      = _power(lambda x, y: real(x**y))
    power,        _             = _power(f.power)  # infinite or nan where ** raises

    # Of one operand: the derivative where the operand is x and the value y
    __neg__    = _function(operator.neg, lambda x, y: -1)
    __pos__    = _function(operator.pos, lambda x, y: 1)
    __abs__    = _function(operator.abs, lambda x, y: f.sign(x))  # 0 at 0

    # Roots and quotients; the derivative of a root is infinite at 0
    square     = _function(f.square,     lambda x, y: 2 * x)
    reciprocal = _function(f.reciprocal, lambda x, y: -f.power(x, -2))
    sqrt       = _function(f.sqrt,       lambda x, y: f.power(x, -half(x)) / 2)
    cbrt       = _function(f.cbrt,       lambda x, y: f.power(y, -2) / 3)
    hypot      = _operation("hypot",     rules.hypotenuse)  # 0, 0 at (0, 0)
    direction  = _operation("direction", rules.direction)
    one_minus_square = _function(f.one_minus_square, lambda x, y: -2 * x)

    # Exponentials and logarithms
    exp        = _function(f.exp,        lambda x, y: y)
    exp2       = _function(f.exp2,       lambda x, y: y * f.log(number_like(x, 2)))
    expm1      = _function(f.expm1,      lambda x, y: f.exp(x))
    log        = _function(f.log,        lambda x, y: f.power(x, -1))
    ieee_log   = _function(f.ieee_log,   lambda x, y: f.power(x, -1))
    log1p      = _function(f.log1p,      lambda x, y: f.power(1 + x, -1))
    log2       = _function(f.log2,       lambda x, y: f.power(x, -1) / f.log(number_like(x, 2)))
    log10      = _function(f.log10,      lambda x, y: f.power(x, -1) / f.log(number_like(x, 10)))
    softplus   = _function(f.softplus,   lambda x, y: f.sigmoid(x))
    sigmoid    = _function(f.sigmoid,    lambda x, y: y * f.sigmoid(-x))
    logaddexp  = _operation("logaddexp", rules.logaddexp)

    # Trigonometry, in radians
    sin        = _function(f.sin,        lambda x, y: f.cos(x))
    cos        = _function(f.cos,        lambda x, y: -f.sin(x))
    tan        = _function(f.tan,        lambda x, y: 1 + y * y)
    arcsin     = _function(f.arcsin,     lambda x, y: f.power(f.one_minus_square(x), -half(x)))
    arccos     = _function(f.arccos,     lambda x, y: -f.power(f.one_minus_square(x), -half(x)))
    arctan     = _function(f.arctan,     lambda x, y: 1 / (1 + x * x))
    arctan2    = _operation("arctan2",   rules.angle)  # nan, nan at (0, 0)
    degrees    = _function(f.degrees,    lambda x, y: 180 / f.pi(x))
    radians    = _function(f.radians,    lambda x, y: f.pi(x) / 180)

    # Hyperbolic functions; sech**2 is right far out, where 1 - tanh**2 has become 0
    sinh       = _function(f.sinh,       lambda x, y: f.cosh(x))
    cosh       = _function(f.cosh,       lambda x, y: f.sinh(x))
    tanh       = _function(f.tanh,       lambda x, y: f.sech(x) ** 2)
    sech       = _function(f.sech,       lambda x, y: -y * f.tanh(x))
    arcsinh    = _function(f.arcsinh,    lambda x, y: 1 / f.hypot(x, 1))
    arccosh    = _function(f.arccosh,    rules.arccosh_slope)
    arctanh    = _function(f.arctanh,    lambda x, y: f.power(f.one_minus_square(x), -1))

    # Special functions
    erf        = _function(f.erf,        lambda x, y: 2 / f.sqrt(f.pi(x)) * f.exp(-x * x))
    erfc       = _function(f.erfc,       lambda x, y: -2 / f.sqrt(f.pi(x)) * f.exp(-x * x))
    lgamma     = _function(f.lgamma,     lambda x, y: f.polygamma(0, x))
    polygamma  = _operation("polygamma", rules.polygamma)

    # Branches and steps; what was not chosen gets None
    relu       = _function(f.relu,       rules.relu_slope)
    undefined  = _function(f.undefined,  lambda x, y: f.undefined(x))
    maximum    = _operation("maximum",   rules.largest)  # 1/2, 1/2 at a tie
    minimum    = _operation("minimum",   rules.smallest)
    _clip      = _operation("clip",      rules.clipped)  # the bounds are inside
    where      = _operation("where",     rules.chosen)
    sign       = _function(f.sign,       lambda x, y: None)
    floor      = _function(f.floor,      lambda x, y: None)
    ceil       = _function(f.ceil,       lambda x, y: None)
    trunc      = _function(f.trunc,      lambda x, y: None)
    rint       = _function(f.rint,       lambda x, y: None)
    heaviside  = _operation("heaviside", rules.stepped)
    copysign   = _operation("copysign",  rules.signed)

    # Many operands in one node
    total      = _operation("total",     lambda *xs: (f.total(xs), *[1] * len(xs)))
    dot        = _operation("dot",       rules.dotted)

    # Comparisons are of the numbers, and are combined; nothing depends on them smoothly
    __eq__     = _comparison("==", operator.eq)
    __ne__     = _comparison("!=", operator.ne)
    __lt__     = _comparison("<",  operator.lt)
    __le__     = _comparison("<=", operator.le)
    __gt__     = _comparison(">",  operator.gt)
    __ge__     = _comparison(">=", operator.ge)
    __and__, __rand__ = _combination("and", operator.and_)
    __or__,  __ror__  = _combination("or",  operator.or_)
    __xor__, __rxor__ = _combination("!=",  operator.ne)
    __invert__, _     = _combination("not", negated)
    __floor__, __ceil__, __trunc__ = floor, ceil, trunc
    absolute = fabs = __abs__
    rad2deg, deg2rad = degrees, radians  # NumPy's other names
    # fmt: on

    def clip(
        self, lower: Number | None = None, upper: Number | None = None, out: None = None
    ) -> Any:
        """Return this moved into the interval from `lower` to `upper`; None is no bound.

        `numpy.clip` hands on its own `out`, which has no meaning here.
        """
        if lower is None:
            return self if upper is None else f.where(self > upper, upper, self)
        if upper is None:
            return f.where(self < lower, lower, self)
        return Value._clip(self, lower, upper)

    def __divmod__(self, other: Any) -> Any:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> Any:
        return other // self, other % self

    def __array_ufunc__(self, ufunc: Any, method: str, *operands: Any, **options: Any) -> Any:
        return ufuncs.apply(ufunc, method, operands, options)

    # For programs written for micrograd, which read a node by these names (see `micrograd.py`)
    _prev = property(micrograd.previous)
    _op = property(micrograd.operation_name)
    _backward = property(micrograd.share_out, micrograd.refuse)

    # Where those look who come from other engines
    item = numpy = tolist = cpu = Elsewhere("v.data is the plain number")
    requires_grad = requires_grad_ = Elsewhere("every Value can be differentiated")
    retain_grad = Elsewhere("every Value keeps its grad")
    is_leaf = Elsewhere("it is one if v.operation is None")
    grad_fn = Elsewhere("v.operation and v.operands tell how it was computed")
    clamp = Elsewhere("v.clip(lower, upper)")
    m, v, momentum, velocity = (OnlyDerived() for _ in range(4))

    # ---- As a number and as text --------------------------------------------------------------

    @property
    def real(self) -> Value:
        """This number: every Value is real."""
        return self

    @property
    def imag(self) -> Number:
        """Zero."""
        return number_like(self, 0)

    def conjugate(self) -> Value:
        """Return this number: every Value is real."""
        return self

    @property
    def is_truth(self) -> bool:
        """Whether the number is a truth: this is a comparison, or a combination of them."""
        return is_truth(self._data)

    def __hash__(self) -> int:
        if package_of(type(self._data)) == "autodiff":
            hash(self._data)  # a number that is being recorded has none
        return object.__hash__(self)

    def __bool__(self) -> bool:
        return bool(self._data)

    def __round__(self, digits: int | None = None) -> Any:
        return round(self._data, digits)

    def __format__(self, specification: str) -> str:
        return format(self._data, specification) if specification else str(self)

    def __repr__(self) -> str:
        label = f", label={self.label!r}" if self.label is not None else ""
        grad = "" if graph.is_unset(self.grad) else f", grad={self.grad!r}"
        return f"Value({self._data!r}{label}{grad})"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        from autodiff.drawing import mimebundle

        return mimebundle(self, include, exclude)

    def __index__(self) -> int:
        if self.is_truth:  # of which there is no derivative to drop
            return int(bool(self))
        raise TypeError(
            "a Value is no plain number, and making it one would drop its derivative: use "
            "autodiff's functions, such as autodiff.sin(v) for math.sin(v), autodiff.isnan(v) for "
            "math.isnan(v), or v.data for the plain number"
        )

    def __float__(self) -> float:
        return float(self.__index__())

    def __complex__(self) -> complex:
        return complex(self.__index__())

    __int__ = __index__

    def _number_like(self, n: Number) -> Number:
        return number_like(self._data, n)

    def _sympy_(self) -> Any:
        from sympy import SympifyError

        raise SympifyError(self)  # so that SymPy leaves symbol * v to v

    # ---- Copies and pickles, without recursion ------------------------------------------------

    def __copy__(self) -> Any:
        return graph.shallow_copy(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return graph.deep_copy(self, Value, memo)

    def __getstate__(self) -> Any:
        fields = {name: getattr(self, name) for name in FIELDS}
        return getattr(self, "__dict__", None), {**fields, "serial": 0, "mark": 0}

    def __reduce_ex__(self, protocol: Any) -> Any:
        if self.operation is None:
            return super().__reduce_ex__(protocol)
        return graph.restored, (*graph.flattened(self, Value), Value)
