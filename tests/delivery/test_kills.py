"""Nothing is lost and nothing comes twice but in the one moment that SMTP leaves open, whenever a sender is killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def proof(url: str, kills: int, seed: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.delivery.proof", "--store", url, "--seed", str(seed)]
    command += ["--kills", str(kills), "--messages", str(kills + kills // 4)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize(("kind", "kills"), [("sqlite", 80), ("postgresql", 16)])
def test_whenever_a_sender_is_killed_each_message_is_accounted_for(
    request: pytest.FixtureRequest, tmp_path: Path, migrated: Callable[[Path], str], kind: str, kills: int
) -> None:
    """``KILLS=2000`` asks for more."""
    kills = int(os.environ.get("KILLS", kills))
    url = str(request.getfixturevalue("postgres_url")) if kind == "postgresql" else migrated(tmp_path / "outbox.db")
    found = proof(url, kills, seed=20261124)
    assert found["kills"] >= kills * 0.8, "the others had nothing left to do"
    assert found["places"] >= kills * 0.4, "they died at many different lines"
    assert (found["waiting"], found["sent"] + found["failed"]) == (0, found["messages"])
    assert {name: found[name] for name in ("lost", "unexplained", "changed", "wrong")} == {
        "lost": [], "unexplained": [], "changed": [], "wrong": [],
    }  # fmt: skip
    assert found["failed"], "somebody is refused"
    assert found["taken_twice"], "the moment that SMTP leaves open was met"
