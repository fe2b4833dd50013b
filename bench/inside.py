"""Where an audit's time goes, from inside: `inside.py phases POLICY STORE` or `inside.py profile POLICY STORE`."""

from __future__ import annotations

import cProfile
import json
import os
import pstats
import sys
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

_ROOMS = {
    "reports (jinja2 and all)": (
        "gesaudit_reports",
        "jinja2",
        "markupsafe",
        "gesaudit/publish",
        "gesaudit/report",
    ),
    "judge, view and rules": ("gesaudit/judge", "gesaudit/view", "gesaudit/duration", "gesaudit_rules"),
    "store (SQLAlchemy, SQLite, packing)": ("gesaudit/store", "sqlalchemy", "zstandard", "zlib", "sqlite3", "_hashlib"),
    "gesaudit.cloud (with tenacity)": ("gesaudit/cloud", "tenacity", "/email/"),
    "gesaudit.tasks and model": ("gesaudit/tasks", "gesaudit/model", "gesaudit/instant", "gesaudit/plan"),
    "policy file (pydantic, yaml)": ("gesaudit/policy", "pydantic", "yaml"),
    "httpx_aiohttp": ("httpx_aiohttp",),
    "httpx": ("httpx", "httpcore", "anyio", "idna"),
    "aiohttp (yarl, multidict)": ("aiohttp", "yarl", "multidict", "propcache", "aiosignal", "frozenlist"),
    "msgspec": ("msgspec",),
    "waiting for the server": ("select.epoll",),
    "asyncio and sockets": ("asyncio", "selectors", "_socket.socket", "_asyncio", "_contextvars"),
    "imports": ("importlib", "marshal", "<string>", "builtins.compile", "builtins.exec", "__build_class__"),
}


def phases(policy_path: Path, store: Path) -> dict[str, float]:
    """Seconds of each phase, one after the other."""
    marks = [("", time.perf_counter())]

    def mark(name: str) -> None:
        marks.append((name, time.perf_counter()))

    from gesaudit.policy.load import load_policy
    from gesaudit.publish import publish
    from gesaudit.store.engine import open_store
    from gesaudit.store.read import StoredRun
    from gesaudit.tasks.audit import AuditOptions, audit

    mark("import")
    policy, _ = load_policy(policy_path, os.environ)
    mark("load the policy")
    done = audit(policy, (), AuditOptions(store=str(store)))
    mark("collect, judge, store")
    with open_store(str(store)) as engine:
        for report in policy.reports:
            publish(StoredRun(engine, done.run_id), [report])
            mark(f"report {type(report.report).format}")
    return {name: end - begin for (_, begin), (name, end) in pairwise(marks)}


def profile(policy_path: Path, store: Path) -> dict[str, float]:
    """Own time of every function, added up by room."""
    from gesaudit.cli.main import main

    profiler = cProfile.Profile()
    profiler.runcall(main, ["audit", str(policy_path), "--no-progress", "--store", str(store), "--quiet"])
    statistics = pstats.Stats(profiler)
    statistics.dump_stats(policy_path.parents[1] / "audit.prof")
    times: Counter[str] = Counter()
    for function, (_, _, own, _, callers) in statistics.stats.items():  # type: ignore[attr-defined]
        room = _room(function)
        if room or not callers:
            times[room or "the rest"] += own
            continue
        for caller, (_, _, here, _) in callers.items():  # what Python's own library does is done for its caller
            times[_room(caller) or "the rest"] += here
    total = sum(times.values())
    return {room: seconds / total for room, seconds in times.most_common()}


def _room(function: tuple[str, int, str]) -> str | None:
    file, _, name = function
    where = name if file in ("~", "") else file.split("site-packages/")[-1]
    return next((room for room, parts in _ROOMS.items() if any(part in where for part in parts)), None)


def main() -> None:
    tasks: dict[str, Any] = {"phases": phases, "profile": profile}
    task, policy, store = sys.argv[1:]
    print(json.dumps(tasks[task](Path(policy), Path(store))))


if __name__ == "__main__":
    main()
