"""`python -m benchmarks`: what is right, what its table says, and of what cannot be measured."""

import dataclasses
import math
import os
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

import autodiff
from benchmarks import __main__ as command
from benchmarks import network, table, turns
from benchmarks.goals import GOALS
from benchmarks.picture import picture
from benchmarks.sections import COMPILE, PROGRAM, SECTIONS, Case, System
from benchmarks.turns import Figure, Plan

QUICK = Plan(seconds=0.0, rounds=1)

# Systems that cannot be measured, each in its way; as modules of `benchmarks.systems` are written.
IMPOSSIBLE = """
import os, time
from benchmarks.timing import RefusedError, whole

def evaluation(form, width):
    if form == "refuses":
        raise RefusedError("takes no tanh")
    if form == "fails":
        raise ValueError("what | it says")
    if form == "crashes":
        os.abort()
    if form == "late":
        time.sleep(600)
    return whole(lambda: None, lambda _: [0.0] * 26)
"""


def section_of(systems):
    """Return the section of one evaluation, of some systems and a small network."""
    case = Case("small", {"width": 3})
    return dataclasses.replace(SECTIONS["evaluation"], systems=systems, cases=(case,))


def measured(section, plan=QUICK):
    return turns.measured(section, section.cases[0], plan, {})


@pytest.fixture
def impossible(monkeypatch, tmp_path):
    """Return the function that makes a system which cannot be measured."""
    (tmp_path / "impossible.py").write_text(IMPOSSIBLE, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return lambda form: System("impossible", form)


# ---- What is right -----------------------------------------------------------------------------


@pytest.mark.parametrize("width", [3, 16])
def test_the_gradient_by_hand_is_that_of_the_engine(width):
    xs = network.samples_of(5)
    values, gradients = network.by_hand(width, xs)
    for x, value, gradient in zip(xs, values, gradients, strict=True):
        found = autodiff.value_and_grad(lambda w, x=x: network.error(w, x, width, autodiff.tanh))(
            network.weights_of(width)
        )
        np.testing.assert_allclose(network.flat(*found), [value, *gradient], rtol=1e-12)


def test_the_mean_by_hand_is_the_mean_over_blocks():
    xs = network.samples_of(network.BLOCK + 7)
    values, gradients = network.by_hand(3, xs)
    value, gradient = network.by_hand(3, xs, mean=True)
    np.testing.assert_allclose(value, values.mean(), rtol=1e-12)
    np.testing.assert_allclose(gradient, gradients.mean(axis=0), rtol=1e-12)


def test_a_system_that_agrees_with_numpy_is_timed():
    systems = {PROGRAM: SECTIONS["evaluation"].systems[PROGRAM]}
    figure = measured(section_of(systems))[PROGRAM]
    assert 0 < figure.least <= figure.median


# ---- What cannot be measured -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ("refuses", "takes no tanh"),
        ("fails", "fails: ValueError: what | it says"),
        ("crashes", "ends by SIGABRT: "),
        ("is wrong", "DISAGREES with NumPy: 0, not "),
    ],
)
def test_a_system_that_cannot_be_measured_is_named_with_the_reason(impossible, form, reason):
    assert measured(section_of({form: impossible(form)}))[form].startswith(reason)


def test_a_system_that_takes_too_long_is_given_up(impossible):
    section = section_of({"late": impossible("late")})
    assert measured(section, Plan(limit=0.2)) == {"late": "not in 0.2 s"}


def test_a_system_that_is_not_installed_is_named():
    system = System("benchmarks.systems.arrays", "by hand", "a-distribution-that-nobody-has")
    assert measured(section_of({"it": system})) == {"it": "not installed"}


def test_what_failed_in_a_smaller_case_is_not_tried_in_a_larger(impossible):
    section = section_of({"it": impossible("refuses")})
    cases = [Case("first", {"width": 3}), Case("second", {"width": 16})]
    found = turns.all_cases(section, cases, QUICK)
    assert found["second"] == {"it": "takes no tanh (first)"}


def test_what_does_not_fit_is_not_tried(monkeypatch):
    monkeypatch.setattr(turns, "memory", lambda: 16e9)
    section = SECTIONS["samples"]
    figures = turns.measured(section, section.cases[-1], QUICK, {})
    assert figures["NumPy by hand, matrices"] == "does not fit: 35 GB"


# ---- The table and the picture -----------------------------------------------------------------


def figure(seconds):
    return Figure((seconds,), seconds, 2 * seconds)


FOUND = {
    "mean": {
        "16 wide, 1,000 rows": {
            **dict.fromkeys(SECTIONS["mean"].systems, "not installed"),
            COMPILE: figure(1e-7),
            "JAX, matrices, pytree": figure(2e-7),
            "JAX, matrices, flat": figure(3e-7),
            "Warp": "ends by SIGSEGV: a | b",
        },
        "64 wide, 1,000 rows": {
            **dict.fromkeys(SECTIONS["mean"].systems, "not installed"),
            COMPILE: figure(3e-7),
            "JAX, matrices, pytree": figure(1e-7),
        },
    }
}


def test_the_table_has_the_ratio_of_the_best_times_and_of_the_medians_and_the_times():
    lines = table.page(FOUND).splitlines()
    assert f"| {COMPILE} | **1**, 0.1 | **1**, 0.3 |" in lines
    assert "| JAX, matrices, pytree | **2** (2), 0.2 | **0.333** (0.333), 0.1 |" in lines


def test_the_table_names_what_is_missing_and_why():
    lines = table.page(FOUND).splitlines()
    assert "| wrenfold, C++ | not installed | not installed |" in lines
    assert r"| Warp | ends by SIGSEGV: a \| b | not installed |" in lines


def test_the_goals_are_met_or_not():
    lines = table.goals_table(FOUND).splitlines()
    goal = "| mean gradient, of JAX's matrices in a pytree |"
    assert f"{goal} 16 wide, 1,000 rows | 0.8 | 0.5 | met |" in lines
    assert f"{goal} 64 wide, 1,000 rows | 2 | 3 | **not met** |" in lines


def test_a_goal_that_lacks_a_figure_is_not_measured():
    found = {"mean": {"16 wide": {**FOUND["mean"]["16 wide, 1,000 rows"], COMPILE: "fails"}}}
    assert table.goals_table(found).count("| not measured |") == 2


def test_every_goal_is_of_systems_and_cases_that_are_measured():
    for goal in GOALS:
        section = SECTIONS[goal.section]
        figures = dict.fromkeys(section.systems, Figure((1.0, 1.0), 2.0, 2.0))
        assert math.isfinite(table.measured(goal, figures))
        assert any(goal.cases in case.label for case in section.cases)


def test_the_picture_has_each_system_with_its_ratio_or_the_reason():
    root = ElementTree.fromstring(picture(FOUND))
    words = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    reasons = [figure for case in FOUND["mean"].values() for figure in case.values()]
    assert words.count("not installed") == reasons.count("not installed")
    assert {"JAX, matrices, flat", "3", "ends by SIGSEGV: a | b"} <= set(words)


def test_the_bars_of_the_picture_are_longer_where_the_times_are():
    found = {"mean": {"16 wide": FOUND["mean"]["16 wide, 1,000 rows"]}}
    root = ElementTree.fromstring(picture(found))
    bars = [bar for bar in root.iter("{http://www.w3.org/2000/svg}rect") if bar.get("x")]
    widths = [float(bar.get("width")) for bar in bars]
    assert len(widths) == 3
    assert widths == sorted(widths)


# ---- The command ------------------------------------------------------------------------------


def test_the_command_prints_a_section(monkeypatch, capsys):
    systems = {
        PROGRAM: SECTIONS["evaluation"].systems[PROGRAM],
        "gone": System("none", "", "a-distribution-that-nobody-has"),
    }
    monkeypatch.setitem(SECTIONS, "evaluation", section_of(systems))
    monkeypatch.setattr(command, "QUICK", QUICK)
    monkeypatch.setenv("COMPILED", "of another run")
    command.main(["--quick", "--only", "evaluation"])
    printed = capsys.readouterr().out
    assert f"| {PROGRAM} | **1**, " in printed
    assert "| gone | not installed |" in printed
    assert os.environ["COMPILED"] == ""


def test_a_short_run_has_a_small_case_of_every_section_but_that_of_threads():
    short = [key for key, section in SECTIONS.items() if command.cases_of(section, quick=True)]
    assert short == [key for key in SECTIONS if key != "threads"]


def test_the_functions_that_the_sections_name_are_there():
    import importlib.util

    for section in SECTIONS.values():
        for system in section.systems.values():
            place = importlib.util.find_spec(system.module).origin
            with open(place, encoding="utf-8") as file:
                assert f"\ndef {section.key}(" in file.read(), (section.key, system)
