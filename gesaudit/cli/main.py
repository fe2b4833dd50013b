"""The entry point. Nothing heavy is imported before a command is known to need it."""

from __future__ import annotations

import os
import sys

from gesaudit._version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from gesaudit.cli.console import Console


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit code."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever called us: what goes there is lost, the code is not
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115, PTH123 - for as long as the process lives
    try:
        return _run(list(sys.argv[1:] if argv is None else argv))
    except KeyboardInterrupt:
        sys.stderr.write("error: interrupted\n")
        return 130


def _run(words: list[str]) -> int:
    if words in (["--version"], ["-V"]):
        sys.stdout.write(f"gesaudit {__version__}\n")
        return 0
    import signal

    from gesaudit.cli.parser import build_parser

    arguments = build_parser().parse_args(words)
    from gesaudit.cli.console import Console

    console = Console.of(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a CI system that gives up cleans up as Ctrl-C does
    try:
        return int(arguments.run(arguments, console))
    except KeyboardInterrupt:
        console.error("interrupted: nothing half-written is left, and a run that was going on stays marked unfinished")
        return 130
    except BrokenPipeError:
        console.reader_left()
        return 0
    except Exception as exc:
        return _explained(exc, console)


def _explained(exc: Exception, console: Console) -> int:
    """One sentence for each exception, and the exit code that it stands for."""
    from gesaudit.plugins import PluginError
    from gesaudit.policy import PolicyError
    from gesaudit.publish import PathError
    from gesaudit.sandbox import SandboxError, ScenarioError
    from gesaudit.store import StoreError, StoreLost
    from gesaudit.tasks import TaskError

    if isinstance(exc, PolicyError | PathError | ScenarioError):
        for problem in exc.problems:
            console.problem(problem)
        return 2
    if isinstance(exc, PluginError):
        console.error(str(exc))
        return 2
    if isinstance(exc, TaskError | SandboxError | StoreError):
        console.error(str(exc))
        could_not = isinstance(exc, StoreLost) or (isinstance(exc, TaskError) and not exc.usage)
        return 3 if could_not else 2
    console.bug(exc)
    return 3


if __name__ == "__main__":
    sys.exit(main())
