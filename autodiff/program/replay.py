"""Replay: the lines of a program computed on numbers of any kind, and on arrays.

On NumPy arrays a block of samples is computed at a time, and what was used last is forgotten at
once: intermediates stay in cache, and memory does not grow with the batch. There arithmetic is
NumPy's: infinite or nan where a float would raise.
"""

from __future__ import annotations

import builtins
import functools
import importlib
import math
import operator
import types
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from autodiff import functions
from autodiff.arrays import NAMESPACES, PLAIN, is_array, is_numpy, namespace, package
from autodiff.kinds import Number, number_like
from autodiff.program import source
from autodiff.program.listing import CONSTANT, INPUT, LIKE, Guard, Listing
from autodiff.program.tracing import OPERATIONS, Line
from autodiff.value import Value


class GuardError(ValueError):
    """An input would take another branch than the one that the program was recorded on."""


# ---- On numbers -------------------------------------------------------------------------------


def outputs_of(lines: Listing, numbers: list[Any], reduce: str | None = None) -> list[Any]:
    """Compute the outputs on numbers that are not all plain."""
    arrays = [x for x in numbers if is_array(x)]
    if not arrays:
        return replayed(lines, numbers)
    if all(map(is_numpy, arrays)):
        return _in_blocks(lines, numbers, reduce)
    return _at_once(lines, numbers, reduce)


def replayed(lines: Listing, numbers: Sequence[Number]) -> list[Number]:
    """Compute line by line on numbers of any kind, Values and recording numbers too."""
    kind = next((x for x in numbers if type(x) not in PLAIN), numbers[0] if numbers else 0.0)
    guards = {guard.condition: guard for guard in lines.guards}
    values = list(numbers)
    for place, step in enumerate(lines.steps[lines.inputs :], lines.inputs):
        if step.operation == CONSTANT:
            values.append(step.constant)
        elif step.operation == LIKE:
            values.append(_of_kind(kind, step.constant))
        else:
            values.append(OPERATIONS[step.operation](*[values[x] for x in step.operands]))
        if place in guards:
            _check(lines, guards[place], values)
    return [values[place] for place in lines.outputs]


def _of_kind(kind: Number, constant: Any) -> Number:
    """Return an exact constant in the kind of the inputs."""
    if isinstance(constant, Fraction) and constant.denominator != 1:
        return number_like(kind, constant.numerator) / constant.denominator
    n = int(constant) if isinstance(constant, Fraction) else constant
    return number_like(kind, n)


def _check(lines: Listing, guard: Guard, values: Sequence[Any]) -> None:
    """Raise if a comparison would choose another branch than it did when it was recorded."""
    condition = values[guard.condition]
    while isinstance(condition, Value):
        condition = condition.data
    if isinstance(condition, Line):
        condition.guard(guard.truth, guard.location)
    elif bool(condition) is not guard.truth:
        raise _guard_error(lines, guard, lambda place: values[place])


def _guard_error(lines: Listing, guard: Guard, at: Callable[[int], Any], where: str = "") -> Any:
    text, compared = source.condition(lines, guard)
    numbers = ", ".join(f"{name} = {at(place)}" for name, place in compared.items())
    return GuardError(f"{text}{where}{': ' if numbers else ''}{numbers}")


# ---- On arrays --------------------------------------------------------------------------------

_BLOCK = 2**18  # numbers that are alive at once in a block: 2 MB, which stay in cache


class _Library:
    """The operations of a program, in the functions of an array library."""

    def __init__(self, space: Any, package: str, dtype: Any) -> None:
        self.space = space
        self.dtype = dtype
        self._package = package

    def cast(self, x: Any) -> Any:
        """Return a plain number as an array of this library."""
        if self._package == "numpy":
            return self.dtype.type(x) if type(x) in PLAIN else x
        return x if is_array(x) else self.space.asarray(float(x), dtype=self.dtype)

    def where(self, condition: Any, a: Any, b: Any) -> Any:
        if getattr(condition, "shape", ()) == () and self._package == "numpy":
            return self.cast(a if condition else b)
        return self.space.where(condition, self.cast(a), self.cast(b))

    def operation(self, name: str) -> Callable[..., Any]:
        """Return the function that computes an operation on arrays."""
        if name == "where":
            return self.where
        if name == "not":
            return operator.invert
        if name in ("power", "**"):
            return operator.pow
        if not hasattr(functions, name):
            return OPERATIONS[name]
        found: Any = self._found("log" if name == "ieee_log" else name)
        if found is None:
            return self._rebuilt(name)
        if self._package == "numpy" or name == "polygamma":
            return found  # type: ignore[no-any-return]
        return lambda *operands: found(*map(self.cast, operands))

    def _found(self, name: str) -> Callable[..., Any] | None:
        spellings = (name, name.replace("arc", "a", 1), {"lgamma": "gammaln"}.get(name, name))
        for module in (self.space, *NAMESPACES.get(self._package, ())[1:]):
            try:
                space = importlib.import_module(module) if isinstance(module, str) else module
            except ImportError:
                continue
            for spelling in spellings:
                function: Any = getattr(space, spelling, None)
                if callable(function):
                    return function  # type: ignore[no-any-return]
        return None

    def _rebuilt(self, name: str) -> Callable[..., Any]:
        """Return a function that the library lacks, from its body in `functions.py`."""
        body = getattr(functions, name).__wrapped__
        if hasattr(body, "__wrapped__") or name == "polygamma":  # it is primitive
            raise NotImplementedError(f"{self.space.__name__} has no function for {name}")
        scope: dict[str, Any] = {
            "__builtins__": builtins,
            "choose": self.where,
            "number_like": lambda _, n: n,
            "half": lambda _: 0.5,
            "pi": lambda _: math.pi,
        }
        for used in set(body.__code__.co_names) - set(scope):
            if hasattr(functions, used):
                scope[used] = self.operation(used)
        return types.FunctionType(body.__code__, scope, name)


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

    def run(
        self,
        lines: Listing,
        numbers: Sequence[Any],
        deliver: Callable[[int, Any], None],
        at: Callable[[int], str],
    ) -> None:
        """Deliver every output, by its index; `at(i)` tells which sample the one at i is."""
        values = self.constants.copy()
        values[: lines.inputs] = numbers
        for output, place in self.given:
            deliver(output, values[place])
        for place, function, operands, guard, outputs, forgotten in self.actions:
            values[place] = function(*[values[operand] for operand in operands])
            if guard is not None:
                _check_all(lines, guard, values, at)
            for output in outputs:
                deliver(output, values[place])
            for operand in forgotten:
                values[operand] = None


@functools.lru_cache(maxsize=64)
def _plan(lines: Listing, space: Any, package: str, dtype: Any, varies: tuple[bool, ...]) -> _Plan:
    library = _Library(space, package, dtype)
    guards = {guard.condition: guard for guard in lines.guards}
    constants: list[Any] = [_float_or_int(step.constant) for step in lines.steps]
    computed = [
        place
        for place, step in enumerate(lines.steps)
        if step.constant is None and step.operation != INPUT
    ]
    last: dict[int, int] = {}
    for place in computed:
        last.update(dict.fromkeys(lines.steps[place].operands, place))
        last.setdefault(place, place)
    operations = {lines.steps[place].operation for place in computed}
    known = {name: library.operation(name) for name in operations}
    forgotten: dict[int, list[int]] = {place: [] for place in computed}
    for place, use in last.items():
        if lines.steps[place].constant is None:
            forgotten[use].append(place)
    arrays = {place for place, is_array in enumerate(varies) if is_array}
    outputs: dict[int, list[int]] = {place: [] for place in computed}
    given = []
    for output, place in enumerate(lines.outputs):
        if place in outputs:
            outputs[place].append(output)
        else:
            given.append((output, place))
    actions, alive, most = [], len(arrays), 1
    for place in computed:
        operation, operands, _ = lines.steps[place]
        function, guard = known[operation], guards.get(place)
        actions.append(_Action(place, function, operands, guard, outputs[place], forgotten[place]))
        if not arrays.isdisjoint(operands):
            arrays.add(place)
            most = max(most, alive := alive + 1)
        alive -= len(arrays.intersection(forgotten[place]))
    return _Plan(constants, given, actions, most)


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
        first = int(numpy.asarray(wrong).argmax())
        size = numpy.size(wrong)

        def number(place: int) -> Any:
            x = numpy.asarray(values[place])
            return x.ravel()[first] if x.size == size else x

        raise _guard_error(lines, guard, number, f" for {at(first)}")


def _at_once(lines: Listing, numbers: list[Any], reduce: str | None) -> list[Any]:
    """Compute on arrays of any library, whole."""
    import numpy

    arrays = [x for x in numbers if is_array(x)]
    space = namespace(arrays[0])
    dtype = next((x.dtype for x in arrays if "float" in str(x.dtype)), (arrays[0] * 1.0).dtype)
    inputs = [x if is_array(x) else space.asarray(x, dtype=dtype) for x in numbers]
    inputs = [x if "float" in str(x.dtype) else x * 1.0 for x in inputs]
    shape = numpy.broadcast_shapes(*[tuple(x.shape) for x in inputs])
    plan = _plan(lines, space, package(arrays[0]), dtype, (True,) * len(inputs))
    outputs: list[Any] = [None] * len(lines.outputs)
    plan.run(lines, inputs, outputs.__setitem__, lambda i: f"sample {i}")
    outputs = [x if is_array(x) else space.asarray(x, dtype=dtype) for x in outputs]
    outputs = [space.broadcast_to(x, shape) for x in outputs]
    if reduce is None:
        return outputs
    share = _share(math.prod(shape), reduce)
    shapes = [(), *[tuple(x.shape) for x in inputs]]
    return [_summed(x, own) * share for x, own in zip(outputs, shapes, strict=True)]


def _summed(x: Any, shape: tuple[int, ...]) -> Any:
    """Add up the axes along which an input of this shape was broadcast."""
    space = namespace(x)
    extra = len(x.shape) - len(shape)
    axes = [i for i, n in enumerate(x.shape) if i < extra or shape[i - extra] != n]
    return space.reshape(space.sum(x, axis=tuple(axes)), shape) if axes else x


def _in_blocks(lines: Listing, numbers: list[Any], reduce: str | None) -> list[Any]:
    """Compute on NumPy arrays, a block of samples at a time."""
    import numpy

    shape = numpy.broadcast_shapes(*[getattr(x, "shape", ()) for x in numbers])
    if any(is_array(x) and x.dtype == object for x in numbers):
        return _by_sample(lines, numbers, shape, reduce)
    arrays = [x for x in numbers if is_array(x)]
    kinds = [x.dtype if x.dtype.kind == "f" else numpy.dtype(float) for x in arrays]
    dtype = numpy.result_type(*kinds)
    plan = _plan(lines, numpy, "numpy", dtype, tuple(map(is_array, numbers)))
    size = math.prod(shape)
    block = min(max(_BLOCK // plan.most, 256), 2**14, max(size, 1))
    columns = [_column(x, shape, dtype) for x in numbers]
    shapes = [(), *map(numpy.shape, numbers)] if reduce else [shape] * len(lines.outputs)
    sinks = [_Sink(own, shape, dtype) for own in shapes]
    with numpy.errstate(all="ignore"):
        for start in range(0, size, block):
            stop = min(start + block, size)
            inputs = [column(start, stop) for column in columns]
            at = functools.partial(_sample, shape, start)

            def deliver(output: int, part: Any, start: int = start, stop: int = stop) -> None:
                sinks[output].add(start, stop, part)

            plan.run(lines, inputs, deliver, at)
    return [sink.result(_share(size, reduce)) for sink in sinks]


def _share(size: int, reduce: str | None) -> float:
    """Return what each sample's share of the result is; the mean of no samples is nan."""
    if reduce != "mean":
        return 1
    return 1 / size if size else math.nan


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
    if view.ndim == 1:
        return lambda start, stop: view[start:stop].astype(dtype, copy=False)
    return lambda start, stop: view.flat[start:stop].astype(dtype, copy=False)


class _Sink:
    """Where the blocks of one output go: into an array over the batch, or into sums of it."""

    def __init__(self, own: tuple[int, ...], shape: tuple[int, ...], dtype: Any) -> None:
        import numpy

        self.is_whole = own == shape
        self.numbers = numpy.empty(own, dtype) if self.is_whole else numpy.zeros(own)
        self.flat = self.numbers.reshape(-1)
        self.dtype = dtype
        self.places: Any = None
        if not self.is_whole and own != ():
            places = numpy.arange(self.flat.size).reshape(own)
            self.places = numpy.broadcast_to(places, shape)

    def add(self, start: int, stop: int, part: Any) -> None:
        import numpy

        if self.is_whole:
            self.flat[start:stop] = part
        elif self.places is None:
            self.flat += numpy.sum(numpy.broadcast_to(part, stop - start), dtype=float)
        else:
            part = numpy.broadcast_to(part, stop - start)
            numpy.add.at(self.flat, self.places.flat[start:stop], part)

    def result(self, share: float) -> Any:
        if share != 1:
            self.numbers *= share
        if self.numbers.shape == ():
            return self.dtype.type(self.numbers).item()
        return self.numbers.astype(self.dtype, copy=False)


def _by_sample(
    lines: Listing, numbers: list[Any], shape: tuple[int, ...], reduce: str | None
) -> list[Any]:
    """Compute on arrays of objects (Fractions, Values, ...), one sample after the other."""
    import numpy

    columns = [numpy.broadcast_to(numpy.asarray(x, dtype=object), shape).ravel() for x in numbers]
    rows = [replayed(lines, row) for row in zip(*columns, strict=True)]
    outputs = [numpy.empty(len(rows), dtype=object) for _ in lines.outputs]
    for place, row in enumerate(rows):
        for output, number in zip(outputs, row, strict=True):
            output[place] = number
    outputs = [output.reshape(shape) for output in outputs]
    if reduce is None:
        return outputs
    shapes = [(), *map(numpy.shape, numbers)]
    sums = [_summed(x, own) for x, own in zip(outputs, shapes, strict=True)]
    if reduce == "sum":
        return sums
    return [x / len(rows) if rows else x * math.nan for x in sums]
