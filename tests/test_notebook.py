"""The notebook that walks through the chapter runs, and shows what is stored in it.

Where that is changed on purpose, have the outputs stored anew and read what Git tells:

    PYTHONPATH=. python tests/test_notebook.py
"""

import random
import re
from pathlib import Path

import pytest

nbclient = pytest.importorskip("nbclient")
nbformat = pytest.importorskip("nbformat")
pytest.importorskip("matplotlib")
pytest.importorskip("sympy")  # some comparisons end in a proof

NOTEBOOK = Path(__file__).parents[1] / "examples" / "chapter.ipynb"


def run(notebook):
    resources = {"metadata": {"path": str(NOTEBOOK.parent)}}
    client = nbclient.NotebookClient(
        notebook, timeout=120, resources=resources, coalesce_streams=True
    )
    return client.execute()


def words(html):
    """Return what a page says: its text and its descriptions, but not where things lie."""
    described = re.findall(r'\b(?:alt|aria-label)="([^"]*)"', html)
    return " ".join([*described, *re.sub(r"<[^>]*>", " ", html).split()])


def shown(cell):
    """Return what a cell shows, without the bytes and coordinates that differ between machines."""
    outputs = []
    for output in cell.get("outputs", ()):
        data = {"text/plain": output["text"]} if "text" in output else dict(output["data"])
        if "text/html" in data:
            data["text/html"] = words(data["text/html"])
        outputs.append(data)
    return outputs


@pytest.fixture(scope="session")
def stored():
    return nbformat.read(NOTEBOOK, as_version=4)


@pytest.fixture(scope="session")
def executed():
    return run(nbformat.read(NOTEBOOK, as_version=4))


def outputs(notebook, kind):
    """Return all outputs of a MIME type."""
    found = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    return [output["data"][kind] for output in found if kind in output.get("data", {})]


def test_every_cell_runs_in_order_and_shows_what_is_stored(stored, executed):
    for kept, cell in zip(stored.cells, executed.cells, strict=True):
        assert shown(cell) == shown(kept)
        assert cell.get("execution_count") == kept.get("execution_count")


def test_cells_run_in_any_order_after_the_first_show_the_same(stored):
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    first, *others = [cell for cell in notebook.cells if cell.cell_type == "code"]
    random.Random(0).shuffle(others)
    notebook.cells = [first, *others]
    by_id = {cell.id: shown(cell) for cell in stored.cells}
    for cell in run(notebook).cells:
        assert shown(cell) == by_id[cell.id]


def test_nothing_is_shown_by_mistake(executed):
    for cell in executed.cells:
        for output in cell.get("outputs", ()):
            assert output.output_type != "error"
            assert output.get("name") != "stderr"


def test_every_picture_is_described(stored):
    pages = [page for page in outputs(stored, "text/html") if "<svg" in page or "<img" in page]
    assert len(pages) == 8
    for page in pages:
        [description] = re.findall(r'\b(?:alt|aria-label)="([^"]+)"', page)
        assert len(description) > 30
    assert not outputs(stored, "image/svg+xml") + outputs(stored, "image/png")


def test_the_loop_that_learns_is_in_plain_sight(stored):
    assert any("weight.data -= alpha * weight.grad" in cell.source for cell in stored.cells)


def test_no_line_is_cut(stored):
    lines = [line for cell in stored.cells if cell.cell_type == "code" for line in code(cell)]
    assert max(map(len, lines)) <= 88  # in a page of 900 pixels


def code(cell):
    """Return the lines of a cell and of what it prints."""
    printed = [output.text for output in cell.outputs if "text" in output]
    return "\n".join([cell.source, *printed]).splitlines()


def test_each_section_ends_in_an_exercise(stored):
    text = "\n".join(cell.source for cell in stored.cells)
    _, *sections, answers = re.split(r"^## ", text, flags=re.MULTILINE)
    assert len(sections) == 13
    assert answers.startswith("Answers")
    for section in sections:
        before, turn = section.split("**Your turn.**")
        assert before
        assert "compare(" in turn or "check(" in turn


def test_no_exercise_is_solved_and_every_answer_is_right(stored):
    printed = [
        output.text
        for cell in stored.cells
        for output in cell.get("outputs", ())
        if "text" in output
    ]
    checked = [text for text in printed if re.search(r"is (not )?right|differs at|agrees at", text)]
    assert len(checked) == 13
    assert all("not right yet" in text or "differs at" in text for text in checked)
    assert printed[-1].count(": right") == 7
    assert "wrong" not in printed[-1]


def store_anew():
    notebook = run(nbformat.read(NOTEBOOK, as_version=4))
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # when it was run
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    nbformat.write(notebook, NOTEBOOK)


if __name__ == "__main__":
    store_anew()
