"""Migrations, and the engine's promises."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text
from sqlmodel import Session, SQLModel, select

from aggregator.config.settings import Config
from aggregator.errors import Conflict, StoreError
from aggregator.model.source import History
from aggregator.store import Store, maintenance, migrate, sources, stories, storylines
from aggregator.store.codec import SOURCE, load_vector
from aggregator.store.dialect import driver
from aggregator.store.schema import include_name
from aggregator.store.tables import ArticleRow, MatchRow, RevisionRow
from tests.store.revisions import at_revision

STORY = (
    "INSERT INTO story (created_at, language, newest_at, texts, open)"
    " VALUES ('2026-01-01 00:00:00', '', '2026-01-01 00:00:00', 0, false)"
)


def test_migrations_give_exactly_the_tables(store: Store) -> None:
    engine = create_engine(store.url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": include_name, "compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []
    engine.dispose()


def test_upgrade_is_idempotent_and_says_what_it_did(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/deep/new.db"
    assert migrate.upgrade(url) == (None, migrate.latest())
    assert migrate.upgrade(url) == (migrate.latest(), migrate.latest())


def test_a_store_of_the_first_version_keeps_what_it_holds(tmp_path: Path, config: Config, now: datetime) -> None:
    path = tmp_path / "old.db"
    with at_revision(f"sqlite:///{path}", "0001") as connection:
        connection.execute(
            text(
                "INSERT INTO source (slug, url, spec, host, name, outlet_group, country, enabled, created_at, next_poll_at,"
                " failures, failure_kind, failure_detail) VALUES ('wire', 'http://wire.test/feed', :spec, 'wire.test', 'Wire',"
                " '', '', 1, '2026-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000', 0, '', '')"
            ),
            {"spec": json.dumps(SOURCE.dump(config.sources[0]))},
        )
        connection.execute(
            text(
                "INSERT INTO fetch (source_id, at, outcome, kind, detail, bytes, entries, new_entries)"
                " VALUES (1, '2026-01-01 00:00:00.000000', 'fetched', '', '', 1, 1, 1)"
            )
        )
    assert migrate.upgrade(f"sqlite:///{path}") == ("0001", migrate.latest())
    with Store(f"sqlite:///{path}") as store:
        assert store.write_now(sources.claim_due, now, 10, timedelta(minutes=1)) == [(1,)]
        (wire,) = store.read_now(sources.due_sources, [1])
        assert (wire.spec, wire.url, wire.history) == (config.sources[0], "http://wire.test/feed", History())


def test_groups_of_copies_become_text_groups_each_with_a_story_and_alerts_stay_theirs(
    tmp_path: Path, config: Config, now: datetime
) -> None:
    path = tmp_path / "old.db"
    with at_revision(f"sqlite:///{path}", "0003") as connection:
        at = "'2026-01-01 00:00:00.000000'"
        source = f"'wire', 'http://wire.test/', :spec, 'wire.test', 'Wire', '', '', 1, {at}, {at}, 0, '', '', '', 0, '{{}}', ''"
        article = f"'http://wire.test/a', 'A', 'text', 'page', 'x', '', '[]', '[]', '', 0, '[]', '[]', 1, 1, 0, {at}, 0"
        for statement in (
            (
                "INSERT INTO source (slug, url, spec, host, name, outlet_group, country, enabled, created_at, next_poll_at,"
                f" failures, failure_kind, failure_detail, poll_reason, forced, history, trouble) VALUES ({source})"
            ),
            f"INSERT INTO story (id, created_at) VALUES (7, {at})",
            (
                "INSERT INTO article (id, source_id, story_id, url, title, text, text_origin, text_hash, note, authors, tags,"
                " site_name, has_time, date_evidence, sketch, words, revision, baseline, first_seen_at, match_due)"
                f" VALUES (3, 1, 7, {article})"
            ),
            (
                "INSERT INTO recipient (id, slug, spec, created_at, suppressed)"
                f""" VALUES (5, 'ana', '{{"rules": ["r*"]}}', {at}, ''), (6, 'ben', '{{"rules": ["other"]}}', {at}, '')"""
            ),
            f"INSERT INTO rule (id, slug, spec, position, version, created_at) VALUES (1, 'r', '{{}}', 0, 1, {at})",
            (
                "INSERT INTO match (id, rule_id, rule_version, article_id, revision, spans, aliases, matched_at)"
                f" VALUES (1, 1, 1, 3, 1, '[]', '[]', {at})"
            ),
            (
                "INSERT INTO alert (id, rule_id, story_id, match_id, state, reason, created_at, due_at)"
                f" VALUES (1, 1, 7, 1, 'sent', '', {at}, {at})"
            ),
        ):
            connection.execute(
                text(statement), {"spec": json.dumps(SOURCE.dump(config.sources[0]))} if ":spec" in statement else {}
            )
    migrate.upgrade(f"sqlite:///{path}")
    with Store(f"sqlite:///{path}") as store:
        (told,) = store.read_now(storylines.dossier, 7).texts
        assert (told.group_id, [member.article_id for member in told.members]) == (7, [3])
        assert store.read_now(lambda session: session.execute(text("SELECT match_id, state, story_id FROM alert")).all()) == [
            (1, "sent", 7)
        ]
        assert store.read_now(lambda session: session.execute(text("PRAGMA foreign_key_check")).all()) == []


def _vectors(session: Session, table: str) -> list[dict[str, float]]:
    return [load_vector(row[0]) for row in session.execute(text(f"SELECT vector FROM {table} ORDER BY id"))]


def test_vectors_of_stories_become_bytes(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    with at_revision(f"sqlite:///{path}", "0005") as connection:
        at = "'2026-01-01 00:00:00.000000'"
        for statement in (
            (
                "INSERT INTO story (id, created_at, language, newest_at, texts, vector, open) VALUES"
                f" (1, {at}, 'fa', {at}, 1, :vector, 1), (2, {at}, 'fa', {at}, 0, '{{}}', 0)"
            ),
            (
                "INSERT INTO text_group (id, story_id, created_at, language, placed_by, score, words, vector) VALUES"
                f" (1, 1, {at}, 'fa', 'first', 0, '[]', :vector), (2, 2, {at}, 'fa', 'first', 0, '[]', '{{}}')"
            ),
        ):
            connection.execute(text(statement), {"vector": json.dumps({"مجاهد": 0.75, "1402": 0.5})})
    migrate.upgrade(f"sqlite:///{path}")
    with Store(f"sqlite:///{path}") as store:
        for table in ("story", "text_group"):
            kept = store.read_now(_vectors, table)
            assert kept == [{"مجاهد": 0.75, "1402": 0.5}, {}]
        assert [one.vector for one in store.read_now(lambda session: stories.candidates(driver(session).execute, [1, 2]))] == [
            {"مجاهد": 0.75, "1402": 0.5}
        ]


def test_file_names_tell_the_revisions() -> None:
    config = AlembicConfig()
    config.set_main_option("script_location", str(migrate.HERE))
    scripts = ScriptDirectory.from_config(config)
    assert scripts.get_current_head() == migrate.latest()
    assert {script.revision for script in scripts.walk_revisions()} == migrate.known()


def test_a_store_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new.db"
    migrate.upgrade(url)
    with closing(sqlite3.connect(tmp_path / "new.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    with pytest.raises(StoreError, match="install a newer aggregator"):
        migrate.upgrade(url)


def test_no_other_database_is_a_store_and_no_password_is_shown() -> None:
    with pytest.raises(StoreError, match=r"^(?!.*secret).*mysql is not a store"):
        Store("mysql://user:secret@db.test/x")


def test_one_process_owns_a_store(store: Store) -> None:
    store.own()
    with Store(store.url) as other:
        with pytest.raises(Conflict, match="another aggregator service"):
            other.own()
        store.close()
        other.own()


def test_a_failed_unit_leaves_nothing(store: Store) -> None:
    def unit(session: Session) -> None:
        session.execute(text(STORY))
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011
        store.write_now(unit)
    assert store.read_now(maintenance.stats).stories == 0


def test_readers_cannot_write(store: Store) -> None:
    with pytest.raises(Exception, match=r"read.?only"):
        store.read_now(lambda session: session.execute(text(STORY)))


async def test_a_durable_write_is_synchronous_and_the_next_is_not(sqlite_store: Store) -> None:
    def level(session: Session) -> int:
        return int(session.execute(text("PRAGMA synchronous")).scalar_one())

    assert (await sqlite_store.write_durably(level), await sqlite_store.write(level)) == (2, 1)


async def test_concurrent_writers_wait_and_none_is_lost(store: Store) -> None:
    """Another process (here: a thread with a connection of its own) holds the lock for a while; nobody sees 'locked'."""
    with Store(store.url) as other:
        ready, go = threading.Event(), threading.Event()

        def insert(session: Session) -> None:
            session.execute(text(STORY))

        def hold(session: Session) -> None:
            insert(session)
            ready.set()
            go.wait(10)

        thread = threading.Thread(target=other.write_now, args=(hold,))
        thread.start()
        ready.wait(10)
        go.set()
        for _ in range(20):
            await store.write(insert)
        thread.join()
    assert store.read_now(maintenance.stats).stories == 21


def test_backup_is_whole_and_never_overwrites(sqlite_store: Store, tmp_path: Path) -> None:
    sqlite_store.write_now(lambda session: session.execute(text(STORY)))
    target = tmp_path / "backups" / "copy.db"
    assert maintenance.backup(sqlite_store.path, target) > 0
    with Store(f"sqlite:///{target}") as copy:
        assert copy.read_now(maintenance.stats).stories == 1
    with pytest.raises(StoreError, match="exists already"):
        maintenance.backup(sqlite_store.path, target)


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        ("SELECT id FROM source WHERE enabled AND removed_at IS NULL AND next_poll_at <= '2026-01-01'", "ix_source_due"),
        ("SELECT id FROM entry WHERE state = 'pending' AND due_at <= '2026-01-01'", "ix_entry_pending"),
        ("SELECT id FROM article WHERE match_due ORDER BY id LIMIT 100", "ix_article_match_due"),
        (
            "SELECT id FROM alert WHERE recipient_id = 1 AND state IN ('waiting', 'held') AND due_at <= '2026-01-01'",
            "ix_alert_due",
        ),
        ("SELECT id FROM delivery WHERE state IN ('due', 'unknown') AND due_at <= '2026-01-01'", "ix_delivery_due"),
        ("SELECT id FROM entry WHERE source_id = 1 AND first_seen_at >= '2026-01-01'", "ix_entry_seen"),
        ("SELECT id FROM entry WHERE text_key = 'x' AND text_key <> '' AND source_id = 1", "ix_entry_text"),
        ("SELECT article_id FROM recheck WHERE due_at <= '2026-01-01'", "ix_recheck_due"),
    ],
)
def test_what_is_due_is_found_by_its_index(plan_of: Callable[[str], str], statement: str, index: str) -> None:
    assert index in plan_of(statement)


def test_what_is_no_database_is_refused_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("this is no database at all, whatever its name may say " * 20)
    with pytest.raises(StoreError, match=r"notes\.txt cannot be opened as a store: file is not a database"):
        migrate.upgrade(f"sqlite:///{tmp_path}/notes.txt")


def test_a_store_before_pages_keeps_articles_revisions_and_matches(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    with at_revision(f"sqlite:///{path}", "0003") as connection:
        at = "2026-01-01 00:00:00.000000"
        source = f"'a', 'http://a.test', '{{}}', 'a.test', 'A', '', '', 1, '{at}', '{at}', 0, '', ''"
        of_one = f"1, 1, 'http://a.test/1', 'T', 'Body', 'page', 'h', '', '[]', '[]', '', 0, '[]', '[]', 1, 2, 0, '{at}', 0"
        of_source = (
            "slug, url, spec, host, name, outlet_group, country, enabled, created_at, next_poll_at, failures, failure_kind,"
            " failure_detail"
        )
        of_article = (
            "source_id, story_id, url, title, text, text_origin, text_hash, note, authors, tags, site_name, has_time,"
            " date_evidence, sketch, words, revision, baseline, first_seen_at, match_due"
        )
        for table, columns, values in (
            ("source", of_source, source),
            ("story", "created_at", f"'{at}'"),
            ("article", of_article, of_one),
            ("revision", "article_id, number, title, text, replaced_at", f"1, 1, 'Old', 'Old body', '{at}'"),
            ("rule", "slug, spec, position, version, created_at", f"'r', '{{}}', 0, 1, '{at}'"),
            (
                "match",
                "rule_id, rule_version, article_id, revision, spans, aliases, matched_at",
                f"1, 1, 1, 2, '[]', '[]', '{at}'",
            ),
        ):
            connection.execute(text(f"INSERT INTO {table} ({columns}) VALUES ({values})"))
    assert migrate.upgrade(f"sqlite:///{path}") == ("0003", migrate.latest())
    with Store(f"sqlite:///{path}") as store:
        (article,) = store.read_now(lambda session: session.exec(select(ArticleRow)).all())
        assert (article.title, article.text, article.access, article.other_languages) == ("T", "Body", "open", [])
        assert (article.revision, article.revision_reason, article.withdrawn_at) == (2, "", None)
        (revision,) = store.read_now(lambda session: session.exec(select(RevisionRow)).all())
        assert (revision.title, revision.text, revision.reason) == ("Old", "Old body", "")
        (match,) = store.read_now(lambda session: session.exec(select(MatchRow)).all())
        assert (match.by_edit, match.lapsed_at) == (False, None)
