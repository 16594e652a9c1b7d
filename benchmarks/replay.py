"""The gradient of a network: by the engine, by its program on floats, and on a NumPy batch.

    python -m benchmarks.replay

The function is the squared error of a 2-16-16-1 network with tanh, its variables the 337 weights.
All take turns in one run, and the ratios are those of the medians: machines differ, and one machine
differs from minute to minute.
"""

from __future__ import annotations

import argparse
import itertools
import random
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import autodiff
from autodiff.program import trace

SIZES = (2, 16, 16, 1)
COUNT = sum((inputs + 1) * outputs for inputs, outputs in itertools.pairwise(SIZES))


def error(weights: Any, x: Any, goal: Any) -> Any:
    """Return the squared error of the network for one sample."""
    weights = iter(weights)
    signals = x
    for inputs, outputs in itertools.pairwise(SIZES):
        signals = [
            autodiff.tanh(autodiff.dot(itertools.islice(weights, inputs), signals) + next(weights))
            for _ in range(outputs)
        ]
    return (signals[0] - goal) ** 2


def by_engine(weights: list[float], x: list[float], goal: float) -> list[float]:
    """Return the gradient in the weights by `Value.backward`."""
    variables = [autodiff.Value(weight) for weight in weights]
    error(variables, x, goal).backward()
    return [variable.grad for variable in variables]


def seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--batch", type=int, default=8192)
    options = parser.parse_args()

    chance = random.Random(0)
    weights = [chance.uniform(-1, 1) for _ in range(COUNT)]
    x, goal = [0.3, -0.7], 0.5
    batch = list(np.random.default_rng(0).normal(size=(2, options.batch)))
    start = time.perf_counter()
    program = trace(lambda weights: error(weights, x, goal), weights)
    of_batch = trace(lambda weights, a, b: error(weights, [a, b], goal), weights, *x)
    print(f"{program!r}, both traced in {time.perf_counter() - start:.2f} s")
    assert program.grad(weights) == by_engine(weights, x, goal)

    works: dict[str, tuple[Callable[[], Any], int]] = {
        "engine": (lambda: by_engine(weights, x, goal), 1),
        "program on floats": (lambda: program.value_and_grad(weights), 1),
        "program on a batch": (
            lambda: of_batch.value_and_grad(weights, *batch, reduce="mean"),
            options.batch,
        ),
    }
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(options.rounds + 1):
        for name, (work, samples) in works.items():
            times[name].append(seconds(work) / samples)
    print(f"{'':20}{'a sample':>12}{'ratio':>9}   (median of {options.rounds}, microseconds)")
    medians = {name: statistics.median(column[1:]) for name, column in times.items()}
    for name, median in medians.items():
        print(f"{name:20}{1e6 * median:12.2f}{medians['engine'] / median:9.1f}")


if __name__ == "__main__":
    main()
