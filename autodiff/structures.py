"""Structures of numbers: nested lists, tuples, dicts and arrays, taken apart and put together.

`flatten` takes a structure apart: into a treedef, which is its form, and the list of its numbers. A
treedef puts numbers together in that form, and takes apart another structure of the same form: the
direction of a derivative, the arguments of a program. Dicts go by their keys, in any order.
"""

from __future__ import annotations

import abc
import copy
import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from autodiff.arrays import as_numbers, is_array, is_numpy, shown
from autodiff.kinds import Number, is_number
from autodiff.packages import namespace


def flatten(
    structure: Any, name: str = "the argument", *, widths: bool = True
) -> tuple[Treedef, list[Number]]:
    """Return the form of a structure and its numbers, in order.

    Parameters
    ----------
    structure : number or structure
        A real number of any kind; lists, tuples, named tuples, dicts and NumPy arrays of them.
    name : str
        What to call it in messages.
    widths : bool
        Whether the form of an array keeps the width of its floats.

    Raises
    ------
    TypeError
        If there is something else in it, with its place.

    Examples
    --------
    >>> treedef, numbers = flatten({"b": 1.0, "w": [2.0, 3.0]})
    >>> numbers
    [1.0, 2.0, 3.0]
    >>> treedef.build([10, 20, 30])
    {'b': 10, 'w': [20, 30]}
    >>> treedef.leaves({"w": [5.0, 6.0], "b": 4.0})
    [4.0, 5.0, 6.0]
    """
    numbers: list[Number] = []
    return _treedef(structure, name, numbers, widths), numbers


def _treedef(structure: Any, name: str, numbers: list[Number], widths: bool) -> Treedef:
    if is_number(structure):
        numbers.append(structure)
        return LEAF
    if isinstance(structure, dict):
        parts = [_treedef(x, f"{name}[{key!r}]", numbers, widths) for key, x in structure.items()]
        empty = copy.copy(structure)
        empty.clear()
        return Dict(tuple(parts), tuple(structure), empty)
    if isinstance(structure, list | tuple):
        parts = [_treedef(x, f"{name}[{i}]", numbers, widths) for i, x in enumerate(structure)]
        return Items(tuple(parts), type(structure))
    if is_array(structure) and is_numpy(structure):
        array = as_numbers(structure, name)
        numbers += array.ravel().tolist()
        has_width = widths and array.dtype.kind == "f"
        return Array(array.shape, array.dtype.str if has_width else "float")
    way = ": pass numpy.asarray of it" if hasattr(structure, "__array__") else ""
    raise TypeError(
        f"{name} is {shown(structure)}, where real numbers are taken, and lists, tuples, dicts and "
        f"NumPy arrays of them{way}"
    )


class Treedef(abc.ABC):
    """The form of a structure."""

    size: int  # how many numbers it has
    shape: tuple[int, ...] | None  # of the array that it is or could be; None if it is none

    @abc.abstractmethod
    def build(self, numbers: Iterable[Any]) -> Any:
        """Return a structure of this form, with these numbers in it."""

    @abc.abstractmethod
    def names(self, name: str) -> Iterator[str]:
        """Yield a name for every number: that of the whole, and then keys and positions."""

    def leaves(
        self, structure: Any, name: str = "the argument", *, batch: bool = False
    ) -> list[Any]:
        """Return the numbers of another structure of this form, in this order.

        Parameters
        ----------
        structure : number or structure
            Where this form has a list or a tuple, it may have either.
        name : str
            What to call it in messages.
        batch : bool
            Whether an array may stand for a number, or for what could be an array of numbers, over
            a batch whose axes come first. What it holds is then left to the caller.

        Raises
        ------
        TypeError, ValueError
            If it is not of this form, with the place.
        """
        return list(self._leaves(structure, name, batch))

    @abc.abstractmethod
    def _leaves(self, structure: Any, name: str, batch: bool) -> Sequence[Any]: ...


@dataclass(frozen=True)
class Leaf(Treedef):
    """One number."""

    size = 1
    shape = ()

    def names(self, name: str) -> Iterator[str]:
        yield name

    def build(self, numbers: Iterable[Any]) -> Any:
        return next(iter(numbers))

    def _leaves(self, structure: Any, name: str, batch: bool) -> Sequence[Any]:
        if not batch and not is_number(structure):
            raise TypeError(f"{name} takes one real number, and got {shown(structure)}")
        return (structure,)


LEAF = Leaf()


class Container(Treedef):
    """A list, a tuple, a named tuple or a dict: parts under keys."""

    parts: tuple[Treedef, ...]
    keys: Sequence[Any]

    @property
    def size(self) -> int:  # type: ignore[override]
        return sum(part.size for part in self.parts)

    @abc.abstractmethod
    def of(self, parts: Sequence[Any]) -> Any:
        """Return other parts in this form."""

    def names(self, name: str) -> Iterator[str]:
        for key, part in zip(self.keys, self.parts, strict=True):
            yield from part.names(f"{name}_{key}")

    def build(self, numbers: Iterable[Any]) -> Any:
        rest = iter(numbers)
        return self.of([next(rest) if part is LEAF else part.build(rest) for part in self.parts])

    def _joined(self, structure: Any, name: str, batch: bool) -> Sequence[Any]:
        """Return the numbers of all parts of a structure that has the same keys."""
        numbers: list[Any] = []
        for key, part in zip(self.keys, self.parts, strict=True):
            numbers += part._leaves(structure[key], f"{name}[{key!r}]", batch)
        return numbers


@dataclass(frozen=True)
class Items(Container):
    """A list, a tuple or a named tuple."""

    parts: tuple[Treedef, ...]
    kind: type

    @property
    def keys(self) -> Sequence[Any]:  # type: ignore[override]
        return range(len(self.parts))

    @property
    def shape(self) -> tuple[int, ...] | None:  # type: ignore[override]
        shapes = {part.shape for part in self.parts} or {()}
        shape = shapes.pop()
        if shapes or shape is None or self.kind not in (list, tuple):
            return None
        return (len(self.parts), *shape)

    @property
    def is_flat(self) -> bool:
        return all(part is LEAF for part in self.parts)

    def of(self, parts: Sequence[Any]) -> Any:
        return self.kind(*parts) if hasattr(self.kind, "_fields") else self.kind(parts)

    def _leaves(self, structure: Any, name: str, batch: bool) -> Sequence[Any]:
        count = len(self.parts)
        if not isinstance(structure, list | tuple):
            shape = (count,) if self.is_flat else self.shape
            wanted = f"a list of {count} items"
            if shape is None:
                raise TypeError(f"{name} takes {wanted}, and got {shown(structure)}")
            wanted += f" or an array of shape {shape}"
            return _leaves_of_array(as_numbers(structure, name), shape, name, wanted, batch)
        if len(structure) != count:
            raise ValueError(f"{name} takes {count} items, and got {len(structure)}")
        return structure if batch and self.is_flat else self._joined(structure, name, batch)


@dataclass(frozen=True)
class Dict(Container):
    """A dict, of any class that is one."""

    parts: tuple[Treedef, ...]
    keys: tuple[Any, ...]
    empty: dict[Any, Any]

    shape = None

    def of(self, parts: Sequence[Any]) -> Any:
        whole = copy.copy(self.empty)
        whole.update(zip(self.keys, parts, strict=True))
        return whole

    def _leaves(self, structure: Any, name: str, batch: bool) -> Sequence[Any]:
        if not isinstance(structure, dict):
            raise TypeError(f"{name} takes a dict, and got {shown(structure)}")
        if structure.keys() != set(self.keys):
            raise ValueError(f"{name} takes the keys {list(self.keys)}, not {list(structure)}")
        return self._joined(structure, name, batch)


@dataclass(frozen=True)
class Array(Treedef):
    """A NumPy array: its shape, and the width of its floats."""

    shape: tuple[int, ...]
    dtype: str

    @property
    def size(self) -> int:  # type: ignore[override]
        return math.prod(self.shape)

    def names(self, name: str) -> Iterator[str]:
        return ("_".join(map(str, (name, *index))) for index in _indices(self.shape))

    def build(self, numbers: Iterable[Any]) -> Any:
        return stacked(list(itertools.islice(numbers, self.size)), self.shape, self.dtype)

    def _leaves(self, structure: Any, name: str, batch: bool) -> Sequence[Any]:
        wanted = f"an array of shape {self.shape}"
        if not isinstance(structure, list | tuple):
            array = as_numbers(structure, name)
            return _leaves_of_array(array, self.shape, name, wanted, batch)
        import numpy

        array = as_numbers(numpy.asarray(structure), name)
        if batch and array.ndim > len(self.shape):
            raise ValueError(
                f"{name} takes {wanted}, and got a list that makes one of shape {array.shape}: a "
                "batch is an array, numpy.stack(x) of a list of its samples, numpy.stack(x, -1) "
                "of a list of its columns"
            )
        return _leaves_of_array(array, self.shape, name, wanted, batch)


def _leaves_of_array(
    array: Any, own: tuple[int, ...], name: str, wanted: str, batch: bool
) -> list[Any]:
    """Return the numbers of an array whose last axes have the shape `own`.

    The axes before them are those of a batch: an array over it stands for each number.
    """
    shape = tuple(getattr(array, "shape", ()))
    if shape == own and is_numpy(array):
        return array.ravel().tolist()  # type: ignore[no-any-return]
    if shape == own or (batch and shape[len(shape) - len(own) :] == own):
        return [array[(..., *index)] for index in _indices(own)]
    is_last = batch and shape[:-1] == own
    raise ValueError(
        f"{name} takes {wanted}{', or a batch of them whose axes come first' * batch}, and got "
        f"{f'one of shape {shape}' if is_array(array) else shown(array)}"
        f"{': numpy.moveaxis(x, -1, 0) puts its last axis first' * is_last}"
    )


def _indices(shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    return itertools.product(*map(range, shape))


def stacked(numbers: list[Any], shape: tuple[int, ...], dtype: Any = float) -> Any:
    """Return an array of numbers; of arrays over a batch, with the axes of the batch in front.

    Plain numbers make an array of floats, others one of objects, and one other number without a
    shape stays itself.
    """
    import numpy

    arrays = [x for x in numbers if is_array(x)]
    if arrays:
        space = namespace(arrays[0])
        batch = tuple(arrays[0].shape)
        return space.reshape(space.moveaxis(space.stack(numbers), 0, -1), (*batch, *shape))
    if all(isinstance(number, float | int | numpy.number) for number in numbers):
        return numpy.array(numbers, dtype=dtype).reshape(shape)
    if shape == ():
        return numbers[0]
    array = numpy.empty(len(numbers), dtype=object)
    array[:] = numbers
    return array.reshape(shape)
