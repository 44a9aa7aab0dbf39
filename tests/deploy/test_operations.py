"""docs/operations.md: its commands are real, and so are the files and events that it names."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aggregator.cli.commands import app

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
SHELL = "\n".join(re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)) + "\n" + "\n".join(re.findall(r"`([^`\n]+)`", TEXT))


def commands() -> list[str]:
    """What stands after the program's name, in code blocks and in running text."""
    found = re.findall(r"(?:^|&& |exec aggregator |bin/)aggregator ((?:--?|[a-z])[^\n;#>|&]*)", SHELL, re.MULTILINE)
    return sorted({command.replace('"$@"', "check").strip() for command in found})


@pytest.mark.parametrize("command", commands())
def test_every_command_is_known(command: str) -> None:
    result = CliRunner().invoke(app, [*shlex.split(command), "--help"])
    assert result.exit_code == 0, result.output


def test_there_are_commands_to_look_at() -> None:
    assert {"check", "db backup /var/lib/aggregator/backup/before-upgrade.db", "delivery retry 42"} <= set(commands())


def test_the_files_that_it_names_are_there() -> None:
    names = set(re.findall(r"\b(?:deploy|config)/[\w.-]+\.(?:yaml|service|lock|toml)", TEXT))
    assert {"deploy/aggregator.service", "deploy/compose.yaml", "deploy/requirements.lock"} <= names
    assert [name for name in names if not (ROOT / name).exists()] == []


def test_links_lead_somewhere() -> None:
    headings = {
        re.sub(r"[^a-z0-9 -]", "", line.lower()).strip().replace(" ", "-") for line in re.findall(r"^#+ (.*)$", TEXT, re.M)
    }
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        file, _, anchor = target.partition("#")
        assert not file or (ROOT / "docs" / file).exists(), target
        assert not anchor or anchor in headings, target


def test_the_events_that_it_lists_are_logged() -> None:
    table = TEXT.partition("| event | level | tells |")[2].partition("\n\n")[0]
    listed = {name for row in table.splitlines()[2:] for name in re.findall(r"`([a-z_.]+)`", row.split("|")[1])}
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "aggregator").rglob("*.py"))
    written = set(re.findall(r'(?:log\.\w+|_fails|_failed_for)\(\s*f?"([a-z_.]+(?:\{[^}]*\})?)"', source))
    computed = {
        "delivery.accepted",
        "delivery.broken",
        "digest.queued",
        "digest.empty",
    }
    assert len(listed) > 15
    assert listed - computed <= written
