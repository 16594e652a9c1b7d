"""What a row of the table of operations says, and how one is made.

The table itself stands in `operations`. A row has the name, how the value is computed, the local
derivative in each operand, and what the operation is; every other room reads its row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar, overload

from autodiff.kinds import Number, dispatching, package_of, recorder

# How tightly an operation binds that is written infix or prefix.
CHOICE, OR, AND, NOT, COMPARISON, SUM, PRODUCT, SIGN, POWER, ATOM = range(10)


class Operation(NamedTuple):
    """What is known about an operation.

    Attributes
    ----------
    name : str
        What pictures, programs and messages call it: its symbol, or the name of its function.
    value : callable
        Takes the operands' numbers, of any kind.
    partials : callable
        Takes the operands and the value; returns the local derivative in each operand.
    parameters : tuple of str
        What its operands are called; none if there may be any number of them.
    body : callable or None
        What `value` does where a package has no function of this name; None if every package does.
    constant_partials : callable or None
        The same as `partials`, where the second operand is a plain number and cannot vary at all.
    kinks : callable or None
        Takes the operands; returns what is 0 where the operation has a kink or jumps. A truth
        among them stands for what it compares. Of kinks that lie side by side without end, the
        distance to the nearest one.
    ieee : str
        The operation of the same value by IEEE 754, infinite or nan where this one raises.
    binding : int
        How tightly it binds, written `symbol` before or between its operands.
    method : str
        What Python calls the operator's method, between its underscores.
    chooses : bool
        Whether the value is one of the operands.
    python : str
        For a function that no formula states: its text in Python, for plain numbers.
    llvm : str
        How LLVM spells it: an instruction, or an intrinsic after `@`; of a function that has none
        the C library's is called, or the body is compiled.
    is_sum : bool
        Whether it adds up its operands, perhaps with a minus.
    is_arithmetic : bool
        Whether a program writes down the arithmetic of the body in its place.
    is_public : bool
        Whether people call it.
    """

    name: str
    value: Callable[..., Number]
    partials: Callable[..., Sequence[Number]]
    parameters: tuple[str, ...] = ()
    body: Callable[..., Number] | None = None
    constant_partials: Callable[..., Sequence[Number]] | None = None
    kinks: Callable[..., Sequence[Any]] | None = None
    ieee: str = ""
    binding: int = ATOM
    symbol: str = ""
    method: str = ""
    chooses: bool = False
    python: str = ""
    llvm: str = ""
    is_sum: bool = False
    is_arithmetic: bool = False
    is_public: bool = False

    @property
    def is_truth(self) -> bool:
        """Whether the result is a truth and no number."""
        return OR <= self.binding <= COMPARISON

    @property
    def is_comparison(self) -> bool:
        """Whether two numbers are compared."""
        return self.binding == COMPARISON


TABLE: dict[str, Operation] = {}


def row_of(operation: str | None) -> Operation | None:
    """Return the row of a node's operation; None for a leaf, and for one that a person made."""
    return TABLE.get(operation or "")


# ---- How rows are made ------------------------------------------------------------------------


class Recorded(Protocol):
    """A number that records what is done with it: a `Value`."""

    operation: str | None


R = TypeVar("R", bound=Recorded)


class Unary(Protocol):
    """A function of one number, of any kind: a `Value` for a `Value`."""

    __name__: str

    @overload
    def __call__(self, x: R) -> R: ...
    @overload
    def __call__(self, x: Any) -> Any: ...


class Binary(Protocol):
    """A function of two numbers, of any kind: a `Value` if one of them is one."""

    __name__: str

    @overload
    def __call__(self, a: R, b: Any) -> R: ...
    @overload
    def __call__(self, a: Any, b: R) -> R: ...
    @overload
    def __call__(self, a: Any, b: Any) -> Any: ...


_SECTIONS = """
Parameters
----------
{parameters} : {kind}
    {what}

Returns
-------
number
    Of the kind that the operand's package gives: a `Value` for a `Value`.

Raises
------
{errors}

Examples
--------
>>> {call}
{result}"""

_OF_NUMBERS = {
    "kind": "number",
    "what": "Any kind of real number, a `Value`, or a NumPy array of them.",
    "errors": """\
ValueError, OverflowError, ZeroDivisionError
    Where `math` and Python's operators raise them for a plain number.""",
}
_OF_MANY = {
    "kind": "iterable of number",
    "what": "Any kind of real numbers or Values; of an array all elements, as NumPy takes them.",
    "errors": """\
TypeError
    If there is something else than numbers: rows of a matrix, the keys of a dict.""",
}


def _known(
    function: Any, name: str, parameters: str, summary: str, example: str, words: Any
) -> Any:
    """Give a function its name and what help says of it."""
    function.__name__ = function.__qualname__ = name
    function.__module__ = "autodiff.functions"
    call, _, result = example.partition(" -> ")
    sections = _SECTIONS.format(parameters=parameters, call=call, result=result, **words)
    function.__doc__ = f"Return {summary}.\n" + (sections if example else "")
    return function


def row(
    name: str,
    parameters: str,
    body: Callable[..., Number] | None,
    partials: Callable[..., Sequence[Number]],
    summary: str,
    example: str,
    **more: Any,
) -> Any:
    """Add a row for a function; return the function."""
    names = tuple(parameters.split())
    function = dispatching(name, names, body)
    _known(function, name, ", ".join(names), summary, example, _OF_NUMBERS)
    TABLE[name] = Operation(
        name=name,
        parameters=names,
        value=function,
        partials=partials,
        body=body,
        is_public=bool(example),
        **more,
    )
    return function


def one(
    name: str,
    body: Callable[[Any], Number] | None,
    slope: Callable[[Any, Any], Number],
    summary: str,
    example: str = "",
    **more: Any,
) -> Unary:
    """Add a row for a function of x, whose derivative is slope(x, y) where y is its value."""
    function: Unary = row(name, "x", body, lambda x, y: (slope(x, y),), summary, example, **more)
    return function


def many(
    name: str,
    body: Callable[..., Number],
    partials: Callable[..., Sequence[Number]],
    does: str,
    summary: str,
    example: str,
    **more: Any,
) -> Callable[[Iterable[Any]], Any]:
    """Add a row for a function of any number of operands, one node when it is recorded.

    The function takes an iterable of numbers; of an array it takes all elements.
    """
    wanted = f"{name} {does} numbers, or all those of one NumPy array"

    def function(values: Iterable[Any]) -> Any:
        return computed(name, numbers(getattr(values, "flat", values), wanted))

    TABLE[name] = Operation(
        name=name,
        value=body,
        partials=partials,
        is_arithmetic=True,
        is_public=True,
        **more,
    )
    return _known(function, name, "values", summary, example, _OF_MANY)  # type: ignore[no-any-return]


def computed(name: str, operands: Sequence[Number]) -> Number:
    """Compute an operation of the table; of many operands one node is recorded, if any is."""
    if TABLE[name].parameters:
        return TABLE[name].value(*operands)
    kinds = (type(x) for x in operands if package_of(type(x)) == "autodiff")
    kind = next(kinds, None)
    return (TABLE[name].value if kind is None else recorder(kind, name))(*operands)


def numbers(values: Iterable[Any], wanted: str) -> list[Any]:
    """List numbers; refuse what `+` and `*` would join, repeat or take for a matrix."""
    listed = list(values)
    for x in listed:
        if hasattr(x, "__len__") and getattr(x, "shape", None) != ():
            raise TypeError(f"{wanted}, and got {x!r} of type {type(x).__name__} among them")
    return listed


def bare(
    name: str,
    parameters: str,
    method: str,
    binding: int,
    value: Callable[..., Number],
    partials: Callable[..., Sequence[Number]],
    **more: Any,
) -> None:
    """Add a row without a function of its own: an operator, or what another function calls."""
    TABLE[name] = Operation(
        name=name,
        parameters=tuple(parameters.split()),
        method=method,
        value=value,
        partials=partials,
        binding=binding,
        **more,
    )


def nowhere(*operands: Any) -> tuple[None, ...]:
    """Return the local derivatives of a step: the last operand is the value."""
    return (None,) * (len(operands) - 1)
