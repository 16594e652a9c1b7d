"""The functions as methods of `Value`, so that `x.sin()` is `autodiff.sin(x)`.

Written by `.ci/methods.py` from the table in `operations`; not edited by hand.
"""

from __future__ import annotations

from typing import Any, Self

from autodiff import operations as f
from autodiff.protocols import AsNumber


class Methods(AsNumber):
    """The functions as methods."""

    __slots__ = ()

    # fmt: off
    def power(self, y: Any)            -> Self: return f.power(self, y)
    def square(self)                   -> Self: return f.square(self)
    def reciprocal(self)               -> Self: return f.reciprocal(self)
    def sqrt(self)                     -> Self: return f.sqrt(self)
    def cbrt(self)                     -> Self: return f.cbrt(self)
    def hypot(self, b: Any)            -> Self: return f.hypot(self, b)
    def exp(self)                      -> Self: return f.exp(self)
    def exp2(self)                     -> Self: return f.exp2(self)
    def expm1(self)                    -> Self: return f.expm1(self)
    def log(self)                      -> Self: return f.log(self)
    def log1p(self)                    -> Self: return f.log1p(self)
    def log2(self)                     -> Self: return f.log2(self)
    def log10(self)                    -> Self: return f.log10(self)
    def logaddexp(self, b: Any)        -> Self: return f.logaddexp(self, b)
    def softplus(self)                 -> Self: return f.softplus(self)
    def log_sigmoid(self)              -> Self: return f.log_sigmoid(self)
    def logit(self)                    -> Self: return f.logit(self)
    def sigmoid(self)                  -> Self: return f.sigmoid(self)
    def sin(self)                      -> Self: return f.sin(self)
    def cos(self)                      -> Self: return f.cos(self)
    def tan(self)                      -> Self: return f.tan(self)
    def arcsin(self)                   -> Self: return f.arcsin(self)
    def arccos(self)                   -> Self: return f.arccos(self)
    def arctan(self)                   -> Self: return f.arctan(self)
    def arctan2(self, x: Any)          -> Self: return f.arctan2(self, x)
    def degrees(self)                  -> Self: return f.degrees(self)
    def radians(self)                  -> Self: return f.radians(self)
    def sinc(self)                     -> Self: return f.sinc(self)
    def sinh(self)                     -> Self: return f.sinh(self)
    def cosh(self)                     -> Self: return f.cosh(self)
    def tanh(self)                     -> Self: return f.tanh(self)
    def sech(self)                     -> Self: return f.sech(self)
    def arcsinh(self)                  -> Self: return f.arcsinh(self)
    def arccosh(self)                  -> Self: return f.arccosh(self)
    def arctanh(self)                  -> Self: return f.arctanh(self)
    def erf(self)                      -> Self: return f.erf(self)
    def erfc(self)                     -> Self: return f.erfc(self)
    def lgamma(self)                   -> Self: return f.lgamma(self)
    def polygamma(self, x: Any)        -> Self: return f.polygamma(self, x)
    def maximum(self, b: Any)          -> Self: return f.maximum(self, b)
    def minimum(self, b: Any)          -> Self: return f.minimum(self, b)
    def relu(self)                     -> Self: return f.relu(self)
    def sign(self)                     -> Self: return f.sign(self)
    def heaviside(self, at_zero: Any)  -> Self: return f.heaviside(self, at_zero)
    def copysign(self, y: Any)         -> Self: return f.copysign(self, y)
    def floor(self)                    -> Self: return f.floor(self)
    def ceil(self)                     -> Self: return f.ceil(self)
    def trunc(self)                    -> Self: return f.trunc(self)
    def rint(self)                     -> Self: return f.rint(self)
    # fmt: on


for _name, _method in vars(Methods).items():
    if _name in f.NAMES and hasattr(_method, "__code__"):  # none of a compiled class is written
        _method.__doc__ = getattr(f, _name).__doc__.partition("Examples")[0].rstrip()
