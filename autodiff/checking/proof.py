"""Proving that two derivatives are equal for all inputs, with SymPy where it is installed.

It takes a function and derivatives by hand, and gives the variables for which they are proved. A
proof is tried only where it is sure to end soon: SymPy expands what is small enough to expand. What
is not proved is not refuted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from autodiff.checking.place import plain_numbers
from autodiff.checking.subject import values
from autodiff.checking.wrapped import BranchError, Symbolic, unwrapped
from autodiff.derivatives import grad
from autodiff.formula.limit import WorkLimitError, calls_at_most
from autodiff.formula.symbolic import can_be_expanded, can_be_simplified
from autodiff.kinds import Number
from autodiff.value import Value

_SIMPLIFIED = 60  # operations of a difference that SymPy may try to simplify
_CALLS = 1_000_000  # that SymPy may take in all: 1 - tanh(x)**2 needs 800,000


class Proof(NamedTuple):
    """What was proved, and what was given up."""

    proved: list[str]
    given_up: str = ""


Function = Callable[[Mapping[str, Any]], tuple[Any, dict[str, Any]]]


def prove_equal(
    f: Function,
    by_hand: Callable[[Mapping[str, Any]], Mapping[str, Any]],
    point: Mapping[str, Number],
    variables: Sequence[str],
) -> Proof:
    """Find the variables whose two derivatives SymPy proves equal wherever both are defined.

    Parameters
    ----------
    f : callable
        From named numbers to their result, and to every number on the way that has a name.
    by_hand : callable
        From these named numbers to the derivatives.
    point : mapping of str to number
        Where `f` is defined; the size of what it computes is measured there.
    variables : sequence of str
        For which of them a proof is wanted.
    """
    try:
        import sympy
    except ImportError:
        return Proof([])
    if not variables or not point:
        return Proof([])
    proved: list[str] = []
    try:
        if not _is_small(f, by_hand, point):
            return Proof([], _given_up("the formulas are too large", variables))
        with calls_at_most(_CALLS):
            symbols = {name: sympy.Symbol(name, real=True) for name in point}
            _check_branches(f, by_hand, symbols)
            gradient, named = _symbolic_gradient(f, symbols)
            derived = by_hand(named)
            for name in variables:
                if _is_zero(_exact(gradient[name]) - _exact(derived[name])):
                    proved.append(name)
    except WorkLimitError:
        left = [name for name in variables if name not in proved]
        return Proof(proved, _given_up("SymPy would take too long", left))
    except Exception:  # numbers of another kind are more than a function has to be made for
        return Proof([])
    return Proof(proved)


def _given_up(reason: str, variables: Sequence[str]) -> str:
    names = ", ".join(variables)
    return f"no proof for all inputs of {names}: {reason}; what is said of the points holds"


def _check_branches(f: Function, by_hand: Any, symbols: Mapping[str, Any]) -> None:
    """Compute on formulas without truth or hash, which raise where a branch is taken.

    A proof holds for what was recorded, and another input may take another branch. The function may
    also treat plain numbers in another way than Values, and so it is called on both.
    """
    met: list[str] = []
    f({name: Symbolic(symbol, met) for name, symbol in symbols.items()})
    _, named = _symbolic_gradient(f, {name: Symbolic(symbol) for name, symbol in symbols.items()})
    by_hand({name: Symbolic(unwrapped(formula), met) for name, formula in named.items()})
    if not {"==", "!="}.isdisjoint(met):
        raise BranchError("SymPy takes two formulas of different form for unequal")


def _symbolic_gradient(
    f: Function, symbols: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the derivatives of `f` as formulas, and its intermediate values that have a name."""
    gradient = grad(lambda numbers: f(numbers)[0])(dict(symbols))
    _, named = f(values(symbols))
    return gradient, plain_numbers(named)


# ---- Bounds -----------------------------------------------------------------------------------


def _is_small(f: Function, by_hand: Any, point: Mapping[str, Number]) -> bool:
    """Return whether function and derivatives by hand are small enough to be expanded."""
    root, named = f(values({name: float(number) for name, number in point.items()}))
    roots = [root, *by_hand(named).values()]
    return all(can_be_expanded(node) for node in roots if isinstance(node, Value))


# ---- Zero -------------------------------------------------------------------------------------


def _exact(expression: Any) -> Any:
    """Return a formula with every float as the fraction that it is."""
    import sympy

    expression = sympy.sympify(expression)
    floats = {number: sympy.Rational(float(number)) for number in expression.atoms(sympy.Float)}
    return expression.xreplace(floats)


def _is_zero(difference: Any) -> bool:
    """Return whether SymPy shows that a formula is 0."""
    import sympy

    if sympy.expand(difference) == 0:
        return True
    numerator, _ = sympy.together(difference).as_numer_denom()
    if sympy.expand(numerator) == 0:
        return True
    return can_be_simplified(difference, _SIMPLIFIED) and bool(sympy.simplify(difference) == 0)
