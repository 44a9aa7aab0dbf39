"""The image: what goes into it, who runs in it."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aggregator.cli.commands import app

ROOT = Path(__file__).parents[2]
COMPOSE = (ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8")

Instruction = tuple[str, str]


@pytest.fixture(scope="module")
def instructions() -> list[Instruction]:
    text = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#")).replace("\\\n", " ").splitlines()
    pairs = [line.split(None, 1) for line in lines if line.strip()]
    return [(word.upper(), " ".join(rest.split())) for word, rest in pairs]


def of(instructions: list[Instruction], word: str) -> list[str]:
    return [rest for found, rest in instructions if found == word]


def test_it_runs_as_a_number_that_is_not_root(instructions: list[Instruction]) -> None:
    (user,) = of(instructions, "USER")
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user)
    last_root = max(index for index, (word, _) in enumerate(instructions) if word in {"RUN", "COPY"})
    assert instructions.index(("USER", user)) > last_root


def test_one_volume_one_signal_one_health_check(instructions: list[Instruction]) -> None:
    assert of(instructions, "VOLUME") == ["/data"]
    assert of(instructions, "STOPSIGNAL") == ["SIGTERM"]
    assert len(of(instructions, "HEALTHCHECK")) == 1


def test_nothing_is_downloaded_without_a_hash(instructions: list[Instruction]) -> None:
    assert of(instructions, "ADD") == []
    commands = [part.strip() for run in of(instructions, "RUN") for part in run.split("&&")]
    assert not [command for command in commands if re.search(r"https?://|\bcurl\b|\bwget\b|\bgit\b|\bapt", command)]
    installs = [command for command in commands if re.search(r"\bpip\b.*\b(install|wheel|download)\b", command)]
    assert len(installs) == 4
    assert [command for command in installs if not re.search(r"--require-hashes|--no-index", command)] == []


def test_the_base_is_the_same_in_both_stages(instructions: list[Instruction]) -> None:
    assert of(instructions, "FROM") == ["python:3.13-slim AS build", "python:3.13-slim"]


def test_no_secrets_in_it(instructions: list[Instruction]) -> None:
    assert of(instructions, "ARG") == []
    assert not [
        rest for word, rest in instructions if word in {"ENV", "COPY"} and re.search("password|secret|token|key", rest, re.I)
    ]


def test_what_is_copied_exists_and_reaches_the_builder(instructions: list[Instruction]) -> None:
    ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8").split("\n")
    assert "*" in ignore
    sources = [word for rest in of(instructions, "COPY") if not rest.startswith("--from") for word in rest.split()[:-1]]
    assert sources
    for source in sources:
        assert (ROOT / source).exists(), source
        assert f"!{source}" in ignore, source
    assert {line[1:] for line in ignore if line.startswith("!")} == set(sources)


@pytest.mark.parametrize("word", ["CMD", "HEALTHCHECK"])
def test_its_commands_are_ones_that_the_command_line_knows(instructions: list[Instruction], word: str) -> None:
    arguments = json.loads(of(instructions, word)[0].partition("CMD ")[2] or of(instructions, word)[0])
    assert of(instructions, "ENTRYPOINT") == ['["aggregator"]']
    result = CliRunner().invoke(app, [*(arguments[1:] if arguments[0] == "aggregator" else arguments), "--help"])
    assert result.exit_code == 0, result.output


def test_the_build_backend_is_locked() -> None:
    lock = (ROOT / "deploy" / "build.lock").read_text(encoding="utf-8")
    requirements = re.findall(r"^([a-z0-9-]+)==[^\s\\]+ \\(?:\n    --hash=sha256:[0-9a-f]{64}(?: \\)?)+$", lock, re.MULTILINE)
    assert len(requirements) == len(re.findall(r"^[a-z]", lock, re.MULTILINE))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = {re.split(r"[^a-z0-9-]", requirement)[0] for requirement in project["build-system"]["requires"]}
    assert wanted <= set(requirements)
    assert "://" not in lock


@pytest.mark.parametrize(
    "line", ["read_only: true", "- ALL", "- no-new-privileges:true", "init: true", "- data:/data", "- ../config:/data/config:ro"]
)
def test_compose_takes_away_what_is_not_needed(line: str) -> None:
    assert f"\n{line}\n" in re.sub(r"\n +", "\n", COMPOSE)


def test_compose_opens_no_port_and_no_privilege() -> None:
    assert not re.search(r"^ *(ports|privileged|network_mode|cap_add|devices|environment):", COMPOSE, re.MULTILINE)
