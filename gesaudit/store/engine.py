"""Opening a store: the user's own by default, or the one that was named."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import platformdirs
from sqlalchemy import Engine, create_engine, event, inspect, select
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from gesaudit.store import StoreError, v1


def default_path() -> Path:
    """`runs.sqlite` in the user's state folder."""
    return platformdirs.user_state_path("gesaudit", appauthor=False) / "runs.sqlite"


@contextmanager
def open_store(where: str | None, *, temporary: bool = False, create: bool = True) -> Iterator[Engine]:
    """An engine on the store at a path (None: the default), or on one that goes away afterwards.

    Raises StoreError where it cannot be made, read or written, is no store, or is of another version.
    """
    if temporary:
        with TemporaryDirectory(prefix="gesaudit-") as folder:
            yield from _opened(Path(folder) / "runs.sqlite")
        return
    if where and "://" in where and not where.startswith("sqlite:///"):
        raise StoreError(f"--store {where.split(':')[0]}://... is not supported yet: give the path of an SQLite file")
    path = Path((where or str(default_path())).removeprefix("sqlite:///"))
    if not create and not path.exists():
        raise StoreError(f"there is no store at {path}: run `gesaudit audit` first, or name another one with --store")
    yield from _opened(path)


def _opened(path: Path) -> Iterator[Engine]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            path.touch(mode=0o600)  # names and states of a company's graphs are nobody else's business
    except OSError as exc:
        raise StoreError(f"the store {path} cannot be made: {exc.strerror}; name another one with --store") from None
    if not os.access(path, os.R_OK | os.W_OK):
        raise StoreError(f"the store {path} cannot be written: check its permissions, or name another with --store")
    engine = create_engine(URL.create("sqlite", database=str(path)), connect_args={"timeout": 30})
    event.listen(engine, "connect", _settings)
    try:
        try:
            _prepare(engine, path)
        except StoreError:
            _prepare(engine, path)  # another audit may have made the tables at the same moment
        with engine.connect() as connection:  # only now: it writes into the file, which might have been another's
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        yield engine
    finally:
        engine.dispose()


def _settings(connection: sqlite3.Connection, _record: Any) -> None:
    connection.execute("PRAGMA synchronous = NORMAL")


def _prepare(engine: Engine, path: Path) -> None:
    try:
        with engine.begin() as connection:
            names = set(inspect(connection).get_table_names())
            if not names:
                v1.tables.create_all(connection)
                connection.execute(v1.meta.insert().values(version=v1.VERSION))
            elif v1.meta.name not in names:
                raise StoreError(f"{path} is an SQLite file of something else: name another one with --store")
            else:
                version = connection.execute(select(v1.meta.c.version)).scalar()
                connection.execute(v1.meta.update().values(version=version))  # shows that it can be written
                if version != v1.VERSION:
                    raise StoreError(
                        f"the store {path} is of version {version}, not {v1.VERSION}: use the gesaudit that wrote it"
                    )
    except SQLAlchemyError as exc:
        raise StoreError(f"the store {path} cannot be used: {reason(exc)}; name another one with --store") from None


def reason(exc: SQLAlchemyError) -> str:
    """The database's own words, without the statement and its parameters."""
    return str(getattr(exc, "orig", None) or exc).splitlines()[0]
