"""The house, as `docs/design.md` tells it: which room imports from which, and how long a file is.

The picture of the rooms there is drawn from the imports. Where they are changed on purpose:

    PYTHONPATH=. python tests/test_house.py
"""

import ast
import graphlib
import importlib.util
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
DESIGN = ROOT / "docs" / "design.md"
PICTURE = re.compile(r"(?<=```mermaid\n).*?(?=```)", flags=re.DOTALL)


def name_of(path):
    """Return the dotted name of a module."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {name_of(path): path for path in sorted(ROOT.glob("autodiff/**/*.py"))}


def imports_of(path):
    """Return the modules of the package that a file imports: at its head or inside a function."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: imports are absolute"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found.update(name if name in FILES else node.module for name in names)
    return found & FILES.keys()


# An import for the compiler alone, which has to know the class of the nodes; no program does it.
FOR_TYPES = {"autodiff.graph": {"autodiff.value"}}
IMPORTS = {name: imports_of(path) - FOR_TYPES.get(name, set()) for name, path in FILES.items()}


def rooms():
    """Return the modules of each room of the table in `docs/design.md`, the lowest room first."""
    _, _, text = DESIGN.read_text(encoding="utf-8").partition("| room | modules")
    table, _, _ = text.partition("\n\n")
    rows = re.findall(r"^\| (\w+) \| (.*?) \|", table, re.MULTILINE)
    return {room: re.findall(r"`(\w+)`", names) for room, names in rows}


def place_of(module, places):
    """Return where a module stands in the table: by itself, or as a part of a package there."""
    name = module.removeprefix("autodiff.")
    return places[name] if name in places else places[name.partition(".")[0]]


def places():
    names = [name for listed in rooms().values() for name in listed]
    return {name: place for place, name in enumerate(names)}


# ---- Imports ----------------------------------------------------------------------------------


def test_every_module_stands_in_one_room():
    listed = [name for names in rooms().values() for name in names]
    there = {name.removeprefix("autodiff.").partition(".")[0] for name in FILES}
    assert sorted(listed) == sorted(there)


def test_no_import_runs_upward():
    found = [
        f"{name} imports {imported}"
        for name, below in IMPORTS.items()
        for imported in below
        if place_of(imported, places()) > place_of(name, places())
    ]
    assert found == []


def test_no_imports_run_in_a_circle():
    graphlib.TopologicalSorter(IMPORTS).prepare()  # raises CycleError, which names the circle


def test_what_runs_upward_or_inside_a_function_is_seen(tmp_path):
    file = tmp_path / "lazy.py"
    file.write_text("def f():\n    from autodiff import checking, Value\n    import autodiff.kinds")
    assert imports_of(file) == {"autodiff", "autodiff.checking", "autodiff.kinds"}


# ---- The picture of the rooms -----------------------------------------------------------------


def picture():
    """Draw which room imports from which, without the arrows that follow from the others."""
    room_of = {name: room for room, names in rooms().items() for name in names}
    order = list(rooms())
    below = {room: set() for room in order}
    for module, imported in IMPORTS.items():
        here = place_of(module, room_of)
        below[here] |= {place_of(name, room_of) for name in imported} - {here}
    reached = {}
    lines = ["flowchart BT"]
    for room in order:
        lower = sorted(below[room], key=order.index)
        further = set().union(*[reached.get(other, ()) for other in lower])
        reached[room] = further | set(lower)
        lines += [f"    {other} --> {room}" for other in lower if other not in further]
    return "\n".join(lines) + "\n"


def test_the_picture_of_the_rooms_is_drawn_from_the_imports():
    assert PICTURE.search(DESIGN.read_text(encoding="utf-8"))[0] == picture()


# ---- Files ------------------------------------------------------------------------------------


def test_no_file_is_longer_than_500_lines():
    lengths = {
        name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in FILES.items()
    }
    longer = {name for name, length in lengths.items() if length > 500}
    assert not longer


def test_the_methods_of_value_are_those_of_the_table():
    file = ROOT / ".ci" / "methods.py"
    specification = importlib.util.spec_from_file_location("write_methods", file)
    writer = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(writer)
    assert (ROOT / "autodiff" / "methods.py").read_text(encoding="utf-8") == writer.text()


if __name__ == "__main__":
    text = DESIGN.read_text(encoding="utf-8")
    DESIGN.write_text(PICTURE.sub(picture(), text, count=1), encoding="utf-8", newline="\n")
