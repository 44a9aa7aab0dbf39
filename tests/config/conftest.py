"""A configuration folder made of the given texts; and its errors as plain values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import pytest

from aggregator.config import load_config
from aggregator.errors import ConfigError, ConfigErrors


class MakeFolder(Protocol):
    """Writes ``<name>.toml`` for each keyword; ``aggregator.toml`` is empty unless given."""

    def __call__(self, **texts: str) -> Path: ...


@pytest.fixture
def folder(tmp_path: Path) -> MakeFolder:
    def make(**texts: str) -> Path:
        path = tmp_path / "config"
        path.mkdir(exist_ok=True)
        for name, text in {"aggregator": "", **texts}.items():
            (path / f"{name}.toml").write_text(text, encoding="utf-8", newline="")
        return path

    return make


@pytest.fixture
def errors_of() -> Callable[..., tuple[ConfigError, ...]]:
    def load(path: Path, environ: Mapping[str, str] | None = None) -> tuple[ConfigError, ...]:
        with pytest.raises(ConfigErrors) as caught:
            load_config(path, environ or {})
        return caught.value.errors

    return load
