"""Formulas as text: what they compute, on which numbers, and what is no formula and where."""

import inspect
import math
import pickle
from fractions import Fraction

import mpmath
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff
from autodiff import Value
from autodiff.formula import parse
from autodiff.formula.bounds import MAX_BITS
from autodiff.formula.limit import WorkLimitError, at_most
from autodiff.formula.spelling import MAX_CHARACTERS, MAX_DEPTH, MAX_OPERATORS, FormulaError

# ---- What is computed -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("-2 ** 2", -4),
        ("2 ** 3 ** 2", 512),
        ("+7 // 2 - -7 % 4", 2),
        ("1 / 4", 0.25),
        ("1_000 + 0x10 + 1e-1 + .5 + 2.", 1018.6),
        ("abs(-3) + maximum(1, 2) - clip(9, 0, 5)", 0),
        ("where(2 > 1, 10, 20) + where(2 <= 1, 10, 20)", 30),
        ("where(1 == 1, 1, 0) + where(1 != 1, 1, 0)", 1),
        ("a = 2; b = a * a; b + a", 6),
        ("a = 2\n\n  b = (a *\n   a)  # twice\nb", 4),
        ("log(exp(1)) + sin(0)", 1.0),
    ],
)
def test_a_formula_means_what_python_means(text, result):
    assert parse(text)() == result


@given(st.floats(-100, 100), st.floats(0.1, 100))
def test_a_formula_computes_bit_for_bit_what_python_does(x, y):
    formula = parse("u = x * y - 0.1; (u / y) ** 2 + 3 * u % y")
    u = x * y - 0.1
    assert formula(x=x, y=y) == (u / y) ** 2 + 3 * u % y


ARGUMENTS = {"(x)": (0.5,), "(1, x)": (1, 0.5), "(x, 0, 2)": (0.5, 0, 2)}


@pytest.mark.parametrize(
    "name", sorted(set(autodiff.functions.__all__) - autodiff.functions.OF_MANY - {"where"})
)
def test_every_function_of_autodiff_can_be_used(name):
    function = getattr(autodiff, name)
    count = len(inspect.signature(function).parameters)
    text, numbers = list(ARGUMENTS.items())[count - 1]
    if name == "arccosh":
        text, numbers = "(x + 1)", (1.5,)
    assert parse(name + text)(x=0.5) == function(*numbers)


def test_variables_stand_in_the_order_of_their_first_appearance():
    formula = parse("u = y * x; v = z - u; result = v + y")
    assert formula.variables == ("y", "x", "z")
    assert list(formula.names) == ["u", "v", "result"]
    assert formula.name == "result"
    assert formula.compute({"x": 2, "y": 3, "z": 4}) == (
        1, {"y": 3, "x": 2, "z": 4, "u": 6, "v": -2, "result": 1},
    )  # fmt: skip


def test_greek_names_are_names():
    assert parse("(β * ζ) ** 2").variables == ("β", "ζ")


def test_statements_become_labels_and_variables_keep_theirs():
    x = Value(2.0, "x")
    result, named = parse("same = x; u = x * x; again = u; y = u + same").compute({"x": x})
    assert (x.label, named["u"].label, result.label) == ("x", "u", "y")
    result.backward()
    assert x.grad == 5.0


@pytest.mark.parametrize("text", ["pi * e ** x", "π * e ** x", "y = pi * e ** x"])
def test_constants_that_are_known_are_no_variables_and_exact_on_symbols(text):
    formula = parse(text, known={"pi", "π", "e"})
    assert formula.variables == ("x",)
    assert formula(x=1.0) == math.pi * math.e
    x = sympy.Symbol("x")
    assert formula(x=x) == sympy.pi * sympy.exp(x)


def test_constants_are_variables_unless_known_and_names_when_computed():
    assert parse("pi * e").variables == ("pi", "e")
    assert parse("e = x - 1; e * pi", known={"e"}).variables == ("x", "pi")
    with pytest.raises(FormulaError, match="e has a meaning already"):
        parse("y = e * x; e = 2", known={"e"})


@pytest.mark.parametrize("comment", ["\udcff", "\0", "\ufffd 'text [{", "π²"])
def test_a_comment_may_hold_anything(comment):
    formula = parse(f"y = x  # {comment}\ny * 2  # {comment}")
    assert formula(x=3.0) == 6.0
    formula.text.encode()


@pytest.mark.parametrize("name", ["self", "formula", "numbers"])
def test_a_variable_may_be_called_as_parameters_are(name):
    assert parse(f"{name} * 2")(**{name: 3.0}) == 6.0


def test_on_exact_numbers_a_decimal_is_exact():
    formula = parse("0.1 * x + 1 / 3")
    assert formula(x=Fraction(1)) == Fraction(13, 30)
    x = Value(Fraction(1))
    result = formula(x=x)
    result.backward()
    assert x.grad == Fraction(1, 10)
    symbol = sympy.Symbol("x")
    assert formula(x=symbol) == symbol / 10 + sympy.Rational(1, 3)
    assert formula(x=1) == 0.1 + 1 / 3


def test_equality_of_symbols_is_not_decided_by_their_form():
    with pytest.raises(TypeError, match="cannot be told"):
        parse("where(x == 1, x, 2)")(x=sympy.Symbol("x"))


def test_a_number_for_each_variable_is_needed():
    with pytest.raises(TypeError, match="needs a number for y"):
        parse("x * y")(x=1.0)


# ---- What is no formula -----------------------------------------------------------------------

NO_FORMULAS = [
    ("", 1, "there is no formula"),
    ("  # nothing", 1, "there is no formula"),
    ("x.data", 2, "attributes are no part of a formula"),
    ("().__class__", 3, "attributes are no part of a formula"),
    ("__import__('os')", 12, "text is no part of a formula"),
    ("open(x)", 1, "there is no function 'open'"),
    ("eval(x)", 1, "there is no function 'eval'"),
    ("y = sine(x)", 5, "there is no function 'sine': is sin meant?"),
    ("ln(x)", 1, "is log meant?"),
    ("sin(x)(y)", 7, "a product is written *"),
    ("sin(x, y)", 1, "sin takes 1 argument, not 2"),
    ("log(x, 2)", 1, "log takes 1 argument, not 2: to another base it is log2(x), log10(x) or"),
    ("max(a, b)", 1, "is maximum meant?"),
    ("maximum(a, b, c)", 1, "maximum takes 2 arguments, not 3: write maximum(maximum(a, b), c)"),
    ("asin(x)", 1, "is arcsin meant?"),
    ("Sin(x)", 1, "is sin meant?"),
    ("cot(x)", 1, "is 1 / tan(x) meant?"),
    ("x(y + 1)", 1, "a product is written *, as in x * (...)"),
    ("sin(*x)", 1, "sin takes plain arguments only"),
    ("sin(x=1)", 1, "sin takes plain arguments only"),
    ("sin + 1", 1, "sin is a function"),
    ("sin x", 5, "sin is a function: write sin(...)"),
    ("sin = 1", 1, "sin is a function: choose another name"),
    ("(x for x in y)", 4, "loops and comprehensions are no part of a formula"),
    ("[x]", 1, "lists and indices are no part of a formula"),
    ("x[0]", 2, "lists and indices are no part of a formula"),
    ("{x}", 1, "braces are no part of a formula"),
    ("x if y else z", 3, "where(condition, a, b)"),
    ("lambda: 1", 1, "take another name"),
    ("x ^ 2", 3, "a power is written **"),
    ("x²", 1, "a power is written **, as in x**2"),
    ("(x + 1)²³", 8, "a power is written **, as in **23"),
    ("2x", 2, "a product is written *, as in 2 * x"),
    ("2 (x + 1)", 3, "a product is written *, as in 2 * (...)"),
    ("(x + 1)(y)", 8, "a product is written *, as in (...) * (...)"),
    ("x y", 3, "a product is written *, as in x * y"),
    ("x × y", 3, "a product is written *"),
    ("x − 1", 3, "a minus is written -"),
    ("x!", 2, "n! is exp(lgamma(n + 1))"),
    ("|x|", 1, "an absolute value is written abs(x)"),
    ("0,5 * x", 1, "a decimal number is written 0.5"),
    ("½ * x", 1, "is no part of a formula"),
    ("(x := 2)", 4, "':' is no part of a formula"),
    ("x, y", 1, "a formula has one result"),
    ("x, y = 1", 1, "on the left of = stands one name"),
    ("x = y = 1", 1, "a statement is  name = expression"),
    ("x += 1", 1, "a statement is  name = expression"),
    ("1; 2", 1, "only the last expression may go without a name"),
    ("x = 1; x = 2", 8, "x has a meaning already"),
    ("y = x; x = 2", 8, "x has a meaning already"),
    ("x < 1", 1, "a comparison stands alone, as the first argument of where"),
    ("where(0 < x < 1, 1, 2)", 7, "a comparison stands alone"),
    ("where(x, 1, 2)", 7, "the first argument of where is a comparison"),
    ("1 + 2j", 6, "a product is written *, as in 2 * j"),
    ("x * 1e999", 5, "out of the range of floats"),
    ("1e-999", 1, "out of the range of floats"),
    ("1" * 301, 1, "at most 300 digits"),
    ("True", 1, "'True' is no part of a formula"),
    ("x +", 4, "invalid syntax"),
    ("(x", 1, "was never closed"),
    ("x \0", 3, "is no part of a formula"),
    ("\ud800", 1, "is no part of a formula"),
    ("1 << 2", 1, "this is no part of a formula"),
    ("(" * 101 + "x" + ")" * 101, 101, f"nested at most {MAX_DEPTH} deep"),
    ("-" * 1001 + "x", 1001, f"at most {MAX_OPERATORS} operators"),
    ("x" * 10_001, 1, f"at most {MAX_CHARACTERS} characters"),
]


@pytest.mark.parametrize(("text", "column", "message"), NO_FORMULAS, ids=lambda x: str(x)[:20])
def test_what_is_no_formula_is_an_error_that_points_at_it(text, column, message):
    with pytest.raises(FormulaError) as caught:
        parse(text)
    error = caught.value
    assert message in error.message
    assert (error.line, error.column) == (1, column)
    assert error.one_line == f"column {column}: {error.message}"
    assert "\n" not in error.one_line


def test_the_caret_stands_under_the_place_in_letters_and_not_in_bytes():
    with pytest.raises(FormulaError) as caught:
        parse("x = 1\n  β + ζ + sin(x, 2)\n")
    assert caught.value.one_line.startswith("line 2, column 11: sin takes")
    written, caret = caught.value.excerpt.splitlines()
    assert written[caret.index("^") :] == "sin(x, 2)"


def test_an_error_is_pickled_whole():
    with pytest.raises(FormulaError) as caught:
        parse("x ^ 2")
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("9**9**9", 1),
        ("2 * 3 ** (2 ** 30)", 5),
        ("power(9, 10**9)", 1),
        ("exp2(10 ** 9)", 1),
        ("a = 9 ** 999\nb = a * a * a * a * a", 5),
    ],
)
def test_no_exact_number_grows_beyond_its_bound(text, column):
    formula = parse(text)
    with pytest.raises(OverflowError, match=f"more than {MAX_BITS} bits") as caught:
        formula()
    assert formula.error_at(caught.value).column == column


@pytest.mark.parametrize(
    ("text", "theirs"), [("lgamma(x)", "loggamma"), ("erf(x)", "erf"), ("erfc(x)", "erfc")]
)
def test_special_functions_are_not_computed_to_digits_that_take_seconds(text, theirs):
    context = mpmath.MPContext()
    context.prec = 900
    assert parse(text)(x=context.mpf(5)) == getattr(context, theirs)(5)
    context.prec = 1100
    with pytest.raises(OverflowError, match="to more than 1000 bits"):
        parse(text)(x=context.mpf(5))


@pytest.mark.parametrize(
    ("text", "bits", "x", "calls"),
    [
        ("x * x + x", 53, 2.0, 100),
        ("x * x + x", 8000, 2.0, 10_000),
        ("exp(x)", 200, 2.0, 100),
        ("exp(x)", 8000, 2.0, 50_000),
        ("exp(-x)", 8000, 1e300, 200_000),
        (f"x ** {10**299 - 1}", 8000, 1.5, 200_000),
        ("erf(x)", 200, 2.0, 1_000),
        ("digamma(x)", 200, 2.0, 10_000),
        ("digamma(x)", 1000, 2.0, 100_000),
    ],
)
def test_an_operation_counts_by_the_digits_that_it_is_computed_to(text, bits, x, calls):
    context = mpmath.MPContext()
    context.prec = bits
    formula = parse(text)
    with at_most(calls):
        formula(x=context.mpf(x))
    with pytest.raises(WorkLimitError), at_most(calls // 10):
        formula(x=context.mpf(x))


@pytest.mark.parametrize("text", ["digamma(10**400)", "polygamma(1, -1e17)", "lgamma(-1e17)"])
def test_no_argument_of_the_gamma_functions_is_beyond_what_is_computed_at_once(text):
    with pytest.raises(OverflowError):
        parse(text)()


@pytest.mark.parametrize(
    "text",
    [
        "x ** (10 ** 9) ** 0.5 * 2 ** (1 / 123457)",
        "exp(-99999 * log(10))",
        "lgamma(9999)",
        "square(" * 20 + "x + x" + ")" * 20,
        ";".join(["a0 = 2 * x", *(f"a{i + 1} = a{i} * a{i}" for i in range(20))]),
    ],
)
def test_sympy_is_not_given_numbers_that_it_would_write_out_for_hours(text):
    with pytest.raises(OverflowError):
        parse(text)(x=sympy.Symbol("x"))


@pytest.mark.parametrize(
    ("text", "x", "kind", "column"),
    [
        ("1 + 1 / x", 0.0, ZeroDivisionError, 5),
        ("1 + log(x)", -1.0, ValueError, 5),
        ("1 + x ** 0.5", -1.0, ValueError, 5),
        ("1 + exp(x)", 1000.0, OverflowError, 5),
    ],
)
def test_a_computation_raises_what_python_raises_and_knows_where(text, x, kind, column):
    formula = parse(text)
    for number in (x, Value(x)):
        with pytest.raises(kind) as caught:
            formula(x=number)
        assert formula.error_at(caught.value).column == column


def test_the_longest_formulas_are_computed():
    terms = parse("+".join(["x"] * 1000))
    assert terms(x=1.0) == 1000.0
    assert parse("-" * 1000 + "x")(x=1.0) == 1.0
    assert parse("(" * 100 + "x" + ")" * 100)(x=2.0) == 2.0
    assert parse("**".join(["x"] * 1000))(x=1.0) == 1.0


@settings(max_examples=300, deadline=None)
@given(
    st.text(
        st.sampled_from("xyβ0123456789.eE+-*/%()=,;<>! \n#sincowhere_[]{}'\"\\:@^"), max_size=60
    )
)
def test_random_text_is_a_formula_or_a_formula_error(text):
    try:
        formula = parse(text)
    except FormulaError as caught:
        error = caught
    else:
        error = None
    if error is not None:
        line = text.split("\n")[error.line - 1]
        assert 1 <= error.column <= len(line) + 1
        return
    try:
        result = formula(**dict.fromkeys(formula.variables, 1.5))
    except (ArithmeticError, ValueError):
        return
    assert isinstance(result, int | float)
