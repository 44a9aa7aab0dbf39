"""Deciding reads what waits and what is recent: what was told long ago costs nothing, however much it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import insert
from sqlmodel import Session

from aggregator.config.settings import Config
from aggregator.fetch import host_key
from aggregator.store import Store, alerts, notices, registry, snoozes, storms
from aggregator.store.tables import AlertRow, ArticleRow, MatchRow, NoticeRow, StormRow, StoryRow, TextGroupRow

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
NEW = range(1, 31)
"""The numbers of what waits now."""


def _stories(session: Session, ids: Iterable[int], at: Callable[[int], datetime]) -> None:
    """Articles of the first source, each of a story of its own, which the first rule found."""
    rows: dict[Any, list[dict[str, Any]]] = {StoryRow: [], TextGroupRow: [], ArticleRow: [], MatchRow: []}
    lists: dict[str, Any] = {name: [] for name in ("authors", "tags", "other_languages", "date_evidence", "sketch")}
    for id_ in ids:
        then = at(id_)
        rows[StoryRow].append({"id": id_, "created_at": then, "newest_at": then})
        rows[TextGroupRow].append({"id": id_, "story_id": id_, "created_at": then, "words": []})
        text = {"title": "t", "text": "strike", "text_origin": "page", "text_hash": str(id_), "url": f"http://x.test/{id_}"}
        place = {"id": id_, "source_id": 1, "story_id": id_, "group_id": id_, "first_seen_at": then, "match_due": False}
        rows[ArticleRow].append(place | text | lists)
        match = {"id": id_, "rule_id": 1, "rule_version": 1, "article_id": id_, "revision": 1, "spans": [], "aliases": []}
        rows[MatchRow].append(match | {"matched_at": then})
    for table, values in rows.items():
        session.execute(insert(table), values)


def _alert(id_: int, reader: int, at: datetime, **values: Any) -> dict[str, Any]:
    plain = {"recipient_id": reader, "match_id": id_, "lane": "now", "priority": "normal", "why": "", "detail": ""}
    return plain | {"created_at": at, "due_at": at, "notice_id": None, "story_id": None, "decided_at": None} | values


def _notice(id_: int, reader: int, at: datetime, **values: Any) -> dict[str, Any]:
    plain = {
        "id": id_,
        "recipient_id": reader,
        "number": id_,
        "kind": "alert",
        "priority": "high",
        "rule_id": 1,
        "created_at": at,
    }
    return plain | {"escalate_at": at, "escalated_at": None, "acknowledged_at": None, **values}


@pytest.fixture
def told(sqlite_store: Store, config: Config, now: datetime) -> Callable[[range], Store]:
    """Adds what was told and acknowledged in the last two weeks to what waits."""
    begun = now - 30 * DAY
    sqlite_store.write_now(registry.apply, config, begun, host_key)

    def waits(session: Session) -> None:
        _stories(session, NEW, lambda id_: now - MINUTE)
        session.execute(insert(NoticeRow), [_notice(1, 1, now - MINUTE)])
        session.execute(insert(AlertRow), [_alert(id_, reader, now, state="waiting") for id_ in NEW for reader in (1, 2)])
        session.execute(insert(NoticeRow), [_notice(2, 2, now - MINUTE)])
        row = _alert(NEW[-1] + 1, 2, now, state="sent", notice_id=2, story_id=NEW[-1] + 1)
        _stories(session, [NEW[-1] + 1], lambda id_: now - MINUTE)
        session.execute(insert(AlertRow), [row])

    sqlite_store.write_now(waits)

    def add(ids: range) -> Store:
        def old(session: Session) -> None:
            def at(id_: int) -> datetime:
                return now - 13 * DAY + (id_ % 1000) * 18 * MINUTE

            _stories(session, ids, at)
            for reader in (1, 2):
                own = {id_: 2 * id_ + reader for id_ in ids}
                done = {"escalated_at": now, "acknowledged_at": now}
                session.execute(insert(NoticeRow), [_notice(own[id_], reader, at(id_), **done) for id_ in ids])
                rows = [_alert(id_, reader, at(id_), state="sent", notice_id=own[id_], story_id=id_) for id_ in ids]
                session.execute(insert(AlertRow), rows)

        sqlite_store.write_now(old)
        return sqlite_store

    return add


def _steps(store: Store, unit: Callable[..., Any], *given: Any) -> int:
    """What a unit of work costs SQLite, in tens of the steps of its virtual machine. Nothing of it stays."""
    taken = 0

    def count() -> int:
        nonlocal taken
        taken += 1
        return 0

    def run(session: Session) -> None:
        raw: Any = session.connection().connection.driver_connection
        raw.set_progress_handler(count, 10)
        try:
            unit(session, *given)
        finally:
            raw.set_progress_handler(None, 0)
            session.rollback()

    with Session(store._write_engine) as session:
        run(session)
    return taken


def test_what_was_told_long_ago_is_not_read(told: Callable[[range], Store], now: datetime) -> None:
    asked: dict[str, tuple[Any, ...]] = {
        "due": (alerts.due_readers, now),
        "storms": (partial(storms.watch, as_volumes=False), now, 100, 20),
        "pending": (alerts.pending, 1, now),
        "past": (alerts.past, 1, set(NEW), now),
        "met": (storms.met, 1, now),
        "snoozes": (snoozes.in_force, now),
        "unanswered": (notices.unanswered, now),
        "place": (notices.place, "ana"),
    }
    store = told(range(1000, 2000))
    before = {name: _steps(store, *unit) for name, unit in asked.items()}
    assert before["storms"] > 500, "as much of the rule's past as shows that it is none"
    store = told(range(2000, 8000))
    after = {name: _steps(store, *unit) for name, unit in asked.items()}
    assert {name: steps for name, steps in after.items() if steps > before[name] * 1.1 + 5} == {}, before


def test_what_is_put_off_is_not_read_before_its_time(told: Callable[[range], Store], now: datetime) -> None:
    store = told(range(1000, 1001))

    def put_off(session: Session) -> None:
        rows = [_alert(id_, 1, now, state="held", why="quiet hours") | {"due_at": now + DAY} for id_ in range(3000, 3100)]
        _stories(session, range(3000, 3100), lambda id_: now)
        session.execute(insert(AlertRow), rows)

    store.write_now(put_off)
    assert {row.match_id for row in store.read_now(alerts.pending, 1, now)} == set(NEW)
    assert len(store.read_now(alerts.pending, 1, now + DAY)) == len(NEW) + 100


@pytest.mark.parametrize(("hours", "goes_on"), [(1, True), (23, True), (25, False)])
def test_what_goes_on_for_more_than_a_day_may_be_the_usual(
    told: Callable[[range], Store], now: datetime, hours: int, goes_on: bool
) -> None:
    store, began, last = told(range(1000, 2000)), now - hours * 60 * MINUTE, now - MINUTE
    storm = StormRow(subject="rule", slug="strike", since=began, began_at=began, last_at=last, count=30, usual=0.0)
    store.write_now(lambda session: session.add(storm))
    store.write_now(storms.watch, now, 100, 20, as_volumes=False)
    seen = store.read_now(lambda session: session.get_one(StormRow, 1).last_at)
    assert (seen == now, seen == last) == (goes_on, not goes_on)
