"""The goals that are set for the figures, and what limits those that are not met."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.sections import (
    BOUND,
    BUFFERS,
    COMPILE,
    COMPILED,
    EXACT,
    EXACT_BOUND,
    MICROGPT,
    ONE_ARRAY,
    ORDINARY,
    THREADS,
)

Times = Callable[[str, int], float]  # (system, part, or -1 for all) -> seconds


@dataclass(frozen=True)
class Goal:
    """At most so much, in a section; in every case of it that `cases` holds, or in all."""

    text: str
    section: str
    most: float
    measure: Callable[[Times], float]
    cases: str = ""
    note: str = ""  # what limits it where it is not met


def _ratio(ours: str, theirs: str) -> Callable[[Times], float]:
    return lambda times: times(ours, -1) / times(theirs, -1)


# What limits a goal, by a profile.
LINES = """\
The mean gradient: a line of the program takes 64 ps a row at 1,000 rows. For each of these lines
JAX's matrices take 80 ps at 16 wide, and 33 at 64 wide, where the products are large."""
LIBRARY = """\
`exact=True`: of its 0.57 µs a row, 0.44 are spent within the C library's `tanh`, `expm1` and `exp`,
which compute number by number."""
MEMORY = """\
The gradients of rows: 64 wide a row has 4,418 numbers. The program computes them in 1.5 µs, and to
fill 35 MB for 1,000 of them takes 1.1 µs a row where memory is used again, 3.8 where it is new."""
PYTREE = "JAX, matrices, pytree"
GOALS = [
    Goal("the compiled engine, of microgpt's style", "eager", 0.30, _ratio(COMPILED, MICROGPT)),
    Goal("training, the compiled engine, of microgpt's style", "model", 0.40,
         _ratio(COMPILED, MICROGPT)),
    Goal("one evaluation, bound, of CasADi's interpreter behind buffers", "evaluation", 0.30,
         _ratio(BOUND, BUFFERS)),
    Goal("one call on NumPy arrays, of CasADi's ordinary call", "evaluation", 0.08,
         _ratio(COMPILE, ORDINARY)),
    Goal("one evaluation, bound, `exact=True`, of the default", "evaluation", 4.0,
         _ratio(EXACT_BOUND, BOUND)),
    Goal("one call on NumPy arrays, `exact=True`, of the default", "evaluation", 4.0,
         _ratio(EXACT, COMPILE)),
    Goal("mean gradient, of JAX's matrices in a pytree", "mean", 0.8, _ratio(COMPILE, PYTREE),
         "16 wide", LINES),
    Goal("mean gradient, of JAX's matrices in a pytree", "mean", 2.0, _ratio(COMPILE, PYTREE),
         "64 wide", LINES),
    Goal("mean gradient, `exact=True`, of the default", "mean", 4.0, _ratio(EXACT, COMPILE),
         "16 wide", LIBRARY),
    Goal("gradients of rows, of JAX's `vmap` over a pytree", "samples", 1.0,
         _ratio(COMPILE, PYTREE), note=MEMORY),
    Goal("the same in one array, of JAX's `vmap` over a pytree", "samples", 1.0,
         _ratio(ONE_ARRAY, PYTREE), note=MEMORY),
    Goal("two threads, of one", "threads", 1 / 1.7, _ratio(*reversed(THREADS))),
    Goal("compile and first call, seconds", "compiling", 0.3, lambda times: times(COMPILE, 1),
         "1,559 lines"),
    Goal("compile and first call, seconds", "compiling", 15, lambda times: times(COMPILE, 1),
         "98,975 lines"),
    Goal("`import autodiff`, seconds over Python alone", "importing", 0.025,
         lambda times: times("autodiff", -1) - times("Python alone", -1)),
]  # fmt: skip
