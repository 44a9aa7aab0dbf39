"""One digest per reader and local day, whatever happened to the service, the reader's zone or the news."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from aggregator.app import open_app
from aggregator.config.settings import Config
from aggregator.digest import latest_slot
from aggregator.errors import Conflict
from aggregator.fetch import host_key
from aggregator.model.delivery import Recipient
from aggregator.pipeline.digest import receiving, run_digest, slot_due
from aggregator.store import Store, registry
from aggregator.store.tables import DeliveryRow, DigestItemRow, DigestRow

Desk = Callable[..., Config]
Rows = Callable[..., list[Any]]

ANA = Recipient("ana", "ana@example.org")


def _at(day: int, hour: int = 7, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


async def test_days_of_downtime_end_in_one_digest_that_tells_of_them(
    clock: Any, site: Any, relay: Any, desk: Desk, rows: Rows
) -> None:
    config = desk(site.source(), relay=relay)
    async with open_app(config, clock=clock) as app:
        site.publish("first", "sorrelwood")
        for clock.at in (_at(20, 6), _at(20), _at(20, 12)):
            site.publish(f"hour {clock.at.hour}", "sorrelwood")
            await app.settle()
        assert len(relay.texts("ana@example.org")) == 1
    for number in range(3):
        site.publish(f"meanwhile {number}", "sorrelwood")
    clock.at = _at(23, 12)
    async with open_app(config, clock=clock) as app:
        await app.settle()
        _, late = relay.texts("ana@example.org")
        assert "No digest went out on 2 days before this one" in late
        assert ("Hour 12 story" in late, "Meanwhile" in late) == (True, False), "found before the hour; found after it"
        clock.at = _at(24)
        await app.settle()
        everything = "\n".join(relay.texts("ana@example.org"))
        assert [everything.count(f"Meanwhile {number} story") for number in range(3)] == [1, 1, 1]
        assert all(item.digest_id is not None for item in rows(app, DigestItemRow))


async def test_after_an_outage_nothing_to_tell_is_not_taken_for_silence(
    clock: Any, site: Any, relay: Any, desk: Desk, rows: Rows
) -> None:
    config = desk(site.source(), relay=relay)
    async with open_app(config, clock=clock) as app:
        clock.at = _at(20)
        await app.settle()
    site.publish("meanwhile", "sorrelwood")
    clock.at = _at(23, 12)
    async with open_app(config, clock=clock) as app:
        await app.settle()
        (empty,) = relay.texts("ana@example.org")
        assert "No digest went out on 2 days before this one" in empty
        assert "Meanwhile story" not in empty, "it was found after the hour"
        for clock.at in (_at(24), _at(25), _at(26)):
            await app.settle()
        _, text = relay.texts("ana@example.org")
        assert "Meanwhile story" in text
        assert [row.state for row in rows(app, DigestRow)] == ["empty", "queued", "queued", "empty", "empty"]


async def test_an_empty_day_is_recorded_and_mailed_only_to_who_asked(
    clock: Any, site: Any, relay: Any, desk: Desk, rows: Rows
) -> None:
    people = [ANA, Recipient("ben", "ben@example.org", send_empty=True)]
    async with open_app(desk(site.source(), relay=relay, people=people), clock=clock) as app:
        for clock.at in (_at(20), _at(20, 8), _at(21)):
            await app.settle()
        assert [(row.subscription_id, row.slot_day.day, row.state) for row in rows(app, DigestRow)] == [
            (1, 20, "empty"),
            (2, 20, "queued"),
            (1, 21, "empty"),
            (2, 21, "queued"),
        ]
        assert [to for to, _ in relay.mails] == ["ben@example.org"] * 2


async def test_a_gap_is_told_in_the_digest_of_its_day_and_in_no_other(clock: Any, site: Any, relay: Any, desk: Desk) -> None:
    person = Recipient("ben", "ben@example.org", send_empty=True)
    async with open_app(desk(site.source(interval=timedelta(hours=4)), relay=relay, people=[person]), clock=clock) as app:
        for clock.at in (_at(20, 0), _at(20, 12), _at(21, 0), _at(21, 7), _at(22, 7)):
            if clock.at == _at(21, 0):
                site.items.clear()  # all that was known has scrolled out
            for number in range(3):
                if clock.at.hour == 0:
                    item = site.publish(f"story {number} of the {clock.at.day}th")
                    item.date = f"{clock.at - timedelta(hours=number):%a, %d %b %Y %H:%M:%S} GMT"
            await app.settle()
        told = ["Entries that we missed" in text for text in relay.texts("ben@example.org")]
        assert told == [False, True, False]
        text = " ".join(relay.texts("ben@example.org")[1].split())
        assert re.search(
            r"Site.{0,3} · about \d+ entr(y|ies), published between Fri 20 Mar 00:00 and Fri 20 Mar 22:00, scrolled out", text
        )


async def test_what_is_found_at_the_very_hour_belongs_to_the_next(clock: Any, site: Any, relay: Any, desk: Desk) -> None:
    async with open_app(desk(site.source(), relay=relay), clock=clock) as app:
        clock.at = _at(20) - timedelta(microseconds=1)
        site.publish("before", "sorrelwood")
        await app.settle()
        clock.at = _at(20)
        site.publish("sharp", "sorrelwood")
        await app.rooms.store.write(_poll_now)
        await app.settle()
        assert ("/sharp" in site.paths(), len(relay.mails)) == (True, 1)
        clock.at = _at(21)
        await app.settle()
        first, second = relay.texts("ana@example.org")
        assert ("Before story" in first, "Sharp story" in first) == (True, False)
        assert ("Before story" in second, "Sharp story" in second) == (False, True)


def _poll_now(session: Any) -> None:
    session.connection().exec_driver_sql("UPDATE source SET next_poll_at = '2000-01-01 00:00:00.000000'")


async def test_a_slot_is_served_once_by_two_ticks(clock: Any, site: Any, relay: Any, desk: Desk, rows: Rows) -> None:
    async with open_app(desk(site.source(), relay=relay), clock=clock) as app:
        site.publish("first", "sorrelwood")
        await app.settle()
        clock.at = _at(20)
        assert sorted(await asyncio.gather(app.ticks.digest(), app.ticks.digest())) == [0, 1]
        await app.settle()
        assert len(rows(app, DigestRow)) == len(relay.mails) == 1


async def test_a_slot_is_served_once_by_two_processes(clock: Any, site: Any, relay: Any, desk: Desk, rows: Rows) -> None:
    config = desk(site.source(), relay=relay)
    async with open_app(config, clock=clock) as app:
        site.publish("first", "sorrelwood")
        await app.settle()
        clock.at = _at(20)
        with Store(config.settings.store.url) as beside:
            other = replace(app.rooms, store=beside)
            (ana,) = await receiving(other)
            slot = slot_due(other, ana)
            assert slot is not None
            done = await asyncio.gather(run_digest(app.rooms, ana, slot), run_digest(other, ana, slot), return_exceptions=True)
        assert sorted(type(result).__name__ for result in done) == ["Conflict", "DigestReport"]
        with pytest.raises(Conflict):
            await run_digest(app.rooms, ana, slot)
        await app.settle()
        (digest,) = rows(app, DigestRow)
        assert (len(relay.mails), digest.matches) == (1, 1)


async def test_days_off_are_not_missed_days(clock: Any, site: Any, relay: Any, desk: Desk, rows: Rows) -> None:
    reader = replace(ANA, weekdays=(1, 2, 3, 4, 5))
    clock.at = _at(19, 5)
    async with open_app(desk(site.source(), relay=relay, people=[reader]), clock=clock) as app:
        for day in range(19, 25):  # a Thursday to a Tuesday
            clock.at = _at(day, 6)
            site.publish(f"march {day}", "sorrelwood")
            await app.settle()
            clock.at = _at(day)
            await app.settle()
        assert [row.slot_day.day for row in rows(app, DigestRow)] == [19, 20, 23, 24]
        monday = relay.texts("ana@example.org")[2]
        assert all(f"March {day} story" in monday for day in (21, 22, 23))
        assert "No digest went out" not in monday


@pytest.mark.parametrize(
    ("zone", "at", "start"),
    [
        ("Europe/Paris", time(2, 30), datetime(2026, 3, 28, tzinfo=UTC)),  # skipped on 29 March
        ("America/New_York", time(1, 30), datetime(2026, 10, 31, tzinfo=UTC)),  # comes twice on 1 November
    ],
)
async def test_a_change_of_clocks_neither_skips_nor_repeats_a_day(
    clock: Any, site: Any, relay: Any, desk: Desk, rows: Rows, zone: str, at: time, start: datetime
) -> None:
    reader = replace(ANA, timezone=zone, digest_at=at)
    clock.at = start
    source = site.source(interval=timedelta(hours=4))
    async with open_app(desk(source, relay=relay, people=[reader]), clock=clock) as app:
        for hour in range(3 * 24):
            clock.at = start + timedelta(minutes=30 + 60 * hour)
            if hour % 8 == 0:
                site.publish(f"item {hour:03}", "sorrelwood")
            await app.settle()
        digests = rows(app, DigestRow)
        days = [row.slot_day for row in digests]
        first = days[0]
        assert days == [first + timedelta(days=number) for number in range(3)]
        assert all(before.window_end == after.window_start for before, after in pairwise(digests))
        assert {row.window_end.astimezone(ZoneInfo(zone)).date() for row in digests} == set(days)
        told = "\n".join(relay.texts("ana@example.org"))
        items = rows(app, DigestItemRow)
        assert sum(row.matches for row in digests) == sum(item.digest_id is not None for item in items) > 5
        assert max(told.count(f"Item {hour:03} story") for hour in range(0, 3 * 24, 8)) == 1


async def test_who_moves_west_gets_no_second_digest_for_the_day(
    clock: Any, site: Any, relay: Any, desk: Desk, rows: Rows
) -> None:
    east = replace(ANA, timezone="Asia/Tehran")
    config = desk(site.source(), relay=relay, people=[east])
    async with open_app(config, clock=clock) as app:
        site.publish("first", "sorrelwood")
        await app.settle()
        clock.at = _at(20, 4)  # half past seven in Tehran
        await app.settle()
        west = replace(east, timezone="America/New_York")
        await app.apply(replace(config, recipients=(west,)))
        site.publish("second", "sorrelwood")
        for clock.at in (_at(20, 10), _at(20, 11), _at(20, 12), _at(21, 11)):
            await app.settle()
        assert [row.slot_day for row in rows(app, DigestRow)] == [date(2026, 3, 20), date(2026, 3, 21)]
        assert ["Second story" in text for text in relay.texts("ana@example.org")] == [False, True]


async def test_a_reader_taken_away_beside_the_service_holds_nobody_up(
    clock: Any, site: Any, relay: Any, desk: Desk, rows: Rows
) -> None:
    ben = Recipient("ben", "ben@example.org", send_empty=True)
    config = desk(site.source(), relay=relay, people=[ANA, ben])
    async with open_app(config, clock=clock) as app:
        with Store(config.settings.store.url) as beside:
            beside.write_now(registry.apply, replace(config, recipients=(ben,)), clock.at, host_key)
        clock.at = _at(20)
        await app.settle()
        assert [to for to, _ in relay.mails] == ["ben@example.org"]


async def test_who_comes_back_begins_anew(clock: Any, site: Any, relay: Any, desk: Desk) -> None:
    ben = Recipient("ben", "ben@example.org", digest=False)
    config = desk(site.source(), relay=relay, people=[replace(ANA, send_empty=True), ben])
    async with open_app(config, clock=clock) as app:
        clock.at = _at(20)
        await app.settle()
        clock.at = _at(20, 12)
        await app.apply(replace(config, recipients=(ben,)))
        clock.at = datetime(2026, 5, 4, 12, tzinfo=UTC)
        await app.apply(config)
        await app.settle()
        assert len(relay.mails) == 1, "today's hour had passed before she came back"
        clock.at = datetime(2026, 5, 5, 7, tzinfo=UTC)
        await app.settle()
        _, back = relay.texts("ana@example.org")
        assert "No digest went out" not in back


async def test_thirty_days_at_the_same_local_minute(clock: Any, site: Any, desk: Desk, rows: Rows) -> None:
    reader = replace(ANA, timezone="Europe/Paris", digest_at=time(7, 5), send_empty=True)
    start, own = clock.at, reader.own_subscription()
    assert own is not None
    async with open_app(desk(people=[reader]), clock=clock) as app:
        for quarter in range(30 * 24 * 4):
            clock.at = start + timedelta(minutes=15 * quarter)
            slot = latest_slot(own, clock.at)
            assert slot is not None
            if clock.at - slot.due_at < timedelta(minutes=15):
                await app.settle()
        hours = {row.window_end.astimezone(ZoneInfo("Europe/Paris")).time() for row in rows(app, DigestRow)}
        assert hours == {time(7, 5)}
        assert len(rows(app, DeliveryRow)) == 30
