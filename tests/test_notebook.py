"""The notebook that walks through the chapter runs from end to end and shows its pictures."""

from pathlib import Path

import pytest

nbclient = pytest.importorskip("nbclient")
nbformat = pytest.importorskip("nbformat")
pytest.importorskip("matplotlib")

NOTEBOOK = Path(__file__).parents[1] / "examples" / "chapter.ipynb"


@pytest.fixture(scope="module")
def executed():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    resources = {"metadata": {"path": str(NOTEBOOK.parent)}}
    return nbclient.NotebookClient(notebook, timeout=120, resources=resources).execute()


def outputs(notebook, kind):
    """Return all outputs of a MIME type."""
    shown = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    return [output["data"][kind] for output in shown if kind in output.get("data", {})]


def test_every_cell_runs_in_order(executed):
    counts = [cell.execution_count for cell in executed.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))


def test_a_value_and_the_figures_are_shown_as_pictures(executed):
    pictures = outputs(executed, "image/svg+xml")
    assert len(pictures) == 6
    assert all("<svg" in picture for picture in pictures)
    assert "backward() has not run" in pictures[0]


def test_the_derivative_is_shown(executed):
    assert "-0.55" in outputs(executed, "text/plain")


def test_the_notebook_is_kept_without_outputs():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert all(not cell.get("outputs") for cell in notebook.cells)
