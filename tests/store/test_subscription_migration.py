"""A store of before subscriptions: each reader gets one, and nothing of what was owed or told is lost. On both databases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlmodel import Session, select

from aggregator.model.delivery import Subscription, WhenEmpty
from aggregator.store import Store, migrate
from aggregator.store.codec import SUBSCRIPTION
from aggregator.store.tables import DeliveryRow, DigestEditRow, DigestItemRow, DigestRow, SubscriptionRow
from tests.store.revisions import at_revision

AT = "2026-01-01 00:00:00.000000+00:00"
OWN = {"digest_at": "08:00:00", "weekdays": [1, 5], "timezone": "Europe/Paris", "rules": ["r*"], "language": "fr"}
READERS: dict[int, tuple[str, dict[str, Any], str | None]] = {
    1: ("ana", OWN, None),
    2: ("ben", {"send_empty": True}, None),
    3: ("cam", {"digest": False}, None),
    4: ("dan", {}, AT),
}


@pytest.fixture(params=["sqlite", "postgresql"])
def old_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A store with the schema as it was before subscriptions, with readers and their digests."""
    server = request.getfixturevalue("postgres_server") if request.param == "postgresql" else None
    url = server.empty() if server else f"sqlite:///{tmp_path}/old.db"
    with at_revision(url, "0011") as connection:
        _fill(connection)
    yield url
    if server:
        server.drop(url)


def _fill(connection: Connection) -> None:
    """Four readers; one digest of the first with an item and a mail, one item that is owed; one of somebody who left."""
    for id_, (slug, more, removed) in READERS.items():
        spec = {"slug": slug, "address": f"{slug}@example.org", "digest": True, "send_empty": False, **more}
        connection.execute(
            text(
                "INSERT INTO recipient (id, slug, spec, created_at, removed_at, suppressed)"
                " VALUES (:id, :slug, :spec, :at, :removed, '')"
            ),
            {"id": id_, "slug": slug, "spec": json.dumps(spec), "at": AT, "removed": removed},
        )
    source = f"'a', 'http://a.test', '{{}}', 'a.test', 'A', '', '', true, '{AT}', '{AT}', 0, '', '', '', false, '{{}}', ''"
    article = (
        f"1, 1, 1, 'http://a.test/1', 'T', 'B', 'page', 'h', '', '[]', '[]', '', false, '[]', '[]', 1, 1, false, '{AT}', false"
    )
    for statement in (
        (
            "INSERT INTO source (slug, url, spec, host, name, outlet_group, country, enabled, created_at, next_poll_at, failures,"
            f" failure_kind, failure_detail, poll_reason, forced, history, trouble) VALUES ({source})"
        ),
        (f"INSERT INTO story (created_at, language, newest_at, texts, vector, open) VALUES ('{AT}', '', '{AT}', 0, '', false)"),
        (
            "INSERT INTO text_group (id, story_id, created_at, language, placed_by, score, words, vector)"
            f" VALUES (1, 1, '{AT}', 'en', 'first', 0, '[]', '')"
        ),
        (
            "INSERT INTO article (source_id, story_id, group_id, url, title, text, text_origin, text_hash, note, authors, tags,"
            " site_name, has_time, date_evidence, sketch, words, revision, baseline, first_seen_at, match_due)"
            f" VALUES ({article})"
        ),
        f"INSERT INTO rule (id, slug, spec, position, version, created_at) VALUES (1, 'r', '{{}}', 0, 1, '{AT}')",
        f"INSERT INTO rule (id, slug, spec, position, version, created_at) VALUES (2, 's', '{{}}', 1, 1, '{AT}')",
        *(
            (
                "INSERT INTO match (id, rule_id, rule_version, article_id, revision, spans, aliases, matched_at)"
                f" VALUES ({number}, {number}, 1, 1, 1, '[]', '[]', '{AT}')"
            )
            for number in (1, 2)
        ),
        *(
            (
                "INSERT INTO digest (id, recipient_id, slot_day, slot_time, window_start, window_end, state, matches, articles,"
                f" stories) VALUES ({id_}, {reader}, '2026-01-02', '08:00:00.000000', '{AT}', '2026-01-02 07:00:00.000000+00:00',"
                " 'queued', 1, 1, 1)"
            )
            for id_, reader in ((5, 1), (6, 4))
        ),
        "INSERT INTO digest_item (recipient_id, match_id, digest_id) VALUES (1, 1, 5), (1, 2, NULL), (2, 1, NULL)",
        (
            "INSERT INTO edit (id, rule_id, article_id, match_id, revision, what, at, state)"
            f" VALUES (1, 1, 1, 1, 2, 'x', '{AT}', 'noted')"
        ),
        "INSERT INTO digest_edit (recipient_id, edit_id, digest_id) VALUES (1, 1, 6)",
        (
            "INSERT INTO delivery (id, key, kind, recipient_id, digest_id, address, subject, message_id, message, state,"
            " attempts, due_at, created_at, detail)"
            f" VALUES (9, 'digest:1', 'digest', 1, 5, 'a', 's', 'm', '', 'due', 0, '{AT}', '{AT}', '')"
        ),
    ):
        connection.execute(text(statement))


def _check_subscriptions(store: Store) -> None:
    def unit(session: Session) -> None:
        rows = session.exec(select(SubscriptionRow).order_by(SubscriptionRow.id)).all()  # type: ignore[arg-type]
        assert [(row.id, row.recipient_id, row.slug, row.removed_at is None) for row in rows] == [
            (1, 1, "ana", True), (2, 2, "ben", True), (3, 3, "cam", False), (4, 4, "dan", False),
        ]  # fmt: skip
        ana, ben = (SUBSCRIPTION.load(row.spec) for row in rows[:2])
        his = {"rules": ("r*",), "times": (time(8),), "weekdays": (1, 5), "timezone": "Europe/Paris", "language": "fr"}
        assert ana == Subscription("ana", "ana", **his)  # type: ignore[arg-type]
        assert ben == Subscription("ben", "ben", empty=WhenEmpty.ALWAYS)
        items = session.exec(select(DigestItemRow).order_by(DigestItemRow.subscription_id, DigestItemRow.match_id)).all()  # type: ignore[arg-type]
        assert [(row.subscription_id, row.match_id, row.digest_id) for row in items] == [(1, 1, 5), (1, 2, None), (2, 1, None)]
        (edit,) = session.exec(select(DigestEditRow)).all()
        assert (edit.subscription_id, edit.edit_id, edit.digest_id) == (1, 1, 6)
        digests = session.exec(select(DigestRow).order_by(DigestRow.id)).all()  # type: ignore[arg-type]
        assert [(row.id, row.subscription_id, row.rule, row.due_at == row.window_end) for row in digests] == [
            (5, 1, "", True), (6, 4, "", True),
        ]  # fmt: skip
        (delivery,) = session.exec(select(DeliveryRow)).all()
        assert (delivery.id, delivery.digest_id) == (9, 5)

    store.read_now(unit)


def test_each_reader_has_a_subscription_with_his_own_id_and_the_ledgers_are_theirs(old_url: str) -> None:
    assert migrate.upgrade(old_url) == ("0011", migrate.latest())
    with Store(old_url) as store:
        _check_subscriptions(store)
        assert store.write_now(_a_new_one) == 5


def _a_new_one(session: Session) -> int | None:
    now = datetime.now(UTC)
    row = SubscriptionRow(recipient_id=1, slug="more", spec={}, created_at=now, begun_at=now)
    session.add(row)
    session.flush()
    return row.id
