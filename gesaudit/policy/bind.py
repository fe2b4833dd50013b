"""The second step: a draft held against the catalogue, and made into a policy that is ready to run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gesaudit.model import Severity
from gesaudit.plugins.manager import Catalogue
from gesaudit.policy import PolicyError
from gesaudit.policy.bound import Policy
from gesaudit.policy.draft import Draft, Problems
from gesaudit.policy.models import PolicyEntry
from gesaudit.policy.outputs import Outputs, find_outputs
from gesaudit.policy.problems import Problem, rendered
from gesaudit.policy.shape import conform
from gesaudit.policy.targets import bind_target, check_targets
from gesaudit.policy.uses import Slot, bind_uses, find_uses
from gesaudit.policy.waivers import bind_waiver, check_waivers


def bind(draft: Draft, catalogue: Catalogue | None, also: Sequence[Problem] = ()) -> Policy:
    """The policy of a draft. Raises PolicyError with every problem: the draft's own and what it finds.

    `also`: plugins that could not be loaded. Without a catalogue, everything that needs none is checked all the same.
    """
    problems, warnings = Problems(draft), Problems(draft)
    problems.found += [*draft.problems, *also]
    entry = conform(PolicyEntry, (), draft.data, problems)
    check_targets(problems, warnings)
    slots, outputs = list[Slot](), Outputs([], [])
    if catalogue is not None:
        slots = find_uses(catalogue, problems, warnings, whole=not also)
        outputs = find_outputs(catalogue, problems, warnings, whole=not also)
        check_waivers(slots, problems, warnings)
    if problems.found or entry is None:
        raise PolicyError(rendered(draft.path, draft.lines, problems.found))
    return Policy(
        path=draft.path,
        sha256=draft.sha256,
        series=entry.name or Path(draft.path).stem,
        targets=tuple(bind_target(draft, ("targets", at), target) for at, target in enumerate(entry.targets)),
        uses=bind_uses(draft, slots, entry),
        waivers=tuple(bind_waiver(waiver) for waiver in entry.waivers),
        fail_on=Severity(entry.fail_on),
        reports=tuple(outputs.reports),
        deliveries=tuple(outputs.deliveries),
        warnings=tuple(rendered(draft.path, draft.lines, warnings.found)),
    )
