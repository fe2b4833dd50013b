"""The same machine as in the tests of commands."""

from tests.end_to_end.conftest import machine

__all__ = ["machine"]
