"""The run for a terminal."""

from __future__ import annotations

from typing import Annotated, BinaryIO, Self

from pydantic import Field

from gesaudit import Report, Run


class Text(Report, format="text", terminal=True):
    """What is wrong, what is covered and what to do next, in a screen or two."""

    width: Annotated[int, Field(ge=40, le=1000)] = 100
    color: bool = False

    def on_terminal(self, *, width: int, color: bool) -> Self:
        return self.model_copy(update={"width": max(width, 40), "color": color})

    def write(self, run: Run, out: BinaryIO) -> None:
        from gesaudit_reports.text import terminal  # rich takes a while to import

        terminal.write(run, out, width=self.width, color=self.color)
