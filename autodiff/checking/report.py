"""The report of a comparison: as text, as a table in a notebook, as plain data, as an array."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from autodiff.checking.verdict import VALUE, Row, number_text, point_text

_ORDER = ("differs", "undecided", "agrees", "equal")  # worst first
_SHOWN = 10
_HEADINGS = (
    "variable", "autodiff", "by hand", "numerical", "difference", "relative", "ulps", "verdict",
    "point",
)  # fmt: skip
_LEFT = ("variable", "verdict", "point")


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
        For each variable what is likely wrong, and what could not be decided.
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

    def table(self, shown: int | None = None) -> str:
        """Return the rows as an aligned table, the worst first.

        Parameters
        ----------
        shown : int, optional
            How many rows at most.
        """
        headings, *cells = [list(_HEADINGS), *map(_cells, self.rows[:shown])]
        keep = [i for i in range(len(headings)) if i < 2 or any(row[i] for row in cells)]
        table = [[row[i] for i in keep] for row in [headings, *cells]]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        left = [headings[i] in _LEFT for i in keep]
        lines = [
            "  ".join(
                cell.ljust(width) if is_left else cell.rjust(width)
                for cell, width, is_left in zip(row, widths, left, strict=True)
            ).rstrip()
            for row in table
        ]
        rest = len(self.rows) - len(cells)
        return "\n".join([*lines, f"and {rest} more rows, none worse"] if rest else lines)

    def _words(self) -> list[str]:
        lines = []
        for variable in self.variables:
            lines.append(self.summary(variable))
            lines.extend(f"  {sentence}" for sentence in self.diagnosis.get(variable, ()))
        return [*lines, *self.notes]

    def __str__(self) -> str:
        return "\n".join([*self._words(), "", self.table(_SHOWN)])

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

        names = list(dict.fromkeys(name for row in self.rows for name in row.point))
        texts = [("variable", str), ("verdict", str), ("method", str), ("reason", str)]
        columns = {
            name: numpy.array([getattr(r, name) for r in self.rows], kind) for name, kind in texts
        }
        columns["number"] = numpy.array([row.number for row in self.rows], int)
        for name in _NUMBERS:
            columns[name] = numpy.array([_float(getattr(row, name)) for row in self.rows], float)
        for name in names:
            columns[f"at {name}"] = numpy.array(
                [_float(r.point.get(name)) for r in self.rows], float
            )
        array = numpy.empty(
            len(self.rows), [(name, column.dtype) for name, column in columns.items()]
        )
        for name, column in columns.items():
            array[name] = column
        return array

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


def _cells(row: Row) -> list[str]:
    """Return a row as text, in the order of the headings."""
    ulps = "" if row.ulps is None else f"{row.ulps:.2g}" if row.ulps > 99999 else str(row.ulps)
    estimate = "" if row.method == "none" else number_text(row.numerical, 12)
    return [
        row.variable,
        number_text(row.autodiff, 12),
        number_text(row.by_hand, 12),
        estimate,
        number_text(row.absolute, 3),
        number_text(row.relative, 3),
        ulps,
        row.verdict,
        point_text(row.point),
    ]


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
