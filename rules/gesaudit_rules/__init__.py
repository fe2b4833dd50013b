"""The bundled rules, one file per family. A new rule is a class in one of these modules and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules

from gesaudit import Rule, hookimpl


@hookimpl
def gesaudit_rules() -> Iterator[type[Rule]]:
    """Every class with an id in the modules of this package."""
    for module in sorted(iter_modules(__path__), key=lambda found: found.name):
        home = import_module(f"{__name__}.{module.name}")
        for thing in vars(home).values():
            if isinstance(thing, type) and issubclass(thing, Rule) and thing.id and thing.__module__ == home.__name__:
                yield thing
