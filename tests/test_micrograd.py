"""Programs written for micrograd, with no line changed beside the import."""

import math
import random

import numpy as np
import pytest

import autodiff
from autodiff import Value, derivative, edges, grad, topological_order

# ---- What micrograd's tests compute -----------------------------------------------------------


def test_an_expression_with_relu_has_micrograds_numbers():
    x = Value(-4.0)
    z = 2 * x + 2 + x
    q = z.relu() + z * x
    h = (z * z).relu()
    y = h + q + q * x
    y.backward()
    assert (y.data, x.grad) == (-20.0, 46.0)


def test_all_operators_together_have_the_derivatives_of_differences():
    def g(a, b):
        c = a + b
        d = a * b + b**3
        c = c + c + 1
        c = c + 1 + c + (-a)
        d = d + d * 2 + relu(b + a)
        d = d + 3 * d + relu(b - a)
        e = c - d
        f = e**2
        result = f / 2.0
        return result + 10.0 / f

    def relu(x):
        return x.relu() if isinstance(x, Value) else max(x, 0.0)

    a, b = Value(-4.0), Value(2.0)
    result = g(a, b)
    result.backward()
    assert f"{result.data:.4f}" == f"{g(-4.0, 2.0):.4f}" == "24.7041"
    assert (f"{a.grad:.4f}", f"{b.grad:.4f}") == ("138.8338", "645.5773")
    h = 1e-6
    assert a.grad == pytest.approx((g(-4 + h, 2.0) - g(-4 - h, 2.0)) / (2 * h), rel=1e-7)
    assert b.grad == pytest.approx((g(-4.0, 2 + h) - g(-4.0, 2 - h)) / (2 * h), rel=1e-7)


# ---- The demo: a network that learns ----------------------------------------------------------


class Neuron:
    def __init__(self, inputs, nonlinear=True):
        self.w = [Value(random.uniform(-1, 1)) for _ in range(inputs)]
        self.b = Value(0)
        self.nonlinear = nonlinear

    def __call__(self, x):
        activation = sum((wi * xi for wi, xi in zip(self.w, x, strict=True)), self.b)
        return activation.relu() if self.nonlinear else activation

    def parameters(self):
        return [*self.w, self.b]


class MLP:
    def __init__(self, inputs, sizes):
        widths = [inputs, *sizes]
        self.layers = [
            [Neuron(widths[i], nonlinear=i != len(sizes) - 1) for _ in range(size)]
            for i, size in enumerate(sizes)
        ]

    def __call__(self, x):
        for layer in self.layers:
            x = [neuron(x) for neuron in layer]
        return x[0]

    def parameters(self):
        return [p for layer in self.layers for neuron in layer for p in neuron.parameters()]

    def zero_grad(self):
        for p in self.parameters():
            p.grad = 0


def test_the_demos_training_steps_lower_its_loss():
    random.seed(1337)
    model = MLP(2, [8, 8, 1])
    points = [(math.cos(t), math.sin(t)) for t in np.linspace(0, math.pi, 10)]
    points += [(1 - math.cos(t), 0.5 - math.sin(t)) for t in np.linspace(0, math.pi, 10)]
    labels = [1] * 10 + [-1] * 10
    losses = []
    for step in range(25):
        scores = [model(list(map(Value, point))) for point in points]
        hinge = [(1 + -y * score).relu() for y, score in zip(labels, scores, strict=True)]
        data_loss = sum(hinge) * (1.0 / len(hinge))
        total_loss = data_loss + 1e-4 * sum(p * p for p in model.parameters())
        model.zero_grad()
        total_loss.backward()
        for p in model.parameters():
            p.data -= (1.0 - 0.9 * step / 25) * 0.3 * p.grad
        losses.append(total_loss.data)
    assert losses[-1] < 0.5 * losses[0]
    right = [(model(point) > 0) == (y > 0) for y, point in zip(labels, points, strict=True)]
    assert sum(right) >= 16


# ---- The lecture: a neuron by hand ------------------------------------------------------------


def neuron():
    x1, x2 = Value(2.0, "x1"), Value(0.0, "x2")
    w1, w2 = Value(-3.0, "w1"), Value(1.0, "w2")
    b = Value(6.8813735870195432, "b")
    x1w1, x2w2 = x1 * w1, x2 * w2
    both = x1w1 + x2w2
    n = both + b
    return n.tanh(), n, both, x1w1, x2w2, x1, x2, w1, w2


def test_backpropagation_by_hand_over_backward_of_each_node():
    o, n, both, x1w1, x2w2, x1, x2, w1, w2 = neuron()
    o.grad = 1.0
    for node in (o, n, both, x1w1, x2w2):
        node._backward()
    assert n.grad == pytest.approx(0.5)
    grads = [x.grad for x in (x1, w1, x2, w2)]
    assert grads == pytest.approx([-1.5, 1.0, 0.5, 0.0])


def test_backpropagation_by_a_traversal_over_prev():
    o, *_, x1, x2, w1, w2 = neuron()
    topo, visited = [], set()

    def build(v):
        if v not in visited:
            visited.add(v)
            for child in v._prev:
                build(child)
            topo.append(v)

    build(o)
    o.grad = 1.0
    for node in reversed(topo):
        node._backward()
    by_hand = [x.grad for x in (x1, w1, x2, w2)]
    o.zero_grad()
    o.backward()
    assert by_hand == [x.grad for x in (x1, w1, x2, w2)]


def test_backward_by_hand_adds_up_where_a_node_is_used_twice():
    a = Value(3.0)
    b = a + a
    b.grad = 1.0
    b._backward()
    assert a.grad == 2.0


# ---- Names ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("compute", "children", "operation"),
    [
        (lambda a, b: a * a, "aa", "*"),
        (lambda a, b: a + b, "ab", "+"),
        (lambda a, b: a**3, "a", "**"),
        (lambda a, b: a**b, "ab", "**"),
        (lambda a, b: a.relu(), "a", "relu"),
        (lambda a, b: a.tanh(), "a", "tanh"),
        (lambda a, b: a, "", ""),
    ],
)
def test_prev_and_op_tell_how_a_node_was_computed(compute, children, operation):
    node = compute(Value(2.0, "a"), Value(3.0, "b"))
    assert "".join(child.label for child in node._prev) == children
    assert node._op == operation


def test_plain_numbers_beside_a_value_are_among_its_children():
    node = Value(2.0) * 3
    assert [child.data for child in node._prev] == [2.0, 3]
    assert [child._op for child in node._prev] == ["", ""]


@pytest.mark.parametrize("name", ["_prev", "_op"])
def test_how_a_node_was_computed_cannot_be_assigned(name):
    with pytest.raises(AttributeError):
        setattr(Value(2.0), name, ())


def test_an_operation_of_ones_own_by_a_closure_is_refused_with_the_way():
    out = Value(2.0)
    with pytest.raises(AttributeError, match=r"@autodiff\.operation"):
        out._backward = lambda: None


@pytest.mark.parametrize(
    "make",
    [
        lambda: Value(2.0, (), ""),
        lambda: Value(2.0, ()),
        lambda: Value(2.0, _children=(), _op=""),
        lambda: Value(2.0, set(), _op=""),
    ],
)
def test_the_constructor_takes_micrograds_empty_arguments(make):
    value = make()
    assert (value.data, value.label, value.operands) == (2.0, None, ())


@pytest.mark.parametrize(
    "make",
    [
        lambda a: Value(2.0, (a,), "+"),
        lambda a: Value(2.0, _children=(a,)),
        lambda a: Value(2.0, (), "+"),
    ],
)
def test_a_node_given_by_its_children_is_refused_with_the_way(make):
    with pytest.raises(TypeError, match=r"recorded, not given.*@autodiff\.operation"):
        make(Value(1.0))


def test_a_value_as_text_is_what_str_says():
    x = Value(0.25, "x")
    assert f"{x}" == str(x) == "Value(0.25, label='x')"
    (x * x).backward()
    assert f"{x}" == "Value(0.25, label='x', grad=0.5)"
    assert f"{x:.3f}" == "0.250"


# ---- Listing a graph --------------------------------------------------------------------------


def test_nodes_and_edges_of_a_graph_can_be_listed():
    x = Value(2.0, "x")
    y = (x * x).labeled("y")
    z = y + 1
    operations = [node.operation for node in topological_order(z)]
    assert operations[:2] == ["+", "*"]
    assert set(operations[2:]) == {"constant", None}
    named = [(operand.label, result.operation) for operand, result in edges(z)]
    assert named == [("y", "+"), (None, "+"), ("x", "*"), ("x", "*")]


def test_a_set_tells_nodes_of_equal_number_apart_and_a_list_does_not():
    """`in` on a list compares numbers, on a set it goes by the object."""
    a, b = Value(2.0), Value(2.0)
    assert b in [a]
    assert b not in {a}
    assert len(set(topological_order(a * b))) == 3


# ---- Attributes of one's own ------------------------------------------------------------------


@pytest.mark.parametrize("name", ["m", "v", "momentum", "velocity"])
def test_an_attribute_of_an_optimizer_is_refused_with_the_way(name):
    with pytest.raises(AttributeError, match="derive a class from Value"):
        setattr(Value(1.0), name, 0.0)


def test_a_class_derived_from_value_takes_attributes():
    class Parameter(Value):
        pass

    p = Parameter(1.0)
    p.momentum = 0.5
    (p * 3).backward()
    assert (p.grad, p.momentum) == (3.0, 0.5)
    assert type(p * 3) is Value


# ---- Coming from HIPS autograd ----------------------------------------------------------------

XS = np.linspace(-2, 2, 7)


@pytest.mark.parametrize(
    "f",
    [
        autodiff.tanh,
        lambda x: x**3 - 2 * x,
        lambda x: x * x if x > 0 else -x,
        lambda x: np.sin(x) * x,
        lambda x: 3.0,
        lambda x: autodiff.where(x > 0, x, x * x),
    ],
)
@pytest.mark.parametrize("order", [0, 1, 2])
def test_the_derivative_at_an_array_is_taken_element_by_element(f, order):
    one = derivative(f, order)
    expected = [float(one(x)) for x in XS.tolist()]
    np.testing.assert_allclose(one(XS), expected, rtol=1e-13, atol=1e-15)
    assert one(XS.reshape(7, 1)).shape == (7, 1)


def test_the_derivative_at_an_array_of_fractions_is_exact():
    from fractions import Fraction

    xs = np.array([Fraction(1, 3), Fraction(1, 2)])
    assert derivative(lambda x: x**3)(xs).tolist() == [Fraction(1, 3), Fraction(3, 4)]


def test_the_derivative_at_an_array_takes_the_other_arguments_along():
    assert derivative(lambda x, n, scale=1: scale * x**n)(XS, 2, scale=3).tolist() == [
        6 * x for x in XS
    ]
    assert derivative(autodiff.sin)(np.zeros(0)).shape == (0,)


def test_a_domain_error_at_one_element_is_that_error():
    with pytest.raises(ValueError, match=r"math domain|expected a"):
        derivative(lambda x: autodiff.log(x) if x else x)(np.array([1.0, 0.0, -1.0]))


def test_grad_of_a_function_of_an_array_is_not_elementwise():
    assert grad(np.sum)(XS).tolist() == [1.0] * 7
