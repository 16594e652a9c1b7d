"""The graph: its depth, its order, its copies, several threads, interrupted sweeps."""

import copy
import functools
import gc
import os
import pathlib
import pickle
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
from collections import deque

import numpy as np
import pytest

import autodiff
from autodiff import Value
from autodiff.graph import push_forward, sweep, topological_order

# ---- Order ------------------------------------------------------------------------------------


def test_results_come_before_their_operands_and_each_node_once():
    x, y = Value(2.0, "x"), Value(3.0, "y")
    product = x * y
    root = product * product + x
    order = topological_order(root)
    place = {node: position for position, node in enumerate(order)}
    assert order[0] is root
    assert len(order) == len(place) == 5
    assert all(place[node] < place[operand] for node in order for operand in node.operands)


def test_the_sweep_changes_no_node():
    x = Value(2.0)
    root = x * x
    assert sweep(root, 1.0)[x] == 4.0
    assert (x.grad, root.grad) == (0, 0)


def test_forward_and_reverse_read_the_same_local_derivatives():
    x, y = Value(0.7), Value(1.3)
    root = autodiff.sin(x * y) / (x + y) ** 2
    gradients = sweep(root, 1.0)
    for leaf in (x, y):
        pushed = push_forward(root, {id(leaf): 1.0})
        assert pushed[id(root)] == pytest.approx(gradients[leaf], rel=1e-15)


# ---- Depth ------------------------------------------------------------------------------------

LENGTH = 2_000_000


@functools.cache
def chain():
    """A chain of two million operations on one leaf; made in a test, where coverage pauses."""
    gc.disable()
    x = Value(1.0, "x")
    root = x
    for _ in range(LENGTH // 2):
        root = -root
    for _ in range(LENGTH // 2):
        root = root + x
    gc.enable()
    return x, root


@pytest.fixture(scope="module", autouse=True)
def _chain_is_forgotten():
    yield
    chain.cache_clear()


@pytest.mark.no_cover
def test_a_chain_of_millions_is_differentiated():
    x, root = chain()
    x.zero_grad()
    root.backward()
    assert x.grad == LENGTH // 2 + 1
    assert root.data == LENGTH // 2 + 1


@pytest.mark.no_cover
def test_a_chain_of_millions_is_printed_short():
    _, root = chain()
    assert len(repr(root)) < 80
    assert f"{root:.1f}" == f"{LENGTH // 2 + 1.0}"


@pytest.mark.once
@pytest.mark.no_cover
def test_a_chain_of_millions_is_copied():
    x, root = chain()
    assert copy.copy(root).operands == root.operands
    x.zero_grad()
    twin = copy.deepcopy(root)
    assert twin.data == root.data
    assert twin.operands[1].label == "x"
    assert twin.operands[1] is not x
    twin.backward()
    assert twin.operands[1].grad == LENGTH // 2 + 1
    assert x.grad == 0


@pytest.mark.once
@pytest.mark.no_cover
def test_a_chain_of_millions_is_pickled():
    x, root = chain()
    leaf, twin = pickle.loads(pickle.dumps((x, root)))
    leaf.zero_grad()
    twin.backward()
    assert twin.operands[1] is leaf
    assert leaf.grad == LENGTH // 2 + 1


@pytest.mark.no_cover
def test_a_chain_of_millions_is_freed():
    root = Value(1.0)
    for _ in range(LENGTH):
        root = -root
    root.backward()
    del root
    assert (Value(2.0) * 3).data == 6.0


# ---- Copies -----------------------------------------------------------------------------------


@pytest.fixture
def graph():
    x = Value(2.0, "x")
    pred = (3 * x).labeled("pred")
    error = (pred - 1) ** 2
    return x, pred, error


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda g: pickle.loads(pickle.dumps(g))])
def test_a_leaf_that_is_copied_beside_its_graph_stays_its_leaf(graph, duplicate):
    x, _, error = duplicate((graph[0], graph[1], graph[2]))
    error.backward()
    assert x.grad == 30.0
    assert graph[0].grad == 0


def test_deepcopy_keeps_interior_nodes_shared_by_several_roots(graph):
    _, pred, error = copy.deepcopy(graph)
    error.backward()
    assert pred.grad == 10.0


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickled_graph_has_all_its_fields(graph, protocol):
    error = graph[2]
    error.backward()
    twin = pickle.loads(pickle.dumps(error, protocol))
    for old, new in zip(topological_order(error), topological_order(twin), strict=True):
        for field in ("data", "grad", "label", "operation", "partials", "level"):
            assert getattr(old, field) == getattr(new, field)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda g: pickle.loads(pickle.dumps(g))])
def test_nested_values_are_copied_with_the_graph_of_their_numbers(duplicate):
    x = Value(Value(2.0))
    y = x**3
    y.backward()
    twin = duplicate(y)
    inner = twin.operands[0].grad
    inner.backward()
    assert twin.operands[0].data.grad == 12.0
    assert x.data.grad == 0


def test_a_shallow_copy_shares_the_operands(graph):
    twin = copy.copy(graph[2])
    assert twin is not graph[2]
    assert twin.operands[0] is graph[2].operands[0]


class Weight(Value):
    """A class that a person derived, with a field of its own."""

    def __init__(self, data):
        super().__init__(data, "weight")
        self.history = [data]


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda g: pickle.loads(pickle.dumps(g))]
)
def test_a_derived_class_takes_part_and_is_copied_with_its_own_fields(duplicate):
    weight = Weight(3.0)
    (weight * weight + 2 * weight).backward()
    twin = duplicate(weight)
    assert weight.grad == twin.grad == 8.0
    assert type(twin) is Weight
    assert twin.history == [3.0]


# ---- Threads ----------------------------------------------------------------------------------


def run_in_threads(work, count=4):
    results = [None] * count
    barrier = threading.Barrier(count)

    def run(number):
        barrier.wait()
        results[number] = work(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_threads_with_separate_graphs_get_right_answers():
    def work(number):
        gradients = set()
        for _ in range(200):
            x = Value(float(number))
            y = x
            for _ in range(20):
                y = y * 1.0 + x * x
            y.backward()
            gradients.add(x.grad)
        return gradients

    assert run_in_threads(work) == [{1.0 + 40.0 * number} for number in range(4)]


def test_threads_that_share_leaves_get_right_answers():
    x = Value(3.0)

    def work(number):
        roots = set()
        for _ in range(300):
            y = x * x + number
            y.backward()
            roots.add((y.data, y.operands[0].grad))
        return roots

    assert run_in_threads(work) == [{(9.0 + number, 1.0)} for number in range(4)]
    assert x.grad == 4 * 300 * 6.0


def test_threads_that_nest_derivatives_do_not_meet():
    def work(number):
        inner = lambda x: autodiff.grad(lambda y: x * y * y)(2.0)  # noqa: E731
        return {autodiff.grad(lambda x: x * inner(x))(float(number)) for _ in range(50)}

    assert run_in_threads(work) == [{8.0 * number} for number in range(4)]


# ---- Interruptions ----------------------------------------------------------------------------


class Stubborn:
    """A number whose multiplication fails as often as it is told to."""

    failures = 0

    def __float__(self):
        return 1.0

    def __mul__(self, other):
        if Stubborn.failures:
            Stubborn.failures -= 1
            raise KeyboardInterrupt
        return other

    __rmul__ = __mul__


def test_an_interrupted_backward_leaves_nothing_behind():
    x, y = Value(2.0), Value(3.0)
    product = x * y
    root = product * Value(Stubborn()) + x
    Stubborn.failures = 1
    with pytest.raises(KeyboardInterrupt):
        root.backward()
    assert (x.grad, y.grad, product.grad, root.grad) == (0, 0, 0, 0)
    product.backward()
    assert (x.grad, y.grad, product.grad) == (3.0, 2.0, 1.0)


def test_a_gradient_that_cannot_be_added_leaves_every_gradient_as_it_was():
    x, y = Value(2.0), Value(3.0)
    y.grad = "spoilt"
    product = x * y
    with pytest.raises(TypeError):
        product.backward()
    assert (x.grad, y.grad, product.grad) == (0, "spoilt", 0)


def test_a_rule_that_fails_leaves_its_operands_usable():
    x = Value(0.0)
    with pytest.raises(ValueError, match="log"):
        autodiff.log(x)
    y = x + 1
    y.backward()
    assert x.grad == 1


def test_an_array_of_values_has_the_gradients_of_its_elements():
    xs = np.array([Value(1.0), Value(2.0)])
    (xs * xs).sum().backward()
    assert [x.grad for x in xs] == [2.0, 4.0]


# ---- Interrupts -------------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no timer signals")
@pytest.mark.parametrize("error", ["KeyboardInterrupt", "TimeoutError"])
def test_an_interrupt_leaves_all_derivatives_or_none_and_a_retry_counts_once(error):
    """In a process of its own: an interrupt is nothing for what else runs in this one."""
    script = pathlib.Path(__file__).with_name("interrupts.py")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("COV")}
    command = [sys.executable, str(script), error]
    run = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300)
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == ["after", "before"]


@pytest.mark.skipif(autodiff.__compiled__, reason="no interrupt arrives in the middle of C")
@pytest.mark.no_cover
def test_an_interrupt_of_the_keyboard_after_publication_waits_until_the_call_is_over(monkeypatch):
    """The signal is made to arrive at the one moment: when all has been set."""
    x = Value(3.0)
    root = x * x

    def interrupting(*settings, maxlen):
        deque(*settings, maxlen=maxlen)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(autodiff.graph, "deque", interrupting)
        root.backward()
    assert x.grad == 6.0
    with pytest.raises(KeyboardInterrupt):
        time.sleep(5)
    assert x.grad == 6.0


class Curious:
    """A number that reads a graph while it is multiplied."""

    def __init__(self, x, graph=None):
        self.x, self.graph = x, graph

    def __float__(self):
        return self.x

    def __mul__(self, other):
        if self.graph is not None:
            topological_order(self.graph)
        return other

    __rmul__ = __mul__


def test_a_graph_that_is_read_in_the_middle_of_a_sweep_is_an_error_and_no_wrong_gradient():
    x = Value(2.0)
    square = x * x
    one = Curious(1.0)
    root = (square * 3.0) * Value(one) + square
    one.graph = square
    with pytest.raises(RuntimeError, match="read again in the middle of a sweep"):
        root.backward()
    assert x.grad == 0
    one.graph = Value(1.0) * 2  # another graph is no matter
    root.backward()
    assert x.grad == 16.0


@pytest.mark.parametrize("factor", ["a variable", "a constant"])
def test_a_node_takes_at_most_208_bytes_with_its_number(factor):
    """196 in Python 3.11; later ones take 8 more for whatever can be weakly referred to."""
    x, count = Value(1.0), 10_000
    node, other = x, x if factor == "a variable" else 1.0000001
    gc.collect()
    tracemalloc.start()
    for _ in range(count):
        node = node * other
    taken = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert taken // count <= 208


def test_the_collector_is_held_and_let_go_again():
    assert gc.isenabled()
    with autodiff.collector_paused():
        assert not gc.isenabled()
    assert gc.isenabled()


@pytest.mark.parametrize("read", [topological_order, autodiff.edges])
def test_the_graph_of_what_is_no_value_is_an_error_that_says_so(read):
    with pytest.raises(TypeError, match=r"a graph is that of a Value, and 3\.0 is none"):
        read(3.0)


def test_a_label_is_text_wherever_it_is_given():
    with pytest.raises(TypeError, match="a label is text, and 3 is of type int"):
        Value(1.0).labeled(3)
