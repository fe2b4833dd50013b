"""A first policy, as text: for `gesaudit policy init`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import yaml

from gesaudit.rule import ProfileName

_HEAD = """\
# What is backed up, how well, and who is told. Check it with `gesaudit policy check`, run it with `gesaudit audit`.
version: 1

targets:
  - name: {target}
{address}\
    project_id: {project_id}
    # The token comes from the environment; file:/path reads it from a file instead.
    auth: {{method: token, token: "${{GES_TOKEN}}"}}
"""
_GRAPHS = """
    # The graphs that must be there. Give them labels, such as labels: {tier: gold}, for rules to select by.
    graphs:
"""
_DISCOVER = """
    # Every other graph of the project, so that a new one is audited from its first day.
    discover:
      - name: "*"
"""
_RULES = """
rules:
  # Every rule of a level: basic, standard or strict (`gesaudit rules list`).
  - profile: {profile}
  # A rule of one's own choice, or a stricter one for some graphs:
  # - rule: max-age
  #   id: max-age-gold
  #   with: {{max: 8h}}
  #   severity: critical
  #   where: {{tier: gold}}

# Failures that somebody has accepted, until a day:
# waivers:
#   - rule: max-age
#     graph: ID-OR-NAME
#     reason: why this is acceptable
#     approved_by: who said so
#     expires: 2026-12-31

# The gate: failures of this severity and above make the exit code 1.
fail_on: low
"""


def starter_policy(
    graphs: Sequence[tuple[str, str | None]],
    *,
    project_id: str,
    profile: ProfileName,
    region: str | None = None,
    endpoint: str | None = None,
    iam_endpoint: str | None = None,
    target: str | None = None,
    reports: Mapping[str, str] | None = None,
) -> str:
    """A policy that audits `graphs` (id and name) and every other graph of the project; it loads as it is.

    Either `region` or `endpoint` is needed. `target` defaults to the region, `reports` (format to path) to a page for
    people, JUnit for the CI system and JSON for programs. The token is left to the environment (`GES_TOKEN`).
    """
    places = {"region": region, "endpoint": endpoint, "iam_endpoint": iam_endpoint}
    text = _HEAD.format(
        target=scalar(target or region or "prod"),
        address="".join(f"    {key}: {scalar(value)}\n" for key, value in places.items() if value),
        project_id=scalar(project_id),
    )
    if graphs:
        text += _GRAPHS + "".join(_graph(id, name) for id, name in dict(graphs).items())
    text += _DISCOVER + _RULES.format(profile=profile)
    written = reports or {"html": "audit.html", "junit": "junit.xml", "json": "result.json"}
    lines = (f"  - {{format: {scalar(form)}, path: {scalar(path)}}}\n" for form, path in written.items())
    return text + "\n# Paths are relative to the working folder.\nreports:\n" + "".join(lines)


def _graph(id: str, name: str | None) -> str:
    label = f"        name: {scalar(name)}\n" if name and name.strip() else ""
    return f"      - id: {scalar(id)}\n{label}"


def scalar(text: str) -> str:
    """A text as a YAML scalar on one line that the policy loader reads back as it is, whatever it holds."""
    # lone surrogates are in no file; a name that has some is broken already
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("${", "$${")
    return str(yaml.dump(whole, default_style='"', allow_unicode=True, width=float("inf"))).rstrip("\n")
