"""The engines that build a graph while the numbers are computed, one object a number.

None of these processes loads NumPy: a heap full of other modules makes garbage collection dear.
"""

from __future__ import annotations

import functools
import gc
import math
import os
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks import microgpt
from benchmarks.network import POINT, error, weights_of
from benchmarks.timing import Made, constant, parted

FACTOR = 1.0000001  # of the chain


class Microgpt:
    """The least class that can do it, in the style of microgpt: no names, no guards, no errors."""

    __slots__ = ("data", "grad", "operands", "partials")

    def __init__(self, data: float, operands: Any = (), partials: Any = ()) -> None:
        self.data, self.grad, self.operands, self.partials = data, 0.0, operands, partials

    def backward(self) -> None:
        order, seen = [], set()

        def visit(node: Microgpt) -> None:
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


# ---- The classes ------------------------------------------------------------------------------


def of_autodiff(build: str) -> Any:
    """Return the class of a build, which has to be the one that is asked for."""
    if build == "compiled":
        sys.path.insert(0, os.environ["COMPILED"])
    import autodiff

    if autodiff.__compiled__ != (build == "compiled"):
        raise ImportError(f"the engine of {autodiff.__file__} is not {build}")
    return autodiff.Value


def of_micrograd() -> Any:
    """Return micrograd's class with a tanh, which it lacks, made as its own operations are."""
    from micrograd.engine import Value

    def tanh(self: Any) -> Any:
        out = Value(math.tanh(self.data), (self,), "tanh")

        def backward() -> None:
            self.grad += (1 - out.data**2) * out.grad

        out._backward = backward
        return out

    Value.tanh = tanh
    return Value


def of_torch() -> Any:
    import torch

    torch.set_num_threads(1)
    return lambda x: torch.tensor(x, dtype=torch.float64, requires_grad=True)


CLASSES: dict[str, Callable[[], Any]] = {
    "plain": lambda: of_autodiff("plain"),
    "compiled": lambda: of_autodiff("compiled"),
    "microgpt": lambda: Microgpt,
    "micrograd": of_micrograd,
    "torch": of_torch,
}

# ---- A gradient in each: from variables and a function of them ---------------------------------

Function = Callable[[list[Any]], Any]
Passes = tuple[float, float, float, list[float]]  # seconds of the two passes, value, derivatives


def timed(forward: Callable[[], Any], backward: Callable[[Any], Any]) -> tuple[float, float, Any]:
    """Return the seconds of processor of the two passes, and the root."""
    start = time.process_time()
    root = forward()
    built = time.process_time()
    backward(root)
    return built - start, time.process_time() - built, root


def by_methods(form: str, f: Function, numbers: list[float]) -> Callable[[], Passes]:
    """Return a gradient by a class with `tanh` and `backward`, whose gradients add up in `grad`."""
    kind = CLASSES[form]()
    variables = [kind(number) for number in numbers]
    none_yet = None if form == "torch" else 0.0

    def step() -> Passes:
        for variable in variables:
            variable.grad = none_yet
        *times, root = timed(lambda: f(variables), lambda root: root.backward())
        return *times, float(root.data), [float(variable.grad) for variable in variables]

    return step


def by_xad(f: Function, numbers: list[float]) -> Callable[[], Passes]:
    import xad.adj_1st
    import xad.math

    tape = xad.adj_1st.Tape()
    tape.activate()
    xad.adj_1st.Real.tanh = lambda self: xad.math.tanh(self)
    variables = [xad.adj_1st.Real(number) for number in numbers]
    tape.registerInputs(variables)

    def forward() -> Any:
        tape.newRecording()
        return f(variables)

    def backward(root: Any) -> None:
        tape.registerOutput(root)
        root.setAdjoint(1.0)
        tape.computeAdjoints()

    def step() -> Passes:
        *times, root = timed(forward, backward)
        return *times, root.getValue(), [variable.getDerivative() for variable in variables]

    return step


def by_autograd(f: Function, numbers: list[float]) -> Callable[[], Passes]:
    """It has no numbers of its own: a function of the array of all variables is differentiated."""
    import autograd
    from autograd.numpy.numpy_boxes import ArrayBox

    ArrayBox.tanh = lambda self: autograd.numpy.tanh(self)
    flat = autograd.numpy.array(numbers)

    def step() -> Passes:
        found: list[Any] = []
        *times, (_, value) = timed(
            lambda: autograd.core.make_vjp(lambda x: f([x[i] for i in range(len(flat))]), flat),
            lambda made: found.extend(made[0](1.0)),
        )
        return *times, float(value), list(map(float, found))

    return step


def gradient(form: str, f: Function, numbers: list[float]) -> Callable[[], Passes]:
    sys.setrecursionlimit(100_000_000)  # two of the engines recurse
    if form == "xad":
        return by_xad(f, numbers)
    if form == "autograd":
        return by_autograd(f, numbers)
    return by_methods(form, f, numbers)


# ---- What is measured --------------------------------------------------------------------------


def eager(form: str, width: int) -> Made:
    """One graph of the network: its building, and backward."""
    step = gradient(form, lambda w: error(w, POINT, width, lambda x: x.tanh()), weights_of(width))
    *_, value, slopes = step()
    return parted(lambda: step()[:2], [value, *slopes])


def chain(form: str, length: int) -> Made:
    """A chain of products with a constant, with the collector paused: building, and backward."""
    step = gradient(
        form, lambda x: functools.reduce(lambda node, _: node * FACTOR, range(length), x[0]), [1.0]
    )
    gc.disable()
    *first, value, slopes = step()

    def again() -> tuple[float, ...]:
        gc.collect()  # the cycles of some
        return step()[:2]

    if length > 100_000:  # it takes long, and is timed while it is compared
        return constant(tuple(first), [value, *slopes])
    return parted(again, [value, *slopes])


def model(form: str, steps: int) -> Made:
    """Training `benchmarks/microgpt.py`: a step."""
    sys.setrecursionlimit(1_000_000)
    losses, seconds = microgpt.train(CLASSES[form](), steps)
    return constant((seconds,), losses)
