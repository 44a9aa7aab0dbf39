"""Sources: claiming what is due, and storing what a poll brought."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, insert, text, update
from sqlmodel import Session, col, select

from aggregator.model.feed import FeedEntry, ParsedFeed
from aggregator.model.page import FetchFailed, Validators
from aggregator.model.source import DueSource, SourceHealth
from aggregator.store.codec import ENTRY, SOURCE
from aggregator.store.tables import ArticleRow, EntryRow, FetchRow, SourceRow

PER_HOST = 8
"""Sources of one host in one claim: they are polled one after the other, so more would only hold leases."""

_CLAIM = text("""
    UPDATE source SET lease_until = :until, lease_token = :token WHERE id IN (
        SELECT id FROM (
            SELECT id, next_poll_at, row_number() OVER (PARTITION BY host ORDER BY next_poll_at, id) AS place FROM source
            WHERE enabled AND removed_at IS NULL AND next_poll_at <= :now AND (lease_until IS NULL OR lease_until <= :now)
              AND host NOT IN (SELECT host FROM source WHERE lease_until > :now)
        ) WHERE place <= :per_host ORDER BY place, next_poll_at LIMIT :most
    ) RETURNING id, host
""")


def stamp(at: datetime) -> str:
    """An instant as SQLite holds it, for statements in plain SQL. It sorts as text."""
    return at.strftime("%Y-%m-%d %H:%M:%S.%f")


def claim_due(session: Session, now: datetime, most: int, lease: timedelta) -> list[tuple[int, ...]]:
    """Lease up to ``most`` due sources, fairly over hosts; one batch of ids per host. A host with a lease out is left alone."""
    values = {"now": stamp(now), "until": stamp(now + lease), "token": secrets.token_hex(8), "most": most, "per_host": PER_HOST}
    batches: dict[str, list[int]] = {}
    for id_, host in session.execute(_CLAIM, values):
        batches.setdefault(host, []).append(id_)
    return [tuple(ids) for ids in batches.values()]


def due_sources(session: Session, ids: Sequence[int]) -> list[DueSource]:
    """The leased sources among ``ids``, in their order, as they are now."""
    rows = {row.id: row for row in session.exec(select(SourceRow).where(col(SourceRow.id).in_(ids)))}
    found = []
    for id_ in ids:
        row = rows.get(id_)
        if row is None or row.lease_token is None:
            continue
        found.append(
            DueSource(
                id=id_,
                spec=SOURCE.load(row.spec),
                lease_token=row.lease_token,
                validators=Validators(row.etag, row.last_modified),
                final_url=row.final_url,
                body_sha256=row.body_sha256,
                failures=row.failures,
                baseline=row.baseline_at is None,
                host=row.host,
            )
        )
    return found


def _finish(session: Session, source: DueSource, **values: Any) -> bool:
    """Write the outcome and give the lease back. False when the lease was lost to somebody else: then nothing is written."""
    done = session.execute(
        update(SourceRow)
        .where(col(SourceRow.id) == source.id, col(SourceRow.lease_token) == source.lease_token)
        .values(lease_until=None, lease_token=None, **values)
    )
    return bool(done.rowcount)  # type: ignore[attr-defined]


def store_failure(session: Session, source: DueSource, failed: FetchFailed, next_poll_at: datetime) -> bool:
    """A poll came to nothing: count it, keep since when and why. Validators stay: the body they belong to is stored."""
    done = _finish(
        session,
        source,
        last_fetch_at=failed.failed_at,
        failures=source.failures + 1,
        failing_since=func.coalesce(SourceRow.failing_since, failed.failed_at),
        failure_kind=failed.kind.value,
        failure_detail=failed.detail,
        next_poll_at=next_poll_at,
    )
    if done:
        row = FetchRow(source_id=source.id, at=failed.failed_at, outcome="failed", kind=failed.kind.value, detail=failed.detail)
        row.status = failed.status
        session.add(row)
    return done


@dataclass(frozen=True, slots=True)
class Quiet:
    """A poll that found nothing new: ``not_modified`` by the server's word, or ``unchanged`` by the body's bytes."""

    source: DueSource
    outcome: str
    status: int
    validators: Validators
    at: datetime
    next_poll_at: datetime


def store_quiet(session: Session, polls: Sequence[Quiet]) -> None:
    """Write down polls that found nothing new, many at once, and give their leases back. A lost lease's poll changes nothing."""
    rows = [
        _success(poll.at, poll.next_poll_at, poll.validators, poll.source.final_url)
        | {"lease_until": None, "lease_token": None, "mine": poll.source.id, "held": poll.source.lease_token}
        for poll in polls
    ]
    mine = (col(SourceRow.id) == bindparam("mine"), col(SourceRow.lease_token) == bindparam("held"))
    columns: dict[str, Any] = {name: bindparam(name) for name in rows[0] if name not in ("mine", "held")}
    session.connection().execute(update(SourceRow).where(*mine).values(columns), rows)
    log = [{"source_id": poll.source.id, "at": poll.at, "outcome": poll.outcome, "status": poll.status} for poll in polls]
    session.execute(insert(FetchRow), log)


def _success(at: datetime, next_poll_at: datetime, validators: Validators, final_url: str | None) -> dict[str, Any]:
    return {
        "last_fetch_at": at,
        "last_success_at": at,
        "failures": 0,
        "failing_since": None,
        "failure_kind": "",
        "failure_detail": "",
        "next_poll_at": next_poll_at,
        "etag": validators.etag,
        "last_modified": validators.last_modified,
        "final_url": final_url,
    }


@dataclass(frozen=True, slots=True)
class FeedBody:
    """What of a fetched body is remembered with its entries. ``validators`` must belong to exactly these bytes."""

    final_url: str
    status: int
    sha256: str
    size: int
    validators: Validators
    fetched_at: datetime


@dataclass(frozen=True, slots=True)
class KeyedEntry:
    """An entry with its page's address key (empty: it has no page of its own) and host (empty: there is no page to get)."""

    entry: FeedEntry
    url_key: str
    host: str


def store_feed(
    session: Session, source: DueSource, body: FeedBody, feed: ParsedFeed, entries: Sequence[KeyedEntry], next_poll_at: datetime
) -> int | None:
    """Store a changed feed: its entries and, in the same transaction, the validators of the body they came in.

    New entries become pending, edited ones pending again. Returns how many entries are new, None when the lease was lost.
    """
    values = _success(body.fetched_at, next_poll_at, body.validators, body.final_url)
    if not _finish(
        session, source, **values, body_sha256=body.sha256, baseline_at=func.coalesce(SourceRow.baseline_at, body.fetched_at)
    ):
        return None
    new = _store_entries(session, source, entries, body.fetched_at)
    log = {"source_id": source.id, "at": body.fetched_at, "outcome": "fetched", "status": body.status, "bytes": body.size}
    detail = "; ".join(feed.warnings)[:300]
    session.execute(insert(FetchRow).values(**log, detail=detail, entries=len(entries), new_entries=new))
    return new


def _store_entries(session: Session, source: DueSource, entries: Sequence[KeyedEntry], at: datetime) -> int:
    keys = [item.entry.key for item in entries]
    known: dict[str, tuple[int, str]] = {}
    for start in range(0, len(keys), 500):
        chunk = select(EntryRow.id, EntryRow.key, EntryRow.content_hash).where(
            EntryRow.source_id == source.id, col(EntryRow.key).in_(keys[start : start + 500])
        )
        known |= {key: (int(id_ or 0), content) for id_, key, content in session.exec(chunk)}
    fresh = []
    for item in entries:
        entry = item.entry
        found = known.get(entry.key)
        if found is None:
            row = {"source_id": source.id, "key": entry.key, "url_key": item.url_key, "host": item.host}
            row |= {"content_hash": entry.content_hash, "payload": ENTRY.dump_text(entry), "baseline": source.baseline}
            fresh.append(row | {"first_seen_at": at, "due_at": at})
        elif found[1] != entry.content_hash:
            session.execute(
                update(EntryRow)
                .where(col(EntryRow.id) == found[0])
                .values(
                    content_hash=entry.content_hash,
                    payload=ENTRY.dump_text(entry),
                    url_key=item.url_key,
                    host=item.host,
                    version=EntryRow.version + 1,
                    state="pending",
                    attempts=0,
                    due_at=at,
                )
            )
    if fresh:
        session.execute(insert(EntryRow), fresh)
    return len(fresh)


def health(session: Session) -> list[SourceHealth]:
    """Every active source and how it does, failing ones first."""
    entries = dict(session.exec(select(EntryRow.source_id, func.count()).group_by(col(EntryRow.source_id))).all())
    articles = dict(session.exec(select(ArticleRow.source_id, func.count()).group_by(col(ArticleRow.source_id))).all())
    rows = session.exec(select(SourceRow).where(col(SourceRow.removed_at).is_(None)).order_by(SourceRow.slug)).all()
    return [
        SourceHealth(
            slug=row.slug,
            title=row.name,
            group=row.outlet_group,
            url=row.url,
            enabled=row.enabled,
            next_poll_at=row.next_poll_at if row.enabled else None,
            last_success_at=row.last_success_at,
            failing_since=row.failing_since,
            failures=row.failures,
            kind=row.failure_kind,
            detail=row.failure_detail,
            entries=entries.get(row.id or 0, 0),
            articles=articles.get(row.id or 0, 0),
        )
        for row in sorted(rows, key=lambda row: (row.failing_since is None, row.slug))
    ]


def troubled(session: Session) -> list[SourceHealth]:
    """The active sources that fail now."""
    return [source for source in health(session) if source.failing_since is not None and source.enabled]


def free_leases(session: Session) -> int:
    """Void every lease. Only the one process that owns the store may do so: whoever held them is gone."""
    count = 0
    for table in ("source", "entry", "delivery"):
        done = session.execute(text(f"UPDATE {table} SET lease_until = NULL, lease_token = NULL WHERE lease_token IS NOT NULL"))  # noqa: S608
        count += done.rowcount  # type: ignore[attr-defined]
    return count
