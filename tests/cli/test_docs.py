"""Every command that the documents show is run, in the order in which they show it."""

from __future__ import annotations

import fcntl
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

Desk = Any
ROOT = Path(__file__).parents[2]
DOCUMENTS = ["README.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]

LOCAL = {"cat", "cp", "ls"}
"""Run for real, in the test's own folder."""

OUTSIDE = {
    "chmod", "createdb", "createuser", "curl", "docker", "find", "grep", "install", "journalctl", "pip", "python3", "rm",
    "systemctl", "useradd",
}  # fmt: skip
"""Commands of an installation as root: known, and not run. ``tests/deploy`` looks after them."""

STAND_INS = {
    "docs/operations.md": {
        "jane": "desk",
        "daily-herald": "republic-herald",
        "/var/lib/aggregator/": "var/",
        "$(date +%F)": "2026-11-24",
        "delivery show 42": "delivery show 1",
        "retry 42": "retry 1",
    },
}
"""What a document takes from an installation that is not here."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A line as a reader types it, the here-document below it, and what the document shows of the output."""

    document: str
    line: int
    text: str
    fed: str = ""
    code: int = 0
    shown: tuple[str, ...] = field(default=())

    def __str__(self) -> str:
        return f"{self.document}:{self.line}: {self.text}"


def blocks(document: str) -> Iterator[tuple[str, int, list[str]]]:
    """The fenced blocks of a shell: kind, number of the first line, lines."""
    kind, begin, lines = None, 0, list[str]()
    for number, line in enumerate((ROOT / document).read_text("utf-8").splitlines(), 1):
        if not line.startswith("```"):
            lines.append(line)
        elif kind is None:
            kind, begin, lines = line.removeprefix("```"), number + 1, []
        else:
            if kind in ("sh", "bash", "console"):
                yield kind, begin, lines
            kind = None
    assert kind is None, f"{document}: a fence is not closed"


def statements(document: str) -> list[Statement]:
    """What a document shows: here-documents go with their command, ``# exit code 2`` says how it ends."""
    found: list[Statement] = []
    for kind, begin, lines in blocks(document):
        rows = iter(enumerate(lines, begin))
        for number, line in rows:
            typed = line.removeprefix("$ ") if kind == "console" else line
            if kind == "console" and not line.startswith("$ "):
                found[-1] = replace(found[-1], shown=(*found[-1].shown, line))
                continue
            while typed.endswith("\\"):
                typed = typed[:-1] + next(rows)[1].lstrip()
            if not typed.strip() or typed.startswith("#"):
                continue
            fed = list[str]()
            if here := re.search(r"<<'(\w+)'$", typed):
                while (more := next(rows)[1]) != here[1]:
                    fed.append(more)
                fed.append(here[1])
            code = re.search(r"# exit code (\d+)$", typed)
            found.append(Statement(document, number, typed, "\n".join(fed), int(code[1]) if code else 0))
    return found


def simple_commands(text: str) -> list[list[str]]:
    """The words of each command of a line; what joins them is left out."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    commands: list[list[str]] = [[]]
    for word in lexer:
        if word in ("&&", "||", ";", "|"):
            commands.append([])
        else:
            commands[-1].append(word)
    return [command for command in commands if command]


class Shell:
    """Does what a document says, as far as the test knows it."""

    def __init__(self, desk: Desk, program: Callable[..., Any], config: str) -> None:
        self.desk, self.program, self.config = desk, program, config
        self.env: dict[str, str] = {}
        outlet = re.search(r"http://127\.0\.20\.\d:(\d+)/", (desk.config / "sources.toml").read_text("utf-8"))
        self.port = outlet[1] if outlet else ""

    def do(self, statement: Statement) -> None:
        text = statement.text
        for shown, stand_in in STAND_INS.get(statement.document, {}).items():
            text = text.replace(shown, stand_in)
        text = re.sub(r"(?<=http://127\.0\.20\.\d):\d+", f":{self.port}", text)
        for command in (commands := simple_commands(text)):
            match Path(command[0]).name:
                case "aggregator":
                    self.aggregator(statement, command[1:])
                case "make":
                    done = subprocess.run(["make", "-n", *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
                    assert done.returncode == 0, f"{statement}\n{done.stderr}"
                case "export" | "unset" as name:
                    self.surroundings(name, command[1:])
                case name if name in OUTSIDE or (name in LOCAL and any(word.startswith("/") for word in command)):
                    continue
                case name:
                    assert name in LOCAL, f"{statement}: the test does not know how to treat {name!r}"
                    assert len(commands) == 1, f"{statement}: one command a line, please"
                    subprocess.run(["bash", "-c", f"{text}\n{statement.fed}\n"], cwd=self.desk.root, check=True)

    def surroundings(self, name: str, words: Sequence[str]) -> None:
        for word in words:
            key, _, value = word.partition("=")
            self.env.pop(key, None)
            if name == "export" and key != "PATH":
                self.env[key] = value

    def aggregator(self, statement: Statement, words: list[str]) -> None:
        target = None
        if ">" in words:
            words, (target,) = words[: words.index(">")], words[words.index(">") + 1 :]
        if words[-1] == "run" and statement.code == 0:
            self.service(words)
            return
        done = self.program("-c", self.config, *words, cwd=self.desk.root, env=self.env)
        assert done.code == statement.code, f"{statement}\n{done.out}{done.err}"
        if target:
            assert done.out, statement
            (self.desk.root / target).write_text(done.out, "utf-8")
        compare(statement, done.out + done.err)

    def service(self, words: list[str]) -> None:
        """Until it is ready and every source was tried once; then SIGTERM."""
        self.desk.env = self.env
        service = self.desk.start("-v", *words)
        service.until("ready")
        service.until("job.done", job="fetch_sources")
        assert service.end().code == 0


def steady(line: str) -> str:
    """A line without what differs from day to day: numbers, the length of bars, the order of equals, the place of the folder."""
    if line.startswith("by source: "):
        line = "by source: " + ", ".join(sorted(line.removeprefix("by source: ").split(", ")))
    return re.sub(r"\S+/(?=demo-output/aggregator\.db)", "", re.sub("█+", "█", re.sub(r"\d+", "0", line)))


def compare(statement: Statement, printed: str) -> None:
    """Each line that is shown was printed; up to ``…`` where it is shortened. Mail goes with the hour, and is left out."""
    if {"digest", "delivery"} & set(statement.text.split()):
        return
    lines = [steady(line) for line in printed.splitlines()]
    for shown in statement.shown:
        begin = steady(shown).removesuffix("…").rstrip()
        assert any(line.startswith(begin) if shown.endswith("…") else line.rstrip() == begin for line in lines), (
            f"{statement}: the document shows\n{shown}\nbut it printed\n{printed}"
        )


@pytest.fixture
def demo_goes_on(desk: Desk) -> Iterator[None]:
    """The demo's lock on its store, as long as it runs in the tutorial's other terminal."""
    with (desk.output / "aggregator.db.lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


@pytest.fixture
def prepared(desk: Desk) -> Path:
    """The demo's output, the examples, and the things that documents name: a list of feeds, a mail that failed."""
    for path in (ROOT / "config").glob("*.toml"):
        (desk.root / "config").mkdir(exist_ok=True)
        (desk.root / "config" / path.name).write_bytes(path.read_bytes())
    feed = '<outline type="rss" text="A" xmlUrl="https://a.example/rss"/>'
    (desk.root / "feeds.opml").write_text(f'<opml version="2.0"><body>{feed}</body></opml>', "utf-8")
    desk.sql("UPDATE delivery SET state = 'failed', sent_at = NULL WHERE id = 1")
    root: Path = desk.root
    return root


@pytest.mark.usefixtures("outlets")
@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_works(
    document: str, desk: Desk, program: Callable[..., Any], prepared: Path, request: pytest.FixtureRequest
) -> None:
    if document == "docs/tutorial.md":
        request.getfixturevalue("demo_goes_on")
    installed = document == "docs/operations.md"  # its `aggregator` is a script that names the configuration
    shell = Shell(desk, program, "demo-output/config" if installed else "config")
    for statement in statements(document):
        shell.do(statement)
    assert prepared.is_dir()


def test_the_documents_show_commands_of_every_kind() -> None:
    shown = " ".join(statement.text for document in DOCUMENTS for statement in statements(document))
    groups = (
        "check",
        "apply",
        "run",
        "search",
        "rule list",
        "rule show",
        "rule test",
        "rule diff",
        "rule explain",
        "rule suggest",
        "source list",
        "source import",
        "source add",
        "source show",
        "source move",
        "source export",
        "doctor",
        "story list",
        "digest preview",
        "delivery list",
        "db backup",
    )
    assert [group for group in groups if not re.search(rf"aggregator (-c \S+ )?{group}", shown)] == []


def test_an_unknown_command_is_noticed(desk: Desk, program: Callable[..., Any]) -> None:
    with pytest.raises(AssertionError, match="does not know how to treat 'teleport'"):
        Shell(desk, program, "config").do(Statement("README.md", 1, "teleport home"))
    with pytest.raises(AssertionError, match=r"README\.md:1: aggregator frobnicate"):
        Shell(desk, program, "config").do(Statement("README.md", 1, "aggregator frobnicate"))
    with pytest.raises(AssertionError, match=r"README\.md:1: make dmeo"):
        Shell(desk, program, "config").do(Statement("README.md", 1, "make dmeo"))
    wrong = Statement("README.md", 1, "aggregator -c demo-output/config search zeppelin", shown=("3 Articles.",))
    with pytest.raises(AssertionError, match="the document shows"):
        Shell(desk, program, "config").do(wrong)
