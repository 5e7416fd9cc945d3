"""Ends the programs of a driver that was killed: nobody else would, and one that hangs would run for ever.

A small process of its own waits for the end of this one. Where that comes in the middle of a run, it ends whatever
carries the mark of this driver in its environment, also what left its tree. Runs tell it nothing and wait for nothing.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import secrets
import sys
import threading
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess

GUARDED = "PARAMETRA_GUARDED"
"""A variable that holds the number of a process with which somebody else ends all that it has started."""

DRIVER = "PARAMETRA_DRIVER"
"""A variable that tells the programs of one driver from those of others."""

_PATIENCE = 1.0
"""Seconds that the guard may take to end when it is no longer needed."""

_PROGRAM = """\
import os, select, sys, time
driver, packages, variable, mark = int(sys.argv[1]), *sys.argv[2:]
while os.getppid() == driver and not select.select([0], [], [], 0.5)[0]:
    pass
if select.select([0], [], [], 0)[0] and os.read(0, 1):
    sys.exit()  # it ended in peace
sys.path.append(packages)
import psutil
rounds = 5  # a program that is just being started does not carry its mark yet
while rounds:
    rounds -= 1
    for each in psutil.process_iter():
        try:
            if each.environ().get(variable) == mark and each.status() != psutil.STATUS_ZOMBIE:
                each.kill()
                rounds = 5
        except (psutil.Error, OSError):
            pass
    time.sleep(0.02)
"""


class _Guard:
    """The process beside this one; it starts with the first run."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.process: subprocess.Popen[bytes] | None = None
        self.pipe = -1
        self.mark = ""
        self.running = 0
        self.not_ours: list[object] = []

    def begin(self) -> str:
        """A run begins; its mark. A guard that is gone is replaced."""
        with self.lock:
            if self.process is not None and self.process.poll() is not None:
                self._end()
            if self.process is None:
                # what runs already carries the mark of the guard before
                self.mark = self.mark or f"{os.getpid()}-{secrets.token_hex(6)}"
                self.process, self.pipe = _started(self.mark)
            self.running += 1
            return self.mark

    def finish(self) -> None:
        """A run has ended."""
        with self.lock:
            self.running -= 1

    def end(self) -> None:
        """Let it go; it ends what is running still."""
        with self.lock:
            if self.process is not None and not self.running:
                with contextlib.suppress(OSError):
                    os.write(self.pipe, b".")
            self._end()

    def forget(self) -> None:
        """This process is a copy of the one whose guard it is."""
        process, pipe = self.process, self.pipe
        others = [*self.not_ours, process]  # nothing is to be asked of it, nor said when it goes
        self.__init__()
        self.not_ours = others
        if process is not None:
            os.close(pipe)

    def _end(self) -> None:
        if self.process is None:
            return
        import subprocess

        process, self.process = self.process, None
        os.close(self.pipe)
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


_guard = _Guard()
atexit.register(_guard.end)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_guard.forget)


@contextlib.contextmanager
def guarded() -> Generator[Mapping[str, str]]:
    """While this lasts, the end of this process, however it comes, is the end of all that see these variables."""
    if sys.platform == "win32" or os.environ.get(GUARDED) == str(os.getpid()):
        yield {}
        return
    try:
        mark = _guard.begin()
    except OSError:  # no process can be started: the program will tell that
        yield {}
        return
    try:
        yield {DRIVER: mark}
    finally:
        _guard.finish()


def _started(mark: str) -> tuple[subprocess.Popen[bytes], int]:
    import subprocess

    import psutil

    packages = str(Path(psutil.__file__).parents[1])
    theirs, ours = os.pipe()
    try:
        process = subprocess.Popen(  # noqa: S603  this very Python
            [sys.executable, "-I", "-S", "-c", _PROGRAM, str(os.getpid()), packages, DRIVER, mark],
            stdin=theirs,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={name: value for name, value in os.environ.items() if name != DRIVER},
            start_new_session=True,
        )
    except BaseException:
        os.close(ours)
        raise
    finally:
        os.close(theirs)
    return process, ours
