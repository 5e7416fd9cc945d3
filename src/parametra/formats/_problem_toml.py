"""The text of a problem file as tables; what TOML does not allow is told with the line that it stands in."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from parametra.nouns.errors import FileError

_NEW = "`parametra new` writes one to begin with."
_PLAINER = {
    "Cannot overwrite a value": "this name is given a value a second time",
    "Cannot declare": "this table is opened a second time",
    "Invalid value": "what stands after = is no number, no text in quotes, no list and no table",
    "Invalid initial character for a key part": "a key is letters, digits, _ and -; put other names in quotes",
    "Invalid statement": "a key, then =, then a value is wanted; other names than letters, digits, _ and - in quotes",
    "Expected '=' after a key": "a key, then =, then a value is wanted",
    "Expected newline or end of document": "the line goes on after the value; put text in quotes, one key on a line",
}


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file.

    Raises:
        FileError: no such file, not UTF-8, empty, or not TOML, with the line.
    """
    text = _text(path)
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FileError(_located(str(error), text, path)) from None
    except RecursionError:
        raise FileError(f"{path.name}: brackets are nested too deep to be read.") from None
    if not tables:
        raise FileError(f"{path.name} is empty. A problem has [model], [parameters] and [data]; {_NEW}")
    return tables


def _text(path: Path) -> str:
    if path.is_dir():
        raise FileError(f"{path} is a folder; the problem file in it is wanted, such as {path / 'problem.toml'}.")
    try:
        return path.read_text(encoding="utf-8-sig")  # editors of Windows put a mark in front
    except FileNotFoundError:
        raise FileError(f"there is no file {path}. {_NEW}") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise FileError(
            f"{path.name} is not UTF-8 text: line {line} holds the byte 0x{error.object[error.start]:02x}. Save it as "
            "UTF-8."
        ) from None
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror}.") from None


def _located(message: str, text: str, path: Path) -> str:
    place = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)$", message)
    what = message[: place.start()] if place else message
    plain = next((better for start, better in _PLAINER.items() if what.startswith(start)), what)
    lines = text.splitlines()
    number = int(place[1]) if place and place[1] else len(lines)
    line = lines[number - 1].strip() if 0 < number <= len(lines) else ""
    return f"{path.name}, line {number}: {plain}, in: {line[:120]}"
