"""The command line: values and derivatives of a formula, and a check of those worked out by hand.

autodiff "error = (input * weight - goal) ** 2" input=0.5 weight=0.5 goal=0.8
"""

from __future__ import annotations

import argparse
import functools
import itertools
import json
import math
import os
import pathlib
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from autodiff import grad
from autodiff.checking import compare
from autodiff.checking.report import Report
from autodiff.formula import Formula, normal_name, on_values, parse
from autodiff.kinds import Number
from autodiff.spelling import MAX_CHARACTERS, FormulaError
from autodiff.symbolic import can_be_expanded, can_be_written, shortest
from autodiff.value import Value

_MOST_WORK = 1_000_000  # operations that one call may take
_HIGHEST_ORDER = 4
_EVALUATIONS = 100  # of the function, that comparing one derivative at one point may take

_DESCRIPTION = """\
Print the value of a formula and its derivative in every variable. A formula is one or several
statements, separated by ; or line ends. It has names, numbers, + - * / % // **, brackets and the
functions of autodiff; a branch is where(x > 0, a, b)."""

_EXAMPLES = """\
examples:
  autodiff "error = (input * weight - goal) ** 2" input=0.5 weight=0.5 goal=0.8
  autodiff "pred = input * weight; error = (pred - goal) ** 2" input=0.5 weight=0.5 goal=0.8 \\
      --by-hand weight="input * (pred - goal)"
  autodiff "sin(x) * exp(-x)" x=0.5 --formula --order 2 --draw graph.svg

exit status: 0; 1 if a derivative by hand differs or cannot be decided; 2 for an error."""


class _UsageError(Exception):
    """What a person has to change, in one line."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _UsageError(f"{' '.join(message.split())} (autodiff --help tells more)")


def _arguments() -> _Parser:
    parser = _Parser(
        prog="autodiff",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("formula", nargs="?", metavar="FORMULA", help="the formula; - reads standard input")
    add(
        "numbers", nargs="*", metavar="NAME=NUMBER",
        help="a number for each variable; to compare, also an interval NAME=LOW:HIGH",
    )  # fmt: skip
    add("--file", metavar="FILE", help="read the formula from a file")
    add(
        "--by-hand", action="append", default=[], metavar="NAME=FORMULA",
        help="compare a derivative worked out by hand (or, under the result's name, the value) at "
        "the numbers and at random points, and say what is wrong; may be given several times",
    )  # fmt: skip
    add(
        "--points", type=int, default=20, metavar="N",
        help="random points to compare at, around the numbers or in the intervals (default 20)",
    )  # fmt: skip
    add("--seed", type=int, default=0, metavar="N", help="of the random points (default 0)")
    add(
        "--order", type=int, default=1, metavar="N",
        help=f"also print the derivatives of higher order, up to {_HIGHEST_ORDER}",
    )  # fmt: skip
    add("--formula", action="store_true", dest="symbolic", help="print formulas (needs SymPy)")
    add("--draw", metavar="FILE", help="draw the graph: .svg, .png, .pdf, .dot or .gv")
    add("--json", action="store_true", help="print JSON")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        Without the program's name; what the shell gave, by default.

    Returns
    -------
    int
        The exit status: 0; 1 if a derivative by hand differs; 2 for an error, which is told in one
        line on standard error.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal need not know every letter
            stream.reconfigure(errors="backslashreplace")
    try:
        status = _run(_arguments().parse_intermixed_args(arguments))
        sys.stdout.flush()
        return status
    except FormulaError as error:
        problem = error.one_line
    except _UsageError as error:
        problem = str(error)
    except BrokenPipeError:  # who reads us has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        problem = f"{error.filename}: {error.strerror}"
    print(f"autodiff: {problem}".encode("utf-8", "replace").decode(), file=sys.stderr)
    return 2


def _run(options: argparse.Namespace) -> int:
    """Do what the options ask for, and return the exit status."""
    formula = _formula(options)
    numbers, intervals = _numbers(options.numbers, formula)
    if not 1 <= options.order <= _HIGHEST_ORDER:
        raise _UsageError(f"--order is a whole number from 1 to {_HIGHEST_ORDER}")
    told: dict[str, Any] = {"formula": formula.text}
    needs_numbers = not (options.symbolic or options.by_hand) or options.draw
    missing = [name for name in formula.variables if name not in numbers]
    if missing and (needs_numbers or (numbers and not intervals)):
        raise _UsageError(f"no number for {missing[0]}: add {missing[0]}=NUMBER")
    if not missing:
        told |= _at_numbers(formula, numbers, options)
    if options.symbolic:
        told["formulas"] = _symbolic(formula, options.order)
    report = _compared(formula, numbers, intervals, options) if options.by_hand else None
    if options.json:
        told |= {} if report is None else {"comparison": report.to_dict()}
        print(json.dumps(_for_json(told), ensure_ascii=False, indent=2))
    else:
        print("\n\n".join(_blocks(told, report)))
    return int(report is not None and not report)


# ---- What was typed ---------------------------------------------------------------------------


def _formula(options: argparse.Namespace) -> Formula:
    """Read the formula from the command line, a file, or standard input."""
    if options.file is not None:
        if options.formula is not None:
            options.numbers.insert(0, options.formula)
        with pathlib.Path(options.file).open(encoding="utf-8", errors="replace") as file:
            return parse(file.read(MAX_CHARACTERS + 1))
    if options.formula is None:
        raise _UsageError("what is the formula? (autodiff --help tells more)")
    if options.formula != "-":
        return parse(options.formula)
    try:
        return parse(sys.stdin.read(MAX_CHARACTERS + 1))
    except UnicodeDecodeError:
        raise _UsageError("standard input is no UTF-8 text") from None


def _named(text: str, option: str) -> tuple[str, str]:
    """Split NAME=TEXT."""
    name, equals, content = text.partition("=")
    if not equals or not name.strip().isidentifier():
        raise _UsageError(f"{option} {text[:60]!r}: write NAME=...")
    return normal_name(name.strip()), content


def _numbers(
    texts: Sequence[str], formula: Formula
) -> tuple[dict[str, float], dict[str, tuple[float, float]]]:
    """Read the numbers and the intervals of the variables."""
    numbers: dict[str, float] = {}
    intervals: dict[str, tuple[float, float]] = {}
    for text in texts:
        name, content = _named(text, "the number")
        if name not in formula.variables:
            known = ", ".join(formula.variables) or "none"
            raise _UsageError(f"{name} is no variable of the formula; its variables: {known}")
        if name in numbers or name in intervals:
            raise _UsageError(f"{name} has two numbers")
        low, colon, high = content.partition(":")
        if colon:
            intervals[name] = (_number(name, low), _number(name, high))
        else:
            numbers[name] = _number(name, content)
    return numbers, intervals


def _number(name: str, text: str) -> float:
    """Read a number; 1/2 is one too."""
    formula = _explained(f"{name}=NUMBER: ", parse, text)
    if formula.variables:
        raise _UsageError(f"{name}={text[:60]}: {formula.variables[0]} is no number")
    return float(_computed(formula, lambda: float(formula()), f"{name}=NUMBER: "))


def _explained(where: str, function: Callable[..., Any], *arguments: Any) -> Any:
    """Call; an error of a formula says where the formula stands."""
    try:
        return function(*arguments)
    except FormulaError as error:
        raise _UsageError(f"{where}{error.one_line}") from None


def _computed(formula: Formula, compute: Callable[[], Any], where: str = "") -> Any:
    """Compute; what cannot be computed points into the formula."""
    try:
        return compute()
    except (ArithmeticError, ValueError) as error:
        raise _UsageError(f"{where}{formula.error_at(error).one_line}") from None
    except ImportError as error:
        raise _UsageError(str(error)) from None


# ---- Values and derivatives -------------------------------------------------------------------


def _at_numbers(
    formula: Formula, numbers: Mapping[str, float], options: argparse.Namespace
) -> dict[str, Any]:
    """Compute the values and the derivatives at the numbers; draw the graph, if asked to."""
    variables = {name: Value(number, name) for name, number in numbers.items()}
    root, named = _computed(formula, lambda: formula.compute(variables))
    if isinstance(root, Value):
        _computed(formula, root.backward)
    result = formula.name or "result"
    values = {name: _data(value) for name, value in named.items() if name not in numbers}
    derivatives = {
        f"d {result} / d {name}": value.grad
        for name, value in named.items()
        if isinstance(value, Value) and value is not root
    }
    for order in range(2, options.order + 1):
        derivatives |= _computed(formula, functools.partial(_partials, formula, numbers, order))
    if options.draw:
        _draw(root, options.draw)
    return {"values": values | {result: _data(root)}, "derivatives": derivatives}


def _data(x: Any) -> Number:
    return x.data if isinstance(x, Value) else x


def _partials(formula: Formula, numbers: Mapping[str, Any], order: int) -> dict[str, Number]:
    """Return all derivatives of one order."""
    names = formula.variables
    paths = list(itertools.combinations_with_replacement(range(len(names)), order))
    if len(paths) * len(formula.steps) * 4**order > _MOST_WORK:
        raise _UsageError(
            f"{len(paths)} derivatives of order {order} are too many for this formula"
        )

    def f(*args: Number) -> Number:
        return formula(**dict(zip(names, args, strict=True)))

    power = "" if order == 1 else str(order)
    result = formula.name or "result"
    derivatives = {}
    for path in paths:
        below = " ".join(f"d {names[i]}" for i in path)
        derivative = functools.reduce(grad, path, f)
        name = f"d{power} {result} / {below}"
        derivatives[name] = derivative(*[numbers[name] for name in names])
    return derivatives


def _symbolic(formula: Formula, order: int) -> dict[str, str]:
    """Return the derivatives as formulas."""
    try:
        import sympy
    except ImportError:
        raise _UsageError("--formula needs SymPy: pip install 'autodiff[sympy]'") from None
    root = on_values(formula)
    if isinstance(root, Value) and not can_be_written(root):
        raise _UsageError("the derivatives are too large to be printed as formulas")
    shown = (
        (lambda g: shortest(g, 1_000_000))
        if not isinstance(root, Value) or can_be_expanded(root)
        else str
    )
    symbols = {name: sympy.Symbol(name, real=True) for name in formula.variables}

    def derive() -> dict[str, str]:
        orders = (_partials(formula, symbols, k) for k in range(1, order + 1))
        return {n: str(shown(g)) for partials in orders for n, g in partials.items()}

    try:
        return dict(_computed(formula, derive))
    except (RecursionError, TypeError, AttributeError) as error:
        raise _UsageError(f"SymPy has no formula for this: {str(error).splitlines()[0]}") from None


def _draw(root: Any, path: str) -> None:
    """Draw the graph into a file, in the format that the file's ending names."""
    ending = pathlib.Path(path).suffix.lower().lstrip(".")
    if ending not in ("svg", "png", "pdf", "dot", "gv"):
        raise _UsageError(f"--draw {path}: the file ends in .svg, .png, .pdf, .dot or .gv")
    if not isinstance(root, Value):
        raise _UsageError("--draw: the formula has no variables, so there is no graph")
    from graphviz import CalledProcessError, ExecutableNotFound

    from autodiff.drawing import draw

    picture = draw(root)
    try:
        content = picture.source.encode() if ending in ("dot", "gv") else picture.pipe(ending)
    except ExecutableNotFound:
        raise _UsageError(
            "--draw: a picture needs Graphviz or `pip install graphviz-pure`; a .dot file neither"
        ) from None
    except CalledProcessError as error:
        told = (error.stderr or b"").decode(errors="replace").strip() or str(error)
        raise _UsageError(f"--draw {path}: {told.splitlines()[0]}") from None
    pathlib.Path(path).write_bytes(content)


def _compared(
    formula: Formula,
    numbers: Mapping[str, float],
    intervals: Mapping[str, tuple[float, float]],
    options: argparse.Namespace,
) -> Report:
    """Compare what was worked out by hand, at the numbers and around them, or in the intervals."""
    by_hand, value = _by_hand(formula, options.by_hand)
    around = {name: (x - max(1.0, abs(x)), x + max(1.0, abs(x))) for name, x in numbers.items()}
    around |= dict.fromkeys([n for n in formula.variables if n not in numbers], (-2.0, 2.0))
    ranges: dict[str, Any] = {**around, **numbers, **intervals} if intervals else around
    work = len(formula.steps) * len(by_hand) * _EVALUATIONS
    points = max(0, min(options.points, _MOST_WORK // max(work, 1)))
    at = [numbers] if len(numbers) == len(formula.variables) else []
    if not points and not at:
        raise _UsageError("there is no point to compare at: give numbers, or allow --points")
    try:
        return compare(
            formula,
            by_hand,
            at=at,
            ranges=ranges if points else {},
            points=points,
            seed=options.seed,
            value=value,
        )
    except (ArithmeticError, ValueError) as error:
        raise _UsageError(str(error).partition("\n")[0]) from None


def _by_hand(formula: Formula, texts: Sequence[str]) -> tuple[dict[str, Formula], Formula | None]:
    """Read what was worked out by hand: derivatives, and perhaps the value."""
    by_hand: dict[str, Formula] = {}
    for text in texts:
        name, content = _named(text, "--by-hand")
        derived = _explained(f"--by-hand {name}: ", parse, content)
        if name in by_hand:
            raise _UsageError(f"--by-hand {name} is given twice")
        if name not in formula.variables and name != formula.name:
            known = ", ".join(formula.variables) or "none"
            raise _UsageError(f"--by-hand {name}: it is no variable; the variables: {known}")
        for used in derived.variables:
            if used not in formula.variables and used not in formula.names:
                raise _UsageError(f"--by-hand {name}: {used} is not in the formula")
        by_hand[name] = derived
    value = by_hand.pop(formula.name, None) if formula.name else None
    return by_hand, value


# ---- Printing ---------------------------------------------------------------------------------


def _blocks(told: Mapping[str, Any], report: Report | None) -> list[str]:
    """Return what is printed, in blocks."""
    blocks = []
    if "values" in told:
        blocks.append(_aligned({**told["values"], **told["derivatives"]}))
    if "formulas" in told:
        blocks.append("\n".join(f"{name} = {text}" for name, text in told["formulas"].items()))
    if report is not None:
        blocks.append(str(report))
    return blocks


def _aligned(numbers: Mapping[str, Number]) -> str:
    width = max(map(len, numbers))
    return "\n".join(f"{name:{width}}  {number!r:>1}" for name, number in numbers.items())


def _for_json(x: Any) -> Any:
    """Return what JSON can hold: it has no nan and no infinity."""
    if isinstance(x, Mapping):
        return {name: _for_json(part) for name, part in x.items()}
    if isinstance(x, list):
        return [_for_json(part) for part in x]
    if isinstance(x, float) and not math.isfinite(x):
        return str(x)
    return x


if __name__ == "__main__":
    sys.exit(main())
