"""What type checkers say of numbers and functions: `mypy --strict tests/typing`."""

from typing import Any, assert_type

import autodiff
from autodiff import Value

x, y = Value(0.5, "x"), Value(2.0, "y")

# Operators, with a plain number on either side
assert_type(x * y, Value)
assert_type(x * 2, Value)
assert_type(2 * x, Value)
assert_type(x + 1.5, Value)
assert_type(1 - x, Value)
assert_type(x / y, Value)
assert_type(x**2, Value)
assert_type(2**x, Value)
assert_type(x % 2, Value)
assert_type(x // 2, Value)
assert_type(-x, Value)
assert_type(abs(x), Value)
assert_type(divmod(x, 2), tuple[Value, Value])

# Comparisons, and what combines them
assert_type(x > 0, Value)
assert_type(x == y, Value)
assert_type((x > 0) & ~(y > 0), Value)

# Functions: as methods, of Values, beside plain numbers, of plain numbers
assert_type(x.sin(), Value)
assert_type(x.hypot(2.0), Value)
assert_type(x.clip(0.0, 1.0), Value)
assert_type(autodiff.sin(x), Value)
assert_type(autodiff.hypot(x, 2.0), Value)
assert_type(autodiff.hypot(2.0, x), Value)
assert_type(autodiff.sin(1.0), Any)
assert_type(autodiff.hypot(3.0, 4.0), Any)
assert_type(autodiff.total([x, y]), Any)
assert_type(autodiff.where(x > 0, x, y), Any)

# The number that a Value holds is of any kind
assert_type(x.data, Any)
assert_type(x.grad, Any)
assert_type(x.operands, tuple[Value, ...])
assert_type(x.labeled("x"), Value)
assert_type(x.detach(), Value)
