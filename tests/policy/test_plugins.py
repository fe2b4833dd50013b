"""Plugins that a policy names, between the two steps of loading."""

from __future__ import annotations

from pathlib import Path

import pytest

from gesaudit.plugins import PluginError
from gesaudit.plugins.manager import Catalogue
from gesaudit.policy.load import load_policy
from tests.policy.catalogue import CATALOGUE, RULES, Age, Hygiene
from tests.policy.conftest import ENVIRON, policy


class Loader:
    """A catalogue that some files add to, and that others break."""

    def __init__(self, broken: tuple[str, ...] = (), together: str | None = None) -> None:
        self.broken, self.together = broken, together
        self.seen: list[list[str]] = []

    def __call__(self, local=()) -> Catalogue:
        self.seen.append([str(path) for path in local])
        for path in local:
            if path.name in self.broken:
                raise PluginError(f"plugin {path.name} does not import: OSError: one\ntwo")
        if self.together and len(local) > 1:
            raise PluginError(self.together)
        rules = {path.stem: Hygiene for path in local}
        return Catalogue({**RULES, **rules}, CATALOGUE.reports, CATALOGUE.deliveries)


def test_paths_are_relative_to_the_policy(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    Path("sub/policy.yaml").write_text(policy(rules="  - rule: mine\n", rest="plugins: [./mine.py, /abs/b.py]\n"))
    loader = Loader()
    loaded, catalogue = load_policy("sub/policy.yaml", ENVIRON, loader)
    assert loader.seen == [["sub/mine.py", "/abs/b.py"]]
    assert loaded.uses[0].rule == Hygiene()
    assert catalogue.rules["age"] is Age


def test_each_plugin_that_does_not_load_is_a_problem_at_its_entry(refused):
    """What the others bring is still checked, and a rule that a broken one may have brought is not called unknown."""
    refused(
        policy(
            rules="  - rule: lost\n  - rule: good\n    with: {§x: 1}\n  - rule: §agee\n",
            rest="reports: [{format: zzz, path: x}]\nplugins: [good.py, §bad.py, §worse.py]\n",
        ),
        "rules[1].with.x: unknown key",
        'rules[2].rule: unknown rule "agee"; did you mean "age"?',
        "plugin bad.py does not import: OSError: one two",
        "plugin worse.py does not import: OSError: one two",
        load_catalogue=Loader(("bad.py", "worse.py")),
    )


def test_plugins_that_do_not_go_together(refused):
    refused(
        policy(rest="§plugins: [a.py, b.py]\n"),
        "a.py and b.py both bring id 'x'; remove one of them",
        load_catalogue=Loader(together="a.py and b.py both bring id 'x'; remove one of them"),
    )


def test_an_installed_plugin_that_does_not_load_is_a_problem_of_the_file(problems):
    def broken(local=()):
        raise PluginError("plugin 'x' of distribution y does not import: ImportError: z; mend or uninstall it")

    assert problems(policy(rules="  - rule: zzz\n", rest="fail_on: 5\n"), load_catalogue=broken) == [
        "policy.yaml: plugin 'x' of distribution y does not import: ImportError: z; mend or uninstall it",
        "policy.yaml:11:10: fail_on: must be one of info, low, medium, high, critical",
    ]


@pytest.mark.parametrize("entry", ['"a\\0b"', '"${NO_SUCH}"', '""', "' '", "5", "[x]", "~"])
def test_entries_that_are_no_paths(problems, entry):
    """An empty one is not the folder of the policy, whose files would all be run."""
    loader = Loader()
    (problem,) = problems(policy(rest=f"plugins: [{entry}]\n"), load_catalogue=loader)
    assert loader.seen == [[]]
    assert problem.startswith("policy.yaml:11:11: plugins[0]: ")


def test_a_real_plugin_beside_the_installed_ones(load, tmp_path):
    from gesaudit.plugins.manager import load_catalogue

    (tmp_path / "mine.py").write_text(
        "from gesaudit import GraphRule, Pass\n"
        "class Mine(GraphRule, id='mine'):\n"
        "    least: int = 1\n"
        "    def check(self, graph, at):\n"
        "        return Pass('')\n"
    )
    text = policy(rules="  - {rule: mine, with: {least: 2}}\n", rest="plugins: [mine.py]\n")
    assert load(text, load_catalogue=load_catalogue).uses[0].rule.least == 2
