"""Finds plugins and gathers what they bring into a catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

import pluggy

from gesaudit.plugins import PluginError, spec
from gesaudit.plugins.local import load_local
from gesaudit.report import Delivery, Report
from gesaudit.rule import Rule


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything that the loaded plugins bring, by name."""

    rules: Mapping[str, type[Rule]]
    reports: Mapping[str, type[Report]]
    deliveries: Mapping[str, type[Delivery]]


def load_catalogue(local: Sequence[Path] = ()) -> Catalogue:
    """The catalogue of the installed plugins and of files or folders that a policy names.

    Raises PluginError for a plugin that does not import, a hook that raises or returns the wrong thing, and two
    plugins that bring the same name.
    """
    manager = pluggy.PluginManager("gesaudit")
    manager.add_hookspecs(spec)
    for entry in sorted(entry_points(group="gesaudit"), key=lambda entry: (entry.name, entry.value)):
        try:
            plugin = entry.load()
        except (Exception, SystemExit) as exc:
            home = f"distribution {entry.dist.name}" if entry.dist else "an installed distribution"
            raise PluginError(
                f"plugin {entry.value!r} of {home} does not import: {type(exc).__name__}: {exc}; mend or uninstall it"
            ) from exc
        _register(manager, plugin, entry.value)
    for path in local:
        for module in load_local(path):
            _register(manager, module, str(path))
    return Catalogue(
        rules=_gather(manager, "gesaudit_rules", Rule, "id"),
        reports=_gather(manager, "gesaudit_reports", Report, "format"),
        deliveries=_gather(manager, "gesaudit_deliveries", Delivery, "format"),
    )


def _register(manager: pluggy.PluginManager, plugin: ModuleType, name: str) -> None:
    if manager.is_registered(plugin):
        return
    try:
        manager.register(plugin, name if not manager.has_plugin(name) else None)
        manager.check_pending()
    except (pluggy.PluginValidationError, ValueError) as exc:
        raise PluginError(f"plugin {name}: {exc}") from exc


def _gather(manager: pluggy.PluginManager, hook: str, base: type, key: str) -> dict[str, Any]:
    found: dict[str, type] = {}
    owners: dict[str, str] = {}
    callers = getattr(manager.hook, hook).get_hookimpls()
    for caller in sorted(callers, key=lambda impl: str(impl.plugin_name)):
        for thing in _classes(caller, hook, base, key):
            name = getattr(thing, key)
            if name in found and found[name] is not thing:
                raise PluginError(
                    f"{owners[name]} and {caller.plugin_name} both bring {key} {name!r}; remove one of them"
                )
            found[name], owners[name] = thing, str(caller.plugin_name)
    return dict(sorted(found.items()))


def _classes(caller: pluggy.HookImpl, hook: str, base: type, key: str) -> Iterable[type]:
    where = f"plugin {caller.plugin_name}: {hook}()"
    try:
        things: list[Any] = list(caller.function())  # type: ignore[call-overload]
    except (Exception, SystemExit) as exc:
        raise PluginError(f"{where} raised {type(exc).__name__}: {exc}") from exc
    for thing in things:
        if not (isinstance(thing, type) and issubclass(thing, base) and getattr(thing, key)):
            raise PluginError(f"{where} returned {thing!r}, which is no {base.__name__} class with `{key}=`")
        if abstract := getattr(thing, "__abstractmethods__", None):
            missing = ", ".join(sorted(abstract))
            raise PluginError(f"{where}: {thing.__name__} does not define {missing}")
        yield thing
