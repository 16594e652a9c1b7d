"""What was typed: the options, the formula, the numbers, what is by hand."""

from __future__ import annotations

import argparse
import codecs
import contextlib
import pathlib
import re
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from autodiff.formula import CONSTANTS, FUNCTIONS, Formula, FormulaError, parse
from autodiff.formula.spelling import MAX_CHARACTERS

HIGHEST_ORDER = 4
PICTURES = ".svg", ".png", ".pdf", ".dot", ".gv"  # how files of them end
PAGES = ".html", ".htm"
_ENDINGS = f"{', '.join(PICTURES[:-1])} or {PICTURES[-1]}"
_MOST_BYTES = 4 * MAX_CHARACTERS + 8  # of a text that is read

_DESCRIPTION = """\
Print the value of a formula and its derivative in every variable. A formula is one or several
statements, separated by ; or line ends. It has names, numbers, + - * / % // **, brackets and the
functions below; a branch is where(x > 0, a, b). pi and e are what they are, unless given."""

_EXAMPLES = """\
examples:
  autodiff "error = (input * weight - goal) ** 2" input=0.5 weight=0.5 goal=0.8
  autodiff "pred = input * weight; error = (pred - goal) ** 2" input=0.5 weight=0.5 goal=0.8 \\
      --by-hand weight="input * (pred - goal)"
  autodiff "sin(x) * exp(-x)" x=0.5 --formula --order 2 --draw graph.svg

exit status: 0; 1 if a derivative by hand differs or cannot be decided; 2 for an error, or if not
all could be done; 130 if interrupted."""


class UsageError(Exception):
    """What a person has to change, in one line."""


# ---- Options ----------------------------------------------------------------------------------


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        told = " ".join(message.split())[:300]
        if told.startswith("unrecognized"):
            told += "; before a formula that starts with -- write another --"
        raise UsageError(f"{told} (autodiff --help tells more)")


_SHIELD = " "  # before an argument that starts with a minus and is no option


def _shielded(argument: str) -> str:
    """Keep argparse from reading a formula that starts with a minus as an option."""
    is_formula = re.match(r"-[^-]", argument) and argument != "-h"
    return _SHIELD + argument if is_formula else argument


def _unshielded(argument: str) -> str:
    return argument.removeprefix(_SHIELD) if argument.startswith(f"{_SHIELD}-") else argument


def parser() -> argparse.ArgumentParser:
    """Return what reads the options, and tells of them."""
    made = _Parser(
        prog="autodiff",
        description=_DESCRIPTION,
        epilog=f"{_function_list()}\n\n{_EXAMPLES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        add_help=False,
    )

    made.register("type", None, _unshielded)  # of all that stays text
    add = made.add_argument
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
        help=f"also print the derivatives of higher order, up to {HIGHEST_ORDER}",
    )  # fmt: skip
    add("--formula", action="store_true", dest="symbolic", help="print formulas (needs SymPy)")
    add("--draw", metavar="FILE", help=f"draw the graph: {_ENDINGS}")
    add("--page", metavar="FILE", help="write a page that computes, for a browser: .html")
    add("--json", action="store_true", help="print JSON")
    add("--verbose", action="store_true", help="compare in more columns: relative, ulps")
    add("--version", action="store_true", help="print the version")
    add("-h", "--help", action="store_true", help="print this help")
    return made


def _function_list() -> str:
    """Return all functions, with their arguments where there are several."""
    width = min(shutil.get_terminal_size().columns, 100) - 2
    calls = [
        name if len(FUNCTIONS[name]) == 1 else f"{name}({', '.join(FUNCTIONS[name])})"
        for name in sorted(FUNCTIONS)
    ]
    unbroken = ", ".join(call.replace(" ", "\0") for call in calls)
    lines = textwrap.wrap(unbroken, width - 2, break_long_words=False)
    return "\n  ".join(["functions:", *lines]).replace("\0", " ")


def options_of(typed: Sequence[str] | None) -> argparse.Namespace:
    """Read the options; the formula and the numbers are still text."""
    typed = list(sys.argv[1:] if typed is None else typed)
    end = typed.index("--") if "--" in typed else len(typed)  # after that there are no options
    formulas = [_SHIELD + text if text.startswith("-") else text for text in typed[end + 1 :]]
    return parser().parse_intermixed_args([*map(_shielded, typed[:end]), *formulas])


# ---- What is asked for ------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """All that was typed, read."""

    formula: Formula
    numbers: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]]
    by_hand: Mapping[str, Formula]
    options: argparse.Namespace

    @property
    def missing(self) -> list[str]:
        """The variables without a number."""
        return [name for name in self.formula.variables if name not in self.numbers]


def read(options: argparse.Namespace) -> Asked:
    """Read the formula, the numbers and what is by hand; refuse what does not fit together."""
    if not 1 <= options.order <= HIGHEST_ORDER:
        raise UsageError(f"--order is a whole number from 1 to {HIGHEST_ORDER}")
    text = _formula_text(options)
    numbers = [_named(text, "the number") for text in options.numbers]
    by_hand = [_named(text, "--by-hand") for text in options.by_hand]
    given = {name for name, _ in [*numbers, *by_hand]}
    formula = parse(text, known=CONSTANTS.keys() - given)
    asked = Asked(
        formula,
        *_numbers(numbers, formula),
        _by_hand(by_hand, formula, CONSTANTS.keys() - given - {*formula.names}),
        options,
    )
    needs_numbers = not (options.symbolic or options.by_hand) or options.draw or options.page
    if options.draw and pathlib.Path(options.draw).suffix.lower() not in PICTURES:
        raise UsageError(f"--draw {options.draw}: the file ends in {_ENDINGS}")
    if options.page and pathlib.Path(options.page).suffix.lower() not in PAGES:
        raise UsageError(f"--page {options.page}: the file ends in {' or '.join(PAGES)}")
    if asked.missing and (needs_numbers or (asked.numbers and not asked.intervals)):
        raise UsageError(f"no number for {asked.missing[0]}: add {asked.missing[0]}=NUMBER")
    return asked


def _formula_text(options: argparse.Namespace) -> str:
    """Read the formula from the command line, a file, or standard input."""
    if options.file is not None:
        if options.formula is not None:
            options.numbers.insert(0, options.formula)
        return _decoded(_file_content(options.file))
    if options.formula is None:
        raise UsageError("what is the formula? (autodiff --help tells more)")
    return _standard_input() if options.formula == "-" else str(options.formula)


def _file_content(path: str) -> bytes:
    with told(path, f"--file {path!r}"), pathlib.Path(path).open("rb") as file:
        return file.read(_MOST_BYTES)


def _standard_input() -> str:
    if sys.stdin is None:
        raise UsageError("standard input is closed")
    with told("standard input", "standard input"):
        binary = getattr(sys.stdin, "buffer", None)
        return _decoded(binary.read(_MOST_BYTES)) if binary else sys.stdin.read(_MOST_BYTES)


@contextlib.contextmanager
def told(file: str, option: str) -> Iterator[None]:
    """Tell in one line why a file cannot be used: by its name, or by an option that has no name."""
    try:
        yield
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from None
    except ValueError as error:  # no system has such a name
        raise UsageError(f"{option}: {error}") from None


def _decoded(content: bytes) -> str:
    """Return a text from its bytes; what is no letter shows as one that is no part of a formula.

    Some editors and shells put a byte-order mark before it.
    """
    is_wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if is_wide else "utf-8-sig", "replace")


# ---- Names, numbers, derivatives by hand --------------------------------------------------------


def _named(text: str, option: str) -> tuple[str, str]:
    """Split NAME=TEXT."""
    name, equals, content = text.partition("=")
    if not equals or not name.strip().isidentifier():
        raise UsageError(f"{option} {text[:60]!r}: write NAME=..., without spaces around =")
    # As Python's parser reads a name: some letters have two ways to be written
    return unicodedata.normalize("NFKC", name.strip()), content


def _numbers(
    typed: Sequence[tuple[str, str]], formula: Formula
) -> tuple[dict[str, float], dict[str, tuple[float, float]]]:
    """Read the numbers and the intervals of the variables."""
    numbers: dict[str, float] = {}
    intervals: dict[str, tuple[float, float]] = {}
    for name, content in typed:
        if name not in formula.variables:
            known = ", ".join(formula.variables) or "none"
            raise UsageError(f"{name} is no variable of the formula; its variables: {known}")
        if name in numbers or name in intervals:
            raise UsageError(f"{name} has two numbers")
        low, colon, high = content.partition(":")
        if colon:
            intervals[name] = (_number(name, low), _number(name, high))
        else:
            numbers[name] = _number(name, content)
    return numbers, intervals


def _number(name: str, text: str) -> float:
    """Read a number; 1/2 and pi are numbers too."""
    formula = _explained(f"{name}=NUMBER: ", parse, text, CONSTANTS.keys())
    if formula.variables:
        raise UsageError(f"{name}={text[:60]}: {formula.variables[0]} is no number")
    return float(computed(formula, lambda: float(formula()), f"{name}=NUMBER: "))


def _by_hand(
    typed: Sequence[tuple[str, str]], formula: Formula, known: Collection[str]
) -> dict[str, Formula]:
    """Read what was worked out by hand: derivatives, and perhaps the value."""
    by_hand: dict[str, Formula] = {}
    for name, content in typed:
        derived = _explained(f"--by-hand {name}: ", parse, content, known)
        if name in by_hand:
            raise UsageError(f"--by-hand {name} is given twice")
        if name not in formula.variables and name != formula.name:
            variables = ", ".join(formula.variables) or "none"
            raise UsageError(f"--by-hand {name}: it is no variable; the variables: {variables}")
        for used in derived.variables:
            if used not in formula.variables and used not in formula.names:
                raise UsageError(f"--by-hand {name}: {used} is not in the formula")
        by_hand[name] = derived
    return by_hand


def _explained(where: str, function: Callable[..., Any], *arguments: Any) -> Any:
    """Call; an error of a formula says where the formula stands."""
    try:
        return function(*arguments)
    except FormulaError as error:
        raise UsageError(f"{where}{error.one_line}") from None


def computed(formula: Formula, compute: Callable[[], Any], where: str = "") -> Any:
    """Compute; what cannot be computed points into the formula."""
    try:
        return compute()
    except (ArithmeticError, TypeError, ValueError) as error:
        raise UsageError(f"{where}{formula.error_at(error).one_line}") from None
    except ImportError as error:
        raise UsageError(str(error)) from None
