"""Replay: the lines of a program computed on numbers of any kind, and on arrays.

On NumPy arrays a block of samples is computed at a time, and what was used last is forgotten at
once: intermediates stay in cache, and memory does not grow with the batch. There arithmetic is
NumPy's: infinite or nan where a float would raise.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from autodiff.arrays import PLAIN, is_array, is_numpy
from autodiff.listing import Guard, Listing, is_scale
from autodiff.packages import namespace
from autodiff.program import source
from autodiff.program.evaluation import GuardError, evaluated, guard_error
from autodiff.rows import TABLE

# ---- On numbers -------------------------------------------------------------------------------


def outputs_of(lines: Listing, numbers: list[Any], reduce: str | None = None) -> list[Any]:
    """Compute the outputs on numbers that are not all plain."""
    arrays = [x for x in numbers if is_array(x)]
    if not arrays:
        return evaluated(lines, numbers)
    if not all(map(is_numpy, arrays)):
        return _at_once(lines, numbers, reduce)
    if any(x.dtype == object for x in arrays):
        return _by_sample(lines, numbers, reduce)
    return _in_blocks(lines, numbers, reduce)


# ---- On arrays --------------------------------------------------------------------------------

_BLOCK = 2**20  # numbers that are alive at once in a block: 8 MB, which stay in cache
_FREED = 2**21  # numbers: 16 MB


class _Action(NamedTuple):
    """What happens at one line: compute, check, hand out results, forget what was used last."""

    place: int
    function: Callable[..., Any]
    operands: tuple[int, ...]
    guard: Guard | None
    outputs: list[int]
    forgotten: list[int]


class _Plan(NamedTuple):
    """How to compute a listing on arrays, so that few of them are alive at once."""

    constants: list[Any]
    given: list[tuple[int, int]]  # outputs that are no computed lines, and their places
    actions: list[_Action]
    most: int  # arrays that are alive at once

    def outputs(
        self, lines: Listing, numbers: Sequence[Any], at: Callable[[int], str]
    ) -> Iterator[tuple[int, Any]]:
        """Yield the index of every output, and the output; `at(i)` says which sample is at i."""
        values = self.constants.copy()
        values[: lines.inputs] = numbers
        for output, place in self.given:
            yield output, values[place]
        for place, function, operands, guard, outputs, forgotten in self.actions:
            values[place] = function(*[values[operand] for operand in operands])
            if guard is not None:
                _check_all(lines, guard, values, at)
            for output in outputs:
                yield output, values[place]
            for operand in forgotten:
                values[operand] = None


@functools.lru_cache(maxsize=1024)
def _plan(lines: Listing, space: Any, dtype: Any, varies: tuple[bool, ...]) -> _Plan:
    computed = lines.computed
    users = {place: place for place in computed}  # the last of each line; its own is the first
    for place, step in computed.items():
        users.update(dict.fromkeys(step.operands, place))
    forgotten: dict[int, list[int]] = {place: [] for place in computed}
    for place, user in users.items():
        if lines.steps[place].constant is None:
            forgotten[user].append(place)
    outputs: dict[int, list[int]] = {place: [] for place in range(len(lines.steps))}
    for output, place in enumerate(lines.outputs):
        outputs[place].append(output)
    actions, arrays, most = [], {i for i, is_varying in enumerate(varies) if is_varying}, 1
    for place, (operation, operands, _) in computed.items():
        function, guard = _function(operation, space, dtype), lines.guards.get(place)
        if operation in ("%", "//") and is_scale(lines.steps[operands[1]].constant):
            function = functools.partial(_by_scale, operation)
        actions.append(_Action(place, function, operands, guard, outputs[place], forgotten[place]))
        if not arrays.isdisjoint(operands):
            arrays.add(place)
        most = max(most, len(arrays))
        arrays.difference_update(forgotten[place])
    given = [(output, x) for output, x in enumerate(lines.outputs) if x not in computed]
    return _Plan([_float_or_int(step.constant) for step in lines.steps], given, actions, most)


def _function(operation: str, space: Any, dtype: Any) -> Callable[..., Any]:
    """Return what computes an operation on arrays, where nothing raises."""
    name = TABLE[operation].ieee or operation
    if name == "where":
        return functools.partial(_where, space, dtype)
    return operator.pow if name == "power" else TABLE[name].value


def _by_scale(operation: str, x: Any, scale: Any) -> Any:
    """Return x % scale or x // scale, where the scale is a power of two.

    NumPy's own take three to thirty times as long. All steps are exact: x is rounded first, for
    next to zero x / scale is not.
    """
    import numpy

    if scale < 0 or type(x) is not numpy.ndarray or x.dtype != float or not x.ndim:
        return TABLE[operation].value(x, scale)
    whole = numpy.floor(x)
    whole /= scale
    numpy.floor(whole, out=whole)
    if operation == "//":
        whole += 0.0 * x  # of an infinity it is nan
        return whole
    whole *= scale
    return numpy.subtract(x, whole, out=whole)


def _where(space: Any, dtype: Any, condition: Any, a: Any, b: Any) -> Any:
    a, b = _of_library(a, space, dtype), _of_library(b, space, dtype)
    is_truth = is_array(condition) and is_numpy(condition) and condition.dtype.kind == "b"
    if is_truth and a.dtype == b.dtype == "float64":
        return _chosen(condition, a.view("int64"), b.view("int64"))
    return space.where(condition, a, b)


def _chosen(condition: Any, a: Any, b: Any) -> Any:
    """Choose by the bits of numbers: a processor guesses wrong where conditions change often."""
    bits = condition.astype("int64")
    bits *= a ^ b
    bits ^= b
    return bits.view("float64")


def _of_library(x: Any, space: Any, dtype: Any) -> Any:
    """Return a plain number as an array, of the width of the others."""
    return x if is_array(x) else space.asarray(x, dtype=dtype)


def _float_or_int(constant: Any) -> Any:
    if isinstance(constant, Fraction):
        return constant.numerator if constant.denominator == 1 else float(constant)
    return constant if constant is None or type(constant) in PLAIN else float(constant)


def _check_all(lines: Listing, guard: Guard, values: list[Any], at: Callable[[int], str]) -> None:
    """Raise if a sample of the batch would take another branch."""
    import numpy

    condition = values[guard.condition]
    wrong = condition != guard.truth
    try:
        is_wrong = bool(namespace(wrong).any(wrong) if is_array(wrong) else wrong)
    except Exception as error:
        text, _ = source.condition(lines, guard)
        raise GuardError(
            f"{text.rpartition(', and')[0]}, and whether it still does cannot be checked while an "
            "array library compiles the program: write the branch with autodiff.where"
        ) from error
    if is_wrong:
        wrong = numpy.asarray(wrong)
        first = int(wrong.argmax())

        def number(place: int) -> Any:
            x = numpy.asarray(values[place])
            return x.ravel()[first] if x.size == wrong.size else x

        raise guard_error(lines, guard, number, f" for {at(first)}")


def _at_once(lines: Listing, numbers: list[Any], reduce: str | None) -> list[Any]:
    """Compute on arrays of any library, whole."""
    import numpy

    arrays = [x for x in numbers if is_array(x)]
    space = namespace(arrays[0])
    dtype = next((x.dtype for x in arrays if "float" in str(x.dtype)), (arrays[0] * 1.0).dtype)
    inputs = [_of_library(x, space, dtype) for x in numbers]
    inputs = [x if "float" in str(x.dtype) else x * 1.0 for x in inputs]
    shape = numpy.broadcast_shapes(*[tuple(x.shape) for x in inputs])
    plan = _plan(lines, space, dtype, (True,) * len(inputs))
    found = dict(plan.outputs(lines, inputs, lambda i: f"sample {i}"))
    outputs = [_of_library(found[i], space, dtype) for i in range(len(found))]
    outputs = [space.broadcast_to(x, shape) for x in outputs]
    return reduced(lines, outputs, inputs, shape, reduce)


def _by_sample(lines: Listing, numbers: list[Any], reduce: str | None) -> list[Any]:
    """Compute on arrays of objects (Fractions, Values, ...), one sample after the other."""
    import numpy

    columns = numpy.broadcast_arrays(*[numpy.asarray(x, dtype=object) for x in numbers])
    shape = columns[0].shape
    rows = [evaluated(lines, row) for row in zip(*[x.ravel() for x in columns], strict=True)]
    outputs = numpy.empty((len(lines.outputs), len(rows)), dtype=object)
    for sample, row in enumerate(rows):
        for output, number in enumerate(row):
            outputs[output, sample] = number
    return reduced(lines, [x.reshape(shape) for x in outputs], numbers, shape, reduce)


def _own_shapes(lines: Listing, numbers: Sequence[Any]) -> list[tuple[int, ...]]:
    """Return the shape of each output when it is added up over the batch."""
    return [
        () if i is None else tuple(getattr(numbers[i], "shape", ())) for i in lines.derivative_in
    ]


def reduced(
    lines: Listing,
    outputs: list[Any],
    numbers: list[Any],
    shape: tuple[int, ...],
    reduce: str | None,
) -> list[Any]:
    """Add up the value over the batch, and every derivative to the shape of its number."""
    if reduce is None:
        return outputs
    shapes = _own_shapes(lines, numbers)
    sums = [_summed(x, own) for x, own in zip(outputs, shapes, strict=True)]
    return sums if reduce == "sum" else [x / _count(shape) for x in sums]


def _summed(x: Any, shape: tuple[int, ...]) -> Any:
    """Add up the axes along which an input of this shape was broadcast."""
    space = namespace(x)
    extra = len(x.shape) - len(shape)
    axes = [i for i, n in enumerate(x.shape) if i < extra or shape[i - extra] != n]
    total = space.sum(x, axis=tuple(axes)) if axes else x
    return space.reshape(total, shape) if shape else total


def _count(shape: tuple[int, ...]) -> float:
    """Return how many samples a mean is of: of none it is nan."""
    return math.prod(shape) or math.nan


@functools.cache
def _keep_memory() -> None:
    """Let the memory of an array that is freed be there for the next one.

    The GNU C library hands back to the system what is more than twice the largest array that was
    ever freed, and it comes again page by page, filled with zeros: up to four fifths of the time of
    a short formula. Free one that nobody has written to, which has no memory yet. See mallopt(3),
    M_MMAP_THRESHOLD.
    """
    import numpy

    numpy.empty(_FREED)


def _in_blocks(lines: Listing, numbers: list[Any], reduce: str | None) -> list[Any]:
    """Compute on NumPy arrays, a block of samples at a time."""
    import numpy

    _keep_memory()
    shape = numpy.broadcast_shapes(*map(numpy.shape, numbers))
    arrays = [x for x in numbers if is_array(x)]
    dtype = numpy.result_type(*[x.dtype if x.dtype.kind == "f" else float for x in arrays])
    plan = _plan(lines, numpy, dtype, tuple(map(is_array, numbers)))
    size = math.prod(shape)
    block = min(max(_BLOCK // plan.most, 256), 2**14, max(size, 1))
    columns = [_column(x, shape, dtype) for x in numbers]
    shapes = _own_shapes(lines, numbers) if reduce else [shape] * len(lines.outputs)
    sinks = [_Sink(own, shape, dtype) for own in shapes]
    with numpy.errstate(all="ignore"):
        for start in range(0, size, block):
            stop = min(start + block, size)
            inputs = [column(start, stop) for column in columns]
            at = functools.partial(_sample, shape, start)
            for output, part in plan.outputs(lines, inputs, at):
                sinks[output].add(start, stop, part)
    return [sink.result(_count(shape) if reduce == "mean" else 1) for sink in sinks]


def of_block(lines: Listing, numbers: Sequence[Any]) -> list[Any]:
    """Compute outputs on NumPy arrays of floats that stay in cache.

    A truth stays one, and what is the same for all samples may be one number.
    """
    import numpy

    _keep_memory()
    dtype = numpy.result_type(*[x.dtype for x in numbers if is_array(x)])
    plan = _plan(lines, numpy, dtype, tuple(map(is_array, numbers)))
    with numpy.errstate(all="ignore"):
        found = dict(plan.outputs(lines, numbers, str))
    return [found[i] for i in range(len(found))]


def alive(lines: Listing) -> int:
    """Return how many arrays are alive at once while lines are computed."""
    import numpy

    return _plan(lines, numpy, numpy.dtype(float), (True,) * lines.inputs).most


def _sample(shape: tuple[int, ...], start: int, i: int) -> str:
    """Say which sample stands at a place of the batch."""
    import numpy

    index = tuple(map(int, numpy.unravel_index(start + i, shape)))
    return f"sample {index[0] if len(index) == 1 else index}" if index else "this sample"


def _column(x: Any, shape: tuple[int, ...], dtype: Any) -> Callable[[int, int], Any]:
    """Return what gives the numbers of an input from one place of the batch to another."""
    import numpy

    if numpy.shape(x) == ():
        number = dtype.type(x)
        return lambda start, stop: number
    view = numpy.broadcast_to(x, shape)
    numbers: Any = view if view.ndim == 1 else view.flat  # which copies
    return lambda start, stop: numbers[start:stop].astype(dtype, copy=False)


class _Sink:
    """Where the blocks of one output go: into an array over the batch, or into sums of it."""

    def __init__(self, own: tuple[int, ...], shape: tuple[int, ...], dtype: Any) -> None:
        import numpy

        self.dtype = dtype
        self.is_whole = own == shape
        self.numbers = numpy.empty(own, dtype) if self.is_whole else numpy.zeros(own)
        self.flat = self.numbers.reshape(-1)
        if not self.is_whole and self.flat.size > 1:
            places = numpy.arange(self.flat.size).reshape(own)
            self.places = numpy.broadcast_to(places, shape)

    def add(self, start: int, stop: int, part: Any) -> None:
        import numpy

        if self.is_whole:
            self.flat[start:stop] = part
            return
        if numpy.shape(part) == ():  # the same for every sample
            part = numpy.broadcast_to(part, stop - start)
        if self.flat.size == 1:
            self.flat += numpy.sum(part, dtype=float)
        else:
            numpy.add.at(self.flat, self.places.flat[start:stop], part)

    def result(self, divisor: float) -> Any:
        if divisor != 1:
            self.numbers /= divisor
        if self.numbers.shape == ():
            return self.dtype.type(self.numbers).item()
        return self.numbers.astype(self.dtype, copy=False)
