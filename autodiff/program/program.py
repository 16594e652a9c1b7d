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

from autodiff.kinds import Number
from autodiff.listing import CONSTANT, INPUT, LIKE, Listing
from autodiff.program import derived, javascript, one_sample, source
from autodiff.program.arguments import Arguments, check_reduce
from autodiff.program.evaluation import GuardError
from autodiff.program.machine import Machine
from autodiff.program.machine.direct import Direct
from autodiff.program.machine.kernel import Bound
from autodiff.program.machine.memory import aligned
from autodiff.program.replay import outputs_of
from autodiff.structures import stacked


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
    _machine: Machine | None = None  # that computes it, where it is compiled

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
        if not named and (value := self._one_sample.value(args)) is not None:
            return value
        direct = None if named else self._direct
        if direct is not None and (values := direct.value(args)) is not None:
            return values
        numbers, is_plain = self._arguments.numbers(self.name, args, named)
        if is_plain and self._machine is None:
            return self._functions[0](*numbers)
        return self._outputs("_value_lines", numbers)[0]

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
        if reduce is not None:
            check_reduce(reduce)
        if not named and (found := self._one_sample.value_and_grad(args)) is not None:
            return found
        direct = None if named else self._direct
        if direct is not None and (found := direct.value_and_grad(args, reduce)) is not None:
            return found
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
        numbers, is_plain = self._arguments.numbers_for_array(self.name, args, named, reduce)
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
        numbers, _ = self._arguments.numbers_for_array(self.name, args, named, reduce)
        entries = self._outputs("_hessian_lines", numbers, reduce)
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
        check_reduce(reduce)
        numbers, _ = self._arguments.numbers(self.name, args, {})
        vectors = self._arguments.vector(vector)
        for place, x in zip(self._arguments.varied, vectors, strict=True):
            own = getattr(numbers[place], "shape", ())
            if reduce is not None and getattr(x, "shape", ()) not in ((), own):
                raise ValueError(
                    f"with reduce={reduce!r} the vector has the shapes of the arguments, and in "
                    f"{self._lines.names[place]}, of shape {tuple(own)}, it has {tuple(x.shape)}"
                )
        products = self._outputs("_hvp_lines", numbers + vectors, reduce)
        return self._arguments.structured(products)

    # ---- As machine code ----------------------------------------------------------------------

    def compile(
        self, *, exact: bool = False, bits: int | None = None, threads: int | None = None
    ) -> Program:
        """Return the same program, computed by machine code on floats and NumPy arrays of them.

        It needs llvmlite (the extra `jit`). What is asked for is compiled when it is first asked
        for, and kept on disk. The arithmetic is IEEE 754: infinite or nan where Python raises. On
        other kinds of number it computes as before.

        Parameters
        ----------
        exact : bool
            Whether every result has the very bits that the engine gives on floats, sums over a
            batch apart. Else each function is right to 4 units in the last place, and several
            times as fast.
        bits : {None, 128, 256, 512}
            How many bits a vector has; None for as many as the machine can.
        threads : int or None
            On how many threads large batches are computed; None for all that the process may use.

        Raises
        ------
        ImportError, ValueError
            If llvmlite is not installed; if there are no such vectors, or there is no thread.

        Examples
        --------
        >>> from autodiff import trace
        >>> program = trace(lambda x, y: x * y + 1, 1.0, 1.0).compile()  # doctest: +SKIP
        >>> program.value_and_grad(2.0, 3.0)  # doctest: +SKIP
        (7.0, (3.0, 2.0))
        """
        machine = Machine(exact, bits, threads)
        return dataclasses.replace(self, _machine=machine) if machine.takes(self._lines) else self

    def bind(self) -> Bound:
        """Return the buffers of one evaluation of a compiled program, for calls that cost nothing.

        Examples
        --------
        >>> program = trace(lambda x, y: x * y + 1, 1.0, 1.0).compile()  # doctest: +SKIP
        >>> evaluation = program.bind()  # doctest: +SKIP
        >>> evaluation.inputs[:] = 2.0, 3.0  # doctest: +SKIP
        >>> evaluation()  # doctest: +SKIP
        >>> evaluation.outputs  # doctest: +SKIP
        array([7., 3., 2.])
        """
        inputs = aligned((self._lines.inputs,))
        bound = None if self._machine is None else self._machine.bound_to(self._lines, inputs)
        if bound is None:
            raise TypeError(f"{self.name} is not compiled: bind is for program.compile()")
        return bound

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
        return Program, (self.name, self._arguments, self._lines, self._examples, self._machine)

    # ---- What is made when it is first needed -------------------------------------------------

    def _outputs(self, lines: str, numbers: list[Any], reduce: str | None = None) -> list[Any]:
        """Compute the lines of an attribute by what computes this program."""
        compute = outputs_of if self._machine is None else self._machine.outputs_of
        return compute(getattr(self, lines), numbers, reduce)

    def _value_and_slopes(
        self, numbers: list[Any], is_plain: bool, reduce: str | None
    ) -> Sequence[Any]:
        """Return the value and the derivatives in their order."""
        if not is_plain or self._machine is not None:
            return self._outputs("_lines", numbers, reduce)
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
        return derived.value_of(self._lines)

    @functools.cached_property
    def _hessian_lines(self) -> Listing:
        return derived.hessian_of(self._lines, self._examples, self._arguments.varied)

    @functools.cached_property
    def _hvp_lines(self) -> Listing:
        return derived.product_of(self._lines, self._examples, self._arguments.varied)

    @functools.cached_property
    def _one_sample(self) -> one_sample.InPython | one_sample.InBuffers:
        """The short way of one sample."""
        if self._machine is None:
            return one_sample.InPython(lambda: self._functions, self._arguments)
        return one_sample.InBuffers(
            self._machine, self._arguments, functools.partial(getattr, self)
        )

    @functools.cached_property
    def _direct(self) -> Direct | None:
        """The short way of a batch; None if the program is not compiled."""
        if self._machine is None:
            return None
        return Direct(self._machine.at_once, self._arguments, functools.partial(getattr, self))
