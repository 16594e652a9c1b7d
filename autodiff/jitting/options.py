"""Options: the arguments of a function that are no numbers, such as a name, a flag, a function.

Takes what a function is called with; gives its numbers, and the function of them alone, in which
the options are fixed. For other options it is another function.
"""

from __future__ import annotations

import enum
import inspect
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from autodiff.derivatives import positions_of
from autodiff.kinds import is_number

_KINDS = (str, bytes, type, enum.Enum, types.FunctionType, types.BuiltinFunctionType)


def is_option(x: Any) -> bool:
    """Return whether an argument is an option: nothing in it can change."""
    return x is None or (isinstance(x, _KINDS) and not is_number(x))


class Call(NamedTuple):
    """What a function is called with.

    Attributes
    ----------
    key : tuple
        The options, by which programs are kept; empty where all arguments are positional numbers.
    numbers : sequence
        The other arguments.
    places : list of int or str
        Which arguments those are: a position, or the name of one that is given by it.
    args, named : sequence, mapping
        All arguments.
    """

    key: tuple[Any, ...]
    numbers: Sequence[Any]
    places: Sequence[int | str] = ()
    args: Sequence[Any] = ()
    named: Mapping[str, Any] = {}


def call_of(f: Callable[..., Any], args: Sequence[Any], named: Mapping[str, Any]) -> Call:
    """Tell the numbers among arguments from the options."""
    if named:
        bound = inspect.signature(f).bind(*args, **named)
        if bound.kwargs:  # one without a position, or behind one that was left out
            bound.apply_defaults()
        args, named = bound.args, bound.kwargs
    if not named and not any(map(is_option, args)):
        return Call((), args)
    given: dict[int | str, Any] = dict(enumerate(args))
    given.update(named)
    places = [place for place, x in given.items() if not is_option(x)]
    options = [(place, type(x), x) for place, x in given.items() if is_option(x)]
    key = (len(args), *named, *options)
    return Call(key, [given[place] for place in places], places, args, named)


class OfNumbers:
    """A function of the numbers among its arguments, by position; its options are fixed."""

    def __init__(self, f: Callable[..., Any], call: Call) -> None:
        self._f = f
        self._call = call
        self.__name__ = getattr(f, "__name__", "f")
        self.__code__ = getattr(f, "__code__", None)  # whose variables name lines
        names = [_name(f, place) for place in call.places]
        self.__signature__ = inspect.Signature(
            [inspect.Parameter(name, inspect.Parameter.POSITIONAL_ONLY) for name in names]
        )

    def __call__(self, *numbers: Any) -> Any:
        args, named = [*self._call.args], dict(self._call.named)
        for place, number in zip(self._call.places, numbers, strict=True):
            if isinstance(place, int):
                args[place] = number
            else:
                named[place] = number
        return self._f(*args, **named)

    def argnums(self, argnums: int | Sequence[int]) -> int | tuple[int, ...]:
        """Return where the arguments in which to differentiate are among the numbers."""
        call = self._call
        positions = positions_of(argnums, call.args)
        for position in positions:
            if position not in call.places:
                raise TypeError(
                    f"argument {position} of {self.__name__} is {call.args[position]!r}, and there "
                    "is no derivative in it: name others by argnums"
                )
        found = tuple([call.places.index(position) for position in positions])
        return found[0] if isinstance(argnums, int) else found


def _name(f: Callable[..., Any], place: int | str) -> str:
    """Return what an argument is called in messages and sources."""
    if isinstance(place, str):
        return place
    parameters = list(inspect.signature(f).parameters.values())
    last = parameters[min(place, len(parameters) - 1)]
    is_one = last.kind is not last.VAR_POSITIONAL
    return last.name if is_one else f"{last.name}_{place - parameters.index(last)}"
