"""A batch over several branches against the sum of its groups: what parting its samples costs.

    python -m benchmarks.branches

Of a jitted function a batch is computed as it is; and each group of samples that go one way by the
program of that way, guards included. Both take turns in one run, and the ratios are those of the
best times of the processor: machines are shared. Where llvmlite is installed both are compiled.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import autodiff
from autodiff import GuardError, sin

SIZE = 100_000


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


def kepler(mean: Any, eccentricity: Any) -> Any:
    x = mean
    while abs(x - eccentricity * sin(x) - mean) > 1e-10:
        x = x - (x - eccentricity * sin(x) - mean) / (1 - eccentricity * autodiff.cos(x))
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


def seconds(work: Callable[[], Any]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def rows() -> list[tuple[str, float]]:
    """Return what is computed, and the ratio."""
    found = []
    is_compiled = importlib.util.find_spec("llvmlite") is not None
    chance = np.random.default_rng(3)
    for name, (function, of_x, of_y) in CASES.items():
        x, y = chance.uniform(*of_x, SIZE), chance.uniform(*of_y, SIZE)
        x = np.floor(x) if function is collatz else x
        f = autodiff.jit(function, (0, 1))
        f.value_and_grad(x, y)
        parts = groups(f, x, y)
        if is_compiled:
            parts = [(program.compile(), *numbers) for program, *numbers in parts]

        def whole(f: Any = f, x: Any = x, y: Any = y) -> Any:
            return f.value_and_grad(x, y)

        def apart(parts: Any = parts) -> Any:
            return [program.value_and_grad(*numbers) for program, *numbers in parts]

        times = [(seconds(whole), seconds(apart)) for _ in range(30)]
        best, best_apart = map(min, zip(*times, strict=True))
        found.append((name, best / best_apart))
    return found


if __name__ == "__main__":
    for name, ratio in rows():
        print(f"{name:30} {ratio:5.2f}")
