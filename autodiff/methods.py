"""The functions as methods of `Value`, so that `x.sin()` is `autodiff.sin(x)`.

Written by `.ci/methods.py` from the table in `operations`; not edited by hand.
"""

from __future__ import annotations

from typing import Any, Self

from autodiff import operations as f
from autodiff.protocols import AsNumber
from autodiff.rows import TABLE, Operation


class Methods(AsNumber):
    """The functions as methods."""

    __slots__ = ()

    def _unary(self, row: Operation) -> Self:
        raise NotImplementedError

    # fmt: off
    def power(self, y: Any)            -> Self: return f.power(self, y)
    def square(self)                   -> Self: return self._unary(TABLE["square"])
    def reciprocal(self)               -> Self: return self._unary(TABLE["reciprocal"])
    def sqrt(self)                     -> Self: return self._unary(TABLE["sqrt"])
    def cbrt(self)                     -> Self: return self._unary(TABLE["cbrt"])
    def hypot(self, b: Any)            -> Self: return f.hypot(self, b)
    def exp(self)                      -> Self: return self._unary(TABLE["exp"])
    def exp2(self)                     -> Self: return self._unary(TABLE["exp2"])
    def expm1(self)                    -> Self: return self._unary(TABLE["expm1"])
    def log(self)                      -> Self: return self._unary(TABLE["log"])
    def log1p(self)                    -> Self: return self._unary(TABLE["log1p"])
    def log2(self)                     -> Self: return self._unary(TABLE["log2"])
    def log10(self)                    -> Self: return self._unary(TABLE["log10"])
    def logaddexp(self, b: Any)        -> Self: return f.logaddexp(self, b)
    def softplus(self)                 -> Self: return self._unary(TABLE["softplus"])
    def log_sigmoid(self)              -> Self: return self._unary(TABLE["log_sigmoid"])
    def logit(self)                    -> Self: return self._unary(TABLE["logit"])
    def sigmoid(self)                  -> Self: return self._unary(TABLE["sigmoid"])
    def sin(self)                      -> Self: return self._unary(TABLE["sin"])
    def cos(self)                      -> Self: return self._unary(TABLE["cos"])
    def tan(self)                      -> Self: return self._unary(TABLE["tan"])
    def arcsin(self)                   -> Self: return self._unary(TABLE["arcsin"])
    def arccos(self)                   -> Self: return self._unary(TABLE["arccos"])
    def arctan(self)                   -> Self: return self._unary(TABLE["arctan"])
    def arctan2(self, x: Any)          -> Self: return f.arctan2(self, x)
    def degrees(self)                  -> Self: return self._unary(TABLE["degrees"])
    def radians(self)                  -> Self: return self._unary(TABLE["radians"])
    def sinc(self)                     -> Self: return self._unary(TABLE["sinc"])
    def sinh(self)                     -> Self: return self._unary(TABLE["sinh"])
    def cosh(self)                     -> Self: return self._unary(TABLE["cosh"])
    def tanh(self)                     -> Self: return self._unary(TABLE["tanh"])
    def sech(self)                     -> Self: return self._unary(TABLE["sech"])
    def arcsinh(self)                  -> Self: return self._unary(TABLE["arcsinh"])
    def arccosh(self)                  -> Self: return self._unary(TABLE["arccosh"])
    def arctanh(self)                  -> Self: return self._unary(TABLE["arctanh"])
    def erf(self)                      -> Self: return self._unary(TABLE["erf"])
    def erfc(self)                     -> Self: return self._unary(TABLE["erfc"])
    def lgamma(self)                   -> Self: return self._unary(TABLE["lgamma"])
    def polygamma(self, x: Any)        -> Self: return f.polygamma(self, x)
    def maximum(self, b: Any)          -> Self: return f.maximum(self, b)
    def minimum(self, b: Any)          -> Self: return f.minimum(self, b)
    def relu(self)                     -> Self: return self._unary(TABLE["relu"])
    def sign(self)                     -> Self: return self._unary(TABLE["sign"])
    def heaviside(self, at_zero: Any)  -> Self: return f.heaviside(self, at_zero)
    def copysign(self, y: Any)         -> Self: return f.copysign(self, y)
    def floor(self)                    -> Self: return self._unary(TABLE["floor"])
    def ceil(self)                     -> Self: return self._unary(TABLE["ceil"])
    def trunc(self)                    -> Self: return self._unary(TABLE["trunc"])
    def rint(self)                     -> Self: return self._unary(TABLE["rint"])
    # fmt: on


for _name, _method in vars(Methods).items():
    if _name in f.NAMES and hasattr(_method, "__code__"):  # none of a compiled class is written
        _method.__doc__ = getattr(f, _name).__doc__.partition("Examples")[0].rstrip()
