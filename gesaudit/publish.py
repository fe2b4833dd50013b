"""Renders reports, writes files whole or not at all, and calls deliveries. A report that fails is a value here."""

from __future__ import annotations

import io
import logging
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from gesaudit.policy.bound import BoundDelivery, BoundReport
from gesaudit.report import DeliveryError, Run

log = logging.getLogger(__name__)


class PathError(Exception):
    """Report paths that cannot be written, each in a sentence."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Published:
    """What became of one report or delivery; `error` None: it is there."""

    format: str
    path: Path | None
    error: str | None = None


def check_paths(reports: Sequence[BoundReport]) -> None:
    """Makes missing folders and tries to write beside each path, before anything is asked of the cloud.

    Raises PathError.
    """
    problems = [problem for report in reports if report.path and (problem := _unwritable(report.path))]
    if problems:
        raise PathError(problems)


def _unwritable(path: Path) -> str | None:
    try:
        if path.is_dir():
            return f"report {path}: that is a folder; name a file in it"
        if path.exists() and not path.is_file():
            return None  # a device or a pipe: written to as it is
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".gesaudit-", dir=path.parent)
        os.close(handle)
        Path(name).unlink()
    except (OSError, ValueError) as exc:
        said = exc.strerror if isinstance(exc, OSError) else str(exc)
        return f"report {path} cannot be written: {said}; choose another path or mend the permissions"
    return None


def publish(
    run: Run,
    reports: Sequence[BoundReport],
    deliveries: Sequence[BoundDelivery] = (),
    stdout: BinaryIO | None = None,
) -> list[Published]:
    """Writes every report, then sends every delivery; one that fails leaves the others whole."""
    done = [_publish_one(run, report, stdout) for report in reports]
    files = {item.format: item.path for item in done if item.error is None and item.path is not None}
    return done + [_deliver(run, delivery, files) for delivery in deliveries]


def _publish_one(run: Run, bound: BoundReport, stdout: BinaryIO | None) -> Published:
    report, path = bound.report, bound.path
    name = type(report).format
    try:
        if path is None:
            _to_stream(lambda out: report.write(run, out), stdout or sys.stdout.buffer)
        else:
            with whole_file(path) as out:
                report.write(run, out)
    except (Exception, SystemExit) as exc:
        log.debug("report %s failed", name, exc_info=exc)
        said = exc.strerror or str(exc) if isinstance(exc, OSError) else f"{type(exc).__name__}: {exc}"
        return Published(name, path, f"report {name} to {path or 'standard output'} failed: {said}")
    return Published(name, path)


def _to_stream(write: Callable[[BinaryIO], None], stream: BinaryIO) -> None:
    whole = io.BytesIO()
    write(whole)
    try:
        stream.write(whole.getvalue())
        stream.flush()
    except BrokenPipeError:
        # whoever read it has left: how results are shown never changes the code
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _deliver(run: Run, bound: BoundDelivery, files: dict[str, Path]) -> Published:
    name = type(bound.delivery).format
    try:
        bound.delivery.deliver(run, dict(files))
    except DeliveryError as exc:
        return Published(name, None, f"delivery {name} failed: {exc}")
    except (Exception, SystemExit) as exc:
        log.debug("delivery %s failed", name, exc_info=exc)
        return Published(name, None, f"delivery {name} failed: {type(exc).__name__}: {exc}")
    return Published(name, None)


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file that appears under its name only when it is whole: written beside it, then renamed.

    A path that is a device or a pipe is written to as it is.
    """
    if path.exists() and not path.is_file():
        with path.open("wb") as out:
            yield out
        return
    target = path.resolve() if path.is_symlink() else path
    handle, name = tempfile.mkstemp(prefix=".gesaudit-", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        os.chmod(name, 0o666 & ~_umask())  # noqa: PTH101 - mkstemp made it private
        os.replace(name, target)  # noqa: PTH105 - both are names in one folder
    except BaseException:
        with suppress(OSError):
            os.unlink(name)  # noqa: PTH108
        raise


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
