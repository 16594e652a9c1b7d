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


class _Place(NamedTuple):
    """How many numbers an argument has, and in which form."""

    size: int
    shape: tuple[int, ...]
    form: Treedef


_NUMBER = _Place(1, (), LEAF)


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
        self._variants: dict[Any, Variant] = {}
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
    ) -> tuple[Computed | None, list[bool]]:
        """Compute a batch of one axis; return it, and which arguments are over the batch."""
        if not self._is_usable or len(args) != len(self._places):
            return None, []
        shared, columns, is_batch = [], list[Column](), []
        for place, x in zip(self._places, args, strict=True):
            numbers = _of_one(place, x, self._double)
            is_batch.append(numbers is None)
            if numbers is not None:
                shared.append([numbers] if place.form is LEAF else numbers)
                continue
            found = self._columns(place, x)
            if not found:
                return None, []
            columns += found
        sizes = {len(column.numbers) for column in columns}
        if len(sizes) != 1 or min(sizes) < 2:
            return None, []
        [size] = sizes
        lines = self._lines(name)
        variant = self._variant(lines, tuple(is_batch), is_summed)
        # The empty one is for where nothing is shared.
        numbers = shared[0] if len(shared) == 1 else self._concatenate([*shared, []])
        return self._computed(lines, variant, columns, numbers, size), is_batch

    def _columns(self, place: _Place, x: Any) -> list[Column]:
        """Return where each number of an argument is for the samples of a batch; [] if nowhere."""
        if type(x) is list and isinstance(place.form, Items) and len(x) == place.size:
            parts = [self._columns(_NUMBER, part) for part in x]
            return [column for part in parts for column in part] if all(parts) else []
        if type(x) is not self._array or not _is_batch(place, x):
            return []
        stride, *inner = x.strides
        bases = [address_of(x)]
        for length, step in zip(place.shape, inner, strict=True):
            bases = [base + i * step for base in bases for i in range(length)]
        return [Column(x, base, stride) for base in bases]

    def _variant(self, lines: Listing, is_batch: tuple[bool, ...], is_summed: bool) -> Variant:
        """Return what a kernel is for, where these arguments are over a batch."""
        key = (lines, is_batch, is_summed)
        if key not in self._variants:
            pairs = zip(is_batch, self._places, strict=True)
            varies = tuple([is_varying for is_varying, place in pairs for _ in range(place.size)])
            summed = [is_summed and (i is None or not varies[i]) for i in lines.derivative_in]
            self._variants[key] = Variant(varies, tuple(summed))
        return self._variants[key]

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


def _of_one(place: _Place, x: Any, double: Any) -> Any:
    """Return the numbers of an argument for one sample; None if they are something else."""
    size, shape, form = place
    kind = type(x)
    if kind is float:
        return x if form is LEAF else None
    if kind is list:
        is_whole = isinstance(form, Items) and len(x) == size
        return x if is_whole and set(map(type, x)) == {float} else None
    if kind.__name__ == "ndarray" and x.shape == shape and x.dtype is double and shape:
        return x if len(shape) == 1 else x.ravel()
    return None


def _is_batch(place: _Place, x: Any) -> bool:
    """Return whether an array holds such an argument for every sample along its first axis."""
    return bool(x.dtype == float and x.ndim == 1 + len(place.shape) and x.shape[1:] == place.shape)


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
