"""How far compiled functions are from mpmath's numbers, in units in the last place.

    PYTHONPATH=. python tests/accuracy.py

Every function of the table at random points of its domain: close to 0, of middling size, and over
all exponents that it takes. Needs the extra `jit`, and takes some minutes.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np

import autodiff
from autodiff import trace

LIMIT = 4  # units in the last place, which compile() promises for a function of the C library
# Each: the truth, and the domain as (lowest, highest) of |x| and whether x may be negative.
FUNCTIONS: dict[str, tuple[Callable[..., Any], float, float, bool]] = {
    "exp": (mp.exp, 1e-300, 707, True),
    "exp2": (lambda x: mp.mpf(2) ** x, 1e-300, 1020, True),
    "expm1": (mp.expm1, 1e-300, 707, True),
    "log": (mp.log, 1e-300, 1e300, False),
    "log2": (lambda x: mp.log(x, 2), 1e-300, 1e300, False),
    "log10": (mp.log10, 1e-300, 1e300, False),
    "log1p": (mp.log1p, 1e-300, 1e300, False),
    "sqrt": (mp.sqrt, 1e-300, 1e300, False),
    "cbrt": (lambda x: mp.sign(x) * mp.cbrt(abs(x)), 1e-300, 1e300, True),
    "sin": (mp.sin, 1e-300, 1e15, True),
    "cos": (mp.cos, 1e-300, 1e15, True),
    "tan": (mp.tan, 1e-300, 1e15, True),
    "arcsin": (mp.asin, 1e-300, 1, True),
    "arccos": (mp.acos, 1e-300, 1, True),
    "arctan": (mp.atan, 1e-300, 1e300, True),
    "sinh": (mp.sinh, 1e-300, 707, True),
    "cosh": (mp.cosh, 1e-300, 707, True),
    "tanh": (mp.tanh, 1e-300, 1e4, True),
    "sech": (mp.sech, 1e-300, 700, True),
    "square_of_sech": (lambda x: mp.sech(x) ** 2, 1e-300, 350, True),
    "arcsinh": (mp.asinh, 1e-300, 1e300, True),
    "arccosh": (mp.acosh, 1, 1e300, False),
    "arctanh": (mp.atanh, 1e-300, 1 - 2**-53, True),
    "erf": (mp.erf, 1e-300, 30, True),
    "erfc": (mp.erfc, 1e-300, 26, True),
    "lgamma": (mp.loggamma, 1e-300, 1e300, False),
    "sigmoid": (lambda x: 1 / (1 + mp.exp(-x)), 1e-300, 700, True),
    "softplus": (lambda x: mp.log1p(mp.exp(x)), 1e-300, 700, True),
    "log_sigmoid": (lambda x: -mp.log1p(mp.exp(-x)), 1e-300, 700, True),
    "degrees": (mp.degrees, 1e-300, 1e300, True),
    "radians": (mp.radians, 1e-300, 1e300, True),
}
PAIRS: dict[str, Callable[..., Any]] = {"power": mp.power, "hypot": mp.hypot, "arctan2": mp.atan2}


def square_of_sech(x: Any) -> Any:
    return autodiff.sech(x) ** 2


def points(name: str, count: int) -> list[Any]:
    """Return a column of random numbers for every operand."""
    chance = np.random.default_rng(sum(map(ord, name)))
    if name == "power":
        base = np.exp(chance.normal(0, 3, count))
        return [base, chance.uniform(-300, 300, count) / (1 + abs(np.log(base)))]
    if name in PAIRS:
        return list(chance.normal(size=(2, count)) * 10.0 ** chance.uniform(-5, 5, (2, count)))
    _, low, high, is_signed = FUNCTIONS[name]
    exponents = chance.uniform(np.log(low), np.log(high), count)
    middling = np.log(np.clip(abs(chance.normal(0, 3, count)), low, high))
    x = np.clip(np.exp(np.where(chance.random(count) < 0.3, exponents, middling)), low, high)
    return [x * np.where(chance.random(count) < 0.5, -1, 1) if is_signed else x]


def errors(name: str, count: int, **options: Any) -> Any:
    """Return how many units in the last place each result is away from the truth."""
    f = square_of_sech if name == "square_of_sech" else getattr(autodiff, name)
    truth = PAIRS[name] if name in PAIRS else FUNCTIONS[name][0]
    columns = points(name, count)
    program = trace(f, *[float(column[0]) for column in columns]).compile(**options)
    found = program(*columns)
    with mp.workprec(120):
        exact = [mp.re(truth(*map(mp.mpf, row))) for row in np.array(columns).T.tolist()]
        nearest = np.array(list(map(float, exact)))
        away = [float(abs(y - x)) for x, y in zip(exact, found.tolist(), strict=True)]
    units = np.spacing(abs(nearest))
    is_normal = (abs(nearest) >= 2.0**-1021) & np.isfinite(nearest)
    return np.where(is_normal, away / units, 0.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=[*FUNCTIONS, *PAIRS])
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--bits", type=int, nargs="*", default=[None])
    options = parser.parse_args()
    print(f"{'':16}" + "".join(f"{bits or 'widest':>10}" for bits in options.bits))
    for name in options.names:
        worst = [errors(name, options.points, bits=bits).max() for bits in options.bits]
        print(f"{name:16}" + "".join(f"{x:10.2f}" for x in worst), flush=True)


if __name__ == "__main__":
    main()
