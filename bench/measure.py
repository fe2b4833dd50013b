"""One whole process, from its start to its end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cloud import TOKEN, BenchError

PYTHON = sys.executable
GESAUDIT = str(Path(PYTHON).with_name("gesaudit"))


@dataclass(frozen=True, slots=True)
class Sample:
    """What a process cost. Of children that it waited for, CPU is summed up and the largest peak counts."""

    wall: float
    cpu: float
    peak: float
    """Resident, in MB. Never below this process's own: exec hands the parent's figure on, so nothing heavy is here."""
    output: str

    @property
    def said(self) -> Any:
        """The JSON of its last line."""
        return json.loads(self.output.splitlines()[-1])


def prepare_environment(work: Path) -> None:
    """What the measured processes inherit. Compiled modules are cached, as they are where a user installed them."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    cache = {"PYTHONPYCACHEPREFIX": str(work / "pycache")}
    os.environ.update({**cache, TOKEN: "bench", "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"})


def whole(command: Sequence[str], *, expected: Sequence[int] = (0,)) -> Sample:
    """Runs a command and measures it. Raises BenchError where it ends otherwise than expected."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        begin = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, stderr=err)
        try:
            _, status, used = os.wait4(process.pid, 0)
        except BaseException:  # interrupted: what is measured ends too
            process.kill()
            raise
        wall = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if process.returncode not in expected:
            raise BenchError(f"{Path(command[1]).name} ended with {process.returncode}: {err.read().decode()[-2000:]}")
        return Sample(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, out.read().decode())


def whole_audit(policy: Path) -> Sample:
    """The audit as a user runs it, into a new store. Where some backups failed, 1 is how it ends."""
    store = fresh_store(policy.parent)
    command = [GESAUDIT, "audit", str(policy), "--no-progress", "--store", str(store), "--quiet"]
    return whole(command, expected=(0, 1))


def fresh_store(work: Path) -> Path:
    for old in work.glob("store.sqlite*"):
        old.unlink()
    return work / "store.sqlite"
