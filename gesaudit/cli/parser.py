"""Every command's arguments, in one place so that `--help` stays quick."""

from __future__ import annotations

import argparse

from gesaudit._version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from gesaudit.cli.console import Console

_CODES = """\
exit codes of `audit`:
  0    everything that was asked for was evaluated, and nothing at or above the gate failed
  1    at least one unwaived failure at or above the gate
  2    usage error, or a policy that is not valid: nothing was audited
  3    incomplete: something could not be evaluated, written or delivered
  4    nothing was audited
  130  interrupted
"""
_STORE_HELP = "where runs are kept (or GESAUDIT_STORE; default: the user's state folder)"
_SEVERITIES = ("info", "low", "medium", "high", "critical")


def build_parser() -> argparse.ArgumentParser:
    """The whole command line; each command carries the function that runs it, not yet imported."""
    parser = argparse.ArgumentParser(
        prog="gesaudit",
        description="Audits the backups of Huawei Cloud GES graphs against a policy.",
        epilog=_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("-V", "--version", action="version", version=f"gesaudit {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    common = _common()
    _audit(commands, common)
    _demo(commands, common)
    _sandbox(commands, common)
    _policy(commands, common)
    _rules(commands, common)
    _report(commands, common)
    return parser


def _lazy(module: str, function: str = "run") -> Callable[[argparse.Namespace, Console], int]:
    def run(arguments: argparse.Namespace, console: Console) -> int:
        from importlib import import_module

        command = getattr(import_module(f"gesaudit.cli.{module}"), function)
        return int(command(arguments, console))

    return run


def _common() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    loudness = common.add_mutually_exclusive_group()
    loudness.add_argument("-q", "--quiet", action="store_true", help="errors only, and no terminal report")
    loudness.add_argument("-v", "--verbose", action="store_true", help="tell every decision")
    common.add_argument("--log-format", choices=("text", "json"), default="text", help="of what goes to stderr")
    common.add_argument("--no-progress", action="store_true", help="no progress bar and no progress lines")
    return common


def _store(parser: argparse.ArgumentParser) -> None:
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--store", metavar="PATH", help=_STORE_HELP)
    where.add_argument("--no-store", action="store_true", help="keep nothing of this run")


def _reports(parser: argparse.ArgumentParser, instead: str) -> None:
    parser.add_argument(
        "--report",
        action="append",
        default=[],
        metavar="FORMAT=PATH",
        help=f"write a report; PATH - is standard output; repeatable; {instead}",
    )


def _audit(commands: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    parser = commands.add_parser(
        "audit",
        parents=[common],
        help="collect every backup of the configured graphs, judge, report",
        epilog=_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("policy", nargs="?", default="policy.yaml", metavar="POLICY", help="default: policy.yaml")
    _reports(parser, "replaces the policy's reports")
    parser.add_argument("--fail-on", choices=_SEVERITIES, help="the gate, in place of the policy's fail_on")
    parser.add_argument("--as-of", metavar="INSTANT", help="judge for this instant (ISO 8601); the run is `simulated`")
    parser.add_argument("--target", action="append", default=[], metavar="NAME", help="only this target; repeatable")
    parser.add_argument(
        "--graph", action="append", default=[], metavar="ID|GLOB", help="only graphs with this id or name; repeatable"
    )
    parser.add_argument("--concurrency", type=int, metavar="N", help="requests at a time, for each target")
    _store(parser)
    parser.set_defaults(run=_lazy("audit"))


def _demo(commands: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    parser = commands.add_parser("demo", parents=[common], help="audit a sandbox with the example policy")
    parser.add_argument("--out", default="gesaudit-demo", metavar="DIR", help="where reports go (default: %(default)s)")
    parser.add_argument("--store", metavar="PATH", help="keep the run in this store (default: it is not kept)")
    parser.set_defaults(run=_lazy("demo"))


def _sandbox(commands: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    parser = commands.add_parser("sandbox", parents=[common], help="a local GES and IAM service to try policies on")
    parser.add_argument(
        "--port", type=int, default=8732, metavar="N", help="on loopback (default: %(default)s; 0: any)"
    )
    parser.add_argument("--scenario", metavar="FILE", help="the estate to serve (default: the demo's)")
    parser.set_defaults(run=_lazy("sandbox"))


def _policy(commands: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    group = commands.add_parser("policy", help="check a policy, print its schema, write a first one")
    actions = group.add_subparsers(metavar="ACTION", required=True)
    check = actions.add_parser("check", parents=[common], help="every problem at once, with its place")
    check.add_argument("policy", nargs="?", default="policy.yaml", metavar="POLICY", help="default: policy.yaml")
    check.set_defaults(run=_lazy("policy", "check"))
    schema = actions.add_parser("schema", parents=[common], help="the JSON Schema of policies, for editors")
    schema.set_defaults(run=_lazy("policy", "schema"))
    init = actions.add_parser("init", parents=[common], help="write a policy from the graphs that exist")
    place = init.add_mutually_exclusive_group(required=True)
    place.add_argument("--region", metavar="REGION", help="for example eu-west-101")
    place.add_argument("--endpoint", metavar="URL", help="address of the service, where it is in no known region")
    init.add_argument("--project-id", metavar="ID", help="default: $HUAWEICLOUD_SDK_PROJECT_ID")
    init.add_argument(
        "--profile", choices=("basic", "standard", "strict"), default="basic", help="default: %(default)s"
    )
    init.add_argument("-o", "--output", default="policy.yaml", metavar="PATH", help="default: %(default)s; - is stdout")
    init.set_defaults(run=_lazy("policy", "init"))


def _rules(commands: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    group = commands.add_parser("rules", help="the catalogue of rules")
    actions = group.add_subparsers(metavar="ACTION", required=True)
    listing = actions.add_parser("list", parents=[common], help="every rule")
    listing.add_argument("--format", choices=("table", "json"), default="table", help="default: %(default)s")
    listing.set_defaults(run=_lazy("rules", "list_rules"))
    show = actions.add_parser("show", parents=[common], help="one rule's documentation")
    show.add_argument("id", metavar="ID")
    show.set_defaults(run=_lazy("rules", "show"))


def _report(commands: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    parser = commands.add_parser("report", parents=[common], help="render a stored run again")
    parser.add_argument("run_id", nargs="?", default="last", metavar="RUN", help="a run's id, or last (default)")
    _reports(parser, "default: the terminal report")
    parser.add_argument(
        "--store", metavar="PATH", help="where runs are kept (or GESAUDIT_STORE; default: user's state)"
    )
    parser.set_defaults(run=_lazy("report"))
