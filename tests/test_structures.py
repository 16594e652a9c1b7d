"""Structures of numbers: every derivative is, leaf by leaf, that of a function of a flat list."""

import copy
import math
from collections import OrderedDict, defaultdict, namedtuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff
from autodiff import Value, grad, hessian, hvp, jacobian, jvp, trace, value_and_grad
from autodiff.structures import flatten

Pair = namedtuple("Pair", "a b")
LayerSizes = namedtuple("LayerSizes", "wide narrow deep")

number = st.floats(min_value=-2, max_value=2, width=32)
array = st.one_of(
    st.integers(0, 3).map(lambda n: np.linspace(-1, 1.5, n)),
    st.tuples(st.integers(1, 2), st.integers(1, 2)).map(lambda s: np.full(s, 0.75)),
    number.map(np.array),
)
structure = st.recursive(
    number | array,
    lambda part: (
        st.lists(part, max_size=3)
        | st.lists(part, max_size=3).map(tuple)
        | st.tuples(part, part).map(lambda parts: Pair(*parts))
        | st.dictionaries(st.sampled_from("wbxyz"), part, max_size=3)
        | st.dictionaries(st.sampled_from("wb"), part, max_size=2).map(OrderedDict)
    ),
    max_leaves=6,
)


def leaves(x):
    """List the numbers of a structure in order; written anew here, as the judge of the package."""
    if isinstance(x, dict):
        return [leaf for part in x.values() for leaf in leaves(part)]
    if isinstance(x, list | tuple):
        return [leaf for part in x for leaf in leaves(part)]
    if isinstance(x, np.ndarray):
        return list(x.ravel())
    return [x]


def by_key(x, like):
    """List the numbers of a structure in the order of the keys of another."""
    if isinstance(like, dict):
        return [leaf for key in like for leaf in by_key(x[key], like[key])]
    if isinstance(like, list | tuple):
        return [leaf for a, b in zip(x, like, strict=True) for leaf in by_key(a, b)]
    return leaves(x)


def of_flat(xs):
    """A function of a flat list whose derivatives all differ."""
    total = autodiff.total([autodiff.sin(x * (i + 1)) for i, x in enumerate(xs)])
    return total + (xs[0] * xs[-1] if xs else 0.0)


def f(x):
    return of_flat(leaves(x))


def spoiling(x):
    """The same function, which overwrites what it was given."""
    result = f(x)
    spoil(x)
    return result


def spoil(x):
    if isinstance(x, dict):
        for key in list(x):
            spoil(x[key])
            x[key] = 7.0
        x.pop(next(iter(x), None), None)
    elif isinstance(x, list):
        for part in x:
            spoil(part)
        x.reverse()
        x[:1] = []
    elif isinstance(x, np.ndarray) and x.shape:
        x *= 2


def reordered(x):
    """The same structure, with every dict in the opposite order."""
    if isinstance(x, dict):
        return dict(reversed([(key, reordered(part)) for key, part in x.items()]))
    if isinstance(x, Pair):
        return Pair(*map(reordered, x))
    return type(x)(map(reordered, x)) if isinstance(x, list | tuple) else x


def assert_form(actual, like):
    """The same containers, keys and shapes."""
    if isinstance(like, np.ndarray):
        assert isinstance(actual, np.ndarray)
        assert actual.shape == like.shape
    elif isinstance(like, dict | list | tuple):
        assert type(actual) is type(like)
        assert len(actual) == len(like)
        if isinstance(like, dict):
            assert list(actual) == list(like)
        for key in like if isinstance(like, dict) else range(len(like)):
            assert_form(actual[key], like[key])
    else:
        assert np.ndim(actual) == 0


@given(structure)
@settings(max_examples=150)
def test_grad_is_that_of_the_flat_list_leaf_by_leaf(x):
    before = copy.deepcopy(x)
    expected = grad(of_flat)([float(leaf) for leaf in leaves(x)])
    for function in (f, spoiling):
        gradient = grad(function)(x)
        assert_form(gradient, x)
        assert leaves(gradient) == expected
        assert list(map(float, leaves(x))) == list(map(float, leaves(before)))
        assert_form(x, before)


@given(structure, st.randoms(use_true_random=False))
@settings(max_examples=100)
def test_jvp_and_hvp_are_those_of_the_flat_list_whatever_the_order_of_the_keys(x, chance):
    numbers = [float(leaf) for leaf in leaves(x)]
    direction = [chance.uniform(-1, 1) for _ in numbers]
    tangent = reordered(flatten(x)[0].build(direction))
    value, slope = jvp(spoiling, (x,), (tangent,))
    flat_value, flat_slope = jvp(of_flat, (numbers,), (direction,))
    assert (value, slope) == (flat_value, flat_slope)
    product = hvp(f, (x,), (tangent,))
    assert_form(product, x)
    assert leaves(product) == hvp(of_flat, (numbers,), (direction,))


def parts_of(x):
    """The parts of a container that does not form an array; None for what counts as one."""
    if isinstance(x, dict):
        return list(x.values())
    if not isinstance(x, list | tuple):
        return None
    shapes = {shape_of(part) for part in x}
    return list(x) if isinstance(x, Pair) or len(shapes) > 1 or None in shapes else None


def shape_of(x):
    if isinstance(x, list | tuple) and parts_of(x) is None:
        return (len(x), *(shape_of(x[0]) if x else ()))
    return None if parts_of(x) is not None else np.shape(x)


def block_entries(blocks, result, argument):
    """Yield each number of a structure of blocks with the places of result and argument."""
    for axis, x in enumerate((result, argument)):
        parts = parts_of(x)
        if parts is None:
            continue
        start = 0
        for block, part in zip(
            blocks.values() if isinstance(blocks, dict) else blocks, parts, strict=True
        ):
            pair = (part, argument) if axis == 0 else (result, part)
            for i, j, number in block_entries(block, *pair):
                yield (start + i, j, number) if axis == 0 else (i, start + j, number)
            start += len(leaves(part))
        return
    assert np.shape(blocks) == shape_of(result) + shape_of(argument)
    matrix = np.reshape(blocks, (len(leaves(result)), len(leaves(argument))))
    for (i, j), number in np.ndenumerate(matrix):
        yield i, j, float(number)


@given(structure)
@settings(max_examples=80)
def test_jacobian_and_hessian_are_those_of_the_flat_list_leaf_by_leaf(x):
    numbers = [float(leaf) for leaf in leaves(x)]
    size = len(numbers)

    def scaled(x):  # a result in the structure of the argument
        total = f(x)
        treedef, own = flatten(x)
        result = treedef.build([total * (i + 1) + leaf for i, leaf in enumerate(own)])
        spoil(x)
        return result

    slopes = np.reshape(jacobian(of_flat)(numbers), size) if size else np.zeros(0)
    expected = np.arange(1, size + 1)[:, None] * slopes + np.eye(size)
    found = {(i, j): number for i, j, number in block_entries(jacobian(scaled)(x), x, x)}
    assert found == {key: pytest.approx(n, rel=1e-13) for key, n in np.ndenumerate(expected)}
    flat = np.reshape(hessian(of_flat)(numbers), (size, size)) if size else np.zeros((0, 0))
    blocks = block_entries(hessian(spoiling)(x), x, x)
    assert {(i, j): number for i, j, number in blocks} == dict(np.ndenumerate(flat))


@given(structure)
@settings(max_examples=60)
def test_a_program_is_that_of_the_flat_list(x):
    numbers = [float(leaf) for leaf in leaves(x)]
    program = trace(spoiling, x)
    value, gradient = value_and_grad(of_flat)(numbers)
    for argument in (x, reordered(x)):
        assert program(argument) == value
        assert leaves(program.grad(argument)) == gradient
        assert_form(program.grad(argument), x)


# ---- Functions that change their argument -----------------------------------------------------


def doubling(x):
    x *= 2
    return np.sum(x**2)


def sorting(x):
    x.sort()
    return x[0] + 10 * x[1] + 100 * x[2]


def centering(x):
    x -= x.mean()
    return np.sum(x**3)


def reversing(x):
    x[:] = x[::-1].copy()
    return x[0] + 10 * x[1] + 100 * x[2]


def exponentials(x):
    np.exp(x, out=x)
    return x.sum()


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (doubling, [24.0, 8.0, 16.0]),
        (sorting, [100.0, 1.0, 10.0]),
        (centering, [0.0, 0.0, 0.0]),
        (reversing, [100.0, 10.0, 1.0]),
        (exponentials, [math.exp(3), math.exp(1), math.exp(2)]),
    ],
)
def test_a_function_may_change_its_array_in_place(f, expected):
    x = np.array([3.0, 1.0, 2.0])
    if f is centering:
        y = x - x.mean()
        expected = (3 * y**2 - np.mean(3 * y**2)).tolist()
    assert grad(f)(x).tolist() == pytest.approx(expected, rel=1e-14)
    assert value_and_grad(f)(x)[1].tolist() == pytest.approx(expected, rel=1e-14)
    assert jacobian(f)(x).tolist() == pytest.approx(expected, rel=1e-14)
    assert x.tolist() == [3.0, 1.0, 2.0]


def test_a_function_may_change_its_dict():
    def f(p):
        p["w"] = p["w"] * 2
        return p["w"] ** 2 * p.pop("b")

    parameters = {"w": 3.0, "b": 5.0}
    assert grad(f)(parameters) == {"w": 120.0, "b": 36.0}
    assert hessian(f)(parameters) == {"w": {"w": 40.0, "b": 24.0}, "b": {"w": 24.0, "b": 0.0}}
    assert parameters == {"w": 3.0, "b": 5.0}


# ---- Dicts ------------------------------------------------------------------------------------


def test_directions_go_by_key():
    def f(d):
        return d["a"] ** 2 * d["b"]

    point, direction = {"a": 2.0, "b": 3.0}, {"b": 0.0, "a": 1.0}
    assert hvp(f, (point,), (direction,)) == {"a": 6.0, "b": 4.0}
    assert jvp(f, (point,), (direction,))[1] == 12.0


@pytest.mark.parametrize(
    "x", [OrderedDict(b=1.0, a=2.0), defaultdict(float, b=1.0, a=2.0), {"b": 1.0, "a": 2.0}]
)
def test_the_gradient_in_a_dict_is_of_its_class(x):
    gradient = grad(lambda p: p["a"] * p["b"])(x)
    assert type(gradient) is type(x)
    assert list(gradient.items()) == [("b", 2.0), ("a", 1.0)]


# ---- Structures of results --------------------------------------------------------------------

X = np.array([2.0, 3.0])
EYE = [[1.0, 0.0], [0.0, 1.0]]


@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [
        (lambda x: (x * 2, x[0]), X, ([[2.0, 0.0], [0.0, 2.0]], [1.0, 0.0])),
        (lambda x: {"a": x[0] * x[1], "b": x}, X, {"a": [3.0, 2.0], "b": EYE}),
        (lambda a: [a, [a * a, a]], 3.0, [1.0, [6.0, 1.0]]),
        (lambda x: Pair(x[0], x[1] * 4), X, Pair([1.0, 0.0], [0.0, 4.0])),
        (lambda p: p["u"] * p["v"][0], {"u": 2.0, "v": X}, {"u": 2.0, "v": [2.0, 0.0]}),
        (lambda x: np.array(x) ** 2, 3.0, 6.0),
        (lambda x: [[x, 2 * x], [3 * x, 4 * x]], 1.0, [[1.0, 2.0], [3.0, 4.0]]),
        (lambda x: [], 1.0, []),
    ],
)
def test_the_jacobian_has_the_structure_of_the_result_and_then_of_the_argument(f, x, expected):
    def listed(part):
        if isinstance(part, dict):
            return {key: listed(x) for key, x in part.items()}
        if isinstance(part, Pair):
            return Pair(*map(listed, part))
        if isinstance(part, list | tuple):
            return type(part)(map(listed, part))
        return part.tolist() if isinstance(part, np.ndarray) else part

    assert listed(jacobian(f)(x)) == expected


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (None, "None of type NoneType"),
        ("text", "'text' of type str"),
        ({1.0}, "of type set"),
        ((x for x in [1.0]), "of type generator"),
        (map(abs, [1.0]), "of type map"),
        ([1.0, ["text"]], r"result\[1\]\[0\] is 'text'"),
        (np.array(["a"]), "array of <U1"),
        (1j, "of type complex"),
    ],
)
@pytest.mark.parametrize("derivative", [jacobian, lambda f: lambda x: jvp(f, (x,), (1.0,))])
def test_a_result_that_is_no_structure_of_numbers_is_an_error(derivative, result, message):
    with pytest.raises(TypeError, match=message):
        derivative(lambda x: result)(1.0)


def test_the_hessian_in_several_arguments_is_a_tuple_of_tuples():
    def f(x, y):
        return np.sum(x**2) * y**3

    found = hessian(f, (0, 1))(X, 2.0)
    assert [[np.shape(block) for block in row] for row in found] == [[(2, 2), (2,)], [(2,), ()]]
    np.testing.assert_array_equal(found[0][0], np.diag([16.0, 16.0]))
    np.testing.assert_array_equal(found[0][1], 2 * X * 12)
    np.testing.assert_array_equal(found[1][0], 2 * X * 12)
    assert found[1][1] == 13.0 * 12


def test_the_hessian_in_one_of_several_arguments_is_its_block():
    assert hessian(lambda x, y: x**2 * y**3, 1)(2.0, 3.0) == 4 * 18.0


# ---- What does not fit ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("primals", "tangents", "message"),
    [
        (
            (1.0, 2.0),
            ([1.0, 2.0], []),
            r"tangents\[0\] takes one real number, and got \[1\.0, 2\.0",
        ),
        ((1.0, 2.0), (1.0,), "there are 2 primals and 1 tangents"),
        (([1.0, 2.0],), ({"a": 1.0, "b": 2.0},), "takes a list of 2 items|takes a number"),
        (({"a": 1.0},), ({"b": 1.0},), r"takes the keys \['a'\], not \['b'\]"),
        (({"a": 1.0},), ([1.0],), "takes a dict"),
        ((X,), (np.ones(3),), r"takes an array of shape \(2,\), and got one of shape \(3,\)"),
        ((X,), (1.0,), r"takes an array of shape \(2,\), and got 1\.0"),
        ((1.0,), ("1",), "takes one real number, and got '1'"),
        (2.0, 1.0, r"primals are the arguments of the function in a tuple, such as \(x,\)"),
    ],
)
@pytest.mark.parametrize("derivative", [jvp, hvp])
def test_a_direction_of_another_structure_is_an_error(derivative, primals, tangents, message):
    with pytest.raises((TypeError, ValueError), match=message):
        derivative(lambda *args: 0.0, primals, tangents)


def test_a_direction_may_be_an_array_where_the_point_is_a_list_of_numbers():
    assert hvp(lambda x: x[0] ** 2 * x[1], ([2.0, 3.0],), (np.array([1.0, 0.0]),)) == [6.0, 4.0]


@pytest.mark.parametrize("argnums", ["b", 1.5, (0, "b"), None])
def test_argnums_that_are_no_positions_are_refused(argnums):
    with pytest.raises(TypeError, match="argnums"):
        grad(lambda x, y: x * y, argnums)(1.0, 2.0)


def test_an_error_names_the_place_in_the_structure():
    with pytest.raises(TypeError, match=r"argument 0\['layers'\]\[1\] is 'relu' of type str"):
        grad(lambda x: 0.0)({"layers": [1.0, "relu"]})


def test_a_result_in_an_array_without_dimensions_is_a_number():
    assert grad(lambda x: np.tensordot(x, x, 1))(np.ones(2)).tolist() == [2.0, 2.0]
    assert trace(lambda x: np.tensordot(x, x, 1), np.ones(2))(np.array([3.0, 4.0])) == 25.0


def test_a_number_without_dimensions_is_given_to_the_function_as_a_number():
    assert grad(lambda x: x if x > 0 else -x)(np.array(-2.0)) == -1.0
    assert isinstance(grad(lambda x: x)(np.array(2.0)), np.ndarray)


def test_gradients_of_values_in_structures_reach_the_values():
    weight = Value(2.0)
    gradient = grad(lambda p: weight * p["x"][0] ** 2)({"x": [3.0, 1.0]})
    gradient["x"][0].backward()
    assert weight.grad == 6.0
