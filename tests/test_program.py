"""Programs: the shared table replayed on every kind of number, the source, guards, memory."""

import ast
import importlib.util
import inspect
import itertools
import math
import operator
import os
import pickle
import platform
import random
import re
import struct
import subprocess
import sys
import tracemalloc
from fractions import Fraction

import numpy as np
import pytest
from table import COMPOSITES, OPERATIONS

import autodiff
from autodiff import Value
from autodiff.program import GuardError, Program, trace

CASES = [
    pytest.param(case.f, points, id=f"{case.name}{points}")
    for case in (*OPERATIONS, *COMPOSITES)
    for points in case.points
]
FRACTIONS = [
    pytest.param(case.f, points, id=f"{case.name}{points}")
    for case in (*OPERATIONS, *COMPOSITES)
    for points in case.points
    if case.name in {"+", "-", "*", "/", "x**2", "x**3", "x**-1", "2-x", "2/x", "neg", "abs"}
    or case.name in {"relu", "maximum", "where", "shared", "both edges", "rosenbrock", "dot"}
    or case.name in {"total", "remainder", "horner", "powers", "square", "reciprocal"}
]


def eager(f, numbers):
    """Return the value and the gradient by the engine."""
    variables = [Value(number) for number in numbers]
    result = f(*variables)
    result.backward()
    return result.data, *[variable.grad for variable in variables]


def replayed(program, numbers, **options):
    """Return the value and the gradient by the program."""
    value, gradient = program.value_and_grad(*numbers, **options)
    return (value, *gradient) if len(numbers) > 1 else (value, gradient)


def bits(number):
    return b"nan" if math.isnan(number) else struct.pack("d", number)


def imported(text, path):
    """Write source to a file and import it."""
    path.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def error(weight, input, goal_pred):
    pred = input * weight
    delta = pred - goal_pred
    return delta**2


def half_error(weight, input, goal_pred):
    pred = input * weight
    delta = pred - goal_pred
    return delta**2 / 2


def neuron(weights, inputs, bias):
    total = autodiff.dot(weights, inputs) + bias
    return autodiff.tanh(total)


def rosenbrock(x):
    return autodiff.total([100 * (b - a**2) ** 2 + (1 - a) ** 2 for a, b in itertools.pairwise(x)])


def network(weights, x):
    """A network of 2-3-1 with tanh; nine weights."""
    hidden = [autodiff.tanh(autodiff.dot(weights[2 * i : 2 * i + 2], x)) for i in range(3)]
    return (autodiff.dot(weights[6:9], hidden) - 0.5) ** 2


def branching(x):
    if x > 0:
        return x * x
    return -x


# ---- The engine's numbers ---------------------------------------------------------------------


@pytest.mark.parametrize(("f", "points"), CASES)
def test_value_and_gradient_are_the_engines_bit_for_bit(f, points):
    program = trace(f, *points)
    expected = eager(f, points)
    assert list(map(bits, replayed(program, points))) == list(map(bits, expected))
    assert bits(program(*points)) == bits(expected[0])


@pytest.mark.parametrize(("f", "points"), CASES)
def test_a_program_traced_elsewhere_gives_the_engines_numbers_or_says_why_not(f, points):
    program = trace(f, *[abs(x) * 0.5 + 0.25 if abs(x) < 1 else x for x in points])
    assert list(map(bits, replayed(program, points))) == list(map(bits, eager(f, points)))


@pytest.mark.parametrize(("f", "points"), CASES)
def test_the_source_written_imported_and_run_gives_the_same_bits(f, points, tmp_path):
    program = trace(f, *points)
    module = imported(program.source, tmp_path / "written.py")
    result = getattr(module, f"{program.name}_and_gradient")(*points)
    assert list(map(bits, result)) == list(map(bits, eager(f, points)))


@pytest.mark.parametrize(("f", "points"), FRACTIONS)
def test_fractions_are_exact(f, points):
    numbers = [Fraction(x).limit_denominator(1000) for x in points]
    if 0 in numbers:
        pytest.skip("too small for the fraction")
    result = replayed(trace(f, *points), numbers)
    assert result == eager(f, numbers)
    if not any(isinstance(x, float) for x in eager(f, numbers)):
        assert not any(isinstance(x, float) for x in result)


@pytest.mark.parametrize(("f", "points"), CASES)
def test_arrays_are_computed_element_by_element(f, points):
    program = trace(f, *points)
    columns = [np.array([x, x, x]) for x in points]
    expected = eager(f, points)
    for actual, number in zip(replayed(program, columns), expected, strict=True):
        assert actual.shape == (3,)
        np.testing.assert_allclose(actual, np.full(3, number), rtol=1e-9, atol=1e-300)


@pytest.mark.parametrize(("f", "points"), CASES)
def test_the_hessian_is_that_of_the_engine(f, points):
    expected = autodiff.hessian(lambda x: f(*x))(list(points))
    actual = np.reshape(trace(f, *points).hessian(*points), expected.shape)
    largest = np.abs(expected[np.isfinite(expected)]).max(initial=0)
    np.testing.assert_allclose(actual, expected, rtol=1e-6, atol=1e-9 * largest)


def test_a_derivative_inside_the_function_is_recorded():
    def f(x, y):
        return autodiff.grad(lambda z: autodiff.tanh(z) * autodiff.maximum(z, y) ** 2)(x) * x

    program = trace(f, 0.3, 0.5)
    for numbers in ((0.3, 0.5), (0.7, 0.2)):
        assert replayed(program, numbers) == eager(f, numbers)


def test_a_program_called_inside_a_traced_function_is_recorded():
    inner = trace(lambda x: autodiff.sin(x) * x, 1.0)
    outer = trace(lambda x: inner(x) ** 2, 1.0)
    assert outer.grad(0.5) == pytest.approx(
        autodiff.grad(lambda x: (autodiff.sin(x) * x) ** 2)(0.5)
    )


def test_values_and_other_kinds_of_number_replay():
    program = trace(error, 0.5, 0.5, 0.8)
    weight = Value(0.5)
    program(weight, 0.5, 0.8).backward()
    assert weight.grad == -0.55


def test_mpmath_numbers_replay_to_their_precision():
    mpmath = pytest.importorskip("mpmath")
    with mpmath.workdps(50):
        value, slope = trace(autodiff.tanh, 1.0).value_and_grad(mpmath.mpf("0.25"))
        assert abs(value - mpmath.tanh(mpmath.mpf("0.25"))) < mpmath.mpf(10) ** -48
        assert abs(slope - mpmath.sech(mpmath.mpf("0.25")) ** 2) < mpmath.mpf(10) ** -48


def test_half_a_tie_is_exact_on_fractions():
    program = trace(autodiff.maximum, 1.0, 2.0)
    assert program.grad(Fraction(1, 3), Fraction(1, 3)) == (Fraction(1, 2), Fraction(1, 2))


# ---- Structural zeros -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "f",
    [
        lambda x: autodiff.where(x > 0, autodiff.sqrt(x), 3.0),
        lambda x: autodiff.relu(-autodiff.sqrt(x) - 1),
        lambda x: autodiff.maximum(-autodiff.sqrt(x) - 1, 2.0),
        lambda x: autodiff.clip(autodiff.sqrt(x), 1.0, 2.0),
        lambda x: autodiff.where(x > 0, autodiff.sqrt(x), 3.0) + 2 * x - 2 * x,
    ],
)
def test_the_branch_not_taken_contributes_exactly_zero(f):
    program = trace(f, 5.0)
    assert program.grad(0.0) == 0
    assert (program.grad(np.zeros(2)) == 0).all()


@pytest.mark.parametrize(
    "numbers", [(2.0, 0.3), (-0.5, 0.7), (1.0, -1.0), (0.0, 0.0), (-1.0, -2.0)]
)
def test_chains_of_branches_keep_every_bit(numbers):
    def f(x, y):
        inner = autodiff.relu(autodiff.relu(x * y) - 1) * autodiff.relu(y)
        return inner + autodiff.relu(x) * autodiff.minimum(y, x) + autodiff.clip(x, y - 1, y + 1)

    program = trace(f, 2.0, 3.0)
    assert list(map(bits, replayed(program, numbers))) == list(map(bits, eager(f, numbers)))


# ---- Source -----------------------------------------------------------------------------------


def test_the_source_of_the_chapters_error_reads_as_its_lines():
    assert (
        trace(error, 0.5, 0.5, 0.8).source
        == '''\
def error(weight, input, goal_pred):
    """Return error.

    error = (input * weight - goal_pred) ** 2
    """
    pred = input * weight
    delta = pred - goal_pred
    return delta**2


def error_and_gradient(weight, input, goal_pred):
    """Return error and its derivative in each of weight, input and goal_pred.

    error = (input * weight - goal_pred) ** 2
    """
    pred = input * weight
    delta = pred - goal_pred
    error = delta**2
    d_delta = 2 * delta
    d_goal_pred = -d_delta
    d_input = d_delta * weight
    d_weight = d_delta * input
    return error, d_weight, d_input, d_goal_pred
'''
    )


def test_the_derivative_of_half_the_error_is_the_chapters_weight_delta():
    assert "    d_weight = delta * input\n" in trace(half_error, 0.5, 0.5, 0.8).source


def test_labels_name_lines_and_their_derivatives():
    program = trace(lambda w: autodiff.sin((w * 3).labeled("size")) * w, 1.0)
    assert "size = w * 3" in program.source
    assert "d_size" in program.source


def test_a_program_traced_inside_a_traced_function_has_its_own_names():
    inner = []

    def cubed(x):
        square = x * x
        return square * x

    def outer(x):
        inner.append(trace(cubed, 1.0))
        twice = 2 * x
        return twice * twice

    assert "twice = 2 * x" in trace(outer, 1.0).source
    assert "square = x * x" in inner[0].source


def test_a_label_that_is_no_name_becomes_one():
    program = trace(Value(2.0, "class") * Value(3.0, "the θ [1]") + Value(1.0, "class"))
    assert program.source.startswith("def f(class_, the_θ_1, class__2):")


def test_a_built_expression_becomes_a_program_with_its_leaves_as_inputs():
    weight, input = Value(0.5, "weight"), Value(0.5, "input")
    program = trace((((input * weight).labeled("pred") - 0.8) ** 2).labeled("error"))
    assert program.parameters == ("input", "weight")
    assert program.name == "error"
    assert program.grad(weight=0.5, input=0.5) == (-0.55, -0.55)


@pytest.mark.parametrize(
    ("f", "text"),
    [
        (lambda x, y: (x + y) * x, "(x + y) * x"),
        (lambda x, y: x - (y - x), "x - (y - x)"),
        (lambda x, y: x - y - x, "x - y - x"),
        (lambda x, y: -(x**2), "-x**2"),
        (lambda x, y: (-x) ** 2, "(-x) ** 2"),
        (lambda x, y: 2 ** (x**3), "2 ** x**3"),
        (lambda x, y: x / (y * x), "x / (y * x)"),
        (lambda x, y: (x * y) ** -1, "(x * y) ** -1"),
        (lambda x, y: autodiff.where(x > y, x, y) * 2, "(x if x > y else y) * 2"),
        (lambda x, y: abs(x - y) % y // 2, "abs(x - y) % y // 2"),
        (lambda x, y: x * 1 + 0 * y, "x + 0 * y"),
    ],
)
def test_parentheses_stand_only_where_they_are_needed(f, text):
    program = trace(f, 2.0, 3.0)
    assert f"return {text}\n" in program.source
    assert program(2.0, 3.0) == f(2.0, 3.0)


def test_lines_are_simplified():
    program = trace(lambda x, y: (x * y) * (y * x) * 1 + x**1 / 1, 2.0, 3.0)
    assert "    t1 = x * y\n    return t1 * t1 + x\n" in program.source


def test_no_line_is_wider_than_100_columns_and_nesting_is_bounded():
    def f(*xs):
        result = xs[0]
        for _ in range(30):
            for x in xs:
                result = autodiff.sin(result * x) + x
        return result

    program = trace(f, *[0.1 * i for i in range(40)])
    assert max(map(len, program.source.splitlines())) <= 100
    ast.parse(program.source)
    assert program.grad(*[0.1 * i for i in range(40)]) == eager(f, [0.1 * i for i in range(40)])[1:]


def test_a_source_needs_only_the_standard_library(tmp_path):
    program = trace(neuron, [0.5, -0.25], [1.0, 2.0], 0.1)
    (tmp_path / "neuron.py").write_text(program.source, encoding="utf-8")
    code = (
        "import sys, neuron; neuron.neuron_and_gradient(.5, -.25, 1., 2., .1); print(*sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-S", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert not {"numpy", "autodiff"} & set(run.stdout.split())


def test_another_namespace_can_be_passed_for_math(tmp_path):
    module = imported(trace(neuron, [0.5], [1.0], 0.1).source, tmp_path / "written.py")
    result = module.neuron_and_gradient(np.array([0.5, 1.0]), 1.0, 0.1, math=np)
    expected = [module.neuron_and_gradient(x, 1.0, 0.1) for x in (0.5, 1.0)]
    np.testing.assert_allclose(np.transpose(result), expected, rtol=1e-14)


def test_an_operation_of_ones_own_is_recorded():
    @autodiff.operation
    def swish(x):
        s = autodiff.sigmoid(x)
        return x * s, s + x * s * autodiff.sigmoid(-x)

    program = trace(lambda x: swish(x) ** 2, 1.0)
    for x in (0.5, -2.0):
        assert replayed(program, [x]) == eager(lambda x: swish(x) ** 2, [x])


def test_a_built_expression_with_an_operation_of_ones_own_is_refused():
    twice = autodiff.operation(lambda x: (2 * x, 2), name="twice")
    with pytest.raises(TypeError, match="twice, an operation of your own"):
        trace(twice(Value(1.0)))


def test_a_value_from_outside_is_a_constant():
    scale = Value(3.0, "scale")
    program = trace(lambda x: scale * x, 2.0)
    assert program.grad(5.0) == 3.0
    assert scale.grad == 0


def test_a_function_that_ignores_its_arguments_has_derivative_0():
    assert trace(lambda x: 2.5, 1.0).value_and_grad(3.0) == (2.5, 0.0)


def test_recorded_numbers_are_refused_as_plain_ones():
    with pytest.raises(TypeError, match=r"autodiff\.sin"):
        trace(lambda x: math.sin(x), 1.0)


def test_a_function_of_several_results_is_refused():
    with pytest.raises(TypeError, match="one number"):
        trace(lambda x: (x, x), 1.0)


# ---- Guards -----------------------------------------------------------------------------------


def branch_line():
    return f"{__file__}:{inspect.getsourcelines(branching)[1] + 1}"


@pytest.mark.parametrize(
    "x", [-1.0, -1, Fraction(-1), np.array([2.0, -1.0]), np.float64(-1.0), Value(-1.0)]
)
def test_an_input_that_takes_another_branch_is_an_error_that_names_the_comparison(x):
    program = trace(branching, 3.0)
    for replay in (program, program.value_and_grad, program.hessian):
        with pytest.raises(GuardError, match="x > 0 held") as raised:
            replay(x)
        assert branch_line() in str(raised.value)
        assert "-1" in str(raised.value)


def test_the_error_names_the_sample():
    with pytest.raises(GuardError, match="sample 70000: x = -5"):
        trace(branching, 3.0)(np.where(np.arange(100_000) == 70_000, -5.0, 1.0))


def test_the_other_branch_is_a_program_of_its_own():
    program = trace(branching, -3.0)
    assert program(-2.0) == 2.0
    with pytest.raises(GuardError, match="did not hold"):
        program(2.0)


def test_the_written_source_keeps_the_guard(tmp_path):
    module = imported(trace(branching, 3.0).source, tmp_path / "written.py")
    assert module.branching(2.0) == 4.0
    with pytest.raises(ValueError, match=r"x > 0 held.*x = -2\.0"):
        module.branching(-2.0)


def test_a_number_taken_for_a_truth_is_a_guard():
    program = trace(lambda x: x * 2 if x else x + 1, 1.0)
    with pytest.raises(GuardError, match="x != 0"):
        program(0.0)


@pytest.mark.parametrize("x", [-4.0, Fraction(-4)])
def test_a_negative_base_to_a_fraction_is_an_error_and_never_complex(x):
    program = trace(lambda x: abs(x**0.5), 4.0)
    for replay in (program, program.grad):
        with pytest.raises(ValueError, match="complex"):
            replay(x)


def test_a_guard_stands_before_what_it_guards():
    program = trace(lambda x: autodiff.log(x) if x > 0 else x, 1.0)
    with pytest.raises(GuardError):
        program(-1.0)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: autodiff.where(x > 1, x * x, -x),
        lambda x: autodiff.relu(x - 1),
        lambda x: autodiff.maximum(x, 1.0),
        lambda x: autodiff.clip(x, 0.5, 1.5),
    ],
)
def test_choices_replay_both_ways(f):
    program = trace(f, 3.0)
    for x in (3.0, 1.25, -3.0):
        assert replayed(program, [x]) == eager(f, [x])
    points = np.array([3.0, 1.25, -3.0])
    assert program(points).tolist() == [f(x) for x in points.tolist()]


def test_bounds_of_clip_in_the_wrong_order_are_an_error():
    program = trace(autodiff.clip, 1.0, 0.0, 2.0)
    with pytest.raises(GuardError, match="lower > upper"):
        program(1.0, 2.0, 0.0)


# ---- Arrays -----------------------------------------------------------------------------------


def test_inputs_broadcast_as_in_numpy():
    program = trace(error, 0.5, 0.5, 0.8)
    weight, input = np.linspace(0, 1, 3)[:, None], np.linspace(0, 1, 4)
    value, (d_weight, d_input, _) = program.value_and_grad(weight, input, 0.8)
    np.testing.assert_allclose(value, (input * weight - 0.8) ** 2)
    assert d_weight.shape == d_input.shape == (3, 4)


@pytest.mark.parametrize("reduce", ["sum", "mean"])
def test_gradients_of_the_sum_or_mean_have_the_shapes_of_the_inputs(reduce):
    program = trace(error, 0.5, 0.5, 0.8)
    weight, input = np.linspace(0, 1, 300)[:, None], np.linspace(0, 1, 200)
    value, parts = program.value_and_grad(weight, input, 0.8, reduce=reduce)
    samples = program.value_and_grad(weight, input, 0.8)
    share = 1 if reduce == "sum" else 1 / 60_000
    assert value == pytest.approx(samples[0].sum() * share)
    np.testing.assert_allclose(parts[0], samples[1][0].sum(1, keepdims=True) * share)
    np.testing.assert_allclose(parts[1], samples[1][1].sum(0) * share)
    assert parts[2] == pytest.approx(samples[1][2].sum() * share)


def test_a_batch_stands_in_front_of_the_axes_of_an_array():
    program = trace(network, np.linspace(-1, 1, 9), np.array([0.3, 0.5]))
    batch = np.random.default_rng(0).normal(size=(5, 2))
    value, (d_weights, d_x) = program.value_and_grad(np.linspace(-1, 1, 9), batch)
    assert value.shape == (5,)
    assert d_weights.shape == (5, 9)
    assert d_x.shape == (5, 2)
    one = program.value_and_grad(np.linspace(-1, 1, 9), batch[3])
    np.testing.assert_allclose(d_weights[3], one[1][0])
    mean = program.grad(np.linspace(-1, 1, 9), batch, reduce="mean")
    np.testing.assert_allclose(mean[0], d_weights.mean(0))


def test_float32_stays_float32():
    value, slope = trace(autodiff.sigmoid, 1.0).value_and_grad(np.ones(3, np.float32))
    assert value.dtype == slope.dtype == np.float32


def test_whole_numbers_count_as_floats():
    assert trace(lambda x: x / 2, 1.0)(np.array([1, 2])).tolist() == [0.5, 1.0]


def test_arrays_of_fractions_are_exact():
    values = trace(error, 0.5, 0.5, 0.8)(
        np.array([Fraction(1, 3), Fraction(1, 2)]), Fraction(1, 2), Fraction(4, 5)
    )
    assert values.tolist() == [Fraction(361, 900), Fraction(121, 400)]


def test_numpy_gives_inf_and_nan_where_a_float_raises():
    program = trace(lambda x: autodiff.log(x) + 1 / x, 1.0)
    np.testing.assert_array_equal(program(np.array([0.0, -1.0])), [np.nan, np.nan])
    with pytest.raises(ValueError, match=r"math domain|expected a"):
        program(-1.0)


def test_an_error_that_the_function_catches_cannot_be_recorded():
    def inverse(x):
        try:
            return 1 / x
        except ZeroDivisionError:
            return 7 * x

    assert trace(inverse, 2.0)(4.0) == 0.25
    with pytest.raises(TypeError, match=r"caught ZeroDivisionError.* at .*test_program.py:\d+; "):
        trace(inverse, 0.0)


def test_backward_in_what_is_recorded_is_refused_where_its_derivative_would_be_lost():
    def penalty(x):
        y = x**3
        y.backward()
        return 2 * x.grad + x

    def of_a_plain_number(x):
        inner = Value(x.data)
        (inner**3).backward()
        return 2 * inner.grad + x

    with pytest.raises(ValueError, match=r"^backward\(\) inside .* is recorded as a"):
        trace(penalty, 2.0)
    assert trace(of_a_plain_number, 2.0).value_and_grad(3.0) == (57.0, 1.0)


@pytest.mark.parametrize("known", [np.True_, np.False_, True, False])
def test_what_is_known_is_combined_with_comparisons(known):
    def f(x):
        both, either = (x > 0) & known, known | (x > 1)
        return autodiff.where(both, x * x, -x) + autodiff.where(either, 3 * x, 0 * x)

    for x in (-2.0, 0.5, 2.0):
        assert trace(f, 0.5).value_and_grad(x) == autodiff.value_and_grad(f)(x)


def test_an_empty_batch_gives_empty_results():
    assert trace(error, 0.5, 0.5, 0.8)(np.zeros(0), 1.0, 1.0).shape == (0,)


@pytest.mark.no_cover
@pytest.mark.parametrize("divisor", [1, 2, 8.0, 2.0**400, 0.5, -4, 3])
@pytest.mark.parametrize("operation", [operator.mod, operator.floordiv])
def test_a_remainder_on_an_array_has_the_bits_that_python_gives(operation, divisor):
    points = [0.0, 5e-324, 1e-300, 1e-17, 0.5, 3.0, 4.0, 7.75, 123456.789, 2.0**53 - 1, 2.0**80]
    points = [sign * x for x in points for sign in (1, -1)]
    program = trace(lambda x: operation(x, divisor), 0.3)
    expected = [float(operation(x, divisor)).hex() for x in points]
    assert [x.hex() for x in program(np.array(points)).tolist()] == expected
    assert np.isnan(program(np.array([np.inf, -np.inf, np.nan]))).all()


@pytest.mark.parametrize("kind", ["float32", "int64", "bool"])
def test_a_remainder_on_an_array_of_another_kind_is_that_of_its_numbers(kind):
    numbers = np.array([[0, 1, 2], [3, 5, 8]]).astype(kind)
    remainders = trace(lambda x: x % 2 + x // 2, 1.0)(numbers)
    assert remainders.tolist() == (numbers % 2.0 + numbers // 2.0).tolist()


def test_memory_does_not_grow_with_the_batch():
    def f(x, y):
        for _ in range(100):
            x = autodiff.sin(x * y) + x
        return x

    program = trace(f, 0.5, 0.5)
    x = np.linspace(0, 1, 300_000)
    program.grad(x[:10], 0.5, reduce="sum")
    tracemalloc.start()
    program.value_and_grad(x, 0.5, reduce="sum")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak - x.nbytes < 10_000_000  # the derivative in x is an output; 240 MB in one block


_FAULTS = """
import resource
import numpy as np
from autodiff.program import trace

program = trace(lambda x, y: x * y + x / (1 + y), 1.0, 2.0)
x = np.linspace(0, 1, 100_000)
program.value_and_grad(x, x)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    program.value_and_grad(x, x)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other libraries keep what is freed")
def test_a_batch_takes_no_new_memory_of_the_system_from_call_to_call():
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MALLOC_", "GLIBC_"))}
    run = [sys.executable, "-c", _FAULTS]
    ran = subprocess.run(run, capture_output=True, text=True, check=True, env=environment)
    assert int(ran.stdout) < 1000  # pages of 4 kB; each call took some 500


# ---- Second derivatives -----------------------------------------------------------------------


def test_the_hessian_of_rosenbrock_is_right():
    program = trace(rosenbrock, [0.5, 0.5])
    np.testing.assert_allclose(program.hessian([1.0, 2.0]), [[402, -400], [-400, 200]])
    assert program.hvp(([1.0, 2.0],), ([1.0, 10.0],)) == [402 - 4000, -400 + 2000]


def test_the_hessian_of_a_network_is_that_of_the_engine():
    weights, x = [0.1 * i - 0.4 for i in range(9)], [0.3, -0.7]
    expected = autodiff.hessian(lambda w: network(w, x))(weights)
    actual = trace(lambda w: network(w, x), weights).hessian(weights)
    np.testing.assert_allclose(actual, expected, rtol=1e-10, atol=1e-14)


def test_a_hessian_of_a_batch_has_the_batch_in_front():
    program = trace(rosenbrock, np.array([0.5, 0.5]))
    batch = np.random.default_rng(0).normal(size=(7, 2))
    hessians = program.hessian(batch)
    assert hessians.shape == (7, 2, 2)
    np.testing.assert_allclose(hessians[4], program.hessian(batch[4]))


def logistic_loss(weights, bias, x, label):
    z = autodiff.dot(weights, x) + bias
    return autodiff.softplus(z) - label * z


def test_the_hessian_of_a_mean_loss_in_its_parameters_is_one_call():
    chance = np.random.default_rng(0)
    inputs, labels = chance.normal(size=(569, 30)), chance.integers(0, 2, 569).astype(float)
    weights, bias = chance.normal(size=30) / 10, 0.1
    args = weights, bias, inputs, labels
    program = trace(logistic_loss, weights, bias, inputs[0], labels[0], argnums=(0, 1))

    columns = np.column_stack([inputs, np.ones(569)])
    chances = 1 / (1 + np.exp(-(inputs @ weights + bias)))
    slopes = (chances - labels)[:, None] * columns
    hessian = (columns * (chances * (1 - chances))[:, None]).T @ columns / 569
    vector = np.arange(31) / 31

    np.testing.assert_allclose(program.jacobian(*args), slopes, rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(
        program.jacobian(*args, reduce="mean"), slopes.mean(0), rtol=1e-10, atol=1e-14
    )
    np.testing.assert_allclose(program.hessian(*args, reduce="mean"), hessian, rtol=1e-10)
    np.testing.assert_allclose(program.hessian(*args, reduce="sum"), 569 * hessian, rtol=1e-10)
    product = program.hvp(args, (vector[:30], vector[30]), reduce="mean")
    np.testing.assert_allclose([*product[0], product[1]], hessian @ vector, rtol=1e-10)


@pytest.mark.parametrize("library", ["torch", "array_api_strict", "jax.numpy"])
def test_the_hessian_of_a_mean_is_that_of_numpy_in_every_array_library(library):
    space = pytest.importorskip(library)
    program = trace(error, 0.5, 0.5, 0.8, argnums=(2, 0))
    x = np.linspace(-1, 1, 7)
    expected = program.hessian(0.5, x, 0.8, reduce="mean")
    actual = program.hessian(0.5, space.asarray(x), 0.8, reduce="mean")
    np.testing.assert_allclose(np.asarray(actual), expected, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(
        expected, [[2, -2 * x.mean()], [-2 * x.mean(), 2 * np.mean(x**2)]], atol=1e-15
    )


def test_the_hessian_of_a_mean_of_fractions_is_exact():
    x = np.array([Fraction(1, 3), Fraction(1, 2)])
    program = trace(error, 0.5, 0.5, 0.8, argnums=0)
    assert program.hessian(Fraction(1, 7), x, Fraction(1), reduce="mean") == Fraction(13, 36)


def test_a_product_with_the_hessian_of_a_sum_has_the_shapes_of_the_arguments():
    program = trace(error, 0.5, 0.5, 0.8, argnums=(0, 1))
    x, along = np.array([1.0, 2.0, 3.0]), np.array([1.0, 0.0, -1.0])
    in_weight, in_input = program.hvp((0.5, x, 0.8), (2.0, along), reduce="sum")
    mixed = 2 * (2 * 0.5 * x - 0.8)
    assert in_weight == pytest.approx(2 * 2 * np.sum(x**2) + np.sum(mixed * along))
    np.testing.assert_allclose(in_input, 2 * mixed + 2 * 0.5**2 * along)


@pytest.mark.no_cover
def test_memory_of_the_hessian_of_a_mean_does_not_grow_with_the_batch():
    program = trace(
        lambda w, x: autodiff.exp(autodiff.dot(w, [x, x * x])), [0.1, 0.2], 1.0, argnums=0
    )
    x = np.linspace(0, 1, 300_000)
    program.hessian([0.1, 0.2], x[:10], reduce="mean")
    tracemalloc.start()
    program.hessian([0.1, 0.2], x, reduce="mean")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4_000_000


def test_the_hessian_of_fractions_is_exact():
    hessian = trace(rosenbrock, [0.5, 0.5]).hessian([Fraction(1, 2), Fraction(1, 3)])
    assert hessian.tolist() == [[Fraction(506, 3), -200], [-200, 200]]


# ---- Arguments --------------------------------------------------------------------------------


def test_the_gradient_has_the_structure_of_the_arguments():
    program = trace(lambda p: p["a"][0] * p["b"] + p["a"][1], {"a": (1.0, 2.0), "b": 3.0})
    assert program.grad({"a": (1.0, 2.0), "b": 3.0}) == {"a": (3.0, 1.0), "b": 1.0}


@pytest.mark.parametrize("args", [(1.0,), (1.0, 2.0, 3.0, 4.0)])
def test_too_few_or_too_many_arguments_are_refused(args):
    with pytest.raises(TypeError, match=r"error takes 3 arguments \(weight, input, goal_pred\)"):
        trace(error, 0.5, 0.5, 0.8)(*args)


@pytest.mark.parametrize("argnums", [0, 1, (0,), (2, 0), (0, 1, 2), (), [-1, 0], range(2)])
def test_derivatives_are_in_the_arguments_that_argnums_names(argnums):
    args = [0.5, -0.25], [1.0, 2.0], 0.1
    program = trace(neuron, *args, argnums=argnums)
    assert program.value_and_grad(*args) == autodiff.value_and_grad(neuron, argnums)(*args)


@pytest.mark.parametrize("argnums", [0, 1, (0, 1), (1, 0)])
def test_second_derivatives_are_in_the_arguments_that_argnums_names(argnums):
    def f(x, y):
        return x**2 * y + autodiff.sin(x * y)

    program = trace(f, 1.0, 1.0, argnums=argnums)
    expected = np.array(autodiff.hessian(f, argnums)(2.0, 3.0))
    vector = np.array([1.0, 10.0])[: expected.size // 2 or 1]
    product = program.hvp((2.0, 3.0), vector.tolist())
    np.testing.assert_allclose(program.hessian(2.0, 3.0), expected, rtol=1e-14)
    np.testing.assert_allclose(product, np.dot(expected, vector).reshape(np.shape(product)))
    np.testing.assert_array_equal(program.jacobian(2.0, 3.0), program.grad(2.0, 3.0))


def test_a_program_that_differentiates_in_nothing_has_empty_derivatives():
    program = trace(error, 0.5, 0.5, 0.8, argnums=())
    for x in (0.25, np.array([0.25, 0.5])):
        assert program.grad(x, 0.5, 0.8) == program.hvp((x, 0.5, 0.8), ()) == ()
        assert program.jacobian(x, 0.5, 0.8).shape == (0,)
        assert program.hessian(x, 0.5, 0.8).shape == (0, 0)


def test_lines_that_only_the_other_derivatives_need_are_gone():
    program = trace(half_error, 0.5, 0.5, 0.8, argnums=0)
    assert "return half_error, d_weight\n" in program.source
    assert "d_input" not in program.source + program.javascript
    assert "its derivative in weight." in program.source
    assert len(program) < len(trace(half_error, 0.5, 0.5, 0.8))


def test_an_expression_is_differentiated_in_the_leaves_that_argnums_names():
    weight, input = Value(0.5, "weight"), Value(0.25, "input")
    assert trace((weight * input) ** 2, argnums=1).grad(0.5, 0.25) == 2 * 0.125 * 0.5


def test_programs_that_differentiate_in_other_arguments_differ():
    programs = [trace(lambda x, y: x + y, 1.0, 1.0, argnums=a) for a in (0, 1, (0, 1), (1, 0))]
    assert len({program.fingerprint for program in programs}) == 4
    assert pickle.loads(pickle.dumps(programs[3])).argnums == (1, 0)


def test_another_structure_is_refused():
    program = trace(rosenbrock, [0.5, 0.5])
    with pytest.raises(ValueError, match="x takes 2 items, and got 3"):
        program([1.0, 2.0, 3.0])


# ---- Programs as objects ----------------------------------------------------------------------


def test_a_pickled_program_is_equal_and_computes():
    program = trace(neuron, [0.5, -0.25], [1.0, 2.0], 0.1)
    program(*(args := ([0.5, -0.25], [1.0, 2.0], 0.1)))
    again = pickle.loads(pickle.dumps(program))
    assert again == program
    assert hash(again) == hash(program)
    assert again.value_and_grad(*args) == program.value_and_grad(*args)
    assert again.hvp(args, args) == program.hvp(args, args)


def test_programs_of_other_lines_differ():
    assert trace(error, 0.5, 0.5, 0.8) != trace(half_error, 0.5, 0.5, 0.8)
    assert trace(branching, 1.0) != trace(branching, -1.0)
    assert trace(branching, 1.0) == trace(branching, 2.0)


def test_the_fingerprint_is_the_same_in_every_process():
    code = (
        "from autodiff.program import trace\n"
        "print(trace(lambda x, y: (x * y + 1.5) ** 2 if x > 0 else x, 1.0, 2.0).fingerprint)"
    )
    here = trace(lambda x, y: (x * y + 1.5) ** 2 if x > 0 else x, 1.0, 2.0).fingerprint
    run = [sys.executable, "-c", code]
    assert subprocess.run(run, capture_output=True, text=True, check=True).stdout.strip() == here


def test_the_repr_is_short():
    assert repr(trace(error, 0.5, 0.5, 0.8)) == (
        "<Program error(weight, input, goal_pred): 7 lines>"
    )


@pytest.mark.no_cover
def test_a_chain_of_100_000_operations_is_traced_and_replayed():
    def f(x):
        y = x
        for _ in range(50_000):
            y = y * x + 1.0
        return y

    program = trace(f, 0.5)
    assert isinstance(program, Program)
    assert replayed(program, [0.25]) == eager(f, [0.25])
    assert program(np.array([0.25]))[0] == f(0.25)


# ---- Other array libraries --------------------------------------------------------------------


def test_jax_arrays_replay_jit_and_vmap():
    jax = pytest.importorskip("jax")
    program = trace(neuron, [0.5, -0.25], [1.0, 2.0], 0.1)
    x = jax.numpy.linspace(-1, 1, 5)
    expected = program([0.5, -0.25], [np.linspace(-1, 1, 5), 2.0], 0.1)
    np.testing.assert_allclose(program([0.5, -0.25], [x, 2.0], 0.1), expected, rtol=1e-5)

    def error(x):
        return program.value_and_grad([0.5, -0.25], [x, 2.0], 0.1)[0]

    np.testing.assert_allclose(jax.jit(error)(x), expected, rtol=1e-5)
    np.testing.assert_allclose(jax.jit(jax.vmap(error))(x), expected, rtol=1e-5)


def test_a_guard_that_jax_cannot_check_is_an_error_that_says_so():
    jax = pytest.importorskip("jax")
    with pytest.raises(GuardError, match="cannot be checked"):
        jax.jit(trace(branching, 1.0))(jax.numpy.ones(3))


def test_dask_arrays_replay():
    dask = pytest.importorskip("dask.array")
    program = trace(neuron, [0.5, -0.25], [1.0, 2.0], 0.1)
    x = np.linspace(-1, 1, 50)
    value, gradient = program.value_and_grad(
        [0.5, -0.25], [dask.from_array(x, chunks=10), 2.0], 0.1
    )
    expected = program.value_and_grad([0.5, -0.25], [x, 2.0], 0.1)
    np.testing.assert_allclose(value.compute(), expected[0])
    np.testing.assert_allclose(gradient[1][0].compute(), expected[1][1][0])


@pytest.mark.parametrize("library", ["torch", "array_api_strict", "jax.numpy"])
@pytest.mark.parametrize(("f", "points"), CASES[::3])
def test_every_array_library_gives_the_engines_numbers(f, points, library):
    space = pytest.importorskip(library)
    if library == "jax.numpy":
        sys.modules["jax"].config.update("jax_enable_x64", True)
    program = trace(f, *points)
    numbers = [space.asarray([x, x], dtype=space.float64) for x in points]
    try:
        with np.errstate(all="ignore"):  # some libraries compute by NumPy
            result = replayed(program, numbers)
    except NotImplementedError as missing:
        pytest.skip(str(missing))
    for actual, number in zip(result, eager(f, points), strict=True):
        np.testing.assert_allclose(np.asarray(actual), [number] * 2, rtol=1e-9, atol=1e-290)


# ---- Random programs --------------------------------------------------------------------------

UNARY = (
    autodiff.sin, autodiff.exp, autodiff.tanh, autodiff.relu, abs, autodiff.sigmoid,
    autodiff.softplus, autodiff.square, autodiff.cbrt, autodiff.sech, autodiff.sign,
    lambda x: autodiff.sqrt(autodiff.relu(x)), lambda x: x**3, lambda x: x**0, lambda x: x / 3,
    lambda x: autodiff.clip(x, -1.0, 1.0), lambda x: abs(x) ** 1.5,
)  # fmt: skip
BINARY = (
    lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a * b, lambda a, b: a / (1 + b * b),
    autodiff.maximum, autodiff.minimum, autodiff.hypot, autodiff.logaddexp, autodiff.copysign,
    lambda a, b: autodiff.where(a < b, a * b, a - b),
    lambda a, b: autodiff.where(a > 0, autodiff.sqrt(abs(a)), b),
    lambda a, b: (1 + abs(a)) ** autodiff.clip(b, -2, 2),
    lambda a, b: autodiff.dot([a, b], [b, 2.0]),
)  # fmt: skip


def random_function(chance, binary):
    """Return a function of three numbers, of a dozen random operations."""
    operations = [
        (chance.choice(UNARY), chance.randrange(-5, 0))
        if chance.random() < 0.5
        else (chance.choice(binary), chance.randrange(-5, 0), chance.randrange(-5, 0))
        for _ in range(chance.randint(3, 14))
    ]

    def f(x, y, z):
        numbers = [x, y, z, x * y, y * z]
        for operation, *places in operations:
            numbers.append(operation(*[numbers[place] for place in places]))
        return numbers[-1] + numbers[-2] * 0.5

    return f


NESTED = (
    lambda a, b: autodiff.grad(lambda t: autodiff.maximum(t, b) * t)(a),
    lambda a, b: autodiff.grad(lambda t: autodiff.where(t > b, t * t * a, autodiff.sin(t)))(a),
    lambda a, b: autodiff.grad(lambda t: autodiff.relu(t) * abs(t - b))(a / 2),
    lambda a, b: autodiff.grad(lambda t: autodiff.clip(t, -1.0, 1.0) * t * b)(a),
)


@pytest.mark.parametrize("seed", range(150))
@pytest.mark.parametrize("nested", [(), NESTED], ids=["plain", "nested"])
def test_a_random_program_keeps_every_bit_of_the_engine(seed, nested):
    chance = random.Random(seed)

    def number():
        edges = [0.0, -0.0, 1.0, -1.0, 2.0]
        return chance.choice(edges) if chance.random() < 0.3 else chance.uniform(-3, 3)

    f = random_function(chance, (*BINARY, *nested))
    points = [[number() for _ in range(3)] for _ in range(4)]
    try:
        program = trace(f, *points[0])
        expected = [eager(f, point) for point in points]
    except OverflowError:
        return
    for point, numbers in zip(points, expected, strict=True):
        value, gradient = program.value_and_grad(*point)
        found = [value, *gradient]
        assert repr([float(n) for n in found]) == repr([float(n) for n in numbers])


def test_a_comparison_of_constants_is_decided_when_it_is_traced():
    program = trace(lambda x: (1 + abs(x)) ** autodiff.softplus(x**0), 2.0)
    xs = np.array([0.0, -3.0, 2.0])
    _, gradient = program.value_and_grad(xs)
    np.testing.assert_allclose(gradient, [program.grad(float(x)) for x in xs], rtol=1e-14)


# ---- Misuse -----------------------------------------------------------------------------------


def product(x):
    return x["a"] * x["b"][0]


@pytest.mark.parametrize(
    ("misuse", "error", "message"),
    [
        (lambda: trace(lambda x: x, "text"), TypeError, "x is 'text' of type str"),
        (lambda: trace(Value(2.0) * 3, 1.0), TypeError, "takes no arguments"),
        (lambda: trace(round, 1.5), TypeError, "cannot record round"),
        (
            lambda: trace(lambda x: autodiff.clip(x, 2.0, 1.0), 1.5),
            ValueError,
            "lower bound 2.0 is above the upper bound 1.0",
        ),
        (
            lambda: trace(lambda x: x * x, 1.0).value_and_grad(2.0, reduce="max"),
            ValueError,
            "reduce is None, 'sum' or 'mean'",
        ),
        (
            lambda: trace(product, {"a": 1.0, "b": [2.0]})({"a": 1.0, "c": [2.0]}),
            ValueError,
            "takes the keys",
        ),
        (
            lambda: trace(lambda x: x.sum(), np.ones(3))(np.ones(2)),
            ValueError,
            "x takes an array of shape (3,), or a batch of them whose axes come first, and got one",
        ),
        (lambda: trace(error, 0.5, 0.5, 0.8, argnums=3), ValueError, "argnums=3 names argument 3"),
        (lambda: trace(error, 0.5, 0.5, 0.8, argnums=(0, -3)), ValueError, "an argument twice"),
        (lambda: trace(Value(2.0) * 3, argnums="x"), TypeError, "the position of an argument"),
        (
            lambda: trace(error, 0.5, 0.5, 0.8).hessian(0.5, np.ones(2), 0.8, reduce="mean"),
            ValueError,
            "input is an array of shape (2,): name the arguments in which to differentiate by",
        ),
        (
            lambda: trace(error, 0.5, 0.5, 0.8, argnums=0).hvp((0.5, 0.5, 0.8), (1.0, 0.0, 0.0)),
            TypeError,
            "a part for each argument in which is differentiated (weight), and got 3",
        ),
        (
            lambda: trace(error, 0.5, 0.5, 0.8, argnums=0).hvp(
                (0.5, np.ones(2), 0.8), (np.ones(2),), reduce="sum"
            ),
            ValueError,
            "in weight, of shape (), it has (2,)",
        ),
    ],
)
def test_misuse_is_an_error_that_says_what_is_wrong(misuse, error, message):
    with pytest.raises(error, match=re.escape(message)):
        misuse()


def test_a_number_of_one_recording_in_another_is_an_error():
    kept = []
    trace(lambda x: kept.append(x) or x * x, 1.0)
    with pytest.raises(ValueError, match="two programs are being recorded"):
        trace(lambda x: x * kept[0], 1.0)


def test_a_builtin_without_a_signature_is_traced():
    assert trace(max, 1.0, 2.0)(1.5, 3.0) == 3.0


def test_a_program_is_not_equal_to_something_else():
    assert trace(lambda x: x, 1.0) != 1.0


def test_nested_structures_replay():
    program = trace(lambda x: x[0][0] * x[1]["a"], [(2.0, 1.0), {"a": 3.0}])
    assert program.grad([(5.0, 1.0), {"a": 7.0}]) == [(7.0, 0.0), {"a": 5.0}]
