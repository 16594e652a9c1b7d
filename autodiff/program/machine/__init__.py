"""Programs as machine code, by LLVM: what `Program.compile` computes with.

Takes a listing and numbers, as `replay` does, and gives the same outputs: one sample and batches by
a kernel that is compiled when it is first needed; on other kinds of number, as `replay` does.
"""

from __future__ import annotations

import functools
import hashlib
import math
import os
import threading
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autodiff.arrays import PLAIN, is_array, is_numpy
from autodiff.listing import Guard, Listing
from autodiff.listing import evaluated as computed_by
from autodiff.program import replay
from autodiff.program.evaluation import evaluated, guard_error
from autodiff.program.machine import cache
from autodiff.program.machine.batches import STREAMED, Batch, Column, first_failing
from autodiff.program.machine.kernel import Bound, Code, object_code
from autodiff.program.machine.layout import Variant
from autodiff.program.machine.memory import aligned
from autodiff.program.machine.parted import Parted, Plan, Stage
from autodiff.program.machine.primitives import primitives
from autodiff.program.machine.target import Target, llvm, target_of
from autodiff.program.machine.writing import TOGETHER, Facts, module

LARGEST = 200_000  # lines that are compiled: half a minute


class CompileWarning(UserWarning):
    """A program is not compiled, and stays Python."""

    __module__ = "autodiff"


class _Buffers(threading.local):
    """The buffers of one thread of Python."""

    def __init__(self) -> None:
        self.bound: dict[Listing, Bound | None] = {}


@dataclass(eq=False)
class Machine:
    """What computes the lines of one program as machine code.

    Attributes
    ----------
    exact : bool
        Whether results have the engine's very bits.
    bits : int or None
        How many a vector has; None: as many as the machine can.
    threads : int or None
        On how many large batches are computed; None: on all that the process may use.
    """

    exact: bool = False
    bits: int | None = None
    threads: int | None = None

    def __post_init__(self) -> None:
        self.target: Target = target_of(self.bits)
        self._threads = usable_threads() if self.threads is None else self.threads
        if self._threads < 1:
            raise ValueError(f"threads is at least 1, and not {self.threads}")
        self._codes: dict[tuple[Listing, Variant], Code | None] = {}
        self._local = _Buffers()

    def __reduce__(self) -> Any:
        return Machine, (self.exact, self.bits, self.threads)

    def outputs_of(
        self, lines: Listing, numbers: Sequence[Any], reduce: str | None = None
    ) -> list[Any]:
        """Compute the outputs; see `replay.outputs_of`."""
        others = [x for x in numbers if type(x) not in PLAIN]
        if all(map(_is_double, others)):
            bound = self.bound(lines)
            if bound is not None:
                bound.inputs[:] = numbers
                if bound.run() < 0:
                    return bound.outputs.tolist()  # type: ignore[no-any-return]
            return evaluated(lines, numbers)  # which names the guard that does not hold
        if all(map(is_taken, others)):
            outputs = self._of_batch(lines, numbers, reduce)
            if outputs is not None:
                return outputs
        return replay.outputs_of(lines, list(numbers), reduce)

    def bound(self, lines: Listing) -> Bound | None:
        """Return the buffers of this thread for one evaluation; None if there is no code."""
        buffers = self._local.bound
        if lines not in buffers:
            buffers[lines] = self.bound_to(lines, aligned((lines.inputs,)))
        return buffers[lines]

    def bound_to(self, lines: Listing, inputs: Any) -> Bound | None:
        """Return buffers for one evaluation of these inputs; None if there is no code."""
        variant = Variant((False,) * lines.inputs, (False,) * len(lines.outputs))
        code = self._code(lines, variant)
        if code is None:
            return None
        return Bound(code, inputs, len(lines.outputs), functools.partial(evaluated, lines))

    def _of_batch(
        self, lines: Listing, numbers: Sequence[Any], reduce: str | None
    ) -> list[Any] | None:
        """Compute on arrays; None where that is left to NumPy: few numbers, or sums of parts."""
        import numpy

        owns = [() if type(x) in PLAIN else x.shape for x in numbers]
        shape = numpy.broadcast_shapes(*set(owns))
        size, sizes = math.prod(shape), {own: math.prod(own) for own in set(owns)}
        if size < 2 or (reduce and any(1 < n < size for n in sizes.values())):
            return None
        varies = tuple([sizes[own] > 1 for own in owns])
        shapes = [shape] * len(lines.outputs)
        if reduce:
            shapes = [() if i is None else owns[i] for i in lines.derivative_in]
        summed = tuple([own != shape and sizes.get(own, 1) == 1 for own in shapes])
        columns, shared = [], []
        for x, is_varying in zip(numbers, varies, strict=True):
            if is_varying:
                columns.append(Column.of(x, shape))
            else:
                shared.append(x if type(x) in PLAIN else x.item())
        batch = self.computed(lines, Variant(varies, summed), columns, shared, size)
        if batch is None:
            return None
        if batch.failed < size:
            self._check(lines, numbers, shape, batch.failed)
            return None  # at the very edge of a branch Python's digits decide
        return batch.results(shapes, size if reduce == "mean" else 1)

    def computed(
        self, lines: Listing, variant: Variant, columns: Sequence[Column], shared: Any, size: int
    ) -> Batch | None:
        """Compute a batch; None if there is no code."""
        is_large = 8 * size * variant.rows >= STREAMED
        is_streamed = is_large and self.target.lanes == 8  # a whole line of the cache
        code = self._code(lines, variant.streamed if is_streamed else variant)
        if code is None:
            return None
        batch = Batch(code, variant, columns, shared, size)
        batch.run(self._threads)
        return batch

    def at_once(
        self, lines: Listing, variant: Variant, columns: Sequence[Column], shared: Any, size: int
    ) -> Batch | None:
        """Compute a batch; None also if a sample contradicts a guard."""
        batch = self.computed(lines, variant, columns, shared, size)
        return batch if batch is not None and batch.failed == size else None

    def parted(
        self, root: Stage, numbers: Sequence[Any], shape: tuple[int, ...], summed: tuple[bool, ...]
    ) -> tuple[list[Any], list[float]] | None:
        """Compute samples that go different ways: the outputs over the batch, and sums over it.

        None if a sample goes a way that there is not, or if there is no code.
        """
        varies = tuple([is_array(x) and x.size > 1 for x in numbers])
        pairs = zip(numbers, varies, strict=True)
        given = [_column(x, shape) if is_varying else _number(x) for x, is_varying in pairs]
        size = math.prod(shape)
        batch = self._parted(root, Variant(varies, summed), given, size)
        if batch is None:
            return None
        return [row[:size] for row in batch.rows], batch.totals(1).tolist()

    def parted_at_once(
        self, root: Stage, variant: Variant, columns: Sequence[Column], shared: Any, size: int
    ) -> Parted | None:
        """Compute the same of columns; None also if their numbers are not side by side."""
        if any(column.stride != 8 for column in columns):
            return None
        varying, single = iter(columns), iter(shared)
        given = [next(varying if is_varying else single) for is_varying in variant.varies]
        return self._parted(root, variant, given, size)

    def _parted(
        self, root: Stage, variant: Variant, given: Sequence[Any], size: int
    ) -> Parted | None:
        key = (self, variant)
        if key not in root.plans:
            root.plans[key] = Plan(self._code, self.target, root, variant.varies, variant.summed)
        plan = root.plans[key]
        if not plan.is_compiled:
            return None
        batch = Parted(plan, given, size)
        batch.run(self._threads)
        return None if batch.failed else batch

    def _check(
        self, lines: Listing, numbers: Sequence[Any], shape: tuple[int, ...], first: int
    ) -> None:
        """Raise the error of the guard that one of the samples taken together contradicts."""
        import numpy

        def check(sample: list[Any], name: str) -> None:
            def of_guard(guard: Guard, values: Sequence[Any]) -> None:
                if bool(values[guard.condition]) is not guard.truth:
                    at = [float(x[0]) if is_array(x) else x for x in values]
                    raise guard_error(lines, guard, at.__getitem__, f" for {name}")

            with numpy.errstate(all="ignore"):
                computed_by(lines, sample, check=of_guard)

        first_failing(numbers, shape, first, TOGETHER, check)

    # ---- Code ---------------------------------------------------------------------------------

    def _code(self, lines: Listing, variant: Variant) -> Code | None:
        """Return the code for these lines: known, kept on disk, or compiled now."""
        key = (lines, variant)
        if key not in self._codes:
            self._codes[key] = self._made(lines, variant)
        return self._codes[key]

    def takes(self, lines: Listing, level: int = 3) -> bool:
        """Return whether lines are compiled; warn where they are too many."""
        count = len(lines.computed)
        if count > LARGEST:
            warnings.warn(
                f"the program has {count:,} lines, and at most {LARGEST:,} are compiled: it is "
                "computed in Python",
                CompileWarning,
                stacklevel=level,
            )
        return count <= LARGEST

    def _made(self, lines: Listing, variant: Variant) -> Code | None:
        if not self.takes(lines, 6):
            return None
        name = self._key(lines, variant)
        kept = cache.read(name)
        if kept is not None:
            (symbols, sizes), code = kept
            return Code(code, Facts(tuple(symbols), tuple(sizes)), self.target)
        listing = primitives(lines, exact=self.exact)
        text, facts = module(listing, variant, self.target, exact=self.exact)
        code = object_code(text, self.target)
        cache.write(name, facts, code)
        return Code(code, facts, self.target)

    def _key(self, lines: Listing, variant: Variant) -> str:
        steps = [(step.operation, step.operands, repr(step.constant)) for step in lines.steps]
        guards = [(place, guard.truth) for place, guard in lines.guards.items()]
        what = (steps, lines.outputs, guards, variant, self.exact, self.target, _versions())
        return hashlib.sha256(repr(what).encode()).hexdigest()


def usable_threads() -> int:
    """Return on how many processors this process may run."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


@functools.cache
def _versions() -> tuple[str, ...]:
    """Return what else the code depends on: LLVM, and the text of this package."""
    import llvmlite

    package = Path(__file__).parents[2]
    files = [*package.glob("*.py"), *package.glob("program/**/*.py")]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(files)))
    version = ".".join(map(str, llvm().llvm_version_info))
    return llvmlite.__version__, version, digest.hexdigest()


def _column(x: Any, shape: tuple[int, ...]) -> Column:
    """Return an array as a column whose numbers follow one upon the other, if need be as copies."""
    column = Column.of(x, shape)
    return column if column.stride == 8 else column._replace(base=None, stride=8)


def _number(x: Any) -> float:
    """Return what all samples share as a float; it may be an array of one number."""
    return float(x.item() if is_array(x) else x)


def _is_double(x: Any) -> bool:
    """Return whether `x` is one number that a float holds: of Python, or a float64."""
    return type(x) in PLAIN or (is_numpy(x) and not is_array(x) and str(x.dtype) == "float64")


def is_taken(x: Any) -> bool:
    """Return whether `x` is such a number, or an array of them or of whole numbers."""
    if _is_double(x):
        return True
    return is_numpy(x) and is_array(x) and (x.dtype.kind in "biu" or x.dtype.str[1:] == "f8")
