"""A batch whose samples go different ways, on kernels: a tree of them, block after block.

Takes the stages of a tree; gives the outputs over the batch, or their sums. A stage at which ways
part writes a list of samples for each; what is behind it reads their numbers where they are, and
writes its results where they belong in their block. A block is small enough that what it reads and
writes stays in a near cache; when all its samples are there, its results go to those of the batch
line by line, past the caches: ways would come upon each line of them again and again.
"""

from __future__ import annotations

import ctypes
import functools
import itertools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from autodiff.listing import Listing
from autodiff.program.machine.batches import Column, distance_of
from autodiff.program.machine.kernel import Code
from autodiff.program.machine.layout import Variant
from autodiff.program.machine.memory import address_of, aligned, for_results
from autodiff.program.machine.target import Target, with_errors
from autodiff.program.machine.walking import walker

_NEAR = 2**16  # numbers of a block: 512 kB
_LARGEST = 2**14  # samples of a block
_SMALLEST = 2**10
_CALLS = 2**26  # lines times samples of one call of machine code: about 10 milliseconds
_WORTH = 2**24  # lines times samples that are worth a thread: about two milliseconds
_COPIED = 2**17  # samples of one call: of what is copied for it, 1 MB for each input


def threads_for(lines: int, size: int) -> int:
    """Return on how many threads a batch is worth being computed."""
    return max(lines * size // _WORTH, 1)


class Stage(Protocol):
    """What samples that have gone one way compute, until they part.

    Attributes
    ----------
    listing : Listing
        Its lines: from inputs and `used` to the outputs; or to which way samples go, and `made`.
    inputs : list of int
        Which numbers of the batch it takes.
    used, made : list of int
        The names of what it takes of what was computed before, and of what it computes for others.
    sides : list of (Stage, any)
        What is behind it.
    plans : dict
        What this module has made of it and of what is behind it.
    """

    listing: Listing
    inputs: list[int]
    used: list[int]
    made: list[int]
    plans: dict[Any, Any]

    @property
    def sides(self) -> Sequence[tuple[Any, Any]]: ...


# What addresses are counted from; behind these, for each input its base and its stride.
_ZERO, _SCRATCH, _ROWS, _LISTS, _ENDS, _COMING, _SHARED, _SUMS, _INPUTS = range(9)

Field = tuple[int, int]  # of a frame: what it is counted from, and how far from there it is


class Plan:
    """The code of a tree, and where in memory each stage finds what it needs.

    Parameters
    ----------
    code_of : callable
        Gives the code of lines and a variant; None if there is none.
    target : Target
        What the code is for.
    root : Stage
        What all samples compute.
    varies : tuple of bool
        Which numbers of the batch there are for each sample.
    summed : tuple of bool
        Which outputs are added up.

    Attributes
    ----------
    is_compiled : bool
        Whether all stages have code.
    lines : int
        How many lines are computed for a sample: the mean of the ways.
    """

    def __init__(
        self,
        code_of: Callable[[Listing, Variant], Code | None],
        target: Target,
        root: Stage,
        varies: tuple[bool, ...],
        summed: tuple[bool, ...],
    ) -> None:
        import numpy

        self.varies = varies
        self.summed = summed
        self.stages: list[Any] = []
        self.sides: list[list[int]] = []  # of each stage, the numbers of the stages behind it
        self.shared: list[int] = []  # the numbers of the batch that each stage has for all samples
        self._places: list[tuple[dict[int, int], int, int, int]] = []
        self._note(root, {}, 0, 0, 1)
        variants = [self._variant(number) for number in range(len(self.stages))]
        found = [code_of(x.listing, v) for x, v in zip(self.stages, variants, strict=True)]
        self.codes = [code for code in found if code is not None]
        self.is_compiled = len(self.codes) == len(found)
        if not self.is_compiled:
            return
        self.ways = max(map(len, self.sides))
        self.behind = numpy.array([x + [0] * (self.ways - len(x)) for x in self.sides], numpy.int64)
        self.kernels = numpy.array([code.address for code in self.codes], numpy.int64)
        self.walks: list[_Walk] = []  # that no thread computes with
        self.run = walker(target).call
        if any(code.is_in_python for code in self.codes):
            self.run = with_errors(self.run)
        self.made = max(made_at + 1 for _, made_at, _, _ in self._places)  # rows of a block
        self.kept = len(summed) - sum(summed)  # behind these, those of its results
        self.lists = max(x[3] + len(y) for x, y in zip(self._places, self.sides, strict=True))
        near = _NEAR // (self.made + self.lists + len(varies) + len(summed))
        self.block = max(min(near, _LARGEST), _SMALLEST) // 8 * 8
        self.pitch = distance_of(self.block + 16)  # a list is written beyond its end
        self.lines = self._lines()
        fields = [self._fields(number) for number in range(len(self.stages))]
        width = max(map(len, fields))
        padded = [row + [(_ZERO, 0)] * (width - len(row)) for row in fields]
        self.sources, self.offsets = numpy.moveaxis(numpy.array(padded, numpy.int64), 2, 0)

    def walk(self) -> _Walk:
        """Return what a thread computes blocks with; it is put back into `walks`."""
        try:
            return self.walks.pop()
        except IndexError:
            return _Walk(self)

    def _note(
        self, stage: Any, rows: dict[int, int], made_at: int, list_at: int, lists_at: int
    ) -> int:
        """Note a stage and those behind it; return its number.

        Rows and lists are those of a way: what other samples have there is not asked for any more.
        """
        number = len(self.stages)
        rows = {**rows, **{place: made_at + i for i, place in enumerate(stage.made)}}
        made_at += len(stage.made)
        self.stages.append(stage)
        self.sides.append([])
        self._places.append((rows, made_at, list_at, lists_at))
        next_at = lists_at + len(stage.sides)
        for i, (side, _) in enumerate(stage.sides):
            self.sides[number].append(self._note(side, rows, made_at, lists_at + i, next_at))
        return number

    def _lines(self) -> int:
        """Return how many lines a sample takes: the mean of the ways."""
        lines = [code.lines for code in self.codes]
        for number, sides in enumerate(self.sides):
            for side in sides:
                lines[side] += lines[number]
        ends = [n for n, sides in zip(lines, self.sides, strict=True) if not sides]
        return sum(ends) // len(ends)

    def _varying(self, number: int) -> list[bool]:
        """Return what a stage reads for each sample; the one without a list at least one input."""
        stage = self.stages[number]
        varies = [self.varies[i] for i in stage.inputs] + [True] * len(stage.used)
        return varies if number or any(varies) else [True, *varies[1:]]

    def _variant(self, number: int) -> Variant:
        stage, sides = self.stages[number], len(self.sides[number])
        summed = (False,) * (1 + len(stage.made)) if sides else self.summed
        return Variant(tuple(self._varying(number)), summed, is_listed=number > 0, sides=sides)

    def _fields(self, number: int) -> list[Field]:
        """Return the frame of a stage: see `kernel`."""
        stage, sides = self.stages[number], len(self.sides[number])
        rows, made_at, list_at, lists_at = self._places[number]
        varying = self._varying(number)
        shared, row, sums = len(self.shared), 8 * self.pitch, 8 * sum(self.summed)
        columns: list[Field] = []
        for i, is_varying in zip(stage.inputs, varying, strict=False):
            if is_varying and self.varies[i]:
                columns += [(_INPUTS + 2 * i, 0), (_INPUTS + 2 * i + 1, 0)]
            elif is_varying:  # one number for all samples
                columns += [(_SHARED, 8 * shared), (_ZERO, 0)]
                self.shared.append(i)
                shared += 1
            else:
                self.shared.append(i)
        for place in stage.used:
            columns += [(_ROWS, row * rows[place]), (_ZERO, 8)]
        samples = (_LISTS, 4 * self.pitch * list_at)
        results = (_ROWS, row * (made_at - len(stage.made) if sides else self.made))
        return [
            (_SCRATCH, 0),
            (_SHARED, 8 * shared),
            samples if number else results,
            (_ZERO, row),
            (_ZERO, 0),
            (_ZERO, 0),
            (_SUMS, sums * number),
            *columns,
            results if number else samples,
            (_LISTS, 4 * self.pitch * lists_at),
            (_ENDS, 8 * self.ways * number),
            (_COMING, 0),
        ]


class Parted:
    """One call on a batch; see `batches.Batch`."""

    def __init__(self, plan: Plan, columns: Sequence[Any], size: int) -> None:
        import numpy

        self.plan = plan
        self.columns = columns
        self.size = size
        self.blocks = -(-size // plan.block)
        samples = min(_CALLS // max(plan.lines, 1), _COPIED)
        self.at_once = max(samples // plan.block, 1)  # blocks of a call
        self.failed = False  # whether a sample goes a way that there is not
        self.distance = distance_of(size)
        self.rows = for_results((len(plan.summed) - sum(plan.summed), self.distance))
        self.sums = numpy.zeros((self.blocks, len(plan.stages), sum(plan.summed)))
        self.shared = numpy.array([*(columns[i] for i in plan.shared), 0.0])
        self.results = (address_of(self.rows), 8 * self.distance)
        self.addresses = (address_of(self.shared), address_of(self.sums))
        self._waiting = itertools.count()

    def totals(self, divisor: int) -> Any:
        """Return the sums over the batch, divided."""
        return self.sums.sum(axis=(0, 1)) / divisor

    def run(self, threads: int) -> None:
        """Compute every block."""
        threads = min(threads, self.blocks, threads_for(self.plan.lines, self.size))
        if threads <= 1:
            return self._work()
        self.at_once = max(min(self.at_once, self.blocks // (4 * threads)), 1)
        with ThreadPoolExecutor(threads) as pool:
            try:
                for future in [pool.submit(self._work) for _ in range(threads)]:
                    future.result()
            except BaseException:
                self.failed = True
                raise
        return None

    def _work(self) -> None:
        """Compute blocks until none is left, or a sample goes a way that there is not."""
        walk = self.plan.walk()
        while not self.failed:
            first = next(self._waiting) * self.at_once
            last = min(first + self.at_once, self.blocks)
            if first >= last:
                break
            if not walk(self, first, last):
                self.failed = True
                return  # and what it has counted by then is not kept
        self.plan.walks.append(walk)


class _Walk:
    """What one thread computes blocks with: memory of its own, and the frames of all stages."""

    def __init__(self, plan: Plan) -> None:
        import numpy

        words = functools.partial(numpy.array, dtype=numpy.int64)
        self.plan = plan
        scratch = aligned((max(code.scratch for code in plan.codes),))
        rows = aligned((plan.made + plan.kept, plan.pitch))
        lists = numpy.empty((plan.lists, plan.pitch), numpy.int32)
        lists[0] = numpy.arange(plan.pitch)  # all samples
        ends = words([[4 * plan.pitch * i for i in range(plan.ways)]] * len(plan.stages))
        columns, block = len(plan.varies), 8 * plan.block
        self.coming = words([0] * (2 + columns))
        starts = [0, *map(address_of, (scratch, rows, lists, ends, self.coming)), 0, 0]
        steps = [*[0] * 7, 8 * len(plan.stages) * sum(plan.summed)]
        self.starts = words([*starts, *[0, 8] * columns])
        moves = words([*steps, *[block, 0] * columns])[plan.sources].reshape(-1)
        self.moving = numpy.flatnonzero(moves)  # what is another in each block
        self.moves = numpy.stack([self.moving, self.moving, moves[self.moving]], axis=1)
        self.frames = numpy.empty(plan.sources.shape, numpy.int64)
        stack = numpy.empty((len(plan.stages) + 1, 2), numpy.int64)
        arrays = (plan.kernels, self.frames, plan.behind, ends, stack, self.moves)
        sizes = (self.frames.strides[0], plan.ways, len(self.moves))
        near = (address_of(self.coming), 4 * plan.pitch, plan.block)
        row = 8 * plan.pitch
        local = (address_of(rows) + row * plan.made, row, plan.kept)
        self.table = words([*map(address_of, arrays), *sizes, *near, *local, 0, 0, 0, 0, 0])
        self.pointer = ctypes.c_void_p(address_of(self.table))
        self._kept = (scratch, rows, lists, ends, stack)

    def __call__(self, batch: Parted, first: int, last: int) -> bool:
        """Compute some blocks; return whether all samples go a way that there is."""
        plan, start, stop = self.plan, first * self.plan.block, last * self.plan.block
        parts = [x.at(start, stop) if type(x) is Column else (None, 0, 0) for x in batch.columns]
        self.starts[_SHARED:_INPUTS] = batch.addresses
        self.starts[_INPUTS::2] = bases = [base for _, base, _ in parts]
        coming = [*filter(None, bases)]
        self.coming[1 : 2 + len(coming)] = len(coming), *coming
        self.frames[:] = self.starts[plan.sources] + plan.offsets
        self.moves[:, 1] = self.frames.reshape(-1)[self.moving]
        self.table[-5:] = *batch.results, batch.size, first, last
        done: bool = plan.run(self.pointer) < 0
        return done
