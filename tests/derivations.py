"""A grammar of right derivations: functions, and their derivatives written in many other ways.

Each primitive has several forms of its value and of its derivative, all equal in exact arithmetic
and very differently rounded. `derivations` combines them by the sum, product, quotient and chain
rules, multiplies powers out and rewrites what comes out once more, so that every derivation is
right and hardly two are the same.
"""

import math
import random
from typing import NamedTuple


class Primitive(NamedTuple):
    """A function of u: forms of its value and of its derivative, equal for all u in the domain."""

    values: tuple[str, ...]
    slopes: tuple[str, ...]
    domain: tuple[float, float] = (-math.inf, math.inf)


HALF_PI = repr(math.pi / 2)

PRIMITIVES = (
    Primitive(
        ("sigmoid(u)", "1 / (1 + exp(-u))", "exp(u) / (1 + exp(u))", "(1 + tanh(u / 2)) / 2",
         "1 - sigmoid(-u)"),
        ("sigmoid(u) * (1 - sigmoid(u))", "exp(-u) / (1 + exp(-u)) ** 2",
         "sigmoid(u) * sigmoid(-u)", "exp(u) / (1 + exp(u)) ** 2", "sigmoid(u) - sigmoid(u) ** 2",
         "(1 - tanh(u / 2) ** 2) / 4",
         "1 / (2 + exp(u) + exp(-u))", "1 / (4 * cosh(u / 2) ** 2)"),
    ),
    Primitive(
        ("tanh(u)", "(exp(2 * u) - 1) / (exp(2 * u) + 1)", "1 - 2 / (exp(2 * u) + 1)",
         "sinh(u) / cosh(u)", "2 * sigmoid(2 * u) - 1"),
        ("1 - tanh(u) ** 2", "(1 - tanh(u)) * (1 + tanh(u))", "1 / cosh(u) ** 2", "sech(u) ** 2",
         "4 / (exp(u) + exp(-u)) ** 2", "4 * exp(2 * u) / (exp(2 * u) + 1) ** 2",
         "1 - (sinh(u) / cosh(u)) ** 2"),
    ),
    Primitive(
        ("softplus(u)", "log(1 + exp(u))", "log1p(exp(u))", "u + log(1 + exp(-u))",
         "logaddexp(u, 0)"),
        ("sigmoid(u)", "1 / (1 + exp(-u))", "exp(u) / (1 + exp(u))", "1 - 1 / (1 + exp(u))",
         "exp(u - softplus(u))"),
    ),
    Primitive(
        ("exp(u)", "1 / exp(-u)", "exp(u / 2) ** 2", "sinh(u) + cosh(u)", "expm1(u) + 1"),
        ("exp(u)", "1 / exp(-u)", "exp(u / 2) ** 2", "cosh(u) + sinh(u)", "1 + expm1(u)"),
    ),
    Primitive(
        ("expm1(u)", "exp(u) - 1", "2 * exp(u / 2) * sinh(u / 2)"),
        ("exp(u)", "expm1(u) + 1", "1 / exp(-u)"),
    ),
    Primitive(
        ("sinh(u)", "(exp(u) - exp(-u)) / 2", "2 * sinh(u / 2) * cosh(u / 2)"),
        ("cosh(u)", "(exp(u) + exp(-u)) / 2", "1 + 2 * sinh(u / 2) ** 2", "sqrt(1 + sinh(u) ** 2)"),
    ),
    Primitive(
        ("cosh(u)", "(exp(u) + exp(-u)) / 2"),
        ("sinh(u)", "(exp(u) - exp(-u)) / 2", "2 * sinh(u / 2) * cosh(u / 2)"),
    ),
    Primitive(
        ("sin(u)", "2 * sin(u / 2) * cos(u / 2)", f"cos(u - {HALF_PI})"),
        ("cos(u)", "1 - 2 * sin(u / 2) ** 2", "2 * cos(u / 2) ** 2 - 1", f"sin(u + {HALF_PI})",
         "cos(u / 2) ** 2 - sin(u / 2) ** 2"),
    ),
    Primitive(
        ("cos(u)", "1 - 2 * sin(u / 2) ** 2", "cos(u / 2) ** 2 - sin(u / 2) ** 2"),
        ("-sin(u)", "-2 * sin(u / 2) * cos(u / 2)", f"cos(u + {HALF_PI})"),
    ),
    Primitive(
        ("tan(u)", "sin(u) / cos(u)"),
        ("1 + tan(u) ** 2", "1 / cos(u) ** 2", "2 / (1 + cos(2 * u))"),
    ),
    Primitive(
        ("sin(u) ** 2", "1 - cos(u) ** 2", "(1 - cos(2 * u)) / 2"),
        ("2 * sin(u) * cos(u)", "sin(2 * u)", "(sin(u) + cos(u)) ** 2 - 1"),
    ),
    Primitive(
        ("log(u)", "-log(1 / u)", "2 * log(sqrt(u))", "log1p(u - 1)"),
        ("1 / u", "u ** -1", "exp(-log(u))", "1 / sqrt(u) ** 2", "(1 + u) / u - 1"),
        (0.0, math.inf),
    ),
    Primitive(
        ("log1p(u)", "log(1 + u)"),
        ("1 / (1 + u)", "1 - u / (1 + u)", "exp(-log1p(u))", "(1 - u) / (1 - u ** 2)"),
        (0.0, math.inf),
    ),
    Primitive(
        ("sqrt(u)", "u ** 0.5", "exp(log(u) / 2)", "u / sqrt(u)"),
        ("0.5 / sqrt(u)", "0.5 * u ** -0.5", "sqrt(u) / (2 * u)", "exp(-log(4 * u) / 2)"),
        (0.0, math.inf),
    ),
    Primitive(
        ("arctan(u)",),
        ("1 / (1 + u ** 2)", "cos(arctan(u)) ** 2", "1 / (1 + u * u)", "1 - u ** 2 / (1 + u ** 2)"),
    ),
    Primitive(
        ("arcsinh(u)", "log(u + sqrt(u ** 2 + 1))"),
        ("1 / sqrt(u ** 2 + 1)", "1 / hypot(u, 1)", "1 / cosh(arcsinh(u))",
         "sqrt(1 + u ** 2) - u ** 2 / sqrt(1 + u ** 2)"),
        (0.0, math.inf),
    ),
    Primitive(
        ("u / (1 + u ** 2)", "1 / (u + 1 / u)"),
        ("(1 - u ** 2) / (1 + u ** 2) ** 2", "1 / (1 + u ** 2) - 2 * u ** 2 / (1 + u ** 2) ** 2",
         "2 / (1 + u ** 2) ** 2 - 1 / (1 + u ** 2)", "(1 - u) * (1 + u) / (1 + u ** 2) ** 2"),
    ),
    Primitive(
        ("(u + 1) / (u + 2)", "1 - 1 / (u + 2)"),
        ("1 / (u + 2) ** 2", "1 / (u ** 2 + 4 * u + 4)", "((u + 2) - (u + 1)) / (u + 2) ** 2",
         "1 / (u + 2) - (u + 1) / (u + 2) ** 2"),
        (0.0, math.inf),
    ),
    Primitive(
        ("1 / u", "u ** -1", "1 / (u + 1) + 1 / (u * (u + 1))"),
        ("-1 / u ** 2", "-(u ** -2)", "-1 / (u + 1) ** 2 - (2 * u + 1) / (u * (u + 1)) ** 2"),
        (0.0, math.inf),
    ),
    Primitive(
        ("u ** 2 - 1", "(u - 1) * (u + 1)"),
        ("2 * u", "(u + 1) + (u - 1)", "(u + 1) ** 2 - u ** 2 - 1",
         "((u + 1) ** 2 - (u - 1) ** 2) / 2"),
    ),
    Primitive(
        ("exp(-u ** 2)", "1 / exp(u ** 2)"),
        ("-2 * u * exp(-u ** 2)", "-2 * u / exp(u ** 2)", "-u * exp(-u ** 2) - u * exp(-u ** 2)"),
    ),
)  # fmt: skip


class Derivation(NamedTuple):
    """A function of x, its derivative in another form, and an interval of x."""

    f: str
    by_hand: str
    interval: tuple[float, float]


def _at(form: str, inner: str) -> str:
    """Put an expression in the place of u."""
    return "".join(f"({inner})" if part == "u" else part for part in _words(form))


def _words(text: str) -> list[str]:
    """Split a text at its names."""
    words, word = [], ""
    for letter in text:
        if letter.isalnum() or letter == "_":
            word += letter
        else:
            words += [word, letter]
            word = ""
    return [*words, word]


def _composed(rng: random.Random) -> tuple[str, str, bool]:
    """Return a primitive of a linear function of x, its derivative, and whether x is positive."""
    primitive = rng.choice(PRIMITIVES)
    positive = primitive.domain[0] == 0
    slope, shift = rng.choice(["1", "2", "0.5", "3", "0.1"]), rng.choice(["0", "0", "1", "0.25"])
    inner = "x" if (slope, shift) == ("1", "0") else f"{slope} * x + {shift}"
    value, derivative = rng.choice(primitive.values), rng.choice(primitive.slopes)
    return _at(value, inner), f"{slope} * ({_at(derivative, inner)})", positive


def _combined(rng: random.Random) -> tuple[str, str, bool]:
    """Return a sum, product or quotient of two, or one alone, with its derivative."""
    f, df, f_positive = _composed(rng)
    g, dg, g_positive = _composed(rng)
    positive = f_positive or g_positive
    rule = rng.randrange(5)
    if rule == 0:
        return f"{f} + {g}", f"{df} + {dg}", positive
    if rule == 1:
        return f"({f}) * ({g})", f"({df}) * ({g}) + ({f}) * ({dg})", positive
    if rule == 2:
        by_hand = f"(({df}) * ({g}) - ({f}) * ({dg})) / ({g}) ** 2"
        return f"({f}) / ({g})", by_hand, positive
    return f, df, f_positive


def _power(rng: random.Random) -> tuple[str, str, bool]:
    """Return (x - a)**n, and its derivative multiplied out."""
    n, a = rng.randrange(2, 12), rng.choice([-3, -2, -1, -0.5, 0.25, 0.1, 1, 1.5, 2, 3])
    terms = [f"{n * math.comb(n - 1, k)} * ({-a}) ** {k} * x ** {n - 1 - k}" for k in range(n)]
    forms = [
        " + ".join(terms),
        " + ".join(reversed(terms)),
        f"{n} * (x - {a}) ** {n} / (x - {a})",
        " + ".join(f"{n * math.comb(n - 1, k) * (-a) ** k!r} * x ** {n - 1 - k}" for k in range(n)),
        f"{n} * " + " * ".join([f"(x - {a})"] * (n - 1)),
    ]
    return f"(x - {a}) ** {n}", rng.choice(forms), False


# Ways to write d otherwise; f is the function itself, of any other size.
REWRITINGS = (
    "({d} + {f}) - ({f})",
    "(({d}) * ({f})) / ({f})",
    "1 / (1 / ({d}))",
    "({d}) / 3 + 2 * ({d}) / 3",
    "(1 + ({d})) - 1",
    "({d}) * (1 + x) - x * ({d})",
    "(({d}) ** 2 - ({f}) ** 2) / (({d}) + ({f})) + ({f})",
)


def _interval(rng: random.Random, positive: bool) -> tuple[float, float]:
    """Return an interval somewhere between 1e-8 and 1e8, on either side of 0, or the default."""
    if rng.random() < 0.2:
        return (0.0, 2.0) if positive else (-2.0, 2.0)
    # Most functions overflow or vanish far out, so that near numbers are drawn more often.
    exponent = rng.choice([rng.uniform(-8, 2), rng.uniform(-8, 8)])
    low, high = 10**exponent, 10 ** min(8, exponent + 1)
    return (low, high) if positive or rng.random() < 0.6 else (-high, -low)


def derivations(count: int, seed: int = 0) -> list[Derivation]:
    """Return so many different right derivations."""
    rng = random.Random(seed)
    found: dict[Derivation, None] = {}
    while len(found) < count:
        f, by_hand, positive = _power(rng) if rng.random() < 0.2 else _combined(rng)
        if rng.random() < 0.4:
            by_hand = rng.choice(REWRITINGS).format(d=by_hand, f=f)
        found[Derivation(f, by_hand, _interval(rng, positive))] = None
    return list(found)
