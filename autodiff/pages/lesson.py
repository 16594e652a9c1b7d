"""What a page teaches: a graph, the variable that learns, programs to try, a formula to derive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from autodiff.value import Value


@dataclass(frozen=True)
class Preset:
    """A program to predict the end of, and then to watch.

    Attributes
    ----------
    name : str
        What its button says.
    about : str
        What the program does.
    question : str
        What will happen?
    choices : sequence of str
        The answers that can be chosen.
    answer : int
        Which of them is right, counted from 0.
    explanation : str
        Why.
    numbers : mapping of str to float
        What the leaves start from.
    rates : sequence of float
        Of each run: alpha or, of a search, by how much the variable moves.
    rule : {"descent", "search"}
        Whether the variable moves against its derivative, or to the smaller of two results.
    steps : int
        How often.
    """

    name: str
    about: str
    question: str
    choices: Sequence[str]
    answer: int
    explanation: str
    numbers: Mapping[str, float]
    rates: Sequence[float] = (1.0,)
    rule: Literal["descent", "search"] = "descent"
    steps: int = 20


@dataclass(frozen=True)
class Lesson:
    """What a page shows.

    Attributes
    ----------
    root : Value
        The result.
    title, about : str
        What stands at the head.
    learns : str or None
        The label of the leaf that learns; by default the first that is called a weight.
    learns_hint : str
        Why it learns, and not another.
    half_hint : str
        Why half of the result may be differentiated, as where a constant 2 is dropped; without a
        reason only the result is.
    presets : sequence of Preset
        Programs to try; without any there is no such screen.
    by_hand : Value or None
        The result of the graph that is derived by hand; by default the same.
    """

    root: Value
    title: str
    about: str = ""
    learns: str | None = None
    learns_hint: str = ""
    half_hint: str = ""
    presets: Sequence[Preset] = ()
    by_hand: Value | None = None
