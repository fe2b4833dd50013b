"""Runs in memory for tests of reports: a realistic estate with every outcome, a hostile one, and large ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from gesaudit import (
    Backup,
    Control,
    ErrorKind,
    EvidenceState,
    Fault,
    GraphRecord,
    Outcome,
    Proof,
    Result,
    RunInfo,
    Scope,
    Severity,
    Summary,
    TargetRecord,
    Use,
    Waiver,
    format_instant,
    gated,
)

AS_OF = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
INFO = RunInfo(
    id="01JD8Z6Q4M7V2N9T5K3B1C0XYA",
    series="nightly",
    version="0.1.0",
    started_at=AS_OF,
    finished_at=AS_OF + timedelta(seconds=12.4),
    as_of=AS_OF,
    simulated=False,
    policy_path="policy.yaml",
    policy_sha256="9f2c1a7be0d84c53a61e7f0b92d3c4e58a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d",
    exit_code=1,
    gate=Severity.MEDIUM,
)
CONTROLS = (
    Control("NIST SP 800-53r5 CP-9", "direct"),
    Control("ISO/IEC 27001:2022 A.8.13", "direct"),
    Control("SOC 2 (TSC 2017) A1.2", "partial"),
)


@dataclass
class FakeRun:
    """A run whose parts are lists; the counts follow from them."""

    info: RunInfo = INFO
    uses: Sequence[Use] = ()
    waivers: Sequence[tuple[Waiver, int]] = ()
    target_list: list[TargetRecord] = field(default_factory=list)
    graph_list: list[GraphRecord] = field(default_factory=list)
    in_target_scope: list[Result] = field(default_factory=list)
    in_run_scope: list[Result] = field(default_factory=list)
    rows: dict[str, tuple[Backup, ...]] = field(default_factory=dict)

    @property
    def summary(self) -> Summary:
        outcomes = dict.fromkeys(Outcome, 0)
        failed = 0
        for result in self.results():
            outcomes[result.outcome] += 1
            failed += gated(result, self.info.gate)
        return Summary(
            graphs=len(self.graph_list),
            backups=sum(graph.backups for graph in self.graph_list),
            outcomes=outcomes,
            gated=failed,
            incomplete=sum(graph.state is not EvidenceState.COMPLETE for graph in self.graph_list),
        )

    def results(self) -> Iterator[Result]:
        for graph in self.graph_list:
            yield from graph.results
        yield from self.in_target_scope
        yield from self.in_run_scope

    def targets(self) -> Iterator[TargetRecord]:
        return iter(self.target_list)

    def graphs(self) -> Iterator[GraphRecord]:
        return iter(self.graph_list)

    def target_results(self) -> Iterator[Result]:
        return iter(self.in_target_scope)

    def run_results(self) -> Iterator[Result]:
        return iter(self.in_run_scope)

    def backups(self, graph: GraphRecord) -> Sequence[Backup]:
        return self.rows.get(graph.id, ())


def graph_id(number: int) -> str:
    return f"{number * 2654435761 % 2**32:08x}-a813-4d78-a8e3-6d32{number:08x}"


def backup(name: str, start: datetime, *, status: str = "success", method: str = "auto", mb: float = 214) -> Backup:
    running = status == "backing_up"
    return Backup(
        id=name,
        name=f"backup_{name[:6]}",
        backup_method=method,
        status=status,
        start_timestamp=int(start.timestamp() * 1000),
        end_timestamp=None if running else int((start + timedelta(minutes=9)).timestamp() * 1000),
        size=None if running or status == "failed" else mb,
        duration=None if running else 540,
    )


def daily(seed: int, *, days: int = 30, newest: timedelta = timedelta(hours=5, minutes=29)) -> list[Backup]:
    """A success a day, the newest so long before the judging instant."""
    found = []
    for day in range(days):
        jitter = timedelta(minutes=(seed * 37 + day * 11) % 50)
        found.append(
            backup(_row_id(seed, day), AS_OF - newest - timedelta(days=day) - (jitter if day else timedelta(0)))
        )
    return found


def _row_id(seed: int, day: int) -> str:
    return f"{(seed * 1009 + day * 7919 + 1) * 40503 % 2**32:08x}-77ad-4e0f-9b1c-{seed:06x}{day:06x}"


USES = (
    Use(
        "max-age",
        "max-age",
        "The newest successful backup is recent enough",
        Scope.GRAPH,
        Severity.HIGH,
        {"max": "26h", "count_manual": True, "count_imports": False},
        CONTROLS,
        "Take a backup now (console: Graph Engine Service > Graph Management > More > Back Up; "
        "API: POST /v2/{project_id}/graphs/{graph_id}/backups), then find out why none was taken in time.",
        "That the backup can be restored, and that it holds what it should.",
    ),
    Use(
        "max-age-gold",
        "max-age",
        "The newest successful backup is recent enough",
        Scope.GRAPH,
        Severity.CRITICAL,
        {"max": "12h", "count_manual": True, "count_imports": False},
        CONTROLS,
        "Take a backup now (console: Graph Engine Service > Graph Management > More > Back Up).",
        "That the backup can be restored, and that it holds what it should.",
    ),
    Use(
        "failed-status",
        "failed-status",
        "No more backups failed lately than are allowed",
        Scope.GRAPH,
        Severity.HIGH,
        {"window": "7d", "allowed": 0},
        (Control("NIST SP 800-53r5 CP-9", "partial"),),
        "Read the reason (console: Graph Engine Service > Task Center; API: GET /v2/{project_id}/graphs/jobs), "
        "mend it, and take a backup.",
        "That the successful ones can be restored, and failures that the service no longer lists.",
    ),
    Use(
        "missing-auto",
        "missing-auto",
        "An automatic backup succeeded lately",
        Scope.GRAPH,
        Severity.HIGH,
        {"within": "48h"},
        (Control("CIS Controls v8 11.2", "direct"),),
        "Switch automatic backups on (console: Graph Management > More > Backup Settings).",
        "That anybody watches them.",
    ),
    Use(
        "breach-forecast",
        "breach-forecast",
        "No failure is about to happen",
        Scope.GRAPH,
        Severity.LOW,
        {"max": "26h", "horizon": "6h"},
        (),
        "Take a backup before the graph turns too old.",
        "Anything about the past.",
    ),
    Use(
        "missing-graph",
        "missing-graph",
        "A configured graph exists",
        Scope.GRAPH,
        Severity.HIGH,
        {},
        (Control("NIST SP 800-53r5 CM-8", "partial"),),
        "Take the graph out of the policy, or find out who deleted it.",
        "That it is healthy.",
    ),
    Use(
        "unconfigured-graph",
        "unconfigured-graph",
        "Every graph of the project is configured or ignored with a reason",
        Scope.TARGET,
        Severity.HIGH,
        {"ignore": []},
        (Control("NIST SP 800-53r5 CM-8", "partial"),),
        "Add the graphs to the policy, or ignore them with a reason.",
        "That other projects hold no graphs.",
    ),
    Use(
        "waiver-hygiene",
        "waiver-hygiene",
        "No waiver is expired, unused, too long or without approver",
        Scope.RUN,
        Severity.MEDIUM,
        {"max_days": 90},
        (Control("NIST SP 800-53r5 CA-7", "partial"),),
        "Remove the waiver, or have it approved anew.",
        "That the reasons are good ones.",
    ),
)
WAIVER = Waiver(
    rule="max-age*",
    graph="archive-2019",
    reason="frozen archive, nothing is written to it until the migration",
    expires=date(2026, 12, 31),
    approved_by="head of data platform",
    ticket="CHG-1042",
)
UNUSED = Waiver(rule="failed-status", graph="sandbox-*", reason="scratch graphs", expires=date(2026, 11, 25))
_BY_ID = {use.id: use for use in USES}


def result(use: str, outcome: Outcome, message: str, **given: object) -> Result:
    known = _BY_ID.get(use)
    plain = Result(
        use=use,
        rule=known.rule if known else use,
        severity=known.severity if known else Severity.HIGH,
        scope=Scope.GRAPH,
        outcome=outcome,
        message=message,
    )
    return replace(plain, **given)  # type: ignore[arg-type]


def _passes(newest: Backup) -> list[Result]:
    assert newest.start is not None
    breach = newest.start + timedelta(hours=26)
    margin = {"margin_seconds": (breach - AS_OF).total_seconds(), "breach_at": format_instant(breach)}
    auto = {
        "margin_seconds": (newest.start + timedelta(hours=48) - AS_OF).total_seconds(),
        "breach_at": format_instant(newest.start + timedelta(hours=48)),
    }
    ids = (newest.id,)
    return [
        result("max-age", Outcome.PASS, "5 h 29 m of 26 h", details=margin, backups=ids),
        result("failed-status", Outcome.PASS, "no failed backup in the last 7 d", details={"failed": 0}),
        result("missing-auto", Outcome.PASS, "newest automatic backup is 5 h 29 m old", details=auto, backups=ids),
        result("breach-forecast", Outcome.PASS, "next expected in 18 h 31 m", backups=ids),
        result("missing-graph", Outcome.PASS, "the graph exists"),
    ]


@dataclass
class _Estate:
    """Collects graphs with their rows."""

    run: FakeRun

    def add(
        self, name: str, rows: list[Backup], results: list[Result], *, target: str = "prod-eu", **given: object
    ) -> None:
        number = len(self.run.graph_list) + 1
        key = graph_id(number)
        proof = Proof(
            requests=1,
            pages=1,
            passes=1,
            count=len(rows),
            unique_ids=len(rows),
            request_ids=(f"{number:032x}",),
            first_at=AS_OF + timedelta(seconds=1),
            last_at=AS_OF + timedelta(seconds=1.4),
        )
        project = next(record.project_id for record in self.run.target_list if record.name == target)
        placed = tuple(replace(found, target=target, graph_id=key) for found in results)
        record = GraphRecord(
            target=target,
            project_id=project,
            id=key,
            name=name,
            labels={"tier": "gold"} if number % 3 == 1 else {},
            state=EvidenceState.COMPLETE,
            backups=len(rows),
            taken_at=AS_OF + timedelta(seconds=2),
            error=None,
            proof=proof,
            results=placed,
        )
        self.run.graph_list.append(replace(record, **given))  # type: ignore[arg-type]
        self.run.rows[key] = tuple(rows)


def sample() -> FakeRun:
    """An estate as an auditor meets it: every outcome, three targets, results of all scopes."""
    targets = [
        TargetRecord("prod-eu", "0a1b2c3d4e5f60718293a4b5c6d7e8f9", "https://ges.eu-west-101.example", 8, None, 0.3),
        TargetRecord("prod-cn", "f9e8d7c6b5a4938271605f4e3d2c1b0a", "https://ges.cn-north-4.example", 3, None, -1.2),
        TargetRecord(
            "lab",
            "77778888999900001111222233334444",
            "https://ges.ap-southeast-3.example",
            0,
            Fault(ErrorKind.DENIED, "the list of graphs was refused (403): the credential lacks ges:graph:list"),
        ),
    ]
    notes = ("The local clock is 2 m 40 s behind the server's; judged at the moment on the server's clock.",)
    run = FakeRun(info=replace(INFO, notes=notes), uses=USES, waivers=[(WAIVER, 1), (UNUSED, 0)], target_list=targets)
    estate = _Estate(run)
    for name in ("billing", "customers"):
        rows = daily(len(run.graph_list) + 1)
        estate.add(name, rows, _passes(rows[0]))
    _add_stale(estate)
    _add_waived(estate)
    _add_new(estate)
    _add_unreadable(estate)
    for name in ("recommendations", "supply-chain"):
        rows = daily(len(run.graph_list) + 1, days=21)
        estate.add(name, rows, _passes(rows[0]), target="prod-cn")
    _add_failed(estate)
    run.in_target_scope = _target_results()
    run.in_run_scope = _run_results()
    return run


def _add_stale(estate: _Estate) -> None:
    rows = daily(30, days=24, newest=timedelta(days=3, hours=4))
    rows.insert(0, backup("5a5a0001-0000-4000-8000-000000000001", AS_OF - timedelta(hours=29), status="failed"))
    rows.insert(0, backup("5a5a0002-0000-4000-8000-000000000002", AS_OF - timedelta(hours=5), status="failed"))
    rows.insert(0, backup("5a5a0003-0000-4000-8000-000000000003", AS_OF - timedelta(minutes=31), status="backing_up"))
    newest = rows[3]
    assert newest.start is not None
    breach = format_instant(newest.start + timedelta(hours=26))
    ids = (newest.id,)
    found = [
        result(
            "max-age",
            Outcome.FAIL,
            "newest successful backup is 3 d 4 h old, 26 h allowed",
            backups=ids,
            details={"age_seconds": 273600.0, "breach_at": breach},
        ),
        result("max-age-gold", Outcome.FAIL, "newest successful backup is 3 d 4 h old, 12 h allowed", backups=ids),
        result(
            "failed-status",
            Outcome.FAIL,
            "2 failed backups in the last 7 d, 0 allowed",
            backups=(rows[1].id, rows[2].id),
        ),
        result("missing-auto", Outcome.FAIL, "no automatic backup in the last 48 h", backups=ids),
        result("breach-forecast", Outcome.NOT_APPLICABLE, "the limit is already passed"),
        result("missing-graph", Outcome.PASS, "the graph exists"),
    ]
    estate.add("fraud-detection", rows, found)


def _add_waived(estate: _Estate) -> None:
    rows = [backup("a0000000-1111-4222-8333-444444444444", AS_OF - timedelta(days=26), method="manual", mb=18320)]
    covered = {"outcome": "fail", "message": "newest successful backup is 26 d old, 26 h allowed"}
    found = [
        result(
            "max-age",
            Outcome.WAIVED,
            f"waived until 2026-12-31: {WAIVER.reason}",
            waiver=WAIVER,
            details={"beneath": covered},
        ),
        result("failed-status", Outcome.PASS, "no failed backup in the last 7 d"),
        result("missing-auto", Outcome.NOT_APPLICABLE, "the edition takes no automatic backups"),
        result("breach-forecast", Outcome.NOT_APPLICABLE, "fewer than 3 successes"),
        result("missing-graph", Outcome.PASS, "the graph exists"),
    ]
    estate.add("archive-2019", rows, found)


def _add_new(estate: _Estate) -> None:
    rows = daily(5, days=4, newest=timedelta(hours=21))
    found = _passes(rows[0])
    found[0] = result("max-age", Outcome.PASS, "21 h of 26 h", details=_margin(5), backups=(rows[0].id,))
    found[3] = result("breach-forecast", Outcome.FAIL, "turns into a failure in 5 h", backups=(rows[0].id,))
    estate.add("知识图谱-夜间", rows, found)


def _margin(hours: float) -> dict[str, object]:
    return {"margin_seconds": hours * 3600, "breach_at": format_instant(AS_OF + timedelta(hours=hours))}


def _add_unreadable(estate: _Estate) -> None:
    throttled = Fault(ErrorKind.THROTTLED, "throttled (429) until the deadline of 10 m: 120 of 340 backups were seen")
    gone = Fault(ErrorKind.NOT_FOUND, "the service says that the graph does not exist (GES.7000)")
    rows = daily(7, days=12)
    errors = [
        result(use, Outcome.ERROR, throttled.message, error_kind=throttled.kind)
        for use in ("max-age", "failed-status", "missing-auto", "breach-forecast", "missing-graph")
    ]
    partly = Proof(requests=31, pages=6, passes=2, count=340, unique_ids=120, retries=25, throttled=25, page_cap=20)
    estate.add("clickstream", rows, errors, state=EvidenceState.INCOMPLETE, error=throttled, proof=partly, backups=120)
    missing = [
        result(use, Outcome.ERROR, gone.message, error_kind=gone.kind)
        for use in ("max-age", "failed-status", "missing-auto", "breach-forecast")
    ]
    missing.append(result("missing-graph", Outcome.FAIL, gone.message))
    none = Proof(requests=1, request_ids=("beefbeefbeefbeefbeefbeefbeefbeef",))
    estate.add("legacy-crm", [], missing, state=EvidenceState.MISSING, error=gone, proof=none)


def _add_failed(estate: _Estate) -> None:
    rows = daily(12, days=30)
    rows[2] = backup(rows[2].id, rows[2].start or AS_OF, status="failed")
    found = _passes(rows[0])
    found[1] = result(
        "failed-status", Outcome.FAIL, "1 failed backup in the last 7 d, 0 allowed", backups=(rows[2].id,)
    )
    estate.add("logistics", rows, found, target="prod-cn")


def _target_results() -> list[Result]:
    denied = "the list of graphs was refused (403): the credential lacks ges:graph:list"
    in_scope = {"scope": Scope.TARGET}
    return [
        result("unconfigured-graph", Outcome.PASS, "all 8 graphs are configured", target="prod-eu", **in_scope),
        result(
            "unconfigured-graph",
            Outcome.FAIL,
            "1 of 4 graphs is neither configured nor ignored: tmp-import",
            target="prod-cn",
            **in_scope,
        ),
        result("collection", Outcome.ERROR, denied, target="lab", error_kind=ErrorKind.DENIED, **in_scope),
    ]


def _run_results() -> list[Result]:
    message = "1 waiver matched nothing: failed-status on sandbox-*"
    return [result("waiver-hygiene", Outcome.FAIL, message, scope=Scope.RUN)]


def healthy() -> FakeRun:
    """Everything passes."""
    run = FakeRun(
        info=replace(INFO, exit_code=0),
        uses=[use for use in USES if use.scope is Scope.GRAPH],
        target_list=[
            TargetRecord("prod-eu", "0a1b2c3d4e5f60718293a4b5c6d7e8f9", "https://ges.eu.example", 3, None, 0.1)
        ],
    )
    estate = _Estate(run)
    for name in ("billing", "customers", "fraud-detection"):
        rows = daily(len(run.graph_list) + 1)
        estate.add(name, rows, _passes(rows[0]))
    return run


def empty(*, code: int = 4) -> FakeRun:
    """Nothing was selected."""
    return FakeRun(
        info=replace(INFO, exit_code=code),
        uses=USES,
        target_list=[TargetRecord("prod-eu", "0a1b2c3d", "https://ges.eu.example")],
    )


HOSTILE = (
    "<script>alert(1)</script>",
    "]]><!--",
    "a\x00b\x1b[31mred\x1b[0m\x07",
    "safe\u202egnp.exe\u2066\u200b",
    "x" * 5000,
    "{{ 7 * 7 }}{% raw %}[bold red]markup[/bold red]",
    "lone \ud800 surrogate \udfff",
    "\"quoted\" 'single' & <amp> =1+1",
    "line\nbreak\ttab\r\u2028\ufffe\uffff",
    "  ",
    "",
)


def hostile() -> FakeRun:
    """Every text that a cloud, a policy or a rule can bring is as bad as can be."""
    base = sample()
    names = HOSTILE * 2
    uses = [
        replace(use, title=names[n], remediation=names[n + 1], unproven=names[n + 2], parameters={names[n]: names[n]})
        for n, use in enumerate(base.uses)
    ]
    graphs = []
    for number, name in enumerate(HOSTILE):
        model = base.graph_list[number % len(base.graph_list)]
        found = tuple(
            replace(one, message=name, target=name, graph_id=f"{name}{number}", backups=(*one.backups, name))
            for one in model.results
        )
        graphs.append(replace(model, id=f"{name}{number}", name=name, target=name, labels={name: name}, results=found))
    waivers = [(replace(WAIVER, rule=name, reason=name, approved_by=name, ticket=name), 1) for name in HOSTILE]
    rows = {graph.id: tuple(backup(name, AS_OF - timedelta(days=2)) for name in HOSTILE) for graph in graphs}
    return replace(
        base,
        info=replace(base.info, id=HOSTILE[0], series=HOSTILE[6], policy_path=HOSTILE[3], notes=HOSTILE),
        uses=uses,
        waivers=waivers,
        graph_list=graphs,
        target_list=[TargetRecord(name, name, name, 1, Fault(ErrorKind.DENIED, name)) for name in HOSTILE],
        in_target_scope=[replace(base.in_target_scope[1], use=name, target=name, message=name) for name in HOSTILE],
        in_run_scope=[replace(base.in_run_scope[0], use=name, message=name) for name in HOSTILE],
        rows=rows,
    )


def large(graphs: int, uses: int = 3, *, days: int = 10, failing: int = 7) -> FakeRun:
    """Many graphs; each `failing`th has a failure."""
    many = [replace(USES[0], id=f"rule-{number:02d}", parameters={}) for number in range(uses)]
    run = FakeRun(info=INFO, uses=many, target_list=[TargetRecord("prod", "p" * 32, "https://ges.example", graphs)])
    shared = tuple(daily(1, days=days))
    passed = _passes(shared[0])
    failed = result("rule-00", Outcome.FAIL, "newest successful backup is 3 d 4 h old", backups=(shared[0].id,))
    for number in range(graphs):
        key = graph_id(number)
        results = [
            replace(passed[index % len(passed)], use=use.id, rule=use.rule, target="prod", graph_id=key)
            for index, use in enumerate(many)
        ]
        if number % failing == 0:
            results[0] = replace(failed, target="prod", graph_id=key)
        run.graph_list.append(
            GraphRecord(
                target="prod",
                project_id="p" * 32,
                id=key,
                name=f"graph-{number:05d}",
                labels={},
                state=EvidenceState.COMPLETE,
                backups=days,
                taken_at=AS_OF,
                error=None,
                proof=Proof(
                    requests=1, pages=1, passes=1, count=days, unique_ids=days, request_ids=(f"{number:032x}",)
                ),
                results=tuple(results),
            )
        )
        run.rows[key] = shared
    return run
