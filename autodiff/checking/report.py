"""The report of a comparison: as text, as a table in a notebook, as plain data, as an array.

A `Report` takes the rows and what was said of them; nothing is computed here.
"""

from __future__ import annotations

import html
import math
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from autodiff.checking.rounding import as_float
from autodiff.checking.subject import VALUE
from autodiff.checking.verdict import Row, number_text, point_text

_ORDER = ("differs", "undecided", "agrees", "equal")  # worst first
_SHOWN = 10
_HEADINGS = (
    "variable", "autodiff", "by hand", "numerical", "difference", "relative", "ulps", "verdict",
    "point",
)  # fmt: skip
_VERBOSE = ("relative", "ulps")  # columns that are shown on request only
_LEFT = ("variable", "verdict", "point")
_WIDTH = 80  # of a printed report
# What a table gives up to fit: digits of the derivatives, letters of the points, columns
_LAYOUTS: tuple[tuple[int, int, tuple[str, ...]], ...] = (
    (12, 36, ()), (9, 24, ()), (6, 16, ()), (6, 10, ()), (4, 10, ()), (4, 10, ("numerical",)),
    (4, 10, ("numerical", "difference")),
)  # fmt: skip

Paint = Callable[[str, str], str]  # a verdict, or "heading", and a text: the text in its colour


@dataclass(frozen=True)
class Report:
    """What `compare` found; true if nothing differs and every variable could be decided.

    Attributes
    ----------
    title : str
        What was differentiated.
    rows : tuple of Row
        Every derivative at every point, the worst first.
    diagnosis : dict of str to list of str
        For each variable what is likely wrong, what could not be decided, and which form loses
        digits by rounding.
    proved : tuple of str
        The variables whose derivative by hand is proved right for all inputs.
    notes : tuple of str
        What was given up, and what holds all the same.
    """

    title: str
    rows: tuple[Row, ...]
    diagnosis: Mapping[str, list[str]] = field(default_factory=dict)
    proved: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", tuple(sorted(self.rows, key=_badness)))

    def __bool__(self) -> bool:
        decided = {row.variable for row in self.rows if row.verdict != "undecided"}
        differs = any(row.verdict == "differs" for row in self.rows)
        return not differs and decided == {row.variable for row in self.rows}

    @property
    def variables(self) -> list[str]:
        """What was compared, the worst first."""
        return list(dict.fromkeys(row.variable for row in self.rows))

    def summary(self, variable: str) -> str:
        """Return in one line how a variable came out: no more than is known."""
        rows = [row for row in self.rows if row.variable == variable]
        counts = {verdict: sum(row.verdict == verdict for row in rows) for verdict in _ORDER}
        decided = len(rows) - counts["undecided"]
        points = f"{decided} point{'' if decided == 1 else 's'}"
        if counts["differs"]:
            return f"{variable}: differs at {counts['differs']} of {points}"
        if variable in self.proved:
            return f"{variable}: proved equal for all inputs, and agrees at {points}"
        if not decided:
            return f"{variable}: undecided"
        if counts["equal"] == decided:
            return f"{variable}: equal at {points}"
        other = "with the numerical derivative " if rows[0].by_hand is None else ""
        return f"{variable}: agrees {other}at {points}"

    def table(
        self,
        shown: int | None = None,
        width: int | None = None,
        verbose: bool = False,
        paint: Paint | None = None,
    ) -> str:
        """Return the rows as an aligned table, the worst first.

        Parameters
        ----------
        shown : int, optional
            How many rows at most.
        width : int, optional
            How many columns of letters there are: digits are left out, and points cut, to fit.
        verbose : bool
            Whether to show the relative difference and the ulps, too.
        paint : callable, optional
            From a verdict, or "heading", and a text to that text in its colour.
        """
        rows = self.rows[:shown]
        table = _fitted(rows, width, verbose)
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = []
        for row, cells in zip([None, *rows], table, strict=True):
            padded = [
                cell.ljust(size) if heading in _LEFT else cell.rjust(size)
                for cell, size, heading in zip(cells, widths, table[0], strict=True)
            ]
            if paint and row:
                place = table[0].index("verdict")
                padded[place] = paint(row.verdict, padded[place])
            line = "  ".join(padded).rstrip()
            lines.append(paint("heading", line) if paint and not row else line)
        if any(cells[-1].endswith("…") for cells in table):
            whole = f"the first of these points: {point_text(rows[0].point)}"
            lines.append(textwrap.fill(whole, width or _WIDTH, break_on_hyphens=False))
        rest = len(self.rows) - len(rows)
        return "\n".join([*lines, f"and {rest} more rows, none worse"] if rest else lines)

    def _words(self, paint: Paint | None = None) -> list[str]:
        lines = []
        for variable in self.variables:
            summary = self.summary(variable)
            lines.append(paint(self._verdict(variable), summary) if paint else summary)
            lines.extend(f"  {sentence}" for sentence in self.diagnosis.get(variable, ()))
        return [*lines, *self.notes]

    def _verdict(self, variable: str) -> str:
        """Return the verdict on all points of a variable."""
        verdicts = {row.verdict for row in self.rows if row.variable == variable}
        decided = verdicts - {"undecided"}
        return "differs" if "differs" in decided else "agrees" if decided else "undecided"

    def text(self, width: int = _WIDTH, verbose: bool = False, paint: Paint | None = None) -> str:
        """Return what was found in words, and the worst rows as a table of this width."""
        return "\n".join([*self._words(paint), "", self.table(_SHOWN, width, verbose, paint)])

    def __str__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        words = "<br>".join(html.escape(line).replace("  ", "&emsp;", 1) for line in self._words())
        head = "".join(f"<th>{heading}</th>" for heading in _HEADINGS)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in _cells(row)) + "</tr>"
            for row in self.rows
        )
        return f"<p>{words}</p><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def raise_if_different(self) -> None:
        """Raise an `AssertionError` with the diagnosis and the table, unless the report is true.

        Raises
        ------
        AssertionError
            If something differs, or nothing could be decided for a variable.
        """
        __tracebackhide__ = True
        if not self:
            raise AssertionError(f"the derivatives of {self.title}\n{self}")

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain data, fit for JSON: fractions as text, nan and inf as text."""
        return {
            "title": self.title,
            "agrees": bool(self),
            "summary": {variable: self.summary(variable) for variable in self.variables},
            "diagnosis": {variable: list(said) for variable, said in self.diagnosis.items()},
            "proved": list(self.proved),
            "notes": list(self.notes),
            "rows": [{name: _plain(getattr(row, name)) for name in _FIELDS} for row in self.rows],
        }

    def to_numpy(self) -> Any:
        """Return the rows as a NumPy structured array; every variable of the points has a field.

        Examples
        --------
        >>> from autodiff.checking import compare
        >>> compare("x * x", "2 * x", at={"x": 3.0}).to_numpy()["by_hand"]
        array([6.])
        """
        import numpy

        told = ("variable", "verdict", "method", "reason", "number")
        columns: dict[str, list[Any]] = {}
        for name in told:
            columns[name] = [getattr(row, name) for row in self.rows]
        for name in _NUMBERS:
            columns[name] = [_float(getattr(row, name)) for row in self.rows]
        for name in dict.fromkeys(name for row in self.rows for name in row.point):
            columns[f"at {name}"] = [_float(row.point.get(name)) for row in self.rows]
        dtype = [(name, numpy.array(column).dtype) for name, column in columns.items()]
        return numpy.array(list(zip(*columns.values(), strict=True)), dtype)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return self.to_numpy() if dtype is None else self.to_numpy().astype(dtype)


_NUMBERS = (
    "autodiff", "by_hand", "numerical", "error", "absolute", "relative", "ulps", "tolerance",
)  # fmt: skip
_FIELDS = ("variable", "number", "point", *_NUMBERS, "method", "verdict", "reason")


def _badness(row: Row) -> tuple[bool, int, float]:
    relative = _float(row.relative)
    return (
        row.variable != VALUE,
        _ORDER.index(row.verdict),
        -(0.0 if math.isnan(relative) else relative),
    )


def _float(x: Any) -> float:
    return math.nan if x is None else float(x)


def _fitted(rows: Sequence[Row], width: int | None, verbose: bool) -> list[list[str]]:
    """Return headings and cells, in as many digits and columns as fit into the width."""
    for digits, letters, dropped in _LAYOUTS:
        dropped += () if verbose else _VERBOSE
        table = [list(_HEADINGS), *[_cells(row, digits) for row in rows]]
        keep = [
            i
            for i, heading in enumerate(_HEADINGS)
            if heading not in dropped and (i < 2 or any(row[i] for row in table[1:]))
        ]
        table = [[row[i] for i in keep] for row in table]
        if width is None:
            return table
        for row in table:
            row[0] = _cut(row[0], width // 6)
        *widths, point = [max(map(len, column)) for column in zip(*table, strict=True)]
        room = width - sum(widths) - 2 * len(widths)
        if room >= min(point, letters):
            break
    return [[*row, _cut(point_cell, room)] for *row, point_cell in table]


def _cut(text: str, width: int) -> str:
    width = max(width, len("variable"))
    return text if len(text) <= width else text[: width - 1] + "…"


def _cells(row: Row, digits: int = 12) -> list[str]:
    """Return a row as text, in the order of the headings."""
    ulps = "" if row.ulps is None else f"{row.ulps:.2g}" if row.ulps > 99999 else str(row.ulps)
    estimate = "" if row.method == "none" else number_text(row.numerical, digits)
    return [
        row.variable,
        _short(row.autodiff, digits),
        _short(row.by_hand, digits),
        estimate,
        number_text(row.absolute, 3),
        number_text(row.relative, 3),
        ulps,
        row.verdict,
        point_text(row.point),
    ]


def _short(number: Any, digits: int) -> str:
    """Return a number in few digits, a long exact one too."""
    text = number_text(number, digits)
    return text if len(text) <= 2 * digits else f"{as_float(number):.{digits}g}"


def _plain(x: Any) -> Any:
    """Return a number, or a point, as JSON has it."""
    if isinstance(x, Mapping):
        return {name: _plain(number) for name, number in x.items()}
    if x is None or isinstance(x, str | int):
        return x
    if isinstance(x, Fraction):
        return str(x)
    number = float(x)
    return number if math.isfinite(number) else str(number)
