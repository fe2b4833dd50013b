"""A first policy from the graphs that exist."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from gesaudit.cloud import CloudError
from gesaudit.cloud.collector import Collector, OpenTransport
from gesaudit.cloud.transport import open_transport
from gesaudit.model import Fault, Listing
from gesaudit.policy.address import wrong_with
from gesaudit.policy.bound import Place, Secret, Target, TokenAuth
from gesaudit.policy.regions import REGIONS
from gesaudit.policy.starter import starter_policy
from gesaudit.publish import PathError, whole_file
from gesaudit.rule import ProfileName
from gesaudit.tasks import TaskError
from gesaudit.tasks.audit import utc_now

TOKEN = "GES_TOKEN"  # noqa: S105 - the variable's name
PROJECT = "HUAWEICLOUD_SDK_PROJECT_ID"


@dataclass(frozen=True, slots=True)
class Starter:
    """The text of a policy, and how many graphs it names."""

    text: str
    graphs: int


def starter(
    environ: Mapping[str, str],
    *,
    region: str | None,
    endpoint: str | None,
    project_id: str | None,
    profile: ProfileName,
    path: Path | None,
    opener: OpenTransport = open_transport,
) -> Starter:
    """Lists the project's graphs and writes a policy to `path` (None: only returns it).

    The token comes from `GES_TOKEN`. Raises TaskError where a value is missing, the file exists, or the list cannot be
    had, and PathError where the file cannot be written.
    """
    if path is not None and path.exists():
        raise TaskError(f"{path} exists already: name another file with -o, or -o - for standard output")
    token = environ.get(TOKEN)
    if not token:
        raise TaskError(f"no token in ${TOKEN}: get one from IAM (see the README) and export it")
    if not (token.isascii() and token.isprintable()):
        raise TaskError(
            f"the token in ${TOKEN} holds a line break or another character that no token has: export it anew"
        )
    project = project_id or environ.get(PROJECT)
    if not project:
        raise TaskError(f"no project: give --project-id, or export {PROJECT}")
    if endpoint and (wrong := wrong_with(endpoint)):
        raise TaskError(f"--endpoint: {wrong}")
    address = endpoint or _endpoint_of(region or "")
    target = Target(
        Place("", 0, 0), region or "prod", address.rstrip("/"), None, region, project, TokenAuth(Secret(token))
    )
    listing = _list(target, opener)
    if listing.graphs is None:
        fault = listing.fault.message if listing.fault else "no answer"
        raise TaskError(f"the graphs of project {project} cannot be listed: {fault}", usage=False)
    graphs = sorted((graph.name or graph.id, graph.id) for graph in listing.graphs)
    text = starter_policy(
        [(graph_id, name) for name, graph_id in graphs],
        region=region,
        endpoint=endpoint,
        project_id=project,
        profile=profile,
    )
    if path is not None:
        _write(path, text)
    return Starter(text, len(graphs))


def _endpoint_of(region: str) -> str:
    if region not in REGIONS:
        close = get_close_matches(region, REGIONS, 1)
        hint = f'did you mean "{close[0]}"' if close else f"there are: {', '.join(REGIONS)}"
        raise TaskError(f"--region {region}: not known; {hint}; elsewhere give --endpoint")
    return REGIONS[region].ges


def _list(target: Target, opener: OpenTransport) -> Listing:
    async def work() -> Listing:
        async with Collector(target, utc_now, opener) as collector:
            return await collector.listing()

    try:
        return asyncio.run(work())
    except CloudError as error:
        return Listing(None, Fault(error.fault.kind, error.fault.message))


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as out:
            out.write(text.encode())
    except OSError as exc:
        raise PathError([f"{path} cannot be written: {exc.strerror}"]) from None
