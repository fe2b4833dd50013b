"""A local GES and IAM service: for trying policies, for the demo, and for other people's tests.

A scenario says what exists and what goes wrong; `answer` is the service without a socket; `Sandbox` and `serve` put it
on a loopback port. Known by the command line alone.
"""

from __future__ import annotations

from collections.abc import Sequence


class SandboxError(Exception):
    """The sandbox cannot run; the text says what to do."""


class ScenarioError(SandboxError):
    """A scenario that is not valid: every problem in one go, each as `file: path.to.key: what is wrong`."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)
