"""The main job on the packaged example, against a service at a given address."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from gesaudit.policy.load import load_policy
from gesaudit.tasks.audit import Audited, AuditOptions, audit
from gesaudit.tasks.progress import Progress
from gesaudit.tasks.reporting import with_terminal


def example_policy() -> Path:
    """`policy.example.yaml`: packaged in a wheel, beside the packages in a checkout."""
    home = Path(__file__).resolve().parents[1]
    packaged = home / "policy.example.yaml"
    return packaged if packaged.exists() else home.parent / "policy.example.yaml"


def audit_example(
    endpoint: str,
    out: Path,
    *,
    store: str | None = None,
    width: int | None = None,
    color: bool = False,
    progress: Progress | None = None,
) -> Audited:
    """Audits the service at `endpoint` with the example policy; its reports go to the folder `out`.

    With a `width`, the terminal report goes to standard output. The run is kept only where a `store` is named.
    """
    policy, catalogue = load_policy(example_policy(), {"GES_ENDPOINT": endpoint})
    policy = replace(policy, path=example_policy().name)
    reports = tuple(replace(bound, path=out / bound.path.name) for bound in policy.reports if bound.path is not None)
    if width is not None:
        reports = with_terminal(reports, catalogue, width=width, color=color)
    return audit(policy, reports, AuditOptions(store=store, temporary_store=store is None), progress=progress)
