"""A process that ends, or is killed, between any two stages: what the next one makes of it is what an undisturbed one makes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from aggregator.app import App, open_app
from aggregator.config.settings import Config, StoreSettings
from aggregator.store import outbox
from aggregator.store.maintenance import Stats, backup, stats
from aggregator.store.tables import DeliveryRow, DigestItemRow

Desk = Callable[..., Config]
Rows = Callable[..., list[Any]]

STAGES = ("poll", "extract", "match", "alert", "digest", "deliver")
UNDISTURBED = Stats(
    sources=1, failing=0, moved=0, throttled=0, gaps=0, missed=0,
    entries=5, pending=0, articles=5, sightings=5, revisions=0,
    withdrawn=0, pages=5, page_bytes=0, rechecks=0, stories=5,
    rules=2, matches=4, alerts=2, recipients=1, digests=1, deliveries=2, undelivered=0, unmade=0, unmatched=0,
)  # fmt: skip


def _stock(site: Any) -> None:
    for name, word in (("one", "quillback"), ("two", "quillback"), ("three", "sorrelwood"), ("four", "sorrelwood")):
        site.publish(name, word)


async def _begin(app: App, clock: Any, site: Any) -> None:
    """The source is known, and its news is due half a minute before the reader's hour."""
    site.publish("zero")
    await app.settle()
    _stock(site)
    clock.at = clock.at.replace(hour=6, minute=59, second=30)


async def _run(app: App, clock: Any, stages: tuple[str, ...]) -> None:
    """One turn of each stage; alerts and the digest are due at seven."""
    for name in stages:
        if name == "alert":
            clock.at = clock.at.replace(hour=7, minute=0, second=0)
        await getattr(app.ticks, name)()
        await app.ticks.runner.idle()


async def _finish(app: App, clock: Any) -> None:
    await app.settle()
    clock.at = clock.at.replace(hour=7, minute=0, second=0)
    await app.settle()
    await app.settle()
    assert app.failures == 0


def _check(app: App, relay: Any, rows: Rows) -> None:
    assert replace(app.rooms.store.read_now(stats), page_bytes=0) == UNDISTURBED
    assert sorted(relay.ids()) == sorted(row.message_id for row in rows(app, DeliveryRow))
    alert, digest = sorted(relay.texts("ana@example.org"), key=len)
    assert ["One story" in text for text in (alert, digest)] == [True, True]
    assert all(item.digest_id == 1 for item in rows(app, DigestItemRow))


@pytest.mark.parametrize("stop_after", range(len(STAGES) + 1))
async def test_a_restart_after_any_stage(clock: Any, site: Any, relay: Any, desk: Desk, rows: Rows, stop_after: int) -> None:
    config = desk(site.source(), relay=relay)
    async with open_app(config, clock=clock) as app:
        await _begin(app, clock, site)
        await _run(app, clock, STAGES[:stop_after])
    async with open_app(config, clock=clock) as app:
        await _finish(app, clock)
        _check(app, relay, rows)
        clock.at += timedelta(hours=3)
        await app.settle()
        _check(app, relay, rows)


@pytest.mark.parametrize("claimed", ["poll", "extract", "deliver"])
async def test_a_kill_while_work_is_claimed(
    clock: Any, site: Any, relay: Any, desk: Desk, rows: Rows, tmp_path: Path, claimed: str
) -> None:
    config = desk(site.source(), relay=relay)
    async with open_app(config, clock=clock) as app:
        await _begin(app, clock, site)
        await _run(app, clock, STAGES[: STAGES.index(claimed)])
        if claimed == "deliver":
            assert await app.rooms.store.write(outbox.claim, clock.at, timedelta(minutes=10)) is not None
        else:
            assert await getattr(app.ticks, claimed)() == 1
        # What kill -9 leaves behind: the file with its leases, and nobody who holds them.
        backup(app.rooms.store.path, tmp_path / "left.db")
    left = replace(config, settings=replace(config.settings, store=StoreSettings(f"sqlite:///{tmp_path}/left.db")))
    async with open_app(left, clock=clock) as app:
        await _finish(app, clock)
        _check(app, relay, rows)


async def test_a_mail_that_was_taken_before_the_kill_comes_again_as_itself(
    clock: Any, site: Any, relay: Any, desk: Desk, rows: Rows, tmp_path: Path
) -> None:
    config = desk(site.source(), relay=relay)
    async with open_app(config, clock=clock) as app:
        await _begin(app, clock, site)
        await _run(app, clock, STAGES[:-1])
        backup(app.rooms.store.path, tmp_path / "left.db")
        await app.ticks.deliver()  # the relay has both, and the file that is left knows nothing of it
    left = replace(config, settings=replace(config.settings, store=StoreSettings(f"sqlite:///{tmp_path}/left.db")))
    async with open_app(left, clock=clock) as app:
        await _finish(app, clock)
        sent = sorted(row.message_id for row in rows(app, DeliveryRow))
        assert sorted(relay.ids()) == sorted(sent * 2), "the floor of SMTP: twice the same message, never another one"
        assert Counter(mail for _, mail in relay.mails).most_common()[-1][1] == 2, "to the byte"
