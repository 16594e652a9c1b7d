"""The arguments of a program: which numbers they hold, and in which of them is differentiated.

Takes what a program is called with; gives its numbers in the order of the inputs, checked. Takes
derivatives; gives them in the structure that `grad` of the same `argnums` gives.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autodiff.arrays import PLAIN, as_numbers, is_numpy
from autodiff.derivatives import one_or_all
from autodiff.structures import Treedef


@dataclass(frozen=True)
class Arguments:
    """The form of arguments.

    Attributes
    ----------
    names : tuple of str
        Their names.
    forms : tuple of Treedef
        The structure of each.
    argnums : int or tuple of int
        The positions of those in which is differentiated; none is negative.
    """

    names: tuple[str, ...]
    forms: tuple[Treedef, ...]
    argnums: int | tuple[int, ...]

    def numbers(
        self, function: str, args: Sequence[Any], named: Mapping[str, Any]
    ) -> tuple[list[Any], bool]:
        """Return the numbers of arguments given by position or name; whether all are plain."""
        missing = self.names[len(args) :]
        if len(args) + len(named) != len(self.names) or set(missing) != set(named):
            raise TypeError(
                f"{function} takes {len(self.names)} arguments ({', '.join(self.names)}), and got "
                f"{len(args)} by position and {list(named)} by name"
            )
        given = [*args, *[named[name] for name in missing]]
        return self._taken(range(len(given)), given, self.names)

    def numbers_for_array(
        self, function: str, args: Sequence[Any], named: Mapping[str, Any], reduce: str | None
    ) -> tuple[list[Any], bool]:
        """Return the numbers as `numbers` does, for derivatives that become one array."""
        check_reduce(reduce)
        numbers, is_plain = self.numbers(function, args, named)
        for position in self.positions if reduce is not None else ():
            labels = self.forms[position].names(self.names[position])
            for place, label in zip(self._places(position), labels, strict=True):
                shape = getattr(numbers[place], "shape", ())
                if shape != ():
                    raise ValueError(
                        f"with reduce={reduce!r} all samples share what is differentiated in, and "
                        f"{label} is an array of shape {tuple(shape)}: name the arguments in which "
                        "to differentiate by trace(..., argnums=...)"
                    )
        return numbers, is_plain

    def vector(self, parts: Sequence[Any]) -> list[Any]:
        """Return the numbers of a vector: it has a part for each argument that is varied."""
        if len(parts) != len(self.positions):
            wanted = ", ".join(self.names[position] for position in self.positions)
            raise TypeError(
                "the vector has a part for each argument in which is differentiated "
                f"({wanted}), and got {len(parts)}"
            )
        names = [f"the vector in {self.names[position]}" for position in self.positions]
        return self._taken(self.positions, parts, names)[0]

    def structured(self, derivatives: Sequence[Any]) -> Any:
        """Return derivatives in the structure of the arguments in which is differentiated."""
        rest = iter(derivatives)
        parts = [self.forms[position].build(rest) for position in self.positions]
        return one_or_all(parts, self.argnums)

    @property
    def positions(self) -> tuple[int, ...]:
        """The positions of the arguments in which is differentiated, in their order."""
        return (self.argnums,) if isinstance(self.argnums, int) else self.argnums

    @functools.cached_property
    def varied(self) -> list[int]:
        """The inputs in which is differentiated, in the order of the derivatives."""
        return [place for position in self.positions for place in self._places(position)]

    def _places(self, position: int) -> range:
        """Return which inputs the numbers of an argument are."""
        start = sum(form.size for form in self.forms[:position])
        return range(start, start + self.forms[position].size)

    def _taken(
        self, positions: Iterable[int], given: Sequence[Any], names: Sequence[str]
    ) -> tuple[list[Any], bool]:
        """Return the numbers in arguments, checked, and whether all are plain."""
        forms = [self.forms[position] for position in positions]
        numbers: list[Any] = []
        for form, x, name in zip(forms, given, names, strict=True):
            numbers += form.leaves(x, name, batch=True)
        kinds = set(map(type, numbers))
        if kinds <= PLAIN:
            return numbers, True
        if all(map(_is_float, kinds)):
            return list(map(float, numbers)), True
        if all(map(_is_taken_as_it_is, numbers)):
            return numbers, False
        labels = [label for form, x in zip(forms, names, strict=True) for label in form.names(x)]
        return [as_numbers(x, label) for x, label in zip(numbers, labels, strict=True)], False


def _is_taken_as_it_is(x: Any) -> bool:
    """Return whether there is nothing to check: a plain number, or an array of plain numbers."""
    if type(x) in PLAIN:
        return True
    return type(x).__name__ == "ndarray" and is_numpy(x) and x.dtype.kind in "biuf"


def _is_float(kind: type) -> bool:
    """Return whether numbers of a type are floats: NumPy's of 64 bits are."""
    return kind in PLAIN or (issubclass(kind, float) and kind.__module__ == "numpy")


def check_reduce(reduce: str | None) -> None:
    """Refuse what says nothing about how a batch is added up."""
    if reduce not in (None, "sum", "mean"):
        raise ValueError(f"reduce is None, 'sum' or 'mean', and {reduce!r} is neither")
