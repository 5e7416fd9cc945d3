"""The process in which calls of a model run, one after the other. Started by `_child_process.py`, never by a person.

It is two processes. The first stays small and waits. When the driver is gone, or the process of the model has ended, it
ends all that was started below it, whatever the model is doing just then; then it ends in the way that the model did.
The second, forked before anything is loaded, runs the model and talks to the driver over a socket of their own. What a
model prints goes to standard error, and standard input is empty, so that neither can disturb anything.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

from parametra.nouns._program_guard import GUARDED
from parametra.runs._child_wire import Message, packed, read, write

OUT_OF_MEMORY = "the model ran out of memory"
"""As `evaluate` says it."""

_LOOK = 0.5
"""Seconds between two looks whether the driver is still there."""


def main() -> None:
    """Serve calls until the driver closes the connection.

    The command line ends with the number of the socket, the pid of the driver, and the seconds without a call after
    which to end, 0 for never.
    """
    number, driver, idle = int(sys.argv[-3]), int(sys.argv[-2]), float(sys.argv[-1])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the driver
    _stay_beside_the_model(number, driver)
    _quiet()
    connection = socket.socket(fileno=number)
    connection.set_inheritable(False)
    connection.settimeout(idle or None)
    # a connection that is closed, or silent for too long: nobody wants this process any more
    with contextlib.suppress(TimeoutError, ConnectionError):
        _serve(connection)


def _stay_beside_the_model(number: int, driver: int) -> None:
    """Fork; the second process returns, the first one never does."""
    if sys.platform == "linux":
        import ctypes

        # what loses its parent below comes to this process, and is ended with it
        become_subreaper = 36
        ctypes.CDLL(None).prctl(become_subreaper, 1, 0, 0, 0)
    model = os.fork()
    if not model:
        os.environ[GUARDED] = str(os.getpid())
        return
    os.close(number)
    threading.Thread(target=_watch, args=(driver,), daemon=True).start()
    ended, status = os.wait()
    while ended != model:
        ended, status = os.wait()
    if _has_children():
        end_descendants(os.getpid())
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with contextlib.suppress(OSError):  # SIGKILL has no other disposition
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


def _watch(driver: int) -> None:
    while os.getppid() == driver:
        time.sleep(_LOOK)
    end_descendants(os.getpid())
    os.killpg(0, signal.SIGKILL)


def _has_children() -> bool:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def end_descendants(pid: int) -> None:
    """Kill every process below this one, also those that have left its group."""
    import psutil

    with contextlib.suppress(psutil.Error):
        for each in psutil.Process(pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                each.kill()


def _quiet() -> None:
    """Standard output becomes standard error, or nothing where that is closed."""
    try:
        os.dup2(2, 1)
    except OSError:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 1)
        os.dup2(nothing, 2)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)


def _serve(connection: socket.socket) -> None:
    from parametra.nouns.evaluation import Call

    job: Any = None
    here = os.getpid()
    while (message := read(connection)) is not None:
        if message[0] == "job":
            try:
                job = _loaded(message[1], message[2])
                answer: Message = ("ready",)
            except BaseException as error:  # noqa: BLE001  told to the person by the driver
                answer = ("cannot", f"{type(error).__name__}: {error}")
            write(connection, packed(answer))
            continue
        pieces, last = _outcome(job, Call(message[1], message[2]))
        if os.getpid() != here:  # the model has forked, and this is the copy
            os._exit(0)
        write(connection, pieces)
        if last:
            return


def _loaded(payload: bytes, memory: int | None) -> Any:
    import pickle

    if memory is not None:
        _limit_memory(memory)
    paths, job = pickle.loads(payload)  # noqa: S301  made by the driver
    sys.path.extend(path for path in paths if path not in sys.path and Path(path).exists())
    return pickle.loads(job)  # noqa: S301  the same


def _limit_memory(memory: int) -> None:
    import resource

    import psutil

    used = psutil.Process().memory_info().vms
    if memory < used:
        raise MemoryError(
            f"the limit of memory is {memory / 1e6:.0f} MB, and a process needs {used / 1e6:.0f} MB of address space "
            "before the first call"
        )
    resource.setrlimit(resource.RLIMIT_AS, (memory, resource.getrlimit(resource.RLIMIT_AS)[1]))


def _forget_limit() -> None:
    """So that there is memory to say that there was none."""
    import resource

    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


def _outcome(job: Any, call: Any) -> tuple[list[bytes], bool]:
    """What to answer, and whether this process should end: one that ran out of memory may never get it back."""
    from parametra.nouns.evaluation import evaluate

    began = time.perf_counter()
    reason, last = "", False
    try:
        found = evaluate(job, call)
        last = found.reason == OUT_OF_MEMORY
        if last:
            _forget_limit()
        answer = (found.fate.value, dict(found.outputs), found.reason, found.retry, found.seconds)
        return packed(("answer", *answer, last)), last
    except MemoryError:
        _forget_limit()
        reason, last = OUT_OF_MEMORY, True
    except SystemExit as error:
        reason = f"the model called sys.exit({error.code!r})"
    except BaseException as error:  # noqa: BLE001  whatever happens costs this call, and is told
        reason = f"{type(error).__name__}: {error}"
    return packed(("answer", "failed", {}, reason[:200], False, time.perf_counter() - began, last)), last
