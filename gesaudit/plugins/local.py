"""Plugins that a policy names: a Python file, or a folder of them."""

from __future__ import annotations

import sys
from hashlib import sha256
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pluggy

from gesaudit.plugins import PluginError
from gesaudit.plugins.spec import hookimpl
from gesaudit.report import Delivery, Report
from gesaudit.rule import Rule


def load_local(path: Path) -> list[ModuleType]:
    """Imports a file, or every `*.py` of a folder (but `_*` and `test_*`) in the order of their names.

    A file without hooks brings every concrete rule, report and delivery that it defines. Raises PluginError.
    """
    if path.is_dir():
        files = [file for file in sorted(path.glob("*.py")) if not file.name.startswith(("_", "test_"))]
        if not files:
            raise PluginError(f"plugin folder {path} holds no Python file")
    elif path.is_file():
        files = [path]
    else:
        raise PluginError(f"plugin {path} does not exist")
    return [_load(file.resolve()) for file in files]


def _load(file: Path) -> ModuleType:
    name = f"gesaudit_local_{file.stem}_{sha256(str(file).encode()).hexdigest()[:8]}"
    spec = spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise PluginError(f"plugin {file} is no Python file")
    module = module_from_spec(spec)
    sys.modules[name] = module  # pydantic looks up annotations there
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as exc:
        del sys.modules[name]
        line = f":{exc.lineno}" if isinstance(exc, SyntaxError) and exc.lineno else ""
        raise PluginError(f"plugin {file}{line} does not import: {type(exc).__name__}: {exc}") from exc
    if not _has_hooks(module):
        _offer(module)
    return module


def _has_hooks(module: ModuleType) -> bool:
    probe = pluggy.PluginManager("gesaudit")
    return any(probe.parse_hookimpl_opts(module, name) is not None for name in dir(module))


def _offer(module: ModuleType) -> None:
    """Gives a module without hooks the obvious ones."""

    def own(base: type, key: str) -> list[type]:
        return [
            thing
            for thing in vars(module).values()
            if isinstance(thing, type)
            and issubclass(thing, base)
            and thing.__module__ == module.__name__
            and getattr(thing, key)
        ]

    @hookimpl
    def gesaudit_rules() -> list[type]:
        return own(Rule, "id")

    @hookimpl
    def gesaudit_reports() -> list[type]:
        return own(Report, "format")

    @hookimpl
    def gesaudit_deliveries() -> list[type]:
        return own(Delivery, "format")

    for hook in (gesaudit_rules, gesaudit_reports, gesaudit_deliveries):
        setattr(module, hook.__name__, hook)
