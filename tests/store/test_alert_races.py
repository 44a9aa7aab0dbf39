"""Several who decide at once, a reader who goes meanwhile, a clock that is set back: told once, and not to who is gone."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from aggregator.alerts import decide
from aggregator.config.settings import Config
from aggregator.errors import Conflict
from aggregator.fetch import host_key
from aggregator.model.alert import Limits
from aggregator.model.anomaly import Subject
from aggregator.model.delivery import DeliveryKind
from aggregator.model.rule import Priority
from aggregator.store import Store, alerts, notices, readers, registry, storms
from aggregator.store.alerts import NewNotice, Reader
from aggregator.store.notices import Unanswered
from aggregator.store.outbox import NewDelivery
from aggregator.store.tables import (
    AlertRow,
    ArticleRow,
    DeliveryRow,
    MatchRow,
    NoticeRow,
    RecipientRow,
    StormRow,
    StoryRow,
    TextGroupRow,
)

MINUTE = timedelta(minutes=1)


@pytest.fixture
def waiting(applied: Store, now: datetime) -> Store:
    """Five stories that wait for ana, the first reader."""

    def put(session: Session) -> None:
        for id_ in range(1, 6):
            session.add(StoryRow(id=id_, created_at=now, newest_at=now))
            session.flush()
            session.add(TextGroupRow(id=id_, story_id=id_, created_at=now, words=[]))
            session.flush()
            session.add(
                ArticleRow(
                    id=id_, source_id=1, story_id=id_, group_id=id_, url=f"http://x.test/{id_}", title="T", text="strike",
                    text_origin="page", text_hash=str(id_), authors=[], tags=[], other_languages=[], date_evidence=[], sketch=[],
                    first_seen_at=now, match_due=False,
                )
            )  # fmt: skip
            session.flush()
            match: dict[str, Any] = {
                "rule_id": 1,
                "rule_version": 1,
                "revision": 1,
                "spans": [],
                "aliases": [],
                "matched_at": now,
            }
            session.add(MatchRow(id=id_, article_id=id_, **match))
            session.flush()
            plain: dict[str, Any] = {"lane": "now", "priority": "normal", "state": "waiting", "created_at": now, "due_at": now}
            session.add(AlertRow(recipient_id=1, match_id=id_, **plain))

    applied.write_now(put)
    return applied


def _mail(reader_id: int, number: int) -> NewDelivery:
    key = f"notice:{reader_id}:{number}"
    return NewDelivery(key, DeliveryKind.ALERT, reader_id, "ana@example.org", "s", f"<{key}@x>", b"x")


def _planned(store: Store, config: Config, now: datetime) -> tuple[Reader, Sequence[NewNotice]]:
    (reader,) = store.read_now(alerts.due_readers, now)
    pending = store.read_now(alerts.pending, reader.id, now)
    past = store.read_now(alerts.past, reader.id, {row.story for row in pending}, now)
    plan = decide(config.recipients[0], pending, past, Limits(), now)
    return reader, [NewNotice("alert", mail.priority, _mail(1, reader.number + 1), mail.ids) for mail in plan.mails]


def _dispatch(store: Store, planned: tuple[Reader, Sequence[NewNotice]], now: datetime) -> None:
    store.write_now(alerts.dispatch, planned[0], (), planned[1], now)


def _count(store: Store, table: type[AlertRow | NoticeRow | DeliveryRow], *where: object) -> int:
    return len(store.read_now(lambda session: session.exec(select(table).where(*where)).all()))  # type: ignore[arg-type]


def test_of_many_who_decide_at_once_one_tells_it(waiting: Store, config: Config, now: datetime) -> None:
    begin, refused = threading.Barrier(4), list[str]()

    def work() -> None:
        with Store(waiting.url) as store:
            planned = _planned(store, config, now)
            begin.wait()
            try:
                _dispatch(store, planned, now)
            except Conflict as conflict:
                refused.append(str(conflict))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 3
    assert (_count(waiting, NoticeRow), _count(waiting, DeliveryRow), _count(waiting, AlertRow, AlertRow.state == "sent")) == (
        1,
        1,
        5,
    )


@pytest.mark.parametrize("how", ["stopped", "suppressed", "removed"])
def test_who_goes_while_his_mail_is_written_does_not_get_it(waiting: Store, config: Config, now: datetime, how: str) -> None:
    planned = _planned(waiting, config, now)
    if how == "removed":
        waiting.write_now(registry.apply, replace(config, recipients=config.recipients[1:]), now, host_key)
    elif how == "stopped":
        waiting.write_now(readers.stop_alerts, 1, "by link")
    else:
        waiting.write_now(lambda session: _suppress(session, 1))
    with pytest.raises(Conflict, match="'ana' was changed meanwhile"):
        _dispatch(waiting, planned, now)
    assert (_count(waiting, NoticeRow), _count(waiting, DeliveryRow), _count(waiting, AlertRow, AlertRow.state == "waiting")) == (
        0,
        0,
        5,
    )


def _suppress(session: Session, recipient_id: int) -> None:
    session.get_one(RecipientRow, recipient_id).suppressed = "550 no such user"


def test_nothing_is_handed_on_to_who_has_stopped_his_alerts(waiting: Store, config: Config, now: datetime) -> None:
    _dispatch(waiting, _planned(waiting, config, now), now)
    late = Unanswered(1, "ana", "strike", 0, (1, 2))
    handed = NewNotice("escalation", Priority.HIGH, _mail(2, 1), (1, 2))
    waiting.write_now(readers.stop_alerts, 2, "by link")
    with pytest.raises(Conflict, match="'ben' was changed meanwhile"):
        waiting.write_now(notices.hand_on, late, "ben", 2, 0, 1, [handed], now)
    row = waiting.read_now(lambda session: session.get_one(NoticeRow, 1))
    assert (row.escalated_at, _count(waiting, NoticeRow), _count(waiting, DeliveryRow)) == (None, 1, 1)


def test_a_storm_that_lies_ahead_since_the_clock_was_set_back_is_no_storm_now(waiting: Store, now: datetime) -> None:
    later = now + 300 * MINUTE
    values: dict[str, Any] = {"subject": Subject.RULE.value, "slug": "strike", "count": 40, "usual": 0.5}
    ahead = StormRow(since=later - 10 * MINUTE, began_at=later, last_at=later, **values)
    waiting.write_now(lambda session: session.add(ahead))
    began = waiting.write_now(storms.watch, now, 2, 3, as_volumes=False)
    assert began == [2], "the one that there is now is another"
    assert waiting.write_now(storms.watch, now + MINUTE, 2, 3, as_volumes=False) == [], "and goes on"
