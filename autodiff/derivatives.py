"""Derivatives of functions: `grad`, `jacobian`, `hessian`, `jvp` and what else is built on a Value.

Each calls the function once, on Values in the place of its numbers, and reads the graph that it
recorded. Applied to each other they give higher derivatives. The conventions are those of JAX and
of HIPS autograd: the result has the structure of the argument, arrays come back as float arrays.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from autodiff.graph import LEVELS, push_forward, swept
from autodiff.kinds import Number, is_number, number_like
from autodiff.structures import Container, Treedef, flatten, stacked
from autodiff.value import Value, node

# Every derivative records on a level of its own, above all older ones: what an outer derivative
# varies is a constant of an inner one. The gap is for Values that a function nests by hand.
_levels = itertools.count(LEVELS, LEVELS)


# ---- A function called on variables -----------------------------------------------------------


class _Argument(NamedTuple):
    """An argument in which is differentiated. Its variables stand in a list of their own, for a
    function may change the containers that it is given."""

    treedef: Treedef
    variables: list[Value]


def positions_of(argnums: int | Sequence[int], args: Sequence[Any]) -> list[int]:
    """Return the positions that `argnums` means, all of them in range."""
    chosen: list[Any] = [argnums]
    if isinstance(argnums, Sequence):
        chosen = list(argnums)
    for position in chosen:
        if not isinstance(position, int):
            raise TypeError(
                f"argnums is the position of an argument, or several, and {argnums!r} is not"
            )
        if not -len(args) <= position < len(args):
            raise ValueError(
                f"argnums={argnums!r} names argument {position}, but the function was called "
                f"with {len(args)} positional argument{'' if len(args) == 1 else 's'}"
            )
    positions = [position % len(args) for position in chosen]
    if len(set(positions)) < len(positions):
        raise ValueError(f"argnums={argnums!r} names an argument twice")
    return positions


def _recorded(
    f: Callable[..., Any], argnums: int | Sequence[int], args: Sequence[Any], keywords: Any
) -> tuple[Any, list[_Argument], int]:
    """Call `f` on variables; return its result, the arguments as `argnums` has them, the level."""
    level = next(_levels)
    arguments = list(args)
    found = []
    for position in positions_of(argnums, args):
        treedef, numbers = flatten(args[position], f"argument {position}")
        variables = [node(number, level=level) for number in numbers]
        arguments[position] = treedef.build(variables)
        found.append(_Argument(treedef, variables))
    return single(f(*arguments, **keywords)), found, level


def one_or_all(parts: Sequence[Any], argnums: int | Sequence[int]) -> Any:
    """Return what belongs to the argument; of several `argnums` a tuple."""
    return parts[0] if isinstance(argnums, int) else tuple(parts)


def single(result: Any) -> Any:
    """Return a result; one in an array without dimensions as the number that it is."""
    is_wrapped = type(result).__name__ == "ndarray" and result.shape == ()
    return result.item() if is_wrapped else result


def _is_variable(result: Any, level: int) -> bool:
    return isinstance(result, Value) and result.level == level


def _number(result: Any, level: int) -> Any:
    """Return the number that a result holds; one that depends on no variable is a number."""
    return result.data if _is_variable(result, level) else result


def slope_in(variable: Value, derivatives: dict[int, Number]) -> Number:
    """Return the derivative in a variable or along it, 0 of its kind if there is none."""
    derivative = derivatives.get(id(variable))
    return number_like(variable, 0) if derivative is None else derivative


def gradients_of(result: Any, level: int = 0) -> dict[int, Number]:
    """Return the derivative of the result in every node, by the node's `id`."""
    if not _is_variable(result, level):
        return {}
    order, gradients = swept(result, number_like(result, 1))
    return dict(zip(map(id, order), gradients, strict=True))


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
        structure of the argument; of several `argnums` it is a tuple. A whole number has a whole
        gradient where the function keeps it whole, exactly; the gradient in an array is of floats.

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
        result, arguments, level = _recorded(f, argnums, args, keywords)
        if not is_number(result):
            raise TypeError(
                f"the function returned {type(result).__name__}, and a gradient is of one number: "
                "use jacobian for a function of several results"
            )
        gradients = gradients_of(result, level)
        parts = [
            treedef.build([slope_in(variable, gradients) for variable in variables])
            for treedef, variables in arguments
        ]
        return _number(result, level), one_or_all(parts, argnums)

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


def jacobian(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """Return a function that gives all derivatives of all results of `f`.

    Parameters
    ----------
    f : callable
        A function whose result is a number, an array, or a structure of them.
    argnums : int or sequence of int
        In which positional arguments to differentiate: numbers, arrays, or structures of them.

    Returns
    -------
    callable
        Takes the arguments of `f`; returns an array of the shape of the result followed by the
        shape of the argument (a number, if both are numbers). A list or tuple counts as an array
        where it has the form of one. Any other structure of results holds a Jacobian for each of
        its parts, and any other structure of arguments one for each of its parts in turn, as in
        JAX. Of several `argnums` it is a tuple.

    Raises
    ------
    TypeError
        When called: if there is something else than real numbers among arguments or results.
    ValueError
        When called: if `argnums` names an argument that is not there.

    Examples
    --------
    >>> jacobian(lambda x: [x[0] * x[1], x[0] + x[1]])([2.0, 3.0])
    array([[3., 2.],
           [1., 1.]])
    >>> jacobian(lambda p: {"square": p["x"] ** 2})({"x": 3.0, "y": 4.0})
    {'square': {'x': 6.0, 'y': 0.0}}
    """

    def evaluate(*args: Any, **keywords: Any) -> Any:
        result, arguments, level = _recorded(f, argnums, args, keywords)
        parts = [_derivatives_of(result, argument, level) for argument in arguments]
        return one_or_all(parts, argnums)

    return evaluate


def _derivatives_of(result: Any, argument: _Argument, level: int) -> Any:
    """Return the derivatives of all results in one argument."""
    treedef, numbers = flatten(result, "the result")
    rows = []
    for number in numbers:
        gradients = gradients_of(number, level)
        rows.append([slope_in(variable, gradients) for variable in argument.variables])
    return _blocks(rows, treedef, argument.treedef)


def _blocks(rows: list[list[Number]], results: Treedef, inputs: Treedef) -> Any:
    """Return a matrix of derivatives in the structure of the results, then of the inputs."""
    if results.shape is None:
        assert isinstance(results, Container)
        return results.of([
            _blocks(rows[own], part, inputs) for own, part in _slices(results)
        ])  # fmt: skip
    if inputs.shape is None:
        assert isinstance(inputs, Container)
        return inputs.of([
            _blocks([row[own] for row in rows], results, part) for own, part in _slices(inputs)
        ])  # fmt: skip
    array = stacked([number for row in rows for number in row], results.shape + inputs.shape)
    return array.item() if getattr(array, "shape", None) == () else array


def _slices(whole: Container) -> Iterator[tuple[slice, Treedef]]:
    """Yield the parts, and where in the list of all numbers theirs are."""
    start = 0
    for part in whole.parts:
        yield slice(start, start + part.size), part
        start += part.size


def hessian(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """Return a function that gives all second derivatives of `f`.

    Parameters
    ----------
    f : callable
        A function whose result is one number.
    argnums : int or sequence of int
        In which positional arguments to differentiate.

    Returns
    -------
    callable
        Takes the arguments of `f`; returns an array of the shape of the argument, twice (a number
        for a number), or the structure that `jacobian` gives of the gradient. Of several `argnums`
        it is a tuple of tuples: of each argument's gradient the derivatives in each argument.

    Raises
    ------
    TypeError, ValueError
        When called: as `value_and_grad` and `jacobian`.

    Examples
    --------
    >>> hessian(lambda x: x[0] ** 2 * x[1])([2.0, 3.0])
    array([[6., 4.],
           [4., 0.]])
    >>> hessian(lambda x, y: x**2 * y, (0, 1))(2.0, 3.0)
    ((6.0, 4.0), (4.0, 0.0))
    """
    gradient = grad(f, argnums)

    def evaluate(*args: Any, **keywords: Any) -> Any:
        result, arguments, level = _recorded(gradient, argnums, args, keywords)
        blocks = [
            one_or_all([_derivatives_of(one, x, level) for x in arguments], argnums)
            for one in ([result] if isinstance(argnums, int) else result)
        ]
        return one_or_all(blocks, argnums)

    return evaluate


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
    TypeError, ValueError
        If primals and tangents do not match, or there is something else than real numbers.

    Examples
    --------
    >>> jvp(lambda x, y: x * y, (2.0, 3.0), (1.0, 10.0))
    (6.0, 23.0)
    """
    _check_arguments(primals=primals, tangents=tangents)
    if len(primals) != len(tangents):
        raise ValueError(
            f"a tangent is wanted for each primal: there are {len(primals)} primals and "
            f"{len(tangents)} tangents"
        )
    result, arguments, level = _recorded(f, range(len(primals)), primals, {})
    directions: dict[int, Number] = {}
    for position, (treedef, variables) in enumerate(arguments):
        numbers = treedef.leaves(tangents[position], f"tangents[{position}]")
        directions.update(zip(map(id, variables), numbers, strict=True))
    treedef, results = flatten(result, "the result")
    slopes = derivatives_along(results, directions, level)
    return treedef.build([_number(x, level) for x in results]), treedef.build(slopes)


def derivatives_along(
    results: Sequence[Any], directions: dict[int, Number], level: int = 0
) -> list[Number]:
    """Return the derivative of each result along the directions of variables, by their `id`."""
    outputs = tuple(x for x in results if _is_variable(x, level))
    together = node(0, "outputs", outputs, (None,) * len(outputs), level)
    pushed = push_forward(together, directions)
    return [slope_in(x, pushed) if _is_variable(x, level) else number_like(x, 0) for x in results]


def _check_arguments(**given: Any) -> None:
    for name, arguments in given.items():
        if not isinstance(arguments, list | tuple):
            raise TypeError(
                f"{name} are the arguments of the function in a tuple, such as (x,) for one, and "
                f"got {arguments!r}"
            )


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
    _check_arguments(primals=primals, tangents=tangents)
    _, product = jvp(grad(f, range(len(primals))), primals, tangents)
    parts = [
        flatten(primal)[0].build(flatten(part)[1])
        for primal, part in zip(primals, product, strict=True)
    ]
    return parts[0] if len(parts) == 1 else tuple(parts)
