"""Compare a derivative worked out by hand with autodiff's, and with a numerical one.

    >>> report = compare(
    ...     "error = (input * weight - goal) ** 2",
    ...     {"weight": "input * (input * weight - goal)"},
    ... )
    >>> bool(report)
    False
    >>> report.diagnosis["weight"][0]
    'by hand is 1/2 of autodiff at all 20 points: is a factor 2 dropped?'

It takes a function and what is by hand, and gives a report: `print(report)` shows the numbers
behind the diagnosis, worst first. `assert_gradient` is the same for tests.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from autodiff.checking.diagnosis import diagnose
from autodiff.checking.place import Place, plain_numbers
from autodiff.checking.proof import Proof, prove_equal
from autodiff.checking.report import Report
from autodiff.checking.subject import (
    UNDEFINED,
    VALUE,
    ByHandError,
    Hand,
    Point,
    Subject,
    Visit,
    by_hand_function,
    of_expression,
    of_function,
    one_by_hand,
    visited,
)
from autodiff.checking.verdict import (
    Row,
    Tolerances,
    is_rounding,
    judged,
    proved_equal,
)
from autodiff.kinds import Number
from autodiff.program.tracing import caught
from autodiff.value import Value


def compare(
    f: Callable[..., Any] | str | Value,
    by_hand: Any = None,
    *,
    at: Point | Sequence[Point] = (),
    ranges: Mapping[str, Any] | None = None,
    points: int = 20,
    seed: int = 0,
    value: Any = None,
    rtol: float = 1e-9,
    atol: float = 0.0,
    prove: bool = True,
) -> Report:
    """Compare derivatives by hand with autodiff's and with numerical ones, and say what is wrong.

    Parameters
    ----------
    f : callable, str or Value
        A function of named numbers; or a formula as text; or an expression that is built already,
        which is compared at its own numbers.
    by_hand : mapping, callable, str, number or None
        The derivatives worked out by hand. A mapping gives for each variable (by name; for an
        expression also the `Value` itself) a formula as text, a callable, or a number; a callable
        for all of them returns a mapping, or a sequence in the order of the variables; for a single
        variable a text, a callable or a number will do. Formulas and callables may use the
        variables and every intermediate value that has a name. None: autodiff's derivatives are
        compared with the numerical ones.
    at : mapping or sequence of mappings
        Points to compare at: a number for each variable.
    ranges : mapping, optional
        For each variable an interval (low, high) to draw random points from, or one number.
        Fractions are drawn from an interval of Fractions. Without `at` and `ranges`, every variable
        is drawn from -2 to 2.
    points : int
        How many random points. Those where `f` is not defined are drawn again.
    seed : int
        Of the random points.
    value : callable, str or number, optional
        What `f` itself is by hand, to be compared too.
    rtol, atol : float
        Two numbers agree if they differ by at most `rtol` times the larger, plus `atol`, plus what
        rounding can do to them. `atol` excuses no difference larger than the smaller of the two
        numbers, so it cannot pass 1e-12 for 1e-9. Fractions and whole numbers have to be equal.
        Where rounding leaves too few digits, both are computed with more (by mpmath, which comes
        with SymPy); without it the point is undecided.
    prove : bool
        Whether to prove with SymPy, if that is installed, what agrees. What meets a branch, here or
        in a helper, is never proved, nor what catches errors of arithmetic.

    Returns
    -------
    Report
        True if nothing differs and something could be decided for each variable.

    Raises
    ------
    ValueError
        If a name is unknown or a number is missing, if there is no point to compare at, or if `f`
        is defined at no random point.
    TypeError
        If `f` or a derivative by hand does not return one number.
    FormulaError
        If a text is no formula.

    Examples
    --------
    >>> from autodiff import Value
    >>> weight = Value(0.5, "weight")
    >>> error = (0.5 * weight - 0.8) ** 2
    >>> print(compare(error, {weight: -0.275}))
    weight: differs at 1 of 1 point
      by hand is 1/2 of autodiff at the one point: is a factor 2 dropped?
      the numerical derivative agrees with autodiff at the one point
    <BLANKLINE>
    variable  autodiff  by hand  numerical  difference  verdict  point
    weight       -0.55   -0.275      -0.55       0.275  differs  weight=0.5
    """
    subject = of_expression(f, by_hand) if isinstance(f, Value) else of_function(f)
    hand, names = by_hand_function(by_hand, subject)
    visits = list(visited(subject, at, ranges, points, seed))
    if not visits:
        raise ValueError("there is no point to compare at: give some by `at`, or allow `points`")
    tolerances = Tolerances(rtol, atol)
    if names == [] and value is None:
        raise ValueError("there is nothing by hand to compare: the mapping is empty")
    rows = list(_rows(subject, hand, names, visits, tolerances))
    proof = Proof([])
    by_names = by_hand.values() if isinstance(by_hand, Mapping) else ()
    is_one_formula = not any(map(caught, (f, by_hand, *by_names)))
    if prove and hand is not None and subject.nodes is None and is_one_formula:
        proof = prove_equal(subject.on, hand, visits[0].point, _worth_proving(rows))
        rows = [proved_equal(row) if row.variable in proof.proved else row for row in rows]
    if value is not None:
        expected = one_by_hand(value, "the value by hand")
        rows += _rows(subject, lambda named: {VALUE: expected(named)}, [VALUE], visits, tolerances)
    recordings = {visit.number: visit.recording for visit in visits}
    notes = (proof.given_up,) if proof.given_up else ()
    diagnosis = diagnose(rows, recordings)
    return Report(subject.title, tuple(rows), diagnosis, tuple(proof.proved), notes)


def assert_gradient(f: Any, by_hand: Any = None, **options: Any) -> None:
    """Assert that derivatives by hand agree with autodiff's; without them, that autodiff's do.

    Parameters
    ----------
    f, by_hand
        As for `compare`.
    **options
        As for `compare`.

    Raises
    ------
    AssertionError
        If one differs, or if nothing could be decided: the message is the diagnosis and the table.

    Examples
    --------
    >>> assert_gradient(lambda x: x**3, {"x": "3 * x**2"})
    """
    __tracebackhide__ = True  # pytest shows the test, not this line
    compare(f, by_hand, **{"prove": False, **options}).raise_if_different()


# ---- At the points ----------------------------------------------------------------------------


def _rows(
    subject: Subject,
    hand: Hand | None,
    names: Sequence[str] | None,
    visits: Sequence[Visit],
    tolerances: Tolerances,
) -> Iterator[Row]:
    """Compare each derivative at each point; without names, those that turn out to be by hand."""
    derived = [_derived(hand, visit) for visit in visits]
    if names is None:
        names = list(dict.fromkeys(name for by_hand, _ in derived for name in by_hand))
        names = names or subject.variables
    for visit, (by_hand, problem) in zip(visits, derived, strict=True):
        for name in names:
            number = by_hand.get(name, math.nan) if hand else None
            yield judged(Place(subject, hand, visit, name), number, tolerances, problem)


def _derived(hand: Hand | None, visit: Visit) -> tuple[Mapping[str, Number], str]:
    """Compute the derivatives by hand at a point; where that fails, say why."""
    if visit.failure or hand is None:
        return {}, visit.failure
    try:
        return plain_numbers(hand(plain_numbers(visit.named))), ""
    except ByHandError:
        raise
    except UNDEFINED as error:
        return {}, f"by hand raises {type(error).__name__}: {error}"


def _worth_proving(rows: Sequence[Row]) -> list[str]:
    """Return the variables whose derivatives agree, or may agree but for rounding."""
    agree = [row.variable for row in rows if row.verdict in ("equal", "agrees") or is_rounding(row)]
    differ = {row.variable for row in rows if row.verdict == "differs"}
    return [name for name in dict.fromkeys(agree) if name not in differ]
