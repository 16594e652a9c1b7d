"""A batch of samples on a kernel: where its numbers are, in blocks, on several threads.

Takes NumPy arrays and numbers; gives the outputs as arrays over the batch, or their sums. Inputs
are read where they are; what is not laid out as the kernel reads it is copied a block at a time.
"""

from __future__ import annotations

import ctypes
import math
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from autodiff.program.machine.kernel import Code
from autodiff.program.machine.layout import Variant
from autodiff.program.machine.memory import address_of, aligned, for_results

_LEAST = 2**23  # lines times samples of a block: about a millisecond
_MOST = 2**30  # after which an interrupt is taken: about a tenth of a second
_BLOCKS = 512  # that a large batch is cut into
STREAMED = 2**22  # bytes of results from which on they bypass the caches

_lock = threading.Lock()  # of what the threads of a batch have found


def size_of_block(lines: int, size: int) -> int:
    """Return how many samples are computed in one call: whole vectors of every machine."""
    lines = max(lines, 1)
    wanted = min(max(size // _BLOCKS, _LEAST // lines), _MOST // lines)
    return max(wanted // 16, 1) * 16


def distance_of(size: int) -> int:
    """Return how many doubles a row of results takes: whole vectors, an odd number of cache lines.

    A power of two would put all rows into the same sets of a cache.
    """
    return 8 * (-(-size // 16) * 2 | 1)


class Column(NamedTuple):
    """Where one input's numbers are, for every sample of the batch.

    Attributes
    ----------
    numbers : numpy.ndarray or iterator
        What has to live; or what is copied, a block at a time, if there is no base.
    base : int or None
        The address of the first number.
    stride : int
        The distance to the next one, in bytes.
    """

    numbers: Any
    base: int | None
    stride: int

    @classmethod
    def of(cls, x: Any, shape: tuple[int, ...]) -> Column:
        """Return an array, broadcast to the shape of the batch, as a column."""
        import numpy

        view = x if x.shape == shape else numpy.broadcast_to(x, shape)
        is_line = view.ndim == 1 or view.flags.c_contiguous
        if is_line and view.dtype == float:
            return cls(view, address_of(view), view.strides[-1])
        return cls(view if view.ndim == 1 else view.flat, None, 8)  # flat copies

    def at(self, start: int, stop: int) -> tuple[Any, int, int]:
        """Return what has to live, the address of sample 0, and the distance to the next one."""
        if self.base is not None:
            return self.numbers, self.base, self.stride
        import numpy

        part = numpy.ascontiguousarray(self.numbers[start:stop], dtype=float)
        return part, address_of(part) - 8 * start, 8


class _Frame:
    """What a thread calls a kernel with: the fields of a frame, and memory of its own."""

    def __init__(self, code: Code, columns: int) -> None:
        self.fields = (ctypes.c_int64 * (7 + 2 * columns))()
        self.pointer = ctypes.c_void_p(ctypes.addressof(self.fields))
        self._scratch = aligned((code.scratch,))
        self.fields[0] = address_of(self._scratch)

    @classmethod
    def of(cls, code: Code, columns: int) -> _Frame:
        """Return one that no thread uses; it is put back into `frames`."""
        try:
            frame: _Frame = code.frames.pop()
        except IndexError:
            frame = cls(code, columns)
        return frame


class Batch:
    """One call of a kernel on a batch.

    Results are handed on when all are there: an interrupt leaves nothing half written.
    """

    def __init__(
        self,
        code: Code,
        variant: Variant,
        columns: Sequence[Column],
        shared: Any,
        size: int,
    ) -> None:
        import numpy

        self.code = code
        self.variant = variant
        self.columns = columns
        self.size = size
        self.shared = numpy.ascontiguousarray(shared, dtype=float)
        self.block = size_of_block(code.lines, size)
        self.starts = range(0, size, self.block)
        self.distance = distance_of(size)
        self.rows = for_results((variant.rows, self.distance))
        self.sums = numpy.empty((len(self.starts), len(variant.summed) - variant.rows))
        self._waiting = enumerate(self.starts)
        self.failed = size  # where the first one begins of the groups that contradict a guard

    def run(self, threads: int) -> None:
        """Compute every block."""
        threads = min(threads, len(self.starts))
        if threads <= 1:
            return self._work()
        with ThreadPoolExecutor(threads) as pool:
            try:
                futures = [pool.submit(self._work) for _ in range(threads)]
                for future in futures:
                    future.result()
            except BaseException:
                self.failed = -1  # and no block is begun any more
                raise
        return None

    def _work(self) -> None:
        """Compute blocks until none is left."""
        code, columns = self.code, self.columns
        frame = _Frame.of(code, len(columns))
        shared, rows, sums = map(address_of, (self.shared, self.rows, self.sums))
        for number, start in self._waiting:
            if start > self.failed:
                break
            stop = min(start + self.block, self.size)
            totals = sums + number * self.sums.strides[0]
            places: list[Any] = [shared, rows, 8 * self.distance, start, stop, totals]
            parts = [column.at(start, stop) for column in columns]
            for part in parts:
                places += part[1:]
            frame.fields[1:] = places
            failed = code.call(frame.pointer)
            if failed >= 0:
                with _lock:
                    self.failed = min(self.failed, failed)
        code.frames.append(frame)

    def totals(self, divisor: int) -> Any:
        """Return the sums over the batch, divided."""
        sums = self.sums[0] if len(self.sums) == 1 else self.sums.sum(axis=0)
        return sums / divisor

    def results(self, shapes: Sequence[tuple[int, ...]], divisor: int) -> list[Any]:
        """Return every output in its shape: an array over the batch, or a sum."""
        rows, totals = iter(self.rows), iter(self.totals(divisor).tolist())
        outputs: list[Any] = []
        for is_summed, own in zip(self.variant.summed, shapes, strict=True):
            if not is_summed:
                row = next(rows)[: self.size].reshape(own)
                outputs.append(divided(row, divisor))
            else:
                total = next(totals)
                outputs.append(total if own == () else _filled(total, own))
        return outputs


def divided(rows: Any, divisor: int) -> Any:
    """Return rows of results, or a sum, divided; rows where they are."""
    if divisor != 1:
        rows /= divisor
    return rows


def _filled(number: float, shape: tuple[int, ...]) -> Any:
    import numpy

    return numpy.full(shape, number)


def first_failing(
    numbers: Sequence[Any],
    shape: tuple[int, ...],
    first: int,
    count: int,
    check: Callable[[list[Any], str], None],
) -> None:
    """Check some samples one by one, each by its numbers and by what it is called."""
    import numpy

    views = [numpy.broadcast_to(x, shape) for x in numbers]
    for place in range(first, min(first + count, math.prod(shape))):
        index = tuple(map(int, numpy.unravel_index(place, shape)))
        name = f"sample {index[0] if len(index) == 1 else index}"
        check([view[index].astype(float).reshape(1) for view in views], name)
