"""What is computed: values and derivatives at numbers, derivatives as formulas, the picture.

No formula takes more than a moment: sizes are counted before anything is computed, and what would
be too much is given up, with a sentence that says so and what holds all the same.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import pathlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from autodiff import grad
from autodiff.command_line.arguments import Asked, UsageError, computed, told
from autodiff.extras import how_to_install
from autodiff.formula import defined_at
from autodiff.formula.limit import WorkLimitError, calls_at_most
from autodiff.formula.symbolic import can_be_expanded, can_be_written, shortest
from autodiff.kinds import Number, plain
from autodiff.value import Value

if TYPE_CHECKING:
    from autodiff.checking.report import Report

_MOST_WORK = 100_000  # operations that the derivatives of one order may take
_LARGEST = 3_000  # operations of a derivative that is printed as a formula
_SHORT = 12  # letters of a formula that cannot be shortened much
_LONGEST_TITLE = 120  # letters of a formula that is the title of a page
_CALLS = 400_000  # that SymPy may take to find the formulas, and again to shorten them


@dataclass
class Answer:
    """What was found, and what was given up."""

    numbers: dict[str, dict[str, Number]] = field(default_factory=dict)  # values, derivatives
    formulas: dict[str, str] = field(default_factory=dict)
    report: Report | None = None
    given_up: list[str] = field(default_factory=list)


# ---- At numbers -------------------------------------------------------------------------------


def add_numbers(found: Answer, asked: Asked) -> None:
    """Compute the values and the derivatives at the numbers; draw the graph, if asked to."""
    formula, numbers = asked.formula, asked.numbers
    variables = {name: Value(number, name) for name, number in numbers.items()}
    root, named = computed(formula, lambda: formula.compute(variables))
    if isinstance(root, Value):
        computed(formula, root.backward)
    result = formula.name or "result"
    values = {name: plain(value) for name, value in named.items() if name not in numbers}
    derivatives = {
        _partial_name(result, [name]): value.grad
        for name, value in named.items()
        if isinstance(value, Value) and value is not root
    }
    if asked.options.draw:
        _draw(root, asked.options.draw)
    if asked.options.page:
        _write_page(root, asked)
    found.numbers = {"values": values | {result: plain(root)}, "derivatives": derivatives}
    at = [numbers[name] for name in formula.variables]
    for titles, partials in _derivatives(found, asked, 2, "; those of lower order hold"):
        higher = computed(formula, functools.partial(partials, *at))
        derivatives.update(zip(titles, higher, strict=True))


def _partial_name(result: str, variables: Sequence[str]) -> str:
    """Return how a derivative is written."""
    power = "" if len(variables) == 1 else str(len(variables))
    return f"d{power} {result} / " + " ".join(f"d {name}" for name in variables)


Partials = Callable[..., Sequence[Number]]


def _derivatives(
    found: Answer, asked: Asked, lowest: int, more: str = ""
) -> Iterator[tuple[list[str], Partials]]:
    """Yield functions that return the derivatives, from the lowest order on, and their names.

    One sweep gives the derivatives in all variables of what was differentiated before. Where there
    are too many of an order, it is given up, and so are the higher ones.
    """
    formula = asked.formula
    names, result = formula.variables, formula.name or "result"
    indices = range(len(names))

    def f(*args: Number) -> Number:
        return formula.compute(dict(zip(names, args, strict=True)))[0]

    for order in range(lowest, asked.options.order + 1):
        prefixes = list(itertools.combinations_with_replacement(indices, order - 1))
        if len(prefixes) * len(formula.listing.steps) * 4**order > _MOST_WORK:
            too_many = f"the derivatives of order {order} are too many for this formula"
            found.given_up.append(too_many + more)
            return
        for prefix in prefixes:
            last = indices[prefix[-1] if prefix else 0 :]
            titles = [_partial_name(result, [names[i] for i in (*prefix, k)]) for k in last]
            yield titles, grad(functools.reduce(grad, prefix, f), tuple(last))


# ---- As formulas ------------------------------------------------------------------------------


def add_formulas(found: Answer, asked: Asked) -> None:
    """Find the derivatives as formulas, as far as they can be found and written in bounded time."""
    try:
        import sympy
    except ImportError:
        raise UsageError(f"--formula needs SymPy: {how_to_install('sympy')}") from None
    formula = asked.formula
    point = defined_at(formula) if asked.missing else asked.numbers
    small = []
    for titles, partials in _derivatives(found, asked, 1):
        if _can_be_written(partials, [point[name] for name in formula.variables]):
            small.append((titles, partials))
        else:
            found.given_up.append(_not_written(titles, "it would be too long"))
    symbols = [sympy.Symbol(name, real=True) for name in formula.variables]
    written = _symbolic(small, symbols, found)
    root = formula.compute({name: Value(number) for name, number in point.items()})[0]
    if not isinstance(root, Value) or can_be_expanded(root):
        written = _shortened(written)
    found.formulas = {title: str(expression) for title, expression in written.items()}


def _not_written(titles: Sequence[str], reason: str) -> str:
    """Say that formulas are given up, and what holds."""
    whose = titles[0] if len(titles) == 1 else f"{titles[0]} and {len(titles) - 1} more"
    return f"{whose} is not written as a formula: {reason}; at numbers it is computed all the same"


def _can_be_written(partials: Partials, point: Sequence[Number]) -> bool:
    """Return whether derivatives are small when written out: recorded at a point, and counted."""
    try:
        recorded = partials(*map(Value, point))
    except (ArithmeticError, ValueError):  # only the function is known to be defined there
        return False
    return all(can_be_written(g, _LARGEST) for g in recorded if isinstance(g, Value))


def _symbolic(
    small: Sequence[tuple[Sequence[str], Partials]], symbols: Sequence[Any], found: Answer
) -> dict[str, Any]:
    """Compute the derivatives on symbols until SymPy has made as many calls as it may."""
    written: dict[str, Any] = {}
    try:
        with calls_at_most(_CALLS):
            for titles, partials in small:
                try:
                    expressions = partials(*symbols)
                    list(map(str, expressions))  # may be too deep, too
                except Exception as error:  # SymPy raises what it likes
                    found.given_up.append(_not_written(titles, _why(error)))
                else:
                    written.update(zip(titles, expressions, strict=True))
    except WorkLimitError:
        left = [title for titles, _ in small for title in titles if title not in written]
        found.given_up.append(_not_written(left, "SymPy would take too long"))
    return written


def _why(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply for SymPy"
    return str(error).partition("\n")[0] or type(error).__name__


def _shortened(written: Mapping[str, Any]) -> dict[str, Any]:
    """Shorten formulas, as many as SymPy can in bounded time."""
    shorter = dict(written)
    if any(len(str(expression)) > _SHORT for expression in written.values()):
        import sympy

        # Loads what SymPy simplifies with: half a million calls, and no work of the formula
        x = sympy.Symbol("x", real=True)
        sympy.simplify(x * (2 * sympy.sin(x) - sympy.exp(-x)))
    with contextlib.suppress(WorkLimitError), calls_at_most(_CALLS):
        for name, expression in written.items():
            with contextlib.suppress(Exception):  # SymPy raises what it likes
                shorter[name] = shortest(expression)
    return shorter


# ---- The picture and the page -----------------------------------------------------------------


def _draw(root: Any, path: str) -> None:
    """Draw the graph into a file, in the format that the file's ending names."""
    if not isinstance(root, Value):
        raise UsageError("--draw: the formula has no variables, so there is no graph")
    from graphviz import CalledProcessError, ExecutableNotFound

    from autodiff.drawing import draw

    picture = draw(root)
    try:
        with told(path, f"--draw {path!r}"):
            ending = pathlib.Path(path).suffix.lower()[1:]
            content = picture.source.encode() if ending in ("dot", "gv") else picture.pipe(ending)
            pathlib.Path(path).write_bytes(content)
    except ExecutableNotFound:
        raise UsageError(
            "--draw: a picture needs Graphviz or `pip install graphviz-pure`; a .dot file neither"
        ) from None
    except CalledProcessError as error:
        raise UsageError(f"--draw {path}: {_said(error)}") from None


def _write_page(root: Any, asked: Asked) -> None:
    """Write the graph as a page that computes."""
    path, title = asked.options.page, " ".join(asked.formula.text.split())
    if not isinstance(root, Value):
        raise UsageError("--page: the formula has no variables, so there is no graph")
    from graphviz import CalledProcessError, ExecutableNotFound

    from autodiff.pages import page

    try:
        made = page(root, title=title if len(title) <= _LONGEST_TITLE else None)
        with told(path, f"--page {path!r}"):
            made.save(path)
    except (NotImplementedError, TypeError, ValueError) as error:
        raise UsageError(f"--page: {error}") from None
    except ExecutableNotFound:
        raise UsageError("--page: it needs Graphviz or `pip install graphviz-pure`") from None
    except CalledProcessError as error:
        raise UsageError(f"--page {path}: {_said(error)}") from None


def _said(error: Any) -> str:
    reason = (error.stderr or b"").decode(errors="replace").strip() or str(error)
    return str(reason.splitlines()[0])
