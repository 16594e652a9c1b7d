"""The layout: what a picture shows, as data."""

import json
import subprocess
import sys

import pytest

import autodiff
from autodiff import Value
from autodiff.drawing import dot
from autodiff.drawing.layout import _colour, layout_of
from autodiff.drawing.tree import tree

DEFAULTS = {
    "direction": "LR", "number_format": ".4g", "grads": "all", "partials": False, "source": None,
    "highlight": None, "limit": 150,
}  # fmt: skip


def laid_out(root, **options):
    return layout_of(root, **(DEFAULTS | options))


def node_of(layout, label):
    [found] = [node for node in layout.nodes if node.text.startswith(f"{label} =")]
    return found


@pytest.fixture
def error():
    weight, goal = Value(0.5, "weight"), Value(0.8, "goal_pred")
    pred = (Value(0.5, "input") * weight).labeled("pred")
    error = (((pred - goal).labeled("delta")) ** 2).labeled("error")
    error.backward()
    return error


def long_chain():
    """The result of a chain that is long enough to be folded."""
    root = x = Value(0.5, "x")
    for _ in range(50):
        root = autodiff.tanh(root * x) + 1.0
    root.backward()
    return root


def test_a_layout_is_plain_data(error):
    for layout in (laid_out(error, highlight=error), laid_out(long_chain(), limit=8)):
        nodes, edges, *_ = json.loads(json.dumps(layout))
        assert [tuple(edge) for edge in edges] == layout.edges
        assert [tuple(node) for node in nodes] == layout.nodes


def test_a_variable_has_its_texts_its_colour_and_its_operation(error):
    delta = node_of(laid_out(error), "delta")
    assert (delta.kind, delta.text) == ("variable", "delta = -0.55\ngrad -1.1")
    assert delta.tooltip.startswith("delta\nnumber -0.55")
    assert delta.tooltip.endswith("pred - goal_pred")
    assert delta.colour == "#f59a3c"
    assert (delta.operation, delta.formula) == ("-", "pred - goal_pred")


def luminance(colour):
    """The relative luminance of WCAG 2."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(weight * p for weight, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(text, ground):
    """The contrast of two colours by WCAG 2: 4.5 is what small text takes."""
    darker, lighter = sorted(
        luminance(colour.replace("white", "#ffffff")) for colour in (text, ground)
    )
    return (lighter + 0.05) / (darker + 0.05)


def test_the_contrast_of_black_on_white_is_21():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("sign", [-1, 1])
def test_text_is_read_on_the_colour_of_every_derivative(sign):
    for step in range(101):
        assert contrast(dot._INK, _colour(sign * step / 100, 1.0)) >= 4.5


@pytest.mark.parametrize(
    ("text", "ground"),
    [
        (dot._INK, _colour(float("nan"), 1.0)),
        (dot._INK, dot._NODES["folded"]["fillcolor"]),
        (dot._QUIET, "white"),
    ],
)
def test_all_other_text_is_read(text, ground):
    assert contrast(text, ground) >= 4.5


@pytest.mark.parametrize(
    ("label", "kind"), [("error", "variable"), ("pred", "cut"), ("goal_pred", "leaf")]
)
def test_the_kind_of_a_node_says_how_it_came_about(error, label, kind):
    delta = error.operands[0]
    layout = laid_out(error, source=delta.operands[0])
    node = node_of(layout, label)
    assert node.kind == kind
    assert (node.operation is not None) == (kind == "variable")


def test_the_result_comes_first(error):
    first, *others = laid_out(error).nodes
    assert first.is_result
    assert first.text.startswith("error")
    assert not any(node.is_result for node in others)


@pytest.mark.parametrize("limit", [4, 8, 150])
def test_every_edge_leads_from_a_node_to_an_operation_or_a_folded_node(limit):
    layout = laid_out(long_chain(), limit=limit)
    nodes = {node.name: node for node in layout.nodes}
    assert len(nodes) == len(layout.nodes) <= limit
    assert layout.edges
    for edge in layout.edges:
        head = nodes[edge.head]
        assert edge.tail in nodes
        assert (head.operation is None) == (head.kind == "folded")


def test_the_kind_of_an_edge_says_what_passes():
    x = Value(2.5, "x")
    layout = laid_out((x * 3.0) + autodiff.floor(x), partials=True)
    passing = [(edge.kind, edge.text) for edge in layout.edges]
    assert sorted(passing, key=str) == [
        ("constant", None),
        ("derivative", "1"),
        ("derivative", "1"),
        ("derivative", "3"),
        ("independent", None),
    ]


def test_many_edges_are_one_with_their_number():
    x = Value(1.0, "x")
    [edge] = laid_out(autodiff.total([x] * 9)).edges
    assert (edge.kind, edge.text) == ("many", "9 edges")


def test_an_operation_of_ones_own_that_bears_the_name_of_another_is_a_call():
    @autodiff.operation(name="neg")
    def difference(a, b):
        return a - b, 1, -1

    root = difference(Value(3.0, "a"), Value(2.0, "b"))
    assert laid_out(root).nodes[0].formula == "neg(a, b)"
    assert tree(root).startswith("#1 = neg(a, b) = 1")


def test_a_layout_and_a_tree_take_no_graphviz():
    code = (
        "import sys, autodiff.drawing.layout; from autodiff import Value, tree; tree(Value(2.0));"
        "Value(2.0)._repr_mimebundle_(); assert 'graphviz' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
