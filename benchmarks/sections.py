"""What is measured, and of which systems."""

from __future__ import annotations

from dataclasses import dataclass, field

from benchmarks.network import OPERATIONS, size

# ---- The systems: which module of `systems` makes them, in which form, from which distribution ---


@dataclass(frozen=True)
class System:
    module: str
    form: str
    distribution: str = ""


ARRAYS, EAGER, IMPORTS, KERNELS, OURS, SYMBOLIC = (
    f"benchmarks.systems.{name}"
    for name in ("arrays", "eager", "imports", "kernels", "ours", "symbolic")
)


PLAIN, COMPILED, MICROGPT = "autodiff, plain", "autodiff, compiled engine", "microgpt's style"
ENGINES = {
    PLAIN: System(EAGER, "plain"),
    COMPILED: System(EAGER, "compiled"),
    MICROGPT: System(EAGER, "microgpt"),
    "micrograd": System(EAGER, "micrograd", "micrograd"),
    "XAD": System(EAGER, "xad", "xad"),
    "HIPS autograd": System(EAGER, "autograd", "autograd"),
    "PyTorch": System(EAGER, "torch", "torch"),
}
PROGRAM, COMPILE, EXACT, JIT = (
    "autodiff, Program", "autodiff, compile()", "autodiff, compile(exact=True)", "autodiff, jit",
)  # fmt: skip
PROGRAMS = {
    PROGRAM: System(OURS, "program"),
    COMPILE: System(OURS, "compiled", "llvmlite"),
    EXACT: System(OURS, "exact", "llvmlite"),
    JIT: System(OURS, "jit"),
}
MATRICES = {
    "NumPy by hand, matrices": System(ARRAYS, "by hand"),
    "JAX, matrices, pytree": System(ARRAYS, "pytree", "jax"),
    "JAX, matrices, flat": System(ARRAYS, "flat", "jax"),
    "PyTorch, matrices": System(ARRAYS, "torch", "torch"),
}
SCALARS = {
    "CasADi, interpreter": System(SYMBOLIC, "casadi", "casadi"),
    "CasADi, generated C": System(SYMBOLIC, "casadi in C", "casadi"),
    "ddx-ad": System(SYMBOLIC, "ddx", "ddx-ad"),
    "wrenfold, C++": System(SYMBOLIC, "wrenfold", "wrenfold"),
    "Dr.Jit, freeze": System(KERNELS, "drjit", "drjit"),
    "Warp": System(KERNELS, "warp", "warp-lang"),
}


def _calls(name: str, behind: str) -> dict[str, System]:
    """Return a system by its ordinary call, and behind its buffers."""
    system = SCALARS[name]
    ordinary = System(system.module, f"{system.form}, ordinary call", system.distribution)
    return {f"{name}, ordinary call": ordinary, f"{name}, {behind}": system}


def _mapped(systems: dict[str, System]) -> dict[str, System]:
    return {
        f"{name}, map" if name.startswith("CasADi") else name: system
        for name, system in systems.items()
    }


BOUND, EXACT_BOUND, BUFFERS, ORDINARY = (
    "autodiff, compile().bind()", "autodiff, compile(exact=True).bind()",
    "CasADi, interpreter, buffers", "CasADi, interpreter, ordinary call",
)  # fmt: skip
EVALUATIONS = {
    **PROGRAMS,
    BOUND: System(OURS, "compiled, bound", "llvmlite"),
    EXACT_BOUND: System(OURS, "exact, bound", "llvmlite"),
    **MATRICES,
    **_calls("CasADi, interpreter", "buffers"),
    **_calls("CasADi, generated C", "buffers"),
    **_calls("ddx-ad", "buffers"),
    **{name: SCALARS[name] for name in ("wrenfold, C++", "Dr.Jit, freeze", "Warp")},
}
ONE_ARRAY = "autodiff, compile(), one array"
SAMPLES = {
    **PROGRAMS,
    JIT: System(OURS, "jit, one array"),
    ONE_ARRAY: System(OURS, "compiled, one array", "llvmlite"),
    **MATRICES,
    **_mapped(SCALARS),
}
COMPILING = {**PROGRAMS, "JAX, scalars": System(ARRAYS, "scalars", "jax"), **SCALARS}
IMPORTED = {
    "Python alone": System(IMPORTS, ""),
    "autodiff": System(IMPORTS, "autodiff"),
    "NumPy": System(IMPORTS, "numpy"),
    "micrograd": System(IMPORTS, "micrograd.engine", "micrograd"),
    "XAD": System(IMPORTS, "xad.adj_1st", "xad"),
    "HIPS autograd": System(IMPORTS, "autograd.numpy", "autograd"),
    "ddx-ad": System(IMPORTS, "ddx", "ddx-ad"),
    "CasADi": System(IMPORTS, "casadi", "casadi"),
    "wrenfold": System(IMPORTS, "wrenfold", "wrenfold"),
    "Dr.Jit": System(IMPORTS, "drjit", "drjit"),
    "Warp": System(IMPORTS, "warp", "warp-lang"),
    "JAX": System(IMPORTS, "jax", "jax"),
    "PyTorch": System(IMPORTS, "torch", "torch"),
}


# ---- The sections -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """A size: what its functions are called with, and the units of work in it."""

    label: str
    sizes: dict[str, int] = field(default_factory=dict)
    work: int = 1
    quick: bool = True  # also of a short run
    alone: bool = False  # one process at a time: several would not fit into the memory

    @property
    def gigabytes(self) -> float:
        """The size of the result where each sample has a gradient."""
        return self.sizes.get("rows", 0) * (size(self.sizes.get("width", 0)) + 1) * 8e-9


@dataclass(frozen=True)
class Section:
    key: str  # also the name of the functions that make its systems
    title: str
    unit: str
    units: float  # in a second
    reference: str
    systems: dict[str, System]
    cases: tuple[Case, ...]
    parts: str = ""  # what the times are of, where there are several
    rounds: int = 5
    alone: bool = False  # a new process each time
    processors: int = 1
    limit: float = 30.0  # seconds for a system to get ready, and for a turn


def _lengths(*lengths: int) -> tuple[Case, ...]:
    return tuple(Case(f"{n:,}", {"length": n}, n, n <= 10_000) for n in lengths)


def _batches(each: bool) -> tuple[Case, ...]:
    sizes = [(width, rows) for width in (16, 64) for rows in (1_000, 1_000_000)]
    return tuple(
        Case(
            f"{width} wide, {rows:,} rows", {"width": width, "rows": rows}, rows,
            quick=(width, rows) == (16, 1_000), alone=each and rows > 1_000,
        )
        for width, rows in sizes
    )  # fmt: skip


LINES = {3: 103, 12: 931, 16: 1_559, 43: 9_983, 139: 98_975}  # of the program, by the width
POINT_CASE = Case("2-16-16-1", {"width": 16})
THREADS = {
    "autodiff, one thread": System(OURS, "1", "llvmlite"),
    "autodiff, two threads": System(OURS, "2", "llvmlite"),
}

SECTIONS = {
    section.key: section
    for section in (
        Section(
            "eager", "An eager engine: one graph of the network, 643 operations",
            "ns an operation", 1e9, PLAIN, ENGINES, (Case("2-16-16-1", {"width": 16}, OPERATIONS),),
            parts="building + backward", alone=True,
        ),
        Section(
            "model", "Training `benchmarks/microgpt.py`", "ms a step", 1e3, PLAIN,
            {name: ENGINES[name] for name in (PLAIN, COMPILED, MICROGPT)},
            (Case("15 steps", {"steps": 15}),), alone=True,
        ),
        Section(
            "chain", "A chain of products with a constant, Python's collector paused",
            "ns a node", 1e9, PLAIN, ENGINES, _lengths(10_000, 100_000, 1_000_000, 10_000_000),
            parts="building + backward", rounds=2, alone=True,
        ),
        Section(
            "evaluation", "One evaluation: the value and 337 derivatives", "µs", 1e6, COMPILE,
            EVALUATIONS, (POINT_CASE,),
        ),
        Section(
            "mean", "The gradient of the mean over rows", "µs a row", 1e6, COMPILE,
            {**PROGRAMS, **MATRICES, **_mapped(SCALARS)}, _batches(each=False),
        ),
        Section(
            "samples", "A gradient for each row", "µs a row", 1e6, COMPILE, SAMPLES,
            _batches(each=True), rounds=3,
        ),
        Section(
            "threads", "Two threads: the gradient of the mean", "µs a row", 1e6,
            "autodiff, one thread", THREADS, (_batches(each=False)[1],), processors=2,
        ),
        Section(
            "compiling", "From the function to its first result, by the lines of the program",
            "s", 1.0, COMPILE, COMPILING,
            tuple(
                Case(f"{lines:,} lines", {"width": width}, quick=width <= 12)
                for width, lines in LINES.items()
            ),
            parts="trace + compile and first call", rounds=3, alone=True, limit=60.0,
        ),
        Section(
            "importing", "Import, from the start of Python to its end", "ms", 1e3, "autodiff",
            IMPORTED, (Case("time"),),
        ),
    )
}  # fmt: skip
