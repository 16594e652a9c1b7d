"""What a person can do with a `Value` whether the engine is plain or compiled.

The rest of the tests say so too: all are run on both. Here is what a compiled class easily lacks.
"""

import copy
import inspect
import itertools
import pickle
import traceback
import tracemalloc
import weakref
from pathlib import Path

import pytest

import autodiff
from autodiff import Value, functions
from autodiff.methods import Methods

# `written()` in protocol 2: the plain engine and the compiled one pickle it to these bytes
PICKLE = bytes.fromhex(
    "8002636175746f646966662e67726170680a726573746f7265640a71004b015d710128284740100000000000"
    "00473ff00000000000004e58010000002a7102636175746f646966662e76616c75650a56616c75650a710329"
    "8171044e7d71052858050000005f646174617106474000000000000000580400000067726164710747401000"
    "000000000058050000006c6162656c7108580100000078710958090000006f7065726174696f6e710a4e5806"
    "0000005f6669727374710b4e58070000005f7365636f6e64710c4e58090000005f696e5f6669727374710d4e"
    "580a0000005f696e5f7365636f6e64710e4e58050000005f72657374710f4e58050000006c6576656c71104b"
    "00580600000073657269616c71114b0058040000006d61726b71124e75867113626804474000000000000000"
    "4740000000000000004e4b007471142847401c000000000000473ff00000000000004e58010000002b71154b"
    "008571164740080000000000004b014e4e4b007471176568038771185271192e"
)


def written():
    x = Value(2.0, "x")
    result = x * x + 3.0
    result.backward()
    return result


def test_a_value_has_weak_references():
    product = Value(2.0) * 3.0
    reference = weakref.ref(product)
    assert reference() is product
    del product
    assert reference() is None


def test_a_weak_dictionary_forgets_a_value_of_a_derived_class():
    class Weight(Value):
        pass

    weight = Weight(2.0)
    momentum = weakref.WeakKeyDictionary({weight: 0.9})
    assert momentum[weight] == 0.9
    del weight
    assert not momentum


def test_a_derived_class_has_its_own_constructor_fields_and_methods():
    class Weight(Value):
        def __init__(self, data, layer):
            super().__init__(data, f"weight of {layer}")
            self.layer = layer

        def __add__(self, other):
            return ("added", other)

    weight = Weight(2.0, "first")
    assert (weight.label, weight.layer, weight + 1) == ("weight of first", "first", ("added", 1))
    (weight * weight).backward()
    assert weight.grad == 4.0


def test_both_builds_write_the_same_pickle():
    assert pickle.dumps(written(), 2) == PICKLE


def test_a_pickle_is_read_whichever_build_wrote_it():
    result = pickle.loads(PICKLE)
    assert (result.data, result.grad, result.operation) == (7.0, 1, "+")
    product, constant = result.operands
    x, same = product.operands
    assert (x.label, x.grad, constant.data) == ("x", 4.0, 3.0)
    assert x is same


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_a_leaf_is_copied_with_all_that_it_has(copied):
    x = Value(2.0, "x")
    x.grad = 5.0
    again = copied(x)
    assert (again.data, again.label, again.grad, again is x) == (2.0, "x", 5.0, False)


def test_an_error_tells_the_method_that_it_comes_from():
    with pytest.raises(ZeroDivisionError) as caught:
        Value(1.0) / Value(0.0)
    frames = traceback.extract_tb(caught.value.__traceback__)
    told = {(frame.name, Path(frame.filename).name) for frame in frames}
    assert {("__truediv__", "operators.py"), ("_binary", "value.py")} <= told


@pytest.mark.parametrize("name", ["backward", "labeled", "data", "operands", "real"])
def test_help_has_something_to_say_of_an_attribute(name):
    assert len(inspect.getdoc(getattr(Value, name))) > 5


@pytest.mark.parametrize("thing", [Value, autodiff.edges, autodiff.topological_order])
def test_help_has_the_whole_docstring(thing):
    assert "\nExamples\n--------\n" in inspect.getdoc(thing)


@pytest.mark.parametrize("name", sorted({*functions.NAMES} & {*vars(Methods)}))
def test_a_method_says_what_its_function_says(name):
    summary, _, _ = inspect.getdoc(getattr(functions, name)).partition("\n")
    assert inspect.getdoc(getattr(Value, name)).startswith(summary)


@pytest.mark.parametrize(
    ("thing", "parameters"),
    [
        (Value, ["data", "label", "_op", "_children"]),
        (Value.backward, ["self", "seed"]),
        (Value.clip, ["self", "lower", "upper", "out"]),
        (autodiff.topological_order, ["root"]),
        (autodiff.sin, ["x"]),
        (autodiff.arctan2, ["y", "x"]),
    ],
)
def test_a_signature_can_be_read(thing, parameters):
    assert list(inspect.signature(thing).parameters) == parameters


@pytest.mark.no_cover
def test_graphs_that_are_let_go_leave_no_memory_behind():
    x, y = Value(2.0), Value(3.0)

    def use(times):
        for _ in itertools.repeat(None, times):
            ((x * y + 1.5) * x - y).tanh().backward()

    use(100)
    tracemalloc.start()
    use(100)
    before, _ = tracemalloc.get_traced_memory()
    use(2000)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < 2000  # bytes: not one of a graph
