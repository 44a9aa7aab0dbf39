"""Which outlets a rule meets for the first time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import event
from sqlmodel import Session

from aggregator.store import Store, newsworthy
from aggregator.store.tables import ArticleRow, MatchRow, RuleRow, SourceRow, StoryRow, TextGroupRow

START = datetime(2026, 3, 1, tzinfo=UTC)
BEFORE = START + timedelta(days=20)
FEEDS = (("daily", "The Daily"), ("daily-world", "The Daily"), ("wire", ""), ("star", "Star"))
RULES = (("old", START), ("young", BEFORE - timedelta(days=6)))


def _write(session: Session) -> None:
    for number, (slug, name) in enumerate(FEEDS, 1):
        session.add(
            SourceRow(
                id=number, slug=slug, url=f"http://{slug}.test", spec={}, host=slug, name=name, outlet_group="",
                created_at=START, next_poll_at=START,
            )
        )  # fmt: skip
    session.add(StoryRow(id=1, created_at=START, newest_at=START))
    session.flush()
    session.add(TextGroupRow(id=1, story_id=1, created_at=START, words=[]))
    for number, (slug, since) in enumerate(RULES, 1):
        session.add(RuleRow(id=number, slug=slug, spec={}, created_at=since))
    session.flush()
    # The old rule knows The Daily by its first feed, and the wire only since the window began.
    for number, (source, at) in enumerate(((1, START), (3, BEFORE), (4, BEFORE + timedelta(hours=1))), 1):
        session.add(
            ArticleRow(
                id=number, source_id=source, story_id=1, group_id=1, url=f"http://x.test/{number}", title="", text="",
                text_origin="page", text_hash="", authors=[], tags=[], language=None, other_languages=[], date_evidence=[],
                sketch=[], words=0, first_seen_at=at,
            )
        )  # fmt: skip
        session.flush()
        for rule in (1, 2):
            session.add(
                MatchRow(
                    rule_id=rule, rule_version=1, article_id=number, revision=1, matched_at=at, spans=[], aliases=[],
                    suppressed="few-words",
                )
            )  # fmt: skip


PAIRS = frozenset((rule, name) for rule in ("old", "young", "gone") for name in ("The Daily", "Star", "wire"))


def test_an_outlet_is_new_to_a_rule_once_whatever_its_feeds(store: Store) -> None:
    store.write_now(_write)
    assert store.read_now(newsworthy.new_outlets, PAIRS, BEFORE) == {("old", "Star"), ("old", "wire")}
    assert store.read_now(newsworthy.new_outlets, PAIRS, BEFORE + timedelta(minutes=1)) == {("old", "Star")}
    assert store.read_now(newsworthy.new_outlets, PAIRS, BEFORE + timedelta(hours=2)) == frozenset()


def test_a_young_rule_has_no_new_outlets(store: Store) -> None:
    store.write_now(_write)
    young = [pair for pair in PAIRS if pair[0] == "young"]
    assert store.read_now(newsworthy.new_outlets, young, START + timedelta(hours=-1)) == frozenset()
    assert store.read_now(newsworthy.new_outlets, [], BEFORE) == frozenset()


def test_the_history_of_a_rule_is_not_read_for_an_outlet_that_it_never_had(sqlite_store: Store) -> None:
    """Each article of the outlet is looked up by the index of matches that has both of its columns."""
    sqlite_store.write_now(_write)

    def plan(session: Session) -> str:
        asked: list[tuple[str, Any]] = []
        connection = session.connection()
        event.listen(connection, "before_cursor_execute", lambda *values: asked.append((values[2], values[3])))
        newsworthy.new_outlets(session, PAIRS, BEFORE)
        statement, values = next(each for each in asked if '"match"' in each[0])
        return "\n".join(row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values))

    told = sqlite_store.read_now(plan)
    assert "ix_article_source_id (source_id=?)" in told
    assert "(rule_id=? AND article_id=?)" in told
    assert "SCAN match" not in told
