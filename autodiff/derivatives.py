"""Derivatives of functions: `grad`, `jacobian`, `hessian`, `jvp` and what else is built on a Value.

Each calls the function once, on Values in the place of its numbers, and reads the graph that it
recorded. Applied to each other they give higher derivatives. The conventions are those of JAX and
of HIPS autograd: the result has the structure of the argument, arrays come back as float arrays.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from autodiff.graph import push_forward, sweep
from autodiff.kinds import Number, is_number, number_like
from autodiff.value import Value, node

# Every derivative records on a level of its own, above all older ones: what an outer derivative
# varies is a constant of an inner one. The gap is for Values that a function nests by hand.
_levels = itertools.count(1000, 1000)


# ---- The structure of arguments ---------------------------------------------------------------


def _map(function: Callable[[Number], Any], structure: Any) -> Any:
    """Apply `function` to every number in nested lists, tuples, dicts and NumPy arrays."""
    if is_number(structure):
        return function(structure)
    if isinstance(structure, dict):
        return {key: _map(function, part) for key, part in structure.items()}
    if isinstance(structure, list | tuple):
        parts = [_map(function, part) for part in structure]
        named = hasattr(structure, "_fields")
        return type(structure)(*parts) if named else type(structure)(parts)
    if type(structure).__name__ == "ndarray" and structure.dtype.kind in "biufO":
        return _array(map(function, structure.ravel().tolist()), structure)
    raise TypeError(
        f"derivatives are taken in real numbers, and in lists, tuples, dicts and NumPy arrays of "
        f"them; got {structure!r} of type {type(structure).__name__}"
    )


def _array(numbers: Iterator[Number], like: Any) -> Any:
    """Return numbers in the shape of an array, as floats of its width if they are plain floats."""
    import numpy

    listed = list(numbers)
    array = numpy.empty(len(listed), dtype=object)
    array[:] = listed
    if all(isinstance(number, float | int | numpy.number) for number in listed):
        array = array.astype(like.dtype if like.dtype.kind == "f" else float)
    return array.reshape(like.shape)


def _leaves(structure: Any) -> list[Number]:
    """Return all numbers of a structure, in order."""
    found: list[Number] = []
    _map(found.append, structure)
    return found


def _positions(argnums: int | Sequence[int], args: Sequence[Any]) -> list[int]:
    """Return the positions that `argnums` means, all of them in range."""
    chosen = [argnums] if isinstance(argnums, int) else list(argnums)
    for position in chosen:
        if not -len(args) <= position < len(args):
            raise ValueError(
                f"argnums={argnums!r} names argument {position}, but the function was called "
                f"with {len(args)} positional argument{'' if len(args) == 1 else 's'}"
            )
    return [position % len(args) for position in chosen]


def _recorded(
    f: Callable[..., Any], argnums: int | Sequence[int], args: Sequence[Any], keywords: Any
) -> tuple[Any, Any, int]:
    """Call `f` on variables; return its result, the variables as `argnums` has them, the level."""
    level = next(_levels)
    arguments = list(args)
    for position in _positions(argnums, args):
        arguments[position] = _map(lambda x: node(x, level=level), args[position])
    return f(*arguments, **keywords), _chosen(arguments, argnums), level


def _chosen(args: Sequence[Any], argnums: int | Sequence[int]) -> Any:
    if isinstance(argnums, int):
        return args[argnums]
    return tuple(args[position] for position in argnums)


def _is_variable(result: Any, level: int) -> bool:
    return isinstance(result, Value) and result.level == level


def _number(result: Any, level: int) -> Any:
    """Return the number that a result holds; one that depends on no variable is a number."""
    return result.data if _is_variable(result, level) else result


def _in(variable: Value, gradients: dict[Value, Number]) -> Number:
    """Return the derivative in a variable, 0 of its kind if there is none."""
    gradient = gradients.get(variable)
    return number_like(variable, 0) if gradient is None else gradient


def _gradients(result: Any, level: int) -> dict[Value, Number]:
    return sweep(result, number_like(result, 1)) if _is_variable(result, level) else {}


# ---- Reverse: from the result to the arguments ------------------------------------------------


def value_and_grad(
    f: Callable[..., Any], argnums: int | Sequence[int] = 0
) -> Callable[..., tuple[Any, Any]]:
    """Return a function that gives the value of `f` and its gradient.

    Parameters
    ----------
    f : callable
        A function whose result is one number.
    argnums : int or sequence of int
        In which positional arguments to differentiate: numbers, or lists, tuples, dicts and NumPy
        arrays of numbers.

    Returns
    -------
    callable
        Takes the arguments of `f`; returns the value and the gradient. The gradient has the
        structure of the argument; of several `argnums` it is a tuple.

    Raises
    ------
    TypeError
        When called: if the result of `f` is not one number.
    ValueError
        When called: if `argnums` names an argument that is not there.

    Examples
    --------
    >>> value_and_grad(lambda x: x**2)(3.0)
    (9.0, 6.0)
    """

    def evaluate(*args: Any, **keywords: Any) -> tuple[Any, Any]:
        result, variables, level = _recorded(f, argnums, args, keywords)
        if not is_number(result):
            raise TypeError(
                f"the function returned {type(result).__name__}, and a gradient is of one number: "
                "use jacobian for a function of several results"
            )
        gradients = _gradients(result, level)
        numbers = (_in(variable, gradients) for variable in _leaves(variables))
        return _number(result, level), _map(lambda _: next(numbers), _chosen(args, argnums))

    return evaluate


def grad(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """Return a function that gives the gradient of `f`.

    Parameters
    ----------
    f : callable
        A function whose result is one number.
    argnums : int or sequence of int
        In which positional arguments to differentiate.

    Returns
    -------
    callable
        Takes the arguments of `f`; returns the gradient, in the structure of the argument.

    Raises
    ------
    TypeError, ValueError
        When called: as `value_and_grad`.

    Examples
    --------
    >>> grad(lambda weight, input: (input * weight - 0.8) ** 2)(0.5, 0.5)
    -0.55
    """
    evaluate = value_and_grad(f, argnums)
    return lambda *args, **keywords: evaluate(*args, **keywords)[1]


def derivative(f: Callable[..., Any], order: int = 1) -> Callable[..., Any]:
    """Return the derivative of `f` in its first argument, of any order.

    Parameters
    ----------
    f : callable
        A function of a number whose result is a number.
    order : int
        How often to differentiate; 0 gives `f` itself.

    Returns
    -------
    callable
        Takes the arguments of `f`; returns the derivative.

    Raises
    ------
    ValueError
        If `order` is not a whole number from 0 upwards.

    Examples
    --------
    >>> derivative(lambda x: x**3, order=2)(5.0)
    30.0
    """
    if not isinstance(order, int) or order < 0:
        raise ValueError(f"order is a whole number from 0 upwards, and {order!r} is not")
    return functools.reduce(lambda inner, _: grad(inner), range(order), f)


def jacobian(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """Return a function that gives all derivatives of all results of `f`.

    Parameters
    ----------
    f : callable
        A function whose result is a number, or a list, tuple or NumPy array of numbers.
    argnums : int or sequence of int
        In which positional arguments to differentiate: numbers, or lists, tuples and NumPy arrays
        of numbers.

    Returns
    -------
    callable
        Takes the arguments of `f`; returns an array of the shape of the result followed by the
        shape of the argument (a number, if both are numbers). Of several `argnums` it is a tuple.

    Raises
    ------
    ValueError
        When called: if `argnums` names an argument that is not there.

    Examples
    --------
    >>> jacobian(lambda x: [x[0] * x[1], x[0] + x[1]])([2.0, 3.0])
    array([[3., 2.],
           [1., 1.]])
    """

    def evaluate(*args: Any, **keywords: Any) -> Any:
        import numpy

        result, variables, level = _recorded(f, argnums, args, keywords)
        results = numpy.asarray(result, dtype=object)
        sweeps = [_gradients(one, level) for one in results.flat]

        def of_argument(variables: Any) -> Any:
            inputs = numpy.asarray(variables, dtype=object)
            numbers = (_in(x, gradients) for gradients in sweeps for x in inputs.flat)
            like = numpy.empty(results.shape + inputs.shape)
            array = _array(numbers, like)
            return array if array.shape else array.item()

        if isinstance(argnums, int):
            return of_argument(variables)
        return tuple(map(of_argument, variables))

    return evaluate


def hessian(f: Callable[..., Any], argnums: int = 0) -> Callable[..., Any]:
    """Return a function that gives all second derivatives of `f` in one argument.

    Parameters
    ----------
    f : callable
        A function whose result is one number.
    argnums : int
        In which positional argument to differentiate.

    Returns
    -------
    callable
        Takes the arguments of `f`; returns an array of the shape of the argument, twice (a number
        for a number).

    Raises
    ------
    TypeError, ValueError
        When called: as `value_and_grad`.

    Examples
    --------
    >>> hessian(lambda x: x[0] ** 2 * x[1])([2.0, 3.0])
    array([[6., 4.],
           [4., 0.]])
    """
    return jacobian(grad(f, argnums), argnums)


# ---- Forward: from the arguments to the results -----------------------------------------------


def jvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """Return the value of `f` and its derivative along a direction (Jacobian times vector).

    Parameters
    ----------
    f : callable
        A function of numbers, lists, tuples, dicts and NumPy arrays of numbers, whose result is one
        of these too.
    primals : sequence
        The arguments of `f`.
    tangents : sequence
        The direction: as many numbers, in the same structure.

    Returns
    -------
    value, tangent
        Both in the structure of the result of `f`.

    Raises
    ------
    ValueError
        If primals and tangents do not match.

    Examples
    --------
    >>> jvp(lambda x, y: x * y, (2.0, 3.0), (1.0, 10.0))
    (6.0, 23.0)
    """
    primals = tuple(primals)
    directions = _leaves(tuple(tangents))
    result, variables, level = _recorded(f, range(len(primals)), primals, {})
    inputs = _leaves(variables)
    if len(inputs) != len(directions):
        raise ValueError(
            f"a tangent is wanted for each primal: {len(inputs)} numbers in the primals, "
            f"{len(directions)} in the tangents"
        )
    outputs = tuple(x for x in _leaves(result) if _is_variable(x, level))
    together = node(0, "outputs", outputs, (None,) * len(outputs), level)
    pushed = push_forward(together, dict(zip(inputs, directions, strict=True)))

    def tangent(x: Number) -> Number:
        return _in(x, pushed) if _is_variable(x, level) else number_like(x, 0)

    return _map(lambda x: _number(x, level), result), _map(tangent, result)


def hvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """Return the Hessian of `f` times a vector, without building the Hessian.

    Parameters
    ----------
    f : callable
        A function whose result is one number.
    primals : sequence
        The arguments of `f`.
    tangents : sequence
        The vector: as many numbers, in the same structure.

    Returns
    -------
    number or structure
        In the structure of the argument; a tuple if there are several.

    Raises
    ------
    TypeError, ValueError
        As `value_and_grad` and `jvp`.

    Examples
    --------
    >>> hvp(lambda x: x[0] ** 2 * x[1], ([2.0, 3.0],), ([1.0, 0.0],))
    [6.0, 4.0]
    """
    argnums = 0 if len(primals) == 1 else tuple(range(len(primals)))
    return jvp(grad(f, argnums), primals, tangents)[1]
