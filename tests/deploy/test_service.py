"""The systemd unit: what it must say, and what systemd itself thinks of it."""

from __future__ import annotations

import re
import subprocess
from collections import defaultdict
from pathlib import Path
from shutil import which

import pytest
from typer.testing import CliRunner

from aggregator.cli.commands import app

UNIT = Path(__file__).parents[2] / "deploy" / "aggregator.service"


@pytest.fixture(scope="module")
def service() -> dict[str, list[str]]:
    """The [Service] section. A key may stand there several times."""
    section, found = "", defaultdict(list)
    for line in UNIT.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line
        elif section == "[Service]" and line and line[0] not in "#;":
            key, equals, value = line.partition("=")
            assert equals, line
            found[key].append(value)
    return found


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("Type", "notify"),
        ("NotifyAccess", "main"),
        ("ExecReload", "/bin/kill -HUP $MAINPID"),
        ("Restart", "on-failure"),
        ("User", "aggregator"),
        ("StateDirectory", "aggregator"),
        ("WorkingDirectory", "/var/lib/aggregator"),
        ("ProtectSystem", "strict"),
        ("ProtectHome", "yes"),
        ("PrivateTmp", "yes"),
        ("PrivateDevices", "yes"),
        ("NoNewPrivileges", "yes"),
        ("CapabilityBoundingSet", ""),
        ("RestrictNamespaces", "yes"),
        ("MemoryDenyWriteExecute", "yes"),
        ("SystemCallArchitectures", "native"),
        ("UMask", "0077"),
    ],
)
def test_it_says(service: dict[str, list[str]], key: str, value: str) -> None:
    assert service[key] == [value]


def test_it_is_watched_and_bounded(service: dict[str, list[str]]) -> None:
    for key in ("WatchdogSec", "MemoryMax", "TasksMax", "TimeoutStopSec"):
        assert service[key], key
    assert service["SystemCallFilter"][0] == "@system-service"
    assert service["EnvironmentFile"] == ["-/etc/aggregator/environment"]
    assert "AGGREGATOR_STORE_URL=sqlite:////var/lib/aggregator/aggregator.db" in service["Environment"]


@pytest.mark.parametrize(
    "block",
    ["localhost", "link-local", "10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "168.63.129.16/32", "fc00::/7"],
)
def test_the_neighbourhood_is_fenced_off(service: dict[str, list[str]], block: str) -> None:
    assert block in " ".join(service["IPAddressDeny"]).split()


def test_it_holds_no_secret(service: dict[str, list[str]]) -> None:
    assert not [value for value in service["Environment"] if re.search("password|secret|token", value, re.IGNORECASE)]
    assert "LoadCredential" not in service  # only as a commented example
    assert "#LoadCredential=" in UNIT.read_text(encoding="utf-8")


def test_the_command_is_one_that_the_command_line_knows(service: dict[str, list[str]]) -> None:
    (command,) = service["ExecStart"]
    program, *arguments = command.split()
    assert program == "/opt/aggregator/.venv/bin/aggregator"
    result = CliRunner().invoke(app, [*arguments, "--help"])
    assert result.exit_code == 0, result.output


@pytest.fixture(scope="module")
def systemd_analyze() -> str:
    program = which("systemd-analyze")
    if program is None:
        pytest.skip("needs systemd-analyze")
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    number = re.match(r"systemd (\d+)", version)
    if number is None or int(number[1]) < 250:
        pytest.skip("needs systemd 250 or newer, which can judge a unit without running it")
    return program


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with a program that is on this machine."""
    copy = tmp_path / UNIT.name
    text = UNIT.read_text(encoding="utf-8").replace("/opt/aggregator/.venv/bin/aggregator", "/bin/true")
    copy.write_text(text, encoding="utf-8")
    return copy


def test_systemd_finds_nothing_wrong(systemd_analyze: str, unit: Path) -> None:
    command = [systemd_analyze, "verify", "--man=no", "--recursive-errors=no", str(unit)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, [line for line in result.stderr.splitlines() if unit.name in line]) == (0, [])


def test_systemd_rates_it_as_hardly_exposed(systemd_analyze: str, unit: Path) -> None:
    """The threshold counts in tenths: 20 is an exposure of 2.0 of 10."""
    command = [systemd_analyze, "security", "--no-pager", "--offline=true", "--threshold=20", str(unit)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "Overall exposure level" in result.stdout + result.stderr
    assert result.returncode == 0, result.stdout[-300:]
