"""The network that every system differentiates: 2-W-W-1 with tanh, one error, its weights.

Stated once for any kind of number (`error`), and once by hand as matrices in NumPy (`by_hand`),
which tells what is right. Weights are flat: of each neuron its bias, then a weight for each input.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any

POINT = (0.3, -0.7)  # the sample where there is but one
OPERATIONS = 643  # of one sample at 16 wide: 305 products, 305 sums and 33 tanh
BLOCK = 4096  # samples that NumPy takes at a time, so that they stay in the cache
SHOWN = 1000  # samples that are compared


def shapes(width: int) -> list[tuple[int, int]]:
    """Return the inputs and the neurons of each layer."""
    return list(itertools.pairwise((2, width, width, 1)))


def size(width: int) -> int:
    """Return the number of weights."""
    return sum((inputs + 1) * neurons for inputs, neurons in shapes(width))


def weights_of(width: int) -> list[float]:
    chance = random.Random(0)
    return [chance.uniform(-1, 1) / width**0.5 for _ in range(size(width))]


def samples_of(rows: int) -> Any:
    import numpy as np

    return np.random.default_rng(0).normal(size=(rows, 2))


def error(
    weights: Iterable[Any], signals: Sequence[Any], width: int, tanh: Callable[[Any], Any]
) -> Any:
    """Return the squared error of one sample; numbers of any kind in, one of them out."""
    rest = iter(weights)
    for _, neurons in shapes(width):
        outputs = []
        for _ in range(neurons):
            total = next(rest)
            for signal in signals:
                total = total + next(rest) * signal
            outputs.append(tanh(total))
        signals = outputs
    delta = signals[0] + -0.5
    return delta * delta


def layers_of(width: int, flat: Any) -> list[Any]:
    """Return the biases and the matrix of each layer, as parts of a flat array of any library."""
    layers, start = [], 0
    for inputs, neurons in shapes(width):
        end = start + (inputs + 1) * neurons
        block = flat[start:end].reshape(neurons, inputs + 1)
        layers.append((block[:, 0], block[:, 1:]))
        start = end
    return layers


def of_matrices(layers: list[Any], signals: Any, tanh: Callable[[Any], Any]) -> Any:
    """Return the squared errors of one sample or of many, by matrices of any library."""
    for bias, matrix in layers:
        signals = tanh(signals @ matrix.T + bias)
    return (signals[..., 0] - 0.5) ** 2


def by_hand(width: int, xs: Any, mean: bool = False) -> tuple[Any, Any]:
    """Return the errors and the gradients of samples, or their means, derived by hand, in NumPy."""
    import numpy as np

    layers = layers_of(width, np.array(weights_of(width)))
    if not mean:
        return _of_block(layers, xs, False)
    blocks = [
        _of_block(layers, xs[start : start + BLOCK], True) for start in range(0, len(xs), BLOCK)
    ]
    return tuple(sum(parts) / len(xs) for parts in zip(*blocks, strict=True))


def _of_block(layers: list[Any], xs: Any, added: bool) -> tuple[Any, Any]:
    import numpy as np

    signals = [xs]
    for bias, matrix in layers:
        signals.append(np.tanh(signals[-1] @ matrix.T + bias))
    delta = signals[-1] - 0.5
    values, slopes = delta[:, 0] ** 2, 2 * delta
    gradients = []
    for i in reversed(range(len(layers))):
        slopes = slopes * (1 - signals[i + 1] ** 2)
        if added:
            block = [slopes.sum(axis=0)[:, None], slopes.T @ signals[i]]
            gradients.append(np.concatenate(block, axis=-1).ravel())
        else:
            block = [slopes[:, :, None], slopes[:, :, None] * signals[i][:, None, :]]
            gradients.append(np.concatenate(block, axis=-1).reshape(len(xs), -1))
        slopes = slopes @ layers[i][1]
    gradient = np.concatenate(gradients[::-1], axis=-1)
    return (values.sum(), gradient) if added else (values, gradient)


def shown(rows: int) -> Any:
    """Return which samples are compared: all of them, or the first and the last of many."""
    import numpy as np

    half = min(rows, SHOWN) // 2
    return np.r_[0:half, rows - half : rows]


def flat(*parts: Any) -> Any:
    """Return all numbers of arrays and lists of arrays, one after the other."""
    import numpy as np

    return np.concatenate([np.ravel(np.asarray(part, dtype=float)) for part in parts])
