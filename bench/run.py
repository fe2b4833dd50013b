"""Measures the whole audit beside the official SDK and the floor, in one run, and writes bench/RESULTS.md."""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import signal
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from itertools import pairwise
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from cloud import SHARED, BenchError, find_nginx, make_pages, serving, write_policy
from measure import GESAUDIT, PYTHON, Sample, fresh_store, prepare_environment, whole, whole_audit

HERE = Path(__file__).resolve().parent
STARTS = 20
PEER, FLOOR, AUDIT = "official SDK, 32 threads: fetches only", "floor: fetches and decodes only", "**the whole audit**"
WAYS = {
    "httpx": "httpx as it comes",
    "client": "httpx's client, aiohttp's transport",
    "direct": "the transport called directly",
}
Lines = list[str]


@dataclass(frozen=True, slots=True)
class Bench:
    """What every measurement needs."""

    work: Path
    pages: Path
    port: int
    graphs: int
    backups: int
    rounds: int
    quick: bool

    def policy(self, graphs: int) -> Path:
        return write_policy(self.work, self.pages, self.port, graphs)

    def peer(self, name: str, graphs: int) -> Sample:
        sizes = ["--port", str(self.port), "--graphs", str(graphs)]
        return whole([PYTHON, str(SHARED / name), str(self.pages), *sizes])

    def script(self, name: str, *words: str) -> Sample:
        return whole([PYTHON, str(HERE / name), *words])


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Lines:
    line = "|".join(["---"] + ["--:"] * (len(heads) - 1))
    return [f"| {' | '.join(heads)} |", f"|{line}|", *(f"| {' | '.join(row)} |" for row in rows), ""]


def spread(numbers: Sequence[float], digits: int = 1) -> str:
    """Least, median and most."""
    return " / ".join(f"{number:,.{digits}f}" for number in (min(numbers), median(numbers), max(numbers)))


def told(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


def compare(bench: Bench) -> Lines:
    """Peer, floor and audit in turn."""
    has_floor = importlib.util.find_spec("uvloop") is not None
    samples: dict[str, list[Sample]] = {PEER: [], AUDIT: []} | ({FLOOR: []} if has_floor else {})
    policy = bench.policy(bench.graphs)
    whole_audit(bench.policy(100))  # compiles what it imports, and so does the next line
    bench.peer("peer_sdk.py", 100)
    for number in range(1, bench.rounds + 1):
        told(f"round {number} of {bench.rounds}: SDK, audit, floor")
        samples[PEER].append(bench.peer("peer_sdk.py", bench.graphs))
        samples[AUDIT].append(whole_audit(policy))
        if has_floor:
            samples[FLOOR].append(bench.peer("floor.py", bench.graphs))
    heads = ["whole process", "wall s, min / median / max", "backups/s", "CPU s", "peak MB", "its own wall s"]
    lines = table(heads, [_row(bench, name, taken) for name, taken in samples.items()])
    lines += _ratios("the audit to the SDK", samples[PEER], samples[AUDIT], 1)
    if has_floor:
        return lines + _ratios("the audit to the floor", samples[FLOOR], samples[AUDIT], 2)
    return [*lines, "The floor was not measured: uvloop is not installed (`pip install uvloop`).", ""]


def _row(bench: Bench, name: str, taken: Sequence[Sample]) -> list[str]:
    rate = bench.graphs * bench.backups / median(sample.wall for sample in taken)
    own = "" if name == AUDIT else f"{median(sample.said['seconds'] for sample in taken):.1f}"
    cpu, peak = median(sample.cpu for sample in taken), max(sample.peak for sample in taken)
    return [name, spread([sample.wall for sample in taken], 2), f"{rate:,.0f}", f"{cpu:.1f}", f"{peak:.0f}", own]


def _ratios(what: str, others: Sequence[Sample], ours: Sequence[Sample], digits: int) -> Lines:
    ratios = [other.wall / our.wall for other, our in zip(others, ours, strict=True)]
    each = ", ".join(f"{ratio:.{digits}f}" for ratio in ratios)
    cpu = median([other.cpu / our.cpu for other, our in zip(others, ours, strict=True)])
    return [
        f"Backups/s of {what}, by round: {each}; median **{median(ratios):.{digits}f} ×**. "
        f"By CPU time, which a busy machine moves less: {cpu:.{digits}f} ×.",
        "",
    ]


def where_time_goes(bench: Bench) -> Lines:
    """One audit in phases, and another one under the profiler."""
    told("phases and profile")
    policy, store = str(bench.policy(bench.graphs)), fresh_store(bench.work)
    taken = bench.script("inside.py", "phases", policy, str(store))
    seconds = dict(taken.said)
    seconds["Python's own start and end"] = taken.wall - sum(seconds.values())
    rows = [(name, f"{each:.2f}", f"{each / taken.wall:.0%}") for name, each in seconds.items()]
    lines = table(["phase", "s", "of the whole"], rows)
    shares = bench.script("inside.py", "profile", policy, str(fresh_store(bench.work))).said
    return lines + table(
        ["own time by room (cProfile)", "share"], [(room, f"{each:.1%}") for room, each in shares.items()]
    )


def growth(bench: Bench) -> Lines:
    """Memory and time as the work grows."""
    sizes = [bench.graphs // 10, bench.graphs] + [4 * bench.graphs] * (not bench.quick)
    rows, peaks = [], []
    for size in sizes:
        told(f"the audit of {size} graphs")
        sample = whole_audit(bench.policy(size))
        peaks.append(sample.peak)
        rate = size * bench.backups / sample.wall
        rows.append((f"{size:,}", f"{sample.peak:.0f}", f"{sample.wall:.1f}", f"{rate:,.0f}", f"{sample.cpu:.1f}"))
    lines = table(["graphs", "peak MB", "wall s", "backups/s", "CPU s"], rows)
    steps = [
        f"{more:,} against {less:,}: {b / a:.2f} ×" for (less, a), (more, b) in pairwise(zip(sizes, peaks, strict=True))
    ]
    lines += [f"Peak, {'; '.join(steps)}.", ""] if steps else []
    return [*lines, f"{4 * bench.graphs:,} graphs were not measured: `--quick`.", ""] if bench.quick else lines


def start_up(_: Bench) -> Lines:
    told("start-up")
    commands = {
        "`python -c pass`": [PYTHON, "-c", "pass"],
        "`gesaudit --version`": [GESAUDIT, "--version"],
        "`gesaudit --help`": [GESAUDIT, "--help"],
    }
    walls: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(STARTS + 1):
        for name, command in commands.items():
            walls[name].append(whole(command).wall)
    walls = {name: taken[1:] for name, taken in walls.items()}  # the first one may still have compiled
    least = median(walls["`python -c pass`"])
    rows = [
        (name, spread([1000 * wall for wall in taken]), f"{median(taken) / least:.2f} ×")
        for name, taken in walls.items()
    ]
    return table([f"start-up, {STARTS} runs", "ms, min / median / max", "to python"], rows)


def transports(bench: Bench) -> Lines:
    """The choice that gesaudit/cloud/transport.py rests on."""
    policy = str(bench.policy(bench.graphs))
    rates: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(bench.rounds):
        for way in WAYS:
            told(f"transport: {WAYS[way]}")
            said = bench.script("transports.py", way, policy).said
            rates[way].append(said["backups"] / said["seconds"])
    least = median(rates["httpx"])
    rows = [(WAYS[way], spread(taken, 0), f"{median(taken) / least:.1f} ×") for way, taken in rates.items()]
    return table(["16 connections, decoded by msgspec, no judging", "backups/s, min / median / max", "to httpx"], rows)


def heading(bench: Bench) -> Lines:
    said = subprocess.run([find_nginx(), "-v"], capture_output=True, text=True, check=True).stderr
    parts = [f"{os.cpu_count()} cores", f"Python {platform.python_version()}", f"nginx {said.strip().split('/')[-1]}"]
    for name in ("huaweicloudsdkges", "aiohttp", "httpx", "httpx-aiohttp", "msgspec", "sqlalchemy", "uvloop"):
        try:
            parts.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    sizes = f"--graphs {bench.graphs} --backups {bench.backups} --rounds {bench.rounds}{' --quick' * bench.quick}"
    return [
        "# Results",
        "",
        f"`python bench/run.py {sizes}` on {datetime.now(UTC):%Y-%m-%d}: {', '.join(parts)}.",
        "",
        f"{bench.graphs:,} graphs × {bench.backups:,} backups in pages of 100, served by nginx on the same cores.",
        "Medians and ratios count, not absolute times: those move from machine to machine and from run to run.",
        "",
    ]


SECTIONS = [
    ("Beside the official SDK", compare),
    ("Where the time goes", where_time_goes),
    ("As work grows", growth),
    ("Start-up", start_up),
    ("The transport", transports),
]


def measured(arguments: argparse.Namespace) -> Lines:
    find_nginx()
    work = arguments.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    prepare_environment(work)
    told("pages")
    pages = make_pages(work, arguments.graphs * (1 if arguments.quick else 4), arguments.backups)
    with serving(pages) as port, TemporaryDirectory(dir=work) as scratch:
        rounds = 1 if arguments.quick else arguments.rounds
        bench = Bench(Path(scratch), pages, port, arguments.graphs, arguments.backups, rounds, arguments.quick)
        lines = heading(bench)
        for title, section in SECTIONS:
            lines += [f"## {title}", "", *section(bench)]
    return lines


def main() -> int:
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--graphs", type=int, default=5_000)
    ask.add_argument("--backups", type=int, default=100, help="of each graph")
    ask.add_argument("--rounds", type=int, default=3)
    ask.add_argument("--work", type=Path, default=HERE / ".work", help="where pages, stores and reports go")
    ask.add_argument("--quick", action="store_true", help="one round, and no audit of four times the graphs")
    arguments = ask.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that nginx is ended too
    try:
        lines = measured(arguments)
    except BenchError as error:
        print(error, file=sys.stderr)
        return 2
    (HERE / "RESULTS.md").write_text("\n".join(lines).rstrip() + "\n")
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
