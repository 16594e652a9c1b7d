"""The package as a person meets it: its import, and what it says of itself."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from autodiff import extras
from autodiff.extras import how_to_install

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def run_python(code):
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout


def loaded_by_the_import():
    return run_python(
        "import sys; before = set(sys.modules); import autodiff; "
        "print(*{name.partition('.')[0] for name in set(sys.modules) - before})"
    ).split()


def test_the_import_loads_nothing_but_the_standard_library():
    own = {"autodiff", "autodiff_engine__mypyc"}  # the second where the engine is compiled
    assert set(loaded_by_the_import()) <= {*own, *sys.stdlib_module_names}


def test_the_import_loads_nothing_that_takes_longer_than_it_does():
    slow = {"dataclasses", "decimal", "fractions", "inspect", "signal", "threading"}
    assert slow.isdisjoint(loaded_by_the_import())


def test_scalar_work_needs_no_numpy():
    code = "import sys, autodiff; x = autodiff.Value(2.0); (x * autodiff.sin(x)).backward(); "
    assert run_python(code + "print('numpy' in sys.modules)") == "False\n"


def test_everything_public_is_documented():
    import autodiff

    assert [name for name in autodiff.__all__ if not getattr(autodiff, name).__doc__] == []


# ---- What a person is told to install ---------------------------------------------------------


def test_a_missing_extra_is_named():
    code = (
        "import sys; sys.modules['scipy'] = None; import autodiff\n"
        "try: autodiff.lgamma(autodiff.Value(2.0))\n"
        "except ImportError as error: print(error)"
    )
    assert how_to_install("scipy") in run_python(code)


def test_in_the_folder_of_a_checkout_the_hint_is_the_folders_own_command(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert how_to_install("scipy") == 'python -m pip install ".[scipy]"'


def test_outside_the_folder_of_a_checkout_the_hint_names_the_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert how_to_install("scipy") == f'python -m pip install "{ROOT}[scipy]"'


def test_where_the_package_is_installed_the_hint_names_the_distribution(monkeypatch, tmp_path):
    monkeypatch.setattr(extras, "_FOLDER", str(tmp_path))
    assert how_to_install("scipy") == f'python -m pip install "{PROJECT["name"]}[scipy]"'


def test_every_extra_that_is_hinted_at_exists():
    hint = r"how_to_install\([\"'](\w+)|pip install [\"']\.\[([\w,]+)\]"
    hinted = re.findall(hint, "".join(texts().values()))
    named = {name for pair in hinted for names in pair for name in names.split(",") if name}
    assert {"scipy", "sympy", "test"} <= named <= set(PROJECT["optional-dependencies"])


def texts():
    """Return what a person reads or runs, by path: the code, the tests, the documents."""
    folders = ("autodiff", "examples", "tests", "benchmarks", "docs")
    places = ["*", ".ci/*", *(f"{folder}/**/*" for folder in folders)]
    kinds = {".py", ".md", ".toml", ".ipynb", ".html", ".yml"}
    paths = [path for place in places for path in ROOT.glob(place)]
    return {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
        for path in paths
        if path.suffix in kinds or path.name == "run"
    }


def strangers(text):
    """Return where `text` takes `autodiff` for the name of the distribution."""
    name = r"(?<![\w./-])autodiff(?![\w./-])"
    some_extra = "|".join(PROJECT["optional-dependencies"])
    pattern = (
        rf"pip3? +(?:install|download)\b[^\n`;&|]*{name}"
        rf"|{name}\\?\[(?:{some_extra})\b"
        rf"|(?:version|distribution|requires|metadata|files)\([\"']{name}[\"']"
    )
    return [found[0] for found in re.finditer(pattern, text)]


def test_no_text_names_the_distribution_of_a_stranger():
    found = {path: strangers(text) for path, text in texts().items()}
    assert "README.md" in found
    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.parametrize(
    "hint", ["pip install {}", "pip install -U '{}[sympy]'", "({}[scipy])", "version('{}')"]
)
def test_such_a_name_is_found(hint):
    assert strangers(hint.format("autodiff"))
    assert not strangers(hint.format("autodiff-engine"))
