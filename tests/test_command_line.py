"""The command line: what it prints, its exit status, and that no text makes it fail badly."""

import io
import json
import os
import re
import signal
import subprocess
import sys

import pytest
from fuzz_command_line import Typist, in_this_process

import autodiff
from autodiff.__main__ import main
from autodiff.extras import how_to_install
from autodiff.formula import FUNCTIONS

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


def test_the_value_alone_can_be_worked_out_by_hand(run):
    status, out, _ = run("y = x ** 2", "x=3", "--by-hand", "y=x * x")
    assert status == 0
    assert "the value: equal at 21 points" in out
    assert "x: " not in out


def test_a_derivative_by_hand_that_is_nowhere_defined_is_undecided_and_the_only_one_told(run):
    status, out, _ = run("x * y", "x=3", "y=2", "--by-hand", "x=1/(x - x)")
    assert status == 1
    assert out.partition("\n\n")[2].startswith("x: undecided\n")
    assert "\ny: " not in out


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
        (("1 + exp(x)", "x=1000"), "column 5: math range error, in exp(x=1000.0)"),
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


@pytest.mark.once
@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_typed_ends_in_an_answer_or_in_a_line_that_says_why(seed, tmp_path):
    typist = Typist(seed, str(tmp_path))
    outcomes = [in_this_process(typist.line()) for _ in range(150)]
    problems = [(o.problem(), o.words) for o in outcomes if o.problem()]
    assert problems == []
    assert {outcome.status for outcome in outcomes} == {0, 1, 2}


# ---- Streams and interrupts -------------------------------------------------------------------


def process(*arguments, shell='exec "$@"', **options):
    """Start the command line as a process of its own, with its streams as the shell has them."""
    return subprocess.Popen(
        ["bash", "-c", shell, "bash", sys.executable, "-m", "autodiff", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)} | options,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell")
@pytest.mark.parametrize(
    ("shell", "arguments", "status", "told"),
    [
        ('exec "$@" >&-', ("x * x", "x=1"), 2, "standard output: it is closed"),
        ('exec "$@" > /dev/full', ("x * x", "x=1"), 2, "standard output: No space left on device"),
        ('exec "$@" > /dev/full', ("--help",), 2, "standard output: No space left on device"),
        ('exec "$@" <&-', ("-", "x=1"), 2, "standard input is closed"),
        ('exec "$@" <&-', ("x * x", "x=1"), 0, ""),
        ('exec "$@" 2>&-', ("x *", "x=1"), 2, ""),
        ('exec "$@" 2> /dev/full', ("x *", "x=1"), 2, ""),
        ('exec "$@" <&- >&- 2>&-', ("x * x", "x=1"), 2, ""),
        ('"$@" | true; exit ${PIPESTATUS[0]}', ("x * x", "x=1", "--by-hand", "x=x"), 1, ""),
        ('exec "$@" < /dev/zero', ("-",), 2, "a formula has at most 10000 characters"),
    ],
)
def test_streams_that_are_closed_or_full_are_one_line(shell, arguments, status, told):
    running = process(*arguments, shell=shell)
    _, err = running.communicate(timeout=120)
    assert running.returncode == status
    assert told in err.decode()
    assert err.count(b"\n") == bool(told)


@pytest.mark.skipif(sys.platform == "win32", reason="interrupts are other there")
def test_an_interrupt_is_one_line_and_status_130(tmp_path):
    os.mkfifo(tmp_path / "formula")
    running = process("--file", str(tmp_path / "formula"))
    with (tmp_path / "formula").open("wb"):  # waits until it is opened for reading, too
        running.send_signal(signal.SIGINT)
        running.wait(timeout=120)
    out, err = running.communicate(timeout=120)
    assert (running.returncode, out, err) == (130, b"", b"autodiff: interrupted\n")


class Interrupting:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)


def test_an_interrupt_that_comes_while_python_cleans_up_is_not_lost(run, monkeypatch):
    monkeypatch.setattr("autodiff.command_line.results.add_numbers", lambda *_: Interrupting())
    assert run("x * x", "x=1") == (130, "", "autodiff: interrupted\n")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
def test_a_byte_order_mark_is_no_part_of_the_formula(run, tmp_path, encoding):
    file = tmp_path / "formula.txt"
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    file.write_bytes(f"{mark}y = β * β".encode(encoding))
    assert run("--file", str(file), "β=3")[:2] == (0, "y          9.0\nd y / d β  6.0\n")


def test_bytes_that_are_no_letters_are_shown_where_they_stand(run, tmp_path):
    file = tmp_path / "formula.txt"
    file.write_bytes(b"x * \xff")
    assert run("--file", str(file), "x=1")[2] == (
        "autodiff: column 5: '\ufffd' is no part of a formula\n"
    )
    file.write_bytes(b"x * x  # \xff")
    assert run("--file", str(file), "x=1")[0] == 0
    assert run("x * x  # \udcff", "x=1", "--json")[0] == 0


def test_a_mistake_of_the_program_is_one_line_and_status_2(run, monkeypatch):
    def mistaken(*_):
        raise KeyError("oops")

    monkeypatch.setattr("autodiff.command_line.results.add_numbers", mistaken)
    status, _, err = run("x * x", "x=1")
    assert status == 2
    assert err.startswith("autodiff: a mistake of autodiff itself, please report it: KeyError")
    assert err.count("\n") == 1


# ---- Kindness ---------------------------------------------------------------------------------


def test_pi_and_e_are_known(run):
    assert run("pi * x ** 2 + e", "x=1") == (
        0,
        "pi              3.141592653589793\n"
        "e               2.718281828459045\n"
        "result          5.859874482048838\n"
        "d result / d x  6.283185307179586\n",
        "",
    )
    assert run("sin(x)", "x=pi/2")[1].startswith("result          1.0\n")
    assert run("x ** e", "--formula")[1] == "d result / d x = E*x**(-1 + E)\n"
    assert run("exp(x)", "--by-hand", "x=e ** x")[0] == 0


def test_pi_and_e_are_variables_where_they_are_given_and_names_where_they_are_computed(run):
    assert "d result / d e  2.0" in run("2 * e", "e=3")[1]
    assert "d result / d e = 2*e" in run("e * e", "e=1:2", "--by-hand", "e=2*e", "--formula")[1]
    assert run("e = x - 1; e * e", "x=3", "--by-hand", "x=2 * e")[0] == 0


@pytest.mark.parametrize(
    "arguments",
    [("-x * x", "x=2"), ("-x*x", "x=2"), ("-(x)*x", "x=2"), ("--", "-x*x", "x=2"),
     ("x=2", "--file", "FILE"), ("--order", "1", "-x*x", "x=2"), ("--", "---x*x", "x=2")],
)  # fmt: skip
def test_a_formula_may_start_with_a_minus(run, arguments, tmp_path):
    (tmp_path / "formula").write_text("-x*x")
    arguments = [a.replace("FILE", str(tmp_path / "formula")) for a in arguments]
    assert run(*arguments)[:2] == (0, "result          -4.0\nd result / d x  -4.0\n")


def test_the_version_is_printed(run):
    build = ", compiled" if autodiff.__compiled__ else ""
    assert run("--version") == (0, f"autodiff {autodiff.__version__}{build}\n", "")


def test_the_help_lists_every_function_and_fits_the_terminal(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "70")
    status, out, _ = run("--help")
    listed = out.partition("functions:")[2].partition("examples:")[0]
    assert status == 0
    assert set(FUNCTIONS) <= set(re.findall(r"\w+", listed))
    assert max(map(len, listed.splitlines())) <= 70


# ---- The comparison on a terminal -------------------------------------------------------------

MANY = " + ".join(f"variable{i} ** 2" for i in range(30))


@pytest.mark.parametrize("width", [60, 80, 120, 200])
@pytest.mark.parametrize(
    ("formula", "by_hand"),
    [
        ("weight ** 3 / 7e-5", "weight=3 * weight"),
        (MANY, "variable3=variable3"),
        ("a_name_that_is_far_too_long_for_any_table ** 2", f"a_name_{'that_is_far_too_long'}"),
        ("x * 10 ** 200", "x=10 ** 200 + 1"),
    ],
    ids=["one", "thirty", "long name", "long number"],
)
def test_the_table_fits_the_terminal(run, monkeypatch, width, formula, by_hand):
    monkeypatch.setenv("COLUMNS", str(width))
    by_hand = by_hand if "=" in by_hand else "a_name_that_is_far_too_long_for_any_table=1"
    out = run(formula, "--by-hand", by_hand)[1]
    heading, *lines = out.partition("\n\n")[2].splitlines()
    assert heading.split()[0] == "variable"
    assert max(map(len, [heading, *lines])) <= width
    assert len(lines) >= 11


def test_a_point_that_is_cut_is_written_out_below(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    out = run(MANY, "--by-hand", "variable3=variable3")[1]
    below = out.partition("the first of these points: ")[2].partition("\nand ")[0]
    assert len(below.split()) == 30


def test_ulps_are_shown_on_request(run):
    arguments = ("x ** 2", "x=3", "--by-hand", "x=x")
    assert "ulps" not in run(*arguments)[1]
    assert {"relative", "ulps"} <= set(run(*arguments, "--verbose")[1].split())


def test_verdicts_are_coloured_where_that_is_wanted(run, monkeypatch):
    arguments = ("x ** 2", "x=3", "--by-hand", "x=x")
    assert "\033" not in run(*arguments)[1]
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\033[31mx: differs at" in run(*arguments)[1]
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\033" not in run(*arguments)[1]


@pytest.mark.skipif(sys.platform == "win32", reason="has no pseudo-terminals")
@pytest.mark.parametrize(
    ("setting", "coloured"),
    [({"TERM": "xterm"}, True), ({"TERM": "dumb"}, False), ({"NO_COLOR": "1"}, False)],
)
def test_a_terminal_is_coloured_unless_somebody_says_otherwise(setting, coloured):
    import pty

    ours, theirs = pty.openpty()
    kept = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR")}
    env = kept | {"PYTHONPATH": os.pathsep.join(sys.path)} | setting
    command = [sys.executable, "-m", "autodiff", "x ** 2", "x=3", "--by-hand", "x=x"]
    assert subprocess.run(command, stdout=theirs, env=env, timeout=120).returncode == 1
    assert (b"\033[31m" in os.read(ours, 10_000)) == coloured
    os.close(ours)
    os.close(theirs)


# ---- What is given up -------------------------------------------------------------------------

SINES = "sin(" * 99 + "x" + ")" * 99
TANHS = "tanh(" * 5 + "x" + ")" * 5


def test_formulas_that_are_too_long_are_given_up_and_the_numbers_hold(run):
    status, out, err = run(SINES, "x=1", "--formula", "--order", "2")
    assert status == 2
    assert out.startswith("result               0.1696653")
    assert "d2 result / d x d x  " in out
    assert err.splitlines()[1] == (
        "autodiff: d2 result / d x d x is not written as a formula: it would be too long; "
        "at numbers it is computed all the same"
    )


def test_a_formula_that_sympy_fails_to_shorten_is_printed_as_it_is(run, monkeypatch):
    def fail(expression):
        raise ZeroDivisionError("Modulo by zero")

    monkeypatch.setattr("autodiff.command_line.results.shortest", fail)
    assert run("x * x", "--formula")[:2] == (0, "d result / d x = 2*x\n")


def test_of_several_orders_those_that_can_be_written_are(run):
    status, out, err = run(TANHS, "--order", "4", "--formula")
    assert status == 2
    assert [line.partition(" = ")[0] for line in out.splitlines()] == [
        "d result / d x", "d2 result / d x d x", "d3 result / d x d x d x",
    ]  # fmt: skip
    assert err.startswith("autodiff: d4 result / d x d x d x d x is not written as a formula")


def test_derivatives_that_are_too_many_are_given_up_and_those_of_lower_order_hold(run):
    formula = " * ".join(f"sin(x{i})" for i in range(40))
    status, out, err = run(formula, *(f"x{i}=1" for i in range(40)), "--order", "4", "--json")
    told = json.loads(out)
    sentence = "the derivatives of order 3 are too many for this formula; those of lower order hold"
    assert (status, err) == (2, f"autodiff: {sentence}\n")
    assert told["given_up"] == [sentence]
    assert len(told["derivatives"]) == 40 + 40 * 41 / 2


def test_a_long_comparison_is_made_at_fewer_points_and_says_so(run):
    formula = "+".join(["x"] * 900)
    status, out, _ = run(formula, "--by-hand", "x=900")
    assert status == 0
    assert "compared at 2 random points, for more would take too long" in out
    status, _, err = run(formula, "x=1", "--by-hand", f"x={formula}+900", "--by-hand", "x=1")
    assert (status, "given twice" in err) == (2, True)


POWER = f"where(x > 9, x ** {'9' * 300}, {'9' * 300} ** x)"
ADDED = "; ".join(["a0 = x * y", *(f"a{i + 1} = a{i} + sin(a{i})" for i in range(200))])


@pytest.mark.parametrize(
    "arguments",
    [
        (ADDED, "x=0.6", "y=0.3", "--by-hand", "x=square(x)"),
        ("digamma(" * 4 + "x" + ")" * 4, "x=10", "--by-hand", "x=x", "--points", "1000000"),
        ("digamma(x) - digamma(x)", "x=30", "--by-hand", "x=1e-23", "--points", "1000000"),
        (POWER, "--by-hand", f"x={POWER} + x - x"),
        ("erf(x)", "x=30", "--by-hand", "x=1 - erf(x)", "--points", "1000000"),
        ("log(erfc(-hypot(y, x)))", "y=1", "x=2:1e308", "--by-hand", "x=log(erfc(-x))"),
    ],
)
def test_a_comparison_whose_work_cannot_be_foreseen_is_given_up_and_the_numbers_hold(
    run, arguments
):
    status, out, err = run(*arguments)
    assert status == 2
    assert (" / d x  " in out) or not out
    assert err.startswith("autodiff: the comparison is given up, for at ")
    assert err.endswith("; the numbers hold\n" if out else "fewer --points take less\n")
    assert err.count("\n") == 1


def test_a_comparison_that_is_too_long_is_refused(run):
    names = [f"x{i}" for i in range(100)]
    by_hand = [f"--by-hand={name}=1" for name in names]
    status, _, err = run("+".join(names), *by_hand)
    assert status == 2
    assert "would take too long to compare: give fewer at a time" in err


# ---- What is missing --------------------------------------------------------------------------


def test_without_sympy_formulas_name_the_extra(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "sympy", None)
    status, out, err = run("x * x", "--formula")
    assert (status, out) == (2, "")
    assert err == f"autodiff: --formula needs SymPy: {how_to_install('sympy')}\n"


def test_without_a_renderer_the_error_says_what_to_install(run, monkeypatch, tmp_path):
    import graphviz

    from autodiff.drawing import rendering

    def missing():
        raise graphviz.ExecutableNotFound(["dot"])

    monkeypatch.setattr(rendering, "_renderer", missing)
    status, _, err = run("x * x", "x=2", "--draw", str(tmp_path / "graph.svg"))
    assert status == 2
    assert "pip install graphviz-pure" in err


def test_what_a_renderer_says_against_a_format_is_one_line(run, monkeypatch, tmp_path):
    import graphviz

    from autodiff.drawing.rendering import Drawing

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


def test_a_formula_is_shortened_in_a_process_that_has_loaded_nothing():
    command = [sys.executable, "-m", "autodiff", "sin(x) * exp(-x)", "--formula", "--order", "2"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "d2 result / d x d x = -2*exp(-x)*cos(x)\n" in shown


def test_an_interrupt_after_the_answer_changes_nothing():
    late = "import atexit, os, signal, sys\n"
    late += "atexit.register(lambda: os.kill(os.getpid(), signal.SIGINT))\n"
    late += "from autodiff.__main__ import run\nsys.argv[1:] = ['x * x', 'x=3']\nrun()"
    finished = subprocess.run([sys.executable, "-c", late], capture_output=True, text=True)
    assert (finished.returncode, finished.stderr) == (0, "")
    assert "9" in finished.stdout
