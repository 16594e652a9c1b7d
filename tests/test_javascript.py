"""Programs as JavaScript: the text, and what Node.js computes by it beside the engine's numbers."""

import inspect
import json
import math
import shutil
import struct
import subprocess

import pytest
from table import COMPOSITES, OPERATIONS

import autodiff
from autodiff import Value, maximum, minimum, relu, where
from autodiff.program import GuardError, trace

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")

LACKING = {"erf", "erfc", "lgamma", "digamma", "polygamma"}
TABLE = [
    (case.name, case.f, points)
    for case in (*OPERATIONS, *COMPOSITES)
    for points in case.points
    if case.name not in LACKING
]
CASES = [
    pytest.param(place, f, points, id=f"{name}{points}")
    for place, (name, f, points) in enumerate(TABLE)
]
EXACT = {*"+-*/%<>", "//", "<=", ">=", "==", "!=", "and", "or", "not", "neg", "pos", "abs", "sqrt"}
EXACT |= {"where", "maximum", "minimum", "clip", "relu", "undefined", "heaviside", "copysign"}
EXACT |= {"sign", "floor", "ceil", "trunc", "rint", "input", "constant", "like"}

# Numbers come back as the integers of their bits: JSON has no nan, and takes -0 for 0.
RUN = """
let text = "";
for await (const part of process.stdin) text += part;
const results = [];
for (const [source, name, args] of JSON.parse(text)) {
    try {
        const module = await import("data:text/javascript," + encodeURIComponent(source));
        const numbers = new Float64Array([module[name](...args.map(Number))].flat());
        results.push([...new BigUint64Array(numbers.buffer)].map(String));
    } catch (error) {
        results.push(`${error.name}: ${error.message}`);
    }
}
console.log(JSON.stringify(results));
"""


def run(jobs):
    """Call functions of modules in one process; return their numbers, or the errors' messages."""
    command = ["node", "--input-type=module", "--eval", RUN]
    texts = [(source, name, [repr(float(x)) for x in args]) for source, name, args in jobs]
    texts = json.dumps(texts).replace("inf", "Infinity")
    ran = subprocess.run(command, input=texts, capture_output=True, encoding="utf-8", check=True)
    return [
        result if isinstance(result, str) else [number_of(x) for x in result]
        for result in json.loads(ran.stdout)
    ]


def computed(f, *points, at=None):
    """Return the value and the gradient of a function, computed by its JavaScript."""
    program = trace(f, *points)
    return run([(program.javascript, f"{program.name}_and_gradient", at or points)])[0]


def number_of(text):
    return struct.unpack("<d", int(text).to_bytes(8, "little"))[0]


def bits(x):
    return struct.pack("<d", x)


def named(f):
    """Hide the name of a function: a program takes it."""
    return lambda *xs: f(*xs)


def error(weight, input, goal_pred):
    pred = input * weight
    delta = pred - goal_pred
    return delta**2


def branching(x):
    if x > 0:
        return x * x
    return -x


# ---- The text ---------------------------------------------------------------------------------


def test_the_chapters_error_reads_as_its_lines():
    assert (
        trace(error, 0.5, 0.5, 0.8).javascript
        == """\
// Return error.
//
// error = (input * weight - goal_pred) ** 2
export function error(weight, input, goal_pred) {
    const pred = input * weight;
    const delta = pred - goal_pred;
    return delta**2;
}

// Return error and its derivative in each of weight, input and goal_pred.
//
// error = (input * weight - goal_pred) ** 2
export function error_and_gradient(weight, input, goal_pred) {
    const pred = input * weight;
    const delta = pred - goal_pred;
    const error = delta**2;
    const d_delta = 2 * delta;
    const d_goal_pred = -d_delta;
    const d_input = d_delta * weight;
    const d_weight = d_delta * input;
    return [error, d_weight, d_input, d_goal_pred];
}
"""
    )


@pytest.mark.parametrize(
    ("f", "text"),
    [
        (lambda x, y: -(x**2), "-(x**2)"),
        (lambda x, y: (-x) ** 2, "(-x) ** 2"),
        (lambda x, y: (-2) ** (x * 0 + 2), "(-2) ** (x * 0 + 2)"),
        (lambda x, y: x**-2, "x**-2"),
        (lambda x, y: 2 ** -(x**2), "2 ** -(x**2)"),
        (lambda x, y: x * -y, "x * -y"),
        (lambda x, y: x % y // 2, "floor_divide(modulo(x, y), 2)"),
        (lambda x, y: x**y, "power(x, y)"),
        (lambda x, y: where(x > y, x, y) * 2, "(x > y ? x : y) * 2"),
        (lambda x, y: where((x == y) | (x != 2), x, y), "x === y || x !== 2 ? x : y"),
        (lambda x, y: where(~(x < y) & (y < 3), x, y), "!(x < y) && y < 3 ? x : y"),
        (lambda x, y: where(x < y, where(x < 1, x, 1.0), y), "x < y ? (x < 1 ? x : 1) : y"),
        (lambda x, y: autodiff.arctan2(x, abs(y)), "Math.atan2(x, Math.abs(y))"),
        (lambda x, y: x * math.inf, "x * Infinity"),
        (lambda x, y: x + math.nan, "x + NaN"),
        (lambda x, y: x + 10**25, "x + 1e+25"),
    ],
)
def test_expressions_are_spelled_by_the_grammar_of_javascript(f, text):
    assert f"    return {text};\n" in trace(f, 2.0, 3.0).javascript


def test_a_whole_number_beyond_all_floats_is_infinite():
    assert "return x * Infinity;" in trace(lambda x: x * 10**400, 1).javascript


def test_no_line_is_wider_than_100_columns():
    def f(*xs):
        return autodiff.total([autodiff.sin(x * y) for x in xs for y in xs])

    assert max(map(len, trace(f, *[0.1 * i for i in range(40)]).javascript.splitlines())) <= 100


@pytest.mark.parametrize("name", sorted(LACKING - {"polygamma"}))
def test_a_function_that_javascript_lacks_is_named(name):
    program = trace(lambda x: getattr(autodiff, name)(x), 1.5)
    lacked = "polygamma" if name == "digamma" else name
    with pytest.raises(NotImplementedError, match=f"{lacked} cannot be written in JavaScript"):
        _ = program.javascript


# ---- What it computes -------------------------------------------------------------------------


@pytest.fixture(scope="session")
def table():
    """The value and the gradient of all the shared table, by one process."""
    return run(
        [(trace(named(f), *points).javascript, "f_and_gradient", points) for _, f, points in TABLE]
    )


def is_exact(f, points):
    """Return whether a program is arithmetic, squares, choices and square roots alone."""
    steps = trace(named(f), *points)._lines.steps
    return all(
        step.operation in EXACT
        or (step.operation == "**" and steps[step.operands[1]].constant == 2)
        for step in steps
    )


@needs_node
@pytest.mark.parametrize(("place", "f", "points"), CASES)
def test_it_computes_the_engines_numbers(place, f, points, table):
    """The same bits for arithmetic; within 1e-14 where powers and functions are the browser's."""
    value, gradient = trace(named(f), *points).value_and_grad(*points)
    expected = [value, *(gradient if len(points) > 1 else [gradient])]
    if is_exact(f, points):
        kinds = map(type, expected)  # a whole number, of Python's floor and ceil, has no -0
        results = [kind(x) for kind, x in zip(kinds, table[place], strict=True)]
        assert list(map(bits, results)) == list(map(bits, expected))
    else:
        assert table[place] == pytest.approx(expected, rel=1e-14, abs=0)


@needs_node
def test_remainders_are_rounded_down_as_in_python_whatever_the_signs():
    numbers = [0.0, -0.0, 0.3, -0.3, 1.0, -2.5, 7.0, -7.25, 1e300, -1e-300, math.inf, -math.inf]
    pairs = [(a, b) for a in numbers for b in numbers if b and not math.isinf(a)]
    remainder = trace(lambda a, b: a % b, 1.0, 1.0).javascript
    quotient = trace(lambda a, b: a // b, 1.0, 1.0).javascript
    results = run([(source, "f", pair) for source in (remainder, quotient) for pair in pairs])
    expected = [a % b for a, b in pairs] + [a // b for a, b in pairs]
    assert [bits(x) for (x,) in results] == [bits(x) for x in expected]


@needs_node
def test_the_bits_of_arithmetic_and_square_roots_are_the_engines():
    def f(x, y):
        size = autodiff.sqrt(x * x + y * y) + relu(x - y) / 3
        return where(x < y, maximum(x, y) * size, minimum(x, size)) - 0.1 * x

    program = trace(f, 0.1, 0.7)
    points = [(0.1 * i - 2, 0.37 * j - 3) for i in range(40) for j in range(20)]
    results = run([(program.javascript, "f", point) for point in points])
    assert [bits(x) for (x,) in results] == [bits(program(*point)) for point in points]


@needs_node
@pytest.mark.parametrize(
    ("f", "points", "expected"),
    [
        (lambda x: 1 / x, (0.0,), [math.inf, -math.inf]),
        (lambda x: autodiff.log(x), (0.0,), [-math.inf, math.inf]),
        (lambda x: autodiff.log(x), (-1.0,), [math.nan, -1.0]),
        (lambda x: x**0.5, (-4.0,), [math.nan, math.nan]),
        (lambda x: autodiff.exp(x), (1000.0,), [math.inf, math.inf]),
        (lambda x, y: autodiff.power(x, y), (1.0, math.inf), [1.0, math.inf, 0.0]),
    ],
)
def test_arithmetic_is_that_of_ieee_754(f, points, expected):
    assert computed(f, *([2.0] * len(points)), at=points) == pytest.approx(expected, nan_ok=True)


# ---- Guards and names -------------------------------------------------------------------------


@needs_node
def test_an_input_that_takes_another_branch_is_the_same_error():
    program = trace(branching, 3.0)
    with pytest.raises(GuardError) as raised:
        program.value_and_grad(-1.5)
    calls = [(program.javascript, name, [-1.5]) for name in ("branching", "branching_and_gradient")]
    assert run(calls) == [f"Error: {raised.value}"] * 2
    assert f"{__file__}:{inspect.getsourcelines(branching)[1] + 1}" in str(raised.value)
    assert computed(branching, 3.0, at=[2.0]) == [4.0, 4.0]


@needs_node
def test_bounds_of_clip_in_the_wrong_order_are_an_error():
    program = trace(autodiff.clip(Value(1.0, "x"), Value(0.5, "low"), 1.5))
    (message,) = run([(program.javascript, "f", (1.0, 2.5))])
    assert "low > 1.5 did not hold" in message
    assert message.endswith(": low = 2.5")


HOSTILE = ["class", "new", "let", "undefined", "NaN", "Math", "the θ [1]", "a*/b", "`${x}`", "\n"]


@needs_node
def test_labels_that_are_no_names_of_javascript_become_ones():
    labels = [*HOSTILE, "power", "f", "d_f", "d_f", "", "eval", "Infinity", '"', "</script>"]
    leaves = [Value(1.0 + i / 4, label) for i, label in enumerate(labels)]
    root = autodiff.total([x ** leaves[0] * relu(x) for x in leaves])
    program = trace(root.labeled("delete"))
    points = program._examples
    (value, *_), gradient = run(
        [(program.javascript, f"delete_{end}", points) for end in ("", "_and_gradient")]
    )
    assert value == gradient[0] == pytest.approx(root.data)
    assert gradient[1:] == pytest.approx(program.value_and_grad(*points)[1])
