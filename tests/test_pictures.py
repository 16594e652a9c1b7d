"""The figures of the chapter as pictures."""

import importlib
import itertools
import math
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

pytest.importorskip("matplotlib")

from test_layout import contrast

from examples import pictures
from examples.__main__ import main

NAMES = ["bowl", "steps_down", "steps_up", "alphas", "network_before", "network_after"]


@pytest.fixture(scope="session")
def written(tmp_path_factory):
    return pictures.write(tmp_path_factory.mktemp("pictures") / "new")


def points(axes):
    """The points that are drawn one by one, without the lines."""
    lines = [line for line in axes.lines if line.get_linestyle() == "None"]
    return [point for line in lines for point in zip(*line.get_data(), strict=True)]


def texts(axes):
    return [text.get_text() for text in axes.texts]


def steps(axes):
    """From where to where each arrow leads."""
    return [tuple(itertools.chain(*arrow._posA_posB)) for arrow in axes.patches]


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
    assert points(axes)[0] == (0.5, pytest.approx(0.3025, rel=1e-12))
    assert {"weight 0.5\nerror 0.3025\nslope -0.55", "goal weight\n1.6"} < set(texts(axes))


def test_the_bowl_shows_that_the_step_is_half_the_slope_and_where_it_leads():
    [axes] = pictures.bowl().axes
    assert steps(axes) == [pytest.approx((0.5, 0.3025, 0.775, 0.3025), rel=1e-12)]
    assert points(axes)[1][0] == pytest.approx(0.775, rel=1e-12)
    assert "step 0.275:\nhalf the slope,\nto weight 0.775" in texts(axes)


def test_the_slope_line_has_the_slope_of_the_derivative():
    [axes] = pictures.bowl().axes
    [line] = [line for line in axes.lines if line.get_linewidth() == 3]
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


@pytest.mark.parametrize(
    ("drawn", "weight", "input"), [(pictures.steps_down, 0.0, 1.1), (pictures.steps_up, 0.5, 2.0)]
)
def test_every_step_is_an_arrow_as_long_as_weight_delta_and_a_line_to_the_curve(
    drawn, weight, input
):
    path = pictures.learning(weight, input, 0.8, 4)
    for axes in drawn().axes:
        arrows = [(*old, new[0], old[1]) for old, new in itertools.pairwise(path)]
        assert [pytest.approx(arrow, rel=1e-12) for arrow in arrows] == steps(axes)
        lines = [[list(data) for data in line.get_data()] for line in axes.lines]
        for (_, old_error), (weight, error) in itertools.pairwise(path):
            assert [[weight, weight], [old_error, error]] in lines


def test_the_steps_are_numbered():
    for figure in (pictures.steps_down(), pictures.steps_up()):
        said = [text for axes in figure.axes for text in texts(axes) if text.startswith("step")]
        assert [text.split(":")[0] for text in said] == ["step 1", "step 2", "step 3"]


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


def test_no_line_that_leads_to_a_text_crosses_another(drawn):
    for axes in drawn.axes:
        leading = [text for text in axes.texts if getattr(text, "arrow_patch", None)]
        for text in leading:
            (x0, y0), (x1, y1) = text.arrow_patch.get_path().vertices[[0, -1]]
            on_line = [(x0 + (x1 - x0) * i / 50, y0 + (y1 - y0) * i / 50) for i in range(51)]
            for other in set(axes.texts) - {text}:
                assert not any(extent(other).contains(*point) for point in on_line), other


def test_text_is_read_on_white():
    for colour in (pictures.BLUE, pictures.ORANGE, pictures.GREEN, pictures.INK):
        assert contrast(colour, "#ffffff") >= 4.5


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
