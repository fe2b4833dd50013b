"""What every test lives in: no credentials, no user's store, no network but loopback, no traces left."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

IN_CI = os.environ.get("CI") == "true"
_TAKEN = (
    "HUAWEICLOUD_",
    "GES",
    "CI",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "TZ",
    "SSL_CERT",
    "NO_COLOR",
)

settings.register_profile(
    "gesaudit", deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
settings.load_profile("gesaudit")


@pytest.fixture(autouse=True)
def sealed(tmp_path: Path) -> Iterator[None]:
    """Takes away what a machine may have, and fails a test that changes the environment behind its back."""
    connect = socket.socket.connect

    def loopback_only(sock: socket.socket, address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else "local"
        if not str(host).startswith(("127.", "::1", "local")):
            raise AssertionError(f"a test tried to reach {host}")
        connect(sock, address)

    with pytest.MonkeyPatch.context() as patch:  # its own: what a test sets by its monkeypatch is undone before
        for name in list(os.environ):
            if name.upper().startswith(_TAKEN):
                patch.delenv(name)
        patch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
        patch.setenv("COLUMNS", "100")
        patch.setattr(socket.socket, "connect", loopback_only)
        before = _environment()
        yield
        if changed := before.items() ^ _environment().items():
            raise AssertionError(f"the test changed the environment: {sorted(name for name, _ in changed)}")


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}


def missing(program: str, package: str) -> None:
    """Says what a test misses; in CI that is a failure."""
    text = f"{program} is not installed: apt-get install {package}"
    if IN_CI:
        pytest.fail(text)
    pytest.skip(text)
