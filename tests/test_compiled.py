"""Programs as machine code: the shared table on vectors of every width, batches, guards, the cache.

`python tests/accuracy.py` measures the functions at more points.
"""

import math
import os
import pickle
import struct
import subprocess
import sys
import threading
import tracemalloc
from fractions import Fraction

import accuracy
import numpy as np
import pytest
from table import COMPOSITES, OPERATIONS

pytest.importorskip("llvmlite")

import autodiff
from autodiff.program import GuardError, trace
from autodiff.program import machine as machines
from autodiff.program.machine import (
    CompileWarning,
    Machine,
    batches,
    cache,
    memory,
    target,
    writing,
)
from autodiff.program.machine.batches import size_of_block
from autodiff.program.machine.driver import driver
from autodiff.program.machine.layout import layout_of
from autodiff.program.machine.primitives import primitives
from autodiff.program.machine.target import WIDTHS, target_of

BITS = [bits for bits in WIDTHS if bits <= target_of(None).bits]
CASES = [
    pytest.param(case.f, points, id=f"{case.name}{points}")
    for case in (*OPERATIONS, *COMPOSITES)
    for points in case.points
]
BATCHED = [pytest.param(case.f, case.points, id=case.name) for case in (*OPERATIONS, *COMPOSITES)]


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    """Keep compiled code in one folder of this run."""
    folder = tmp_path_factory.getbasetemp() / "compiled"
    monkeypatch.setenv("AUTODIFF_CACHE", str(folder))
    return folder


def numbers_of(result):
    value, gradient = result
    return [value, *(gradient if isinstance(gradient, tuple) else [gradient])]


def bits(number):
    return b"nan" if math.isnan(number) else struct.pack("d", number)


def layered(x, y):
    for _ in range(3):
        x, y = autodiff.tanh(x * y + 0.5), autodiff.sin(y - x)
    return x * y + autodiff.exp(x)


def branching(x):
    if x > 0:
        return x * x
    return -x


# ---- The engine's numbers ---------------------------------------------------------------------


@pytest.mark.parametrize(("f", "points"), CASES)
def test_exact_code_has_the_engines_bits(f, points):
    program = trace(f, *points)
    compiled = program.compile(exact=True)
    expected = numbers_of(program.value_and_grad(*points))
    assert list(map(bits, numbers_of(compiled.value_and_grad(*points)))) == list(
        map(bits, map(float, expected))
    )
    assert bits(compiled(*points)) == bits(expected[0])


@pytest.mark.parametrize(("f", "points"), BATCHED)
def test_exact_code_has_the_engines_bits_in_every_lane_of_a_batch(f, points):
    program = trace(f, *points[0])
    try:
        rows = [numbers_of(program.value_and_grad(*row)) for row in points for _ in range(3)]
    except GuardError:
        pytest.skip("the points take several branches")
    columns = np.repeat(np.array(points), 3, axis=0).T
    if len(points) == 1:
        columns = np.repeat(columns, 2, axis=1)[:, :3]
    found = numbers_of(program.compile(exact=True).value_and_grad(*columns))
    for actual, expected in zip(found, zip(*rows, strict=True), strict=True):
        assert list(map(bits, actual)) == list(map(bits, map(float, expected)))


@pytest.mark.parametrize("width", BITS)
@pytest.mark.parametrize(("f", "points"), BATCHED)
def test_vectors_of_every_width_give_the_engines_numbers(f, points, width):
    for row in points:
        program = trace(f, *row)
        expected = numbers_of(program.value_and_grad(*row))
        columns = [np.full(2 * width // 64 + 1, x) for x in row]
        found = numbers_of(program.compile(bits=width).value_and_grad(*columns))
        for actual, number in zip(found, expected, strict=True):
            np.testing.assert_allclose(actual, number, rtol=1e-13, atol=1e-300)


@pytest.mark.parametrize("width", BITS)
@pytest.mark.parametrize("name", [*accuracy.FUNCTIONS, *accuracy.PAIRS])
def test_functions_are_right_to_4_units_in_the_last_place(name, width):
    assert accuracy.errors(name, 200, bits=width).max() <= accuracy.LIMIT


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("f", [lambda x, y: x % y, lambda x, y: x // y, lambda x, y: x**y])
def test_at_the_edges_the_arithmetic_is_that_of_arrays(f, exact):
    edges = [0.0, -0.0, 1.0, -1.0, 2.5, -2.5, 1e300, math.inf, -math.inf, math.nan]
    x, y = (column.ravel() for column in np.meshgrid(edges, edges))
    program = trace(f, 2.0, 3.0)
    found, expected = program.compile(exact=exact)(x, y), program(x, y)
    np.testing.assert_allclose(found, expected, rtol=1e-15)
    is_zero = expected == 0
    np.testing.assert_array_equal(np.signbit(found[is_zero]), np.signbit(expected[is_zero]))


def test_tanh_and_the_square_of_sech_share_their_exponential():
    program = trace(lambda x: autodiff.tanh(x) + autodiff.sech(x) ** 2, 0.5)
    lines = primitives(program._value_lines, exact=False)
    assert [step.operation for step in lines.steps].count("expm1") == 1


@pytest.mark.parametrize("x", [0.0, -0.0, 25.0, -400.0, 1e308, math.inf, -math.inf, math.nan])
def test_tanh_and_its_derivative_keep_their_limits(x):
    value, slope = trace(autodiff.tanh, 0.5).compile().value_and_grad(x)
    assert bits(value) == bits(math.tanh(x))
    assert slope == pytest.approx(0 if abs(x) > 380 else 1 / math.cosh(x) ** 2, nan_ok=True)


@pytest.mark.parametrize(
    "x", [0.0, -0.0, 40.0, -40.0, 800.0, -800.0, math.inf, -math.inf, math.nan]
)
def test_sigmoid_and_softplus_keep_their_limits(x):
    for f in (autodiff.sigmoid, autodiff.softplus, autodiff.log_sigmoid):
        found = trace(f, 0.5).compile().value_and_grad(x)
        expected = trace(f, 0.5).value_and_grad(x)
        assert found == pytest.approx(expected, rel=1e-14, nan_ok=True)


def test_softplus_and_its_derivative_share_their_exponential():
    program = trace(lambda x: autodiff.softplus(x) + autodiff.sigmoid(x), 0.5)
    lines = primitives(program._value_lines, exact=False)
    assert [step.operation for step in lines.steps].count("expm1") == 1


# ---- The same interface -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments", [(2.0, 3.0), (np.float64(2.0), 3), (np.array([2.0] * 9), 3.0)]
)
def test_all_derivatives_are_those_of_the_program(arguments):
    program = trace(layered, 0.5, 0.25)
    compiled = program.compile()
    np.testing.assert_allclose(compiled(*arguments), program(*arguments))
    np.testing.assert_allclose(compiled.grad(*arguments), program.grad(*arguments))
    np.testing.assert_allclose(compiled.hessian(*arguments), program.hessian(*arguments))
    vector = (1.0, -2.0)
    np.testing.assert_allclose(compiled.hvp(arguments, vector), program.hvp(arguments, vector))


def test_results_have_the_structure_of_the_arguments():
    def f(parameters, x):
        return parameters["w"][0] * x + parameters["b"].sum() * parameters["w"][1]

    arguments = {"w": [1.0, 2.0], "b": np.array([3.0, 4.0])}, 5.0
    program = trace(f, *arguments)
    value, (slopes, slope) = program.compile().value_and_grad(*arguments)
    assert value == program(*arguments)
    assert slopes["w"] == [5.0, 7.0]
    assert slopes["b"].tolist() == [2.0, 2.0]
    assert slope == 1.0


@pytest.mark.parametrize(
    "argument",
    [
        [1.0, 2.0, 3.0],
        np.array([1.0, 2.0, 3.0]),
        np.array([1.0, 2.0, 3.0], dtype=np.float32),
        np.array([1.0, 2.0, 3.0], dtype=">f8"),
        np.arange(1.0, 7.0)[::2] * 0.5,
        (1.0, 2.0, 3.0),
        [1, 2, 3],
        [1.0, 2, np.float64(3.0)],
    ],
    ids=repr,
)
@pytest.mark.parametrize(
    "example", [[1.0, 1.0, 1.0], (1.0, 1.0, 1.0), np.ones(3)], ids=["list", "tuple", "array"]
)
@pytest.mark.parametrize("argnums", [None, 0, (1, 0)])
def test_one_sample_gives_what_the_program_gives(argument, example, argnums):
    program = trace(lambda x, y: x[0] * x[1] ** y * x[2], example, 2.0, argnums=argnums)
    found = program.compile(exact=True).value_and_grad(argument, 2.0)
    assert repr(found) == repr(program.value_and_grad(argument, 2.0))
    assert program.compile(exact=True)(argument, y=2.0) == program(argument, 2.0)


def test_one_sample_may_be_a_matrix():
    program = trace(lambda w, x: (w @ x).sum(), np.ones((2, 3)), np.ones(3))
    w, x = np.arange(6.0).reshape(2, 3), np.array([1.0, -2.0, 4.0])
    for matrix in (w, np.asfortranarray(w), w.astype(int)):
        value, (in_w, in_x) = program.compile().value_and_grad(matrix, x)
        assert value == 21.0
        assert in_w.tolist() == [x.tolist()] * 2
        assert in_x.tolist() == [3.0, 5.0, 7.0]


def test_results_stay_when_the_next_sample_is_computed():
    program = trace(lambda x, y: x[0] * x[1] * y[0], np.ones(2), [1.0]).compile()
    first = program.grad(np.array([2.0, 3.0]), [1.0])
    program.grad(np.array([5.0, 7.0]), [1.0])
    assert repr(first) == "(array([3., 2.]), [6.0])"


@pytest.mark.parametrize("argument", [["1", "2"], [1.0], [True, None], 3.0, np.ones((2, 1))])
def test_what_the_program_refuses_is_refused(argument):
    program = trace(lambda x: x[0] * x[1], [1.0, 1.0])
    with pytest.raises(Exception) as expected:  # noqa: PT011
        program.grad(argument)
    with pytest.raises(expected.type) as raised:
        program.compile().grad(argument)
    assert str(raised.value) == str(expected.value)


def test_bound_buffers_are_written_called_and_read():
    evaluation = trace(lambda x, y: x * y + 1, 1.0, 1.0).compile().bind()
    evaluation.inputs[:] = 2.0, 3.0
    evaluation()
    assert evaluation.outputs.tolist() == [7.0, 3.0, 2.0]


def test_bound_buffers_keep_the_guards():
    evaluation = trace(branching, 3.0).compile().bind()
    evaluation.inputs[:] = -1.0
    with pytest.raises(GuardError, match="x > 0 held"):
        evaluation()


def test_a_program_that_is_not_compiled_has_no_buffers():
    with pytest.raises(TypeError, match=r"bind is for program.compile\(\)"):
        trace(branching, 3.0).bind()


def test_the_hessian_of_a_mean_is_that_of_the_program():
    program = trace(lambda w, x: autodiff.tanh(w[0] * x + w[1]) ** 2, [0.5, 0.1], 1.0, argnums=0)
    arguments = [0.3, 0.2], np.linspace(-1, 1, 1001)
    compiled = program.compile()
    np.testing.assert_allclose(
        compiled.hessian(*arguments, reduce="mean"), program.hessian(*arguments, reduce="mean")
    )
    np.testing.assert_allclose(
        compiled.hvp(arguments, [[1.0, 2.0]], reduce="sum"),
        program.hvp(arguments, [[1.0, 2.0]], reduce="sum"),
    )
    np.testing.assert_allclose(compiled.jacobian(*arguments), program.jacobian(*arguments))


def test_other_kinds_of_number_are_computed_as_before():
    compiled = trace(lambda x: x * x / 3, 1.0).compile()
    assert compiled.grad(Fraction(1, 2)) == Fraction(1, 3)
    assert compiled(np.array([1, 2], dtype=np.float32)).dtype == np.float32
    assert autodiff.grad(compiled)(3.0) == 2.0


def test_a_compiled_program_is_equal_and_pickles():
    program = trace(layered, 0.5, 0.25)
    compiled = program.compile(exact=True)
    again = pickle.loads(pickle.dumps(compiled))
    assert again == compiled == program
    assert again.grad(0.5, 0.25) == program.grad(0.5, 0.25)


def test_where_python_raises_the_result_is_infinite_or_nan():
    assert trace(lambda x: 1 / x, 1.0).compile().value_and_grad(0.0) == (math.inf, -math.inf)
    assert math.isnan(trace(autodiff.log, 1.0).compile()(-1.0))


def test_a_function_that_ignores_its_arguments_is_compiled():
    assert trace(lambda x: 3.0, 1.0).compile().value_and_grad(2.0) == (3.0, 0.0)
    assert trace(lambda x: x, 1.0).compile().grad(np.arange(9.0)).tolist() == [1.0] * 9


# ---- Batches ----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [2, 3, 7, 8, 9, 15, 16, 17, 63, 64, 1001])
@pytest.mark.parametrize("reduce", [None, "sum", "mean"])
def test_batches_of_every_length_are_those_of_the_program(size, reduce):
    program = trace(layered, 0.5, 0.25)
    x = np.linspace(-1, 1, size)
    for width in BITS:
        found = program.compile(bits=width).value_and_grad(x, 0.75, reduce=reduce)
        expected = program.value_and_grad(x, 0.75, reduce=reduce)
        for actual, wanted in zip(numbers_of(found), numbers_of(expected), strict=True):
            assert np.shape(actual) == np.shape(wanted)
            np.testing.assert_allclose(actual, wanted, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("reduce", [None, "mean"])
@pytest.mark.parametrize("argnums", [None, 0, 1, (1, 0)])
@pytest.mark.parametrize(
    "arguments",
    [
        (np.arange(1.0, 5.0).reshape(2, 2), np.linspace(1, 2, 30).reshape(10, 3)[:, 1:]),
        (np.arange(1.0, 5.0).reshape(2, 2), np.linspace(1, 2, 20).reshape(2, 10).T),
        (np.arange(1.0, 41.0).reshape(10, 2, 2), np.array([1.0, 2.0])),
        (np.arange(1.0, 41.0).reshape(10, 2, 2), np.ones((10, 2))),
        (np.arange(1.0, 5.0).reshape(2, 2), [1.0, 2.0]),
        (np.arange(1.0, 5.0).reshape(2, 2), [np.linspace(1, 2, 10), 2.0]),
        (np.arange(1.0, 41.0).reshape(10, 2, 2), np.ones((1, 2))),
    ],
)
def test_arrays_over_a_batch_give_what_the_program_gives(arguments, argnums, reduce):
    def f(matrix, x):
        return matrix[0, 0] * x[0] ** 2 + matrix[0, 1] * x[1] + matrix[1, 0] / (matrix[1, 1] + x[1])

    program = trace(f, np.ones((2, 2)), [1.0, 1.0], argnums=argnums)
    compiled = program.compile()
    np.testing.assert_allclose(compiled(*arguments), program(*arguments))
    found = compiled.value_and_grad(*arguments, reduce=reduce)
    expected = program.value_and_grad(*arguments, reduce=reduce)
    for actual, wanted in zip(leaves(found), leaves(expected), strict=True):
        np.testing.assert_allclose(actual, wanted)
        assert np.shape(actual) == np.shape(wanted)


def leaves(structure):
    """Return the numbers and arrays in nested lists and tuples."""
    if isinstance(structure, list | tuple):
        return [x for part in structure for x in leaves(part)]
    return [structure]


LAID_OUT = {
    "a column": np.arange(40.0).reshape(10, 4)[:, 1],
    "backwards": np.arange(10.0)[::-1],
    "whole numbers": np.arange(10),
    "bytes swapped": np.arange(10.0).astype(">f8"),
    "two axes": np.arange(20.0).reshape(10, 2),
    "two axes turned": np.arange(20.0).reshape(2, 10).T,
    "one number": np.array([3.0]),
}


@pytest.mark.parametrize("reduce", [None, "sum"])
@pytest.mark.parametrize("x", [pytest.param(x, id=name) for name, x in LAID_OUT.items()])
def test_arrays_are_read_however_they_are_laid_out(x, reduce):
    program = trace(lambda x, y: x * x * y, 1.0, 1.0)
    y = np.linspace(1, 2, 10).reshape(10, *(1,) * (x.ndim - 1))
    found = program.compile().value_and_grad(x, y, reduce=reduce)
    expected = program.value_and_grad(x, y, reduce=reduce)
    for actual, wanted in zip(numbers_of(found), numbers_of(expected), strict=True):
        np.testing.assert_allclose(actual, wanted)
        assert np.shape(actual) == np.shape(wanted)


def test_an_empty_batch_gives_empty_results():
    assert trace(layered, 0.5, 0.25).compile()(np.empty(0), 1.0).shape == (0,)


@pytest.mark.parametrize("width", BITS)
def test_two_vectors_of_the_machine_taken_as_one_give_what_one_gives(width, monkeypatch):
    monkeypatch.setenv("AUTODIFF_CACHE", "")
    x = np.linspace(-1, 1, 77)
    lanes, found = [], []
    for lines in (writing._NARROW, 0):
        monkeypatch.setattr(writing, "_NARROW", lines)
        monkeypatch.setattr(writing, "driver", lambda n, *a: lanes.append(n) or driver(n, *a))
        program = trace(layered, 0.5, 0.25).compile(bits=width)
        found.append(numbers_of(program.value_and_grad(x, 0.75)))
    assert lanes == [width // 32, width // 64]
    assert np.array_equal(*found)


@pytest.mark.parametrize(("terms", "vectors"), [(1, 2), (40, 1)], ids=["a chain", "many terms"])
def test_two_vectors_are_taken_as_one_where_lines_wait_for_each_other(terms, vectors, monkeypatch):
    monkeypatch.setenv("AUTODIFF_CACHE", "")
    lanes = []
    monkeypatch.setattr(writing, "driver", lambda n, *a: lanes.append(n) or driver(n, *a))

    def f(x):
        return sum((x + k) ** 2 * autodiff.sin(k * x) * autodiff.cos(x - k) for k in range(terms))

    trace(f, 1.0).compile()(np.ones(2))
    assert lanes == [vectors * target_of(None).lanes]


@pytest.mark.parametrize("width", BITS)
def test_the_last_vector_of_a_row_leaves_the_next_row_alone(width, monkeypatch):
    x = np.linspace(-1, 1, 50)
    compiled = trace(layered, 0.5, 0.25).compile(bits=width)
    whole = np.array(numbers_of(compiled.value_and_grad(x, 0.75)))
    monkeypatch.setattr(batches, "_LEAST", 0)  # blocks of one vector: the last is computed last
    for size in range(2, 50):
        found = numbers_of(compiled.value_and_grad(x[:size], 0.75))
        assert np.array_equal(found, whole[:, :size])


def test_results_do_not_depend_on_the_number_of_threads():
    x = np.linspace(-1, 1, 400_001)
    program = trace(layered, 0.5, 0.25)
    results = [
        numbers_of(program.compile(threads=threads).value_and_grad(x, 0.75, reduce="sum"))
        for threads in (1, 2, 5)
    ]
    for other in results[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(results[0], other, strict=True))


def test_several_threads_of_python_share_a_program():
    compiled = trace(layered, 0.5, 0.25).compile()
    found = []

    def work(x):
        found.extend((x, compiled.value_and_grad(x, 0.5)) for _ in range(2000))

    threads = [threading.Thread(target=work, args=(0.1 * i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert dict(found) == {x: compiled.value_and_grad(x, 0.5) for x, _ in found}
    assert len(set(found)) == 4


def test_large_results_are_those_of_small_ones():
    x = np.linspace(-1, 1, 300_000)
    compiled = trace(layered, 0.5, 0.25).compile()
    whole = numbers_of(compiled.value_and_grad(x, 0.75))
    part = numbers_of(compiled.value_and_grad(x[1000:1100], 0.75))
    assert all(np.array_equal(a[1000:1100], b) for a, b in zip(whole, part, strict=True))


@pytest.fixture
def squares(monkeypatch):
    """A program of whose results the memory is kept, small as they are."""
    monkeypatch.setattr(memory, "_LARGE", 1)
    memory._kept.clear()
    yield trace(lambda x: x * x, 1.0).compile()
    memory._kept.clear()


def test_the_memory_of_large_results_is_used_again_when_nobody_holds_them(squares):
    x = np.arange(1000.0)
    value, slopes = squares.value_and_grad(x)
    places = value.ctypes.data, slopes.ctypes.data
    del value, slopes
    value, slopes = squares.value_and_grad(x + 1)
    assert (value.ctypes.data, slopes.ctypes.data) == places
    assert np.array_equal(value, (x + 1) ** 2)
    assert np.array_equal(slopes, 2 * (x + 1))


def test_large_results_stay_as_long_as_a_part_of_them_is_held(squares):
    x = np.arange(1000.0)
    part = squares.value_and_grad(x)[1].reshape(10, 100)[5:, ::7]
    expected = part.copy()
    for n in range(1, 5):
        value = squares(x + n)
        assert np.array_equal(value, (x + n) ** 2)
    assert np.array_equal(part, expected)


def test_large_results_of_several_threads_are_their_own(squares):
    wrong = []

    def work(n):
        x = np.arange(1000.0) + n
        for _ in range(300):
            value, slopes = squares.value_and_grad(x)
            if not (np.array_equal(value, x * x) and np.array_equal(slopes, 2 * x)):
                wrong.append(n)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize("size", [400, 3000])
def test_memory_that_is_too_small_or_far_too_large_is_not_used_again(squares, size):
    assert squares(np.arange(1000.0))[3] == 9.0
    [kept] = memory._kept
    squares(np.arange(float(size)))
    assert not np.shares_memory(memory._kept[0], kept)


@pytest.mark.no_cover
def test_memory_does_not_grow_with_the_batch():
    program = trace(layered, 0.5, 0.25).compile()
    x = np.linspace(0, 1, 10_000_000)
    program.value_and_grad(x[:10], 0.5, reduce="sum")
    tracemalloc.start()
    program.value_and_grad(x, 0.5, reduce="sum")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak - x.nbytes < 4_000_000  # the derivative in x is an output


INTERRUPTED = """
import signal
import numpy as np
import autodiff
from autodiff.program import machine, trace

batches = []

class Noted(machine.Batch):
    def run(self, threads):
        batches.append(self)
        super().run(threads)

machine.Batch = Noted

def f(x):
    for _ in range(300):
        x = autodiff.sin(x) + autodiff.tanh(x)
    return x

program = trace(f, 0.5).compile(threads=THREADS)
x = np.linspace(0, 1, 20_000_000)
program(x[:600_000])  # as large results are compiled
signal.signal(signal.SIGALRM, signal.default_int_handler)
signal.setitimer(signal.ITIMER_REAL, 0.2)
try:
    program(x)
except KeyboardInterrupt:
    print(next(batches[-1]._waiting, None) is not None)
"""


@pytest.mark.skipif(os.name == "nt", reason="there are no such signals")
@pytest.mark.parametrize("threads", [1, 2])
def test_an_interrupt_ends_a_batch_before_its_last_block(threads):
    text = INTERRUPTED.replace("THREADS", str(threads))
    ran = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert ran.stdout == "True\n"


@pytest.mark.parametrize("reduce", [None, "sum", "mean"])
def test_a_list_of_columns_goes_the_short_way_of_an_array(reduce):
    program = trace(lambda w, x: (w[0] * x[0] + w[1] * x[1]) ** 2, [0.5, 2.0], [1.0, 3.0]).compile()
    columns = list(np.random.default_rng(4).normal(size=(2, 37)))
    found = program._direct.value_and_grad(([0.3, -1.0], columns), reduce)
    value, (of_w, of_x) = program.value_and_grad((0.3, -1.0), tuple(columns), reduce=reduce)
    assert repr(found) == repr((value, (list(of_w), list(of_x))))
    assert repr(program.value_and_grad([0.3, -1.0], columns, reduce=reduce)) == repr(found)


@pytest.mark.parametrize("columns", [[np.ones(3), 1.0], [np.ones(3), np.ones(1)], [[1.0], [2.0]]])
def test_a_list_of_something_else_goes_the_other_way(columns):
    program = trace(lambda x: x[0] * x[1], [0.5, 2.0]).compile()
    assert program._direct.value_and_grad((columns,), None) is None


@pytest.mark.parametrize("x", [7.0, np.arange(10.0)], ids=["one", "a batch"])
def test_an_interrupt_in_a_function_of_python_is_not_lost(x, monkeypatch):
    def interrupted(a, b):
        if a == 7:
            raise KeyboardInterrupt
        return math.hypot(a, b)

    program = trace(autodiff.hypot, 3.0, 4.0)  # before the engine finds another row
    row = target.TABLE["hypot"]._replace(value=interrupted)
    monkeypatch.setitem(target.TABLE, "hypot", row)
    target._python_function.cache_clear()
    compiled = program.compile(exact=True)
    with pytest.raises(KeyboardInterrupt):
        compiled(x, 4.0)
    assert compiled(3.0, 4.0) == 5.0
    target._python_function.cache_clear()


# ---- Guards -----------------------------------------------------------------------------------


@pytest.mark.parametrize("x", [-1.0, np.float64(-1.0), np.array([2.0, -1.0])])
def test_an_input_that_takes_another_branch_is_the_error_of_the_program(x):
    program = trace(branching, 3.0)
    messages = []
    for replay in (program, program.compile()):
        with pytest.raises(GuardError, match="x > 0 held") as raised:
            replay(x)
        messages.append(str(raised.value))
    assert messages[0] == messages[1]


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("place", [0, 70_000, 299_999])
def test_the_first_failing_sample_is_named(place, threads):
    x = np.ones(300_000)
    x[[place, 299_999]] = -5.0
    compiled = trace(branching, 3.0).compile(threads=threads)
    with pytest.raises(GuardError, match=f"sample {place}: x = -5"):
        compiled(x)


def test_a_sample_of_several_axes_is_named_by_its_place():
    x = np.ones((10, 10))
    x[3, 4] = -1
    with pytest.raises(GuardError, match=r"sample \(3, 4\)"):
        trace(branching, 3.0).compile().grad(x)


# ---- Large programs ---------------------------------------------------------------------------


def chain(length):
    def f(x, y):
        for _ in range(length):
            x = autodiff.sin(x) * y + x * 0.5
        return x

    return trace(f, 0.5, 0.25)


def test_a_program_of_many_chunks_gives_the_same():
    program = chain(2000)
    found = program.compile(exact=True).value_and_grad(0.3, 0.7)
    assert found == program.value_and_grad(0.3, 0.7)


@pytest.mark.parametrize(("f", "points"), BATCHED)
def test_chunks_of_few_lines_give_the_same_bits(f, points, monkeypatch):
    monkeypatch.setenv("AUTODIFF_CACHE", "")
    monkeypatch.setattr(writing, "layout_of", lambda lines: layout_of(lines, 2))
    program = trace(f, *points[0])
    found = numbers_of(program.compile(exact=True).value_and_grad(*points[0]))
    expected = map(float, numbers_of(program.value_and_grad(*points[0])))
    assert list(map(bits, found)) == list(map(bits, expected))


@pytest.fixture
def in_groups(monkeypatch):
    """Let small programs be computed as long ones are: in many chunks, for groups of vectors."""
    monkeypatch.setenv("AUTODIFF_CACHE", "")
    monkeypatch.setattr(writing, "layout_of", lambda lines: layout_of(lines, 2)._replace(group=3))


@pytest.mark.parametrize("width", BITS)
@pytest.mark.parametrize("reduce", [None, "sum"])
def test_groups_of_vectors_give_what_the_program_gives(width, reduce, in_groups):
    program = trace(layered, 0.5, 0.25)
    compiled = program.compile(bits=width)
    for size in range(2, 3 * 8 * 2 + 10):
        x, y = np.linspace(-1, 1, size), 0.25
        found = compiled.value_and_grad(x, y, reduce=reduce)
        expected = program.value_and_grad(x, y, reduce=reduce)
        for actual, wanted in zip(numbers_of(found), numbers_of(expected), strict=True):
            np.testing.assert_allclose(actual, wanted, rtol=1e-12, atol=1e-14)


def test_in_every_vector_of_a_group_the_first_failing_sample_is_named(in_groups):
    compiled = trace(branching, 3.0).compile()
    for place in range(60):
        x = np.ones(60)
        x[place:] = -5.0
        with pytest.raises(GuardError, match=f"sample {place}: x = -5"):
            compiled(x)
        assert compiled(np.ones(60)).tolist() == [1.0] * 60


def sums_side_by_side(x, y):
    """Add to many sums in turn, as a reverse sweep does."""
    totals = [x] * 40
    for i in range(40):
        factor = autodiff.sin(y + i)
        totals = [total + factor * (x + j) for j, total in enumerate(totals)]
    return sum(total * total for total in totals)


def early_terms(x, y):
    """Add up squares of numbers that the next line needs, and none after it."""
    total = x
    for _ in range(400):
        y = autodiff.sin(y) + x
        total = total + y * y
    return total


def test_lines_are_ordered_so_that_few_numbers_are_kept():
    for f, most in ((sums_side_by_side, 100), (early_terms, 5)):
        lines = primitives(trace(f, 0.5, 0.25)._value_lines, exact=False)
        assert layout_of(lines, 100).slots < most


def test_slots_are_taken_over_after_the_last_use():
    lines = primitives(chain(2000)._value_lines, exact=False)
    assert len(lines.computed) >= 8000
    assert layout_of(lines).slots < 10


def test_a_program_that_is_too_large_says_so_and_stays_python(monkeypatch):
    monkeypatch.setattr(machines, "LARGEST", 10)
    program = trace(layered, 0.5, 0.25)
    with pytest.warns(CompileWarning, match=r"\d+ lines, and at most 10 are compiled"):
        compiled = program.compile()
    assert compiled.grad(0.5, 0.25) == program.grad(0.5, 0.25)


def test_so_does_a_hessian_that_is_too_large(monkeypatch):
    program = trace(layered, 0.5, 0.25)
    monkeypatch.setattr(machines, "LARGEST", len(program))
    compiled = program.compile()
    with pytest.warns(CompileWarning, match="lines, and at most"):
        found = compiled.hessian(0.5, 0.25)
    np.testing.assert_allclose(found, program.hessian(0.5, 0.25))
    assert compiled.grad(np.ones(9), 0.25)[0].shape == (9,)


@pytest.mark.parametrize("size", [1, 10**4, 10**7, 10**10])
@pytest.mark.parametrize("lines", [0, 3, 10**3, 10**6])
def test_a_block_is_whole_vectors_and_soon_over(lines, size):
    block = size_of_block(lines, size)
    assert block % 8 == 0
    assert block * lines <= max(2**30, 8 * lines)


# ---- The cache --------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("AUTODIFF_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def compilations(monkeypatch):
    """Return a list to which every compilation adds something."""
    compiled = []
    original = machines.object_code
    monkeypatch.setattr(machines, "object_code", lambda *x: compiled.append(x) or original(*x))
    return compiled


def computed(monkeypatch):
    """Compute with a new compilation; return whether LLVM was needed."""
    compiled = compilations(monkeypatch)
    assert trace(branching, 3.0).compile()(3.0) == 9.0
    return bool(compiled)


def test_what_is_not_asked_for_is_not_compiled(folder, monkeypatch):
    compiled = compilations(monkeypatch)
    program = trace(layered, 0.5, 0.25).compile()
    assert len(compiled) == 0
    for _ in range(3):
        program.value_and_grad(np.linspace(0, 1, 9), 0.5)
    assert len(compiled) == 1
    program.value_and_grad(0.5, 0.5)
    assert len(compiled) == 2


def test_code_is_kept_for_the_next_process(folder, monkeypatch):
    assert computed(monkeypatch)
    assert not computed(monkeypatch)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert [path.stat().st_mode & 0o777 for path in folder.iterdir()] == [0o600]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(path.read_bytes()[:-1]),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes().replace(b"\x00", b"\x01", 1)),
        lambda path: path.chmod(0o622),
        lambda path: path.parent.chmod(0o777),
    ],
    ids=["cut off", "empty", "changed", "others may write it", "others may write the folder"],
)
def test_what_is_not_as_it_was_kept_is_not_run(folder, monkeypatch, spoil):
    assert computed(monkeypatch)
    spoil(next(folder.iterdir()))
    assert computed(monkeypatch)


def test_a_link_is_not_followed(folder, monkeypatch):
    assert computed(monkeypatch)
    path = next(folder.iterdir())
    path.rename(folder.parent / "elsewhere")
    path.symlink_to(folder.parent / "elsewhere")
    assert computed(monkeypatch)


def test_code_under_another_key_is_not_run(folder):
    cache.write("one", {}, b"code")
    (folder / "one").rename(folder / "other")
    assert cache.read("other") is None


def test_an_empty_name_keeps_nothing(monkeypatch):
    monkeypatch.setenv("AUTODIFF_CACHE", "")
    assert cache.folder() is None
    assert computed(monkeypatch)
    assert computed(monkeypatch)


def test_the_folder_of_the_system_is_used(tmp_path, monkeypatch):
    monkeypatch.delenv("AUTODIFF_CACHE")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.folder() == tmp_path / "autodiff"


@pytest.mark.skipif(os.name == "nt", reason="homes are found in another way")
def test_where_no_folder_can_be_made_nothing_is_kept(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("AUTODIFF_CACHE", str(tmp_path / "file" / "below"))
    assert cache.folder() is None
    assert computed(monkeypatch)


# ---- Misuse -----------------------------------------------------------------------------------


def test_without_llvmlite_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "llvmlite.binding", None)
    target_of.cache_clear()
    with pytest.raises(ImportError, match=r"compile needs llvmlite: .*\[jit\]"):
        trace(branching, 3.0).compile()


def test_vectors_that_there_are_not_are_refused():
    with pytest.raises(ValueError, match="and not 64"):
        Machine(bits=64)


def test_no_thread_at_all_is_refused():
    with pytest.raises(ValueError, match="threads is at least 1, and not 0"):
        trace(branching, 3.0).compile(threads=0)
