"""The programs of autodiff: Python source, machine code, and `autodiff.jit`."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

import autodiff
from autodiff.program import Program, trace
from benchmarks.network import POINT, error, flat, samples_of, shown, weights_of
from benchmarks.timing import Made, once, whole


def function(width: int) -> Any:
    return lambda w, x: error(w, x, width, autodiff.tanh)


def traced(width: int, weights: Any) -> Program:
    """Return the program; its derivatives come as the weights: in an array, or in a list."""
    return trace(function(width), weights, np.ones(2), argnums=0)


def runner(form: str, width: int, weights: Any, threads: int = 1) -> Any:
    """Return what has `value_and_grad` in a form."""
    if form == "jit":
        return autodiff.jit(function(width))
    program = traced(width, weights)
    if form == "program":
        return program
    return program.compile(exact=form == "exact", threads=threads)


def evaluation(form: str, width: int) -> Made:
    listed, x = weights_of(width), list(POINT)
    if form == "program":
        program = trace(function(width), listed, x, argnums=0)
        return whole(lambda: program.value_and_grad(listed, x), lambda found: flat(*found))
    weights, point = np.array(listed), np.array(x)
    form, _, bound = form.partition(", ")
    run = runner(form, width, weights)
    if bound:
        call = run.bind()
        call.inputs[:] = [*listed, *x]
        return whole(call, lambda _: call.outputs.copy())
    return whole(lambda: run.value_and_grad(weights, point), lambda found: flat(*found))


def mean(
    form: str, width: int, rows: int, threads: int = 1, clock: Any = time.process_time
) -> Made:
    weights, xs = np.array(weights_of(width)), samples_of(rows)
    run = runner(form, width, weights, threads)
    if form == "jit":  # which has to see what one sample is
        run.value_and_grad(weights, xs[0])
    return whole(
        lambda: run.value_and_grad(weights, xs, reduce="mean"), lambda found: flat(*found), clock
    )


def threads(form: str, width: int, rows: int) -> Made:
    return mean("compiled", width, rows, threads=int(form), clock=time.perf_counter)


def samples(form: str, width: int, rows: int) -> Made:
    listed, xs, pick = weights_of(width), samples_of(rows), shown(rows)
    form, _, one_array = form.partition(", ")
    weights = np.array(listed) if one_array else listed
    run = runner(form, width, weights)
    if form == "jit":
        run.value_and_grad(weights, xs[0])

    def numbers(found: Any) -> Any:
        values, slopes = found
        rows = slopes[pick] if one_array else np.stack([column[pick] for column in slopes], axis=-1)
        return flat(values[pick], rows)

    return whole(lambda: run.value_and_grad(weights, xs), numbers)


def compiling(form: str, width: int) -> Made:
    weights, point = np.array(weights_of(width)), np.array(POINT)
    if form == "program":
        listed, x = weights.tolist(), point.tolist()
        return once(
            lambda: trace(function(width), listed, x, argnums=0),
            lambda program: program.value_and_grad(listed, x),
            lambda found: flat(*found),
        )
    if form != "jit":
        trace(lambda x: x * x, 1.0).compile()(1.0)  # LLVM is loaded; as the imports of the others
    return once(
        lambda: runner(form, width, weights),
        lambda run: run.value_and_grad(weights, point),
        lambda found: flat(*found),
    )
