"""The door: a policy file in, a bound policy and its catalogue out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from gesaudit.plugins import PluginError, manager
from gesaudit.plugins.manager import Catalogue
from gesaudit.policy.bind import bind
from gesaudit.policy.bound import Policy
from gesaudit.policy.draft import Draft, read
from gesaudit.policy.problems import Problem

CatalogueLoader: TypeAlias = Callable[[Sequence[Path]], Catalogue]


def load_policy(
    path: str | Path, environ: Mapping[str, str], load_catalogue: CatalogueLoader = manager.load_catalogue
) -> tuple[Policy, Catalogue]:
    """Reads a policy file, loads the plugins that it names, and binds it.

    `environ` is where `${NAME}` comes from. Raises PolicyError with every problem of both steps at once; nothing else.
    """
    draft = read(path, environ)
    catalogue, problems = _catalogue(draft, load_catalogue)
    policy = bind(draft, catalogue, problems)
    if catalogue is None:
        raise AssertionError("a policy without a catalogue does not bind")
    return policy, catalogue


def _catalogue(draft: Draft, load_catalogue: CatalogueLoader) -> tuple[Catalogue | None, list[Problem]]:
    """The catalogue with every plugin that loads, and what is wrong with the others."""
    plugins = draft.plugins()
    try:
        return load_catalogue([file for _, file in plugins]), []
    except PluginError as exc:
        together = str(exc)
    # one of them, some of them, or none: only loading each alone tells
    try:
        installed = load_catalogue(())
    except PluginError as exc:
        return None, [Problem(None, str(exc))]
    problems, good = [], []
    for path, file in plugins:
        try:
            load_catalogue((file,))
            good.append(file)
        except PluginError as exc:
            problems.append(Problem(draft.value_start(path), str(exc)))
    if not problems:
        return installed, [Problem(draft.key_start(("plugins",)), together)]
    try:
        return load_catalogue(good), problems
    except PluginError as exc:
        return installed, [*problems, Problem(draft.key_start(("plugins",)), str(exc))]
