"""What a task tells while it runs. The observer that does nothing is the default."""

from __future__ import annotations

from gesaudit.model import GraphRecord


class Progress:
    """Override what is of interest."""

    def planned(self, graphs: int, targets: int) -> None:
        """The plan is made."""

    def judged(self, graph: GraphRecord) -> None:
        """A graph is done."""

    def finished(self) -> None:
        """Everything is judged, or the run was cut off; nothing more is told."""
