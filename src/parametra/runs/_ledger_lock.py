"""One driver writes a ledger: a lock of the operating system on the file beside it, `study.db.lock`.

The system drops the lock with the process, however that ends, so a killed driver blocks nobody. The file itself stays:
removing it could let two drivers lock two different files.
"""

from __future__ import annotations

import os
import sys
import time
from enum import Enum
from pathlib import Path
from weakref import WeakSet

from parametra.nouns.errors import LedgerError

_TRIES = 6
_PAUSE = 0.05


class Outcome(Enum):
    """What came of asking for the lock."""

    TAKEN = "taken"
    HELD = "another process holds it"
    UNKNOWN = "this file system has no locks"


class DriverLock:
    """The lock of one ledger.

    Arguments:
        ledger: its file.
    """

    def __init__(self, ledger: Path) -> None:
        self._path = Path(f"{ledger.resolve()}.lock")
        self._descriptor: int | None = None

    def take(self) -> Outcome:
        """Ask for the lock, for a third of a second: somebody may just be looking whether it is held.

        Raises:
            LedgerError: the file of the lock cannot be made.
        """
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise LedgerError(
                f"{self._path} cannot be written ({error.strerror}). Name a ledger in a folder of yours."
            ) from error
        outcome = _asked(descriptor)
        for _ in range(_TRIES):
            if outcome is not Outcome.HELD:
                break
            time.sleep(_PAUSE)
            outcome = _asked(descriptor)
        if outcome is Outcome.TAKEN:
            self._descriptor = descriptor
            _taken.add(self)
        else:
            os.close(descriptor)
        return outcome

    def release(self) -> None:
        """Give the lock back, if we have it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
            _taken.discard(self)


def is_held(ledger: Path) -> bool | None:
    """Whether a process holds the lock of a ledger; None where the file system has no locks."""
    try:
        descriptor = os.open(Path(f"{ledger.resolve()}.lock"), os.O_RDONLY)
    except OSError:  # nobody ever took it, or nobody else's business
        return False
    try:
        outcome = _asked(descriptor, shared=True)
    finally:
        os.close(descriptor)
    return None if outcome is Outcome.UNKNOWN else outcome is Outcome.HELD


def is_alive(pid: int) -> bool:
    """Whether this machine has such a process; True where asking could end it."""
    if sys.platform == "win32":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is there, and is not ours
        return True
    return True


def _asked(descriptor: int, *, shared: bool = False) -> Outcome:
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return Outcome.HELD
        return Outcome.TAKEN
    import fcntl

    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return Outcome.HELD
    except OSError:
        return Outcome.UNKNOWN
    return Outcome.TAKEN


_taken: WeakSet[DriverLock] = WeakSet()


def _forget_in_child() -> None:
    """A forked process shares the lock, and would hold it on when the driver is killed."""
    for lock in list(_taken):
        lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_in_child)
