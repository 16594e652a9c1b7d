"""`Program`: straight-line code that gives its value and its derivatives.

Takes the lines that `trace` has recorded; computes them on plain numbers by their own source, on
NumPy arrays block by block, on arrays of other libraries at once, on other numbers line by line.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from collections.abc import Callable, Sequence
from typing import Any

from autodiff.arrays import PLAIN, as_numbers
from autodiff.derivatives import jacobian, jvp
from autodiff.kinds import Number
from autodiff.listing import CONSTANT, INPUT, LIKE, Listing
from autodiff.program import javascript, source
from autodiff.program.evaluation import GuardError, evaluated
from autodiff.program.finishing import finished
from autodiff.program.masks import settled
from autodiff.program.replay import outputs_of
from autodiff.program.tracing import Recording
from autodiff.structures import Items, stacked


@dataclasses.dataclass(eq=False, repr=False)
class Program:
    """A function of numbers as straight-line code; `trace` makes it.

    Arguments are given as to the function that was traced, by position or by name. Each number may
    be a float, a Fraction or any other number, or an array over a batch; arrays broadcast as
    NumPy's do. Where the program was traced with a NumPy array, the axes of the batch come first.
    Columns of other packages (pandas, polars, pyarrow) are taken by their values. What has no plain
    numbers (text, dates, complex numbers, a mask) is refused.

    NumPy arrays are computed block by block, so the memory used beside inputs and outputs does not
    grow with the batch. There arithmetic is NumPy's: infinite or nan where a float would raise.
    Arrays of JAX, PyTorch, Dask and other libraries of the array API are computed at once (CuPy's
    untested); in JAX a program can be jitted, vmapped and sharded.

    Programs are compared by their lines, and pickle.

    Attributes
    ----------
    name : str
        The name of the function.
    parameters : tuple of str
        The names of its arguments.

    Examples
    --------
    >>> from autodiff import trace
    >>> program = trace(lambda x: x[0] ** 2 * x[1], [2.0, 3.0])
    >>> program([2.0, 3.0])
    12.0
    >>> program.value_and_grad([2.0, 3.0])
    (12.0, [12.0, 4.0])
    """

    name: str
    parameters: tuple[str, ...]
    _treedef: Items
    _lines: Listing
    _examples: tuple[Number, ...]

    # ---- Derivatives --------------------------------------------------------------------------

    def __call__(self, *args: Any, **named: Any) -> Any:
        """Return the value.

        Parameters
        ----------
        *args, **named : number, array or structure
            The arguments, as in the function that was traced.

        Returns
        -------
        number or array
            One value, or one for each sample of the batch.

        Raises
        ------
        GuardError
            If an input would take another branch than the program was traced on.

        Examples
        --------
        >>> from autodiff import trace
        >>> import numpy as np
        >>> trace(lambda x: x * x, 1.0)(np.array([1.0, 2.0]))
        array([1., 4.])
        """
        numbers, is_plain = self._numbers(args, named)
        if is_plain:
            return self._functions[0](*numbers)
        return outputs_of(self._value_lines, numbers)[0]

    def value_and_grad(self, *args: Any, reduce: str | None = None, **named: Any) -> Any:
        """Return the value and the gradient.

        Parameters
        ----------
        *args, **named : number, array or structure
            The arguments, as in the function that was traced.
        reduce : {None, "sum", "mean"}
            What the value of a batch is: one for each sample, or their sum or mean. The gradient is
            that of this value: with None it has the shape of the batch in every input, else in
            every input the shape of that input.

        Returns
        -------
        value, gradient
            The gradient in the structure of the argument; a tuple if there are several.

        Raises
        ------
        GuardError
            If an input would take another branch than the program was traced on.
        ValueError
            If `reduce` is none of the three.

        Examples
        --------
        >>> from autodiff import trace
        >>> import numpy as np
        >>> program = trace(lambda weight, input: (weight * input - 1) ** 2, 1.0, 1.0)
        >>> value, (d_weight, d_input) = program.value_and_grad(
        ...     2.0, np.array([1.0, 3.0]), reduce="mean")
        >>> value, d_weight, d_input
        (13.0, 16.0, array([ 2., 10.]))
        """
        if reduce not in (None, "sum", "mean"):
            raise ValueError(f"reduce is None, 'sum' or 'mean', and {reduce!r} is neither")
        numbers, is_plain = self._numbers(args, named)
        if is_plain:
            result = self._functions[1](*numbers)
            value, *slopes = result if numbers else (result,)
        else:
            value, *slopes = outputs_of(self._lines, numbers, reduce)
        return value, self._structured(slopes)

    def grad(self, *args: Any, reduce: str | None = None, **named: Any) -> Any:
        """Return the gradient, as `value_and_grad` does.

        Examples
        --------
        >>> from autodiff import trace
        >>> trace(lambda x: x**3, 1.0).grad(2.0)
        12.0
        """
        return self.value_and_grad(*args, reduce=reduce, **named)[1]

    def hessian(self, *args: Any, **named: Any) -> Any:
        """Return all second derivatives: the derivative program, traced and differentiated.

        Parameters
        ----------
        *args, **named : number, array or structure
            The arguments, as in the function that was traced.

        Returns
        -------
        array or number
            A row and a column for each number among the arguments, in their order; the axes of a
            batch in front. One number if there is one number only.

        Examples
        --------
        >>> from autodiff import trace
        >>> trace(lambda x, y: x**2 * y, 1.0, 1.0).hessian(2.0, 3.0)
        array([[6., 4.],
               [4., 0.]])
        """
        numbers, _ = self._numbers(args, named)
        entries = outputs_of(self._hessian_lines, numbers)
        size = len(numbers)
        return entries[0] if size == 1 else stacked(entries, (size, size))

    def hvp(self, args: Sequence[Any], vector: Sequence[Any]) -> Any:
        """Return the Hessian times a vector, without the Hessian.

        Parameters
        ----------
        args, vector : sequence
            The arguments, and the vector in the same structure.

        Returns
        -------
        number or structure
            In the structure of the argument; a tuple if there are several.

        Examples
        --------
        >>> from autodiff import trace
        >>> trace(lambda x, y: x**2 * y, 1.0, 1.0).hvp((2.0, 3.0), (1.0, 0.0))
        (6.0, 4.0)
        """
        numbers = self._numbers(tuple(args), {})[0] + self._numbers(tuple(vector), {})[0]
        return self._structured(outputs_of(self._hvp_lines, numbers))

    # ---- As text and as an object -------------------------------------------------------------

    @functools.cached_property
    def source(self) -> str:
        """The program as Python: a module of two functions of plain numbers.

        One returns the value, `..._and_gradient` the value and the derivative in each number.

        Examples
        --------
        >>> from autodiff import trace
        >>> print(trace(lambda x, y: x * y + 1, 1.0, 1.0).source)
        def f(x, y):
            \"\"\"Return f.
        <BLANKLINE>
            f = x * y + 1
            \"\"\"
            return x * y + 1
        <BLANKLINE>
        <BLANKLINE>
        def f_and_gradient(x, y):
            \"\"\"Return f and its derivative in each of x and y.
        <BLANKLINE>
            f = x * y + 1
            \"\"\"
            f = x * y + 1
            d_x = y
            d_y = x
            return f, d_x, d_y
        <BLANKLINE>
        """
        return source.module(self.name, self._value_lines, self._lines)

    @property
    def javascript(self) -> str:
        """The program as JavaScript: an ES module of the same two functions as `source`.

        The arithmetic is IEEE 754: infinite or nan where Python raises. A guard throws an Error.

        Raises
        ------
        NotImplementedError
            If JavaScript lacks a function of the program: erf, erfc, lgamma, polygamma.

        Examples
        --------
        >>> from autodiff import trace
        >>> print(trace(lambda x, y: x * y + 1, 1.0, 1.0).javascript)
        // Return f.
        //
        // f = x * y + 1
        export function f(x, y) {
            return x * y + 1;
        }
        <BLANKLINE>
        // Return f and its derivative in each of x and y.
        //
        // f = x * y + 1
        export function f_and_gradient(x, y) {
            const f = x * y + 1;
            const d_x = y;
            const d_y = x;
            return [f, d_x, d_y];
        }
        <BLANKLINE>
        """
        return javascript.module(self.name, self._value_lines, self._lines)

    @property
    def fingerprint(self) -> str:
        """A SHA-256 of the lines, the same in every process: equal programs have equal ones."""
        lines = self._lines
        steps = [(step.operation, step.operands, repr(step.constant)) for step in lines.steps]
        guards = [(place, guard.truth) for place, guard in lines.guards.items()]
        text = repr((self.name, self.parameters, self._treedef, steps, lines.outputs, guards))
        return hashlib.sha256(text.encode()).hexdigest()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Program):
            return NotImplemented
        return self.fingerprint == other.fingerprint

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __len__(self) -> int:
        """Return how many lines compute the value and the gradient."""
        return sum(step.operation not in (INPUT, CONSTANT, LIKE) for step in self._lines.steps)

    def __repr__(self) -> str:
        return f"<Program {self.name}({', '.join(self.parameters)}): {len(self)} lines>"

    def __reduce__(self) -> Any:
        return Program, (self.name, self.parameters, self._treedef, self._lines, self._examples)

    # ---- What is made when it is first needed -------------------------------------------------

    def _numbers(self, args: tuple[Any, ...], named: dict[str, Any]) -> tuple[list[Any], bool]:
        """Return the numbers among the arguments, in order, and whether they all are plain."""
        missing = self.parameters[len(args) :]
        if len(args) + len(named) != len(self.parameters) or set(missing) != set(named):
            raise TypeError(
                f"{self.name} takes {len(self.parameters)} arguments ({', '.join(self.parameters)})"
                f", and got {len(args)} by position and {list(named)} by name"
            )
        arguments = (*args, *[named[name] for name in missing])
        numbers: list[Any] = []
        for name, part, x in zip(self.parameters, self._treedef.parts, arguments, strict=True):
            numbers += part.leaves(x, name, batch=True)
        if set(map(type, numbers)) <= PLAIN:
            return numbers, True
        return [as_numbers(x, self._lines.names[place]) for place, x in enumerate(numbers)], False

    def _structured(self, numbers: Sequence[Any]) -> Any:
        """Return numbers in the structure of the argument; in a tuple if there are several."""
        parts = self._treedef.build(numbers)
        return parts[0] if len(parts) == 1 else parts

    @functools.cached_property
    def _functions(self) -> list[Callable[..., Any]]:
        """The functions of the source, with the GuardError of this package."""
        text = source.module(self.name, self._value_lines, self._lines, guard_error="")
        scope: dict[str, Any] = {"GuardError": GuardError}
        exec(compile(text, f"<program {self.name}>", "exec"), scope)
        return [scope[self.name], scope[f"{self.name}_and_gradient"]]

    @functools.cached_property
    def _value_lines(self) -> Listing:
        """The lines of the value alone: they come first."""
        lines = self._lines
        ends = [lines.outputs[0], lines.inputs - 1, *lines.guards]
        stop = max(ends) + 1
        names = {place: name for place, name in lines.names.items() if place < stop}
        return dataclasses.replace(
            lines, steps=lines.steps[:stop], outputs=lines.outputs[:1], names=names, adjoints={}
        )

    def _second(self, derivatives: Callable[..., Any], count: int) -> Listing:
        """Record derivatives of the gradient."""
        recording = Recording()
        names = self._lines.names
        inputs = [recording.input(x).labeled(names[i]) for i, x in enumerate(self._examples)]
        vector = [recording.input(1.0) for _ in range(count)]

        def gradient(variables: list[Any]) -> list[Any]:
            return evaluated(self._lines, variables)[1:]

        entries = map(recording.number, derivatives(gradient, inputs, vector))
        return finished(recording, list(map(settled, entries)))

    @functools.cached_property
    def _hessian_lines(self) -> Listing:
        return self._second(lambda f, inputs, _: jacobian(f)(inputs).ravel().tolist(), 0)

    @functools.cached_property
    def _hvp_lines(self) -> Listing:
        return self._second(lambda f, x, v: jvp(f, [x], [v])[1], len(self._examples))
