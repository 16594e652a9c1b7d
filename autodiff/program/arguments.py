"""The structure of a program's arguments: nested lists, tuples, dicts and NumPy arrays of numbers.

A template is the structure with places instead of numbers. With it arguments become a flat list,
and a flat list of derivatives becomes a gradient of the same structure.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

from autodiff.kinds import Number, is_number
from autodiff.program.replay import is_array, is_numpy, namespace


class _Array(NamedTuple):
    """A NumPy array among the arguments: its shape, and the place of its first number."""

    shape: tuple[int, ...]
    start: int

    @property
    def indices(self) -> list[tuple[int, ...]]:
        return list(itertools.product(*map(range, self.shape)))


class _Run(NamedTuple):
    """A list or tuple of numbers among the arguments: its type and the places of its numbers."""

    kind: type
    start: int
    stop: int


def template_of(argument: Any, name: str, found: list[tuple[str, Number]]) -> Any:
    """Return the structure of an argument, with places for the numbers that are found in it."""
    if is_number(argument):
        label = getattr(argument, "label", None)
        found.append((label or name, argument))
        return len(found) - 1
    if type(argument).__name__ == "ndarray" and argument.dtype.kind in "biufO":
        array = _Array(argument.shape, len(found))
        for index, number in zip(array.indices, argument.ravel().tolist(), strict=True):
            found.append(("_".join(map(str, (name, *index))), number))
        return array
    if isinstance(argument, dict):
        return {key: template_of(part, f"{name}_{key}", found) for key, part in argument.items()}
    if isinstance(argument, list | tuple):
        start = len(found)
        parts = [template_of(x, f"{name}_{i}", found) for i, x in enumerate(argument)]
        is_run = type(argument) in (list, tuple) and all(isinstance(part, int) for part in parts)
        return _Run(type(argument), start, len(found)) if is_run else _like(argument, parts)
    raise TypeError(
        f"a program is traced on real numbers, and on lists, tuples, dicts and NumPy arrays of "
        f"them; {name} is {argument!r} of type {type(argument).__name__}"
    )


def _like(structure: Any, parts: list[Any]) -> Any:
    named = hasattr(structure, "_fields")
    return type(structure)(*parts) if named else type(structure)(parts)


def structured(template: Any, numbers: Sequence[Any]) -> Any:
    """Put numbers into a structure."""
    if isinstance(template, int):
        return numbers[template]
    if isinstance(template, _Run):
        return template.kind(numbers[template.start : template.stop])
    if isinstance(template, _Array):
        stop = template.start + len(template.indices)
        return stacked(numbers[template.start : stop], template.shape)
    if isinstance(template, dict):
        return {key: structured(part, numbers) for key, part in template.items()}
    return _like(template, [structured(part, numbers) for part in template])


def stacked(numbers: Sequence[Any], shape: tuple[int, ...]) -> Any:
    """Return an array of numbers; of arrays over a batch, with the axes of the batch in front."""
    import numpy

    arrays = [x for x in numbers if is_array(x)]
    if arrays:
        space = namespace(arrays[0])
        batch = tuple(arrays[0].shape)
        return space.reshape(space.moveaxis(space.stack(list(numbers)), 0, -1), (*batch, *shape))
    array = numpy.empty(len(numbers), dtype=object)
    array[:] = numbers
    if all(isinstance(number, float | int | numpy.number) for number in numbers):
        array = array.astype(float)
    return array.reshape(shape)


def flatten(template: Any, argument: Any, name: str, numbers: list[Any]) -> None:
    """Append the numbers of an argument, in the order of the traced one."""
    if isinstance(template, int):
        numbers.append(argument)
    elif isinstance(template, _Array):
        shape = tuple(getattr(argument, "shape", ()))
        if shape[len(shape) - len(template.shape) :] != template.shape:
            raise ValueError(
                f"{name} was traced as an array of shape {template.shape}, and an array of shape "
                f"{shape} has no such last axes"
            )
        is_plain = shape == template.shape and hasattr(argument, "tolist")
        parts = argument.reshape(-1).tolist() if is_plain and is_numpy(argument) else None
        numbers += parts or [argument[(..., *index)] for index in template.indices]
    elif isinstance(template, dict):
        if template.keys() != argument.keys():
            raise ValueError(f"{name} takes the keys {list(template)}, not {list(argument)}")
        for key, part in template.items():
            flatten(part, argument[key], f"{name}[{key!r}]", numbers)
    else:
        is_run = isinstance(template, _Run)
        size = template.stop - template.start if is_run else len(template)
        if len(argument) != size:
            raise ValueError(f"{name} takes {size} items, and got {len(argument)}")
        if is_run:
            is_plain = is_numpy(argument) and argument.ndim == 1
            numbers += argument.tolist() if is_plain else argument
        else:
            for i, part in enumerate(template):
                flatten(part, argument[i], f"{name}[{i}]", numbers)
