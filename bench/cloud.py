"""The cloud that is measured: canned pages behind a real nginx, so that the server is never the bottleneck."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SHARED = Path(__file__).resolve().parents[2] / "shared" / "bench"
PROJECT = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
TOKEN = "GES_BENCH_TOKEN"  # the variable's name
_OLDEST = 12 * 3600
"""Seconds after which pages are made anew: max-age would begin to fail."""


class BenchError(Exception):
    """Why nothing can be measured, in a sentence."""


def find_nginx() -> str:
    found = shutil.which("nginx", path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin")))
    if found is None:
        raise BenchError("nginx is not installed: apt-get install nginx-light")
    return found


def make_pages(work: Path, graphs: int, backups: int) -> Path:
    """The folder with the pages of at least so many graphs; the first of a larger cloud are those of a smaller one."""
    maker = SHARED / "make_cloud.py"
    if not maker.exists():
        raise BenchError(f"{maker.name} is not in ../shared/bench: check it out beside this checkout")
    folder = work / f"cloud-{backups}"
    ids = folder / "graphs.json"
    if ids.exists() and time.time() - ids.stat().st_mtime < _OLDEST and len(json.loads(ids.read_text())) >= graphs:
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    sizes = ["--graphs", str(graphs), "--backups", str(backups)]
    subprocess.run([sys.executable, str(maker), str(folder), *sizes], check=True)
    return folder


@contextmanager
def serving(folder: Path) -> Iterator[int]:
    """nginx as a child of this process, on a port of its own: the port."""
    port = _free_port()
    text = re.sub(r"listen 127\.0\.0\.1:\d+", f"listen 127.0.0.1:{port}", (folder / "nginx.conf").read_text())
    temporary = [f"{kind}_temp_path {folder}/temp;" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")]
    text = text.replace("http {", f"http {{ {' '.join(temporary)}", 1)
    if os.geteuid() == 0:  # its workers may not read the checkout otherwise
        text = f"user root;\n{text}"
    text = text.replace("/nginx.pid", f"/{port}.pid")
    conf = folder / f"{port}.conf"
    conf.write_text(text)
    command = [find_nginx(), "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(conf), "-g", "daemon off;"]
    process = subprocess.Popen(command)
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.wait()
        conf.unlink()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(100):
        if process.poll() is not None:
            raise BenchError(f"nginx ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise BenchError("nginx does not answer")


def write_policy(work: Path, folder: Path, port: int, graphs: int) -> Path:
    """A policy that names the first so many graphs by id; its reports go beside it."""
    ids = json.loads((folder / "graphs.json").read_text())[:graphs]
    path = work / f"policy-{graphs}.yaml"
    lines = [
        "version: 1",
        "name: bench",
        "targets:",
        "  - name: canned",
        f"    endpoint: http://127.0.0.1:{port}",
        f"    project_id: {PROJECT}",
        f"    auth: {{method: token, token: '${{{TOKEN}}}'}}",
        "    graphs:",
        *(f"      - id: {graph_id}" for graph_id in ids),
        "rules:",
        "  - {rule: max-age, with: {max: 26h}}",
        "  - {rule: failed-status, with: {window: 7d, allowed: 0}}",
        "  - {rule: missing-auto, with: {within: 48h}}",
        "reports:",
        f"  - {{format: html, path: '{work}/audit.html'}}",
        f"  - {{format: junit, path: '{work}/junit.xml'}}",
        f"  - {{format: json, path: '{work}/result.json'}}",
    ]
    path.write_text("\n".join(lines) + "\n")
    return path
