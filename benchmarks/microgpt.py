"""A language model of letters, trained number by number, in the style of microgpt.

    python -m benchmarks.microgpt

One layer of attention and a perceptron; every number that is learnt is one `Value`. The class is
all that differs between the engines: it needs `+ - * / **`, `exp`, `log`, `relu` and `backward`.
"""

from __future__ import annotations

import itertools
import math
import random
import time
from typing import Any

WORDS = [
    "adam", "alan", "ada", "emmy", "grace", "hedy", "isaac", "kurt", "leonhard", "maria", "noam",
    "otto", "paul", "rosa", "sofia",
]  # fmt: skip
LETTERS = sorted(set("".join(WORDS)))
END = len(LETTERS)  # the sign before and after a word
WIDTH, HEADS, LENGTH = 16, 4, 8
HEAD = WIDTH // HEADS


class Model:
    """The learnt numbers, by the name of their matrix, and what is computed from them."""

    def __init__(self, kind: Any) -> None:
        chance = random.Random(0)

        def matrix(rows: int, columns: int) -> list[list[Any]]:
            return [[kind(chance.gauss(0, 0.1)) for _ in range(columns)] for _ in range(rows)]

        self.letters, self.places = matrix(END + 1, WIDTH), matrix(LENGTH, WIDTH)
        self.query, self.key, self.value = (matrix(WIDTH, WIDTH) for _ in range(3))
        self.joined, self.scores = matrix(WIDTH, WIDTH), matrix(END + 1, WIDTH)
        self.wide, self.narrow = matrix(4 * WIDTH, WIDTH), matrix(WIDTH, 4 * WIDTH)
        matrices = vars(self).values()
        self.variables = [x for matrix in list(matrices) for row in matrix for x in row]

    def loss(self, word: str) -> Any:
        """Return how surprised the model is by a word, a letter."""
        signs = [END, *map(LETTERS.index, word), END][: LENGTH + 1]
        keys: list[Any] = []
        values: list[Any] = []
        surprises = []
        for place, (sign, following) in enumerate(itertools.pairwise(signs)):
            chances = softmax(self.predicted(sign, place, keys, values))
            surprises.append(-chances[following].log())
        return sum(surprises) * (1 / len(surprises))

    def predicted(self, sign: int, place: int, keys: list[Any], values: list[Any]) -> list[Any]:
        """Return the scores of what follows; the keys and the values before are kept."""
        x = normed(added(self.letters[sign], self.places[place]))
        within = normed(x)
        query = product(self.query, within)
        keys.append(product(self.key, within))
        values.append(product(self.value, within))
        heads: list[Any] = []
        for start in range(0, WIDTH, HEAD):
            part = slice(start, start + HEAD)
            weights = softmax([dot(query[part], key[part]) * HEAD**-0.5 for key in keys])
            heads += [dot(weights, [v[i] for v in values]) for i in range(start, start + HEAD)]
        x = added(x, product(self.joined, heads))
        hidden = [h.relu() for h in product(self.wide, normed(x))]
        x = added(x, product(self.narrow, hidden))
        return product(self.scores, x)


def added(xs: Any, ys: Any) -> list[Any]:
    return [x + y for x, y in zip(xs, ys, strict=True)]


def dot(xs: Any, ys: Any) -> Any:
    return sum(x * y for x, y in zip(xs, ys, strict=True))


def product(rows: list[list[Any]], xs: list[Any]) -> list[Any]:
    return [dot(row, xs) for row in rows]


def normed(xs: list[Any]) -> list[Any]:
    scale = (sum(x * x for x in xs) / len(xs) + 1e-5) ** -0.5
    return [x * scale for x in xs]


def softmax(scores: list[Any]) -> list[Any]:
    largest = max(score.data for score in scores)
    powers = [(score - largest).exp() for score in scores]
    total = sum(powers)
    return [power / total for power in powers]


def train(kind: Any, steps: int) -> tuple[list[float], float]:
    """Train by Adam, a word a step; return the losses, and the seconds of processor a step."""
    model = Model(kind)
    means, squares = ([0.0] * len(model.variables) for _ in range(2))
    losses, times = [], []
    for step in range(steps):
        start = time.process_time()
        loss = model.loss(WORDS[step % len(WORDS)])
        loss.backward()
        for i, variable in enumerate(model.variables):
            means[i] = 0.9 * means[i] + 0.1 * variable.grad
            squares[i] = 0.95 * squares[i] + 0.05 * variable.grad**2
            mean, square = means[i] / (1 - 0.9 ** (step + 1)), squares[i] / (1 - 0.95 ** (step + 1))
            variable.data -= 0.01 * mean / (math.sqrt(square) + 1e-8)
            variable.grad = 0
        losses.append(loss.data)
        times.append(time.process_time() - start)
    return losses, sum(times) / steps


if __name__ == "__main__":
    from autodiff import Value

    losses, seconds = train(Value, 45)
    for step, loss in enumerate(losses):
        print(f"step {step:2}  loss {loss:.4f}")
    print(f"{seconds:.3f} s a step")
