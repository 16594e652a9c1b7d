"""The systems of kernels over many samples: Dr.Jit with `freeze`, and Warp; on the processor."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.network import POINT, error, flat, samples_of, shown, size, weights_of
from benchmarks.timing import Made, once, whole


def evaluation(form: str, width: int) -> Made:
    return SYSTEMS[form](width).traced().samples(np.array([POINT]), ...)


def mean(form: str, width: int, rows: int) -> Made:
    return SYSTEMS[form](width).traced().mean(samples_of(rows))


def samples(form: str, width: int, rows: int) -> Made:
    return SYSTEMS[form](width).traced().samples(samples_of(rows), shown(rows))


def compiling(form: str, width: int) -> Made:
    """What is done before the first call, and that call, which compiles."""
    system = SYSTEMS[form](width)
    return once(
        system.traced,
        lambda made: made.samples(np.array([POINT]), ...).numbers,
        lambda found: found,
    )


class DrJit:
    """Dr.Jit on its LLVM backend, frozen: the first call traces, and the next run its kernel."""

    def __init__(self, width: int) -> None:
        import drjit
        from drjit.llvm.ad import Float64

        drjit.set_thread_count(0)  # all is done by the thread that calls
        self.drjit, self.float, self.width = drjit, Float64, width
        self.weights = [Float64(weight) for weight in weights_of(width)]
        drjit.make_opaque(self.weights)

    def traced(self) -> DrJit:
        return self

    def gradients(self, weights: Any, xs: Any, rows: int) -> Any:
        """Return the errors and their derivatives, in a copy of the weights for each sample."""
        weights = [weight + self.drjit.zeros(self.float, rows) for weight in weights]
        self.drjit.enable_grad(weights)
        values = error(weights, xs, self.width, self.drjit.tanh)
        self.drjit.backward(values)
        return self.drjit.detach(values), [self.drjit.grad(weight) for weight in weights]

    def gradient(self, weights: Any, xs: Any, rows: int) -> Any:
        weights = [self.float(weight) for weight in weights]
        self.drjit.enable_grad(weights)
        value = self.drjit.mean(error(weights, xs, self.width, self.drjit.tanh))
        self.drjit.backward(value)
        return self.drjit.detach(value), [self.drjit.grad(weight) for weight in weights]

    def called(self, f: Any, xs: Any) -> Any:
        columns, rows = [self.float(column) for column in np.ascontiguousarray(xs.T)], len(xs)
        frozen = self.drjit.freeze(lambda weights, xs: f(weights, xs, rows))

        def work() -> Any:
            result = frozen(self.weights, columns)
            self.drjit.eval(result)
            self.drjit.sync_thread()
            return result

        return work

    def mean(self, xs: Any) -> Made:
        return whole(self.called(self.gradient, xs), lambda found: flat(found[0], *found[1]))

    def samples(self, xs: Any, pick: Any) -> Made:
        def numbers(found: Any) -> Any:
            columns = [slope.numpy()[pick] for slope in found[1]]
            return flat(found[0].numpy()[pick], np.stack(columns, axis=-1))

        return whole(self.called(self.gradients, xs), numbers)


class Line:
    """A number of a kernel that is being written: its name there."""

    written: list[str] = []  # noqa: RUF012

    def __init__(self, text: str, known: bool = False) -> None:
        self.name = text if known else f"v{len(Line.written)}"
        if not known:
            Line.written.append(f"    {self.name} = {text}\n")

    def __add__(self, other: Any) -> Line:
        return Line(f"{self.name} + {text_of(other)}")

    def __mul__(self, other: Any) -> Line:
        return Line(f"{self.name} * {text_of(other)}")

    def tanh(self) -> Line:
        return Line(f"wp.tanh({self.name})")


def text_of(number: Any) -> str:
    return number.name if isinstance(number, Line) else f"wp.float64({number})"


KERNEL = """
import warp as wp


@wp.kernel
def of_network(
    weights: wp.array2d(dtype=wp.float64), xs: wp.array2d(dtype=wp.float64),
    errors: wp.array(dtype=wp.float64),
):
    sample = wp.tid()
{shared}
{lines}    errors[sample] = {result}
"""


class Warp:
    """Warp: a kernel of the network's lines, a sample a thread, and its adjoint."""

    def __init__(self, width: int) -> None:
        import warp

        warp.config.quiet = True
        warp.init()
        self.warp, self.width = warp, width

    def traced(self) -> Warp:
        """Write the kernel, which Warp reads from a file."""
        weights = [Line(f"weights[row, {i}]") for i in range(size(self.width))]
        xs = [Line(f"xs[sample, {i}]") for i in range(2)]
        self.result = error(weights, xs, self.width, Line.tanh).name
        return self

    def called(self, xs: Any, copies: int) -> Any:
        """Return the call of kernel and adjoint; samples share one copy of the weights or not."""
        warp = self.warp
        row = "    row = sample" if copies > 1 else "    row = 0"
        text = KERNEL.format(shared=row, lines="".join(Line.written), result=self.result)
        Path("of_network.py").write_text(text, encoding="utf-8")
        sys.path.insert(0, "")
        kernel = importlib.import_module("of_network").of_network
        rows = len(xs)
        weights = warp.array(
            np.tile(weights_of(self.width), (copies, 1)), dtype=warp.float64, requires_grad=True
        )
        samples = warp.array(xs, dtype=warp.float64)
        errors = warp.zeros(rows, dtype=warp.float64, requires_grad=True)
        tape = warp.Tape()
        with tape:
            warp.launch(kernel, dim=rows, inputs=[weights, samples], outputs=[errors])
        ones = warp.full(rows, 1.0, dtype=warp.float64)

        def work() -> Any:
            weights.grad.zero_()
            warp.launch(kernel, dim=rows, inputs=[weights, samples], outputs=[errors])
            tape.backward(grads={errors: ones})
            return errors.numpy(), weights.grad.numpy()

        return work

    def mean(self, xs: Any) -> Made:
        def numbers(found: Any) -> Any:
            values, slopes = found
            return flat(values.mean(), slopes / len(values))

        return whole(self.called(xs, 1), numbers)

    def samples(self, xs: Any, pick: Any) -> Made:
        return whole(self.called(xs, len(xs)), lambda found: flat(*(part[pick] for part in found)))


SYSTEMS: dict[str, Any] = {"drjit": DrJit, "warp": Warp}
