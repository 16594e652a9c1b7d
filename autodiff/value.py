"""`Value`: a number that remembers how it was computed, and so knows its derivatives.

An operation of Values computes its row of the table of operations on the numbers and keeps the
local derivatives beside the operands. `backward()` multiplies and adds these along the graph: the
chain rule (`graph.swept`). Below: how an operation is recorded, then `Value`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, Final

from autodiff import functions as f
from autodiff import graph, micrograd, ufuncs
from autodiff.errors import check_number, checked_label, explain
from autodiff.graph import BOOKKEEPING, CONSTANT, FIELDS, LEVELS
from autodiff.kinds import (
    Number,
    is_number,
    is_truth,
    no_number,
    number_like,
    package_of,
)
from autodiff.native import COMPILED, next_serial, product_slopes, tick
from autodiff.operators import Operators
from autodiff.rows import TABLE, Operation

# ---- Recording --------------------------------------------------------------------------------


def made(
    data: Number,
    operation: str | None,
    level: int,
    first: Any = None,
    in_first: Number = None,
    second: Any = None,
    in_second: Number = None,
    rest: tuple[Any, Any] | None = None,
) -> Value:
    """Make a Value of all its fields, without checks. A float or an int is a constant operand."""
    if COMPILED:  # there the constructor is the quickest way to an object, here the slowest
        self = Value(data, None, _BARE)
        self.serial = tick()
    else:
        self = _new(Value)
        self.serial = next_serial()
    self._data = data
    self.grad = 0
    self.label = None
    self.operation = operation
    self._first = first
    self._second = second
    self._in_first = in_first
    self._in_second = in_second
    self._rest = rest
    self.level = level
    self.mark = None
    return self


def node(
    data: Number,
    operation: str | None = None,
    operands: Sequence[Any] = (),
    partials: Sequence[Number] = (),
    level: int = 0,
) -> Value:
    """Make a Value of any number of operands, as `made` does."""
    count = len(operands)
    first, in_first = (operands[0], partials[0]) if count else (None, None)
    second, in_second = (operands[1], partials[1]) if count > 1 else (None, None)
    rest = (tuple(operands[2:]), tuple(partials[2:])) if count > 2 else None
    return made(data, operation, level, first, in_first, second, in_second, rest)


def _at_level(operand: Any, level: int) -> Value:
    """Return the operand as a node of this level: what is no variable there is a constant."""
    if isinstance(operand, Value) and operand.level == level:
        return operand
    constant = node(operand, CONSTANT, level=level)
    constant.serial = 0  # it is older than all that is computed from it
    return constant


def _on_one_level(operands: Sequence[Any]) -> tuple[list[Value], int]:
    """Return the operands as nodes of the highest level among them."""
    level = max([operand.level for operand in operands if isinstance(operand, Value)])
    return [_at_level(operand, level) for operand in operands], level


def record(row: Operation, *operands: Any) -> Value:
    """Record an operation of any number of operands, of which one at least is a Value."""
    nodes, level = _on_one_level(operands)
    for operand in nodes:
        if operand.operation == CONSTANT:
            check_number(row.name, operand._data)
    numbers = [operand._data for operand in nodes]
    slopes = row.partials
    if row.constant_partials and not isinstance(operands[1], Value):
        slopes = row.constant_partials
    try:
        data = row.value(*numbers)
        partials = slopes(*numbers, data)
    except (ArithmeticError, ValueError) as error:
        explain(error, row.name, nodes)
        raise
    if row.is_comparison and package_of(type(data)) == "numpy":
        data = bool(data)
    pairs = zip(nodes, partials, strict=True)
    partials = [None if n.operation == CONSTANT else partial for n, partial in pairs]
    return node(data, row.name, nodes, partials, level)


# ---- Value ------------------------------------------------------------------------------------


_BARE: Final = object()  # asks the constructor for a Value without fields
_ADD: Final = TABLE["+"]
_MULTIPLY: Final = TABLE["*"]
_IN_SUM: Final[Any] = _ADD.partials(0, 0, 0)[0]  # the same in both, for all numbers


class Value(Operators):
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

    _data: Any
    grad: Any
    label: str | None
    operation: str | None
    _first: Any
    _second: Any
    _in_first: Any
    _in_second: Any
    _rest: tuple[Any, Any] | None
    level: int
    serial: int
    mark: object
    sum: Any

    def __init__(
        self, data: Number, label: str | None = None, _op: object = "", *, _children: Any = ()
    ) -> None:
        if _op is _BARE:
            return
        if not is_number(data):
            raise TypeError(no_number(data))
        if isinstance(label, tuple | set | list):  # micrograd's second argument
            label, _children = None, label
        if _children or _op:
            raise TypeError(f"the operands of a Value are recorded, not given: {micrograd.OWN}")
        self._data = data
        self.grad = 0
        self.label = checked_label(label)
        self.operation = None
        self._first = self._second = self._in_first = self._in_second = self._rest = None
        self.level = data.level + 1 if isinstance(data, Value) else 0
        self.serial = 0
        self.mark = None

    @property
    def data(self) -> Number:
        """The number itself."""
        return self._data

    @data.setter
    def data(self, number: Number) -> None:
        self._data = number
        if self._first is None:
            graph.note_assignment(self)

    @property
    def operands(self) -> tuple[Value, ...]:
        """What this was computed from, in order; empty for a leaf. A plain number is a constant."""
        if self._first is None:
            return ()
        self._first = _at_level(self._first, self.level)
        if self._second is None:
            return (self._first,)
        self._second = _at_level(self._second, self.level)
        if self._rest is None:
            return self._first, self._second
        others = tuple([_at_level(operand, self.level) for operand in self._rest[0]])
        self._rest = others, self._rest[1]
        return self._first, self._second, *others

    @property
    def partials(self) -> tuple[Number, ...]:
        """The local derivative in each operand; None where the result does not depend on it."""
        ends = (self._in_first, self._in_second)[
            : (self._first is not None) + (self._second is not None)
        ]
        return ends if self._rest is None else ends + self._rest[1]

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
            If this is computed from the variable of a `grad` or its like, which is at work, or of
            a program that is being recorded.

        Examples
        --------
        >>> x = Value(3.0)
        >>> (x * x).backward()
        >>> x.grad
        6.0
        """
        if not is_number(seed):
            raise TypeError(f"a seed is one real number: {no_number(seed)}")
        is_in_grad = self.level > 0 and self.level % LEVELS == 0
        if is_in_grad or self._is_of_program():
            what, who = "is recorded as a program", "the program"
            if is_in_grad:
                what, who = "grad differentiates", "that grad"
            raise ValueError(
                f"backward() inside a function that {what} would leave a derivative which {who} "
                "cannot see: nest autodiff.grad, or call backward() on what is computed from "
                "Value(x)"
            )
        seed = number_like(self, seed) if type(seed) is int else seed
        graph.publish(self, seed, _set_grad)

    def _is_of_program(self) -> bool:
        """Return whether this is computed from a variable of a program that is being recorded."""
        recording = getattr(self._data, "recording", None)
        if recording is None:
            return False
        variables = set(map(id, recording.variables))
        return any(id(below) in variables for below in graph.nodes_below(self))

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
        for below in graph.nodes_below(self):
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
        self.label = checked_label(label)
        return self

    # ---- Recording ----------------------------------------------------------------------------
    #
    # `+` and `*` of two Values are written out: a call less is a fifth of the time of building,
    # where the engine is not compiled.

    def __add__(self, other: Number) -> Value:
        if type(other) is not Value or self.level != other.level:
            return self._binary(_ADD, other)  # type: ignore[no-any-return]
        x, y = self._data, other._data
        try:
            data = x + y
        except (ArithmeticError, ValueError) as error:
            explain(error, "+", (self, other))
            raise
        if COMPILED:
            return made(data, "+", self.level, self, _IN_SUM, other, _IN_SUM)
        new: Value = _new(Value)
        new._data = data
        new.grad = 0
        new.label = new._rest = new.mark = None
        new.operation = "+"
        new._first = self
        new._second = other
        new._in_first = new._in_second = _IN_SUM
        new.level = self.level
        new.serial = next_serial()
        return new

    def __mul__(self, other: Number) -> Value:
        if type(other) is not Value or self.level != other.level:
            return self._binary(_MULTIPLY, other)  # type: ignore[no-any-return]
        x, y = self._data, other._data
        try:
            data = x * y
            in_x, in_y = product_slopes(x, y, data)
        except (ArithmeticError, ValueError) as error:
            explain(error, "*", (self, other))
            raise
        if COMPILED:
            return made(data, "*", self.level, self, in_x, other, in_y)
        new: Value = _new(Value)
        new._data = data
        new.grad = 0
        new.label = new._rest = new.mark = None
        new.operation = "*"
        new._first = self
        new._second = other
        new._in_first = in_x
        new._in_second = in_y
        new.level = self.level
        new.serial = next_serial()
        return new

    def _binary(self, row: Operation, other: Any) -> Any:
        """Record an operation of this and another number."""
        kind = type(other)
        x = self._data
        try:
            if kind is float or kind is int:
                data = row.value(x, other)
                in_x, in_y = (row.constant_partials or row.partials)(x, other, data)[0], None
            elif kind is Value and self.level == other.level:
                y = other._data
                data = row.value(x, y)
                in_x, in_y = row.partials(x, y, data)
            else:
                return record(row, self, other) if is_number(other) else NotImplemented
        except (ArithmeticError, ValueError) as error:
            explain(error, row.name, (self, other))
            raise
        return made(data, row.name, self.level, self, in_x, other, in_y)

    def _reflected(self, row: Operation, other: Any) -> Any:
        """Record an operation of another number and this."""
        if type(other) is not float and type(other) is not int:
            return record(row, other, self) if is_number(other) else NotImplemented
        y = self._data
        try:
            data = row.value(other, y)
            in_y = row.partials(other, y, data)[1]
        except (ArithmeticError, ValueError) as error:
            explain(error, row.name, (other, self))
            raise
        return made(data, row.name, self.level, other, None, self, in_y)

    def _unary(self, row: Operation) -> Any:
        """Record an operation of this number alone."""
        x = self._data
        try:
            data = row.value(x)
            (in_x,) = row.partials(x, data)
        except (ArithmeticError, ValueError) as error:
            explain(error, row.name, (self,))
            raise
        return made(data, row.name, self.level, self, in_x)

    def _compared(self, row: Operation, other: Any) -> Any:
        """Record a comparison of the numbers, so that `where` knows what it was decided by."""
        if not is_number(other):
            return NotImplemented
        return record(row, self, other)

    def _combined(self, symbol: str, *operands: Any) -> Any:
        """Record an operator that combines comparisons."""
        for operand in operands:
            if not is_truth(operand):
                raise TypeError(
                    f"{symbol} combines comparisons, such as (x > 0) & (y > 0), and got {operand!r}"
                )
        return record(TABLE[symbol], *operands)

    def clip(
        self, lower: Number | None = None, upper: Number | None = None, out: None = None
    ) -> Value:
        """Return this moved into the interval from `lower` to `upper`; None is no bound.

        `numpy.clip` hands on its own `out`, which has no meaning here.
        """
        return f.clip(self, lower, upper)  # type: ignore[no-any-return]

    @staticmethod
    def recorder(name: str) -> Callable[..., Value]:
        """Return what records an operation whose operands are Values, or numbers among them."""
        row = TABLE[name]
        if len(row.parameters) == 1:
            return lambda x: x._unary(row)
        return functools.partial(record, row)

    def __array_ufunc__(self, ufunc: Any, method: str, *operands: Any, **options: Any) -> Any:
        return ufuncs.apply(ufunc, method, operands, options)

    def __hash__(self) -> int:
        if package_of(type(self._data)) == "autodiff":
            hash(self._data)  # a number that is being recorded has none
        return object.__hash__(self)


_new: Final[Any] = Value.__new__
_set_grad: Any = vars(Value)["grad"].__set__
