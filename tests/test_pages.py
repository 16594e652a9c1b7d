"""Pages that compute: what Python writes, and what a browser shows beside the engine's numbers.

The browser's tests need Playwright and a Chromium on the machine.
"""

import functools
import json
import math
import random
import re
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path

import pytest
from table import COMPOSITES, OPERATIONS

import autodiff
from autodiff import Value, page, topological_order, tree
from autodiff.__main__ import main as command
from autodiff.pages.model import LIMIT, model_of
from autodiff.program import javascript
from examples import page as chapter_page
from examples.__main__ import main as examples_command

ASSETS = Path(javascript.__file__).parents[1] / "pages" / "assets"


@functools.cache
def chapter():
    return chapter_page.chapter()


def error():
    weight, input, goal = Value(0.5, "weight"), Value(0.5, "input"), Value(0.8, "goal")
    return ((input * weight - goal) ** 2).labeled("error")


# ---- What Python writes -------------------------------------------------------------------------


def test_a_page_is_one_file_of_less_than_400_kilobytes_that_refers_to_nothing_else():
    for made in (chapter(), page(error())):
        assert len(made.html.encode()) < 400_000
        assert not re.findall(
            r"""(?:src|href)\s*=|url\((?!#)|@import|\bfetch\(|import\(""", made.html
        )
        assert "default-src 'none'" in made.html


def test_a_page_is_saved_and_shown_in_a_notebook(tmp_path):
    made = page(error(), title="The <error>")
    made.save(tmp_path / "error.html")
    assert (tmp_path / "error.html").read_text(encoding="utf-8") == made.html
    assert "<title>The &lt;error&gt;</title>" in made.html
    assert made._repr_html_().startswith('<iframe title="The &lt;error&gt;" srcdoc="&lt;!DOCTYPE')
    assert repr(made).startswith("<Page 'The <error>': ")


def test_what_is_in_a_label_cannot_end_a_part_of_the_page():
    x = Value(1.0, "</script><script>alert(1)</script><!--")
    made = page(x * x)
    assert "<script>alert" not in made.html
    assert made.html.count("</script>") == 3


def test_names_are_those_of_the_tree():
    root = error()
    names = [node["name"] for node in model_of(root).data["nodes"]]
    text = tree(root)
    for name in names:
        assert re.search(rf"(?<!\w){re.escape(name)} = ", text), name


@pytest.mark.parametrize(
    ("build", "problem"),
    [
        (lambda: Value(1.0), "was not"),
        (lambda: 2.0, "draws the graph of a Value|that of a Value"),
        (lambda: Value(Fraction(1, 3), "x") * Value(math.inf, "y"), "y is inf"),
        (lambda: autodiff.erf(Value(1.0)), "erf cannot be written in JavaScript"),
        (lambda: sum([Value(1.0) for _ in range(LIMIT)], Value(0.0)), "up to 100 nodes"),
    ],
)
def test_what_a_page_cannot_show_is_an_error_that_says_why(build, problem):
    with pytest.raises((TypeError, ValueError, NotImplementedError), match=problem):
        page(build())


# ---- From the command line ---------------------------------------------------------------------


def test_the_command_writes_the_page_of_a_formula(tmp_path, capsys):
    path = tmp_path / "error.html"
    formula = "error = (input * weight - goal) ** 2"
    typed = [formula, "input=0.5", "weight=0.5", "goal=0.8", "--page", str(path)]
    assert command(typed) == 0
    assert "d error / d weight  -0.55" in capsys.readouterr().out
    assert f"<title>{formula.replace('*', '×', 1).replace(' - ', ' − ')}</title>" in path.read_text(
        encoding="utf-8"
    )


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        (("x", "x=1", "--page", "x.txt"), "the file ends in .html or .htm"),
        (("x * 2", "--page", "x.html"), "no number for x"),
        (("2 + 3", "--page", "x.html"), "no variables, so there is no graph"),
        (("x", "x=1", "--page", "x.html"), "was not"),
        (("erf(x)", "x=1", "--page", "x.html"), "erf cannot be written in JavaScript"),
        (("x * 2", "x=1", "--page", "/nowhere/x.html"), "/nowhere/x.html: No such file"),
    ],
)
def test_why_the_command_writes_no_page_is_one_line(typed, problem, capsys):
    assert command(list(typed)) == 2
    told = capsys.readouterr().err
    assert problem in told
    assert told.count("\n") == 1


def test_without_a_renderer_the_command_says_what_is_needed(tmp_path, monkeypatch, capsys):
    from autodiff.drawing import rendering

    def missing():
        raise rendering.RendererNotFoundError

    monkeypatch.setattr(rendering, "_renderer", missing)
    assert command(["x * 2", "x=1", "--page", str(tmp_path / "x.html")]) == 2
    assert "pip install graphviz-pure" in capsys.readouterr().err


def test_the_chapters_command_writes_its_page(tmp_path, capsys):
    path = tmp_path / "chapter.html"
    examples_command(["--page", str(path)])
    assert capsys.readouterr().out == f"{path}\n"
    assert path.read_text(encoding="utf-8") == chapter().html
    with pytest.raises(SystemExit, match="no page: "):
        examples_command(["--page", str(tmp_path / "nowhere" / "chapter.html")])


# ---- The numbers, in Node.js --------------------------------------------------------------------

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")


def in_node(code, *given):
    """Evaluate JavaScript; return the JSON that it prints."""
    ran = subprocess.run(
        ["node", "--input-type=module", "--eval", code],
        input=json.dumps(given), capture_output=True, encoding="utf-8", check=True,
    )  # fmt: skip
    return json.loads(ran.stdout)


READ = 'let text = ""; for await (const part of process.stdin) text += part;'
NUMBERS = (ASSETS / "numbers.js").read_text(encoding="utf-8")


def all_numbers(root):
    """Return the numbers of all nodes and edges by the engine, in the order of the page's."""
    model = model_of(root)
    nodes = [x for x in topological_order(root) if x.operation != "constant"]
    leaves = [x for x in nodes[::-1] if not x.operands]
    nodes = leaves + sorted((x for x in nodes if x.operands), key=lambda x: x.serial)
    for leaf in leaves:
        leaf.zero_grad()
    root.backward()
    edges = [
        (x, partial)
        for x in nodes
        for operand, partial in zip(x.operands, x.partials, strict=True)
        if operand.operation != "constant"
    ]
    partials = [0 if partial is None else partial for _, partial in edges]
    terms = [0 if partial is None else x.grad * partial for x, partial in edges]
    numbers = [*[x.data for x in nodes], *[x.grad for x in nodes], *partials, *terms]
    return model, [leaf.data for leaf in leaves], [float(x) for x in numbers]


@needs_node
def test_the_numbers_of_nodes_and_edges_are_those_of_the_engine():
    jobs, expected = [], []
    for case in (*OPERATIONS, *COMPOSITES):
        for point in case.points[:4]:
            root = case.f(*[Value(float(x)) for x in point])
            if not isinstance(root, Value) or not root.operands:
                continue
            try:
                model, inputs, numbers = all_numbers(root)
            except NotImplementedError:
                continue
            jobs.append([model.code, inputs])
            expected.append((case.name, point, numbers))
    code = (
        READ
        + """
    const results = JSON.parse(text)[0].map(([code, inputs]) =>
        new Function(`${code}; return compute;`)()(...inputs).map(Number).map(String));
    console.log(JSON.stringify(results));"""
    )
    found = in_node(code, jobs)
    assert len(found) > 300
    for (name, point, numbers), computed in zip(expected, found, strict=True):
        got = [float(x.replace("Infinity", "inf")) for x in computed]
        assert len(got) == len(numbers), name
        for ours, theirs in zip(numbers, got, strict=True):
            near = math.isclose(ours, theirs, rel_tol=4e-15, abs_tol=0)
            assert near or (math.isnan(ours) and math.isnan(theirs)), (name, point, ours, theirs)


@needs_node
def test_numbers_are_written_as_pythons_format_writes_them():
    chance = random.Random(1)
    numbers = [0.0, -0.0, 1.0, -0.55, 0.15625, 0.30250000000000005, 12345.0, 123450.0, 99999.5]
    numbers += [5e-324, 1.7e308, 1e-5, 0.0001, 9.9995, 0.00099995, 2.5, 1234.5]
    numbers += [chance.choice([-1, 1]) * 10 ** chance.uniform(-12, 12) for _ in range(2000)]
    numbers += [chance.randrange(-(10**6), 10**6) / 2 ** chance.randrange(12) for _ in range(2000)]
    code = f"{READ}{NUMBERS} console.log(JSON.stringify(JSON.parse(text)[0].map("
    code += "([x, digits]) => toDigits(Number(x), digits))));"
    jobs = [(repr(x), digits) for x in numbers for digits in (4, 6)]
    expected = [format(x, f".{digits}g") for x in numbers for digits in (4, 6)]
    assert in_node(code, jobs) == expected


FORMULAS = [
    ("2 * x + y", 8.0), ("-x ** 2", -9.0), ("2 ** -x", 0.125), ("x ** y ** 2", 81.0),
    ("x − 2 × y", -1.0), ("(x - y) / 2", 0.5), ("x // 2 % 2", 1.0), ("x^2", 9.0),
    ("exp(0) + maximum(x, y)", 4.0), (".5e1 * x", 15.0), ("- -x", 3.0), ("2 * pi", 2 * math.pi),
    ("where(x > y, 1, 0)", 1.0), ("#1 + x", 10.0),
]  # fmt: skip
NO_FORMULAS = [
    ("", "type the derivative"), ("2 x", "a product is written with *"), ("x +", "ends too early"),
    ("(x", '")" is missing'), ("z", "there is no z; there are x, y, #1"),
    ("x ? y", "the sign ? is no part"), ("foo(x)", "there is no function foo"),
    ("exp(x, y)", "exp takes 1 numbers, not 2"), ("x)", "not expected"),
]  # fmt: skip


def parse_code():
    formula = (ASSETS / "formula.js").read_text(encoding="utf-8")
    operations = re.search(r"const OPERATIONS = .*?\n\}\)\(\);", chapter().html, re.DOTALL)[0]
    return READ + NUMBERS + operations + formula


@needs_node
def test_typed_formulas_are_read_as_python_reads_them():
    code = (
        parse_code()
        + """
    const at = { x: 3, y: 2, "#1": 7 };
    const read = (one) => Number(parsed(one, Object.keys(at))(at));
    console.log(JSON.stringify(JSON.parse(text)[0].map(read)));"""
    )
    assert in_node(code, [text for text, _ in FORMULAS]) == [number for _, number in FORMULAS]


@needs_node
def test_what_is_no_formula_is_told_in_a_sentence():
    code = (
        parse_code()
        + """
    const tried = (one) => { try { parsed(one, ["x", "y", "#1"]); return "read"; } catch (error) {
        return error instanceof FormulaError ? error.message : String(error); } };
    console.log(JSON.stringify(JSON.parse(text)[0].map(tried)));"""
    )
    told = in_node(code, [text for text, _ in NO_FORMULAS])
    for (text, expected), message in zip(NO_FORMULAS, told, strict=True):
        assert expected in message, (text, message)
