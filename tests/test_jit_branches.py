"""How the branches of a batch are computed: each way of computing, against the eager engine."""

import importlib.util
import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff
from autodiff import clip, exp, jit, log, maximum, sin
from autodiff.jitting import batches, engine, merging, parting
from autodiff.jitting.parting import tree_of

needs_llvmlite = pytest.mark.skipif(
    importlib.util.find_spec("llvmlite") is None, reason="llvmlite is not installed"
)

EVERYTHING = {  # how a batch is computed where these are the prices
    "every branch is computed": {"parting": 10**9},
    "samples part at each branch": {"parting": -(10**9), "moving": 0},
    "samples part, and nothing is handed on": {"parting": -(10**9), "moving": 10**9},
    "what is asked is computed at first": {"parting": 25, "moving": 0},
    "as it is": {},
}


def force(monkeypatch, way, *, compiled):
    """Let batches be computed in one way, and not by what is for functions not seen yet."""
    for name in ("IN_ARRAYS", "COMPILED"):
        prices = getattr(merging, name)._replace(**EVERYTHING[way])
        monkeypatch.setattr(parting, name, prices)

    def missing(exact):
        raise ImportError("compile needs llvmlite")

    if not compiled:
        monkeypatch.setattr(engine, "Machine", missing)
    monkeypatch.setattr(batches._Batch, "_of_groups", None)


ARITHMETIC = ["{a} * {b}", "{a} / {b}", "{a} - {b} / 2", "{a} * {a} - 0.3", "abs({a}) + {b}"]
FUNCTIONS = ["sin({a})", "log({a})", "{a}**0.5", "exp({a} * 9)", "{a} * {b}", "{a} / {b}"]


def branches(draw, numbers, depth, margin="    "):
    """Write statements with branches and loops, at random."""
    choose = st.sampled_from
    a, b, target = (draw(choose("xy")) for _ in range(3))
    number = draw(choose(numbers)).format(a=a, b=b)
    lines = [f"{margin}{target} = {number}"]
    if not depth:
        return lines
    inner = margin + "    "
    tests = [f"{a} > {b}", f"{a} < 0.3 and {b} > 0", f"not {a} >= 0 or {b} < 0.2"]
    if draw(st.integers(0, 2)):
        lines += [f"{margin}if {draw(choose(tests))}:", *branches(draw, numbers, depth - 1, inner)]
        lines += [f"{margin}else:", *branches(draw, numbers, depth - 1, inner)]
    else:
        lines += [f"{margin}n = 0", f"{margin}while {a} > 0.4 and n < 5:"]
        lines += [f"{inner}{a} = {a} * 0.6 - 0.01 * {b}", f"{inner}n = n + 1"]
    return lines + branches(draw, numbers, depth - 1, margin)


@st.composite
def functions(draw, numbers):
    body = "\n".join(["def f(x, y):", *branches(draw, numbers, 2), "    return x * y + y"])
    scope = {"sin": sin, "log": log, "exp": exp}
    exec(body, scope)
    return scope["f"]


def rows_of(f, x, y):
    """Return the samples for which the eager engine raises nothing, and what it gives."""
    samples, rows = [], []
    for a, b in zip(x.tolist(), y.tolist(), strict=True):
        try:
            value, slopes = autodiff.value_and_grad(f, (0, 1))(a, b)
        except (ArithmeticError, ValueError):
            continue
        samples.append((a, b))
        rows.append((value, *slopes))
    return samples, rows


def bits(numbers):
    return [float(n).hex() for n in numbers]


def assert_compiled_bits(f, way, samples, rows):
    if len(samples) < 2:  # the eager engine raises for all others
        return
    x, y = np.array(samples).T
    with pytest.MonkeyPatch.context() as monkeypatch:
        force(monkeypatch, way, compiled=True)
        value, slopes = jit(f, (0, 1), exact=True).value_and_grad(x, y)
    for column, expected in zip((value, *slopes), zip(*rows, strict=True), strict=True):
        assert bits(column) == bits(expected)


@needs_llvmlite
@pytest.mark.parametrize("way", EVERYTHING)
@given(f=functions(FUNCTIONS), seed=st.integers(0, 99))
@settings(deadline=None, max_examples=6)
def test_random_functions_have_the_bits_of_the_eager_engine_however_computed(way, f, seed):
    samples, rows = rows_of(f, *np.random.default_rng(seed).uniform(-1, 1, (2, 40)))
    assert_compiled_bits(f, way, samples, rows)


@pytest.mark.parametrize("way", EVERYTHING)
@given(f=functions(ARITHMETIC), seed=st.integers(0, 99))
@settings(deadline=None, max_examples=15)
def test_random_arithmetic_has_these_bits_in_arrays_however_computed(way, f, seed):
    samples, rows = rows_of(f, *np.random.default_rng(seed).uniform(-1, 1, (2, 40)))
    if len(samples) < 2:
        return
    x, y = np.array(samples).T
    with pytest.MonkeyPatch.context() as monkeypatch:
        force(monkeypatch, way, compiled=False)
        jitted = jit(f, (0, 1))
        value, slopes = jitted.value_and_grad(x, y)
        total, in_samples = jitted.value_and_grad(x, y, reduce="sum")
    for column, expected in zip((value, *slopes), zip(*rows, strict=True), strict=True):
        assert bits(column + 0.0) == bits(n + 0.0 for n in expected)  # NumPy's sign(-0.0) is 0.0
    assert total == pytest.approx(math.fsum(value.tolist()), rel=1e-9)
    assert [x.tolist() for x in in_samples] == [x.tolist() for x in slopes]


ALIKE = [  # statements in which each branch has constants of its own
    "z = z * y + {c} * x", "z = z - x / {c}", "z = ({c} - z) * y", "z = z * z + {c}", "x = z * {c}",
    "z = abs(z) ** 0.5 * {c} + x", "y = sin(z * {c}) - y", "z = z ** {n} + y * {c}",
]  # fmt: skip


@st.composite
def pieces(draw):
    """Write a function whose branches do the same with other constants, or almost the same."""
    numbers, powers = st.sampled_from([1, 2, -1, 0.5, 3.0, 4]), st.sampled_from([1, 2, 3])
    common = draw(st.lists(st.sampled_from(ALIKE), min_size=1, max_size=6))
    lines = ["def f(x, y):", "    z = x"]
    for i in range(draw(st.integers(2, 4))):
        lines.append(f"    {'elif' if i else 'if'} y < {i} / 4 - 0.5:")
        own = [draw(st.sampled_from(ALIKE)) if not draw(st.integers(0, 5)) else x for x in common]
        lines += ["        " + x.format(c=draw(numbers), n=draw(powers)) for x in own]
    scope = {"sin": sin}
    exec("\n".join([*lines, "    return z * y + x"]), scope)
    return scope["f"]


@needs_llvmlite
@pytest.mark.parametrize("way", ["every branch is computed", "as it is"])
@given(f=pieces(), seed=st.integers(0, 99))
@settings(deadline=None, max_examples=12)
def test_branches_that_are_alike_have_the_bits_of_the_eager_engine(way, f, seed):
    samples, rows = rows_of(f, *np.random.default_rng(seed).uniform(-1, 1, (2, 40)))
    assert_compiled_bits(f, way, samples, rows)


# ---- Functions by hand ------------------------------------------------------------------------

of_ways = pytest.mark.parametrize("way", EVERYTHING)
of_engines = pytest.mark.parametrize(
    "compiled", [False, pytest.param(True, marks=needs_llvmlite)], ids=["arrays", "compiled"]
)


def made(monkeypatch, way, compiled, f, argnums=0):
    force(monkeypatch, way, compiled=compiled)
    return jit(f, argnums, exact=compiled)


@of_ways
@of_engines
def test_what_is_invalid_in_a_branch_stays_with_the_samples_that_take_it(
    monkeypatch, way, compiled
):
    def f(x, y):
        if x > 0:
            return log(x) * y + x**0.5
        if x < 0:
            return 1 / x + y
        return 3 * x * y

    x = np.array([0.0, 1.0, -2.0, 4.0, 0.0, math.nan, math.inf, -math.inf, 5e-324])
    jitted = made(monkeypatch, way, compiled, f, (0, 1))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        value, (d_x, d_y) = jitted.value_and_grad(x, 2.0)
    for i, number in enumerate(x.tolist()):
        expected, slopes = autodiff.value_and_grad(f, (0, 1))(number, 2.0)
        np.testing.assert_allclose([value[i], d_x[i], d_y[i]], [expected, *slopes], rtol=1e-14)


@of_ways
@of_engines
def test_a_sample_of_its_own_is_named_where_all_others_are_known(monkeypatch, way, compiled):
    def f(x):
        if x == 7:
            raise ValueError("seven")
        return x * x if x > 0 else -x

    jitted = made(monkeypatch, way, compiled, f)
    assert jitted(np.array([2.0, -2.0, 3.0])).tolist() == [4.0, 2.0, 9.0]
    with pytest.raises(ValueError, match="seven") as caught:
        jitted(np.array([[1.0, -1.0], [7.0, 7.0]]))
    assert caught.value.__notes__ == ["for sample (1, 0) of the batch"]
    assert jitted(np.array([2.0, -2.0, 3.0])).tolist() == [4.0, 2.0, 9.0]


@of_ways
@of_engines
def test_ways_that_come_later_are_found(monkeypatch, way, compiled):
    @jit(exact=compiled)
    def f(x):
        while x > 1:
            x = x / 2
        return 3 * x

    force(monkeypatch, way, compiled=compiled)
    for x in ([1.0, 2.0], [1.0, 4.0, 2.0], [64.0, 8.0, 1.0], [16.0, 32.0, 0.5]):
        expected = [autodiff.grad(f.__wrapped__)(number) for number in x]
        assert f.grad(np.array(x)).tolist() == expected
    assert len(f.programs) == 7


@of_ways
@of_engines
@pytest.mark.parametrize("new", [[-3.0, -1.0], [3.0, -1.0]])
def test_a_way_not_known_is_found_on_either_side_of_a_branch(monkeypatch, way, compiled, new):
    def f(x, y):
        if x > 0:
            return x * y if y > 0 else x - y
        return x / y if y > 0 else x + 2 * y

    jitted = made(monkeypatch, way, compiled, f)
    for samples in ([[2.0, 1.0], [-2.0, 1.0]], [[2.0, 1.0], [-2.0, 1.0], new]):
        expected = [f(*sample) for sample in samples]
        assert jitted(*np.array(samples).T).tolist() == expected


@of_ways
@of_engines
def test_branches_that_depend_on_what_all_samples_share(monkeypatch, way, compiled):
    def f(x, y):
        if y > 0:
            return log(y) * x if x > 0 else y - x
        return 2.5 if x > 1 else y + x

    x = np.array([2.0, -1.0, 0.5, 3.0])
    jitted = made(monkeypatch, way, compiled, f, (0, 1))
    for y in (1.5, 0.0, 2.0, -1.0):
        value, (d_x, d_y) = jitted.value_and_grad(x, y)
        rows = [autodiff.value_and_grad(f, (0, 1))(number, y) for number in x.tolist()]
        assert value.tolist() == [v for v, _ in rows]
        assert list(zip(d_x.tolist(), d_y.tolist(), strict=True)) == [d for _, d in rows]


@of_ways
@of_engines
def test_batches_that_broadcast_are_added_up_to_the_shapes_of_arguments(monkeypatch, way, compiled):
    def f(x, y):
        return x * x * y if x > y else sin(y) - x

    x, y = np.linspace(-2, 3, 5).reshape(5, 1), np.linspace(-1, 1, 4)
    jitted = made(monkeypatch, way, compiled, f, (0, 1))
    values, (d_x, d_y) = jitted.value_and_grad(x, y)
    assert values.shape == (5, 4)
    assert values[3, 2] == f(x[3, 0], y[2])
    value, (of_x, of_y) = jitted.value_and_grad(x, y, reduce="mean")
    assert value == pytest.approx(values.mean())
    np.testing.assert_allclose(of_x, d_x.sum(axis=1, keepdims=True) / 20)
    np.testing.assert_allclose(of_y, d_y.sum(axis=0) / 20)


@of_ways
def test_floats_of_half_the_width_stay_so(monkeypatch, way):
    jitted = made(monkeypatch, way, False, lambda x: x * x if x > 0 else -x / 3)
    value, slope = jitted.value_and_grad(np.array([1.5, -1.0], dtype=np.float32))
    assert value.dtype == slope.dtype == np.float32
    assert value.tolist() == [2.25, np.float32(1 / 3)]


@of_ways
def test_second_derivatives_however_computed(monkeypatch, way):
    def f(x, y):
        return exp(x * y) * x if x > y else maximum(x, y) * x * y * y

    x, y = np.random.default_rng(1).uniform(-1, 1, (2, 20))
    jitted = made(monkeypatch, way, False, f, (0, 1))
    hessians = jitted.hessian(x, y)
    products = jitted.hvp((x, y), (0.5, -2.0))
    for i, sample in enumerate(zip(x.tolist(), y.tolist(), strict=True)):
        expected = np.array(autodiff.hessian(f, (0, 1))(*sample))
        np.testing.assert_allclose(hessians[i], expected, rtol=1e-12)
        found = [products[0][i], products[1][i]]
        np.testing.assert_allclose(found, expected @ [0.5, -2.0], rtol=1e-12)


def test_a_branch_that_raises_for_samples_that_do_not_take_it_is_not_computed_for_them():
    @jit
    def f(x, low):
        return clip(x, low, 1) if low < 1 else x * low

    assert f(np.array([3.0, 3.0, -5.0]), np.array([0.5, 2.0, 0.0])).tolist() == [1.0, 6.0, 0.0]


def test_many_samples_are_parted_block_by_block(monkeypatch):
    f = made(monkeypatch, "samples part at each branch", False, lambda x: x**3 if x > 0 else sin(x))
    x = np.random.default_rng(2).uniform(-1, 1, 300_000)
    np.testing.assert_allclose(f.grad(x), np.where(x > 0, 3 * x * x, np.cos(x)), rtol=1e-14)
    total, _ = f.value_and_grad(x, reduce="sum")
    assert total == pytest.approx(math.fsum(f(x).tolist()))


@pytest.mark.parametrize("ways", [2, 8, 9, 40])
def test_samples_of_many_ways_come_back_in_their_order(monkeypatch, ways):
    monkeypatch.setattr(parting, "_BLOCK", 1000)

    def piece(x, y):
        for i in range(1, ways):
            if x < i:
                return x * y * i - y * y
        return x / y

    way = "what is asked is computed at first"  # so all samples part at once
    f = made(monkeypatch, way, False, piece, argnums=(0, 1))
    chance = np.random.default_rng(2)
    x, y = chance.uniform(0, ways, 3_500), chance.uniform(1, 2, 3_500)
    value, (d_x, d_y) = f.value_and_grad(x, y)
    i = np.minimum(np.floor(x) + 1, ways)
    is_last = i == ways
    assert value.tolist() == np.where(is_last, x / y, x * y * i - y * y).tolist()
    assert d_x.tolist() == np.where(is_last, 1 / y, y * i).tolist()
    np.testing.assert_allclose(d_y, np.where(is_last, -x / y / y, x * i - 2 * y), rtol=1e-14)


# ---- What is chosen -----------------------------------------------------------------------------


def tree(f, *samples, compiled):
    jitted = jit(f)
    for sample in samples:
        jitted(sample)
    [family] = jitted._families.values()
    return tree_of(list(family.variants.known.values()), "_lines", is_compiled=compiled)


@of_engines
def test_both_sides_of_a_short_branch_are_computed(compiled):
    found = tree(lambda x: x * x if x > 0 else -x, 1.0, -1.0, compiled=compiled)
    assert [step.operation for step in found.whole.steps].count(">") == 1


@of_engines
@pytest.mark.parametrize("operation", [sin, lambda x: x / (x * x + 3), lambda x: -x])
def test_branches_that_do_the_same_with_other_constants_are_one(monkeypatch, compiled, operation):
    def f(x):
        y = x
        a, b = (2, 3.0) if x > 0 else (5, 7) if x > -1 else (1, 0.5)
        for _ in range(20):
            y = operation(y * a) - y / b
        return y

    force(monkeypatch, "every branch is computed", compiled=compiled)
    samples = (1.0, -0.5, -2.0)
    found = tree(f, *samples, compiled=compiled)
    longest = max(len(autodiff.trace(f, x)._lines.computed) for x in samples)
    assert len(found.whole.computed) < longest + 30


@of_engines
def test_branches_with_too_many_constants_of_their_own_are_not(compiled):
    def f(x):
        y, i = x, next((i for i in range(7) if x < i), 7)
        for k in range(60):
            y = y * (k + 0.1 * i) + x
        return y

    found = tree(f, *np.arange(8) - 0.5, compiled=compiled)
    assert len(found.root.sides) == 8


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_constants_that_are_chosen_are_as_wide_as_the_samples(monkeypatch, kind):
    def f(x):
        return (x / 3 + 7) * 0.1 if x > 0 else (x / 7 + 3) * 0.7

    jitted = made(monkeypatch, "every branch is computed", False, f)
    x = np.array([0.3, -0.7, 1.9, -1e-3], kind)
    value, slope = jitted.value_and_grad(x)
    expected = [autodiff.trace(f, float(n)).value_and_grad(np.array([n])) for n in x]
    assert value.dtype == slope.dtype == kind
    assert list(zip(value, slope, strict=True)) == [(v[0], d[0]) for v, d in expected]


@of_ways
@of_engines
@pytest.mark.parametrize("powers", [(2, 3), (1, 2), (0.5, 1), (-1, 2)])
def test_powers_of_other_exponents_are_other_operations(monkeypatch, way, compiled, powers):
    def f(x):
        return (3 * x) ** powers[0] if x > 1 else (2 * x) ** powers[1]

    jitted = made(monkeypatch, way, compiled, f)
    x = np.array([0.5, 1.5, 2.5, 0.25])
    rows = [autodiff.value_and_grad(f)(n) for n in x.tolist()]
    np.testing.assert_allclose(np.array(jitted.value_and_grad(x)).T, rows, rtol=1e-15)


@of_engines
def test_samples_part_at_a_branch_with_much_behind_it(compiled):
    def f(x):
        y = x
        for _ in range(60):
            y = sin(y) * x if x > 0 else sin(x - y)
        return y

    found = tree(f, 1.0, -1.0, compiled=compiled)
    assert found.whole is None
    assert len(found.root.sides) == 2


@pytest.mark.parametrize(("going_on", "sides"), [(99, 3), (1, 2)])
@of_engines
def test_what_most_samples_are_asked_next_is_asked_of_all(compiled, going_on, sides):
    def long(x, operation):
        y = x
        for _ in range(60):
            y = operation(y) * x
        return y

    @jit
    def f(x):
        if x < 0:
            return long(x, exp)
        y = sin(exp(sin(exp(sin(x)))))
        return long(y, sin) if y > 0.7 else long(y, log)

    x = np.repeat([-1.0, 0.1, 1.0], [100 - going_on, (going_on + 1) // 2, going_on // 2 or 1])
    f(x)
    [family] = f._families.values()
    assert sorted(way.samples for way in family.variants.known.values()) == sorted(
        np.unique(x, return_counts=True)[1].tolist()
    )
    found = tree_of(list(family.variants.known.values()), "_lines", is_compiled=compiled)
    assert len(found.root.sides) == sides


def test_a_loop_hands_on_what_it_has_computed():
    def f(x):
        while x > 1:
            x = exp(sin(x)) * x / 3
        return x

    samples = (0.5, 1.5, 3.0)
    nodes = [tree(f, *samples, compiled=False).root]
    for node in nodes:
        nodes += [side for side, _ in node.sides]
    steps = [step.operation for node in nodes for step in node.listing.steps]
    assert len(nodes) > 1
    programs = [autodiff.trace(f, x)._lines.steps for x in samples]
    turns = [[step.operation for step in lines].count("exp") for lines in programs]
    assert steps.count("exp") == max(turns)  # once a turn, and not once for each number of turns


def test_so_many_lines_are_not_put_together(monkeypatch):
    monkeypatch.setattr(parting, "MOST", 3)
    assert tree(lambda x: x * x * x if x > 0 else -x, 1.0, -1.0, compiled=False) is None
    f = jit(lambda x: x * x * x if x > 0 else -x)
    assert f(np.array([2.0, -2.0])).tolist() == [8.0, 2.0]
