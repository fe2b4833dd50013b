"""The policy file: its format, loading with line and column, binding to a catalogue."""


class PolicyError(Exception):
    """A policy that is not valid. Every problem at once, each as `file:line:column: what is wrong`."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
