"""The documents: their code runs and prints what they show, their links lead somewhere."""

import doctest
import re
from pathlib import Path

import pytest
from shown import typed

import autodiff

ROOT = Path(__file__).parents[1]
PATHS = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
TEXTS = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in PATHS}
READ_AS_ONE = {"docs/design.md"}  # whose blocks go on from one to the next
OF_THE_SITE = {"docs/chapter-page.html"}  # is written when the site is built


def blocks(language):
    """Return the blocks of code in a language, each as a case named for its document and line."""
    cases = []
    pattern = re.compile(rf"^```{language}\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)
    for name, text in sorted(TEXTS.items()):
        found = pattern.findall(text)
        for block in ["".join(found)] if found and name in READ_AS_ONE else found:
            line = text[: max(text.find(block), 0)].count("\n")
            cases.append(pytest.param(block, id=f"{name}:{line}"))
    return cases


# ---- Code -------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", blocks("python"))
def test_the_code_runs_and_prints_what_it_shows(block, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    if ".compile()" in block:
        pytest.importorskip("llvmlite")
    if ">>>" not in block:
        exec(compile(block, "a document", "exec"), {})
        return
    example = doctest.DocTestParser().get_doctest(block, {}, "a document", None, 0)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    report = []
    runner.run(example, out=report.append)
    assert runner.failures == 0, "".join(report)


@pytest.mark.parametrize("block", blocks("console"))
def test_the_commands_print_what_is_shown(block):
    command, _, shown = block.removeprefix("$ ").replace("\\\n", "").partition("\n")
    printed, _, _ = typed(command).rpartition("status")
    assert printed.rstrip() == shown.rstrip()


# ---- Links and pictures -----------------------------------------------------------------------


def prose(text):
    """Return a document without its blocks of code and its code between backticks."""
    return re.sub(r"```.*?```|`[^`\n]*`", "`code`", text, flags=re.DOTALL)


def anchors(text):
    """Return what the headings of a document are linked by."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken(name, text):
    """Return the links of a document that lead to no file and to no heading."""
    for target in re.findall(r"\]\((?!https?:)([^)\s]*)\)", prose(text)):
        path, _, anchor = target.partition("#")
        place = (ROOT / name).parent / path if path else ROOT / name
        there = place.resolve().relative_to(ROOT).as_posix()
        is_there = place.exists() or there in OF_THE_SITE
        if not is_there or (anchor and anchor not in anchors(TEXTS.get(there, ""))):
            yield target


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_links_lead_to_a_file_or_a_heading(name):
    assert list(broken(name, TEXTS[name])) == []


def test_a_broken_link_is_found():
    text = "[a](docs/none.md) [b](README.md#none) [c](#none) [d](README.md#two-commands)"
    assert list(broken("README.md", text)) == ["docs/none.md", "README.md#none", "#none"]


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_every_picture_is_described(name):
    descriptions = re.findall(r"!\[([^\]]*)\]\(", prose(TEXTS[name]))
    assert all(len(description.split()) >= 5 for description in descriptions), descriptions


# ---- What is where ----------------------------------------------------------------------------


def test_the_reference_has_every_public_name_once():
    pages = [text for name, text in TEXTS.items() if name.startswith("docs/reference/")]
    listed = re.findall(r"^::: autodiff\.(\w+)$", "".join(pages), flags=re.MULTILINE)
    assert sorted(listed) == sorted(autodiff.__all__)


def test_the_readme_is_short():
    assert len(TEXTS["README.md"].splitlines()) <= 150
