"""A product that listens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aggregator.app import open_app
from aggregator.config.settings import (
    Config,
    FetchSettings,
    MailSettings,
    Settings,
    StoreSettings,
    WebSettings,
    WorkerSettings,
)
from aggregator.model.delivery import Recipient
from aggregator.model.source import SourceSpec
from aggregator.store import websub
from aggregator.web import listen, serve
from tests.web.visiting import LIMIT, Face

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
async def face(tmp_path: Path, migrated: Callable[[Path], str]) -> AsyncIterator[Face]:
    listener = listen(WebSettings())
    port = listener.getsockname()[1]
    config = Config(
        Settings(
            store=StoreSettings(migrated(tmp_path / "web.db")),
            fetch=FetchSettings(max_body_bytes=LIMIT),
            workers=WorkerSettings(processes=1),
            mail=MailSettings(folder=tmp_path / "mail", sender="desk@example.org"),
            instance="Press <&> Co",
            web=WebSettings(port=port),
            public_base_url="https://me.test",
        ),
        sources=(SourceSpec("wire", "https://wire.test/feed"),),
        recipients=(Recipient("ana", "ana@example.org", "Ana"), Recipient("reza", "reza@example.org", language="fa")),
    )
    async with open_app(config) as app:
        await app.rooms.store.write(websub.note_hub, 1, "https://hub.test/", "https://wire.test/feed", NOW)
        subscription = await app.rooms.store.read(websub.of_source, 1)
        assert subscription is not None
        stop = asyncio.Event()
        task = asyncio.create_task(serve(app, stop, listener))
        yield Face(app, port, stop, task, f"/websub/{subscription.token}", subscription.secret)
        stop.set()
        await task
