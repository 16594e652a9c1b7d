"""Building and differentiating a graph, side by side with micrograd in one run.

    python -m pip install . micrograd && python -m benchmarks.engine

The graph is the squared error of a 2-16-16-1 network with relu. The engines take turns, and the
ratio is that of the medians: machines differ, and one machine differs from minute to minute.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import random
import statistics
import time
from collections.abc import Callable
from typing import Any

SIZES = (2, 16, 16, 1)


def network(number: Callable[[float], Any]) -> Callable[[], Any]:
    """Return a function that builds the error of one sample on numbers of this engine."""
    chance = random.Random(0)
    layers = [
        [([number(chance.uniform(-1, 1)) for _ in range(inputs)], number(0.1))
         for _ in range(outputs)]
        for inputs, outputs in itertools.pairwise(SIZES)
    ]  # fmt: skip

    def error() -> Any:
        signals: list[Any] = [0.3, -0.7]
        for layer in layers:
            signals = [
                sum((w * x for w, x in zip(weights, signals, strict=True)), bias).relu()
                for weights, bias in layer
            ]
        return (signals[0] - 1.0) ** 2

    return error


def seconds(build: Callable[[], Any]) -> tuple[float, float]:
    """Return how long it takes to build the graph and to differentiate it, once each."""
    gc.collect()
    start = time.perf_counter()
    error = build()
    built = time.perf_counter()
    error.backward()
    return built - start, time.perf_counter() - built


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=200)
    rounds = parser.parse_args().rounds

    import micrograd.engine

    import autodiff

    engines = {
        "autodiff": network(autodiff.Value),
        "micrograd": network(micrograd.engine.Value),
    }
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in engines}
    for _ in range(rounds):
        for name, build in engines.items():
            times[name].append(seconds(build))
    print(f"{'':12}{'build':>12}{'backward':>12}{'together':>12}   (median microseconds)")
    medians = {}
    for name, pairs in times.items():
        build, backward = (statistics.median(column) for column in zip(*pairs, strict=True))
        medians[name] = build, backward, build + backward
        print(f"{name:12}" + "".join(f"{1e6 * time:12.0f}" for time in medians[name]))
    ratios = (a / b for a, b in zip(medians["autodiff"], medians["micrograd"], strict=True))
    print(f"{'ratio':12}" + "".join(f"{ratio:12.2f}" for ratio in ratios))


if __name__ == "__main__":
    main()
