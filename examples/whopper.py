"""The whopper: any two variables of any formula

However long the formula: between any two of its variables there is a derivative, and one backward
pass finds those of y in all the others. Beside each stands the one derived by hand, at beta 2,
gamma 3, epsilon 5 and x 2.
"""

from __future__ import annotations

from autodiff import Value, topological_order
from examples.printing import figure

NUMBERS = {"beta": 2.0, "gamma": 3.0, "epsilon": 5.0, "x": 2.0}


def formula() -> Value:
    """Return y."""
    beta, gamma, epsilon, x = [Value(NUMBERS[name], name) for name in NUMBERS]
    return (((beta * gamma) ** 2) + (epsilon + 22 - x) ** (1 / 2)).labeled("y")


def by_autodiff() -> dict[str, float]:
    """Return the derivatives that one backward pass finds."""
    y = formula()
    y.backward()
    found = {node.label: node.grad for node in topological_order(y)}
    return {name: found[name] for name in NUMBERS}


def by_hand() -> dict[str, float]:
    """Return the derivatives that a person works out with pencil and paper."""
    beta, gamma, epsilon, x = NUMBERS.values()
    root = (epsilon + 22 - x) ** (1 / 2)
    return {
        "beta": 2 * beta * gamma**2,
        "gamma": 2 * beta**2 * gamma,
        "epsilon": 1 / (2 * root),
        "x": -1 / (2 * root),
    }


def main() -> None:
    print("y = ((beta * gamma) ** 2) + (epsilon + 22 - x) ** (1/2)")
    for (name, found), derived in zip(by_autodiff().items(), by_hand().values(), strict=True):
        print(f"derivative in {name}: autodiff {figure(found)}, by hand {figure(derived)}")


if __name__ == "__main__":
    main()
