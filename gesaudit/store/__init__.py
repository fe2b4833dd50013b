"""The run store: every run, its graphs, what was read of them, and its results, written as they come.

A run that was cut off stays marked unfinished. Reports read from here, so memory stays flat.
"""


class StoreError(Exception):
    """A store that cannot be opened, written or read; the text says which one and what to do."""


class StoreLost(StoreError):
    """A store that failed while a run was being recorded; what was committed before stays."""
