r"""Compiled kernels on disk, so that the next process compiles nothing.

    $PARAMETRA_CACHE                     the folder, when it is set; "off" for none
    $XDG_CACHE_HOME/parametra            Linux and others; ~/.cache/parametra without the variable
    ~/Library/Caches/parametra           macOS
    %LOCALAPPDATA%\parametra\Cache       Windows

A kernel is machine code, and loading it runs it. What is trusted is the user's own account: on systems that know
owners, a folder or a file that belongs to someone else, or that others may write to, is ignored. A checksum tells
files that were cut short from whole ones; it does not protect against malice. Nothing is unpickled.

A file is written beside its place and then moved there, so that many processes may write the same one. When all of
them together pass 256 MB, those that were not used for the longest time are removed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

MOST_BYTES = 256 * 2**20
_MAGIC = b"parametra kernel 1\n"
_SUFFIX = ".kernel"


def folder() -> Path | None:
    """Where kernels are kept; None when they are not."""
    stated = os.environ.get("PARAMETRA_CACHE", "")
    if stated == "off":
        return None
    if stated:
        return Path(stated) / "kernels"
    try:
        return _usual() / "kernels"
    except RuntimeError:  # a user without a home
        return None


def _usual() -> Path:
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return (Path(local) if local else Path.home() / "AppData" / "Local") / "parametra" / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "parametra"
    stated = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(stated) if Path(stated).is_absolute() else Path.home() / ".cache") / "parametra"


def read(key: str) -> tuple[dict[str, Any], list[bytes]] | None:
    """The head and the parts that `write` was given; None when there is nothing whole and trusted.

    Arguments:
        key: letters and digits, which name the file.
    """
    place = folder()
    if place is None:
        return None
    path = place / (key + _SUFFIX)
    try:
        if not _is_mine(place) or not _is_mine(path):
            return None
        content = path.read_bytes()
    except OSError:
        return None
    start = len(_MAGIC) + 32
    if not content.startswith(_MAGIC) or hashlib.sha256(content[start:]).digest() != content[len(_MAGIC) : start]:
        return None
    line, _, rest = content[start:].partition(b"\n")
    head = json.loads(line)
    parts: list[bytes] = []
    for size in head["sizes"]:
        parts.append(rest[:size])
        rest = rest[size:]
    with contextlib.suppress(OSError):
        os.utime(path)  # was used
    return head["head"], parts


def write(key: str, head: Mapping[str, Any], parts: Sequence[bytes]) -> None:
    """Keep a kernel; where that cannot be done, it is not kept.

    Arguments:
        key: as for `read`.
        head: what JSON can hold.
        parts: bytes.
    """
    place = folder()
    if place is None:
        return
    line = json.dumps({"head": head, "sizes": [len(part) for part in parts]}).encode()
    body = line + b"\n" + b"".join(parts)
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_mine(place):
            return
        descriptor, name = tempfile.mkstemp(prefix="part-", dir=place)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(_MAGIC + hashlib.sha256(body).digest() + body)
            Path(name).replace(place / (key + _SUFFIX))
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
        _remove_oldest(place)
    except OSError:  # a full or a read-only disk costs time, never a result
        return


def _is_mine(path: Path) -> bool:
    """Whether nobody else can have written here, as far as the system tells."""
    found = path.stat()
    if not hasattr(os, "geteuid"):
        return True
    return found.st_uid == os.geteuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _remove_oldest(place: Path) -> None:
    files: list[tuple[float, int, Path]] = []
    for path in place.iterdir():
        with contextlib.suppress(OSError):  # another process has just removed it
            found = path.stat()
            files.append((found.st_mtime, found.st_size, path))
    total = sum(size for _, size, _ in files)
    for _, size, path in sorted(files, key=lambda one: one[0]):
        if total <= MOST_BYTES:
            return
        path.unlink(missing_ok=True)
        total -= size
