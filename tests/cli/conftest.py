"""One demo for all tests, copies of it to work on, and two ways to call the command line: in this process, and as a service."""

from __future__ import annotations

import fcntl
import io
import json
import logging
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import structlog

from aggregator.cli import main
from aggregator.newsroom import Newsroom

PROGRAM = Path(sys.executable).parent / "aggregator"
MOST_LINES = 300
"""Log lines in which an event must come. (A verbose service logs each job, so a wait for what never comes ends.)"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def records(self) -> list[dict[str, Any]]:
        """Standard output as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def results(self) -> list[dict[str, Any]]:
        """The articles that ``search --json`` found."""
        return list(self.records[0]["results"])


CONFIGURE = structlog.configure


class _Stream(io.TextIOWrapper):
    """A standard stream that keeps everything, and may pose as a terminal."""

    def __init__(self, *, terminal: bool) -> None:
        self.kept = io.BytesIO()
        self.terminal = terminal
        super().__init__(self.kept, encoding="utf-8", write_through=True)

    def isatty(self) -> bool:
        return self.terminal


@contextmanager
def _logging_as_it_was() -> Iterator[None]:
    """A command sets up logging for its process, which here is the tests'."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.reset_defaults()


def _configure_for_now(**values: Any) -> None:
    """As ``structlog.configure``, but no logger keeps it: the tests that come after read the log."""
    CONFIGURE(**values | {"cache_logger_on_first_use": False})


def call(
    *arguments: str | Path, cwd: Path, env: Mapping[str, str] | None = None, terminal: bool = False, columns: int = 200
) -> Outcome:
    """Run ``aggregator …`` in this process, as the installed program does."""
    out, err = _Stream(terminal=terminal), _Stream(terminal=terminal)
    with pytest.MonkeyPatch.context() as patch, _logging_as_it_was():
        patch.chdir(cwd)
        patch.setattr(structlog, "configure", _configure_for_now)
        patch.setattr(sys, "argv", ["aggregator", *map(str, arguments)])
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        patch.setenv("COLUMNS", str(columns))
        patch.delenv("AGGREGATOR_STORE_URL", raising=False)
        for name, value in (env or {}).items():
            patch.setenv(name, value)
        try:
            main()
            code = 0
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return Outcome(code, out.kept.getvalue().decode(), err.kept.getvalue().decode())


class Service:
    """``aggregator …`` as a process of its own, followed by its log (JSON lines on standard error)."""

    def __init__(self, *arguments: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> None:
        surroundings = {name: value for name, value in os.environ.items() if name != "AGGREGATOR_STORE_URL"}
        surroundings.update(env or {})
        self.process = subprocess.Popen(
            [PROGRAM, *arguments], cwd=cwd, env=surroundings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.lines: list[str] = []

    def until(self, event: str, **fields: object) -> dict[str, Any]:
        """Read the log up to an event with these fields."""
        assert self.process.stderr is not None
        for _ in range(MOST_LINES):
            line = self.process.stderr.readline()
            self.lines.append(line)
            assert line, f"it ended before {event}:\n{''.join(self.lines)}"
            if not line.startswith("{"):
                continue
            entry: dict[str, Any] = json.loads(line)
            if entry["event"] == event and fields.items() <= entry.items():
                return entry
        raise AssertionError(f"no {event} {fields} in\n{''.join(self.lines)}")

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self, number: signal.Signals = signal.SIGTERM) -> Outcome:
        """Stop it and wait; with everything that it ever wrote."""
        self.process.send_signal(number)
        out, err = self.process.communicate()
        self.lines.append(err)
        return Outcome(self.process.returncode, out, "".join(self.lines))

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


@dataclass(slots=True)
class Desk:
    """A folder with a copy of the demo in ``demo-output``, to do with as a test likes."""

    root: Path
    stack: ExitStack
    env: dict[str, str] = field(default_factory=dict)

    @property
    def output(self) -> Path:
        return self.root / "demo-output"

    @property
    def config(self) -> Path:
        return self.output / "config"

    @property
    def database(self) -> Path:
        return self.output / "aggregator.db"

    def call(self, *arguments: str | Path, terminal: bool = False) -> Outcome:
        """``aggregator -c demo-output/config …``, in this process."""
        return call("-c", "demo-output/config", *arguments, cwd=self.root, env=self.env, terminal=terminal)

    def start(self, *arguments: str | Path) -> Service:
        """``aggregator -c demo-output/config …`` as a process, which ends with the test at the latest."""
        return self.stack.enter_context(
            closing(Service("-c", "demo-output/config", *arguments, cwd=self.root, env=self.env))
        )  # fmt: skip

    def edit(self, name: str, *replacements: tuple[str, str], more: str = "") -> None:
        """Change a file of the configuration."""
        text = (self.config / name).read_text("utf-8")
        for old, new in replacements:
            assert old in text, f"{name} has no {old!r}"
            text = text.replace(old, new)
        (self.config / name).write_text(text + more, "utf-8")

    def sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.database)) as connection, connection:
            return connection.execute(statement, values).fetchall()

    def everything(self) -> list[str]:
        """Every row of the store."""
        with closing(sqlite3.connect(self.database)) as connection:
            return list(connection.iterdump())


@dataclass(frozen=True, slots=True)
class Demo:
    """The one demo that was played."""

    root: Path
    out: str
    err: str


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """One test process at a time, whichever way the tests are spread over processes."""
    with lock.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for all processes of this run."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def demo(shared: Path) -> Demo:
    """Played by the process that comes first, and read by the others."""
    root = shared / "cli-demo"
    with _alone(shared / "cli-demo.lock"):
        if not root.exists():
            root.mkdir()
            done = subprocess.run([PROGRAM, "demo", "--once"], cwd=root, capture_output=True, text=True, check=False)
            (root / "out").write_text(done.stdout, "utf-8")
            (root / "err").write_text(done.stderr, "utf-8")
            (root / "code").write_text(str(done.returncode))
    out, err = ((root / name).read_text("utf-8") for name in ("out", "err"))
    assert (root / "code").read_text() == "0", out + err
    return Demo(root, out, err)


@pytest.fixture
def outlets(demo: Demo, shared: Path) -> Iterator[Newsroom]:
    """The demo's outlets, alive again at their old addresses."""
    with closing(sqlite3.connect(f"file:{demo.root}/demo-output/aggregator.db?immutable=1", uri=True)) as connection:
        start = datetime.fromisoformat(connection.execute("SELECT min(first_seen_at) FROM article").fetchone()[0])
    port = re.search(r":(\d+)/", (demo.root / "demo-output" / "config" / "sources.toml").read_text("utf-8"))
    assert port is not None
    newsroom = Newsroom(start=start.replace(tzinfo=UTC), clock=lambda: datetime.now(UTC), port=int(port[1]))
    with _alone(shared / "cli-outlets.lock"), newsroom:
        yield newsroom


MakeDesk = Callable[[Path], Desk]


@pytest.fixture
def make_desk(demo: Demo) -> Iterator[MakeDesk]:
    """Copies of the demo in folders of the test's choice."""
    with ExitStack() as stack:

        def make(root: Path) -> Desk:
            shutil.copytree(demo.root / "demo-output", root / "demo-output")
            made = Desk(root, stack)
            made.edit("aggregator.toml", (str(demo.root), str(root)))
            return made

        yield make


@pytest.fixture
def desk(make_desk: MakeDesk, tmp_path: Path) -> Desk:
    return make_desk(tmp_path)


@pytest.fixture(scope="session")
def program() -> Callable[..., Outcome]:
    """``aggregator …`` in this process and any folder."""
    return call
