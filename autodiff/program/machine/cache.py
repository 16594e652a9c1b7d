"""Machine code on disk, so that a program is compiled once on a machine.

Takes a key and the code; gives the code back to a later process. A file is written beside its
place and moved there, so none is ever half there; its head is the SHA-256 of the rest. Nobody but
the user may be able to write the folder and the file: what another could have put there is not
read.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import sys
import tempfile
from pathlib import Path
from typing import Any

_VARIABLE = "AUTODIFF_CACHE"  # a folder; empty: nothing is kept
_DIGEST = 64


def folder() -> Path | None:
    """Return where code is kept, made for the user alone; None where that cannot be."""
    wanted = os.environ.get(_VARIABLE)
    if wanted == "":
        return None
    try:
        path = Path(wanted) if wanted else _usual() / "autodiff"
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return path if _is_ours(path.lstat()) else None
    except (OSError, RuntimeError):  # RuntimeError: there is no home
        return None


def _usual() -> Path:
    """Return the folder that the system has for caches."""
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    given = os.environ.get("XDG_CACHE_HOME", "")
    return Path(given) if os.path.isabs(given) else Path.home() / ".cache"


def _is_ours(found: os.stat_result) -> bool:
    """Return whether a file or a folder is the user's, and nobody else can write it."""
    if stat.S_ISLNK(found.st_mode):
        return False
    if os.name == "nt":  # where the folders of a user are closed to others
        return True
    return found.st_uid == os.getuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def read(key: str) -> tuple[Any, bytes] | None:
    """Return what was kept under a key, and its facts; None if it is not there as it was kept."""
    place = folder()
    if place is None:
        return None
    try:
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        with open(os.open(place / key, flags), "rb") as file:
            if not _is_ours(os.fstat(file.fileno())):
                return None
            digest, content = file.read(_DIGEST), file.read()
    except OSError:
        return None
    if _digest(key, content) != digest:
        return None
    head, _, code = content.partition(b"\n")
    return json.loads(head), code


def write(key: str, facts: Any, code: bytes) -> None:
    """Keep code under a key. Where that is impossible, the next process compiles again."""
    place = folder()
    if place is None:
        return
    content = json.dumps(facts).encode() + b"\n" + code
    with contextlib.suppress(OSError):
        handle, name = tempfile.mkstemp(dir=place)  # for the user alone
        try:
            with open(handle, "wb") as file:
                file.write(_digest(key, content) + content)
            os.replace(name, place / key)
        except BaseException:
            os.unlink(name)
            raise


def _digest(key: str, content: bytes) -> bytes:
    return hashlib.sha256(key.encode() + content).hexdigest().encode()
