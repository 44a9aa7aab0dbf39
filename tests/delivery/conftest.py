"""A store with readers and messages, and mails that come back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aggregator.config.settings import Config, MailSettings, Settings, StoreSettings, WebSettings
from aggregator.fetch import host_key
from aggregator.model.delivery import Recipient
from aggregator.store import Store, registry

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path, migrated: Callable[[Path], str]) -> Settings:
    return Settings(
        instance="Press",
        public_base_url="https://monitor.example.org",
        store=StoreSettings(migrated(tmp_path / "mail.db")),
        web=WebSettings(port=8080),
        mail=MailSettings(folder=tmp_path / "mail", sender="desk@example.org", bounce_address="bounce@example.org"),
    )


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    people = (Recipient("ana", "ana@example.org"), Recipient("ben", "ben@example.org", language="de"))
    with Store(settings.store.url) as opened:
        opened.write_now(registry.apply, Config(settings, recipients=people), NOW, host_key)
        yield opened
