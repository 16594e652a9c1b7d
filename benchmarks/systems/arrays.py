"""The systems for which the network is written as matrices: NumPy by hand, JAX, PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.network import (
    POINT,
    by_hand,
    error,
    flat,
    layers_of,
    of_matrices,
    samples_of,
    shown,
    weights_of,
)  # fmt: skip
from benchmarks.timing import Made, once, whole


def evaluation(form: str, width: int) -> Made:
    return FORMS[form](width).evaluation(np.array([POINT]))


def mean(form: str, width: int, rows: int) -> Made:
    return FORMS[form](width).mean(samples_of(rows))


def samples(form: str, width: int, rows: int) -> Made:
    return FORMS[form](width).samples(samples_of(rows), shown(rows))


def compiling(form: str, width: int) -> Made:
    """JAX on scalars in a list: matrices have few lines whatever their size."""
    jax = jax_of_doubles()

    def of_list(weights: Any, x: Any) -> Any:
        return error(weights, x, width, jax.numpy.tanh)

    arguments = (weights_of(width), list(POINT))
    jax.jit(abs)(1.0)  # the backend is there
    return once(
        lambda: jax.jit(jax.value_and_grad(of_list)).lower(*arguments),
        lambda lowered: jax.block_until_ready(lowered.compile()(*arguments)),
        lambda found: flat(*found),
    )


def as_flat(layers: Any) -> Any:
    """Return the gradient in biases and matrices as one in flat weights, of one sample or many."""
    blocks = (np.concatenate([bias[..., None], matrix], axis=-1) for bias, matrix in layers)
    return np.concatenate([x.reshape(*x.shape[:-2], -1) for x in blocks], axis=-1)


class ByHand:
    """The derivative derived by hand, in matrices; the mean in blocks that fit the cache."""

    def __init__(self, width: int) -> None:
        self.width = width

    def evaluation(self, xs: Any) -> Made:
        return whole(lambda: by_hand(self.width, xs), lambda found: flat(*found))

    def mean(self, xs: Any) -> Made:
        return whole(lambda: by_hand(self.width, xs, mean=True), lambda found: flat(*found))

    def samples(self, xs: Any, pick: Any) -> Made:
        return whole(
            lambda: by_hand(self.width, xs), lambda found: flat(found[0][pick], found[1][pick])
        )


def jax_of_doubles() -> Any:
    import jax

    jax.config.update("jax_enable_x64", True)
    return jax


class Jax:
    """JAX, the weights in a pytree of six arrays, or in one flat array."""

    def __init__(self, width: int, one_array: bool = False) -> None:
        self.jax, self.width, self.one_array = jax_of_doubles(), width, one_array
        weights = self.jax.numpy.array(weights_of(width))
        self.weights = weights if one_array else layers_of(width, weights)

    def error(self, weights: Any, x: Any) -> Any:
        layers = layers_of(self.width, weights) if self.one_array else weights
        return of_matrices(layers, x, self.jax.numpy.tanh)

    def made(self, f: Any, xs: Any, pick: Any = ...) -> Made:
        f, xs = self.jax.jit(f), self.jax.numpy.array(xs)

        def numbers(found: Any) -> Any:
            values, slopes = self.jax.tree.map(lambda x: np.asarray(x)[pick], found)
            return flat(values, slopes if self.one_array else as_flat(slopes))

        return whole(lambda: self.jax.block_until_ready(f(self.weights, xs)), numbers)

    def evaluation(self, xs: Any) -> Made:
        return self.made(self.jax.value_and_grad(self.error), xs[0])

    def mean(self, xs: Any) -> Made:
        return self.made(self.jax.value_and_grad(lambda w, xs: self.error(w, xs).mean()), xs)

    def samples(self, xs: Any, pick: Any) -> Made:
        gradient = self.jax.value_and_grad(self.error)
        return self.made(self.jax.vmap(gradient, in_axes=(None, 0)), xs, pick)


class Torch:
    """PyTorch in matrices, as it runs by default: graph and backward at each call."""

    def __init__(self, width: int) -> None:
        import torch

        torch.set_num_threads(1)
        self.torch = torch
        weights = torch.tensor(weights_of(width), dtype=torch.float64)
        self.layers = [
            (bias.clone().requires_grad_(), matrix.clone().requires_grad_())
            for bias, matrix in layers_of(width, weights)
        ]

    def mean(self, xs: Any) -> Made:
        xs = self.torch.tensor(xs)
        leaves = [leaf for layer in self.layers for leaf in layer]

        def work() -> Any:
            value = of_matrices(self.layers, xs, self.torch.tanh).mean()
            return value, self.torch.autograd.grad(value, leaves)

        def numbers(found: Any) -> Any:
            value, slopes = found
            arrays = [slope.numpy() for slope in slopes]
            return flat(value.item(), as_flat(zip(arrays[::2], arrays[1::2], strict=True)))

        return whole(work, numbers)

    evaluation = mean

    def samples(self, xs: Any, pick: Any) -> Made:
        xs = self.torch.tensor(xs)
        layers = [(bias.detach(), matrix.detach()) for bias, matrix in self.layers]
        func = self.torch.func
        gradient = func.grad_and_value(lambda w, x: of_matrices(w, x, self.torch.tanh))
        gradients = func.vmap(gradient, in_dims=(None, 0))

        def numbers(found: Any) -> Any:
            slopes, values = found
            picked = [(bias.numpy()[pick], matrix.numpy()[pick]) for bias, matrix in slopes]
            return flat(values.numpy()[pick], as_flat(picked))

        return whole(lambda: gradients(layers, xs), numbers)


FORMS: dict[str, Any] = {
    "by hand": ByHand,
    "pytree": Jax,
    "flat": lambda width: Jax(width, one_array=True),
    "torch": Torch,
}
