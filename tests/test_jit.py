"""`jit`: ordinary functions with branches, against the eager engine sample by sample."""

import contextlib
import functools
import importlib.util
import math
import pickle
import random
import re
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import numpy as np
import pytest

import autodiff
from autodiff import GuardError, Value, cos, exp, jit, log, sin, tanh, total, trace
from autodiff.jitting import engine
from autodiff.jitting.variants import Variants

needs_llvmlite = pytest.mark.skipif(
    importlib.util.find_spec("llvmlite") is None, reason="llvmlite is not installed"
)


@pytest.fixture
def without_llvmlite(monkeypatch):
    def missing(exact):
        raise ImportError("compile needs llvmlite")

    monkeypatch.setattr(engine, "Machine", missing)


# ---- Functions --------------------------------------------------------------------------------


def pieces(x, y):
    if x > 1:
        return exp(-x) * y
    if x > 0:
        return log(1 + x) * y * y
    return sin(x) * y


def nested(x, y):
    if x > 0:
        if y > 0:
            z = tanh(x * y)
            return z if z < 0.5 else z * z
        return x - y
    return exp(x) if y > x else exp(y) * x


def larger(x, y):
    return x * x if x > y else y * 3 + x


def kepler(mean_anomaly, eccentricity):
    anomaly = mean_anomaly
    while abs(anomaly - eccentricity * sin(anomaly) - mean_anomaly) > 1e-10:
        wrong = anomaly - eccentricity * sin(anomaly) - mean_anomaly
        anomaly = anomaly - wrong / (1 - eccentricity * cos(anomaly))
    return anomaly


def bisection(x, y):
    """Solve z**3 + y * z = x: by halving, and by one step of Newton's method from there."""
    low, high = -2.0, 2.0
    while high - low > 0.25:
        middle = (low + high) / 2
        if middle**3 + y * middle > x:
            high = middle
        else:
            low = middle
    return low - (low**3 + y * low - x) / (3 * low**2 + y)


def collatz(x, y):
    """Add up Collatz's sequence from a whole number, weighted."""
    result = y
    while x != 1:
        x = x / 2 if x % 2 == 0 else 3 * x + 1
        result = result * 0.5 + x * y
    return result


def middle_one(x, y):
    return sorted([x, y, x * y])[1] + max(x, y)


uniform = np.random.default_rng(7).uniform
SAMPLES = {
    pieces: (uniform(-2, 3, 50), uniform(-1, 1, 50)),
    nested: (uniform(-2, 2, 50), uniform(-2, 2, 50)),
    larger: (np.array([1.0, 2.0, 3.0, 2.0]), np.array([2.0, 2.0, 1.0, -5.0])),
    kepler: (uniform(0.1, 3, 50), uniform(0, 0.95, 50)),
    bisection: (uniform(-2, 2, 50), uniform(0.5, 2, 50)),
    collatz: (np.array([1.0, 6.0, 7.0, 27.0, 2.0, 6.0, 97.0, 16.0]), uniform(-1, 1, 8)),
    middle_one: (uniform(-2, 2, 50), uniform(-2, 2, 50)),
}
of_functions = pytest.mark.parametrize("f", SAMPLES, ids=lambda f: f.__name__)


def eager(f, *args, argnums=(0, 1)):
    return autodiff.value_and_grad(f, argnums)(*args)


def eagerly(f):
    """Return the values and the derivatives that the eager engine gives, sample by sample."""
    x, y = SAMPLES[f]
    results = [eager(f, a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)]
    values, gradients = zip(*results, strict=True)
    return np.array(values), *np.array(gradients).T


# ---- Against the eager engine -----------------------------------------------------------------


@of_functions
def test_floats_have_the_bits_of_the_eager_engine(f):
    jitted = jit(f, (0, 1))
    for a, b in zip(*[x.tolist() for x in SAMPLES[f]], strict=True):
        assert jitted(a, b) == f(a, b)
        assert jitted.value_and_grad(a, b) == eager(f, a, b)
    assert len(jitted.programs) > 1


@needs_llvmlite
@of_functions
def test_a_batch_has_the_bits_of_the_eager_engine_where_it_is_exact(f):
    jitted = jit(f, (0, 1), exact=True)
    value, (d_x, d_y) = jitted.value_and_grad(*SAMPLES[f])
    expected = eagerly(f)
    assert [value.tolist(), d_x.tolist(), d_y.tolist()] == [x.tolist() for x in expected]
    assert jitted(*SAMPLES[f]).tolist() == expected[0].tolist()


@of_functions
def test_a_batch_is_right_without_a_compiler(f, without_llvmlite):
    value, (d_x, d_y) = jit(f, (0, 1)).value_and_grad(*SAMPLES[f])
    for x, expected in zip((value, d_x, d_y), eagerly(f), strict=True):
        np.testing.assert_allclose(x, expected, rtol=1e-11)


@needs_llvmlite
@of_functions
def test_a_large_batch_is_right_compiled(f):
    tiled = [np.tile(x, 3000) for x in SAMPLES[f]]
    value, (d_x, d_y) = jit(f, (0, 1)).value_and_grad(*tiled)
    for x, expected in zip((value, d_x, d_y), eagerly(f), strict=True):
        np.testing.assert_allclose(x, np.tile(expected, 3000), rtol=1e-11)


@of_functions
def test_second_derivatives_of_a_batch(f):
    x, y = SAMPLES[f]
    jitted = jit(f, (0, 1))
    hessians = jitted.hessian(x, y)
    products = jitted.hvp((x, y), (0.5, -2.0))
    for i, (a, b) in enumerate(zip(x.tolist(), y.tolist(), strict=True)):
        expected = np.array(autodiff.hessian(f, (0, 1))(a, b))
        np.testing.assert_allclose(hessians[i], expected, rtol=1e-8, atol=1e-8)
        product = [products[0][i], products[1][i]]
        np.testing.assert_allclose(product, expected @ [0.5, -2.0], rtol=1e-8, atol=1e-8)


def test_second_derivatives_at_numbers():
    jitted = jit(pieces, (0, 1))
    for x in (2.0, 0.5, -1.0):
        expected = np.array(autodiff.hessian(pieces, (0, 1))(x, 3.0))
        np.testing.assert_allclose(jitted.hessian(x, 3.0), expected)
        np.testing.assert_allclose(jitted.hvp((x, 3.0), (0.5, -2.0)), expected @ [0.5, -2.0])


def test_the_jacobian_of_a_batch_has_a_row_for_each_sample():
    x, y = SAMPLES[larger]
    expected = np.stack(eagerly(larger)[1:], axis=-1)
    assert jit(larger, (0, 1)).jacobian(x, y).tolist() == expected.tolist()


def block(choose, depth, margin="    "):
    """Write statements with branches and loops, at random."""
    a, b, target = (choose("xy") for _ in range(3))
    number = choose([f"{a} * {b}", f"sin({a})", f"{a} / (1 + {b} * {b})", f"{a} - {b} / 2"])
    lines = [f"{margin}{target} = {number}"]
    if not depth:
        return lines
    inner = margin + "    "
    tests = [f"{a} > {b}", f"{a} < 0.3 and {b} > 0", f"not {a} >= 0 or {b} < 0.2"]
    if choose([True, True, False]):
        lines += [f"{margin}if {choose(tests)}:", *block(choose, depth - 1, inner)]
        lines += [f"{margin}else:", *block(choose, depth - 1, inner)]
    else:
        lines += [f"{margin}while {a} > 0.4:", f"{inner}{a} = {a} * 0.6 - 0.01"]
    return lines + block(choose, depth - 1, margin)


@needs_llvmlite
@pytest.mark.parametrize("seed", range(12))
def test_random_functions_have_the_bits_of_the_eager_engine(seed):
    lines = block(random.Random(seed).choice, 2)
    scope = {"sin": sin}
    exec("\n".join(["def f(x, y):", *lines, "    return x * y + y"]), scope)
    x, y = np.random.default_rng(seed).uniform(-1, 1, (2, 30))
    value, slopes = jit(scope["f"], (0, 1), exact=True).value_and_grad(x, y)
    rows = [eager(scope["f"], a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)]
    assert list(zip(value, zip(*slopes, strict=True), strict=True)) == rows


# ---- Batches ----------------------------------------------------------------------------------


@of_functions
@pytest.mark.parametrize("reduce", ["sum", "mean"])
def test_a_sum_and_a_mean_are_over_all_branches(f, reduce):
    x, y = SAMPLES[f]
    value, (d_x, d_y) = jit(f, (0, 1)).value_and_grad(x, y, reduce=reduce)
    divisor = len(x) if reduce == "mean" else 1
    values, *slopes = eagerly(f)
    assert value == pytest.approx(math.fsum(values) / divisor, rel=1e-11)
    np.testing.assert_allclose(d_x, slopes[0] / divisor, rtol=1e-11)
    np.testing.assert_allclose(d_y, slopes[1] / divisor, rtol=1e-11)


@pytest.mark.parametrize("reduce", ["sum", "mean"])
def test_what_all_samples_share_has_one_derivative(reduce):
    x = np.linspace(-2, 3, 21)
    value, d_y = jit(pieces, 1).value_and_grad(x, 0.5, reduce=reduce)
    results = [eager(pieces, a, 0.5, argnums=1) for a in x.tolist()]
    divisor = 21 if reduce == "mean" else 1
    assert value == pytest.approx(math.fsum(v for v, _ in results) / divisor)
    assert d_y == pytest.approx(math.fsum(d for _, d in results) / divisor)


def test_the_hessian_of_a_mean_is_over_all_branches():
    x = np.linspace(-2, 3, 21)
    found = jit(pieces, 1).hessian(x, 0.5, reduce="mean")
    expected = [autodiff.hessian(pieces, 1)(a, 0.5) for a in x.tolist()]
    assert found == pytest.approx(math.fsum(expected) / 21)


def test_batches_of_several_axes_broadcast_and_are_added_up_to_the_shapes_of_arguments():
    x, y = np.linspace(-2, 3, 5).reshape(5, 1), np.linspace(-1, 1, 4)
    jitted = jit(nested, (0, 1))
    rows = [[eager(nested, a, b) for b in y.tolist()] for a in x.ravel().tolist()]
    values = np.array([[value for value, _ in row] for row in rows])
    slopes = np.array([[slopes for _, slopes in row] for row in rows])
    np.testing.assert_allclose(jitted(x, y), values)
    total, (d_x, d_y) = jitted.value_and_grad(x, y, reduce="sum")
    assert total == pytest.approx(values.sum())
    np.testing.assert_allclose(d_x, slopes[:, :, 0].sum(axis=1, keepdims=True))
    np.testing.assert_allclose(d_y, slopes[:, :, 1].sum(axis=0))


@pytest.mark.parametrize("kind", [np.int64, np.float32, object])
def test_a_batch_of_other_numbers(kind):
    x = np.array([3, -2, 1, -7]).astype(kind)
    assert jit(larger)(x, 0.0).tolist() == [9, -2, 1, -7]


def test_fractions_stay_exact():
    jitted = jit(larger, (0, 1))
    x = np.array([Fraction(1, 3), Fraction(5, 2)])
    assert jitted(x, Fraction(1)).tolist() == [Fraction(10, 3), Fraction(25, 4)]
    assert jitted.grad(Fraction(5, 2), Fraction(1)) == (5, 0)


@pytest.mark.parametrize("package", ["pandas", "polars"])
def test_columns_of_a_data_frame_are_a_batch(package):
    frame = pytest.importorskip(package).DataFrame({"x": [3.0, -2.0], "y": [1.0, 1.0]})
    assert jit(larger)(frame["x"], frame["y"]).tolist() == [9.0, 1.0]


def test_batches_that_go_together_and_batches_that_part_may_follow_each_other():
    jitted = jit(larger, (0, 1))
    for x in ([3.0, 4.0], [5.0, 6.0], [5.0, -1.0], [-1.0, -2.0], [-1.0, -3.0], [7.0, 8.0]):
        values, (d_x, d_y) = jitted.value_and_grad(np.array(x), 1.0)
        rows = [(v, a, b) for v, (a, b) in [eager(larger, number, 1.0) for number in x]]
        assert list(zip(values, d_x, d_y, strict=True)) == rows


@pytest.mark.parametrize("exact", [False, pytest.param(True, marks=needs_llvmlite)])
def test_a_batch_of_one_sample_stays_a_batch(exact):
    jitted = jit(larger, (0, 1), exact=exact)
    for x in (3.0, -1.0, 4.0):
        value, (d_x, d_y) = jitted.value_and_grad(np.array([[x]]), 1.0)
        expected = eager(larger, x, 1.0)
        assert [value.tolist(), d_x.tolist()] == [[[expected[0]]], [[expected[1][0]]]]
        assert d_y.shape == (1, 1)
        assert jitted.value_and_grad(np.array([x]), 1.0, reduce="sum")[0] == expected[0]


def test_a_branch_may_depend_on_what_all_samples_share():
    y = np.linspace(-1, 1, 5)
    jitted = jit(pieces, (0, 1))
    for x in (2.0, 0.5, -1.0):
        values, (d_x, d_y) = jitted.value_and_grad(x, y)
        rows = [eager(pieces, x, number) for number in y.tolist()]
        np.testing.assert_allclose(values, [v for v, _ in rows])
        np.testing.assert_allclose(np.stack([d_x, d_y], -1), [slopes for _, slopes in rows])


def test_nan_takes_the_branches_that_it_takes_in_python():
    def f(x):
        if x > 0:
            return 2 * x
        return 3 * x if x <= 0 else 0 * x + 5

    x = np.array([1.0, math.nan, -1.0])
    assert jit(f).grad(x).tolist() == [autodiff.grad(f)(number) for number in x.tolist()]


def test_an_empty_batch_is_an_error_before_anything_is_known_and_is_empty_after():
    jitted = jit(larger)
    with pytest.raises(ValueError, match="call the function with one sample first"):
        jitted(np.empty(0), 1.0)
    jitted(2.0, 1.0)
    assert jitted(np.empty(0), 1.0).shape == (0,)


def test_arithmetic_of_a_batch_does_not_raise_whichever_sample_comes_first():
    reciprocal = jit(lambda x: 1 / x if x < 5 else x)
    for x in ([0.0, 2.0, 7.0], [2.0, 7.0, 0.0]):
        expected = [math.inf if a == 0 else 1 / a if a < 5 else a for a in x]
        assert reciprocal(np.array(x)).tolist() == expected


def test_threads_may_share_a_function():
    jitted = jit(pieces, (0, 1))
    x, y = SAMPLES[pieces]

    def work(start):
        order = np.roll(np.arange(len(x)), start)
        return [jitted.value_and_grad(a, b) for a, b in zip(x[order], y[order], strict=True)], order

    with ThreadPoolExecutor(8) as pool:
        for results, order in pool.map(work, range(16)):
            expected = [eager(pieces, a, b) for a, b in zip(x[order], y[order], strict=True)]
            assert results == expected
    assert len(jitted.programs) == 3


# ---- What is kept -----------------------------------------------------------------------------


def test_each_way_is_traced_once():
    calls = []

    @jit
    def f(x):
        calls.append(x)
        return x if x > 0 else -x

    for x in (1.0, -1.0, 2.0, -2.0):
        assert f(x) == abs(x)
    assert f.grad(-3.0) == -1.0
    assert len(calls) == 2
    assert [len(program) for program in f.programs] == [1, 2]


def test_a_way_is_kept_once():
    variants = Variants(larger, 0, 4, engine.Engine(exact=False))
    assert variants.of((3.0, 1.0)) is variants.of((4.0, 1.0))
    assert variants.of((3.0, 1.0)) is not variants.of((0.0, 1.0))


def test_branches_may_be_asked_for_in_another_order_than_they_were_computed_in():
    @jit(argnums=(0, 1))
    def f(x, y):
        is_right, is_above = x > 0, y > 0
        if is_above:
            return x * y if is_right else x + y
        return x - y

    x, y = np.array([1.0, -1.0, 1.0, -1.0] * 3), np.array([2.0, 2.0, -2.0, -2.0] * 3)
    assert f(x, y).tolist() == [2.0, 1.0, 3.0, 1.0] * 3
    assert len(f.programs) == 3


def test_the_decorated_function_keeps_its_name_and_documentation():
    jitted = jit(bisection)
    assert jitted.__name__ == "bisection"
    assert jitted.__doc__ == bisection.__doc__
    assert repr(jitted) == "<jit bisection: 0 programs>"
    jitted(1.0, 1.0)
    assert repr(jitted) == "<jit bisection: 1 program>"


@jit
def decorated(x):
    return x * x if x > 0 else -x


def test_a_decorated_function_pickles_by_its_name():
    assert pickle.loads(pickle.dumps(decorated)) is decorated


def test_a_callable_object_is_traced():
    jitted = jit(functools.partial(larger, 2.0))
    assert jitted.grad(1.0) == 0.0
    assert jitted.grad(5.0) == 3.0
    assert "partial" in repr(jitted)


def test_too_many_ways_are_an_error_that_names_the_comparison():
    @jit(variants=4)
    def halved(x):
        while x > 1:
            x = x / 2
        return x

    line = halved.__wrapped__.__code__.co_firstlineno + 2
    assert [halved(2.0**n) for n in range(4)] == [1.0] * 4
    for x in (40.0, np.arange(1.0, 40.0)):
        with pytest.raises(GuardError, match="more than 4 ways") as caught:
            halved(x)
        assert re.search(rf"test_jit.py:{line}: x / 2.* > 1", str(caught.value))
        assert "variants=8" in str(caught.value)
    assert len(halved.programs) == 4
    assert halved(8.0) == 1.0


# ---- Arguments --------------------------------------------------------------------------------


@pytest.mark.parametrize("argnums", [0, 1, -1, (1, 0), (0,)])
def test_argnums_are_those_of_grad(argnums):
    jitted = jit(pieces, argnums)
    for x in (0.5, 2.0, -1.0):
        assert jitted.grad(x, 3.0) == autodiff.grad(pieces, argnums)(x, 3.0)


def test_arguments_by_name_and_defaults():
    @jit
    def f(x, scale=2.0):
        return x * scale if x > 0 else x

    assert f(x=3.0) == 6.0
    assert f(3.0, scale=5.0) == 15.0
    assert f.grad(scale=5.0, x=-3.0) == 1.0


# ---- Counts and options -----------------------------------------------------------------------


def counted(x, n):
    result = 1.0
    for i in range(n):
        result = result * (x + i)
    return result


@pytest.mark.parametrize("n", [3, 0, 1, 2, -2, 37, 64, np.int64(3), np.uint8(2)])
def test_a_whole_number_may_be_a_count(n):
    jitted = jit(counted)
    assert jitted.value_and_grad(0.3, 5)  # whose program is not that of n
    assert jitted.value_and_grad(0.3, n) == autodiff.value_and_grad(counted)(0.3, n)


def test_samples_of_a_batch_have_counts_of_their_own():
    xs, counts = uniform(-1, 1, 50), np.arange(50) % 7 - 1
    jitted = jit(counted)
    rows = [autodiff.grad(counted)(x, n) for x, n in zip(xs.tolist(), counts.tolist(), strict=True)]
    assert jitted.grad(xs, counts).tolist() == rows
    assert len(jitted.programs) == 7  # no turn, below zero and at zero, and one to five


@pytest.mark.parametrize("n", [0, 1, 2, -1, -3])
def test_a_count_may_be_an_index(n):
    def f(w, n):
        return w[n] * w[0] + sum(w[:n])

    jitted, w = jit(f), [0.5, 2.0, 4.0]
    assert jitted(w, 1) == f(w, 1)
    assert jitted.value_and_grad(w, n) == autodiff.value_and_grad(f)(w, n)


def test_a_number_that_is_not_whole_is_no_count():
    jitted = jit(counted)
    assert jitted(2.0, 2) == 6.0
    with pytest.raises(TypeError, match="'float' object cannot be interpreted as an integer"):
        jitted(2.0, 2.5)
    with pytest.raises(TypeError, match="cannot be interpreted as an integer") as caught:
        jitted(np.ones(2), np.array([2, 2.5]))
    assert caught.value.__notes__ == ["for sample 1 of the batch"]


def test_a_count_has_no_derivative():
    with pytest.raises(TypeError, match="a count, such as that of a loop, has no derivative"):
        jit(counted, argnums=(0, 1)).grad(2.0, 3)
    with pytest.raises(TypeError, match="in which to differentiate by argnums"):
        trace(counted, 2.0, 3)


def test_a_program_is_for_the_count_that_it_was_traced_with():
    program = trace(counted, 2.0, 3, argnums=0)
    assert program(3.0, 3) == 60.0
    with pytest.raises(GuardError, match="n >= 4 did not hold when this was traced"):
        program(3.0, 4)


def neuron(w, x, kind="squared", *, activation=tanh, scale=1.0):
    pred = scale * activation(w * x)
    return pred * pred if kind == "squared" else abs(pred)


@pytest.mark.parametrize("x", [0.5, np.array([0.5, -2.0, 3.0])], ids=["one", "batch"])
@pytest.mark.parametrize(
    ("args", "named"),
    [
        ((), {}),
        (("squared",), {}),
        (("absolute",), {}),
        ((), {"kind": None}),
        ((), {"activation": sin}),
        ((), {"scale": 3.0}),
        (("absolute",), {"activation": exp, "scale": 0.5}),
    ],
)
def test_what_is_no_number_is_an_option(x, args, named):
    jitted, expected = jit(neuron), autodiff.grad(lambda w, x: neuron(w, x, *args, **named))
    jitted.grad(0.25, x, "other", activation=cos)  # whose programs are others
    for _ in range(2):
        found = jitted.grad(0.25, x, *args, **named)
        rows = [expected(0.25, float(sample)) for sample in np.ravel(x)]
        np.testing.assert_allclose(np.ravel(found), rows, rtol=1e-14)


def test_options_have_programs_of_their_own():
    jitted = jit(neuron)
    assert jitted.hessian(0.25, 0.5) == trace(neuron, 0.25, 0.5, argnums=0).hessian(0.25, 0.5)
    assert jitted.hvp((0.25, 0.5, "absolute"), (2.0,)) == 2 * jitted.hessian(0.25, 0.5, "absolute")
    assert [program.parameters for program in jitted.programs] == [("w", "x"), ("w", "x")]
    assert repr(jitted) == "<jit neuron: 2 programs>"
    with pytest.raises(TypeError, match="argument 2 of neuron is 'squared', and there is no deriv"):
        jit(neuron, argnums=2).grad(0.25, 0.5, "squared")


def test_options_that_are_new_each_time_are_an_error_at_last():
    jitted = jit(neuron, variants=3)
    for _ in range(3):
        jitted(0.25, 0.5, activation=lambda x: x * x)
    with pytest.raises(TypeError, match=r"more than 3 sets of options.*A lambda that is made anew"):
        jitted(0.25, 0.5, activation=lambda x: x * x)


def test_a_method_is_refused():
    class Line:
        @jit
        def at(self, x):
            return x

    assert isinstance(Line.at, autodiff.jitting.Jitted)
    with pytest.raises(TypeError, match="at is a method, and jit takes functions of their arg"):
        Line().at(2.0)


def loss(parameters, x, y):
    pred = total(parameters["w"] * x) + parameters["b"][0]
    return (pred - y) ** 2 if pred > y else 3 * (y - pred)


def test_structures_of_dicts_lists_and_arrays():
    parameters = {"w": np.array([0.5, -1.0]), "b": [0.25]}
    xs, ys = uniform(-1, 1, (30, 2)), uniform(-1, 1, 30)
    jitted = jit(loss)
    rows = [eager(loss, parameters, x, y, argnums=0) for x, y in zip(xs, ys.tolist(), strict=True)]
    value, gradient = jitted.value_and_grad(parameters, xs[0], ys[0])
    assert value == rows[0][0]
    assert gradient["w"].tolist() == rows[0][1]["w"].tolist()
    value, gradient = jitted.value_and_grad(parameters, xs, ys, reduce="sum")
    assert value == pytest.approx(math.fsum(v for v, _ in rows))
    np.testing.assert_allclose(gradient["w"], np.sum([g["w"] for _, g in rows], axis=0))
    assert gradient["b"][0] == pytest.approx(math.fsum(g["b"][0] for _, g in rows))


def test_an_array_is_one_argument_where_the_function_gives_one_number():
    jitted = jit(lambda x: np.sum(x * x) if x[0] > 0 else np.sum(x))
    assert jitted(np.array([1.0, 2.0, 3.0])) == 14.0
    assert jitted.grad(np.array([-1.0, 2.0])).tolist() == [1.0, 1.0]


def test_functions_take_several_structures():
    jitted = jit(lambda p: p["x"] ** 2 if isinstance(p, dict) else p[0] if p[0] > p[1] else p[1])
    x = np.array([1.0, -2.0])
    assert jitted({"x": x}).tolist() == [1.0, 4.0]
    assert jitted([x, 0.5]).tolist() == [1.0, 0.5]
    assert jitted([x, -x]).tolist() == [1.0, 2.0]
    assert jitted.grad({"x": x})["x"].tolist() == [2.0, -4.0]
    assert len(jitted.programs) == 3


@pytest.mark.parametrize("exact", [False, pytest.param(True, marks=needs_llvmlite)])
def test_what_is_a_sample_stays_one_where_arrays_of_other_lengths_are_batches(exact):
    def f(x):
        if type(x) is np.ndarray and len(x) != 3:
            raise TypeError("three numbers, or one")
        return x[0] * x[1] if hasattr(x, "shape") and x.shape else x * x if x > 0 else -x

    jitted = jit(f, exact=exact)
    batch = np.array([2.0, -1.0, 3.0, 0.5])
    for _ in range(2):
        assert jitted.grad(batch).tolist() == [4.0, -1.0, 6.0, 1.0]
    three = jit(f, exact=exact)
    assert three(np.array([2.0, 5.0, 1.0])) == 10.0
    for _ in range(2):
        assert three(batch).tolist() == [4.0, 1.0, 9.0, 0.25]
        assert three(np.array([2.0, 5.0, 1.0])) == 10.0


def test_structures_may_take_turns():
    jitted = jit(lambda x: x[0] * x[1] if x[0] > 0 else x[1])
    for _ in range(2):
        for first, gradient in ((3.0, [2.0, 3.0]), (-3.0, [0.0, 1.0])):
            assert jitted.grad([first, 2.0]) == gradient
            assert jitted.grad((first, 2.0)) == tuple(gradient)
            assert jitted.grad(np.array([first, 2.0])).tolist() == gradient
            assert jitted([first, Fraction(2)]) == (6 if first > 0 else 2)
    assert len(jitted.programs) == 6


@needs_llvmlite
def test_a_batch_of_one_way_again_and_again_gives_what_the_program_gives(monkeypatch):
    monkeypatch.setattr(engine, "_WORK", 1)

    def f(w, x):
        return w[0] * x[0] + w[1] * tanh(x[1]) if x[0] > 0 else x[1] ** 2

    w, xs = np.array([0.5, -1.5]), np.abs(uniform(-1, 1, (40, 2))) + 0.1
    jitted, program = jit(f), trace(f, w, xs[0], argnums=0).compile()
    jitted(w, xs[0])
    for reduce in (None, "sum", "mean"):
        for _ in range(3):
            assert repr(jitted.value_and_grad(w, xs, reduce=reduce)) == repr(
                program.value_and_grad(w, xs, reduce=reduce)
            )
    assert jitted(w, xs).tolist() == program(w, xs).tolist()
    xs[7] = -2.0  # goes another way
    rows = np.array([jitted(w, x) for x in xs])
    for _ in range(2):
        np.testing.assert_allclose(jitted(w, xs), rows, rtol=1e-14)


@needs_llvmlite
def test_whether_a_batch_is_compiled_is_told_by_all_of_its_ways(monkeypatch):
    compiled = []
    for name in ("computed", "_parted"):  # of all samples together, and of those that part
        own = getattr(engine.Machine, name)
        noted = lambda *given, own=own: compiled.append(1) or own(*given)  # noqa: E731
        monkeypatch.setattr(engine.Machine, name, noted)

    @jit
    def halved(x):
        while x >= 1:
            x = x / 2 + sin(x) / 8
        return x

    x = np.linspace(0.5, 12, 10_000)
    first, again = halved.grad(x), halved.grad(x)
    assert len(halved.programs[0]) == 1  # which was traced first
    assert compiled == [1, 1]
    assert first.tolist() == again.tolist()


@needs_llvmlite
@pytest.mark.parametrize(
    "f",
    [
        lambda x: x * sin(x),
        lambda x: x * x if x > -9 else sin(x),
        lambda x: x * sin(x) if x > 0.5 else x * tanh(x),
    ],
    ids=["no branch", "one that all samples take", "two ways"],
)
def test_the_second_batch_is_computed_by_the_code_of_the_first(f, monkeypatch):
    monkeypatch.setattr(engine, "_WORK", 1)
    compiled = []
    made = engine.Machine._made
    monkeypatch.setattr(engine.Machine, "_made", lambda *given: compiled.append(1) or made(*given))
    jitted, x = jit(f), np.linspace(0.0, 1.0, 100)
    first, count = jitted.value_and_grad(x), len(compiled)
    assert repr(jitted.value_and_grad(x)) == repr(first)
    assert len(compiled) == count > 0


@needs_llvmlite
@pytest.mark.parametrize("order", [1, -1])
def test_a_batch_of_fractions_stays_exact_where_one_of_floats_is_compiled(monkeypatch, order):
    monkeypatch.setattr(engine, "_WORK", 1)
    jitted = jit(lambda x: x * x / 2 if x < 3 else 0 * x + 7)
    x = np.array([Fraction(7, 2), Fraction(1, 3), Fraction(5, 2)][::order])
    for _ in range(2):
        value, slopes = jitted.value_and_grad(x)
        assert value.tolist() == [Fraction(7), Fraction(1, 18), Fraction(25, 8)][::order]
        assert slopes.tolist() == [0, Fraction(1, 3), Fraction(5, 2)][::order]
        total, _ = jitted.value_and_grad(x, reduce="sum")
        mean, _ = jitted.value_and_grad(x, reduce="mean")
        assert (total, mean) == (Fraction(733, 72), Fraction(733, 216))


def test_the_same_numbers_may_be_one_sample_and_a_batch():
    jitted = jit(lambda x: np.sum(x * x))
    for _ in range(3):
        assert jitted(np.ones(2)) == 2.0
        assert jitted(np.ones((3, 2))) == 6.0
        assert jitted.grad(np.ones((1, 2))).tolist() == [[2.0, 2.0]]


def test_an_error_at_first_does_not_make_a_batch_of_one_sample():
    def first_of(x):
        if x[0] < 0:
            raise ValueError("negative")
        return x[0] * x[1]

    jitted = jit(first_of)
    with pytest.raises(TypeError, match="not subscriptable") as caught:
        jitted(np.array([-1.0, 2.0]))
    assert "first_of raised ValueError('negative') when" in caught.value.__notes__[0]
    assert jitted.grad(np.array([1.0, 2.0])).tolist() == [2.0, 1.0]
    with pytest.raises(ValueError, match="negative"):
        jitted(np.array([-1.0, 2.0]))


def test_lists_hold_numbers_or_columns():
    jitted = jit(lambda x: x[0] * x[1] if x[0] > x[1] else x[0])
    assert jitted.grad([3.0, 2.0]) == [2.0, 3.0]
    d_first, d_second = jitted.grad([np.array([3.0, 1.0]), 2.0])
    assert (d_first.tolist(), d_second.tolist()) == ([2.0, 1.0], [3.0, 0.0])


# ---- Within other derivatives -----------------------------------------------------------------


def test_a_graph_may_be_recorded_through_a_jitted_function():
    jitted = jit(pieces)
    assert autodiff.grad(jitted)(2.0, 3.0) == autodiff.grad(pieces)(2.0, 3.0)
    assert autodiff.grad(jitted.grad)(2.0, 3.0) == autodiff.hessian(pieces)(2.0, 3.0)
    assert trace(jitted, 2.0, 3.0)(1.5, 2.0) == pieces(1.5, 2.0)
    x = Value(2.0)
    jitted(x, 3.0).backward()
    assert x.grad == autodiff.grad(pieces)(2.0, 3.0)


def test_a_jitted_function_may_call_another():
    inner = jit(lambda x: x * x if x > 0 else -x)
    outer = jit(lambda x: inner(x) + inner(x - 1))
    assert outer.grad(np.array([2.0, 0.5, -1.0])).tolist() == [6.0, 0.0, -2.0]


# ---- Errors -----------------------------------------------------------------------------------


def square_root(x):
    if x < 0:
        raise ValueError(f"no root of {x}")
    return x**0.5


def test_what_a_function_raises_for_a_number_is_raised():
    jitted = jit(square_root)
    assert jitted(4.0) == 2.0
    with pytest.raises(ValueError, match=r"^no root of -1.0$"):
        jitted(-1.0)
    with pytest.raises(ZeroDivisionError):
        jit(lambda x: 1 / x)(0.0)


@pytest.mark.parametrize(
    ("x", "sample"),
    [
        ([4.0, 1.0, -1.0, -2.0], "2 of the batch"),
        ([[4.0], [-1.0]], "(1, 0) of the batch"),
        (
            [-1.0],
            "0 of a batch of numbers, for square_root raised ValueError('no root of [-1.]') when",
        ),
    ],
)
def test_what_a_function_raises_for_a_sample_says_for_which(x, sample):
    with pytest.raises(ValueError, match=r"^no root of -1.0") as caught:
        jit(square_root)(np.array(x))
    assert caught.value.__notes__[0].startswith(f"for sample {sample}")


@pytest.mark.parametrize(
    ("f", "why"),
    [
        (lambda x: 2 * x if f"{x}" > "1" else x, "the text of a number"),
        (lambda x: 2 * x if str(x) > "1" else x, "the text of a number"),
        (lambda x: 2 * x if f"{x:.2f}" > "1" else x, "the text of a number"),
        (lambda x: x * (hash(x) % 2), "the hash of a number"),
        (lambda x: x * len({x, x + 1}), "the hash of a number"),
        (lambda x: round(x) * x, "cannot record round"),
    ],
)
def test_what_cannot_be_traced_says_where_and_names_the_eager_engine(f, why):
    line = f.__code__.co_firstlineno
    message = rf"cannot be traced at .*test_jit.py:{line}: .*{why}.*autodiff.value_and_grad"
    with pytest.raises(TypeError, match=message):
        jit(f)(1.0)
    with pytest.raises(TypeError, match=message):
        jit(f)(np.array([1.0, 2.0]))


def caught(compute):
    """Return a function that does something else where its arithmetic raises."""

    def f(x):
        try:
            return compute(x)
        except Exception:
            return 7 * x

    return f


CAUGHT = [  # where nothing is raised, and where something is
    (lambda x: 1 / x, 2.0, 0.0, "float division by zero"),
    (lambda x: autodiff.log(x), 2.0, -1.0, "math domain error"),
    (lambda x: autodiff.exp(x), 2.0, 1000.0, "math range error"),
]


@pytest.mark.parametrize(("compute", "fine", "raising", "error"), CAUGHT)
@pytest.mark.parametrize("method", ["__call__", "value_and_grad", "grad"])
def test_an_error_that_the_function_catches_is_never_passed_over(
    compute, fine, raising, error, method
):
    f, message = caught(compute), rf"f cannot be traced: the function caught .*{error}.* with an if"
    assert autodiff.value_and_grad(f)(raising) == (7 * raising, 7)
    for before in ([fine, fine], []):
        jitted = jit(f)
        call = getattr(jitted, method)
        for x in before:
            call(x)
        with pytest.raises(TypeError, match=message):
            call(raising)
        assert jitted.value_and_grad(fine) == autodiff.value_and_grad(f)(fine)


@pytest.mark.parametrize(
    "look", [round, hash, float, "{:.2f}".format, lambda x: float(x.data), lambda x: {x: 1}]
)
def test_what_cannot_be_traced_is_said_though_the_function_catches_it(look):
    f = caught(lambda x: 3 * x if look(x) else x)
    if autodiff.value_and_grad(f)(2.0) == (14.0, 7):  # the eager engine refuses it too
        assert jit(f).value_and_grad(2.0) == (14.0, 7)
        return
    with pytest.raises(TypeError, match="f cannot be traced: the function caught TypeError"):
        jit(f)(2.0)


@needs_llvmlite
def test_a_long_program_of_a_function_that_catches_errors_is_not_machine_code(monkeypatch):
    monkeypatch.setattr(engine, "_LINES", 1)
    f, quick = jit(caught(lambda x: 1 / x)), jit(lambda x: 1 / x)
    assert (f(2.0), quick(2.0)) == (0.5, 0.5)
    with pytest.raises(TypeError, match="f cannot be traced: the function caught ZeroDivision"):
        f(0.0)
    assert quick(0.0) == math.inf


def test_a_batch_is_refused_where_the_function_catches_an_error_of_arithmetic():
    @jit
    def inverse(x):
        try:
            return 1 / x
        except (KeyError, ZeroDivisionError):
            return 0 * x

    def root(x, *, base=None):
        try:
            return log(x) / (1 if base is None else math.log(base))
        except KeyError:
            raise
        except ValueError as error:
            raise RuntimeError from error

    assert inverse(2.0) == 0.5
    with pytest.raises(TypeError, match=r"inverse catches ZeroDivisionError, and in a batch .* if"):
        inverse(np.array([1.0, 2.0]))
    with pytest.raises(TypeError, match="root catches ValueError, and in a batch"):
        jit(root).grad(np.array([1.0, 2.0]), base=None)
    for wrapped in (functools.partial(root, base=None), functools.wraps(root)(lambda x: root(x))):
        with pytest.raises(TypeError, match="catches ValueError, and in a batch"):
            jit(wrapped)(np.array([1.0, 2.0]))


@pytest.mark.parametrize("name", ["other", "finally", "with", "loop", "built in"])
def test_a_batch_is_taken_where_the_function_catches_something_else(name):
    table = {}

    def other(x):
        try:
            return x / table["factor"]
        except KeyError:
            return 3 * x

    def at_last(x):
        try:
            return x / 2
        finally:
            table.clear()

    def within(x):
        with contextlib.ExitStack():
            return x / 2

    def loop(x):
        return sum([next(iter([y])) for y in [x, x]]) / 2

    functions = {"other": other, "finally": at_last, "with": within, "loop": loop}
    f, xs = functions.get(name, sin), np.array([1.0, 2.0])
    np.testing.assert_array_equal(jit(f)(xs), [autodiff.value_and_grad(f)(x)[0] for x in xs])


def test_backward_inside_is_refused_where_its_derivative_would_be_lost():
    def penalty(x):
        y = x**3
        y.backward()
        return 2 * x.grad + x

    def from_a_value(x):
        inner = Value(x)
        (inner**3).backward()
        return 2 * inner.grad + x

    for call in (jit(penalty), jit(penalty).grad, autodiff.grad(penalty)):
        with pytest.raises(ValueError, match=r"^backward\(\) inside a function that grad"):
            call(2.0)
    assert jit(from_a_value).value_and_grad(2.0) == (26.0, 25.0)


@pytest.mark.parametrize(("compute", "fine", "raising", "error"), CAUGHT)
def test_an_error_of_a_program_is_the_functions_own(compute, fine, raising, error):
    f = jit(compute)
    f.value_and_grad(fine)
    with pytest.raises((ArithmeticError, ValueError), match=error) as raised:
        f.value_and_grad(raising)
    with pytest.raises(type(raised.value), match=f"^{raised.value}$"):
        compute(raising)


def test_what_the_eager_engine_refuses_too_is_its_error():
    with pytest.raises(TypeError, match=r"use autodiff's functions") as caught:
        jit(lambda x: math.sin(x))(1.0)
    assert "cannot be traced" not in str(caught.value)
    with pytest.raises(TypeError, match="a program gives one number"):
        jit(lambda x: [x, x])(1.0)


def test_exact_batches_need_a_compiler(without_llvmlite):
    jitted = jit(larger, exact=True)
    assert jitted(3.0, 1.0) == 9.0
    with pytest.raises(ImportError, match="llvmlite"):
        jitted(np.array([3.0, 4.0]), 1.0)


def test_jit_takes_a_function():
    with pytest.raises(TypeError, match="jit takes a function, and got 3"):
        jit(3)
