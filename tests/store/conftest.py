"""A store in a fresh file, and values to put into it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import Engine
from sqlmodel import Session, select

from aggregator.alerts import decide
from aggregator.config.settings import Config, Settings, StoreSettings
from aggregator.fetch import host_key
from aggregator.model.alert import Limits
from aggregator.model.delivery import DeliveryKind, Recipient
from aggregator.model.feed import FeedEntry
from aggregator.model.rule import Lane, RuleSpec
from aggregator.model.source import SourceSpec
from aggregator.store import Store, alerts, registry
from aggregator.store.alerts import NewNotice
from aggregator.store.dialect import is_postgresql
from aggregator.store.outbox import NewDelivery
from aggregator.store.tables import MatchRow

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path, migrated: Callable[[Path], str]) -> str:
    """A store with the schema, on either database."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    return migrated(tmp_path / "test.db")


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    with Store(store_url) as opened:
        yield opened


@pytest.fixture
def sqlite_store(tmp_path: Path, migrated: Callable[[Path], str]) -> Iterator[Store]:
    """For what is SQLite's alone."""
    with Store(migrated(tmp_path / "test.db")) as opened:
        yield opened


@pytest.fixture
def plan_of(store: Store) -> Callable[[str], str]:
    """How the database means to find what a statement asks for. PostgreSQL would read small tables as they lie."""

    def explain(session: Session, statement: str) -> str:
        if not is_postgresql(session):
            return str(session.execute(text(f"EXPLAIN QUERY PLAN {statement}")).all())
        session.execute(text("SET LOCAL enable_seqscan TO off"))
        return str(session.execute(text(f"EXPLAIN {statement}")).all())

    return lambda statement: store.read_now(explain, statement)


PlansOf = Callable[..., list[str]]


@pytest.fixture
def plans_of(store: Store) -> PlansOf:
    """``plans_of("FROM delivery", unit, …)``: how the database means to find what a unit of work asks for in such statements.

    PostgreSQL would read small tables as they lie.
    """

    def explain(session: Session, asked: list[tuple[str, Any]]) -> list[str]:
        how = "EXPLAIN" if is_postgresql(session) else "EXPLAIN QUERY PLAN"
        if is_postgresql(session):
            session.execute(text("SET LOCAL enable_seqscan TO off"))
        connection = session.connection()
        return [str(connection.exec_driver_sql(f"{how} {statement}", parameters).all()) for statement, parameters in asked]

    def plans(part: str, unit: Callable[..., Any], *given: Any) -> list[str]:
        asked: list[tuple[str, Any]] = []

        def note(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
            if statement.startswith("SELECT") and part in statement:
                asked.append((statement, parameters))

        event.listen(Engine, "before_cursor_execute", note)
        try:
            store.write_now(unit, *given)
        finally:
            event.remove(Engine, "before_cursor_execute", note)
        return store.read_now(explain, asked)

    return plans


@pytest.fixture
def config() -> Config:
    return Config(
        Settings(store=StoreSettings()),
        sources=(
            SourceSpec("wire", "http://wire.test/feed", name="The Wire", group="wire", interval=timedelta(minutes=30)),
            SourceSpec("daily", "http://daily.test/feed", name="The Daily", group="international"),
        ),
        rules=(RuleSpec("strike", "Strike", "strike", Lane.NOW), RuleSpec("port", "Port", "port")),
        recipients=(
            Recipient("ana", "ana@example.org", timezone="Europe/Paris", digest_at=time(8)),
            Recipient("ben", "ben@example.org", rules=("port",)),
        ),
    )


@pytest.fixture
def applied(store: Store, config: Config, now: datetime) -> Store:
    store.write_now(registry.apply, config, now, host_key)
    return store


@pytest.fixture
def tell(applied: Store, config: Config) -> Callable[[datetime], list[set[int]]]:
    """Decide on what is due, reader by reader, and enter the mails. Returns the articles that each mail tells of."""

    def decide_all(at: datetime) -> list[set[int]]:
        mails = []
        for reader in applied.read_now(alerts.due_readers, at):
            pending = applied.read_now(alerts.pending, reader.id, at)
            past = applied.read_now(alerts.past, reader.id, {row.story for row in pending}, at)
            person = next(person for person in config.recipients if person.slug == reader.slug)
            plan = decide(person, pending, past, Limits(), at)
            key = f"alert:{reader.id}:{reader.number + 1}"
            sealed = NewDelivery(key, DeliveryKind.ALERT, reader.id, person.address, "s", f"<{key}@x>", b"x")
            notices = [NewNotice("alert", mail.priority, sealed, mail.ids, mail.over) for mail in plan.mails]
            applied.write_now(alerts.dispatch, reader, plan.rulings, notices, at)
            matches = {row.id: row.match_id for row in pending}
            articles = dict(applied.read_now(lambda session: session.exec(select(MatchRow.id, MatchRow.article_id)).all()))
            mails += [{articles[matches[id_]] for id_ in mail.ids} for mail in plan.mails]
        return mails

    return decide_all


@pytest.fixture
def make_entry() -> Callable[..., FeedEntry]:
    def make(key: str = "a", title: str = "Dockers strike", link: str | None = None, content: str = "") -> FeedEntry:
        return FeedEntry(
            key=key,
            title=title,
            link=link or f"http://wire.test/{key}",
            summary="",
            content=content,
            published_at=NOW,
            updated_at=None,
            published_raw="",
            zone_assumed=False,
            has_time=True,
            authors=(),
            tags=(),
            language=None,
            image_url=None,
            content_hash=f"{title}{content}",
        )

    return make
