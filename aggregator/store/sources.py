"""Sources: claiming what is due, and storing what a poll brought."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, text, update
from sqlmodel import Session, SQLModel, col, select
from sqlmodel.sql.sqltypes import UTCDateTime

from aggregator.manners import Plan
from aggregator.model.feed import FeedEntry, ParsedFeed
from aggregator.model.page import FetchFailed, Validators
from aggregator.model.source import DueSource, Gap, History, Move, SourceHealth, Trouble
from aggregator.store.codec import ENTRY, HISTORY, SOURCE
from aggregator.store.dialect import timed, upsert
from aggregator.store.moves import apply_move
from aggregator.store.tables import ArticleRow, EntryRow, FetchRow, GapRow, HostRow, SourceRow, WindowRow

PER_HOST = 8
"""Sources of one host in one claim: they are polled one after the other, so more would only hold leases."""

_CLAIM = timed(
    """
    UPDATE source SET lease_until = :until, lease_token = :token WHERE id IN (
        SELECT id FROM (
            SELECT id, next_poll_at, row_number() OVER (PARTITION BY host ORDER BY next_poll_at, id) AS place FROM source
            WHERE enabled AND removed_at IS NULL AND merged_into IS NULL AND next_poll_at <= :now
              AND (lease_until IS NULL OR lease_until <= :now)
              AND host NOT IN (SELECT host FROM source WHERE lease_until > :now)
              AND host NOT IN (SELECT host FROM host WHERE throttled_until > :now)
        ) AS due WHERE place <= :per_host ORDER BY place, next_poll_at LIMIT :most
    ) RETURNING id, host
    """,
    "now",
    "until",
)

# What every poll needs, built once and without the ORM, which takes as long again to look at each statement.
_TABLES = SQLModel.metadata.tables
_SOURCE, _ENTRY, _WINDOW = _TABLES["source"], _TABLES["entry"], _TABLES["feed_window"]
_MINE = (_SOURCE.c.id == bindparam("mine"), _SOURCE.c.lease_token == bindparam("held"))
_HELD = select(_SOURCE.c.id).where(*_MINE)
_SUCCESS = (
    *("lease_until", "lease_token", "last_fetch_at", "last_success_at", "failures", "failing_since", "failure_kind"),
    *("failure_detail", "forced", "proposed_url", "etag", "last_modified", "final_url", "next_poll_at", "poll_reason"),
    *("allowed_at", "history", "trouble"),
)
_SUCCEED = update(_SOURCE).where(*_MINE).values({name: bindparam(name) for name in _SUCCESS})
_SUCCEED_WITH_NEWS = _SUCCEED.values(
    body_sha256=bindparam("body_sha256"), baseline_at=func.coalesce(_SOURCE.c.baseline_at, bindparam("at", type_=UTCDateTime()))
)
_LOG = insert(_TABLES["fetch"])
_FETCH_DEFAULTS = {"kind": "", "detail": "", "bytes": 0, "entries": 0, "new_entries": 0}
_KNOWN = select(_ENTRY.c.id, _ENTRY.c.key, _ENTRY.c.content_hash).where(
    _ENTRY.c.source_id == bindparam("mine"), _ENTRY.c.key.in_(bindparam("keys", expanding=True))
)
_NEW_ENTRIES = insert(_ENTRY)
_ENTRY_DEFAULTS = {"version": 1, "state": "pending", "attempts": 0, "error": "", "text_key": ""}
_PUT_WINDOW = upsert(_WINDOW).values(source_id=bindparam("source_id"), data=bindparam("data"))
_KEEP_WINDOW = _PUT_WINDOW.on_conflict_do_update(index_elements=["source_id"], set_={"data": _PUT_WINDOW.excluded.data})
_DROP_WINDOW = delete(_WINDOW).where(_WINDOW.c.source_id == bindparam("source_id"))


def claim_due(session: Session, now: datetime, most: int, lease: timedelta) -> list[tuple[int, ...]]:
    """Lease up to ``most`` due sources, fairly over hosts; one batch of ids per host.

    A host with a lease out, or that wants no request at present, is left alone.
    """
    values = {"now": now, "until": now + lease, "token": secrets.token_hex(8), "most": most, "per_host": PER_HOST}
    batches: dict[str, list[int]] = {}
    for id_, host in sorted(session.execute(_CLAIM, values)):
        batches.setdefault(host, []).append(id_)
    return [tuple(ids) for ids in batches.values()]


def due_sources(session: Session, ids: Sequence[int], pushed: Collection[int] = ()) -> list[DueSource]:
    """The leased sources among ``ids``, in their order, as they are now. ``pushed``: those that a hub tells us of."""
    rows = {row.id: row for row in session.exec(select(SourceRow).where(col(SourceRow.id).in_(ids)))}
    hosts = {row.host for row in rows.values()}
    throttled = set(session.exec(select(HostRow.host).where(col(HostRow.host).in_(hosts), HostRow.throttles > 0)))
    return [
        replace(_due(row, row.lease_token, id_ in pushed), throttled=row.host in throttled)
        for id_ in ids
        if (row := rows.get(id_)) is not None and row.lease_token is not None
    ]


def _due(row: SourceRow, token: str, pushed: bool) -> DueSource:
    return DueSource(
        id=row.id or 0,
        spec=SOURCE.load(row.spec),
        lease_token=token,
        url=row.moved_to or row.url,
        history=HISTORY.load_text(row.history),
        allowed_at=row.allowed_at,
        pushed=pushed,
        validators=Validators(row.etag, row.last_modified),
        final_url=row.final_url,
        body_sha256=row.body_sha256,
        failures=row.failures,
        failing_since=row.failing_since,
        failure_kind=row.failure_kind,
        failure_detail=row.failure_detail,
        host=row.host,
        forced=row.forced,
        baseline=row.baseline_at is None,
    )


def by_slug(session: Session, slug: str) -> DueSource | None:
    """An active source, leased or not, for what happens outside of its turn (a hub's push, the command line)."""
    row = session.exec(select(SourceRow).where(SourceRow.slug == slug, col(SourceRow.removed_at).is_(None))).one_or_none()
    return _due(row, row.lease_token or "", pushed=False) if row else None


def window_of(session: Session, source_id: int) -> bytes | None:
    """The window that was stored with the source's last document."""
    return session.exec(select(WindowRow.data).where(WindowRow.source_id == source_id)).one_or_none()


def _planned(history: History, plan: Plan) -> dict[str, Any]:
    return {
        "next_poll_at": plan.at,
        "poll_reason": plan.reason,
        "allowed_at": plan.allowed_at,
        "history": HISTORY.dump_text(history),
        "trouble": history.trouble.value,
    }


def _finish(session: Session, source: DueSource, **values: Any) -> bool:
    """Write the outcome and give the lease back. False when the lease was lost to somebody else: then nothing is written."""
    done = session.connection().execute(
        update(_SOURCE).where(*_MINE).values(lease_until=None, lease_token=None, **values),
        {"mine": source.id, "held": source.lease_token},
    )
    return bool(done.rowcount)


@dataclass(frozen=True, slots=True)
class Asked:
    """How a request was made: with validators or without, and whether before the publisher allowed it."""

    conditional: bool = False
    early: bool = False


def store_failure(session: Session, source: DueSource, failed: FetchFailed, history: History, plan: Plan, asked: Asked) -> bool:
    """A poll came to nothing: count it, keep since when and why. Validators stay: the body they belong to is stored."""
    done = _finish(
        session,
        source,
        **_planned(history, plan),
        last_fetch_at=failed.failed_at,
        failures=source.failures + 1,
        failing_since=func.coalesce(SourceRow.failing_since, failed.failed_at),
        failure_kind=failed.kind.value,
        failure_detail=failed.detail,
    )
    if done:
        row = FetchRow(source_id=source.id, at=failed.failed_at, outcome="failed", kind=failed.kind.value, detail=failed.detail)
        row.status, row.conditional, row.early = failed.status, asked.conditional, asked.early
        session.add(row)
    return done


def forgive(session: Session, sources: Sequence[DueSource], next_poll_at: Callable[[DueSource], datetime]) -> int:
    """Take failures back that were nobody's fault but ours: each source is as it was before. Returns how many.

    Only where nothing has happened since: one more failure than before, and no lease.
    """
    count = 0
    for source in sources:
        done = session.execute(
            update(SourceRow)
            .where(
                col(SourceRow.id) == source.id,
                col(SourceRow.failures) == source.failures + 1,
                col(SourceRow.lease_token).is_(None),
            )
            .values(
                failures=source.failures,
                failing_since=source.failing_since,
                failure_kind=source.failure_kind,
                failure_detail=source.failure_detail,
                history=HISTORY.dump_text(source.history),
                trouble=source.history.trouble.value,
                allowed_at=source.allowed_at,
                next_poll_at=next_poll_at(source),
                poll_reason="once more: the failure was not its own",
            )
        )
        count += done.rowcount  # type: ignore[attr-defined]
    return count


def postpone(session: Session, source: DueSource, at: datetime) -> None:
    """Give a lease back and try again at ``at``, without a word about this time: we were offline."""
    _finish(session, source, next_poll_at=at, poll_reason="once more: we were offline")


def release(session: Session, sources: Sequence[DueSource]) -> None:
    """Give leases back without having polled; the sources stay due."""
    for source in sources:
        _finish(session, source)


@dataclass(frozen=True, slots=True)
class Quiet:
    """A poll that found nothing new: ``not_modified`` by the server's word, or ``unchanged`` by the body's bytes."""

    source: DueSource
    outcome: str
    status: int
    validators: Validators
    at: datetime
    history: History
    plan: Plan
    asked: Asked = Asked()


def store_quiet(session: Session, polls: Sequence[Quiet]) -> None:
    """Write down polls that found nothing new, many at once, and give their leases back. A lost lease's poll changes nothing."""
    rows = [
        _success(poll.at, poll.history, poll.plan, poll.validators, poll.source.final_url)
        | {"mine": poll.source.id, "held": poll.source.lease_token}
        for poll in polls
    ]
    session.connection().execute(_SUCCEED, rows)
    log = [
        {"source_id": poll.source.id, "at": poll.at, "outcome": poll.outcome, "status": poll.status}
        | {"conditional": poll.asked.conditional, "early": poll.asked.early}
        for poll in polls
    ]
    session.connection().execute(_LOG, [_FETCH_DEFAULTS | line for line in log])


def _success(at: datetime, history: History, plan: Plan, validators: Validators, final_url: str | None) -> dict[str, Any]:
    return {
        **_planned(history, plan),
        "lease_until": None,
        "lease_token": None,
        "last_fetch_at": at,
        "last_success_at": at,
        "failures": 0,
        "failing_since": None,
        "failure_kind": "",
        "failure_detail": "",
        "forced": False,
        "proposed_url": None,
        "etag": validators.etag,
        "last_modified": validators.last_modified,
        "final_url": final_url,
    }


@dataclass(frozen=True, slots=True)
class FeedBody:
    """What of a fetched body is remembered with its entries. ``validators`` must belong to exactly these bytes.

    ``window`` is ``codec.dump_window`` of the document, None if it has none.
    """

    final_url: str
    status: int
    sha256: str
    size: int
    validators: Validators
    fetched_at: datetime
    window: bytes | None = None
    asked: Asked = Asked()


@dataclass(frozen=True, slots=True)
class KeyedEntry:
    """An entry with its page's address key (empty: it has no page of its own) and host (empty: there is no page to get)."""

    entry: FeedEntry
    url_key: str
    host: str


@dataclass(frozen=True, slots=True)
class Stored:
    """What storing a document showed: the entries that are ``new``, and how many of the others were ``known``."""

    new: tuple[FeedEntry, ...]
    known: int


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What follows from a stored document, written with it: the history, the next poll, a gap, a confirmed move.

    ``host`` is that of the move's new address.
    """

    history: History
    plan: Plan
    gap: Gap | None = None
    move: Move | None = None
    host: str = ""


def store_feed(
    session: Session,
    source: DueSource,
    body: FeedBody,
    feed: ParsedFeed,
    entries: Sequence[KeyedEntry],
    conclude: Callable[[Stored], Conclusion],
) -> tuple[Stored, Conclusion] | None:
    """Store a changed feed: its entries and, in the same transaction, the validators of the body they came in.

    New entries become pending, edited ones pending again. ``conclude`` (pure) decides what follows from what was new. Returns
    None when the lease was lost.
    """
    # This transaction is the only writer from its beginning on: what holds now still holds when the lease is given back below.
    if not session.connection().execute(_HELD, {"mine": source.id, "held": source.lease_token}).first():
        return None
    stored = store_entries(session, source, entries, len(feed.kept), body.fetched_at)
    concluded = conclude(stored)
    values = _success(body.fetched_at, concluded.history, concluded.plan, body.validators, body.final_url)
    values |= {"mine": source.id, "held": source.lease_token, "body_sha256": body.sha256, "at": body.fetched_at}
    session.connection().execute(_SUCCEED_WITH_NEWS, values)
    if body.window is not None:
        session.connection().execute(_KEEP_WINDOW, {"source_id": source.id, "data": body.window})
    else:
        session.connection().execute(_DROP_WINDOW, {"source_id": source.id})
    if gap := concluded.gap:
        session.add(
            GapRow(
                source_id=source.id,
                found_at=body.fetched_at,
                published_after=gap.after,
                published_before=gap.before,
                estimate=gap.estimate,
            )
        )
    if concluded.move:
        apply_move(session, source.id, concluded.move, concluded.host, body.fetched_at)
    log_fetch(session, source, body, feed, len(stored.new))
    return stored, concluded


def log_fetch(session: Session, source: DueSource, body: FeedBody, feed: ParsedFeed, new: int) -> None:
    """Write a line of the source's history."""
    log = {"source_id": source.id, "at": body.fetched_at, "outcome": "fetched", "status": body.status, "bytes": body.size}
    log |= {"conditional": body.asked.conditional, "early": body.asked.early, "entries": len(feed.entries) + len(feed.kept)}
    session.connection().execute(_LOG, _FETCH_DEFAULTS | log | {"detail": "; ".join(feed.warnings)[:300], "new_entries": new})


def store_entries(session: Session, source: DueSource, entries: Sequence[KeyedEntry], kept: int, at: datetime) -> Stored:
    """Store what a document holds: new entries become pending, edited ones pending again. ``kept`` more are known by their bytes.

    Where no key is known, links are compared, too: a feed that renumbers its entries has not lost them.
    """
    keys = [item.entry.key for item in entries]
    known: dict[str, tuple[int, str]] = {}
    for start in range(0, len(keys), 500):
        chunk = session.connection().execute(_KNOWN, {"mine": source.id, "keys": keys[start : start + 500]})
        known |= {key: (id_, content) for id_, key, content in chunk}
    fresh = []
    new: list[KeyedEntry] = []
    for item in entries:
        entry = item.entry
        found = known.get(entry.key)
        if found is None:
            row = {"source_id": source.id, "key": entry.key, "url_key": item.url_key, "host": item.host}
            row |= {"content_hash": entry.content_hash, "payload": ENTRY.dump_text(entry), "baseline": source.baseline}
            fresh.append(_ENTRY_DEFAULTS | row | {"first_seen_at": at, "due_at": at})
            new.append(item)
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
    overlap = kept + len(known)
    if fresh and not overlap and not source.baseline:
        overlap = _known_by_link(session, source, new)
    if fresh:
        session.connection().execute(_NEW_ENTRIES, fresh)
    return Stored(tuple(item.entry for item in new), overlap)


def _known_by_link(session: Session, source: DueSource, entries: Sequence[KeyedEntry]) -> int:
    links = list({item.url_key for item in entries if item.url_key})[:500]
    same = select(func.count()).where(EntryRow.source_id == source.id, col(EntryRow.url_key).in_(links))
    return session.exec(same).one() if links else 0


def propose(session: Session, source_id: int, url: str | None, searched: History) -> None:
    """Note that a feed's site was asked for another address, and what it named. If it named nothing, an older word stands."""
    values = {"history": HISTORY.dump_text(searched)} | ({"proposed_url": url} if url else {})
    session.execute(update(SourceRow).where(col(SourceRow.id) == source_id).values(**values))


def spread_overdue(
    session: Session, now: datetime, overdue: timedelta, few: int, place: Callable[[str, timedelta | None], timedelta]
) -> int:
    """After a time without polls: give every source that is due for longer than ``overdue`` its own place in the time to come.

    ``place`` tells how long from now, by slug and the wait that was planned. With ``few`` sources or less nothing is moved.
    Returns how many were.
    """
    late = session.exec(
        select(SourceRow.id, SourceRow.slug, SourceRow.history).where(
            col(SourceRow.enabled), col(SourceRow.removed_at).is_(None), col(SourceRow.next_poll_at) < now - overdue
        )
    ).all()
    if len(late) <= few:
        return 0
    for id_, slug, history in late:
        at = now + place(slug, HISTORY.load_text(history).wait)
        session.execute(update(SourceRow).where(col(SourceRow.id) == id_).values(next_poll_at=at))
    return len(late)


def refresh(session: Session, slug: str, now: datetime, cool_down: timedelta, *, force: bool) -> datetime | None:
    """Let a source be polled at once. Returns None when that is done, else the instant before which it may not be.

    That is the end of the cool-down since its last poll, or of what the publisher asked for. ``force``: without validators.
    """
    row = session.exec(select(SourceRow).where(SourceRow.slug == slug, col(SourceRow.removed_at).is_(None))).one()
    cooled = row.last_fetch_at + cool_down if row.last_fetch_at else now
    earliest = max(cooled, row.allowed_at or now)
    if earliest > now:
        return earliest
    row.next_poll_at, row.poll_reason = now, "asked for by the operator"
    row.forced = row.forced or force
    session.add(row)
    return None


def health(session: Session) -> list[SourceHealth]:
    """Every active source and how it does, failing ones first."""
    entries = dict(session.exec(select(EntryRow.source_id, func.count()).group_by(col(EntryRow.source_id))).all())
    articles = dict(session.exec(select(ArticleRow.source_id, func.count()).group_by(col(ArticleRow.source_id))).all())
    return _health(session, (), entries, articles)


def _health(
    session: Session, where: Sequence[Any], entries: Mapping[int, int], articles: Mapping[int, int]
) -> list[SourceHealth]:
    there = select(SourceRow).where(col(SourceRow.removed_at).is_(None), *where)
    rows = session.exec(there.order_by(SourceRow.slug)).all()
    slugs = {row.id: row.slug for row in rows}
    return [
        SourceHealth(
            slug=row.slug,
            title=row.name,
            group=row.outlet_group,
            url=row.moved_to or row.url,
            enabled=row.enabled,
            next_poll_at=row.next_poll_at if row.enabled and row.merged_into is None else None,
            last_success_at=row.last_success_at,
            failing_since=row.failing_since,
            failures=row.failures,
            kind=row.failure_kind,
            detail=row.failure_detail,
            entries=entries.get(row.id or 0, 0),
            articles=articles.get(row.id or 0, 0),
            trouble=Trouble(row.trouble),
            proposed_url=row.proposed_url,
            merged_into=slugs.get(row.merged_into, "") if row.merged_into else "",
        )
        for row in sorted(rows, key=lambda row: (row.failing_since is None, row.slug))
    ]


def troubled(session: Session) -> list[SourceHealth]:
    """The active sources that fail now. Their entries and articles are not counted."""
    failing = (col(SourceRow.failing_since).is_not(None), col(SourceRow.enabled), col(SourceRow.merged_into).is_(None))
    return _health(session, failing, {}, {})


def failing_share(session: Session, groups: Sequence[str] = ()) -> float:
    """The part of the active sources that fail now, of these groups or of all; 0 without any."""
    mine = [col(SourceRow.removed_at).is_(None), col(SourceRow.enabled), col(SourceRow.merged_into).is_(None)]
    mine += [col(SourceRow.outlet_group).in_(groups)] if groups else []
    watched, failing = session.exec(select(func.count(), func.count(col(SourceRow.failing_since))).where(*mine)).one()
    return failing / watched if watched else 0.0


def free_leases(session: Session) -> int:
    """Void every lease. Only the one process that owns the store may do so: whoever held them is gone."""
    # A message keeps its token: nobody knows whether it went out, and who takes it next writes that down.
    count: int = session.execute(text("UPDATE delivery SET lease_until = NULL WHERE lease_until IS NOT NULL")).rowcount  # type: ignore[attr-defined]
    for table in ("source", "entry", "recheck", "channel"):
        done = session.execute(text(f"UPDATE {table} SET lease_until = NULL, lease_token = NULL WHERE lease_token IS NOT NULL"))  # noqa: S608
        count += done.rowcount  # type: ignore[attr-defined]
    return count
