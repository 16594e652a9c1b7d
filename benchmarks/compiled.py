"""Compiled programs beside JAX and CasADi: a tanh network, its value and its gradient.

    python -m benchmarks.compiled

The function is the squared error of a network 2-W-W-1 with tanh; what is differentiated in are its
weights. All take turns in one process on one processor, the numbers of each are compared with ours
before, and the ratios are those of the best times: machines are shared. Needs the extra `jit`, JAX,
and for one evaluation CasADi.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import autodiff
from autodiff.program import Program, trace

Work = Callable[[], Any]


def shapes(width: int) -> list[tuple[int, int]]:
    return list(itertools.pairwise((2, width, width, 1)))


def error(weights: Any, x: Any, goal: Any, width: int) -> Any:
    """Return the squared error of the network for one sample; numbers in, a number out."""
    rest = iter(weights)
    signals = x
    for inputs, outputs in shapes(width):
        signals = [
            autodiff.tanh(autodiff.dot(list(itertools.islice(rest, inputs)), signals) + next(rest))
            for _ in range(outputs)
        ]
    return (signals[0] - goal) ** 2


def weights_of(width: int) -> Any:
    chance = random.Random(0)
    count = sum((inputs + 1) * outputs for inputs, outputs in shapes(width))
    return np.array([chance.uniform(-1, 1) / width**0.5 for _ in range(count)])


def program_of(width: int, weights: Any) -> Program:
    """Return the derivative program in the weights."""
    return trace(lambda w, x: error(w, x, 0.5, width), weights, np.ones(2), argnums=0)


def by_jax(width: int, weights: Any, xs: Any) -> tuple[Work, Work]:
    """Return the mean gradient and the gradients of samples by matrices in JAX, on one pytree."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    layers, start = [], 0
    for inputs, outputs in shapes(width):
        block = weights[start : start + (inputs + 1) * outputs].reshape(outputs, inputs + 1)
        layers.append((jnp.array(block[:, :-1]), jnp.array(block[:, -1])))
        start += block.size

    def of_network(layers: Any, x: Any) -> Any:
        for matrix, bias in layers:
            x = jnp.tanh(x @ matrix.T + bias)
        return (x[..., 0] - 0.5) ** 2

    mean = jax.jit(jax.value_and_grad(lambda layers, xs: of_network(layers, xs).mean()))
    each = jax.jit(jax.vmap(jax.value_and_grad(of_network), in_axes=(None, 0)))
    xs = jnp.array(xs)
    return (
        lambda: jax.block_until_ready(mean(layers, xs)),
        lambda: jax.block_until_ready(each(layers, xs)),
    )


def flat(layers: Any) -> Any:
    """Return the gradient of JAX in the order of ours."""
    blocks = [np.concatenate([matrix, bias[..., None]], axis=-1) for matrix, bias in layers]
    return np.concatenate([x.reshape(*x.shape[:-2], -1) for x in blocks], axis=-1)


def by_casadi(width: int, weights: Any, x: Any) -> tuple[Work, Work]:
    """Return one evaluation by CasADi: the ordinary call, and the one behind its buffers."""
    import casadi

    symbols, inputs = casadi.SX.sym("w", len(weights)), casadi.SX.sym("x", 2)
    rest, signals = iter(casadi.vertsplit(symbols)), casadi.vertsplit(inputs)
    for size, outputs in shapes(width):
        signals = [
            casadi.tanh(
                sum(w * s for w, s in zip(itertools.islice(rest, size), signals, strict=True))
                + next(rest)
            )
            for _ in range(outputs)
        ]
    value = (signals[0] - 0.5) ** 2
    f = casadi.Function("f", [symbols, inputs], [value, casadi.gradient(value, symbols)])
    buffer, call = f.buffer()
    results = [np.empty(1), np.empty(len(weights))]
    for i, array in enumerate((weights, x)):
        buffer.set_arg(i, memoryview(array))
    for i, array in enumerate(results):
        buffer.set_res(i, memoryview(array))

    def bound() -> Any:
        call()
        return results if buffer else []  # which has to live

    return lambda: f(weights, x), bound


def same(ours: Any, theirs: Any, name: str) -> None:
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12, err_msg=name)


def best(works: dict[str, Work], rounds: int, repeat: int = 1) -> dict[str, float]:
    """Return the best time of each, in seconds a call; all take turns."""
    times = dict.fromkeys(works, float("inf"))
    for _ in range(rounds):
        for name, work in works.items():
            start = time.perf_counter()
            for _ in range(repeat):
                work()
            times[name] = min(times[name], (time.perf_counter() - start) / repeat)
    return times


def report(title: str, times: dict[str, float], peer: str, samples: int = 1) -> None:
    print(f"\n{title}\n{'':34}{'us':>10}{'of ' + peer:>26}")
    for name, seconds in times.items():
        print(f"{name:34}{1e6 * seconds / samples:10.3f}{seconds / times[peer]:26.2f}")


def batches(width: int, samples: int, rounds: int) -> None:
    weights = weights_of(width)
    xs = np.random.default_rng(0).normal(size=(samples, 2))
    program = program_of(width, weights)
    start = time.perf_counter()
    compiled = program.compile(threads=1)
    value, slopes = compiled.value_and_grad(weights, xs, reduce="mean")
    first = time.perf_counter() - start
    exact = program.compile(exact=True, threads=1)
    mean, each = by_jax(width, weights, xs)
    theirs = mean()
    same(value, theirs[0], "the value")
    same(slopes, flat(theirs[1]), "the mean gradient")
    works: dict[str, Work] = {
        "JAX, matrices": mean,
        "compiled": lambda: compiled.value_and_grad(weights, xs, reduce="mean"),
        "compiled, exact": lambda: exact.value_and_grad(weights, xs, reduce="mean"),
    }
    title = f"2-{width}-{width}-1, {len(program)} lines, first call {first:.2f} s: "
    report(
        f"{title}mean gradient of {samples} samples", best(works, rounds), "JAX, matrices", samples
    )
    if width > 16:
        return
    columns = program_of_list(width, weights).compile(threads=1)
    values, rows = columns.value_and_grad(weights.tolist(), xs)
    theirs = each()
    same(values, theirs[0], "the values")
    same(np.stack(rows, axis=-1), flat(theirs[1]), "the gradients of the samples")
    works = {
        "JAX, vmap over a pytree": each,
        "compiled, 337 arrays": lambda: columns.value_and_grad(weights.tolist(), xs),
    }
    report(
        f"gradients of {samples} samples", best(works, rounds), "JAX, vmap over a pytree", samples
    )


def program_of_list(width: int, weights: Any) -> Program:
    """Return the same program on a list of weights: of a batch it gives an array for each."""
    return trace(lambda w, x: error(w, x, 0.5, width), weights.tolist(), np.ones(2), argnums=0)


def one_evaluation(width: int, rounds: int) -> None:
    weights, x = weights_of(width), np.array([0.3, -0.7])
    program = program_of(width, weights)
    compiled, exact = program.compile(), program.compile(exact=True)
    evaluation = compiled.bind()
    evaluation.inputs[:] = [*weights, *x]
    evaluation()
    ordinary, bound = by_casadi(width, weights, x)
    for value, slopes in (ordinary(), bound(), compiled.value_and_grad(weights, x)):
        same(np.ravel([float(np.ravel(value)[0]), *np.ravel(slopes)]), evaluation.outputs, "CasADi")
    works: dict[str, Work] = {"CasADi, bound buffers": bound, "compiled, bound": evaluation}
    report("one evaluation", best(works, rounds, 200), "CasADi, bound buffers")
    works = {
        "CasADi, ordinary call": ordinary,
        "compiled, NumPy arrays": lambda: compiled.value_and_grad(weights, x),
        "compiled, exact, NumPy arrays": lambda: exact.value_and_grad(weights, x),
    }
    report("one evaluation", best(works, rounds, 200), "CasADi, ordinary call")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=4096)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--widths", type=int, nargs="*", default=[16, 64])
    options = parser.parse_args()
    # One processor for all: XLA takes as many as it finds when it is loaded, whatever its flags say
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    for width in options.widths:
        batches(width, options.samples, options.rounds)
    one_evaluation(16, options.rounds)


if __name__ == "__main__":
    main()
