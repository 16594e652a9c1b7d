"""The graph of nodes: its order, the sweep of derivatives over it, its copies.

A node is a `Value`: a number, the operands it was computed from, the local derivative in each. This
file takes a root and gives the nodes below it in order, or the derivative in each of them. Nothing
here recurses, so the depth of a graph has no limit.
"""

from __future__ import annotations

import _thread
import contextlib
import gc
import itertools
import operator
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

from autodiff.native import COMPILED, next_serial

if TYPE_CHECKING:  # how the compiler reaches the slots of a node
    from autodiff.value import Value

Node = Any  # a Value; this file does not need to know more about it than its slots

# Most operations have one operand or two; of those with more, `_rest` has the others and the
# derivatives in them. An operand that is a float or an int in itself is a constant.
FIELDS = (
    "_data", "grad", "label", "operation", "_first", "_second", "_in_first", "_in_second", "_rest",
    "level",
)  # fmt: skip
# When the node was computed, or a leaf's number assigned; which traversal met the node last; what
# it added up there.
BOOKKEEPING = ("serial", "mark", "sum")

CONSTANT = "constant"  # the operation of an operand that was a plain number

LEVELS = 1000  # between the derivatives of functions; the gap is for Values nested by hand

_ONE: Final[Any] = 1

_last_assignment = 0
_traversing = _thread.RLock()  # a traversal writes into the nodes: one at a time
_generation: object = None  # of the latest traversal


def new_node(kind: Any) -> Node:
    """Make a node whose fields have still to be filled."""
    node: Any = kind.__new__(kind)
    node.serial = 0
    node.mark = None
    return node


def note_assignment(leaf: Node) -> None:
    """Note that the number of a leaf has been assigned: what was computed before is out of date."""
    global _last_assignment
    leaf.serial = _last_assignment = next_serial()


# ---- The chain rule ---------------------------------------------------------------------------


def topological_order(root: Node) -> list[Node]:
    """Return every node that `root` was computed from, `root` first, results before operands.

    Parameters
    ----------
    root : Value
        The result.

    Returns
    -------
    list of Value
        Each node once, plain numbers among them (their `operation` is "constant").

    Examples
    --------
    >>> from autodiff import Value
    >>> x = Value(3.0, "x")
    >>> [node.operation for node in topological_order(x * x + x)]
    ['+', '*', None]
    """
    global _generation
    if not hasattr(root, "operands"):
        raise TypeError(f"a graph is that of a Value, and {root!r} is none")
    with _traversing:
        _generation = generation = object()
        interior: list[Node] = []
        leaves: list[Node] = []
        stack = [root]
        while stack:
            node = stack.pop()
            if node.mark is generation:
                continue
            node.mark = generation
            operands = node.operands
            (interior if operands else leaves).append(node)
            stack += operands
        interior.sort(key=_age, reverse=True)
        return interior + leaves


def edges(root: Node) -> list[tuple[Node, Node]]:
    """Return the edges of the graph that `root` was computed by: operand and result.

    Parameters
    ----------
    root : Value
        The result.

    Returns
    -------
    list of (Value, Value)
        One for each use of an operand, in topological order of the results: `x * x` has two.

    Examples
    --------
    >>> from autodiff import Value
    >>> x = Value(3.0, "x")
    >>> len(edges(x * x + x))
    4
    """
    return [(operand, node) for node in topological_order(root) for operand in node.operands]


def nodes_below(root: Node) -> list[Node]:
    """Return the nodes of the graph in topological order, without the plain numbers."""
    with _traversing:
        interior, leaves = _nodes_of(root)
        return interior + leaves


def _nodes_of(root: Value) -> tuple[list[Value], list[Value]]:
    """Return the computed nodes, the youngest first, and the leaves; clear the sums.

    By their age, so that a program adds up in the order of the engine, though it has both branches
    of a `where` where the engine has one. A generation needs no clearing of the marks.
    """
    global _generation
    _generation = generation = object()
    root.mark = generation
    root.sum = None
    if root._first is None:
        return [], [root]
    interior = [root]
    leaves: list[Value] = []
    for node in interior:  # which grows meanwhile
        operand = node._second
        if operand is not None and (kind := type(operand)) is not float and kind is not int:
            below: Value = operand
            if below.mark is not generation:
                below.mark = generation
                below.sum = None
                (leaves if below._first is None else interior).append(below)
        operand = node._first
        if (kind := type(operand)) is not float and kind is not int:
            below = operand
            if below.mark is not generation:
                below.mark = generation
                below.sum = None
                (leaves if below._first is None else interior).append(below)
        if node._rest is not None:
            for operand in node._rest[0]:
                if (kind := type(operand)) is not float and kind is not int:
                    below = operand
                    if below.mark is not generation:
                        below.mark = generation
                        below.sum = None
                        (leaves if below._first is None else interior).append(below)
    interior.sort(key=_age, reverse=True)
    return interior, leaves


_age: Final = operator.attrgetter("serial")


def _sweep(root: Value, seed: Any) -> tuple[list[Value], list[Value]]:
    """Add up, in the `sum` of every node, the derivative of `root` in it, times `seed`.

    Return the computed nodes and the leaves. A sum is None where there is no derivative. Only
    scratch fields are written: an interrupted sweep leaves nothing behind.
    """
    interior, leaves = _nodes_of(root)
    generation = _generation
    if COMPILED:
        _heed_interrupts()
    if interior and interior[-1].serial < _last_assignment:
        _warn_if_out_of_date(interior)
    root.sum = seed
    for node in interior:
        gradient = node.sum
        if gradient is None:  # root does not depend on this node
            continue
        partial = node._in_first
        if partial is not None:
            operand: Value = node._first
            part = gradient if partial is _ONE else gradient * partial
            known = operand.sum
            operand.sum = part if known is None else known + part
        partial = node._in_second
        if partial is not None:
            operand = node._second
            part = gradient if partial is _ONE else gradient * partial
            known = operand.sum
            operand.sum = part if known is None else known + part
        if node._rest is not None:
            _sweep_rest(node._rest, gradient)
    if _generation is not generation:
        _check_marks(interior + leaves, generation)
    return interior, leaves


def _sweep_rest(rest: tuple[tuple[Node, ...], tuple[Any, ...]], gradient: Any) -> None:
    """Add to the third operand of a node and those after it."""
    for operand, partial in zip(*rest, strict=True):
        if partial is not None:
            part = gradient if partial is _ONE else gradient * partial
            known = operand.sum
            operand.sum = part if known is None else known + part


def _check_marks(nodes: list[Value], generation: object) -> None:
    if any(node.mark is not generation for node in nodes):
        raise RuntimeError(
            "the graph was read again in the middle of a sweep of it, by the arithmetic of one of "
            "its numbers"
        )


def _warn_if_out_of_date(interior: list[Any]) -> None:
    """Warn where the number of a leaf was assigned after something was computed from it."""
    for node in interior:
        for operand in node.operands:
            if operand.serial > node.serial:
                name = f" of {operand.label!r}" if operand.label else ""
                warnings.warn(
                    f"the number{name} was assigned after this was computed from it, so these are "
                    "derivatives at the old number: compute the expression again after assigning",
                    RuntimeWarning,
                    stacklevel=1 if COMPILED else 6,
                )
                return


def swept(root: Node, seed: Any) -> tuple[list[Node], list[Any]]:
    """Return the nodes in topological order, and the derivative of `root` in each, times `seed`.

    The derivative is None where there is none.
    """
    with _traversing:
        interior, leaves = _sweep(root, seed)
        order = interior + leaves
        return order, [node.sum for node in order]


def sweep(root: Node, seed: Any) -> dict[Node, Any]:
    """Return what `swept` does as a dict from the nodes, in the same order, with plain numbers."""
    topological_order(root)
    return dict(zip(*swept(root, seed), strict=True))


def is_unset(grad: Any) -> bool:
    """Return whether `grad` is that of a Value that has none yet: the integer 0, or None."""
    return grad is None or (type(grad) is int and grad == 0)


def _set_grads(
    root: Value, seed: Any, set_grad: Callable[[Node, Any], None], done: list[bool]
) -> None:
    interior, leaves = _sweep(root, seed)
    for leaf in leaves:
        known, gradient = leaf.grad, leaf.sum
        if gradient is None:
            leaf.sum = known
        elif not is_unset(known):
            leaf.sum = known + gradient
    nodes = interior + leaves
    if COMPILED:
        _heed_interrupts()
        for node in nodes:
            gradient = node.sum
            node.grad = 0 if gradient is None else gradient
        done.append(True)
    else:
        grads = [0 if (gradient := node.sum) is None else gradient for node in nodes]
        settings = map(set_grad, nodes, grads)
        deque(itertools.chain(settings, map(done.append, (True,))), maxlen=0)


def publish(root: Node, seed: Any, set_grad: Callable[[Node, Any], None]) -> None:
    """Set the `grad` of every node below `root`, or of none: an interior node's is made afresh, a
    leaf's adds up over calls.

    All are set in one stretch inside C, which no interrupt divides. One that arrives after it, on
    the way out, waits until the caller goes on: a repeated call would count twice.
    """
    done: list[bool] = []
    try:
        with _traversing:
            _set_grads(root, seed, set_grad, done)
        if COMPILED:
            _heed_interrupts()
    except KeyboardInterrupt:
        if not done:
            raise
        import threading

        threading.Timer(0.05, _interrupt_again).start()
    except BaseException as error:
        if done:  # of a handler of signals that a person wrote
            error.add_note("backward() had finished by then: every grad is set")
        raise


def _heed_interrupts() -> None:
    """Raise an interrupt that has come: Python looks for one where a function of its own begins."""
    contextlib.nullcontext()


def _interrupt_again() -> None:
    import signal
    import threading

    if hasattr(signal, "pthread_kill"):  # which wakes the main thread, if it waits for something
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    else:
        _thread.interrupt_main()


def push_forward(root: Node, tangents: dict[int, Any]) -> dict[int, Any]:
    """Return the derivative of every node below `root` along the tangents of some of them.

    The same local derivatives as in `swept`, gathered from the operands to the results. The keys
    are the nodes' `id`: a node that is being recorded has no hash.
    """
    pushed = dict(tangents)
    for node in reversed(topological_order(root)):
        for operand, partial in zip(node.operands, node.partials, strict=True):
            tangent = pushed.get(id(operand))
            if partial is None or tangent is None:
                continue
            part = tangent if partial is _ONE else partial * tangent
            known = pushed.get(id(node))
            pushed[id(node)] = part if known is None else known + part
    return pushed


# ---- Copies -----------------------------------------------------------------------------------


@contextlib.contextmanager
def collector_paused() -> Iterator[None]:
    """Hold Python's cyclic garbage collector, which has nothing to find in a graph.

    It takes most of the time while one large graph grows: it walks all of it again and again, and a
    graph has no cycles. What is freed without it is freed as ever.

    Examples
    --------
    >>> from autodiff import Value, collector_paused
    >>> with collector_paused():
    ...     total = x = Value(1.0)
    ...     for _ in range(1000):
    ...         total = total + x
    >>> total.data
    1001.0
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _references(node: Node) -> tuple[Any, ...]:
    """Return all that may be a node in turn: numbers are nodes where levels are nested."""
    operands, partials = node._rest or ((), ())
    ends = (node._first, node._second, *operands, node._data, node.grad)
    return (*ends, node._in_first, node._in_second, *partials)


def _nodes_of_all_levels(root: Node, kind: type) -> list[Node]:
    """Return every node of every level that `root` refers to, itself first."""
    found = {id(root)}
    waiting = [root]
    for node in waiting:
        for reference in _references(node):
            if isinstance(reference, kind) and id(reference) not in found:
                found.add(id(reference))
                waiting.append(reference)
    return waiting


def _fields(node: Node, replace: Callable[[Any], Any]) -> tuple[Any, ...]:
    """Return the fields of a node, with `replace` applied to all that it refers to."""
    rest = node._rest and tuple([tuple(map(replace, part)) for part in node._rest])
    return (
        replace(node._data),
        replace(node.grad),
        node.label,
        node.operation,
        replace(node._first),
        replace(node._second),
        replace(node._in_first),
        replace(node._in_second),
        rest,
        node.level,
    )


def _fill(node: Node, fields: tuple[Any, ...]) -> None:
    for name, field in zip(FIELDS, fields, strict=True):
        setattr(node, name, field)


def shallow_copy(node: Node) -> Node:
    """Return a second node of the same fields: the operands are shared."""
    twin = new_node(type(node))
    twin.serial = node.serial
    _fill(twin, _fields(node, lambda reference: reference))
    if hasattr(node, "__dict__"):  # of a class that a person derived
        twin.__dict__.update(node.__dict__)
    return twin


def deep_copy(root: Node, kind: type, memo: dict[int, Any]) -> Node:
    """Return a copy of the whole graph, as `copy.deepcopy` asks for it."""
    with collector_paused():
        new = [node for node in _nodes_of_all_levels(root, kind) if id(node) not in memo]
        for node in sorted(new, key=_age):
            memo[id(node)] = twin = shallow_copy(node)
            twin.serial = next_serial() if node._first is not None else 0
        for node in new:
            twin = memo[id(node)]
            _fill(twin, _fields(twin, lambda x: memo[id(x)] if isinstance(x, kind) else x))
        return memo[id(root)]


def flattened(root: Node, kind: type) -> tuple[int, list[tuple[Any, ...]]]:
    """Return the place of the root, and the fields of all nodes but the leaves by their age.

    One node names another by its place, `(i,)`. Leaves stay as they are, so that a leaf that is
    pickled beside the graph is still its leaf.
    """
    with collector_paused():
        nodes = [node for node in _nodes_of_all_levels(root, kind) if node.operation is not None]
        nodes.sort(key=_age)
        places = {id(node): (place,) for place, node in enumerate(nodes)}

        def place(x: Any) -> Any:
            return places.get(id(x), x) if isinstance(x, kind) else x

        return places[id(root)][0], [_fields(node, place) for node in nodes]


def restored(place: int, rows: list[tuple[Any, ...]], kind: type) -> Node:
    """Return the root of what `flattened` has written."""
    with collector_paused():
        nodes: list[Node] = [new_node(kind) for _ in rows]
        for node, row in zip(nodes, rows, strict=True):
            _fill(node, row)
            node.serial = next_serial()
            _fill(node, _fields(node, lambda x: nodes[x[0]] if type(x) is tuple else x))
        return nodes[place]
