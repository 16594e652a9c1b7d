"""A batch in the arrays that it comes in: no number is taken out of them, and none is put into one.

Takes float64 arrays over a batch of one axis and lists of them, beside floats, flat lists of these
and float64 arrays of the form that a program was traced with, which the samples share; gives the
value and the gradient. Everything else is left to the way that every argument can go.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from autodiff.derivatives import one_or_all
from autodiff.listing import Listing
from autodiff.program.arguments import Arguments
from autodiff.program.machine.batches import Column, divided
from autodiff.program.machine.layout import Variant
from autodiff.program.machine.memory import address_of
from autodiff.structures import LEAF, Array, Items, Leaf, Treedef

_KEPT = 256  # forms of arguments of which is known how they go


class _Place(NamedTuple):
    """How many numbers an argument has, and in which form."""

    size: int
    shape: tuple[int, ...]
    form: Treedef


_NUMBER = _Place(1, (), LEAF)


class _Call(NamedTuple):
    """What is known of arguments by their forms alone.

    Attributes
    ----------
    lines : Listing
        What is computed.
    variant : Variant
        What the kernel is for.
    is_batch : list of bool
        Which arguments are over the batch.
    offsets : list of list of int
        For each array over the batch, how far from its beginning each of its numbers is.
    size : int
        How many samples there are.
    """

    lines: Listing
    variant: Variant
    is_batch: list[bool]
    offsets: list[list[int]]
    size: int


class Computed(Protocol):
    """A batch that was computed: outputs in rows over the samples, or their sums."""

    size: int
    rows: Any

    def totals(self, divisor: int) -> Any: ...


class Direct:
    """The arguments of a program, as they go to machine code.

    Parameters
    ----------
    computed : callable
        Takes lines, a variant, columns, what is shared, and how many samples there are; gives the
        batch, or None if it is computed in another way.
    arguments : Arguments
        The form of the arguments.
    lines : callable
        Takes the name of lines and gives them.
    """

    def __init__(
        self,
        computed: Callable[..., Computed | None],
        arguments: Arguments,
        lines: Callable[[str], Listing],
    ) -> None:
        import numpy

        self._lines = lines
        self._concatenate = numpy.concatenate
        self._array, self._double = numpy.ndarray, numpy.dtype(float)
        self._computed = computed
        self._arguments = arguments
        places = [_Place(form.size, form.shape or (), form) for form in arguments.forms]
        self._places = places
        self._varied = [places[position] for position in arguments.positions]
        self._calls: dict[Any, _Call | None] = {}
        self._is_usable = all(map(_is_simple, arguments.forms))

    def value(self, args: Sequence[Any]) -> Any:
        """Return the value; None if this is no way for the arguments."""
        batch, _ = self._batch("_value_lines", args, is_summed=False)
        return None if batch is None else batch.rows[0, : batch.size]

    def value_and_grad(self, args: Sequence[Any], reduce: str | None) -> Any:
        """Return the value and the gradient; None if this is no way for the arguments."""
        batch, is_batch = self._batch("_lines", args, is_summed=reduce is not None)
        return None if batch is None else self._structured(batch, is_batch, reduce)

    def _batch(
        self, name: str, args: Sequence[Any], *, is_summed: bool
    ) -> tuple[Computed | None, Sequence[bool]]:
        """Compute a batch of one axis; return it, and which arguments are over the batch."""
        key = (name, is_summed, *map(self._form, args))
        if key not in self._calls:
            if len(self._calls) >= _KEPT:
                self._calls.clear()
            self._calls[key] = self._call(*key)
        call = self._calls[key]
        if call is None:
            return None, []
        lines, variant, is_batch, offsets, size = call
        shared: list[Any] = []
        arrays: list[Any] = []
        for x, is_varying in zip(args, is_batch, strict=True):
            kind = type(x)
            if is_varying:
                arrays += [x] if kind is self._array else x
            else:
                shared.append([x] if kind is float else x if kind is list else x.reshape(-1))
        columns = []
        for x, places in zip(arrays, offsets, strict=True):
            base, stride = address_of(x), x.strides[0]
            columns += [Column(x, base + place, stride) for place in places]
        # The empty one is for where nothing is shared.
        numbers = shared[0] if len(shared) == 1 else self._concatenate([*shared, []])
        return self._computed(lines, variant, columns, numbers, size), is_batch

    def _form(self, x: Any) -> Any:
        """Return what tells whether an argument goes this way, and how; None if it does not."""
        kind = type(x)
        if kind is self._array:
            return (x.shape, x.strides) if x.dtype is self._double else None
        if kind is not list:
            return kind if kind is float else None
        kinds = set(map(type, x))
        if kinds == {float}:
            return len(x)
        return (list, *map(self._form, x)) if kinds == {self._array} else None

    def _call(self, name: str, is_summed: bool, *forms: Any) -> _Call | None:
        """Return how arguments of these forms go; None if another way."""
        if not self._is_usable or len(forms) != len(self._places):
            return None
        is_batch, offsets, sizes = [], list[list[int]](), set[int]()
        for place, form in zip(self._places, forms, strict=True):
            is_batch.append(not _is_of_one(place, form))
            if is_batch[-1]:
                parts = _parts(place, form)
                if not parts:
                    return None
                offsets += [own for _, own in parts]
                sizes |= {size for size, _ in parts}
        if len(sizes) != 1 or min(sizes) < 2:
            return None
        lines = self._lines(name)
        pairs = zip(is_batch, self._places, strict=True)
        varies = tuple([is_varying for is_varying, place in pairs for _ in range(place.size)])
        summed = [is_summed and (i is None or not varies[i]) for i in lines.derivative_in]
        return _Call(lines, Variant(varies, tuple(summed)), is_batch, offsets, sizes.pop())

    def _structured(self, batch: Computed, is_batch: Sequence[bool], reduce: str | None) -> Any:
        """Return the results of a batch in the structure of value and gradient."""
        divisor = batch.size if reduce == "mean" else 1
        totals, rows = batch.totals(divisor), batch.rows[:, : batch.size]
        value = rows[0] if reduce is None else totals.item(0)
        row, total = (1, 0) if reduce is None else (0, 1)
        parts = []
        for position, (size, shape, form) in zip(
            self._arguments.positions, self._varied, strict=True
        ):
            if reduce is None or is_batch[position]:
                part = divided(rows[row : row + size], divisor)
                parts.append(_built_of_rows(form, shape, part))
                row += size
            else:
                parts.append(_built(form, shape, totals[total : total + size]))
                total += size
        return value, one_or_all(parts, self._arguments.argnums)


# ---- Arguments and results --------------------------------------------------------------------


def _is_simple(form: Treedef) -> bool:
    return isinstance(form, Array | Leaf) or (isinstance(form, Items) and form.is_flat)


def _is_of_one(place: _Place, form: Any) -> bool:
    """Return whether an argument of a form is that of one sample, which all share."""
    if type(form) is int:
        return isinstance(place.form, Items) and form == place.size
    if type(form) is tuple:
        return bool(place.shape) and form[0] == place.shape
    return form is float and place.form is LEAF


def _parts(place: _Place, form: Any) -> list[tuple[int, list[int]]]:
    """Return for each array of an argument over the batch how many samples it is of, and how far
    from its beginning the numbers of the first are; [] if it is something else."""
    if type(form) is not tuple:
        return []
    if form[0] is list:
        is_like = isinstance(place.form, Items) and len(form) == 1 + place.size
        parts = [_parts(_NUMBER, own) for own in form[1:]] if is_like else []
        return [part for own in parts for part in own] if all(parts) else []
    shape, strides = form
    if not shape or shape[1:] != place.shape:
        return []
    offsets = [0]
    for length, step in zip(place.shape, strides[1:], strict=True):
        offsets = [offset + i * step for offset in offsets for i in range(length)]
    return [(shape[0], offsets)]


def _built(form: Any, shape: tuple[int, ...], numbers: Any) -> Any:
    """Return the numbers of one sample, or sums, in the form of an argument."""
    if form is LEAF:
        return numbers.item()
    if isinstance(form, Array):
        return numbers if len(shape) == 1 else numbers.reshape(shape)
    return form.of(numbers.tolist())


def _built_of_rows(form: Any, shape: tuple[int, ...], rows: Any) -> Any:
    """Return rows over a batch in the form of an argument; of an array with the batch in front."""
    if form is LEAF:
        return rows[0]
    if isinstance(form, Array):
        return rows.T.reshape(-1, *shape) if len(shape) != 1 else rows.T
    return form.of(list(rows))
