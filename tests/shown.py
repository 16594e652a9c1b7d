"""The functions and graphs that the headings of `golden/` are about, and how a heading is run.

Numbers that are shown with all their digits are computed by + - * / and square roots there, for the
last digit of a sine differs between machines.
"""

# ruff: noqa: F401  (many names are there for the headings)

import contextlib
import io
import itertools
import shlex
from fractions import Fraction

import numpy as np
from table import COMPOSITES, OPERATIONS

import autodiff
from autodiff import Value, compare, draw, grad, hessian, jacobian, jvp, operation, trace, tree
from autodiff.__main__ import main
from examples import __main__ as chapter
from examples.bowl import squared_error
from examples.box_with_rods import BOXES


def evaluated(code):
    """Return what an expression gives as text, or its error."""
    try:
        return str(eval(code, globals().copy()))
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def typed(line):
    """Return what a command prints, and its exit status."""
    out, err = io.StringIO(), io.StringIO()
    words = shlex.split(line)
    run, first = (chapter.main, 3) if words[0] == "python" else (main, 1)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = run(words[first:])
    return f"{out.getvalue()}{err.getvalue()}status {status or 0}"


# ---- Functions --------------------------------------------------------------------------------


def error(weight, input, goal_pred):
    pred = input * weight
    delta = pred - goal_pred
    return delta**2


def half_error(weight, input, goal_pred):
    return error(weight, input, goal_pred) / 2


def whopper(beta, gamma, epsilon, x):
    return ((beta * gamma) ** 2) + (epsilon + 22 - x) ** (1 / 2)


def neuron(weights, inputs, bias):
    return autodiff.tanh(autodiff.dot(weights, inputs) + bias)


def layers(weights, x):
    hidden = [autodiff.tanh(autodiff.dot(weights[2 * i : 2 * i + 2], x)) for i in range(3)]
    return (autodiff.dot(weights[6:9], hidden) - 0.5) ** 2


def rosenbrock(x):
    return autodiff.total([100 * (b - a**2) ** 2 + (1 - a) ** 2 for a, b in itertools.pairwise(x)])


def of_a_dict(p):
    return p["w"][0] * p["w"][1] + p["b"]


def branching(x):
    if x > 0:
        return x * x
    return -x


def indexing(x, y):
    return [x * y, 20.0][x > y] * x


def long_sum(xs):
    return autodiff.total(autodiff.sin(x * (i + 1)) * x for i, x in enumerate(xs))


@operation
def swish(x):
    s = autodiff.sigmoid(x)
    return x * s, s + x * s * autodiff.sigmoid(-x)


@operation
def wrongly_squared(x):
    return x**2, x


# ---- Programs ---------------------------------------------------------------------------------


def row(name, table):
    [found] = [case for case in table if case.name == name]
    return found


def of_table(name, table=OPERATIONS):
    """Return the sources of a function of the shared table: another point may record another."""
    case = row(name, table)
    programs = (trace(case.f, *point).source for point in case.points)
    return "\n\n".join(dict.fromkeys(programs))


def of_derivative(name):
    """Return the source of a first derivative: its gradient is a row of the Hessian."""
    case = row(name, COMPOSITES)
    return trace(grad(case.f), *case.points[0]).source


def written(f, *points):
    """Return a function as its source has it."""
    program = trace(f, *points)
    module = {}
    exec(program.source, module)
    return module[program.name]


# ---- Graphs -----------------------------------------------------------------------------------


def done(root):
    """Return a root after backward."""
    root.backward()
    return root


def drawn(nodes, **names):
    """Return the picture after backward, with options that are nodes."""
    options = {option: nodes[name] for option, name in names.items()}
    return draw(done(nodes["error"]), **options)


def network():
    """Return the nodes of the chapter's network with one weight."""
    weight, goal = Value(0.5, "weight"), Value(0.8, "goal_pred")
    pred = (Value(0.5, "input") * weight).labeled("pred")
    delta = (pred - goal).labeled("delta")
    return {"weight": weight, "pred": pred, "delta": delta, "error": (delta**2).labeled("error")}


def folded(inputs=3, width=8, hidden=3):
    """Return the error of a network of relus, too large to be drawn as it is."""
    signals = [Value((i + 1) / 4, f"x{i}") for i in range(inputs)]
    for _ in range(hidden):
        rows = [[((i + j) % 5 - 1) / 4 for i in range(len(signals))] for j in range(width)]
        signals = [
            autodiff.relu(autodiff.dot(weights, signals) + Value(j / 8))
            for j, weights in enumerate(rows)
        ]
    return ((autodiff.total(signals) - 1) ** 2).labeled("error")


def chain(length):
    """Return a chain of sums and products."""
    x = y = Value(1.5, "x")
    for i in range(length):
        y = y * 0.5 if i % 2 else y + x
    return y.labeled("end")


def leaf():
    return Value(2.5, "x")


def both_edges():
    a = Value(3.0, "a")
    return a * a + a


def many_edges():
    return autodiff.total([Value(3.0, "a")] * 9)


def operators():
    x, y = Value(7.5, "x"), Value(2.0, "y")
    return -(x - y) / (x % y) ** 2 + abs(x // y)


def branches():
    x, y = Value(7.5, "x"), Value(2.0, "y")
    return autodiff.where(x > y, autodiff.relu(x), y**2) * 3


def fractions():
    return (Value(Fraction(1, 2), "x") * Fraction(2, 3) - 1) ** 2


def nested():
    return Value(Value(2.0, "inner"), "outer") ** 2


def odd_labels():
    a, b = Value(-1e-300, 'a{b}|c<d> "\\N"'), Value(float("inf"), "ω & &lt;")
    return autodiff.maximum(a * b, Value(float("nan")))
