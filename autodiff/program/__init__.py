"""Programs: a function of numbers, recorded once, replayed on floats, fractions and arrays.

`trace(f, ...)` calls an ordinary function once on recording numbers. The `Program` gives its value,
gradient, Hessian and Hessian-vector product: on plain numbers by its own `source`, on NumPy arrays
block by block, on the arrays of other libraries at once, on any other number line by line.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from fractions import Fraction
from numbers import Integral
from typing import Any

from autodiff.derivatives import positions_of, single
from autodiff.graph import CONSTANT as CONSTANT_NODE
from autodiff.graph import collector_paused, swept, topological_order
from autodiff.kinds import Number, is_number
from autodiff.listing import Listing, evaluated, of_graph
from autodiff.program import source
from autodiff.program.arguments import Arguments
from autodiff.program.evaluation import GuardError
from autodiff.program.finishing import finished
from autodiff.program.machine import CompileWarning
from autodiff.program.masks import settled
from autodiff.program.program import Program
from autodiff.program.tracing import Line, Recording, named_result
from autodiff.rows import TABLE
from autodiff.structures import LEAF, Treedef, flatten
from autodiff.value import Value, node

__all__ = ["CompileWarning", "GuardError", "Program", "trace"]


def trace(
    f: Callable[..., Any] | Value, *args: Any, argnums: int | Sequence[int] | None = None
) -> Program:
    """Record a function of numbers, or an expression already built, as a program.

    The function is called once, on recording numbers. A comparison that chooses a branch (an `if`,
    Python's own `max`, sorting) becomes a guard: an input that would take the other branch is an
    error at replay. To have both branches in the program write them with `where`, `maximum`,
    `relu` or `clip`. What would turn a number into something that is not recorded (text, the key of
    a dict, an element of a set) is an error, and so is an error of the arithmetic that the function
    catches.

    An expression that is built already has no comparisons but those that `where` keeps: what
    Python's `if` or `max` chose when it was built stays chosen. Write `autodiff.where(x > 0, a, b)`
    for `a if x > 0 else b`, and `autodiff.maximum(a, b)` for `max(a, b)`, or trace the function
    that builds the expression.

    Parameters
    ----------
    f : callable or Value
        A function whose result is one number; or an expression, whose leaves become the inputs,
        in the order of the expression and under their labels.
    *args : number or structure
        Example arguments, by which branches are chosen: numbers, and lists, tuples, dicts and NumPy
        arrays of numbers.
    argnums : int or sequence of int, optional
        In which arguments (of an expression: leaves) to differentiate, as for `grad`; in all by
        default. The other arguments are data: no line of the program computes a derivative in them.

    Returns
    -------
    Program
        Its temporaries are named after labels and after the function's own variables.

    Raises
    ------
    TypeError
        If an argument is no number, the result is not one number, or the function does what cannot
        be recorded.
    ValueError
        If `argnums` names an argument that is not there.

    Examples
    --------
    >>> def error(weight, input, goal_pred):
    ...     pred = input * weight
    ...     return (pred - goal_pred) ** 2
    >>> program = trace(error, 0.5, 0.5, 0.8)
    >>> program.grad(0.5, 0.5, 0.8)
    (-0.55, -0.55, 1.1)
    >>> trace(error, 0.5, 0.5, 0.8, argnums=0).grad(0.5, 0.5, 0.8)
    -0.55
    """
    if isinstance(f, Value):
        return _traced_expression(f, args, argnums)
    return traced(f, args, argnums)


def traced(
    f: Callable[..., Any],
    args: Sequence[Any],
    argnums: int | Sequence[int] | None,
    example: Callable[[Number], Number] | None = None,
) -> Program:
    """Record a function; `example` makes of an argument's number the one that is computed with."""
    example = example or _plain
    names = _parameters(f, len(args))
    treedefs: list[Treedef] = []
    inputs: list[tuple[str, Number]] = []
    for argument, name in zip(args, names, strict=True):
        treedef, numbers = flatten(argument, name, widths=False)
        treedefs.append(treedef)
        for number, place in zip(numbers, treedef.names(name), strict=True):
            inputs.append((getattr(number, "label", None) or place, example(number)))
    name = source.function_name(getattr(f, "__name__", "f").replace("<lambda>", "f"))

    def call(variables: list[Value]) -> Any:
        rest = iter(variables)
        return named_result(f, [treedef.build(rest) for treedef in treedefs], Value)

    arguments = Arguments(names, tuple(treedefs), _normal(argnums, args))
    return Program(name, arguments, *_recorded(call, inputs, name, arguments.varied))


def _normal(argnums: int | Sequence[int] | None, args: Sequence[Any]) -> int | tuple[int, ...]:
    """Return `argnums` without negative positions; all arguments if it is None."""
    if argnums is None:
        argnums = 0 if len(args) == 1 else range(len(args))
    positions = positions_of(argnums, args)
    return positions[0] if isinstance(argnums, int) else tuple(positions)


def _parameters(f: Any, count: int) -> tuple[str, ...]:
    """Return names for the positional arguments of a function."""
    try:
        parameters = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):  # one without a signature
        parameters = {}.values()
    names = [x.name for x in parameters if x.kind in (x.POSITIONAL_ONLY, x.POSITIONAL_OR_KEYWORD)]
    rest = next((x.name for x in parameters if x.kind == x.VAR_POSITIONAL), "x")
    return tuple([*names, *[f"{rest}_{i}" for i in range(count - len(names))]][:count])


@collector_paused()
def _recorded(
    call: Callable[[list[Value]], Any],
    inputs: list[tuple[str, Number]],
    name: str,
    varied: Sequence[int],
) -> tuple[Listing, tuple[Number, ...]]:
    """Record a function and the sweep over its graph; return the lines and the example numbers.

    The outputs are the value and its derivatives in the inputs that are varied.
    """
    recording = Recording()
    recording.varied.update(varied)
    examples = tuple([number for _, number in inputs])
    variables = [node(recording.input(number)) for number in examples]
    recording.variables = variables
    for variable, (label, _) in zip(variables, inputs, strict=True):
        variable.label = label
    result = single(call(variables))
    if recording.raised:
        raise TypeError(
            f"the function caught {recording.raised}; a program would not know for which numbers "
            "to: ask before, with an if"
        )
    if not is_number(result):
        raise TypeError(f"a program gives one number; the function returned {result!r}")
    if not isinstance(result, Value):
        result = node(result, CONSTANT_NODE)
    sweep_start = len(recording.lines)
    order, gradients = swept(result, recording.like(1))
    value = settled(recording.number(result.data))
    slopes = dict(zip(map(id, order), gradients, strict=True))
    for variable in [variables[i] for i in varied]:
        slope = slopes.get(id(variable))
        slope = recording.like(0) if slope is None else recording.lifted(slope)
        slopes[id(variable)] = settled(slope)
    _name(recording, {id(n): n for n in (*order, *variables)}, slopes)
    recording.names.setdefault(value.place, name)
    outputs = [value, *[slopes[id(variables[i])] for i in varied]]
    return finished(recording, outputs, sweep_start, (None, *varied)), examples


def _plain(number: Number) -> Number:
    number = number.data if isinstance(number, Value) else number
    if isinstance(number, Integral):  # which may be a count
        return int(number)
    return number if type(number) in (float, Fraction) else float(number)


def _name(recording: Recording, order: dict[int, Value], gradients: dict[int, Any]) -> None:
    """Name lines after the nodes that they belong to, derivatives with a d_ in front."""
    nodes = [n for n in order.values() if isinstance(n.data, Line) and n.operation != CONSTANT_NODE]
    nodes.sort(key=lambda n: n.data.place)
    values = {n.data.place for n in nodes}
    for n in nodes:
        n.data.labeled(n.label)
    for n in reversed(nodes):
        slope = gradients.get(id(n))
        if isinstance(slope, Line) and slope.place not in values:
            recording.adjoints.setdefault(slope.place, n.data.place)
            slope.labeled(f"d_{n.label}" if n.label else None)


def _traced_expression(
    root: Value, args: tuple[Any, ...], argnums: int | Sequence[int] | None
) -> Program:
    """Record an expression again, on recording numbers."""
    if args:
        raise TypeError("an expression has its numbers: trace(expression) takes no arguments")
    for n in topological_order(root):
        if n.operands and n.operation not in TABLE:
            raise TypeError(
                f"an expression with {n.operation}, an operation of your own, cannot be traced "
                "when it is already built: trace the function that builds it"
            )
    leaves = _leaves(root)
    inputs = [(n.label or f"x{i}", _plain(n)) for i, n in enumerate(leaves)]

    lines = of_graph(root, leaves)

    def call(variables: list[Value]) -> Any:
        return evaluated(lines, variables, with_labels=True)[0]

    name = source.function_name(root.label or "f")
    names = tuple([name for name, _ in inputs])
    arguments = Arguments(names, (LEAF,) * len(names), _normal(argnums, leaves))
    return Program(name, arguments, *_recorded(call, inputs, name, arguments.varied))


def _leaves(root: Value) -> list[Value]:
    """Return the leaves of an expression in the order in which it names them."""
    met: dict[Value, None] = {}
    waiting = [root]
    while waiting:
        n = waiting.pop()
        if n not in met:
            met[n] = None
            waiting += n.operands[::-1]
    return [n for n in met if n.operation is None]
