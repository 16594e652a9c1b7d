"""The systems that take the network as scalar formulas: CasADi, ddx-ad and wrenfold."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from benchmarks.network import POINT, error, flat, samples_of, shown, size, weights_of
from benchmarks.timing import Made, RefusedError, once, whole

Work = Callable[[], Any]
BLOCK = 1000  # samples of a call, where a system takes few; all numbers of rows are multiples


def blocks(array: Any) -> list[Any]:
    return [array[start : start + BLOCK] for start in range(0, len(array), BLOCK)]


def compiled(language: str, source: Path) -> str:
    """Compile a file of C or C++; return the path of the library."""
    compiler = {"c": "cc", "c++": "c++"}[language]
    library = source.with_suffix(".so").resolve()
    flags = ["-O3", "-march=native", "-shared", "-fPIC"]
    try:
        subprocess.run([compiler, *flags, str(source), "-o", str(library)], check=True)
    except FileNotFoundError:
        raise RefusedError(f"no {compiler} here") from None
    return str(library)


# ---- The measurements, alike for all -----------------------------------------------------------


def evaluation(form: str, width: int) -> Made:
    system, _, how = form.partition(", ")
    return SYSTEMS[system](width, how).evaluation()


def mean(form: str, width: int, rows: int) -> Made:
    return SYSTEMS[form](width, "").mean(samples_of(rows))


def samples(form: str, width: int, rows: int) -> Made:
    return SYSTEMS[form](width, "").samples(samples_of(rows), shown(rows))


def compiling(form: str, width: int) -> Made:
    system = SYSTEMS[form](width, "")
    return once(system.traced, lambda made: made.first(), lambda found: flat(*found))


# ---- CasADi -----------------------------------------------------------------------------------


class Casadi:
    """CasADi's interpreter, or its C as the compiler of the machine takes it."""

    in_c = False

    def __init__(self, width: int, how: str) -> None:
        import casadi

        self.casadi, self.width, self.how = casadi, width, how
        self.weights = np.array(weights_of(width))

    def traced(self) -> Any:
        casadi = self.casadi
        w, x = casadi.SX.sym("w", size(self.width)), casadi.SX.sym("x", 2)
        value = error(casadi.vertsplit(w), casadi.vertsplit(x), self.width, casadi.tanh)
        self.function = casadi.Function("f", [w, x], [value, casadi.gradient(value, w)])
        return self

    def ready(self, function: Any) -> Any:
        if not self.in_c:
            return function
        function.generate(f"{function.name()}.c")
        return self.casadi.external(function.name(), compiled("c", Path(f"{function.name()}.c")))

    def first(self) -> Any:
        return self.ready(self.function)(self.weights, POINT)

    def point(self, buffer: Any, x: Any, *results: Any) -> None:
        """Point buffers at arrays."""
        for i, array in enumerate((self.weights, x)):
            buffer.set_arg(i, memoryview(array))
        for i, array in enumerate(results):
            buffer.set_res(i, memoryview(array))

    def buffered(self, function: Any, x: Any, *results: Any) -> Work:
        """Return the call of a function behind its buffers, which gives the results."""
        buffer, call = function.buffer()
        self.point(buffer, x, *results)

        def work() -> Any:
            call()
            return results if buffer else ()  # which has to live

        return work

    def evaluation(self) -> Made:
        function, x = self.ready(self.traced().function), np.array(POINT)
        if self.how == "ordinary call":
            return whole(lambda: function(self.weights, x), lambda found: flat(*found))
        results = (np.empty(1), np.empty(size(self.width)))
        return whole(self.buffered(function, x, *results), lambda found: flat(*found))

    def mapped(self, xs: Any, added: list[int]) -> Any:
        """Return the map over a block of samples: to make one over 100,000 takes 12 s."""
        return self.ready(self.traced().function.map("m", "serial", BLOCK, [0], added))

    def mean(self, xs: Any) -> Made:
        block, total = (np.empty(1), np.empty(size(self.width))), np.empty(1 + size(self.width))
        buffer, call = self.mapped(xs, [0, 1]).buffer()

        def work() -> Any:
            total[:] = 0
            for part in blocks(xs):
                self.point(buffer, part, *block)
                call()
                total[0] += block[0][0]
                total[1:] += block[1]
            return total / len(xs)

        return whole(work, flat)

    def samples(self, xs: Any, pick: Any) -> Made:
        results = (np.empty(len(xs)), np.empty((len(xs), size(self.width))))
        buffer, call = self.mapped(xs, []).buffer()

        def work() -> Any:
            for arrays in zip(*map(blocks, (xs, *results)), strict=True):
                self.point(buffer, *arrays)
                call()
            return results

        return whole(work, lambda found: flat(*(part[pick] for part in found)))


class CasadiInC(Casadi):
    in_c = True


# ---- ddx-ad -----------------------------------------------------------------------------------


class Ddx:
    """ddx-ad, compiled by its LLVM; the derivatives of a batch are those of its samples."""

    def __init__(self, width: int, how: str) -> None:
        import ddx

        self.ddx, self.width, self.how = ddx, width, how
        self.points = np.array([*weights_of(width), *POINT])

    def traced(self) -> Any:
        ddx = self.ddx

        def f() -> Any:
            weights = [ddx.var(f"w{i}") for i in range(size(self.width))]
            return error(weights, [ddx.param("x0"), ddx.param("x1")], self.width, ddx.tanh)

        self.equation = ddx.equation(f)
        return self

    def ready(self, points: int) -> Any:
        return self.equation.compile(points=points, veclib=self.ddx.VecLib.AUTO)

    def first(self) -> Any:
        return self.ready(1).jacobian(self.points)

    def evaluation(self) -> Made:
        equation = self.traced().ready(1)
        if self.how == "ordinary call":
            return whole(lambda: equation.jacobian(self.points), lambda found: flat(*found))
        call = equation.buffer(self.points)
        return whole(call, lambda _: flat(call.value, call.jacobian))

    def block(self, xs: Any) -> Any:
        """Return points of the weights and the samples: a row for each symbol."""
        return np.concatenate([np.repeat(self.points[:-2, None], len(xs), axis=1), xs.T])

    def samples(self, xs: Any, pick: Any) -> Made:
        call = self.traced().ready(len(xs)).buffer(self.block(xs))
        return whole(call, lambda _: flat(call.value[pick], call.jacobian[:, pick].T))

    def mean(self, xs: Any) -> Made:
        """It adds up no gradients: blocks of samples go through its buffers, and NumPy adds."""
        call = self.traced().ready(BLOCK).buffer(self.block(xs[:BLOCK]))

        def work() -> Any:
            total = np.zeros(1 + size(self.width))
            for block in blocks(xs):
                call.x[-2:] = block.T
                call()
                total[0] += call.value.sum()
                total[1:] += call.jacobian.sum(axis=1)
            return total / len(xs)

        return whole(work, flat)


# ---- wrenfold ---------------------------------------------------------------------------------

LOOPS = """
template <typename T> struct Span {{
    T* data;
    T& operator()(int i, int j) const {{ return data[i + j]; }}
}};
namespace wf {{
template <int R, int C> Span<const double> make_input_span(const double* x) {{ return {{x}}; }}
template <int R, int C> Span<double> make_output_span(double* x) {{ return {{x}}; }}
}}
{function}
extern "C" void each(const double* w, const double* xs, double* v, double* g, long rows) {{
    for (long i = 0; i < rows; i++)
        f<double>(w, xs + 2 * i, v[i], g + {size} * i);
}}
extern "C" void mean(const double* w, const double* xs, double* v, double* g, long rows) {{
    double value, slopes[{size}];
    v[0] = 0;
    for (int j = 0; j < {size}; j++) g[j] = 0;
    for (long i = 0; i < rows; i++) {{
        f<double>(w, xs + 2 * i, value, (double*)slopes);
        v[0] += value / rows;
        for (int j = 0; j < {size}; j++) g[j] += slopes[j] / rows;
    }}
}}
"""


class Wrenfold:
    """wrenfold's C++, in a loop over the samples."""

    def __init__(self, width: int, how: str) -> None:
        from wrenfold import code_generation

        self.generation, self.width = code_generation, width

    def traced(self) -> Any:
        from wrenfold import sym, type_annotations

        def shape(rows: int) -> Any:
            return Annotated[sym.MatrixExpr, type_annotations.Shape(rows=rows, cols=1)]

        def f(w: Any, x: Any) -> Any:
            weights = [w[i] for i in range(size(self.width))]
            value = error(weights, [x[0], x[1]], self.width, sym.tanh)
            slopes = sym.jacobian([value], weights)
            return [self.generation.OutputArg(value, "v"), self.generation.OutputArg(slopes, "g")]

        f.__annotations__ = {"w": shape(size(self.width)), "x": shape(2)}
        self.description = self.generation.create_function_description(f)
        return self

    def work(self, name: str, xs: Any, values: int) -> Work:
        """Return the call of one of the loops of `LOOPS`, which gives its two results."""
        definition = self.generation.transpile(self.description)
        function = self.generation.CppGenerator().generate(definition)
        source = Path("wrenfold.cpp")
        text = LOOPS.format(function=function, size=size(self.width))
        source.write_text("#include <cmath>\n" + text, encoding="utf-8")
        call = getattr(ctypes.CDLL(compiled("c++", source)), name)
        results = (np.empty(values), np.empty((values, size(self.width))))
        arrays = [np.array(weights_of(self.width)), np.ascontiguousarray(xs), *results]
        pointers = [ctypes.c_void_p(array.ctypes.data) for array in arrays]
        rows = ctypes.c_long(len(xs))

        def work() -> Any:
            call(*pointers, rows)
            return results if arrays else ()  # which have to live

        return work

    def first(self) -> Any:
        return self.work("each", np.array([POINT]), 1)()

    def evaluation(self) -> Made:
        return whole(self.traced().work("each", np.array([POINT]), 1), lambda found: flat(*found))

    def mean(self, xs: Any) -> Made:
        return whole(self.traced().work("mean", xs, 1), lambda found: flat(*found))

    def samples(self, xs: Any, pick: Any) -> Made:
        return whole(
            self.traced().work("each", xs, len(xs)),
            lambda found: flat(*(part[pick] for part in found)),
        )


SYSTEMS: dict[str, Any] = {
    "casadi": Casadi,
    "casadi in C": CasadiInC,
    "ddx": Ddx,
    "wrenfold": Wrenfold,
}
