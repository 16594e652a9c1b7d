"""What an operation costs: this engine, micrograd, and the least that a class can do.

    python -m pip install . micrograd && python -m benchmarks.engine

Each engine runs in fresh processes of its own, for a heap full of other modules makes garbage
collection dear. They take turns, and no time is printed before all gradients agree.
"""

from __future__ import annotations

import argparse
import gc
import importlib.metadata
import importlib.util
import itertools
import json
import math
import platform
import random
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

OPERATIONS = 643  # of one sample: 305 products, 305 sums and 33 tanh


# ---- The engines ------------------------------------------------------------------------------


class Minimal:
    """The least class that can do it, in the style of microgpt: no names, no guards, no errors."""

    __slots__ = ("data", "grad", "operands", "partials")

    def __init__(self, data: float, operands: Any = (), partials: Any = ()) -> None:
        self.data, self.grad, self.operands, self.partials = data, 0.0, operands, partials

    def __add__(self, other: Any) -> Minimal:
        other = other if isinstance(other, Minimal) else Minimal(other)
        return Minimal(self.data + other.data, (self, other), (1.0, 1.0))

    __radd__ = __add__

    def __mul__(self, other: Any) -> Minimal:
        other = other if isinstance(other, Minimal) else Minimal(other)
        return Minimal(self.data * other.data, (self, other), (other.data, self.data))

    def tanh(self) -> Minimal:
        t = math.tanh(self.data)
        return Minimal(t, (self,), (1 - t * t,))

    def backward(self) -> None:
        order, seen = [], set()

        def visit(node: Minimal) -> None:
            if node not in seen:
                seen.add(node)
                for operand in node.operands:
                    visit(operand)
                order.append(node)

        visit(self)
        self.grad = 1.0
        for node in reversed(order):
            for operand, partial in zip(node.operands, node.partials, strict=False):
                operand.grad += partial * node.grad


def of_autodiff() -> tuple[Any, str]:
    import autodiff  # here, so that the other engines' processes do without it

    return autodiff.Value, autodiff.__version__


def of_micrograd() -> tuple[Any, str]:
    """Return micrograd's class with a tanh, which it lacks, made as its own operations are."""
    from micrograd.engine import Value

    def tanh(self: Any) -> Any:
        out = Value(math.tanh(self.data), (self,), "tanh")

        def backward() -> None:
            self.grad += (1 - out.data**2) * out.grad

        out._backward = backward
        return out

    Value.tanh = tanh
    return Value, importlib.metadata.version("micrograd")


ENGINES: dict[str, Callable[[], tuple[Any, str]]] = {
    "autodiff": of_autodiff,
    "minimal": lambda: (Minimal, "in this file"),
    "micrograd": of_micrograd,
}


# ---- What is measured, in a process of its own -------------------------------------------------


def layers_of(number: Callable[[float], Any]) -> list[Any]:
    """Return the network's 337 variables: of each neuron its bias and its weights."""
    chance = random.Random(0)
    return [
        [[number(chance.uniform(-1, 1)) for _ in range(inputs + 1)] for _ in range(outputs)]
        for inputs, outputs in itertools.pairwise((2, 16, 16, 1))
    ]


def error(layers: list[Any], signals: Any = (0.3, -0.7)) -> Any:
    """Return the squared error of one sample, in `OPERATIONS` operations."""
    for layer in layers:
        outputs = []
        for total, *weights in layer:
            for weight, signal in zip(weights, signals, strict=True):
                total = total + weight * signal
            outputs.append(total.tanh())
        signals = outputs
    delta = signals[0] + -0.5
    return delta * delta


def gradient(layers: list[Any]) -> list[float]:
    """Return the derivatives in the variables, which add up over all graphs so far."""
    return [variable.grad for layer in layers for neuron in layer for variable in neuron]


def timed(build: Callable[[], Any]) -> tuple[float, float, float]:
    """Return the seconds of processor of building a graph, of its backward, and of both."""
    gc.collect()
    start = time.process_time()
    root = build()
    built = time.process_time()
    root.backward()
    end = time.process_time()
    return built - start, end - built, end - start


def ns_in_a_graph(count: int, layers: list[Any]) -> float:
    """Return the time of an operation where the errors of many samples are added up."""
    samples = round(count / (OPERATIONS + 1))
    errors = (error(layers, (0.3, i / samples)) for i in range(samples))
    return 1e9 * timed(lambda: sum(errors))[-1] / (samples * (OPERATIONS + 1))


def bytes_a_node(number: Callable[[float], Any], factor: Any) -> list[float]:
    """Return the bytes that a product takes in a chain, before backward and after."""
    length, node = 10_000, number(1.0)
    gc.collect()
    tracemalloc.start()
    for _ in range(length):
        node = node * factor
    before = tracemalloc.get_traced_memory()[0]
    node.backward()
    gc.collect()
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return [before / length, after / length]


def held(measurements: list[Callable[[], float]]) -> list[float]:
    """Measure with the cyclic garbage collector held, as `autodiff.collector_paused` does."""
    gc.disable()
    try:
        return [measure() for measure in measurements]
    finally:
        gc.enable()


def measured(name: str, repeats: int, *counts: int) -> dict[str, Any]:
    """Measure an engine; this is all that its process does."""
    number, version = ENGINES[name]()
    sys.setrecursionlimit(1_000_000)  # two of the engines recurse
    layers = layers_of(number)
    root = error(layers)
    root.backward()
    first = gradient(layers)
    times = [timed(lambda: error(layers)) for _ in range(repeats)]
    found = {
        "version": version,
        "times": [1e9 * min(column) / OPERATIONS for column in zip(*times, strict=True)],
        "large": [ns_in_a_graph(count, layers) for count in counts],
        "held": held([lambda count=count: ns_in_a_graph(count, layers) for count in counts]),
        "bytes": bytes_a_node(number, number(1.0)) + bytes_a_node(number, 1.0000001),
    }
    return found | {"result": [root.data, *first, *gradient(layers)]}


# ---- The report -------------------------------------------------------------------------------


def in_a_process(name: str, *numbers: int) -> Any:
    command = [sys.executable, "-m", "benchmarks.engine", "--measure", name, *map(str, numbers)]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


def check_results(found: dict[str, list[Any]]) -> None:
    """Stop if an engine's error or a derivative is not that of the others, but for rounding."""
    expected = found["autodiff"][0]["result"]
    for process in itertools.chain(*found.values()):
        for a, b in zip(expected, process["result"], strict=True):
            if not math.isclose(a, b, rel_tol=1e-9):
                raise SystemExit(f"two engines differ, autodiff has {a!r} and another {b!r}")


def show(found: dict[str, list[Any]], key: str, *heads: str) -> None:
    """Print what each engine took, and the ratios."""
    print(f"{'':22}" + "".join(f"{head:>18}" for head in heads))
    columns = {name: list(zip(*(one[key] for one in found[name]), strict=True)) for name in found}
    for name, column in columns.items():
        cells = (f"{min(ns):,.0f} ({statistics.median(ns):,.0f})" for ns in column)
        print(f"{name:22}" + "".join(f"{cell:>18}" for cell in cells))
    for name in list(found)[1:]:
        pairs = zip(columns["autodiff"], columns[name], strict=True)
        ratios = ((min(a) / min(b), statistics.median(a) / statistics.median(b)) for a, b in pairs)
        cells = (f"{least:.2f} ({median:.2f})" for least, median in ratios)
        print(f"{f'autodiff / {name}':22}" + "".join(f"{cell:>18}" for cell in cells))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="processes of each engine")
    parser.add_argument("--repeats", type=int, default=300, help="graphs in each process")
    parser.add_argument("--large", action="store_true", help="also 10**7 operations: many GB")
    options = parser.parse_args()
    names = [name for name in ENGINES if name != "micrograd" or importlib.util.find_spec(name)]
    counts = [10**4, 10**5, 10**6, *([10**7] if options.large else [])]
    found: dict[str, list[Any]] = {name: [] for name in names}
    for _, name in itertools.product(range(options.rounds), names):
        found[name].append(in_a_process(name, options.repeats, *counts))
    check_results(found)
    print(platform.platform(), platform.python_implementation(), platform.python_version())
    print(*(f"{name} {processes[0]['version']}" for name, processes in found.items()), sep="; ")
    print(f"""\
{options.rounds} processes of each engine: the minimum over them (and the median) of processor time,
import and letting a graph go left out. All agree in the derivatives, of the first graph and of all.

ns an operation: a 2-16-16-1 network of {OPERATIONS} operations, best of {options.repeats}""")
    show(found, "times", "forward", "backward", "together")
    print("""
ns an operation in one graph of so many, forward and backward, the first time, with Python's cyclic
garbage collector as it is by default""")
    show(found, "large", *(f"{count:,}" for count in counts))
    print("\nthe same with the collector held (in autodiff: `with autodiff.collector_paused():`)")
    show(found, "held", *(f"{count:,}" for count in counts))
    print("""
bytes of node * x, and of node * constant with the node that an engine may make of the constant; as
tracemalloc counts them, numbers included; before backward, and after""")
    show(found, "bytes", "x, before", "x, after", "constant, before", "constant, after")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        print(json.dumps(measured(sys.argv[2], *map(int, sys.argv[3:]))))
    else:
        main()
