"""Runs one program: no shell, nothing to read on stdin, what it prints in files, and its whole tree ended in time.

How memory is limited: on Linux the kernel refuses what the program may write to beyond the limit (RLIMIT_DATA), which
is set by a launcher of a few lines that then becomes the program. A function between fork and exec (`preexec_fn`) may
lock up where there are threads, and a limit set after the start comes late for a program that is fast. Address space
(RLIMIT_AS) would refuse Java, Julia and Go, which reserve much more than they use. Elsewhere the memory of the tree is
looked at as often as the size of its files.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from parametra.nouns._program_guard import guarded
from parametra.nouns.errors import ModelError
from parametra.nouns.evaluation import EvaluationFailed

if TYPE_CHECKING:
    import psutil

MARK = "PARAMETRA_EVALUATION"
"""A variable in the environment of a program that tells its descendants, also those that left its tree."""

_SOONEST, _LATEST = 0.02, 0.2
"""Seconds between two looks at a program: short ones are over before the second, long ones are not disturbed."""

_TAIL = 8192

_LAUNCHER = """\
import os, resource, sys
limit = int(sys.argv[1])
hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
os.execv(sys.argv[2], sys.argv[2:])
"""

_OUT_OF_MEMORY = (
    "memoryerror",
    "bad_alloc",
    "out of memory",
    "outofmemory",
    "cannot allocate",
    "could not allocate",
    "failed to allocate",
    "unable to allocate",
    "not enough memory",
    "insufficient virtual memory",
    "failed to map segment",
)

_FOR_NOW = (errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.ENOSPC, errno.EDQUOT, errno.ETXTBSY)


@dataclass(frozen=True)
class Bounds:
    """What one run may cost: seconds, bytes of memory, bytes written below its folder; None is no limit."""

    seconds: float | None
    memory: int | None
    output: int


@dataclass(frozen=True)
class Ended:
    """How a program ended: its exit code, and "time", "output" or "memory" where that is why it was ended."""

    code: int
    why: str = ""


def run(words: Sequence[str], folder: Path, environment: Mapping[str, str], bounds: Bounds) -> Ended:
    """Run a program in a folder, with its stdout and stderr in files of that name there.

    Arguments:
        words: the program, by its whole path, and its arguments.
        folder: where it runs.
        environment: all variables that it sees.
        bounds: beyond which it is ended.

    Raises:
        ModelError: it cannot be started.
        EvaluationFailed: it cannot be started now.
    """
    with guarded() as variables:
        return _run(words, folder, {**environment, **variables}, bounds)


def _run(words: Sequence[str], folder: Path, environment: Mapping[str, str], bounds: Bounds) -> Ended:
    kernel = sys.platform == "linux" and bounds.memory is not None
    launch = [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(bounds.memory)] if kernel else []
    marked = {**environment, MARK: folder.name}
    with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
        try:
            process = subprocess.Popen(  # noqa: S603  a list of words that the person stated; no shell reads it
                [*launch, *words],
                cwd=folder,
                env=marked,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise _not_started(error, words[0]) from error
    try:
        why = _watched(process, folder, bounds, watch_memory=bounds.memory is not None and not kernel)
    except BaseException:  # Ctrl-C ends what was started, and goes on its way
        end_tree(process, folder.name)
        raise
    if why:
        end_tree(process, folder.name)
    elif sys.platform != "win32":
        with contextlib.suppress(ProcessLookupError, PermissionError):  # it left nothing running, as most do
            os.killpg(process.pid, signal.SIGKILL)
    if not why and written(folder) > bounds.output:
        why = "output"
    return Ended(process.returncode, why)


def ran_out_of_memory(folder: Path) -> bool:
    """Whether what a program said last is what programs say that are refused memory."""
    said = tail(folder / "stderr").lower()
    return any(words in said for words in _OUT_OF_MEMORY)


def tail(path: Path) -> str:
    """The end of a text, however long it is."""
    with path.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
        return file.read().decode(errors="replace")


def written(folder: Path) -> int:
    """Bytes of all files below a folder; what vanishes meanwhile counts nothing."""
    total, left = 0, [str(folder)]
    while left:
        with contextlib.suppress(OSError), os.scandir(left.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    left.append(entry.path)
                else:
                    with contextlib.suppress(OSError):
                        total += entry.stat(follow_symlinks=False).st_size
    return total


def end_tree(process: subprocess.Popen[bytes], mark: str) -> None:
    """End a program and all that it started, also what gave itself another parent, and wait until it is gone."""
    import psutil

    for _ in range(20):  # what is started while others are ended is found in the next round
        found = [*_children(process.pid), *_marked(mark)]
        if sys.platform != "win32":
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        if process.poll() is None:
            process.kill()
        for each in found:
            with contextlib.suppress(psutil.Error):
                each.kill()
        process.wait()
        if not found:
            return
        deadline = time.monotonic() + 1
        while time.monotonic() < deadline and not all(map(_is_gone, found)):
            time.sleep(0.001)


def _is_gone(process: psutil.Process) -> bool:
    """Whether it is ended, though nobody may have asked yet how."""
    import psutil

    with contextlib.suppress(psutil.Error):
        return process.status() == psutil.STATUS_ZOMBIE
    return True


def _children(pid: int) -> list[psutil.Process]:
    import psutil

    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).children(recursive=True)
    return []


def _marked(mark: str) -> list[psutil.Process]:
    import psutil

    found: list[psutil.Process] = []
    for each in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):  # other people's processes do not tell
            if each.environ().get(MARK) == mark and not _is_gone(each):
                found.append(each)
    return found


def _watched(process: subprocess.Popen[bytes], folder: Path, bounds: Bounds, *, watch_memory: bool) -> str:
    """Wait for the end; "" when it came by itself, and why the program is to be ended otherwise."""
    deadline = None if bounds.seconds is None else time.monotonic() + bounds.seconds
    pause = _SOONEST
    with _waiting(process) as ended_within:
        while True:
            left = pause if deadline is None else max(0.0, min(pause, deadline - time.monotonic()))
            if ended_within(left):
                return ""
            looked = time.monotonic()
            if deadline is not None and looked >= deadline:
                return "time"
            if written(folder) > bounds.output:
                return "output"
            if watch_memory and _memory(process.pid) > (bounds.memory or 0):
                return "memory"
            # a folder of many files takes long to look at, and may not take the time of the program
            pause = max(min(2 * pause, _LATEST), 20 * (time.monotonic() - looked))


@contextlib.contextmanager
def _waiting(process: subprocess.Popen[bytes]) -> Generator[Callable[[float], bool]]:
    """Waits for the end of a process without asking again and again, where the system offers that."""
    descriptor = -1
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # an old kernel
            descriptor = os.pidfd_open(process.pid)
    try:
        yield _by_descriptor(process, descriptor) if descriptor >= 0 else _by_asking(process)
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def _by_descriptor(process: subprocess.Popen[bytes], descriptor: int) -> Callable[[float], bool]:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)

    def ended_within(seconds: float) -> bool:
        ended = bool(poll.poll(1000 * seconds))
        if ended:
            process.wait()
        return ended

    return ended_within


def _by_asking(process: subprocess.Popen[bytes]) -> Callable[[float], bool]:
    def ended_within(seconds: float) -> bool:
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    return ended_within


def _memory(pid: int) -> int:
    import psutil

    total = 0
    with contextlib.suppress(psutil.Error):
        for each in [psutil.Process(pid), *_children(pid)]:
            with contextlib.suppress(psutil.Error):
                total += each.memory_info().rss
    return total


def _not_started(error: OSError | ValueError, program: str) -> Exception:
    if isinstance(error, OSError) and error.errno in _FOR_NOW:
        return EvaluationFailed(f"the program could not be started: {error.strerror}", retry=True)
    if isinstance(error, OSError):
        hint = {
            errno.ENOEXEC: " Write the interpreter of a script before it, or a line such as #!/bin/sh into it.",
            errno.ENOENT: " Install it, or mend the first line (#!) of the script.",
            errno.EACCES: " Make it executable with chmod +x.",
        }.get(error.errno or 0, "")
        return ModelError(f"the program {program} cannot be started: {error.strerror}.{hint}")
    return ModelError(f"the program {program} cannot be started: {error}.")
