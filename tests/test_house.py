"""The house in order: imports only go down, types and style are clean."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent


def _run(*command: str) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]


def test_import_contracts_hold() -> None:
    _run(str(BIN / "lint-imports"), "--no-cache")


def test_types_are_strict() -> None:
    _run(str(BIN / "mypy"))


@pytest.mark.parametrize("command", [("check",), ("format", "--check")], ids=["lint", "format"])
def test_style(command: tuple[str, ...]) -> None:
    _run(str(BIN / "ruff"), *command, "--quiet", ".")


def _broad(handler: ast.ExceptHandler) -> bool:
    """Whether a handler takes everything and keeps it. One that cleans up and raises again does not."""
    everything = handler.type is None or (
        isinstance(handler.type, ast.Name) and handler.type.id in ("Exception", "BaseException")
    )
    last = handler.body[-1]
    return everything and not (isinstance(last, ast.Raise) and last.exc is None)


def test_a_broad_except_stands_in_one_place_only() -> None:
    places = [
        f"{path.relative_to(ROOT)}"
        for path in sorted((ROOT / "aggregator").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ExceptHandler) and _broad(node)
    ]
    assert places == ["aggregator/pipeline/mishap.py"]
