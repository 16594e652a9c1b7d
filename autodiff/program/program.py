"""`Program`: straight-line code that gives its value and its derivatives.

Takes the lines that `trace` has recorded; computes them on plain numbers by their own source, on
NumPy arrays block by block, on arrays of other libraries at once, on other numbers line by line.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from autodiff.derivatives import derivatives_along, gradients_of, slope_in
from autodiff.kinds import Number
from autodiff.listing import CONSTANT, INPUT, LIKE, Listing
from autodiff.program import javascript, source
from autodiff.program.arguments import Arguments
from autodiff.program.evaluation import GuardError, evaluated
from autodiff.program.finishing import finished
from autodiff.program.masks import settled
from autodiff.program.replay import outputs_of
from autodiff.program.tracing import Recording
from autodiff.structures import stacked
from autodiff.value import Value, node


@dataclasses.dataclass(eq=False, repr=False)
class Program:
    """A function of numbers as straight-line code; `trace` makes it.

    Arguments are given as to the function that was traced, by position or by name. Each number may
    be a float, a Fraction or any other number, or an array over a batch; the batches of several
    arguments broadcast as NumPy's arrays do. Columns of other packages (pandas, polars, pyarrow)
    are taken by their values. What has no plain numbers (text, dates, complex numbers, a mask) is
    refused.

    One rule says where the batch is: in an array its axes come first, those of the example last. So
    a program traced with three numbers, in a list or in an array, takes an array of shape (3,) for
    one sample and of shape (N, 3) for N of them. A list is never a batch: each of its items is what
    its item of the example was, a number or an array over the batch.

    NumPy arrays are computed block by block, so the memory used beside inputs and outputs does not
    grow with the batch. There arithmetic is NumPy's: infinite or nan where a float would raise.
    Arrays of JAX, PyTorch, Dask and other libraries of the array API are computed at once (CuPy's
    untested); in JAX a program can be jitted, vmapped and sharded.

    Programs are compared by their lines, and pickle.

    Attributes
    ----------
    name : str
        The name of the function.

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
    _arguments: Arguments
    _lines: Listing
    _examples: tuple[Number, ...]

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the arguments."""
        return self._arguments.names

    @property
    def argnums(self) -> int | tuple[int, ...]:
        """The positions of the arguments in which is differentiated."""
        return self._arguments.argnums

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
        numbers, is_plain = self._arguments.numbers(self.name, args, named)
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
            The gradient in the structure of the argument in which is differentiated; a tuple if
            there are several.

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
        _check_reduce(reduce)
        numbers, is_plain = self._arguments.numbers(self.name, args, named)
        value, *slopes = self._value_and_slopes(numbers, is_plain, reduce)
        return value, self._arguments.structured(slopes)

    def grad(self, *args: Any, reduce: str | None = None, **named: Any) -> Any:
        """Return the gradient, as `value_and_grad` does.

        Examples
        --------
        >>> from autodiff import trace
        >>> trace(lambda x: x**3, 1.0).grad(2.0)
        12.0
        """
        return self.value_and_grad(*args, reduce=reduce, **named)[1]

    def jacobian(self, *args: Any, reduce: str | None = None, **named: Any) -> Any:
        """Return the gradient as one array: of a batch, a row for each sample.

        Parameters
        ----------
        *args, **named : number, array or structure
            The arguments, as in the function that was traced.
        reduce : {None, "sum", "mean"}
            As for `hessian`.

        Returns
        -------
        array or number
            A column for each number in which is differentiated, in their order; the axes of a batch
            in front. One number if there is one number only.

        Raises
        ------
        GuardError, ValueError
            As `hessian`.

        Examples
        --------
        >>> from autodiff import trace
        >>> import numpy as np
        >>> program = trace(lambda w, x: (w[0] + w[1] * x) ** 2, [1.0, 1.0], 1.0, argnums=0)
        >>> program.jacobian([1.0, 2.0], np.array([0.0, 1.0, 2.0]))
        array([[ 2.,  0.],
               [ 6.,  6.],
               [10., 20.]])
        """
        numbers, is_plain = self._numbers_for_array(args, named, reduce)
        _, *slopes = self._value_and_slopes(numbers, is_plain, reduce)
        return slopes[0] if len(slopes) == 1 else stacked(slopes, (len(slopes),))

    def hessian(self, *args: Any, reduce: str | None = None, **named: Any) -> Any:
        """Return all second derivatives: the derivative program, traced and differentiated.

        Parameters
        ----------
        *args, **named : number, array or structure
            The arguments, as in the function that was traced.
        reduce : {None, "sum", "mean"}
            What is differentiated of a batch: the value of each sample, or their sum or mean, in
            memory that does not grow with the batch. A sum or mean can be differentiated in what
            all samples share: `trace(..., argnums=...)` says what that is.

        Returns
        -------
        array or number
            A row and a column for each number in which is differentiated, in their order; the axes
            of a batch in front. One number if there is one number only.

        Raises
        ------
        GuardError
            If an input would take another branch than the program was traced on.
        ValueError
            If `reduce` is none of the three, or a number in which is differentiated is an array
            where a sum or mean is asked for.

        Examples
        --------
        >>> from autodiff import trace
        >>> trace(lambda x, y: x**2 * y, 1.0, 1.0).hessian(2.0, 3.0)
        array([[6., 4.],
               [4., 0.]])

        The Hessian of a mean loss in its parameters:

        >>> import numpy as np
        >>> program = trace(lambda w, b, x: (w * x + b) ** 2, 1.0, 0.0, 1.0, argnums=(0, 1))
        >>> program.hessian(1.0, 0.0, np.array([0.0, 1.0, 2.0, 3.0]), reduce="mean")
        array([[7., 3.],
               [3., 2.]])
        """
        numbers, _ = self._numbers_for_array(args, named, reduce)
        entries = outputs_of(self._hessian_lines, numbers, reduce)
        size = len(self._arguments.varied)
        return entries[0] if size == 1 else stacked(entries, (size, size))

    def hvp(self, args: Sequence[Any], vector: Sequence[Any], *, reduce: str | None = None) -> Any:
        """Return the Hessian times a vector, without the Hessian.

        Parameters
        ----------
        args : sequence
            The arguments.
        vector : sequence
            A part for each argument in which is differentiated, in its structure.
        reduce : {None, "sum", "mean"}
            What is differentiated of a batch, as for `value_and_grad`.

        Returns
        -------
        number or structure
            In the structure of the gradient.

        Raises
        ------
        GuardError
            If an input would take another branch than the program was traced on.
        TypeError, ValueError
            If the vector has another structure, or `reduce` is none of the three.

        Examples
        --------
        >>> from autodiff import trace
        >>> trace(lambda x, y: x**2 * y, 1.0, 1.0).hvp((2.0, 3.0), (1.0, 0.0))
        (6.0, 4.0)
        """
        _check_reduce(reduce)
        numbers, _ = self._arguments.numbers(self.name, args, {})
        vectors = self._arguments.vector(vector)
        for place, x in zip(self._arguments.varied, vectors, strict=True):
            own = getattr(numbers[place], "shape", ())
            if reduce is not None and getattr(x, "shape", ()) not in ((), own):
                raise ValueError(
                    f"with reduce={reduce!r} the vector has the shapes of the arguments, and in "
                    f"{self._lines.names[place]}, of shape {tuple(own)}, it has {tuple(x.shape)}"
                )
        products = outputs_of(self._hvp_lines, numbers + vectors, reduce)
        return self._arguments.structured(products)

    # ---- As text and as an object -------------------------------------------------------------

    @functools.cached_property
    def source(self) -> str:
        """The program as Python: a module of two functions of plain numbers.

        One returns the value, `..._and_gradient` the value and the derivative in each number in
        which is differentiated.

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
        text = repr((self.name, self._arguments, steps, lines.outputs, guards))
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
        return Program, (self.name, self._arguments, self._lines, self._examples)

    # ---- What is made when it is first needed -------------------------------------------------

    def _numbers_for_array(
        self, args: Sequence[Any], named: Mapping[str, Any], reduce: str | None
    ) -> tuple[list[Any], bool]:
        """Return the numbers among the arguments, for derivatives that become one array."""
        _check_reduce(reduce)
        numbers, is_plain = self._arguments.numbers(self.name, args, named)
        for place in self._arguments.varied if reduce is not None else ():
            shape = getattr(numbers[place], "shape", ())
            if shape != ():
                raise ValueError(
                    f"with reduce={reduce!r} all samples share what is differentiated in, and "
                    f"{self._lines.names[place]} is an array of shape {tuple(shape)}: name the "
                    "arguments in which to differentiate by trace(..., argnums=...)"
                )
        return numbers, is_plain

    def _value_and_slopes(
        self, numbers: list[Any], is_plain: bool, reduce: str | None
    ) -> Sequence[Any]:
        """Return the value and the derivatives in their order."""
        if not is_plain:
            return outputs_of(self._lines, numbers, reduce)
        result = self._functions[1](*numbers)
        return result if self._arguments.varied else (result,)

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
            lines,
            steps=lines.steps[:stop],
            outputs=lines.outputs[:1],
            names=names,
            adjoints={},
            derivative_in=(None,),
        )

    def _recorded_again(self) -> tuple[Recording, list[Value], list[Any]]:
        """Record the gradient once more; return its variables and its numbers."""
        recording = Recording()
        names = self._lines.names
        inputs = [recording.input(x).labeled(names[i]) for i, x in enumerate(self._examples)]
        variables = list(map(node, inputs))
        return recording, variables, evaluated(self._lines, variables)[1:]

    @functools.cached_property
    def _hessian_lines(self) -> Listing:
        """The second derivatives, row by row."""
        recording, variables, gradient = self._recorded_again()
        entries = []
        for slope in gradient:
            row = gradients_of(slope)
            entries += [slope_in(variables[place], row) for place in self._arguments.varied]
        return _second(recording, entries, [None] * len(entries))

    @functools.cached_property
    def _hvp_lines(self) -> Listing:
        """The Hessian times a vector, whose numbers are inputs behind those of the program."""
        recording, variables, gradient = self._recorded_again()
        directions = {
            id(variables[place]): recording.input(1.0) for place in self._arguments.varied
        }
        return _second(recording, derivatives_along(gradient, directions), self._arguments.varied)


def _check_reduce(reduce: str | None) -> None:
    if reduce not in (None, "sum", "mean"):
        raise ValueError(f"reduce is None, 'sum' or 'mean', and {reduce!r} is neither")


def _second(
    recording: Recording, entries: Sequence[Any], derivative_in: Sequence[int | None]
) -> Listing:
    """Return second derivatives that were recorded as a listing."""
    lines = [settled(recording.number(entry)) for entry in entries]
    return finished(recording, lines, 0, derivative_in)
