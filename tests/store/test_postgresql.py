"""What a store on PostgreSQL promises beside what every store does."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import create_engine, text
from sqlmodel import Session, select

from aggregator.errors import Conflict, StoreError
from aggregator.store import Store, maintenance, migrate
from aggregator.store.dialect import driver, instant, stamp, translated
from aggregator.store.tables import FetchRow, HostRow, SourceRow, StoryRow
from tests.postgres import Server

AT = datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC)


@pytest.fixture
def store(postgres_url: str) -> Iterator[Store]:
    with Store(postgres_url) as opened:
        yield opened


def _story(session: Session) -> None:
    session.add(StoryRow(created_at=AT, newest_at=AT))


def _stories(session: Session) -> int:
    return len(session.exec(select(StoryRow)).all())


def test_an_empty_database_becomes_a_store(postgres_server: Server) -> None:
    url = postgres_server.empty()
    assert migrate.upgrade(url) == (None, migrate.latest())
    assert migrate.upgrade(url) == (migrate.latest(), migrate.latest())
    postgres_server.drop(url)


def test_a_database_that_is_not_there_is_named_without_the_password(postgres_url: str) -> None:
    url = postgres_url.replace("postgres@", "postgres:hush@").replace("/test_", "/absent_")
    for opening in (migrate.upgrade, lambda url: Store(url).own()):
        with pytest.raises(StoreError, match=r"(?s)^(?!.*hush).*absent_.*cannot be opened as a store.*does not exist"):
            opening(url)


def test_integers_are_wide_and_text_sorts_by_code_points(store: Store) -> None:
    def types(session: Session) -> set[tuple[str, str | None]]:
        asked = "SELECT data_type, collation_name FROM information_schema.columns WHERE table_schema = 'public'"
        return {(kind, collation) for kind, collation in session.execute(text(f"{asked} AND table_name <> 'alembic_version'"))}

    found = store.read_now(types)
    assert "integer" not in {kind for kind, _ in found}
    assert {collation for kind, collation in found if kind == "character varying"} == {"C"}


def test_instants_are_utc_both_ways_whatever_the_server_thinks(store: Store) -> None:
    def write(session: Session) -> None:
        session.add(HostRow(host="a", throttled_until=AT.astimezone(UTC)))
        session.flush()
        (found,) = driver(session).execute("SELECT throttled_until FROM host WHERE throttled_until = :at", {"at": stamp(AT)})
        assert (instant(found[0]), instant(found[0]).utcoffset()) == (AT, timedelta())

    store.write_now(write)
    assert store.read_now(lambda session: session.get_one(HostRow, "a").throttled_until) == AT


def test_a_nul_is_no_reason_to_lose_an_article_and_offsets_stay(store: Store) -> None:
    store.write_now(lambda session: session.add(HostRow(host="a\0b")))
    assert store.read_now(lambda session: session.exec(select(HostRow.host)).one()) == "a\ufffdb"


def test_sums_of_integers_are_integers(store: Store) -> None:
    def sums(session: Session) -> tuple[object, ...]:
        return tuple(session.execute(text("SELECT sum(n), avg(n) FROM (VALUES (1::bigint), (2::bigint)) AS v (n)")).one())

    found = store.read_now(sums)
    assert (found, [type(value) for value in found]) == ((3, 1.5), [int, float])


def test_statements_of_the_driver_are_translated() -> None:
    assert translated("SELECT value FROM json_each(:ids) WHERE a LIKE '5%' AND b::text = :b") == (
        "SELECT value FROM json_array_elements_text(CAST(%(ids)s AS json)) WHERE a LIKE '5%%' AND b::text = %(b)s"
    )
    assert translated("SET at = max(at, :at)") == "SET at = greatest(at, %(at)s)"


def test_a_durable_write_waits_for_the_disk_and_the_next_does_not(store: Store) -> None:
    def level(session: Session) -> str:
        return str(session.execute(text("SHOW synchronous_commit")).scalar_one())

    async def levels() -> list[str]:
        return [await store.write(level), await store.write_durably(level), await store.write(level)]

    assert asyncio.run(levels()) == ["off", "on", "off"]


def test_writers_wait_for_each_other_from_their_beginning(store: Store) -> None:
    """What one reads before it writes still holds when it writes: none of both sees the state before the other."""
    ready, seen = threading.Event(), []

    def slow(session: Session) -> None:
        ready.set()
        seen.append(_stories(session))
        other.start()
        _waits(store)
        _story(session)

    def quick(session: Session) -> None:
        seen.append(_stories(session))
        _story(session)

    with Store(store.url) as beside:
        other = threading.Thread(target=beside.write_now, args=(quick,))
        store.write_now(slow)
        other.join()
    assert seen == [0, 1]


def _waits(store: Store) -> None:
    """Until somebody waits for the writers' lock."""
    with Store(store.url) as watching:
        while not watching.read_now(
            lambda session: session.execute(
                text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
            ).scalar()
        ):
            pass


def test_a_reader_sees_one_state(store: Store) -> None:
    def twice(session: Session) -> tuple[int, int]:
        before = _stories(session)
        store.write_now(_story)
        session.expire_all()
        return before, _stories(session)

    assert store.read_now(twice) == (0, 0)
    assert store.read_now(_stories) == 1


def test_after_the_server_was_away_work_goes_on_and_the_store_is_still_owned(store: Store) -> None:
    store.own()
    store.write_now(_story)
    _throw_out(store)
    store.write_now(_story)
    assert store.read_now(_stories) == 2
    with Store(store.url) as other, pytest.raises(Conflict, match="another aggregator service"):
        other.own()


def test_who_lost_the_store_to_another_writes_no_more(store: Store) -> None:
    store.own()
    _throw_out(store)
    with Store(store.url) as other:
        other.own()
        with pytest.raises(Conflict):
            store.write_now(_story)
    store.write_now(_story)
    assert store.read_now(_stories) == 1


def _throw_out(store: Store) -> None:
    """The server ends every connection but the one that asks."""
    engine = create_engine(store.url)
    with engine.connect() as connection:
        ended = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database()"
        connection.execute(text(f"{ended} AND pid <> pg_backend_pid()")).all()
    engine.dispose()


def test_a_clock_that_was_set_moves_what_is_planned(store: Store) -> None:
    store.write_now(lambda session: session.add(HostRow(host="a", throttled_until=AT)))
    store.write_now(maintenance.shift, timedelta(hours=-1, milliseconds=5))
    assert store.read_now(lambda session: session.get_one(HostRow, "a").throttled_until) == AT - timedelta(seconds=3599.995)


def test_ids_go_on_beyond_32_bits(store: Store) -> None:
    def unit(session: Session) -> int | None:
        source = SourceRow(slug="a", url="http://a.test", spec={}, host="a", name="A", created_at=AT, next_poll_at=AT)
        session.add(source)
        session.flush()
        session.execute(text("SELECT setval(pg_get_serial_sequence('fetch', 'id'), 5000000000)"))
        row = FetchRow(source_id=source.id or 0, at=AT, outcome="fetched")
        session.add(row)
        session.flush()
        return row.id

    assert store.write_now(unit) == 5_000_000_001


def test_another_encoding_is_refused(postgres_server: Server, postgres_url: str) -> None:
    engine = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'"))
    engine.dispose()
    url = postgres_url.replace(postgres_url.partition("/test_")[2].partition("?")[0], "").replace("/test_", "/latin")
    try:
        with pytest.raises(StoreError, match="encoding LATIN1: create the database with ENCODING 'UTF8'"):
            migrate.upgrade(url)
    finally:
        postgres_server.drop(url)
