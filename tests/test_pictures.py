"""The figures of the chapter as pictures."""

import importlib
import math
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

pytest.importorskip("matplotlib")

from examples import pictures
from examples.__main__ import main

NAMES = ["bowl", "steps_down", "steps_up", "alphas", "network_before", "network_after"]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    return pictures.write(tmp_path_factory.mktemp("pictures") / "new")


def points(axes):
    """The points that are drawn one by one, without the lines."""
    lines = [line for line in axes.lines if line.get_linestyle() == "None"]
    return [point for line in lines for point in zip(*line.get_data(), strict=True)]


def texts(axes):
    return [text.get_text() for text in axes.texts]


def test_every_picture_is_written_as_svg_and_png(written):
    assert [path.name for path in written] == [f"{n}.{k}" for n in NAMES for k in ("svg", "png")]


def test_every_svg_is_xml(written):
    for path in written:
        if path.suffix == ".svg":
            assert ElementTree.parse(path).getroot().tag.endswith("svg")


def test_every_png_is_a_png(written):
    for path in written:
        if path.suffix == ".png":
            assert path.read_bytes().startswith(b"\x89PNG")


def test_the_files_are_the_same_each_time(written, tmp_path):
    for first, second in zip(written, pictures.write(tmp_path), strict=True):
        assert first.read_bytes() == second.read_bytes()


def test_the_bowl_shows_the_weight_its_error_and_the_goal():
    [axes] = pictures.bowl().axes
    assert points(axes) == [(0.5, pytest.approx(0.3025, rel=1e-12))]
    assert texts(axes) == ["weight 0.5\nerror 0.3025\nslope -0.55", "goal weight\n1.6"]


def test_the_slope_line_has_the_slope_of_the_derivative():
    [axes] = pictures.bowl().axes
    [line] = [line for line in axes.lines if line.get_color() == pictures.ORANGE]
    (left, right), (above, below) = line.get_data()
    assert (below - above) / (right - left) == pytest.approx(-0.55, rel=1e-12)


@pytest.mark.parametrize(("weight", "sign"), [(0.0, -1), (1.5, -1), (1.7, 1), (4.0, 1)])
def test_the_slope_is_negative_left_of_the_goal_and_positive_right_of_it(weight, sign):
    assert math.copysign(1, pictures.slope(weight, 0.5, 0.8)) == sign


def test_the_steps_down_are_the_chapter_s():
    for axes in pictures.steps_down().axes:
        weights, errors = zip(*points(axes), strict=True)
        assert weights == pytest.approx([0, 0.88, 0.6952, 0.734008], rel=1e-12)
        assert errors == pytest.approx([0.64, 0.028224, 0.0012446784, 5.489031744e-05], rel=1e-11)


def test_the_steps_up_are_the_chapter_s():
    [axes] = pictures.steps_up().axes
    weights, errors = zip(*points(axes), strict=True)
    assert weights == pytest.approx([0.5, 0.1, 1.3, -2.3], rel=1e-12)
    assert errors == pytest.approx([0.04, 0.36, 3.24, 29.16], rel=1e-12)


def test_every_step_has_an_arrow():
    for figure in (pictures.steps_down(), pictures.steps_up()):
        assert all(len(axes.patches) == 3 for axes in figure.axes)


def test_every_alpha_is_drawn_and_named():
    [axes] = pictures.alphas().axes
    assert axes.get_yscale() == "log"
    named = {"10", "1", "0.1", "0.01", "0.001", "0.0001", "-0.1"}
    assert {text.removeprefix("alpha ") for text in texts(axes)} == named
    assert all(len(line.get_ydata()) == 20 for line in axes.lines)


def test_the_errors_of_the_alphas_are_the_chapter_s():
    [axes] = pictures.alphas().axes
    last = sorted(line.get_ydata()[-1] for line in axes.lines)
    assert last[0] == pytest.approx(1.48527717099e-10, rel=1e-9)
    assert last[1] == pytest.approx(0.00847943, rel=1e-5)
    assert len([error for error in last if error > 0.04]) == 3


def test_the_network_is_drawn_before_and_after_backward():
    assert "backward() has not run" in pictures.network_before().source
    assert "weight = 0.5\ngrad -0.55" in pictures.network_after().source


@pytest.fixture(params=pictures.FIGURES, ids=lambda drawn: drawn.__name__)
def drawn(request):
    """A figure that has been laid out."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    with pictures.matplotlib.rc_context(pictures.STYLE):
        figure = request.param()
        FigureCanvasAgg(figure).draw()
        yield figure


def extent(text):
    """The place of a text, without its arrow."""
    from matplotlib.text import Text

    return Text.get_window_extent(text)


def test_no_text_is_cut_off(drawn):
    frame = drawn.bbox.padded(1)
    for axes in drawn.axes:
        for text in (*axes.texts, axes.title, axes.xaxis.label, axes.yaxis.label):
            place = extent(text)
            assert frame.containsx(place.x0), text
            assert frame.containsx(place.x1), text
            assert frame.containsy(place.y0), text
            assert frame.containsy(place.y1), text


def test_no_text_covers_another(drawn):
    for axes in drawn.axes:
        places = [extent(text) for text in axes.texts if text.get_text()]
        for number, place in enumerate(places):
            assert place.count_overlaps(places[:number]) == 0


def test_without_matplotlib_the_error_names_the_extra(monkeypatch):
    monkeypatch.delitem(sys.modules, "examples.pictures")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r'pip install ".*\[examples\]"'):
        importlib.import_module("examples.pictures")


def test_the_command_writes_the_pictures_and_says_which(tmp_path, capsys):
    main(["--pictures", str(tmp_path / "new" / "folder")])
    written = capsys.readouterr().out.splitlines()
    assert [Path(path).exists() for path in written] == [True] * 12


def test_a_place_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SystemExit, match=r"no pictures: .*file"):
        main(["--pictures", str(tmp_path / "file")])
