"""The bundled reports, one folder per format. A new one is a folder with a class (and a template) and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules

from gesaudit import Report, hookimpl


@hookimpl
def gesaudit_reports() -> Iterator[type[Report]]:
    """Every class with a format in the packages of this package."""
    for module in sorted(iter_modules(__path__), key=lambda found: found.name):
        home = import_module(f"{__name__}.{module.name}")
        for thing in vars(home).values():
            if (
                isinstance(thing, type)
                and issubclass(thing, Report)
                and thing.format
                and thing.__module__ == home.__name__
            ):
                yield thing
