"""Every engine of scalars for Python on the same network, and on a small language model.

    python -m pip install micrograd autograd xad torch
    AUTODIFF_COMPILE=1 python -m pip install --no-deps --target compiled .
    python -m benchmarks.peers --compiled compiled

Each engine runs in processes of its own, which take turns. No time is printed before the errors and
all derivatives agree. One that is not installed is named and left out.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import itertools
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks import engine, microgpt

Step = Callable[[], tuple[float, float, float, list[float]]]  # seconds of two passes, results


class Microgpt(engine.Minimal):
    """The least class with all operations of a language model, most made of others."""

    __slots__ = ()

    def __add__(self, other: Any) -> Microgpt:
        other = other if isinstance(other, Microgpt) else Microgpt(other)
        return Microgpt(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other: Any) -> Microgpt:
        other = other if isinstance(other, Microgpt) else Microgpt(other)
        return Microgpt(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, n: float) -> Microgpt:
        return Microgpt(self.data**n, (self,), (n * self.data ** (n - 1),))

    def tanh(self) -> Microgpt:
        t = math.tanh(self.data)
        return Microgpt(t, (self,), (1 - t * t,))

    def exp(self) -> Microgpt:
        e = math.exp(self.data)
        return Microgpt(e, (self,), (e,))

    def log(self) -> Microgpt:
        return Microgpt(math.log(self.data), (self,), (1 / self.data,))

    def relu(self) -> Microgpt:
        return Microgpt(max(0.0, self.data), (self,), (float(self.data > 0),))

    # fmt: off
    __radd__, __rmul__ = __add__, __mul__
    def __neg__(self) -> Any:                  return self * -1
    def __sub__(self, other: Any) -> Any:      return self + (-other)
    def __rsub__(self, other: Any) -> Any:     return other + (-self)
    def __truediv__(self, other: Any) -> Any:  return self * other**-1
    def __rtruediv__(self, other: Any) -> Any: return other * self**-1
    # fmt: on


# ---- One step of the network in each engine ----------------------------------------------------


def timed(forward: Callable[[], Any], backward: Callable[[Any], Any]) -> tuple[float, float, Any]:
    """Return the seconds of processor of the two passes, and the root."""
    start = time.process_time()
    root = forward()
    built = time.process_time()
    backward(root)
    return built - start, time.process_time() - built, root


def variables(layers: list[Any]) -> list[Any]:
    return [variable for layer in layers for neuron in layer for variable in neuron]


def by_methods(kind: Any) -> Step:
    """Return a step of a class with `tanh` and `backward`, whose gradients add up in `grad`."""
    layers = engine.layers_of(kind)

    def step() -> tuple[float, float, float, list[float]]:
        for variable in variables(layers):
            variable.grad = 0.0
        forward, backward, root = timed(lambda: engine.error(layers), lambda root: root.backward())
        return forward, backward, root.data, [variable.grad for variable in variables(layers)]

    return step


def of_xad() -> Step:
    import xad.adj_1st
    import xad.math

    tape = xad.adj_1st.Tape()
    tape.activate()
    layers = engine.layers_of(xad.adj_1st.Real)
    xad.adj_1st.Real.tanh = lambda self: xad.math.tanh(self)
    tape.registerInputs(variables(layers))

    def forward() -> Any:
        tape.newRecording()
        return engine.error(layers)

    def backward(root: Any) -> None:
        tape.registerOutput(root)
        root.setAdjoint(1.0)
        tape.computeAdjoints()

    def step() -> tuple[float, float, float, list[float]]:
        *times, root = timed(forward, backward)
        return *times, root.getValue(), [v.getDerivative() for v in variables(layers)]

    return step


def of_autograd() -> Step:
    """It has no numbers of its own: a function of the array of all variables is differentiated."""
    import autograd
    from autograd.numpy.numpy_boxes import ArrayBox

    ArrayBox.tanh = lambda self: autograd.numpy.tanh(self)
    layers = engine.layers_of(float)
    flat = autograd.numpy.array(variables(layers))

    def error(array: Any) -> Any:
        rest = (array[i] for i in range(len(flat)))
        return engine.error(
            [[[next(rest) for _ in neuron] for neuron in layer] for layer in layers]
        )

    def step() -> tuple[float, float, float, list[float]]:
        found: list[Any] = []
        forward, backward, (_, value) = timed(
            lambda: autograd.core.make_vjp(error, flat),
            lambda made: found.extend(made[0](1.0)),
        )
        return forward, backward, float(value), list(map(float, found))

    return step


def of_torch() -> Step:
    import torch

    torch.set_num_threads(1)
    layers = engine.layers_of(lambda x: torch.tensor(x, dtype=torch.float64, requires_grad=True))

    def step() -> tuple[float, float, float, list[float]]:
        for variable in variables(layers):
            variable.grad = None
        forward, backward, root = timed(lambda: engine.error(layers), lambda root: root.backward())
        return forward, backward, root.item(), [v.grad.item() for v in variables(layers)]

    return step


def of_autodiff(build: str) -> Any:
    """Return the class of a build, which has to be the one that is asked for."""
    if build == "compiled":
        sys.path.insert(0, os.environ["COMPILED"])
    import autodiff

    if autodiff.__compiled__ != (build == "compiled"):
        raise SystemExit(f"the engine of {autodiff.__file__} is not {build}")
    return autodiff.Value


CLASSES: dict[str, Callable[[], Any]] = {
    "autodiff, plain": lambda: of_autodiff("plain"),
    "autodiff, compiled": lambda: of_autodiff("compiled"),
    "microgpt's style": lambda: Microgpt,
    "micrograd": lambda: engine.of_micrograd()[0],
}
ENGINES: dict[str, Callable[[], Step]] = {
    **{name: lambda make=make: by_methods(make()) for name, make in CLASSES.items()},
    "XAD": of_xad,
    "HIPS autograd": of_autograd,
    "PyTorch": of_torch,
}
DISTRIBUTIONS = {
    "micrograd": "micrograd", "XAD": "xad", "HIPS autograd": "autograd", "PyTorch": "torch",
}  # fmt: skip


# ---- What a process measures -------------------------------------------------------------------


def measured(name: str, repeats: int) -> dict[str, Any]:
    sys.setrecursionlimit(1_000_000)  # two of the engines recurse
    step = ENGINES[name]()
    *_, error, gradient = step()
    times = [step()[:2] for _ in range(repeats)]
    least = [min(forward for forward, _ in times), min(backward for _, backward in times)]
    return {"times": [1e9 * t / engine.OPERATIONS for t in least], "result": [error, *gradient]}


def measured_model(name: str, steps: int) -> dict[str, Any]:
    sys.setrecursionlimit(1_000_000)
    losses, seconds = microgpt.train(CLASSES[name](), steps)
    return {"times": [1e3 * seconds], "result": losses}


# ---- The report --------------------------------------------------------------------------------


def in_a_process(kind: str, name: str, count: int) -> Any:
    command = [sys.executable, "-m", "benchmarks.peers", kind, name, str(count)]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


def all_measured(kind: str, names: list[str], rounds: int, count: int) -> dict[str, list[Any]]:
    """Measure the engines in turn; stop if one has another result."""
    found: dict[str, list[Any]] = {name: [] for name in names}
    for _, name in itertools.product(range(rounds), names):
        found[name].append(in_a_process(kind, name, count))
    expected = found[names[0]][0]["result"]
    for name, processes in found.items():
        for a, b in zip(expected, processes[0]["result"], strict=True):
            if not math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-15):
                raise SystemExit(f"two engines differ: {a!r}, and {b!r} in {name}")
    return found


def rows(found: dict[str, list[Any]], unit: str) -> None:
    """Print a row for each engine: the least time of each part, and all in microgpt's."""

    def together(name: str, of: Callable[[Any], float]) -> float:
        return of(sum(process["times"]) for process in found[name])

    for name, processes in found.items():
        parts = [
            f"{min(column):,.0f}" for column in zip(*(p["times"] for p in processes), strict=True)
        ]
        least, middle = (
            together(name, of) / together("microgpt's style", of) for of in (min, statistics.median)
        )
        sums = f" | {together(name, min):,.0f}" if len(parts) > 1 else ""
        print(f"| {name} | {' | '.join(parts)}{sums}{unit} | {least:.2f} ({middle:.2f}) |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--compiled", help="the folder that the compiled engine is installed to")
    parser.add_argument("--rounds", type=int, default=5, help="processes of each engine")
    parser.add_argument("--repeats", type=int, default=300, help="graphs in each process")
    parser.add_argument("--steps", type=int, default=15, help="of training, in each process")
    options = parser.parse_args()
    os.environ["COMPILED"] = os.path.abspath(options.compiled or "")
    absent = [name for name, d in DISTRIBUTIONS.items() if not importlib.util.find_spec(d)]
    if not options.compiled:
        absent.append("autodiff, compiled")
    names = [name for name in ENGINES if name not in absent]
    versions = [
        f"{n} {importlib.metadata.version(d)}" for n, d in DISTRIBUTIONS.items() if n in names
    ]
    print(f"{platform.platform()}, {platform.python_implementation()} {platform.python_version()}")
    print("; ".join([*versions, *(f"{name}: not measured" for name in absent)]))
    print(
        f"\n{options.rounds} processes of each, which took turns. The least time of the processor; "
        "in brackets the ratio of\nthe medians. All agree in the error and its 337 derivatives.\n"
        f"\n2-16-16-1 tanh network, {engine.OPERATIONS} operations, ns an operation\n\n"
        "| engine | forward | backward | together | / microgpt's style |\n"
        "| --- | --- | --- | --- | --- |"
    )
    rows(all_measured("--step", names, options.rounds, options.repeats), "")
    names = [name for name in CLASSES if name in names and name != "micrograd"]
    print(
        f"\nTraining `benchmarks/microgpt.py`, {options.steps} steps, in which all losses agree\n\n"
        "| engine | a step | / microgpt's style |\n| --- | --- | --- |"
    )
    rows(all_measured("--model", names, options.rounds, options.steps), " ms")


if __name__ == "__main__":
    if sys.argv[1:2] in (["--step"], ["--model"]):
        measure = measured if sys.argv[1] == "--step" else measured_model
        print(json.dumps(measure(sys.argv[2], int(sys.argv[3]))))
    else:
        main()
