"""How a wheel is built: plain, or with the engine compiled by mypyc where one asks for that.

    AUTODIFF_COMPILE=1 python -m pip install .

The sources are the same. What a compiler has to be told, and no reader, is added to a copy of them
here, in lines of the same numbers; what mypyc leaves out of its C code is added there.
"""

from __future__ import annotations

import importlib
import inspect
import os
import pathlib
import re
import shutil
import sys
import tempfile
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# The line of classes that ends in `Value`, its recording and its sweep.
MODULES = ("native", "graph", "hints", "protocols", "methods", "operators", "value")
CLASSES = ("Hints", "AsNumber", "Methods", "Operators", "Value")
DESCRIPTORS = ("Elsewhere", "OnlyDerived")  # which mypyc cannot make: they stay Python classes
REQUIREMENTS = ["mypy[mypyc]==2.4.*"]  # whose C code is completed below


class CompiledEngine(BuildHookInterface):  # type: ignore[type-arg]
    """Add the compiled modules to the wheel, if AUTODIFF_COMPILE is 1."""

    def dependencies(self) -> list[str]:
        return REQUIREMENTS if _is_asked_for() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if not _is_asked_for() or version == "editable":
            return
        self._folder = tempfile.mkdtemp()
        try:
            built = _compiled(pathlib.Path(self.root), pathlib.Path(self._folder))
        except BaseException:
            shutil.rmtree(self._folder)
            raise
        build_data["force_include"].update({str(path): place for path, place in built.items()})
        build_data["pure_python"] = False
        build_data["infer_tag"] = True

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if hasattr(self, "_folder"):
            shutil.rmtree(self._folder)


def _is_asked_for() -> bool:
    asked = os.environ.get("AUTODIFF_COMPILE", "0")
    if asked not in ("0", "1"):
        raise ValueError(f"AUTODIFF_COMPILE is 0 or 1, and {asked!r} was found")
    return asked == "1"


def _compiled(root: pathlib.Path, folder: pathlib.Path) -> dict[pathlib.Path, str]:
    """Compile in a folder; return each library and its place in the wheel."""
    from mypyc.build import mypycify
    from setuptools import Distribution
    from setuptools.command.build_ext import build_ext

    shutil.copytree(root / "autodiff", folder / "autodiff")
    sys.path.insert(0, str(folder))
    documentation = {name: _docstrings(name) for name in MODULES}
    for name in MODULES:
        path = folder / "autodiff" / f"{name}.py"
        path.write_text(_told(path.read_text(encoding="utf-8"), name), encoding="utf-8")
    before = pathlib.Path.cwd()
    os.chdir(folder)  # mypyc reads and writes where it stands
    try:
        paths = [f"autodiff/{name}.py" for name in MODULES]
        options = ["--config-file=", "--ignore-missing-imports"]
        extensions = mypycify([*options, *paths], group_name="autodiff_engine", debug_level="0")
        for path in folder.glob("build/**/__native_*.[ch]"):
            text = path.read_text(encoding="utf-8")
            path.write_text(_completed(text, path.suffix, documentation), encoding="utf-8")
        command = build_ext(Distribution({"ext_modules": extensions}))
        command.build_lib = str(folder / "built")
        command.ensure_finalized()
        command.run()
    finally:
        os.chdir(before)
    built = {path: path.relative_to(folder / "built") for path in folder.glob("built/**/*.*")}
    if len(built) != len(MODULES) + 1:  # and the library that they share
        raise RuntimeError(f"mypyc should have built {len(MODULES) + 1} libraries: {built}")
    return {path: place.as_posix() for path, place in built.items()}


# ---- What mypyc is told -----------------------------------------------------------------------


def _changed(text: str, pattern: str, replacement: str, name: str) -> str:
    """Replace a pattern, which has to be there."""
    text, count = re.subn(pattern, replacement, text, flags=re.MULTILINE)
    if not count:
        raise RuntimeError(f"{name}: there is no {pattern!r}, which the compiled engine needs")
    return text


def _told(text: str, name: str) -> str:
    """Return the text of a module with what mypyc has to know, in lines of the same numbers."""
    lines = len(text.splitlines())
    for kind in (*CLASSES, *DESCRIPTORS):
        if f"\nclass {kind}" in text:
            # People derive classes; and what has a strange decorator is left a Python class
            decorator = "@mypyc_attr(allow_interpreted_subclasses=True)"
            if kind in DESCRIPTORS:
                decorator = "@(lambda kind: kind)"
            text = _changed(text, rf"\n\n\nclass {kind}\b", f"\n\n{decorator}\nclass {kind}", name)
    if "@mypyc_attr" in text:
        # An import for the checker alone: mypyc takes its decorator away
        text = _changed(
            text,
            r"^from __future__ import annotations\n$",
            "from __future__ import annotations; TYPE_CHECKING = False\n"
            "if TYPE_CHECKING: from mypy_extensions import mypyc_attr",
            name,
        )
    if name in ("operators", "value"):  # they return NotImplemented too
        text = _changed(text, r"( def __?\w+\(self, \w.*\) *-> )(Self|Value):", r"\1Any:", name)
    if name in ("protocols", "value"):  # errors are the engine's own
        text = _changed(text, r"\blabel: str \| None", "label: Any", name)
    if len(text.splitlines()) != lines:
        raise RuntimeError(f"{name}: the lines of its copy have other numbers")
    return text


# ---- What mypyc leaves out --------------------------------------------------------------------


def _docstrings(name: str) -> dict[str, str]:
    """Return what help says of a module's functions, classes and methods, by their dotted names."""
    module = importlib.import_module(f"autodiff.{name}")
    found: dict[str, str] = {}
    for kind, thing in vars(module).items():
        if getattr(thing, "__module__", "") == module.__name__:
            found[kind] = thing.__doc__ or ""
            for method, inner in vars(thing).items():
                found[f"{kind}.{method}"] = getattr(inner, "__doc__", None) or ""
    return {name: inspect.cleandoc(text) for name, text in found.items() if text}


def _c_string(text: str) -> str:
    """Return a text as it stands between the quotes of C."""
    letters = {"\\": r"\\", '"': r"\"", "\n": r"\n"}
    return "".join(
        letters.get(c) or (c if c.isascii() else "".join(f"\\{b:03o}" for b in c.encode()))
        for c in text
    )


def _completed(text: str, suffix: str, documentation: dict[str, dict[str, str]]) -> str:
    """Add docstrings, and weak references to Values, to a file of mypyc's C code."""
    structure = r"(\} autodiff___value___ValueObject;)"
    if suffix == ".h":
        if not re.search(structure, text):
            return text
        return _changed(text, structure, r"    PyObject *weak_references;\n\1", "value")
    for module, docstrings in documentation.items():
        for name, docstring in docstrings.items():
            text = _documented(text, module, name, _c_string(docstring))
    text = _changed(
        text,
        r"(\.tp_basicsize = sizeof\((autodiff___value___ValueObject)\),)",
        r"\1\n.tp_weaklistoffset = offsetof(\2, weak_references),",
        "value",
    )
    return _changed(
        text,
        r"(CPy_TRASHCAN_BEGIN\(self, value___Value_dealloc\))",
        r"\1\nif (self->weak_references) PyObject_ClearWeakRefs((PyObject *)self);",
        "value",
    )


def _documented(text: str, module: str, name: str, docstring: str) -> str:
    """Add a docstring where mypyc has put the signature, or nothing."""
    owner, _, method = name.rpartition(".")
    place = f"{module}___{name.replace('.', '___')}"
    patterns = [
        rf'(\(PyCFunction\)CPyPy_{place},\s+METH_[A-Z_| ]+, PyDoc_STR\("[^\n]*?)(?="\))',
        rf'(CPyType_{place}_template_ = \{{[^}}]*?\.tp_doc = PyDoc_STR\("[^\n]*?)(?="\))',
    ]
    for pattern in patterns:
        text = re.sub(pattern, lambda found: found[1] + docstring, text)
    accessor = rf"(\(getter\){module}___{owner}_get_{method},[^{{}}]*?)NULL, NULL\}}"
    return re.sub(accessor, lambda found: f'{found[1]}"{docstring}", NULL}}', text)
