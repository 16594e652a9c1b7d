"""The package as pip installs it, on every CPython that the machine has: `nox`, `nox --list`.

The distributions are built once. All else is done with them, in folders and environments of their
own that hold nothing of this checkout.
"""

import re
import shlex
import shutil
from pathlib import Path

import nox

nox.needs_version = ">=2025.11.12"

ROOT = Path(__file__).parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROJECT = nox.project.load_toml(ROOT / "pyproject.toml")
COVERED = "3.12"  # from here on counting lines costs next to nothing
PYTHONS = nox.project.python_versions(PROJECT, max_version="3.15")


def in_readme(pattern):
    """Return what the README says: the groups of the pattern."""
    return re.search(pattern, README, flags=re.MULTILINE | re.DOTALL).groups()


def distribution(session, ending):
    """Return the distribution that `build` has left."""
    (found,) = (Path(session.cache_dir) / "dist").glob(f"*{ending}")
    return found


def run_in_source_distribution(session, command, **options):
    """Run a command of the README in the folder that the source distribution unpacks to."""
    place = Path(session.create_tmp())
    shutil.unpack_archive(distribution(session, ".tar.gz"), place)
    (folder,) = place.glob("autodiff_engine-*")
    with session.chdir(folder):
        for part in command.split(" && "):
            session.run(*shlex.split(part), **options)


@nox.session
def build(session):
    """Build the source distribution and the wheel; check what they hold and what they say."""
    folder = Path(session.cache_dir) / "dist"
    shutil.rmtree(folder, ignore_errors=True)
    session.install("build", "twine", "check-wheel-contents")
    session.run("python", "-m", "build", "--outdir", str(folder), silent=True)
    session.run("twine", "check", "--strict", *map(str, folder.iterdir()))
    session.run("check-wheel-contents", str(distribution(session, ".whl")))


@nox.session(requires=["build"])
@nox.parametrize("ending", [".whl", ".tar.gz"], ids=["wheel", "sdist"])
def installed(session, ending):
    """Install a distribution and nothing else; import it, and run the command of the README."""
    session.install(str(distribution(session, ending)))
    command, output = in_readme(r"```console\n\$ (autodiff [^\n]*)\n(.*?)```")
    place = "import autodiff, sys; assert autodiff.__file__.startswith(sys.prefix), autodiff"
    described = (  # without links to files of the repository
        "import importlib.metadata as m, re; text = m.metadata('autodiff-engine').get_payload(); "
        r"assert 'autodiff' in text and not re.search(r'\]\((?!https?:)', text), text"
    )
    version = "import importlib.metadata as m; print('autodiff', m.version('autodiff-engine'))"
    with session.chdir(session.create_tmp()):
        session.run("python", "-c", place)
        session.run("python", "-c", described)
        version = session.run("python", "-c", version, silent=True)
        for said, expected in {"autodiff --version": version, command: output}.items():
            printed = session.run(*shlex.split(said), silent=True)
            if printed != expected:
                session.error(f"it should print\n{expected}\nand prints\n{printed}")


@nox.session(requires=["build"])
def examples(session):
    """Run the README's command that prints the chapter."""
    (command,) = in_readme(r"^(python -m pip install \. && python -m examples)$")
    run_in_source_distribution(session, command, silent=True)


@nox.session(python=PYTHONS, requires=["build"])
def tests(session):
    """Run the README's test command, on all cores.

    Without the table of right derivations: it takes a minute, and its arithmetic is the same on
    every Python.
    """
    (command,) = in_readme(r"^(python -m pip install [^\n]* && python -m pytest)$")
    environment = {
        "PIP_QUIET": "1",
        "PYTEST_ADDOPTS": "-q -n auto --dist worksteal -p skips --ignore=tests/test_derivations.py",
        "PYTHONPATH": str(ROOT / ".ci"),
    }
    if session.python == COVERED:
        environment["PYTEST_ADDOPTS"] += " --cov --cov-report=term --cov-fail-under=98"
        environment["COVERAGE_CORE"] = "sysmon"
        session.install("llvmlite")  # what needs it is counted, too
    run_in_source_distribution(session, command, env=environment)
