"""What the commands do. A task takes plain values and an observer, and returns a value; it never prints or exits."""


class TaskError(Exception):
    """A task that cannot be done; the text says why and what to do."""

    def __init__(self, message: str, *, usage: bool = True) -> None:
        """`usage`: the call was wrong (exit 2); otherwise it could not be done (exit 3)."""
        super().__init__(message)
        self.usage = usage
