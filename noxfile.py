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
COVERED = "3.12"  # the first whose sys.monitoring counts lines
PYTHONS = nox.project.python_versions(PROJECT, max_version="3.15")


def in_readme(pattern):
    """Return what the README says: the groups of the pattern."""
    return re.search(pattern, README, flags=re.MULTILINE | re.DOTALL).groups()


def distribution(session, ending):
    """Return the distribution that `build` has left."""
    (found,) = (Path(session.cache_dir) / "dist").glob(f"*{ending}")
    return found


def source_distribution(session):
    """Unpack the source distribution; return its folder."""
    place = Path(session.create_tmp())
    shutil.unpack_archive(distribution(session, ".tar.gz"), place)
    (folder,) = place.glob("autodiff_engine-*")
    return folder


def run_in(folder, session, command, **options):
    """Run a command of the README in a folder."""
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
    run_in(source_distribution(session), session, command, silent=True)


def run_tests(folder, session, command, *options):
    """Run the tests in a folder, on all cores, but those that once is enough for."""
    always = "-q -n auto --dist worksteal -p skips -m 'not once'"
    environment = {
        "PIP_QUIET": "1",
        "PYTEST_ADDOPTS": " ".join([always, *options]),
        "PYTHONPATH": str(ROOT / ".ci"),
    }
    run_in(folder, session, command, env=environment)


@nox.session(python=PYTHONS, requires=["build"])
def tests(session):
    """Run the README's test command, on the plain engine; count lines where that is cheap."""
    (command,) = in_readme(r"^(python -m pip install [^\n]* && python -m pytest)$")
    options = []
    if session.python == COVERED:
        options = ["--cov", "--cov-report=term", "--cov-fail-under=98"]
        session.env["COVERAGE_CORE"] = "sysmon"
        session.install("llvmlite")  # what needs it is counted, too
    run_tests(source_distribution(session), session, command, *options)


@nox.session(python=PYTHONS[2], requires=["build"])
def compiled(session):
    """Run the tests on the compiled engine, in one Python; the doctests are the plain one's."""
    folder = source_distribution(session)
    wheels = Path(session.create_tmp()) / "wheels"
    build = ["python", "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(wheels)]
    session.run(*build, str(folder), env={"AUTODIFF_COMPILE": "1"})
    (wheel,) = wheels.glob("*.whl")
    session.install(f"{wheel}[test]")
    shutil.unpack_archive(wheel, folder, "zip")  # the tests import what stands beside them
    with session.chdir(folder):
        session.run("python", "-c", "import autodiff; assert autodiff.__compiled__")
    run_tests(folder, session, "python -m pytest", "-o testpaths=tests")
