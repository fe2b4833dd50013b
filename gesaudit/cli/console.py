"""What goes to stderr: problems, warnings, progress and the log, as text or as JSON lines, and never a secret."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from datetime import UTC, datetime
from typing import Any

from gesaudit.model import GraphRecord
from gesaudit.policy.bound import Policy
from gesaudit.tasks.progress import Progress

_OURS = "gesaudit"


class _Formatter(logging.Formatter):
    """The last step before stderr, so no message goes around its redaction."""

    def __init__(self, *, as_json: bool) -> None:
        super().__init__()
        self._as_json = as_json
        self.secrets: list[str] = []

    def format(self, record: logging.LogRecord) -> str:
        text = record.getMessage()
        trace = self.formatException(record.exc_info) if record.exc_info and record.exc_info[0] else None
        if self._as_json:
            event = {
                "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
                "level": record.levelname.lower(),
                "logger": record.name,
                "message": text,
            }
            line = json.dumps({**event, "trace": trace} if trace else event)
        else:
            plain = getattr(record, "plain", False)
            # a name may hold what moves a terminal's cursor
            text = "".join(char if char.isprintable() or char == "\n" else "�" for char in text)
            line = text if plain else f"{record.levelname.lower()}: {text}"
            line = line if trace is None else f"{line}\n{trace}"
        for secret in self.secrets:
            line = line.replace(secret, "***")
        return line


class Console:
    """One command's voice on stderr."""

    def __init__(
        self, *, quiet: bool = False, verbose: bool = False, as_json: bool = False, progress: bool = True
    ) -> None:
        self.quiet = quiet
        self._progress = progress and not quiet
        self._bar = self._progress and not as_json and sys.stderr.isatty()
        self._formatter = _Formatter(as_json=as_json)
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(self._formatter)
        root = logging.getLogger()
        root.handlers[:] = [handler]
        root.setLevel(logging.ERROR if quiet else logging.WARNING)
        ours = logging.getLogger(_OURS)
        ours.setLevel(logging.DEBUG if verbose else logging.ERROR if quiet else logging.WARNING)
        self._log = logging.getLogger(f"{_OURS}.cli")
        self._log.setLevel(logging.ERROR if quiet else logging.INFO)

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> Console:
        return cls(
            quiet=getattr(arguments, "quiet", False),
            verbose=getattr(arguments, "verbose", False),
            as_json=getattr(arguments, "log_format", "text") == "json",
            progress=not getattr(arguments, "no_progress", False),
        )

    @property
    def color(self) -> bool:
        """Whether standard output takes colours."""
        return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"

    def hide(self, *secrets: str) -> None:
        """Masks these in everything that follows."""
        self._formatter.secrets += [secret for secret in secrets if len(secret) > 3]

    def info(self, text: str) -> None:
        self._log.info(text, extra={"plain": True})

    def warning(self, text: str) -> None:
        self._log.warning(text)

    def error(self, text: str) -> None:
        self._log.error(text)

    def problem(self, text: str) -> None:
        """A problem that begins with its place, so that editors and CI can jump there."""
        self._log.error(text, extra={"plain": True})

    def bug(self, exc: Exception) -> None:
        """What neither a user nor a network should be able to cause."""
        self._log.error(
            "this is a bug in gesaudit (%s: %s): please report it with the output of --verbose", type(exc).__name__, exc
        )
        logging.getLogger(_OURS).debug("the exception", exc_info=exc)

    def reader_left(self) -> None:
        """Standard output was closed by whoever read it: nothing more goes there."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def announce(self, policy: Policy) -> None:
        """The policy's warnings; from here on its secrets are masked."""
        self.hide(*(target.auth.token.reveal() for target in policy.targets))
        for warning in policy.warnings:
            self.warning(warning)

    def progress(self) -> Progress:
        """A bar on a terminal, plain lines elsewhere."""
        if not self._progress:
            return Progress()
        return _Bar() if self._bar else _Lines(self)


class _Lines(Progress):
    """A line at every tenth of the way."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._total = self._done = 0

    def planned(self, graphs: int, targets: int) -> None:
        self._total = graphs
        self._console.info(f"auditing {_count(graphs, 'graph')} of {_count(targets, 'target')}")

    def judged(self, graph: GraphRecord) -> None:
        del graph
        self._done += 1
        step = max(1, self._total // 10)
        if self._total >= 20 and (self._done % step == 0 or self._done == self._total):
            self._console.info(f"{self._done} of {self._total} graphs")


class _Bar(Progress):
    """rich's bar on stderr, gone when everything is judged."""

    def __init__(self) -> None:
        from rich.console import Console as Terminal
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        columns: list[Any] = [TextColumn("auditing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()]
        self._bar = Bar(*columns, console=Terminal(stderr=True), transient=True)
        self._task = self._bar.add_task("graphs", total=None)

    def planned(self, graphs: int, targets: int) -> None:
        del targets
        self._bar.start()
        self._bar.update(self._task, total=graphs)

    def judged(self, graph: GraphRecord) -> None:
        del graph
        self._bar.advance(self._task)

    def finished(self) -> None:
        self._bar.stop()


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
