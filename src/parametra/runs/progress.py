"""One line that says how far a run is and how long it will still take, once it has taken a second."""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, TextIO

_QUIET_SECONDS = 1.0
_LOG_SECONDS = 10.0
_LONGEST_REASON = 40


class Progress:
    """Progress of one run: a moving line in a terminal, a plain line now and then in a log, nothing when it is short.

    Arguments:
        title: what is running.
        stream: where to write; None is standard error.
        shown: False is silent.
    """

    def __init__(self, title: str, *, stream: TextIO | None = None, shown: bool = True) -> None:
        self.title = title
        self.stream = stream if stream is not None else sys.stderr
        self.shown = shown
        self._began = time.perf_counter()
        self._said = self._began
        self._bar: Any = None
        self._task: Any = None
        self._waits: threading.Timer | None = None
        self._alone = threading.Lock()

    def prepare(self, words: str) -> None:
        """Say what is done until the first update, if that takes long: a compiler tells nothing on its way."""
        if self.shown:
            wait = _QUIET_SECONDS if self.stream.isatty() else _LOG_SECONDS
            self._waits = threading.Timer(wait, self._preparing, (words,))
            self._waits.daemon = True
            self._waits.start()

    def _preparing(self, words: str) -> None:
        with self._alone:
            if self._waits is None:
                return
            if self.stream.isatty():
                self._draw(0.0, words)
            else:
                self.stream.write(f"{self.title}: {words}\n")
                self.stream.flush()

    def _prepared(self) -> None:
        with self._alone:
            if self._waits is not None:
                self._waits.cancel()
                self._waits = None

    def update(
        self, fraction: float, evaluations: int, best: float, failures: Callable[[], Counter[str]], running: int = 0
    ) -> None:
        """Tell how far the run is.

        Arguments:
            fraction: share of the work that is done, 0 to 1.
            evaluations: points evaluated so far.
            best: the lowest cost so far.
            failures: how often the model failed so far, by reason; asked when a line is written.
            running: calls of the model that run or wait.
        """
        self._prepared()
        now = time.perf_counter()
        if not self.shown or now - self._began < _QUIET_SECONDS:
            return
        if self.stream.isatty():
            self._draw(fraction, _words(evaluations, best, failures(), running))
        elif now - self._said >= _LOG_SECONDS:
            self._said = now
            left = (now - self._began) * (1 - fraction) / fraction if fraction > 0 else float("nan")
            words = _words(evaluations, best, failures(), running)
            self.stream.write(f"{self.title}: {100 * fraction:.0f} %, {words}, {_left(left)}\n")
            self.stream.flush()

    def close(self) -> None:
        """Remove the moving line."""
        self._prepared()
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _draw(self, fraction: float, words: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        if self._bar is None:
            columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[words]}"))
            self._bar = Bar(*columns, TimeRemainingColumn(), console=Console(file=self.stream), transient=True)
            self._bar.start()
            self._task = self._bar.add_task(self.title, total=1.0, words=words)
        self._bar.update(self._task, completed=fraction, words=words)


def _words(evaluations: int, best: float, failures: Counter[str], running: int) -> str:
    words = [f"{evaluations} evaluations, best cost {best:.6g}"]
    if failures:
        (reason, _), *others = failures.most_common()
        shown = reason if len(reason) <= _LONGEST_REASON else f"{reason[: _LONGEST_REASON - 3]}..."
        more = f" and {len(others)} more reasons" if others else ""
        words.append(f"{failures.total()} failed ({shown}{more})")
    if running:
        words.append(f"{running} calls running or waiting")
    return ", ".join(words)


def _left(seconds: float) -> str:
    return "time left unknown" if seconds != seconds else f"about {seconds:.0f} s left"  # noqa: PLR0124  NaN
