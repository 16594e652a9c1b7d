"""The command line: what it prints, its exit status, and that no text makes it fail badly."""

import io
import json
import os
import random
import subprocess
import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from autodiff.__main__ import main
from autodiff.extras import how_to_install

ERROR = "error = (input * weight - goal_pred) ** 2"
NUMBERS = ("input=0.5", "weight=0.5", "goal_pred=0.8")
BY_HAND = ("--by-hand", "weight=input * (input * weight - goal_pred)")


@pytest.fixture
def run(capsys):
    """Return a function that runs the command line: status, output, errors."""

    def run(*arguments):
        status = main(arguments)
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


def test_value_and_all_derivatives(run):
    assert run(ERROR, *NUMBERS) == (
        0,
        "error                  0.30250000000000005\n"
        "d error / d input      -0.55\n"
        "d error / d weight     -0.55\n"
        "d error / d goal_pred  1.1\n",
        "",
    )


def test_named_statements_are_printed_with_their_derivatives(run):
    status, out, _ = run("pred = x * 2; pred ** 2", "x=1/2")
    assert status == 0
    assert [line.split("  ")[0] for line in out.splitlines()] == [
        "pred", "result", "d result / d x", "d result / d pred",
    ]  # fmt: skip
    assert out.splitlines()[2].endswith(" 4.0")


def test_a_wrong_derivative_by_hand_is_explained_and_gives_status_1(run):
    status, out, _ = run(ERROR, *NUMBERS, *BY_HAND)
    assert status == 1
    assert "by hand is 1/2 of autodiff at all 21 points: is a factor 2 dropped?" in out
    assert "input=0.5 weight=0.5 goal_pred=0.8" in out


@pytest.mark.parametrize(
    "numbers",
    [NUMBERS, (), ("input=-1:1", "weight=0.5", "goal_pred=0:1/2")],
    ids=["around numbers", "without numbers", "in intervals"],
)
def test_a_right_derivative_by_hand_gives_status_0(run, numbers):
    right = "--by-hand=weight=2 * input * (input * weight - goal_pred)"
    status, out, _ = run(ERROR, *numbers, right, "--points", "5")
    assert status == 0
    assert "weight: proved equal for all inputs, and agrees at" in out


def test_the_value_can_be_worked_out_by_hand_too(run):
    status, out, _ = run("y = x ** 2", "x=3", "--by-hand", "x=2 * x", "--by-hand", "y=x ** 3")
    assert status == 1
    assert "by hand / the function = x at all 21 points" in out


def test_formulas_of_the_derivatives(run):
    status, out, _ = run("y = sin(x) * w", "--formula", "--order", "2")
    assert status == 0
    assert out.splitlines() == [
        "d y / d x = w*cos(x)",
        "d y / d w = sin(x)",
        "d2 y / d x d x = -w*sin(x)",
        "d2 y / d x d w = cos(x)",
        "d2 y / d w d w = 0",
    ]


def test_higher_orders(run):
    status, out, _ = run("x ** 3 * y", "x=2", "y=5", "--order", "3")
    assert status == 0
    numbers = {line.split("  ")[0]: float(line.split()[-1]) for line in out.splitlines()}
    assert numbers["d2 result / d x d x"] == 60
    assert numbers["d2 result / d x d y"] == 12
    assert numbers["d3 result / d x d x d y"] == 12
    assert numbers["d3 result / d y d y d y"] == 0


def test_json_is_json_even_of_infinity(run):
    status, out, _ = run("y = sqrt(x)", "x=0", "--json", "--formula")
    assert status == 0
    assert json.loads(out) == {
        "formula": "y = sqrt(x)",
        "values": {"y": 0.0},
        "derivatives": {"d y / d x": "inf"},
        "formulas": {"d y / d x": "1/(2*sqrt(x))"},
    }


def test_json_holds_the_comparison(run):
    status, out, _ = run(ERROR, *NUMBERS, *BY_HAND, "--json", "--points", "3")
    comparison = json.loads(out)["comparison"]
    assert status == 1
    assert comparison["agrees"] is False
    assert len(comparison["rows"]) == 4


def test_the_formula_can_come_from_a_file(run, tmp_path):
    file = tmp_path / "formula.txt"
    file.write_text("# a comment\npred = input * weight\nerror = (pred - 0.8) ** 2\n")
    status, out, _ = run("input=0.5", "weight=0.5", "--file", str(file))
    assert status == 0
    assert "d error / d weight  -0.55" in out


def test_the_formula_can_come_from_standard_input(run, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("y = x * x\n"))
    assert run("-", "x=3")[:2] == (0, "y          9.0\nd y / d x  6.0\n")


def test_the_graph_is_drawn(run, tmp_path):
    path = tmp_path / "error.dot"
    assert run(ERROR, *NUMBERS, "--draw", str(path))[0] == 0
    source = path.read_text()
    assert source.startswith("digraph") or "digraph" in source
    assert "weight" in source
    assert "-0.55" in source


# ---- Errors -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "what is the formula?"),
        (("--bogus",), "unrecognized arguments: --bogus"),
        (("x.data", "x=1"), "column 2: attributes are no part of a formula"),
        (("y = x", "x=1", "y=2"), "y is no variable of the formula; its variables: x"),
        (("x * y", "x=1"), "no number for y: add y=NUMBER"),
        (("x", "x=1", "x=2"), "x has two numbers"),
        (("x", "x=z"), "x=z: z is no number"),
        (("x", "x=1 +"), "x=NUMBER: column 4"),
        (("x", "1=x"), "write NAME=..."),
        (("1 + log(x)", "x=-1"), "column 5: math domain error, in log(x=-1.0)"),
        (("9**9**9",), "column 1: the power would have more than 10000 bits"),
        (("x", "x=9**9**9"), "x=NUMBER: column 1: the power would have"),
        (("x", "x=10**400"), "x=NUMBER: column 1: "),
        (("x", "x=1", "--by-hand", "x=y"), "--by-hand x: y is not in the formula"),
        (("x", "x=1", "--by-hand", "z=1"), "--by-hand z: it is no variable; the variables: x"),
        (("x", "x=1", "--by-hand", "x=2 ^ 2"), "--by-hand x: column 3: a power is written **"),
        (("x", "x=1", "--by-hand", "x"), "write NAME=..."),
        (("x", "x=1", "--order", "9"), "--order is a whole number from 1 to 4"),
        (("x", "x=1", "--draw", "x.txt"), "the file ends in .svg, .png, .pdf, .dot or .gv"),
        (("x", "x=1", "--draw", "/nowhere/x.dot"), "/nowhere/x.dot: No such file or directory"),
        (("--file", "/nowhere/x"), "/nowhere/x: No such file or directory"),
        (("(" * 5000 + "x", "x=1"), "column 101: brackets are nested at most 100 deep"),
        (("x" * 2_000_000,), "a formula has at most 10000 characters"),
        (("x + \udcff",), "column 5: "),
    ],
)
def test_an_error_is_one_line_and_gives_status_2(run, arguments, message):
    status, out, err = run(*arguments)
    assert status == 2
    assert out == ""
    assert message in err
    assert err.startswith("autodiff: ")
    assert err.count("\n") == 1


def doubling(count):
    """Return a formula whose written-out form doubles with every statement."""
    return "\n".join(["a0 = x", *(f"a{i + 1} = sin(a{i}) + a{i}" for i in range(count))])


@pytest.mark.parametrize(
    "arguments",
    [
        (doubling(300), "x=1"),
        (doubling(300), "--formula"),
        (doubling(300), "x=1", "--by-hand", "x=1"),
        (doubling(300), "x=1", "--order", "4"),
        ("(" * 50 + "x" + ") ** 20" * 50, "x=1", "--formula"),
        ("(x + y + 1) ** 1000 * (x + y + 2) ** 1000", "--formula"),
        ("(x + y) ** 999", "x=1", "y=-1.5", "--by-hand", "x=999 * (x + y) ** 998"),
        ("*".join(["(x + y)"] * 150), "x=1", "y=1", "--by-hand", "x=150 * (x + y) ** 149"),
        ("+".join(f"x{i}" for i in range(1000)), *(f"x{i}=1" for i in range(1000))),
        ("+".join(f"x{i}" for i in range(1000)), "--formula", "--order", "4"),
        ("exp2(x)", "x=10**300", "--formula"),
    ],
    ids=range(11),
)
def test_no_formula_takes_more_than_a_while(arguments):
    finished = subprocess.run(
        [sys.executable, "-m", "autodiff", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert finished.returncode in (0, 1, 2)
    assert "Traceback" not in finished.stderr


def test_help_has_examples():
    command = [sys.executable, "-m", "autodiff", "--help"]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    finished = subprocess.run(command, capture_output=True, text=True, timeout=120, env=env)
    assert finished.returncode == 0
    for word in ("--by-hand", "examples:", "exit status"):
        assert word in finished.stdout


PIECES = [
    *"()+-*/%=<>;,.[]'\"#:_jxy \n", "**", "//", "==", "z1", "β", "0.5", "2", "9", "10", "1e308",
    "where(", "sin(", "exp(", "log(", "relu(", "power(", "maximum(", "exp2(", "polygamma(",
    "lambda", "for", "in", "import", ".__class__", "(x > 0, ",
]  # fmt: skip

mutated = st.lists(st.sampled_from(PIECES), max_size=14).map("".join)


@st.composite
def broken(draw):
    """Return a formula with a few letters taken out, doubled or replaced."""
    text = draw(
        st.sampled_from([ERROR, "y = where(x > 0, sin(x), x ** 2)", "a = x; b = a / x; a + b"])
    )
    rng = random.Random(draw(st.integers(0, 10**6)))
    for _ in range(rng.randrange(4)):
        at = rng.randrange(len(text))
        text = text[:at] + rng.choice(["", text[at] * 2, rng.choice(PIECES)]) + text[at + 1 :]
    return text or "x"


arguments = st.lists(
    st.one_of(
        st.sampled_from(
            ["x=1", "x=0", "x=-2.5", "y=3", "x=1:2", "weight=0.5", "input=1/3", "goal_pred=1"]
        ),
        st.sampled_from(["--order", "2", "--json", "--points", "3", "--seed=5", "--by-hand"]),
        mutated.map(lambda text: f"x={text}"),
    ),
    max_size=6,
)


@settings(max_examples=400, deadline=None)
@given(st.one_of(mutated, broken(), st.text(max_size=30)), arguments)
@example("-\n", [])
def test_no_text_gives_a_traceback(formula, arguments):
    out, err = io.StringIO(), io.StringIO()
    before = sys.stdout, sys.stderr, sys.stdin
    sys.stdout, sys.stderr, sys.stdin = out, err, io.StringIO("x * x")
    try:
        try:
            status = main([formula, *arguments])
        except SystemExit as stop:  # -h prints the help
            status = stop.code
    finally:
        sys.stdout, sys.stderr, sys.stdin = before
    assert status in (0, 1, 2)
    if status == 2:
        assert err.getvalue().startswith("autodiff: ")
        assert err.getvalue().count("\n") == 1
    else:
        assert err.getvalue() == ""


# ---- What is missing --------------------------------------------------------------------------


def test_without_sympy_formulas_name_the_extra(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "sympy", None)
    status, out, err = run("x * x", "--formula")
    assert (status, out) == (2, "")
    assert err == f"autodiff: --formula needs SymPy: {how_to_install('sympy')}\n"


def test_without_a_renderer_the_error_says_what_to_install(run, monkeypatch, tmp_path):
    import graphviz

    from autodiff import rendering

    def missing():
        raise graphviz.ExecutableNotFound(["dot"])

    monkeypatch.setattr(rendering, "_renderer", missing)
    status, _, err = run("x * x", "x=2", "--draw", str(tmp_path / "graph.svg"))
    assert status == 2
    assert "pip install graphviz-pure" in err


def test_what_a_renderer_says_against_a_format_is_one_line(run, monkeypatch, tmp_path):
    import graphviz

    from autodiff.rendering import Drawing

    def refuse(self, kind):
        raise graphviz.CalledProcessError(1, ["dot"], stderr=b"no such format\nand more")

    monkeypatch.setattr(Drawing, "pipe", refuse)
    path = tmp_path / "graph.pdf"
    status, _, err = run("x * x", "x=2", "--draw", str(path))
    assert (status, err) == (2, f"autodiff: --draw {path}: no such format\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("2 + 3", "--draw", "graph.svg"), "no variables, so there is no graph"),
        (("x * x", "--by-hand", "x=2*x", "--by-hand", "x=x"), "--by-hand x is given twice"),
        (("x * x", "--by-hand", "x=2*x", "--points", "0"), "no point to compare at"),
        (("sin(" * 60 + "a*b*c*d*e*g" + ")" * 60, *[f"{n}=0.5" for n in "abcdeg"], "--order", "4"),
         "too many for this formula"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_one_line(run, arguments, message):
    status, _, err = run(*arguments)
    assert status == 2
    assert err.count("\n") == 1
    assert message in err
