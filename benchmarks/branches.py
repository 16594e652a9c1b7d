"""A batch over several branches against the sum of its groups: what parting its samples costs.

    python -m benchmarks.branches

Of a jitted function a batch is computed as it is; and each group of samples that go one way by the
program of that way, guards included. Both take turns in one run, and the ratios are those of the
best times: on one processor of the time that it works, for machines are shared; on all of the time
that passes. Where llvmlite is installed both are compiled. It runs on Linux, where a process can be
kept to one processor. The C library is told to keep memory that is freed: to take results of
some sizes from the system anew, page by page, would cost as much as the groups compute.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import autodiff
from autodiff import GuardError, cos, exp, sin

SIZES = 100_000, 1_000_000
_ROUNDS = 3_000_000  # samples that are computed in all
_KEPT = {-1: 2**30, -3: 2**25}  # M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of mallopt(3), in bytes


def short(x: Any, y: Any) -> Any:
    return x * x if x > 0 else -x


def chain(x: Any, y: Any, length: int, start: int) -> Any:
    z = x
    for i in range(length):
        z = z * y + (start + i) * x - z / (2.0 + start)
        if i % 4 == 1:
            z = sin(z)
    return z


def pieces(count: int, length: int) -> Callable[[Any, Any], Any]:
    """Return a function of so many branches, each of so many times five operations."""

    def f(x: Any, y: Any) -> Any:
        ends = range(1, count)
        return chain(x, y, length, next((i for i in ends if x < 4 * i / count - 2), count))

    return f


def unlike(x: Any, y: Any) -> Any:
    """Three branches of twenty operations that have nothing in common."""
    z = x
    for i in range(4):
        if x < -2 / 3:
            z = z * y - x / (z * z + 2.0)
        elif x < 2 / 3:
            z = (z + y) * (x - i) * z + y
        else:
            z = y - z / (x + 1.0 + i) - x * x
    return sin(z) if x < -2 / 3 else cos(z) if x < 2 / 3 else exp(-z * z)


def kepler(mean: Any, eccentricity: Any) -> Any:
    x = mean
    while abs(x - eccentricity * sin(x) - mean) > 1e-10:
        x = x - (x - eccentricity * sin(x) - mean) / (1 - eccentricity * cos(x))
    return x


def collatz(x: Any, y: Any) -> Any:
    result = y
    while x != 1:
        x = x / 2 if x % 2 == 0 else 3 * x + 1
        result = result * 0.5 + x * y
    return result


CASES: dict[str, tuple[Callable[[Any, Any], Any], tuple[float, float], tuple[float, float]]] = {
    "2 branches of one operation": (short, (-2, 2), (-1, 1)),
    "3 branches of 20 operations": (pieces(3, 4), (-2, 2), (-1, 1)),
    "3 of 20, nothing alike": (unlike, (-2, 2), (-1, 1)),
    "8 branches of 20 operations": (pieces(8, 4), (-2, 2), (-1, 1)),
    "8 branches of 200 operations": (pieces(8, 40), (-2, 2), (-1, 1)),
    "Kepler's equation": (kepler, (0.1, 3), (0, 0.95)),
    "Collatz's sequence": (collatz, (1, 12), (-1, 1)),
}


def groups(f: Any, x: Any, y: Any) -> list[tuple[Any, Any, Any]]:
    """Return each program of a jitted function, with the samples that go its way."""
    way = np.full(len(x), -1)
    for sample, numbers in enumerate(zip(x.tolist(), y.tolist(), strict=True)):
        for number, program in enumerate(f.programs):
            try:
                program(*numbers)
            except GuardError:
                continue
            way[sample] = number
            break
    found = [(program, way == number) for number, program in enumerate(f.programs)]
    return [(program, x[mask], y[mask]) for program, mask in found if mask.any()]


@contextlib.contextmanager
def processors(count: int | None) -> Iterator[None]:
    """Let this process run on so many processors: None for all that it may use."""
    usable = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(sorted(usable)[:count]))
    try:
        yield
    finally:
        os.sched_setaffinity(0, usable)


def ratio(name: str, size: int, clock: Callable[[], float]) -> float:
    """Return how long a batch takes, of its groups."""
    function, of_x, of_y = CASES[name]
    chance = np.random.default_rng(3)
    x, y = chance.uniform(*of_x, SIZES[0]), chance.uniform(*of_y, SIZES[0])
    x = np.floor(x) if function is collatz else x
    f = autodiff.jit(function, (0, 1))
    f.value_and_grad(x, y)
    parts = groups(f, x, y)
    if importlib.util.find_spec("llvmlite") is not None:
        parts = [(program.compile(), *numbers) for program, *numbers in parts]
    times = size // SIZES[0]
    parts = [(program, *(np.tile(x, times) for x in numbers)) for program, *numbers in parts]
    x, y = np.tile(x, times), np.tile(y, times)

    def seconds(work: Callable[[], Any]) -> float:
        start = clock()
        work()
        return clock() - start

    def whole() -> Any:
        return f.value_and_grad(x, y)

    def apart() -> Any:
        return [program.value_and_grad(*numbers) for program, *numbers in parts]

    taken = [(seconds(whole), seconds(apart)) for _ in range(max(_ROUNDS // size, 8))]
    best, best_apart = map(min, zip(*taken, strict=True))
    return best / best_apart


CLOCKS = [(1, time.process_time), (None, time.perf_counter)]  # on so many processors


if __name__ == "__main__":
    for parameter, most in _KEPT.items():
        ctypes.CDLL(None).mallopt(parameter, most)
    columns = [(size, *way) for size in SIZES for way in CLOCKS]
    heads = [f"{size:,}, {count or 'all'}" for size, count, _ in columns]
    print(f"{'samples, processors':30}", *[f"{head:>15}" for head in heads])
    for name in CASES:
        ratios = []
        for size, count, clock in columns:
            with processors(count):
                ratios.append(ratio(name, size, clock))
        print(f"{name:30}", *[f"{x:15.2f}" for x in ratios])
