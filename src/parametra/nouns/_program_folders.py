"""The working folders of a program: one an evaluation, removed after success, the last failed ones kept to be read.

BASE/20250131-093000-123456-5f0a/        while it runs
BASE/failed/20250131-.../why.txt         what failed, and how it was called
BASE/kept/20250131-...                   only where all are kept
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import tempfile
import time
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parametra.nouns.errors import ModelError

KEEP = ("failed", "all", "never")


@dataclass(frozen=True)
class Folders:
    """Where working folders are made, and which are kept.

    Arguments:
        stated: the folder that the person names, None for one below the machine's folder for temporary files.
        token: tells the temporary folder of this program from others; all processes of a machine share it.
        keep: "failed", "all" or "never".
        at_most: how many failed ones are kept; the oldest go.
    """

    stated: Path | None
    token: str
    keep: str
    at_most: int

    @staticmethod
    def of(stated: Path | None, keep: str, at_most: int) -> Folders:
        """Folders of a new program."""
        return Folders(stated, secrets.token_hex(6), keep, at_most)

    @property
    def base(self) -> Path:
        """The folder of all: looked up where it is used, because machines differ in their temporary folder."""
        return self.stated or Path(tempfile.gettempdir()) / f"parametra-{self.token}"

    @property
    def failed(self) -> Path:
        """Where failed ones are kept."""
        return self.base / "failed"

    def fresh(self) -> Path:
        """The path of a new working folder, which is not made yet; sorted by name is sorted by time."""
        now = time.time_ns()
        stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(now // 10**9))
        return self.base / f"{stamp}-{now // 1000 % 10**6:06d}-{secrets.token_hex(4)}"

    def make(self, folder: Path) -> None:
        """Make a working folder, for the eyes of its owner.

        Raises:
            OSError: it cannot be made.
            ModelError: the temporary folder belongs to somebody else.
        """
        if self.stated is None:
            self.base.mkdir(mode=0o700, exist_ok=True)
            if hasattr(os, "getuid") and (self.base.is_symlink() or self.base.stat().st_uid != os.getuid()):
                raise ModelError(f"{self.base} belongs to somebody else; state a working_folder.")
        else:
            self.base.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700)

    def put_away(self, folder: Path, why: str, call: Mapping[str, Any]) -> None:
        """What becomes of a working folder after the run.

        Arguments:
            folder: the working folder.
            why: what failed, "" for nothing.
            call: what is written down with it, such as the words of the command.
        """
        if self.keep == "all" or (why and self.keep == "failed" and self.at_most > 0):
            # the outcome is known, and a disk that is full must not change it
            with contextlib.suppress(OSError):
                self._kept(folder, why, call)
                return
        remove(folder)

    def _kept(self, folder: Path, why: str, call: Mapping[str, Any]) -> None:
        shelf = self.base / ("failed" if why else "kept")
        shelf.mkdir(exist_ok=True)
        if why:
            lines = [why, "", *(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in call.items()), ""]
            if self.keep == "failed":
                lines += [f"The last {self.at_most} failed runs are kept here; keep_at_most = 100 keeps more.", ""]
            (folder / "why.txt").write_text("\n".join(lines), encoding="utf-8")
        folder.rename(shelf / folder.name)
        if why and self.keep == "failed":
            kept = sorted(each for each in shelf.iterdir() if each.is_dir())
            for old in kept[: -self.at_most]:
                remove(old)


def remove(folder: Path) -> None:
    """Remove a folder; what a network drive still holds, or another process removes too, stays or is gone already."""
    shutil.rmtree(folder, ignore_errors=True)


def removed_with(owner: object, folders: Folders) -> None:
    """Remove the temporary folder when its owner is gone, unless something was kept in it."""
    if folders.stated is None:
        weakref.finalize(owner, _clean, folders, os.getpid())


def _clean(folders: Folders, pid: int) -> None:
    if os.getpid() != pid or not folders.base.is_dir():
        return
    for each in folders.base.iterdir():
        if each.name not in ("failed", "kept"):
            remove(each)
    with contextlib.suppress(OSError):  # it holds what was kept
        folders.base.rmdir()
