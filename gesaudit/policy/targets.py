"""Targets: what their entries say of each other, and what binding makes of them."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from gesaudit.policy.address import is_loopback, wrong_with
from gesaudit.policy.bound import Collect, ConfiguredGraph, Discovery, Exclusion, Secret, Target, TokenAuth
from gesaudit.policy.draft import Draft, Problems
from gesaudit.policy.expand import FromOutside
from gesaudit.policy.models import AUTH_METHODS, AuthEntry, DiscoverEntry, GraphEntry, TargetEntry, TokenAuthEntry
from gesaudit.policy.problems import KeyPath, suggestion
from gesaudit.policy.regions import REGIONS

_SECRETS = ("token", "password", "sk", "security_token")


def check_targets(problems: Problems, warnings: Problems) -> None:
    """What the models cannot see: duplicates, addresses, regions, files, and what is not supported yet."""
    draft = problems.draft
    targets = [path for path, entry in draft.items(("targets",)) if isinstance(entry, dict)]
    _check_unique(problems, [(*path, "name") for path in targets], "a second target {}")
    for path in targets:
        _check_region(path, problems)
        for key in ("endpoint", "iam_endpoint"):
            _check_endpoint((*path, key), problems, warnings)
        _check_authority((*path, "tls", "ca"), problems)
        _check_credentials(path, problems, warnings)
        _check_graphs(path, problems)
        if not draft.at(path).get("graphs") and not draft.at(path).get("discover"):
            warnings.key(path, "neither `graphs` nor `discover`: no graph of it is audited")


def _check_unique(problems: Problems, paths: Iterable[KeyPath], words: str) -> None:
    first: dict[str, KeyPath] = {}
    for path in paths:
        text = problems.draft.text(path)
        if text is not None and first.setdefault(text, path) is not path:
            problems.value(path, words.format(problems.draft.shown(path)), first=first[text])


def _check_region(path: KeyPath, problems: Problems) -> None:
    entry = problems.draft.at(path)
    if "endpoint" in entry:
        return
    if "region" not in entry:
        problems.key(path, "neither `region` nor `endpoint`; one of them says where the service is")
        return
    region = problems.draft.text((*path, "region"))
    if region is not None and region not in REGIONS:
        here = (*path, "region")
        near = suggestion(problems.draft.open_text(here), REGIONS)
        shown = problems.draft.shown(here)
        problems.value(here, f"unknown region {shown} without an `endpoint`{near}")


def _check_endpoint(path: KeyPath, problems: Problems, warnings: Problems) -> None:
    text = problems.draft.text(path)
    if not text:
        return
    wrong = wrong_with(text)
    if wrong:
        problems.value(path, wrong)
    elif urlsplit(text).scheme == "http" and not is_loopback(urlsplit(text).hostname or ""):
        warnings.value(path, "http:// leaves this machine: the token travels unencrypted and can be read on the way")


def _check_authority(path: KeyPath, problems: Problems) -> None:
    text = problems.draft.text(path)
    if not text or "\0" in text:
        return
    try:
        with (problems.draft.folder / text).open("rb") as file:
            pem = b"-----BEGIN" in file.read(1_000_000)
    except OSError as exc:
        problems.value(path, f"cannot be read: {exc.strerror} (relative to the policy file)")
        return
    if not pem:
        problems.value(path, "holds no certificate in PEM form")


def _check_credentials(path: KeyPath, problems: Problems, warnings: Problems) -> None:
    """What is written but not built yet, and secrets that lie open."""
    draft, entry = problems.draft, problems.draft.at(path)
    method = (*path, "auth", "method")
    if "auth" not in entry:
        problems.key(path, '"auth" cannot be left out yet; write auth: {method: token, token: "${GES_TOKEN}"}')
    elif draft.text(method) in AUTH_METHODS and draft.text(method) != "token":
        problems.value(method, f"{draft.shown(method)} is not supported yet; use method: token")
    if "project_id" not in entry:
        problems.key(path, '"project_id" cannot be left out yet; the console shows it under "My Credentials"')
    for key in _SECRETS:
        here = (*path, "auth", key)
        text = draft.text(here)
        if text is None:
            continue
        if not text.strip():
            problems.value(here, "is empty")
        elif not (text.isascii() and text.isprintable()) and key in ("token", "security_token"):
            problems.value(here, "holds a line break or another character that no token has")
        elif not isinstance(text, FromOutside):
            warnings.value(here, "a secret stands in the file itself; better ${NAME} or file:/path")


def _check_graphs(path: KeyPath, problems: Problems) -> None:
    draft = problems.draft
    graphs = [graph for graph, entry in draft.items((*path, "graphs")) if isinstance(entry, dict)]
    for graph in graphs:
        if not {"id", "name"} & set(draft.at(graph)):
            problems.key(graph, "neither `id` nor `name`; one of them says which graph")
    _check_unique(problems, [(*graph, "id") for graph in graphs], "a second graph with the id {}")
    by_name = [(*graph, "name") for graph in graphs if "id" not in draft.at(graph)]
    _check_unique(problems, by_name, "a second graph with the name {}")
    identified = {draft.text((*graph, "name")): graph for graph in graphs if "id" in draft.at(graph)}
    for here in by_name:
        if (name := draft.text(here)) is not None and name in identified:
            first = (*identified[name], "name")
            problems.value(here, f"a second graph with the name {draft.shown(here)}", first=first)


def bind_target(draft: Draft, path: KeyPath, entry: TargetEntry) -> Target:
    """The target that a valid entry describes."""
    home = REGIONS.get(entry.region or "")
    endpoint = entry.endpoint or (home.ges if home else None)
    if endpoint is None or entry.project_id is None or entry.auth is None:
        raise AssertionError("binding comes after checking")
    return Target(
        place=draft.place(path),
        name=entry.name,
        endpoint=_address(endpoint),
        iam_endpoint=_address(entry.iam_endpoint) if entry.iam_endpoint else home.iam if home else None,
        region=entry.region,
        project_id=entry.project_id,
        auth=_auth(entry.auth),
        ca=draft.folder / entry.tls.ca if entry.tls else None,
        graphs=tuple(_graph(draft, (*path, "graphs", at), graph) for at, graph in enumerate(entry.graphs)),
        discover=tuple(_discovery(draft, (*path, "discover", at), found) for at, found in enumerate(entry.discover)),
        collect=Collect(**dict(entry.collect)),
    )


def _address(text: str) -> str:
    parts = urlsplit(text)
    return f"{parts.scheme}://{parts.netloc}"


def _auth(entry: AuthEntry) -> TokenAuth:
    if not isinstance(entry, TokenAuthEntry):
        raise AssertionError("binding comes after checking")
    return TokenAuth(Secret(entry.token.get_secret_value()))


def _graph(draft: Draft, path: KeyPath, entry: GraphEntry) -> ConfiguredGraph:
    return ConfiguredGraph(draft.place(path), entry.id, entry.name, entry.labels, entry.allow_empty)


def _discovery(draft: Draft, path: KeyPath, entry: DiscoverEntry) -> Discovery:
    excluded = tuple(Exclusion(out.name, out.reason) for out in entry.exclude)
    return Discovery(draft.place(path), entry.name, entry.labels, excluded, entry.allow_empty)
