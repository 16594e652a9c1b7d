"""The computation graph as a picture, as text and in a notebook."""

import gc
import importlib.metadata
import random
import re
import stat
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter
from fractions import Fraction
from pathlib import Path

import graphviz
import pytest
from graphviz.backend import dot_command

import autodiff
from autodiff import Value
from autodiff.drawing import LIMIT, draw, mimebundle
from autodiff.drawing.rendering import RendererNotFoundError
from autodiff.drawing.tree import tree

SVG = "{http://www.w3.org/2000/svg}"
ODD_LABELS = [
    "a{b}|c<d>",
    "<b>bold</b>",
    'say "hi"',
    "back\\slash \\N \\n end\\",
    "&amp; & &lt;",
    "ω ∂ 数",
    "a  b",
    "x:y:z",
    "<>",
    "node",
]


# ---- Reading a picture ------------------------------------------------------------------------


def boxes(picture):
    """The statements of all nodes, by name."""
    nodes = [line for line in picture.body if re.match(r"\t\w+ \[", line)]
    return {line.split()[0]: line for line in nodes}


def variables(picture):
    return [line for name, line in boxes(picture).items() if not name.endswith("_operation")]


def box(picture, text):
    """The one variable whose label begins with a text."""
    begins = re.compile(rf'label="?{re.escape(text)}')
    [found] = [line for line in variables(picture) if begins.search(line)]
    return found


def name(picture, text):
    return box(picture, text).split()[0]


def edges(picture):
    """Tail, head and statement of every edge."""
    parts = [re.match(r"\t(\S+) -> (\S+)(.*)", line, re.DOTALL) for line in picture.body]
    return [part.groups() for part in parts if part]


def edges_to(picture, text):
    """The edges into the operation that a variable is the result of."""
    end = f"{name(picture, text)}_operation"
    return [edge for edge in edges(picture) if edge[1] == end]


def texts(picture):
    """All lines of text in the rendered picture."""
    svg = ElementTree.fromstring(picture.pipe("svg"))
    return [(element.text or "").replace("\xa0", " ") for element in svg.iter(f"{SVG}text")]


def tooltips(picture):
    svg = ElementTree.fromstring(picture.pipe("svg"))
    titles = [e.get("{http://www.w3.org/1999/xlink}title") for e in svg.iter(f"{SVG}a")]
    return [title.replace("\xa0", " ") for title in titles]


def assert_acyclic(picture):
    arrows = {(tail, head) for tail, head, _ in edges(picture)}
    left = set(boxes(picture))
    while left:
        ends = {head for tail, head in arrows if tail in left}
        assert not left <= ends, "the picture has a cycle"
        left &= ends


@pytest.fixture
def chapter():
    """The error of the network with one weight."""
    weight, goal = Value(0.5, "weight"), Value(0.8, "goal_pred")
    pred = (Value(0.5, "input") * weight).labeled("pred")
    delta = (pred - goal).labeled("delta")
    return {"weight": weight, "pred": pred, "delta": delta, "error": (delta**2).labeled("error")}


@pytest.fixture
def error(chapter):
    chapter["error"].backward()
    return chapter["error"]


# ---- Nodes and edges --------------------------------------------------------------------------


def test_a_picture_is_a_graphviz_digraph(error):
    picture = draw(error)
    assert isinstance(picture, graphviz.Digraph)
    picture.attr(bgcolor="pink")
    with picture.subgraph(name="cluster") as cluster:
        cluster.node("mine")
    assert "pink" in picture.source
    assert "mine" in picture.source


def test_a_variable_has_its_label_its_number_and_its_derivative(error):
    picture = draw(error)
    assert 'label="weight = 0.5\ngrad -0.55"' in box(picture, "weight")
    assert 'label="pred = 0.25\ngrad -1.1"' in box(picture, "pred")


def test_an_unlabelled_variable_has_its_number():
    assert "2.5" in texts(draw(Value(2.5)))


def operations(picture):
    """What the round nodes say."""
    lines = [line for n, line in boxes(picture).items() if n.endswith("_operation")]
    assert all("shape=ellipse" in line for line in lines)
    return [re.search(r'label="(.*?)"', line)[1] for line in lines]


def test_every_operation_has_a_round_node(error):
    assert operations(draw(error)) == ["delta ** 2", "pred - goal_pred", "input * weight"]


@pytest.mark.parametrize(
    ("operation", "written"),
    [
        (lambda x, y: x**y, "x ** y"),
        (lambda x, y: y**x, "y ** x"),
        (lambda x, y: x - y, "x - y"),
        (lambda x, y: y - x, "y - x"),
        (lambda x, y: x / y, "x / y"),
        (lambda x, y: 2 / x, "2 / x"),
        (lambda x, y: autodiff.arctan2(y, x), "arctan2(y, x)"),
        (lambda x, y: autodiff.where(x > 2, y, x), "where(True, y, x)"),
        (lambda x, y: Value(-2.0) ** Value(-1.0), "(-2) ** -1"),
    ],
)
def test_an_operation_is_written_with_its_operands_in_their_order(operation, written):
    assert operations(draw(operation(Value(3.0, "x"), Value(2.0, "y"))))[0] == written


def test_edges_lead_from_the_operands_through_the_operation_to_the_result(error):
    picture = draw(error)
    tails = [tail for tail, _, _ in edges_to(picture, "delta")]
    assert tails == [name(picture, "pred"), name(picture, "goal_pred")]
    delta = name(picture, "delta")
    assert (f"{delta}_operation", delta) in [(tail, head) for tail, head, _ in edges(picture)]


@pytest.mark.parametrize("times", [2, 3])
def test_all_edges_of_an_operand_that_is_used_several_times_are_drawn(times):
    x = Value(3.0, "x")
    total = autodiff.total([x] * times).labeled("sum")
    assert len(edges_to(draw(total), "sum")) == times


def test_both_edges_of_a_times_a_are_rendered():
    a = Value(3.0, "a")
    svg = ElementTree.fromstring(draw(a * a).pipe("svg"))
    assert len([g for g in svg.iter(f"{SVG}g") if g.get("class") == "edge"]) == 3


def test_a_shared_variable_is_drawn_once():
    x = Value(2.0, "x")
    assert len(variables(draw(x * x + x))) == 3


def test_leaves_constants_and_the_result_look_different():
    root = (Value(2.0, "leaf") * 3.0 + 1.0).labeled("root")
    picture = draw(root)
    middle = next(line for line in variables(picture) if re.search(r"label=6\D", line))
    constant = next(line for line in variables(picture) if re.search(r"label=3\D", line))
    assert "rounded" in box(picture, "leaf")
    assert "plaintext" in constant
    assert "peripheries=2" in box(picture, "root")
    assert not any(word in middle for word in ("rounded", "plaintext", "peripheries"))


def test_a_constant_shows_no_derivative():
    root = Value(2.0, "x") * 3.0
    root.backward()
    [constant] = [line for line in variables(draw(root)) if "plaintext" in line]
    assert "grad" not in constant


def test_what_is_drawn_is_the_same_each_time(error):
    assert draw(error).source == draw(error).source


def test_only_a_value_is_drawn():
    with pytest.raises(TypeError, match="graph of a Value, and got 3"):
        draw(3)


# ---- Derivatives and colours ------------------------------------------------------------------


def colour(line):
    found = re.search(r'fillcolor="#(..)(..)(..)"', line)
    return [int(part, 16) for part in found.groups()] if found else [255, 255, 255]


def test_without_backward_the_picture_says_so_and_shows_no_derivative(chapter):
    picture = draw(chapter["error"])
    assert "backward() has not run" in picture.source
    assert not any("grad " in line or "fillcolor" in line for line in picture.body)


def test_a_derivative_that_is_zero_is_shown_after_backward():
    x = Value(0.0, "x")
    root = x * x
    root.backward()
    assert "grad 0" in box(draw(root), "x")


def test_the_inputs_of_a_layer_stand_in_one_column():
    weights, inputs = ([Value(0.5, f"{name}{i}") for i in range(4)] for name in "wx")
    root = Value(0.1, "bias")
    for weight, x in zip(weights, inputs, strict=True):
        root = root + weight * x
    svg = ElementTree.fromstring(draw(root).pipe("svg"))
    places = {t.text.split()[0]: float(t.get("x")) for t in svg.iter(f"{SVG}text") if t.text}
    assert len({places[f"{name}{i}"] for name in "wx" for i in range(4)}) == 1


def test_the_hue_tells_the_sign():
    a, b = Value(2.0, "a"), Value(3.0, "b")
    root = a - b
    root.backward()
    picture = draw(root)
    red, _, blue = colour(box(picture, "a"))
    assert blue > red
    red, _, blue = colour(box(picture, "b"))
    assert red > blue


def test_the_depth_tells_the_size():
    leaves = [Value(1.0, label) for label in ("small", "medium", "large")]
    root = leaves[0] * 1e-9 + leaves[1] * 10.0 + leaves[2] * 100.0
    root.backward()
    picture = draw(root)
    small, medium, large = [sum(colour(box(picture, leaf.label))) for leaf in leaves]
    assert 3 * 255 > small > medium > large


def test_the_result_s_own_1_makes_no_other_derivative_pale():
    x = Value(1.0, "x")
    root = x * 1e-6
    root.backward()
    assert colour(box(draw(root), "x")) == [0x5C, 0xA4, 0xDC]


@pytest.mark.parametrize(
    "grad",
    [float("inf"), float("-inf"), float("nan"), -(10**400), 0.0],
    ids=["inf", "-inf", "nan", "long", "zero"],
)
def test_every_derivative_has_a_colour(grad):
    x = Value(1.0, "x")
    root = -x
    root.backward()
    x.grad = grad
    assert "fillcolor" in box(draw(root), "x")


def test_the_derivatives_of_leaves_alone_can_be_shown(error):
    picture = draw(error, grads="leaves")
    assert "grad" in box(picture, "weight").split("tooltip")[0]
    assert "grad" not in box(picture, "pred").split("tooltip")[0]


def test_derivatives_can_be_left_out(error):
    picture = draw(error, grads="none")
    assert not any("grad" in line.split("tooltip")[0] for line in picture.body)


def test_tooltips_carry_all_digits():
    x = Value(1 / 3, "x")
    root = x * x
    root.backward()
    [tip] = [tip for tip in tooltips(draw(root)) if tip.startswith("x\n")]
    assert f"number {1 / 3!r}" in tip
    assert f"grad {2 / 3!r}" in tip


def test_an_edge_tells_the_chain_rule(error):
    [tip] = [tip for tip in tooltips(draw(error)) if "* in weight" in tip]
    assert "local derivative of * in weight: 0.5" in tip
    assert "-1.1 * 0.5 = -0.55, a part of the grad of weight" in tip


def test_an_edge_tells_the_factors_where_their_product_is_not_defined():
    x = Value(2.0, "x")
    root = x * 3.0
    root.grad = "no number"
    assert any("no number * 3.0, a part of" in tip for tip in tooltips(draw(root)))


def test_an_edge_tells_its_local_derivative_before_backward(chapter):
    [tip] = [tip for tip in tooltips(draw(chapter["error"])) if "* in weight" in tip]
    assert tip == "local derivative of * in weight: 0.5"


def test_local_derivatives_can_be_written_on_the_edges(error):
    [edge] = edges_to(draw(error, partials=True), "error")[:1]
    assert 'label="-1.1"' in edge[2] or "label=-1.1" in edge[2]
    assert "label" not in edges_to(draw(error), "error")[0][2]


def test_the_chain_rule_can_be_worked_out_on_the_edges(error):
    picture = draw(error, chain_rule=True)
    products = [re.search(r'label="(.*?)"', edge[2])[1] for edge in edges_to(picture, "delta")]
    assert products == ["-1.1 * 1 = -1.1", "-1.1 * -1 = 1.1"]


def shared():
    a, b = Value(3.0, "a"), Value(1.0, "b")
    return {"a": a, "b": b, "y": (a * a + a * b + b - a).labeled("y")}


def test_where_parts_meet_the_chain_rule_adds_them_up():
    nodes = shared()
    nodes["y"].backward()
    picture = draw(nodes["y"], chain_rule=True)
    assert "grad -1 + 1 + 3 + 3 = 6" in box(picture, "a")
    assert "grad 1 + 3 = 4" in box(picture, "b")


def test_the_ways_to_a_highlighted_variable_are_multiplied_and_added_up(chapter, error):
    one = draw(error, chain_rule=True, highlight=chapter["weight"])
    assert "derivative of error in weight: -1.1 * 1 * 0.5 = -0.55" in one.source
    nodes = shared()
    two = draw(nodes["y"], chain_rule=True, highlight=nodes["b"])
    assert "in b: 1 * 1\n" not in two.source
    assert (
        "in b: 1 * 1 = 1\nderivative of y in b: 1 * 1 * 1 * 3 = 3\ntogether: 1 + 3 = 4"
        in two.source
    )


def often_used(x):
    return autodiff.total([x] * 5)


def far_away(x):
    for _ in range(9):
        x = -x
    return x


@pytest.mark.parametrize("build", [often_used, far_away])
def test_of_many_ways_or_long_ones_none_is_written_down(build):
    x = Value(2.0, "x")
    picture = draw(build(x).labeled("y"), chain_rule=True, highlight=x)
    assert "derivative of y in x" not in picture.source


@pytest.mark.parametrize("label", ODD_LABELS)
def test_a_label_below_the_picture_is_rendered_as_typed(label):
    x = Value(2.0, label)
    root = (x * 3.0).labeled("y")
    name = " ".join(label.split())
    assert f"derivative of y in {name}: 3" in texts(draw(root, chain_rule=True, highlight=x))


def test_no_sum_is_written_that_is_not_the_derivative():
    nodes = shared()
    nodes["y"].backward()
    nodes["y"].backward()
    assert "grad 12" in box(draw(nodes["y"], chain_rule=True), "a")


def test_before_backward_the_chain_rule_shows_local_derivatives(chapter):
    [edge, _] = edges_to(draw(chapter["error"], chain_rule=True), "delta")
    assert "label=1" in edge[2]


def test_the_chain_rule_is_worked_out_in_formulas():
    sympy = pytest.importorskip("sympy")
    x = Value(sympy.Symbol("w"), "x")
    root = x * x
    root.backward()
    assert "grad w + w = 2*w" in draw(root, chain_rule=True).source


def test_an_edge_that_passes_no_derivative_is_dashed():
    x = Value(2.5, "x")
    picture = draw(autodiff.floor(x).labeled("floor"))
    [edge] = edges_to(picture, "floor =")
    assert "style=dashed" in edge[2]
    assert "does not depend on x" in edge[2]


# ---- Numbers and labels -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1 / 3, "0.3333"),
        (Fraction(1, 3), "1/3"),
        (1234567, "1234567"),
        (1e300, "1e+300"),
        (float("nan"), "nan"),
        (Value(Value(0.25)), "0.25"),
        (10**40, "1000000000000000000000000000000…"),
        (10**5000, "a number of type int, too long …"),
    ],
    ids=["float", "Fraction", "int", "large", "nan", "nested", "long", "too long"],
)
def test_numbers_are_written_by_their_kind(number, text):
    assert f"x = {text}" in draw(Value(number, "x")).source


def test_formulas_are_written_as_they_are():
    sympy = pytest.importorskip("sympy")
    w = sympy.Symbol("w")
    root = Value(w, "weight") ** 2
    root.backward()
    assert "weight = w\ngrad 2*w" in draw(root).source


def test_numbers_of_other_packages_take_the_format():
    numpy, mpmath = pytest.importorskip("numpy"), pytest.importorskip("mpmath")
    assert "x = 0.3333" in draw(Value(numpy.float32(1 / 3), "x")).source
    assert "x = 0.333" in draw(Value(mpmath.mpf(1) / 3, "x")).source


def test_the_number_format_can_be_a_specification():
    assert "x = 0.33" in texts(draw(Value(1 / 3, "x"), number_format=".2f"))


def test_the_number_format_can_be_a_function():
    assert "x = <2.0>" in draw(Value(2.0, "x"), number_format=lambda n: f"<{n}>").source


def test_a_wrong_number_format_is_an_error():
    with pytest.raises(ValueError, match=r"[Ff]ormat"):
        draw(Value(2.0), number_format="wrong")


@pytest.mark.parametrize("label", ODD_LABELS)
def test_a_label_is_rendered_as_typed(label):
    assert f"{label} = 2" in texts(draw(Value(2.0, label)))


@pytest.mark.parametrize("label", ODD_LABELS)
def test_a_label_is_shown_as_typed_in_the_tooltip(label):
    [tip] = tooltips(draw(Value(2.0, label)))
    assert tip.split("\n")[0] == label


def test_a_long_label_is_cut_in_the_picture_and_whole_in_the_tooltip():
    label = "the temperature of the water in the second tank"
    picture = draw(Value(3.0, label) ** 2)
    assert "the temperature of the water in… = 3" in texts(picture)
    assert "the temperature… ** 2" in texts(picture)
    assert any(label in tip.split("\n")[0] for tip in tooltips(picture))


def test_a_label_of_two_lines_has_two_lines():
    assert texts(draw(Value(2.0, "two\nlines")))[-2:] == ["two", "lines = 2"]


def test_what_no_picture_can_show_is_replaced():
    assert "a\ufffdb = 2" in texts(draw(Value(2.0, "a\x00b")))


# ---- Options ----------------------------------------------------------------------------------


@pytest.mark.parametrize("direction", ["LR", "RL", "TB", "BT"])
def test_the_direction_can_be_chosen(error, direction):
    assert f"rankdir={direction}" in draw(error, direction=direction).source


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"direction": "up"}, "direction is 'LR'"),
        ({"grads": "some"}, "grads is 'all'"),
        ({"limit": 3}, "limit is at least 4"),
    ],
)
def test_a_wrong_option_is_an_error(error, options, message):
    with pytest.raises(ValueError, match=message):
        draw(error, **options)


def test_a_part_between_two_values_can_be_drawn(chapter, error):
    picture = draw(error, source=chapter["delta"])
    labels = [re.search(r'label="?(\w+)', line)[1] for line in variables(picture)]
    assert labels == ["error", "delta", "2"]
    assert "dashed" in box(picture, "delta")


def test_the_other_operands_on_the_way_are_drawn_and_go_no_further(chapter):
    other = (Value(1.0, "deep") + 1.0).labeled("other")
    root = chapter["delta"] * other
    picture = draw(root, source=chapter["pred"])
    assert "dashed" in box(picture, "other")
    assert "deep =" not in picture.source


def test_a_part_from_a_value_that_was_not_used_is_an_error(error):
    with pytest.raises(ValueError, match="was not computed from"):
        draw(error, source=Value(1.0, "stranger"))


def emphasized(picture):
    return {line.split("=")[1].strip('" ') for line in picture.body if "penwidth=2.5" in line}


def test_all_ways_from_a_value_can_be_highlighted(chapter, error):
    picture = draw(error, highlight=chapter["weight"])
    assert emphasized(picture) == {"weight", "pred", "delta", "error"}
    assert len([edge for edge in edges(picture) if "penwidth" in edge[2]]) == 6


def test_a_path_of_several_values_can_be_highlighted(chapter, error):
    picture = draw(error, highlight=(chapter[n] for n in ("pred", "delta")))
    assert emphasized(picture) == {"pred", "delta"}
    assert len([edge for edge in edges(picture) if "penwidth" in edge[2]]) == 2


def test_highlighting_what_is_not_in_the_graph_is_an_error(error):
    with pytest.raises(ValueError, match="stranger"):
        draw(error, highlight=[Value(1.0, "stranger")])


# ---- Folding ----------------------------------------------------------------------------------


def layers(widths):
    """A network of tanh layers; inputs have labels, weights have none."""
    values = [Value(0.1 * i, f"x{i}") for i in range(widths[0])]
    for width in widths[1:]:
        weights = [[Value(0.1) for _ in values] for _ in range(width)]
        values = [autodiff.tanh(autodiff.dot(row, values)) for row in weights]
    return autodiff.total(values).labeled("loss")


def counts(picture):
    """What the folded boxes say that they hold, together."""
    held = Counter()
    for line in picture.body:
        if "box3d" in line:
            for number, kind in re.findall(r"([\d,]+) (\w+)", line.split("tooltip")[1], re.M):
                held[kind] += int(number.replace(",", ""))
    return held


def chain(length):
    gc.disable()
    x = Value(0.999, "x")
    root = x
    for _ in range(length // 2):
        root = -(root * x)
    gc.enable()
    return root


def wide(size):
    gc.disable()
    weight = Value(0.5, "weight")
    root = autodiff.total([Value(1.0) * weight for _ in range(size // 2)])
    gc.enable()
    return root


def test_a_graph_at_the_limit_is_drawn_whole():
    root = chain(LIMIT - 2)
    assert len(variables(draw(root))) == LIMIT - 1
    assert "folded" not in draw(root).source


def test_a_graph_above_the_limit_is_folded_and_the_caption_says_so():
    picture = draw(chain(LIMIT))
    assert f"{LIMIT + 1} nodes, {LIMIT - 2} of them folded into 1 box" in picture.source


def test_the_limit_can_be_changed(error):
    assert "folded" in draw(error, limit=4).source
    assert len(variables(draw(error, limit=4))) <= 4


def test_every_node_is_counted_once():
    root = layers([3, 8, 8, 8])
    picture = draw(root)
    singles = len(variables(picture)) - picture.source.count("box3d")
    assert counts(picture)["nodes"] + singles == len(autodiff.graph.topological_order(root))


def test_a_folded_box_counts_its_operations():
    held = counts(draw(layers([3, 20, 20, 20])))
    assert held["dot"] == held["tanh"] == 60
    assert held["leaves"] == 60 + 400 + 400


def test_a_folded_box_of_many_operations_names_the_commonest():
    functions = ["sin", "cos", "tanh", "arctan", "sigmoid", "softplus", "square", "erf", "sinh"]
    root = Value(0.1, "x")
    for step in range(900):
        root = getattr(autodiff, functions[step % 9])(root)
    picture = draw(root, limit=10)
    assert "more operations" in picture.source
    assert len(variables(picture)) <= 10


def test_each_layer_is_one_stage():
    picture = draw(layers([3, 20, 20, 20]))
    folded = [line for line in variables(picture) if "box3d" in line]
    assert len(folded) == 6
    assert_acyclic(picture)


def test_layers_that_repeat_beyond_the_limit_become_one():
    picture = draw(layers([3] + [4] * 200), limit=60)
    folded = [line for line in variables(picture) if "box3d" in line]
    assert len(folded) == 1


def test_labelled_nodes_and_the_result_stay_visible():
    picture = draw(layers([3, 20, 20, 20]))
    for label in ("x0", "x1", "x2", "loss"):
        assert f"{label} =" in picture.source


def test_a_labelled_node_in_the_middle_parts_the_stages():
    x = Value(1.0, "x")
    root = x
    for step in range(400):
        root = (-root).labeled("middle" if step == 200 else None)
    picture = draw(root)
    assert box(picture, "middle")
    assert re.findall(r'label="(\d+) nodes', picture.source) == ["198", "200"]
    assert_acyclic(picture)


def labelled_layers(has_labels):
    """A 2-16-16-1 network of tanh, its sums written out."""
    signals = [Value(0.1, "x0"), Value(0.2, "x1")]
    for layer, width in enumerate((16, 16, 1)):
        inputs, signals = signals, []
        for i in range(width):
            total = Value(0.1, f"bias {layer}.{i}" if has_labels else None)
            for j, x in enumerate(inputs):
                total += Value(0.1, f"weight {layer}.{i}.{j}" if has_labels else None) * x
            signals.append(autodiff.tanh(total))
    return signals[0].labeled("out")


def test_a_network_of_labelled_weights_folds_to_its_layers_like_an_unlabelled_one():
    labelled, bare = (draw(labelled_layers(has_labels)) for has_labels in (True, False))
    assert counts(labelled)["nodes"] == counts(bare)["nodes"] > 900
    assert len(variables(labelled)) == len(variables(bare))
    assert "x0 = 0.1" in labelled.source


def test_labels_beyond_the_limit_are_folded_and_counted():
    leaves = [Value(1.0, f"x{i}") for i in range(1000)]
    picture = draw(autodiff.total(leaves))
    assert len(variables(picture)) <= LIMIT
    assert "of them labelled" in picture.source


def test_a_highlighted_node_stays_visible():
    leaves = [Value(1.0, f"x{i}") for i in range(1000)]
    picture = draw(autodiff.total(leaves), highlight=leaves[777])
    assert "penwidth=2.5" in box(picture, "x777 ")


def test_edges_between_folded_boxes_are_counted():
    picture = draw(layers([3, 20, 20, 20]))
    assert "400 edges" in picture.source


def test_a_folded_box_tells_the_range_of_its_derivatives():
    root = layers([3, 20, 20, 20])
    root.backward()
    folded = [line for line in variables(draw(root)) if "box3d" in line]
    assert all("grad " in line for line in folded)


def test_a_folded_box_tells_that_a_derivative_is_nan():
    root = layers([3, 20, 20, 20])
    root.backward()
    root.operands[0].grad = float("nan")
    assert draw(root).source.count("nan among the grads") == 2  # in a label and in its tooltip


def test_very_many_edges_between_two_nodes_are_one():
    x = Value(1.0, "x")
    picture = draw(autodiff.total([x] * 100_000).labeled("total"))
    [edge] = edges_to(picture, "total = ")
    assert "100,000 edges" in edge[2]


@pytest.mark.parametrize("limit", [4, 5, 10, 50, 150])
def test_a_picture_never_has_more_variables_than_the_limit(limit):
    for root in (layers([3, 8, 8, 8]), layers([2] + [5] * 60), chain(1000), wide(1000)):
        assert len(variables(draw(root, limit=limit))) <= limit


def test_every_other_node_labelled_still_fits_the_limit():
    root = Value(1.0, "x")
    for step in range(5000):
        root = (-root).labeled(f"n{step}" if step % 3 == 0 else None)
    picture = draw(root)
    assert len(variables(picture)) <= LIMIT
    assert_acyclic(picture)


def random_graph(seed):
    """A graph of some hundred nodes, some of them labelled, and two of its nodes."""
    chance = random.Random(seed)
    nodes = [Value(chance.random(), f"x{i}" if i % 2 else None) for i in range(5)]
    for step in range(chance.randint(20, 400)):
        a, b = chance.choice(nodes[-30:]), chance.choice(nodes)
        made = chance.choice([a + b, a * 0.5, autodiff.tanh(b), -a])
        nodes.append(made.labeled(f"n{step}" if chance.random() < 0.05 else None))
    root = autodiff.total(nodes).labeled("root")
    root.backward()
    return root, nodes[0], chance.choice(nodes)


@pytest.mark.parametrize("seed", range(20))
def test_a_picture_of_any_graph_has_no_cycle_and_keeps_the_limit(seed):
    root, leaf, other = random_graph(seed)
    for options in ({}, {"source": leaf}, {"highlight": other}, {"limit": 12}):
        picture = draw(root, **options)
        assert_acyclic(picture)
        assert len(variables(picture)) <= options.get("limit", LIMIT)
        ends = {end for tail, head, _ in edges(picture) for end in (tail, head)}
        assert ends <= set(boxes(picture))


@pytest.mark.once
@pytest.mark.no_cover
@pytest.mark.parametrize("build", [chain, wide])
def test_a_million_nodes_are_drawn_folded(build):
    root = build(1_000_000)
    picture = draw(root)
    assert len(picture.body) < 20
    assert re.search(r"1,000,00\d nodes, ", picture.source)
    ElementTree.fromstring(picture.pipe("svg"))


# ---- Rendering --------------------------------------------------------------------------------


@pytest.fixture
def no_program(monkeypatch, tmp_path):
    """A machine without Graphviz and without graphviz-pure."""

    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(importlib.metadata, "files", missing)


@pytest.fixture
def pure_only(monkeypatch, tmp_path):
    """A machine without Graphviz, in an environment that is not activated."""
    if not any(f.stem == "graphviz-pure" for f in importlib.metadata.files("graphviz-pure") or ()):
        pytest.skip("graphviz-pure is not installed")
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.usefixtures("pure_only")
@pytest.mark.parametrize(("format", "start"), [("svg", b"<?xml"), ("png", b"\x89PNG")])
def test_graphviz_pure_renders_where_there_is_no_graphviz(error, format, start):
    assert draw(error).pipe(format).startswith(start)


@pytest.mark.usefixtures("pure_only")
def test_a_file_is_written_where_there_is_no_graphviz(error, tmp_path):
    written = draw(error).render(tmp_path / "error", format="png", cleanup=True)
    assert Path(written).read_bytes().startswith(b"\x89PNG")


@pytest.mark.usefixtures("pure_only")
def test_a_notebook_shows_a_picture_where_there_is_no_graphviz(error):
    assert "<svg" in draw(error)._repr_mimebundle_()["text/html"]


@pytest.mark.skipif(sys.platform == "win32", reason="the program is a shell script")
def test_the_graphviz_of_the_machine_comes_first(error, monkeypatch, tmp_path):
    program = tmp_path / "dot"
    program.write_text("#!/bin/sh\necho '<svg>from dot</svg>'\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert draw(error).pipe("svg") == b"<svg>from dot</svg>\n"


@pytest.mark.usefixtures("no_program")
@pytest.mark.parametrize("rendering", ["pipe", "render", "_repr_mimebundle_"])
def test_without_a_program_the_error_says_what_to_install(error, rendering):
    with pytest.raises(RendererNotFoundError, match="pip install graphviz-pure"):
        getattr(draw(error), rendering)()


@pytest.mark.usefixtures("no_program")
def test_the_error_is_one_of_graphviz(error):
    with pytest.raises(graphviz.ExecutableNotFound):
        draw(error).pipe("svg")


@pytest.mark.usefixtures("no_program")
def test_without_a_program_source_and_tree_still_work(error):
    assert "weight = 0.5" in draw(error).source
    assert "weight = 0.5" in tree(error)


def test_rendering_leaves_the_package_graphviz_as_it_was(error):
    before = dot_command.DOT_BINARY
    draw(error).pipe("svg")
    assert before is dot_command.DOT_BINARY


def test_a_program_that_fails_says_why(error):
    picture = draw(error)
    picture.body.append("broken -> ;")
    with pytest.raises(graphviz.CalledProcessError, match="syntax error"):
        picture.pipe("svg")


def test_letters_beyond_ascii_give_no_warning(capfd):
    draw(Value(2.0, "ω")).pipe("svg")
    assert capfd.readouterr() == ("", "")


# ---- As text ----------------------------------------------------------------------------------


def test_the_tree_shows_labels_numbers_and_derivatives(error):
    assert tree(error).split("\n") == [
        "error = delta ** 2 = 0.3025, grad 1",
        "└─ delta = pred - goal_pred = -0.55, grad -1.1",
        "   ├─ pred = input * weight = 0.25, grad -1.1",
        "   │  ├─ input = 0.5, grad -0.55",
        "   │  └─ weight = 0.5, grad -0.55",
        "   └─ goal_pred = 0.8, grad 1.1",
    ]


def test_the_tree_says_that_backward_has_not_run(chapter):
    text = tree(chapter["error"])
    assert text.endswith("backward() has not run: there are no derivatives yet")
    assert "grad " not in text


def test_a_shared_variable_is_written_once_and_referred_to_after():
    x = Value(2.0, "x")
    shared = (x * x).labeled("square")
    text = tree(shared + autodiff.sin(shared))
    assert text.count("square = x * x = 4") == 1
    assert text.count("square, see above") == 1


def test_variables_without_a_label_are_numbered():
    root = autodiff.exp(Value(0.0)) + Value(0.0) * 2.0
    assert tree(root).split("\n")[:3] == [
        "#1 = #2 + #3 = 1",
        "├─ #2 = exp(#4) = 1",
        "│  └─ #4 = 0",
    ]


def test_two_variables_of_one_label_are_told_apart():
    assert tree(Value(1.0, "w") - Value(2.0, "w")).startswith("#1 = w - w#2 = -1\n├─ w = 1\n")


def test_a_label_stays_on_its_line():
    assert "two lines = 2" in tree(Value(2.0, "two\nlines"))


def test_the_tree_takes_a_number_format():
    assert "x = 0.33\n" in tree(Value(1 / 3, "x"), number_format=".2f") + "\n"


def test_operations_of_many_operands_are_shortened():
    text = tree(autodiff.total([Value(float(i), f"x{i}") for i in range(10)]))
    assert text.startswith("#1 = total(x0, x1, x2, x3, 6 more) = 45")


def test_a_negation_reads_as_one():
    assert tree(-Value(2.0, "x")).startswith("#1 = -x = -2")


def test_a_large_tree_is_cut_and_counts_the_rest():
    root = chain(1000)
    lines = tree(root, limit=10).split("\n")
    assert len(lines) == 12
    assert lines[10] == "... and 991 more variables"


@pytest.mark.no_cover
def test_the_tree_of_a_very_deep_graph_is_written():
    assert "999,941 more" in tree(chain(1_000_000))


def test_only_the_tree_of_a_value_is_written():
    with pytest.raises(TypeError, match="got 3"):
        tree(3)


# ---- In a notebook ----------------------------------------------------------------------------


def test_a_notebook_shows_a_small_graph(error):
    shown = mimebundle(error)
    assert shown["text/plain"] == repr(error)
    assert "weight = 0.5" in shown["text/html"]


def test_a_notebook_shows_a_drawing_as_it_shows_a_value(error):
    shown = draw(error)._repr_mimebundle_()
    assert shown["text/html"] == mimebundle(error)["text/html"]
    assert shown["text/plain"].startswith("The graph of error = 0.3025, with 6 variables\n")
    assert list(draw(error)._repr_mimebundle_(include=["image/svg+xml"])) == ["image/svg+xml"]


def inside(page):
    """The picture in what a notebook shows."""
    [svg] = ElementTree.fromstring(page)
    assert svg.tag == "svg"
    return svg


def test_a_wide_picture_is_scrolled_before_it_shrinks_so_far_that_it_cannot_be_read():
    page = draw(layers([3, 20, 20, 20])).html()
    width = float(inside(page).get("width").removesuffix("pt"))
    assert f"min-width: {round(0.8 * width)}px" in page
    assert "overflow-x: auto" in page


def test_what_a_notebook_shows_is_an_image_with_a_description(error):
    svg = inside(mimebundle(error)["text/html"])
    assert svg.get("role") == "img"
    assert svg.get("aria-label") == "The graph of error = 0.3025, with 6 variables"
    assert "pred = 0.25, grad -1.1, computed as input * weight" in svg.find("desc").text.split("\n")


def test_in_a_notebook_everything_has_a_tooltip_and_none_is_a_name_of_graphviz(error):
    svg = inside(draw(error, chain_rule=True).html())
    shapes = [g for g in svg.iter("g") if g.find("path") is not None or g.find("text") is not None]
    drawn = [g for g in shapes if g.get("class") != "graph"]
    assert len(drawn) > 20
    assert all(g.find("title").text for g in drawn)
    assert not any(re.match(r"n\d|%\d", title.text) for title in svg.iter("title"))


def test_in_a_notebook_the_label_of_an_edge_tells_the_chain_rule(error):
    svg = inside(draw(error, partials=True).html())
    [label] = [g for g in svg.iter("g") if [t.text for t in g.findall("text")] == ["-1.1"]]
    told = "error moves 1.0 per unit of error, error moves -1.1 per unit of delta"
    assert told in label.find("title").text


def test_in_a_notebook_every_edge_has_a_wide_line_to_point_at(error):
    svg = inside(draw(error).html())
    edges = [g for g in svg.iter("g") if g.get("class") == "edge"]
    wide = [[p for p in g.iter("path") if p.get("stroke") == "transparent"] for g in edges]
    assert [len(paths) for paths in wide] == [1] * 9


def test_two_pictures_on_a_page_share_no_id(error):
    assert not any(e.get("id") for e in inside(draw(error).html()).iter())


def test_a_notebook_shows_one_line_of_a_large_graph():
    shown = mimebundle(chain(1000))
    assert list(shown) == ["text/plain"]
    assert shown["text/plain"].endswith("of more than 50 nodes: autodiff.draw shows them")


def test_a_notebook_shows_a_leaf_as_text():
    assert mimebundle(Value(2.0)) == {"text/plain": "Value(2.0)"}


@pytest.mark.usefixtures("no_program")
def test_a_notebook_without_a_program_shows_text(error):
    assert list(mimebundle(error)) == ["text/plain"]


def test_a_notebook_gets_what_it_asks_for(error):
    assert list(mimebundle(error, include=["text/plain"])) == ["text/plain"]
    assert list(mimebundle(error, exclude=["text/plain"])) == ["text/html"]


# ---- Imports ----------------------------------------------------------------------------------


def test_importing_autodiff_imports_no_graphviz():
    code = "import sys, autodiff; assert 'graphviz' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
