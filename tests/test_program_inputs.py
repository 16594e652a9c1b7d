"""What a program takes for its numbers: by their values, or refused in one sentence."""

import array
import datetime
import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import autodiff
from autodiff import trace

double = trace(lambda x: 2 * x, 1.0)
product = trace(lambda xs: xs[0] * xs[1], [1.0, 2.0])
squares = trace(lambda x: (x * x).sum(), np.ones(2))
nested = trace(lambda xs: xs[0] * xs[1][0], [1.0, [2.0]])
price = trace(lambda p: p["a"] * p["b"], {"a": 1.0, "b": 2.0})


class Column:
    """A column of another package, with NumPy's interface and a meaning of its own for `*`."""

    def __init__(self, *numbers):
        self.numbers = numbers

    def __array__(self, dtype=None, copy=None):
        return np.array(self.numbers, dtype=dtype)

    def __mul__(self, other):
        raise AssertionError("a column was computed with")

    __rmul__ = __mul__


class Metres(np.ndarray):
    """An array with a unit."""


@pytest.mark.parametrize(
    "x",
    [
        [1.0, 2.0],
        (1.0, 2.0),
        array.array("d", [1.0, 2.0]),
        "2.0",
        b"2.0",
        {"a": 1.0},
        {1.0},
        None,
        1j,
        np.array([1j]),
        np.complex128(1j),
        np.array(["a"]),
        np.array([b"a"]),
        np.array(["2020-01-01"], dtype="datetime64[D]"),
        np.datetime64("2020-01-01"),
        np.timedelta64(3, "s"),
        datetime.timedelta(1),
        np.array([1.0, None], dtype=object),
        np.array([(1, 2.0)], dtype=[("a", int), ("b", float)]),
        np.ma.masked_array([1.0, 2.0], mask=[False, True]),
        np.ma.masked,
        np.array([1.0, 2.0]).view(Metres),
        Column("a", "b"),
        memoryview(array.array("d", [1.0])),
        lambda: 1.0,
    ],
    ids=lambda x: type(x).__name__,
)
@pytest.mark.parametrize("call", ["__call__", "grad", "hessian"])
def test_what_is_neither_a_number_nor_an_array_of_numbers_is_refused(x, call):
    with pytest.raises(TypeError, match=r"^x (takes|is a)"):
        getattr(double, call)(x)


@pytest.mark.parametrize(
    ("program", "argument", "message"),
    [
        (product, "ab", "xs takes a number, or an array"),
        (product, {0: 1.0, 1: 2.0}, "xs takes a number, or an array"),
        (product, np.ones((2, 3)), r"got one of shape \(2, 3\): numpy.moveaxis\(x, -1, 0\) puts"),
        (product, np.ones((3, 5)), r"xs takes a list of 2 items or an array of shape \(2,\), or a"),
        (nested, np.ones(3), "xs takes a list of 2 items, and got array"),
        (product, [[1.0, 2.0], [3.0, 4.0]], "xs_0 takes a number, or an array of numbers"),
        (product, [1.0], "xs takes 2 items, and got 1"),
        (product, [1.0, [2.0]], r"xs_1 takes a number, or an array of numbers.*\[2.0\]"),
        (product, [1.0, "2"], "xs_1 takes a number"),
        (
            product,
            3.0,
            "xs takes a list of 2 items or an array .* whose axes come first, and got 3.0",
        ),
        (squares, [1.0, 2.0, 3.0], r"x takes an array of shape \(2,\), or a batch of them"),
        (
            squares,
            [[1.0, 2.0]],
            r"x takes .* a list that makes one of shape \(1, 2\): a batch is an",
        ),
        (squares, [np.ones(2), np.ones(2)], r"numpy.stack\(x, -1\) of a list of its columns"),
        (squares, 1.0, r"x takes an array of shape \(2,\)"),
        (squares, np.ma.masked_array([1.0, 2.0], mask=[0, 1]), "x is a masked array"),
        (price, {"a": 1.0}, r"p takes the keys \['a', 'b'\], not \['a'\]"),
        (price, [1.0, 2.0], "p takes a dict"),
        (price, {"a": 1.0, "b": None}, "p_b takes a number"),
    ],
)
def test_an_argument_of_another_structure_is_refused_with_its_place(program, argument, message):
    with pytest.raises((TypeError, ValueError), match=message):
        program(argument)


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        (True, 2),
        (Fraction(1, 3), Fraction(2, 3)),
        (Decimal("1.5"), Decimal(3)),
        (np.float32(1.5), 3.0),
        (np.int8(3), 6.0),
        (np.array(1.5), 3.0),
        (np.array([1, 2], dtype=np.uint8), [2.0, 4.0]),
        (np.array([True, False]), [2.0, 0.0]),
        (np.array([Fraction(1, 2)]), [Fraction(1)]),
        (Column(1.0, 2.0), [2.0, 4.0]),
        (Column([1.0], [2.0]), [[2.0], [4.0]]),
    ],
)
def test_numbers_and_columns_of_any_kind_are_taken_by_their_values(x, expected):
    result = double(x)
    assert (result.tolist() if isinstance(result, np.ndarray) else result) == expected


def test_a_list_takes_an_array_or_a_column_of_as_many_numbers():
    assert product(np.array([3.0, 4.0])) == product(Column(3.0, 4.0)) == product((3.0, 4.0)) == 12


def test_an_array_takes_a_list_or_a_column():
    assert squares([3.0, 4.0]) == squares(Column(3.0, 4.0)) == 25.0


@pytest.mark.parametrize("example", [[1.0, 2.0], (1.0, 2.0), np.array([1.0, 2.0])])
def test_the_axes_of_a_batch_come_first_in_an_array_whatever_the_example_was(example):
    program = trace(lambda x: x[0] - 2 * x[1], example)
    batch = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert program(batch).tolist() == [-3.0, -5.0]
    assert program(Column(*batch)).tolist() == [-3.0, -5.0]
    assert program(np.ones((4, 3, 2))).shape == (4, 3)


def test_the_axes_of_a_batch_come_first_before_those_of_nested_lists():
    program = trace(lambda x: x[0][1] - x[1][0], [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    batch = np.arange(24.0).reshape(4, 2, 3)
    assert program(batch).tolist() == (batch[:, 0, 1] - batch[:, 1, 0]).tolist()


def test_each_item_of_a_list_may_be_an_array_over_the_batch():
    assert product([np.array([1.0, 2.0]), np.array([3.0, 4.0])]).tolist() == [3.0, 8.0]


@pytest.mark.parametrize("kind", [np.float64, float])
def test_numpys_floats_are_floats(kind):
    program = trace(lambda xs, y: autodiff.exp(xs[0]) / xs[1] + y, [1.0, 2.0], 1.0)
    value, (slopes, slope) = program.value_and_grad([kind(0.3), kind(0.7)], 2.0)
    assert [value, *slopes] == [math.exp(0.3) / 0.7 + 2, math.exp(0.3) / 0.7, slopes[1]]
    assert {type(x) for x in (value, *slopes, slope)} == {float}
    with pytest.raises(ZeroDivisionError):
        program([kind(0.3), kind(0.0)], 2.0)


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_columns_of_data_frames_are_taken_by_position(library):
    package = pytest.importorskip(library)
    column = package.array([1.0, 2.0]) if library == "pyarrow" else package.Series([1.0, 2.0])
    if library == "pandas":
        column.index = [1, 0]
    program = trace(lambda x, y: x * y, 1.0, 1.0)
    other = np.array([10.0, 20.0])
    value, (d_x, d_y) = program.value_and_grad(column, other, reduce="sum")
    assert (value, d_x.tolist(), d_y.tolist()) == (50.0, [10.0, 20.0], [1.0, 2.0])
    assert program(column, column).tolist() == [1.0, 4.0]
    assert product(column) == 2.0


@pytest.mark.parametrize("library", ["pandas", "polars"])
@pytest.mark.parametrize("example", [[1.0, 2.0], np.array([1.0, 2.0])])
def test_the_rows_of_a_data_frame_are_a_batch(library, example):
    package = pytest.importorskip(library)
    frame = package.DataFrame({"a": [1.0, 2.0, 3.0], "b": [4.0, 5.0, 6.0]})
    assert trace(lambda x: x[0] * x[1], example)(frame).tolist() == [4.0, 10.0, 18.0]


def test_a_data_frame_column_with_missing_whole_numbers_is_refused():
    pandas = pytest.importorskip("pandas")
    with pytest.raises(TypeError, match="x takes real numbers"):
        double(pandas.Series([1, None], dtype="Int64").astype(object))


@pytest.mark.parametrize("library", ["numpy", "torch", "array_api_strict", "jax.numpy"])
def test_the_mean_over_no_rows_is_nan_in_every_library(library):
    space = pytest.importorskip(library)
    value, slope = double.value_and_grad(space.asarray(np.zeros(0)), reduce="mean")
    assert np.isnan(float(value))
    assert tuple(slope.shape) == (0,)
    program = trace(lambda w, x: w * x, 1.0, 1.0)
    _, (d_w, _) = program.value_and_grad(2.0, space.asarray(np.zeros(0)), reduce="mean")
    assert np.isnan(float(d_w))


def test_the_mean_over_no_rows_of_fractions_is_nan():
    value, _ = double.value_and_grad(np.array([], dtype=object), reduce="mean")
    assert np.isnan(value)
    assert double.value_and_grad(np.array([], dtype=object), reduce="sum")[0] == 0


@pytest.mark.parametrize("reduce", ["sum", "mean"])
def test_fractions_are_added_up_to_a_fraction(reduce):
    value, slope = trace(lambda x, w: w * x, 1.0, 1.0).value_and_grad(
        np.array([Fraction(1, 3), Fraction(1, 2)]), Fraction(1, 7), reduce=reduce
    )
    count = 1 if reduce == "sum" else 2
    assert [type(value), type(slope[1])] == [Fraction, Fraction]
    assert [value, slope[1]] == [Fraction(5, 42) / count, Fraction(5, 6) / count]


@pytest.mark.parametrize("library", ["torch", "array_api_strict", "jax.numpy"])
def test_a_guard_that_fails_in_an_array_of_any_library_shows_the_number(library):
    space = pytest.importorskip(library)
    program = trace(lambda x: x if x > 0 else -x, 1.0)
    with pytest.raises(autodiff.GuardError, match=r"for sample 1: x = -2\.0"):
        program(space.asarray([1.0, -2.0]))


# ---- Comparisons are numbers ------------------------------------------------------------------

COMPARED = [
    (lambda x, y: (x > 0) + (y > 0), [2.0, 1.0, 0.0]),
    (lambda x, y: (x > 0) * 3 - (y > 0), [2.0, 3.0, 0.0]),
    (lambda x, y: autodiff.exp(x > 0) + 0 * y, [np.e, np.e, 1.0]),
    (lambda x, y: -(x > 0) / 2 + (y > 0) ** 2, [0.5, -0.5, 0.0]),
    (lambda x, y: (x > 0) & (y > 0), [1.0, 0.0, 0.0]),
    (lambda x, y: (x > 0) | (y > 0), [1.0, 1.0, 0.0]),
    (lambda x, y: (x > 0) ^ (y > 0), [0.0, 1.0, 0.0]),
    (lambda x, y: ~(x > 0) + 2 * (x <= 0), [0.0, 0.0, 3.0]),
    (lambda x, y: ((x > 0) == (y > 0)) * x, [1.0, 0.0, -1.0]),
    (lambda x, y: autodiff.where(x > 0, y > 0, 7.0), [1.0, 0.0, 7.0]),
    (lambda x, y: autodiff.maximum(x > 0, 0.5) * y, [1.0, -1.0, -0.5]),
    (lambda x, y: autodiff.where(~((x > 0) & (y > 0)), x * y, x + y), [2.0, -2.0, 1.0]),
]
XS, YS = [1.0, 2.0, -1.0], [1.0, -1.0, -1.0]


@pytest.mark.parametrize(("f", "expected"), COMPARED)
def test_a_comparison_counts_as_0_or_1_in_the_engine(f, expected):
    assert [
        f(autodiff.Value(x), autodiff.Value(y)) for x, y in zip(XS, YS, strict=True)
    ] == expected


@pytest.mark.parametrize(("f", "expected"), COMPARED)
@pytest.mark.parametrize("library", ["list", "numpy", "torch", "array_api_strict", "jax.numpy"])
def test_a_comparison_counts_as_0_or_1_on_every_backend(f, expected, library):
    program = trace(f, 1.0, 1.0)
    if library == "list":
        results = [program(x, y) for x, y in zip(XS, YS, strict=True)]
        results += [program(Fraction(x), Fraction(y)) for x, y in zip(XS, YS, strict=True)]
        expected = expected * 2
    else:
        space = pytest.importorskip(library)
        dtype = space.float32 if library == "jax.numpy" else space.float64
        results = program(space.asarray(XS, dtype=dtype), space.asarray(YS, dtype=dtype))
        assert str(dtype).rpartition(".")[2].strip("'<>") in str(results.dtype)
    np.testing.assert_allclose(np.asarray(results, dtype=float), expected, rtol=1e-6)


def test_a_function_of_an_array_of_comparisons_is_in_full_precision():
    compared = np.array([1.0, -1.0]) > 0
    assert autodiff.exp(compared).tolist() == [np.e, 1.0]
    assert autodiff.exp(np.float64(1.0) > 0) == np.e


# ---- What is not recorded ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda x: len({x, x + 1}) * x, "found by the hash"),
        (lambda x: {x: 2.0}[x] * x, "found by the hash"),
        (lambda x: hash(x) * x, "found by the hash"),
        (lambda x: float(f"{x}") * x, "the text of a number would drop out"),
        (lambda x: float(f"{x:.3f}") * x, "the text of a number would drop out"),
        (lambda x: float(format(x)) * x, "the text of a number would drop out"),
        (lambda x: float(format(x, ".17g")) * x, "the text of a number would drop out"),
        (lambda x: float(str(x)) * x, "the text of a number would drop out"),
        (lambda x: float(x) * x, "would drop"),
        (lambda x: int(x) * x, "would drop"),
        (lambda x: [1.0, 2.0, 3.0][x] * x, "would drop"),
        (lambda x: round(x) * x, "cannot record round"),
    ],
)
def test_what_would_drop_out_of_a_program_is_an_error(f, message):
    with pytest.raises((TypeError, ValueError), match=message):
        trace(f, 2.0)


def test_a_number_that_is_being_recorded_can_be_looked_at():
    shown = []
    trace(lambda x: shown.append(repr(x * x)) or x, 3.0)
    assert "number=9.0" in shown[0]


def test_a_comparison_taken_for_an_index_or_a_whole_number_is_a_guard():
    program = trace(lambda x: [10.0, 20.0][x > 0] * x + int(x > 0), 1.0)
    assert program(3.0) == 61.0
    with pytest.raises(autodiff.GuardError, match="x > 0 held"):
        program(-1.0)


@pytest.mark.parametrize("f", [lambda a: a if a else 2.0, lambda a: np.argmax([a, 0.0]) + a])
def test_a_guard_names_the_line_of_the_person_and_no_file_of_a_package(f):
    program = trace(f, 3.0)
    with pytest.raises(autodiff.GuardError) as raised:
        program(0.0 if f(1.0) == 1.0 and f(0.0) == 2.0 else -3.0)
    assert str(raised.value).startswith(f"{__file__}:{f.__code__.co_firstlineno}: ")


# ---- Domain errors and guards -----------------------------------------------------------------


def test_a_domain_error_is_no_guard_error():
    program = trace(lambda x: x**0.5, 4.0)
    for call in (program, program.grad):
        with pytest.raises(ValueError, match="complex") as raised:
            call(-4.0)
        assert not isinstance(raised.value, autodiff.GuardError)


def test_a_clip_of_bounds_that_are_given_is_a_guard_and_so_told_apart():
    program = trace(lambda x, low: autodiff.sqrt(x) if x > low else x, 4.0, 1.0)
    with pytest.raises(autodiff.GuardError):
        program(0.5, 1.0)
    with pytest.raises(ValueError, match=r"math domain|expected a") as raised:
        program(-1.0, -2.0)
    assert not isinstance(raised.value, autodiff.GuardError)


def test_the_written_source_tells_guards_from_domain_errors_by_their_type():
    scope = {}
    exec(trace(lambda x: x**0.5 if x > -9 else x, 4.0).source, scope)
    with pytest.raises(ValueError, match="complex") as raised:
        scope["f"](-4.0)
    assert type(raised.value) is ValueError
    with pytest.raises(scope["GuardError"], match="x > -9 held"):
        scope["f"](-10.0)


# ---- Expressions that are built already -------------------------------------------------------


def test_where_in_a_built_expression_keeps_both_branches():
    x = autodiff.Value(1.0, "x")
    program = trace(autodiff.where(x > 0, x * x, 3 * x))
    assert [program.value_and_grad(p) for p in (2.0, -1.0)] == [(4.0, (4.0)), (-3.0, 3.0)]
    assert program(np.array([2.0, -1.0])).tolist() == [4.0, -3.0]


def test_combined_conditions_in_a_built_expression_replay():
    x, y = autodiff.Value(1.0, "x"), autodiff.Value(2.0, "y")
    program = trace(autodiff.where(~((x > 0) & (y > x)) | (y == 7), x * y, x - y))
    assert program(x=1.0, y=2.0) == -1.0
    assert program(x=-1.0, y=2.0) == -2.0
    assert program(x=1.0, y=7.0) == 7.0


def test_arithmetic_of_comparisons_in_a_built_expression_replays():
    x = autodiff.Value(1.0, "x")
    program = trace(x * (x > 0) + (x > 2))
    assert [program(p) for p in (3.0, 1.0, -1.0)] == [4.0, 1.0, 0.0]


# ---- Names and numbers in the source ----------------------------------------------------------


def test_a_name_longer_than_a_line_is_written_whole():
    names = {"a" * 150: 2.0, "b-" * 60: 3.0}
    program = trace(lambda d: d["a" * 150] * d["b-" * 60], names)
    assert program(names) == 6.0
    assert type(program(names)) is float
    assert list(program.grad(names).values()) == [3.0, 2.0]


def test_the_sign_of_a_zero_is_the_engines():
    def f(x):
        return abs(x) * autodiff.relu(x)

    assert str(autodiff.grad(f)(-1.0)) == str(trace(f, -1.0).grad(-1.0)) == "-0.0"


def test_a_nested_derivative_at_a_tie_has_the_engines_bits():
    def f(a, b):
        return autodiff.grad(lambda t: autodiff.maximum(t, a / b) * t)(a / b) - b - b

    point = (-1.2311652798834007, 0.8010362357522638)
    assert trace(f, *point).grad(*point) == autodiff.grad(f, (0, 1))(*point)
