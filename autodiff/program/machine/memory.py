"""Memory of kernels: where it is, how it begins, and results that are large.

Memory of the size of large results comes from the system anew for each of them, page by page and
filled with zeros, which takes longer than most programs compute for what is written there. So the
memory of one such result is kept when nobody holds a part of it any more, for the next result.
"""

from __future__ import annotations

import ctypes
import math
from collections import deque
from collections.abc import Callable
from typing import Any

_ALIGNMENT = 64  # bytes of a cache line

_LARGE = 2**25  # bytes from which on the GNU C library always asks the system (mallopt(3))
_LARGEST = 2**27  # bytes that are kept at most

_NOTHING = ctypes.c_char * 0  # which an empty array holds, too

_kept: deque[Any] = deque(maxlen=1)  # what nobody holds


def address_of(array: Any) -> int:
    try:  # a quarter of the time, of arrays that may be written to and have no gaps
        return ctypes.addressof(_NOTHING.from_buffer(array))
    except TypeError:
        address: int = array.__array_interface__["data"][0]
        return address


def aligned(shape: tuple[int, ...]) -> Any:
    """Return an array of doubles that begins with a cache line."""
    import numpy

    count = math.prod(shape)
    if count == 0:
        return numpy.empty(shape)
    memory = numpy.empty(count + _ALIGNMENT // 8)
    start = -address_of(memory) % _ALIGNMENT // 8
    return memory[start : start + count].reshape(shape)


def for_results(shape: tuple[int, ...]) -> Any:
    """Return such an array; a large one may have the memory of results that are gone."""
    import numpy

    count = math.prod(shape)
    if not _LARGE <= 8 * count <= _LARGEST:
        return aligned(shape)
    try:
        memory = _kept.pop()
    except IndexError:
        memory = aligned((count,))
    if not count <= memory.size <= 2 * count:
        memory = aligned((count,))
    return numpy.asarray(_Held(memory))[:count].reshape(shape)


class _Held:
    """What arrays of results belong to: it lives as long as any part of them."""

    def __init__(self, memory: Any) -> None:
        self._memory = memory

    @property
    def __array_interface__(self) -> Any:
        return self._memory.__array_interface__

    def __del__(self, keep: Callable[[Any], None] = _kept.append) -> None:
        keep(self._memory)
