"""The driver's end of a process that runs calls: it is started, asked, ended, and what became of it is told."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from selectors import EVENT_READ, EVENT_WRITE, DefaultSelector
from typing import Any

from parametra.nouns.errors import MethodError, ModelError
from parametra.nouns.evaluation import Evaluation, Fate
from parametra.runs._child_wire import Incoming, Message, packed
from parametra.runs.child import end_descendants
from parametra.runs.pool import CallLimits

STARTING = 300.0
"""Seconds that loading the model may take: imports from a network disk are slow."""

DYING = 5.0
"""Seconds that a process which has closed its connection may take to end."""

_FROM_OUTSIDE = (1, 9, 15)
"""SIGHUP, SIGKILL and SIGTERM, by number because Windows does not have all of them."""

_ROOT = str(Path(__file__).parents[2])
_PROGRAM = "import sys; sys.path.append(sys.argv[1]); from parametra.runs.child import main; main()"
_THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
_XLA = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"


class Child:
    """One process, which runs one call at a time; see `child.py`.

    Arguments:
        memory: as in `CallLimits`.
        idle: seconds without a call after which it ends by itself, 0 for never.

    Attributes:
        job: what tells which job it has, "" before the first.
        ready: whether it has loaded the job.
        calls: how many calls it has answered.
        call: the number of the call that it runs, None for none.
        began: when the call was sent, on the monotonic clock.
        deadline: when it must have answered, on the same clock.
    """

    def __init__(self, memory: int | None = None, idle: float = 0.0) -> None:
        if not hasattr(os, "fork"):
            raise MethodError(
                "calls in processes of their own need Linux or macOS (on Windows: WSL, the Windows Subsystem for "
                "Linux). Use the serial pool here."
            )
        self.memory = memory
        self.job = ""
        self.ready = False
        self.calls = 0
        self.call: int | None = None
        self.began = 0.0
        self.deadline: float | None = None
        self._owner = os.getpid()
        self._ended = False
        self._incoming = Incoming()
        self._unsent: list[memoryview] = []
        self._socket, self._process = _started(idle)
        self._socket.setblocking(False)

    def fileno(self) -> int:
        """What a selector waits for."""
        return self._socket.fileno()

    @property
    def waits_for(self) -> int:
        """The events of a selector that are of interest."""
        return EVENT_READ | EVENT_WRITE if self._unsent else EVENT_READ

    def load(self, job: str, payload: bytes) -> None:
        """Send a job; `("ready",)` or `("cannot", why)` will come back."""
        self.job, self.ready = job, False
        self.deadline = time.monotonic() + STARTING
        self.send(("job", payload, self.memory))

    def send(self, message: Message) -> None:
        """Send a message, or what of it can be sent now; `flush` sends the rest."""
        self._unsent += [memoryview(piece) for piece in packed(message)]
        self.flush()

    def flush(self) -> None:
        """Send more of what waits to be sent."""
        # a process that is gone is found out by reading
        with contextlib.suppress(BlockingIOError, ConnectionError):
            while self._unsent:
                sent = self._socket.send(self._unsent[0])
                if sent == len(self._unsent[0]):
                    del self._unsent[0]
                else:
                    self._unsent[0] = self._unsent[0][sent:]

    def receive(self) -> list[Message]:
        """The messages that have come.

        Raises:
            EOFError: the process has ended.
        """
        try:
            piece = self._socket.recv(1 << 16)
        except BlockingIOError:
            return []
        except ConnectionError:
            piece = b""
        if not piece:
            raise EOFError
        return self._incoming.messages(piece)

    def wait(self, seconds: float | None = None) -> Message | None:
        """The next message, None when none comes in time.

        Raises:
            EOFError: the process has ended.
        """
        until = None if seconds is None else time.monotonic() + seconds
        with DefaultSelector() as selector:
            selector.register(self, self.waits_for)
            while until is None or time.monotonic() < until:
                left = 1.0 if until is None else min(1.0, max(0.0, until - time.monotonic()))
                events = selector.select(left)
                if not events and self.has_ended:
                    raise EOFError
                for _, mask in events:
                    if mask & EVENT_WRITE:
                        self.flush()
                        selector.modify(self, self.waits_for)
                    if mask & EVENT_READ and (messages := self.receive()):
                        return messages[0]
        return None

    @property
    def has_ended(self) -> bool:
        """Whether the process is gone, however many hold its socket."""
        return self._process.poll() is not None

    def end(self, patience: float = 0.0) -> int | None:
        """End the process and all that it has started; how it ended, as `Popen.returncode`, if it did so by itself.

        Arguments:
            patience: seconds in which it may end by itself.
        """
        self._socket.close()
        if os.getpid() != self._owner:  # a copy of the driver, which was forked, ends nothing
            return None
        if self._ended:
            return self._process.returncode
        self._ended = True
        code = None
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = self._process.wait(patience) if patience else self._process.poll()
        self.kill()
        self._process.wait()
        return code

    def kill(self) -> None:
        """Kill the process and all that it has started; who waits for its answer sees it end."""
        if self._process.poll() is None:
            end_descendants(self._process.pid)
        # the group outlives its leader
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)


def cannot_start(why: str) -> ModelError:
    """The error about a job that no process can load."""
    return ModelError(
        f"the model cannot be loaded in another process: {why}. What it imports must be installed there; a function at "
        'the top of a module, or a file and a name, as in python = "file.py:function", can always be sent.'
    )


def evaluation_of(answer: Message, limits: CallLimits) -> Evaluation:
    """What a call came to, from the message that tells it."""
    _, fate, outputs, reason, retry, seconds, _ = answer
    if limits.seconds is not None and seconds > limits.seconds:
        return too_long(limits.seconds, seconds)
    return Evaluation(Fate(fate), outputs, reason, retry, seconds)


def too_long(limit: float, seconds: float) -> Evaluation:
    """The evaluation of a call that took longer than it may."""
    return Evaluation(Fate.TIMED_OUT, reason=f"longer than {limit:g} s", seconds=seconds)


def how_it_ended(code: int | None) -> str:
    """A return code in words."""
    if code is None:
        return "closed its connection"
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    rest = " (perhaps the system ran out of memory)" if -code == signal.SIGKILL else ""
    return f"was killed by {name}{rest}"


def evaluation_of_death(code: int | None, seconds: float) -> Evaluation:
    """The evaluation of a call that ended its process; one whose process was killed from outside may succeed later."""
    reason = f"the process of the model {how_it_ended(code)}"
    return Evaluation(Fate.FAILED, {}, reason, code is not None and -code in _FROM_OUTSIDE, seconds)


def _started(idle: float) -> tuple[socket.socket, subprocess.Popen[bytes]]:
    ours = None
    try:
        ours, theirs = socket.socketpair()
        with theirs:
            number = theirs.fileno()
            process = subprocess.Popen(  # noqa: S603  this very Python
                [sys.executable, "-P", "-c", _PROGRAM, _ROOT, str(number), str(os.getpid()), str(idle)],
                stdin=subprocess.DEVNULL,
                pass_fds=[number],
                env=_environment(),
                start_new_session=True,
            )
    except OSError as error:
        if ours is not None:
            ours.close()
        raise MethodError(f"another process cannot be started here ({error}). Ask for fewer, or for none.") from error
    return ours, process


def _environment() -> dict[str, Any]:
    found = {**os.environ, **dict.fromkeys(_THREADS, "1")}
    found["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {_XLA}".strip()
    found.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # several processes may share one accelerator
    return found
