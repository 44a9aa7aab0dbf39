"""Pages as they came, kept as evidence and for another extraction: compressed, identical bodies once, for a while."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import delete, func
from sqlmodel import Session, col, select

from aggregator.model.feed import FeedEntry
from aggregator.model.page import Fetched
from aggregator.model.record import StoredPage
from aggregator.store.codec import ENTRY
from aggregator.store.dialect import upsert
from aggregator.store.tables import PageBodyRow, PageRow

LEVEL = 4
"""Of zlib: a mean page of 207 kB takes 2.7 ms to 42 kB; the default of 6 takes 4.4 ms to 40 kB."""


@dataclass(frozen=True, slots=True)
class PackedPage:
    """A page and the feed entry that led to it, ready to be kept: ``body`` and ``entry`` are compressed."""

    url: str
    final_url: str
    status: int
    headers: tuple[tuple[str, str], ...]
    fetched_at: datetime
    sha256: str
    size: int
    body: bytes
    entry: bytes


def pack(page: Fetched, entry: FeedEntry) -> PackedPage:
    """Compress a page. Takes some milliseconds, which are better spent beside the writer's thread."""
    return PackedPage(
        url=page.url,
        final_url=page.final_url,
        status=page.status,
        headers=page.headers,
        fetched_at=page.fetched_at,
        sha256=sha256(page.body).hexdigest(),
        size=len(page.body),
        body=zlib.compress(page.body, LEVEL),
        entry=zlib.compress(ENTRY.dump_text(entry).encode()),
    )


def keep(session: Session, article_id: int, revision: int, page: PackedPage) -> None:
    """Keep the page that made a revision; the first one stays, since it is the evidence."""
    body = {"sha256": page.sha256, "size": page.size, "stored": len(page.body), "body": page.body}
    session.execute(upsert(PageBodyRow).values(body).on_conflict_do_nothing())
    values = {
        "article_id": article_id,
        "revision": revision,
        "url": page.url,
        "final_url": page.final_url,
        "status": page.status,
        "headers": [list(pair) for pair in page.headers],
        "fetched_at": page.fetched_at,
        "sha256": page.sha256,
        "entry": page.entry,
    }
    session.execute(upsert(PageRow).values(values).on_conflict_do_nothing())


def keep_again(session: Session, article_id: int, revision: int, to: int) -> None:
    """The page of a revision made another one, too: it was extracted anew."""
    row = session.get_one(PageRow, (article_id, revision))
    session.add(PageRow(**(row.model_dump() | {"revision": to})))


def pages_of(session: Session, article_id: int) -> list[StoredPage]:
    """The pages of an article that are still kept, by revision."""
    statement = select(PageRow, PageBodyRow.size, PageBodyRow.stored).join(PageBodyRow)
    rows = session.exec(statement.where(PageRow.article_id == article_id).order_by(col(PageRow.revision)))
    return [_stored(row, size, stored) for row, size, stored in rows]


def _stored(row: PageRow, size: int, stored: int) -> StoredPage:
    headers = tuple((name, value) for name, value in row.headers)
    return StoredPage(
        row.article_id, row.revision, row.url, row.final_url, row.status, headers, row.fetched_at, row.sha256, size, stored
    )


def body_of(session: Session, digest: str) -> bytes:
    """The bytes of a kept page."""
    return zlib.decompress(session.get_one(PageBodyRow, digest).body)


def entry_of(session: Session, article_id: int, revision: int) -> FeedEntry | None:
    """The feed entry that led to a kept page; None when it is kept no more."""
    row = session.get(PageRow, (article_id, revision))
    return ENTRY.load_text(zlib.decompress(row.entry).decode()) if row else None


def prune_pages(session: Session, before: datetime | None, most_bytes: int) -> int:
    """Drop pages fetched before then (None: all), then the oldest bodies beyond ``most_bytes``. Returns how many pages went."""
    chosen = delete(PageRow) if before is None else delete(PageRow).where(col(PageRow.fetched_at) < before)
    gone = session.execute(chosen).rowcount  # type: ignore[attr-defined]
    _drop_orphans(session)
    excess = session.exec(select(func.coalesce(func.sum(PageBodyRow.stored), 0))).one() - most_bytes
    if excess > 0:
        gone += _drop_oldest(session, excess)
    return int(gone)


def _drop_orphans(session: Session) -> None:
    session.execute(delete(PageBodyRow).where(col(PageBodyRow.sha256).not_in(select(PageRow.sha256))))


def _drop_oldest(session: Session, excess: int) -> int:
    """Bodies in the order of their last use, until so many bytes are gone."""
    last = func.max(PageRow.fetched_at)
    statement = select(PageBodyRow.sha256, PageBodyRow.stored).join(PageRow).group_by(col(PageBodyRow.sha256)).order_by(last)
    chosen: list[str] = []
    for digest, stored in session.exec(statement):
        if excess <= 0:
            break
        chosen.append(digest)
        excess -= stored
    gone = 0
    for part in _chunks(chosen):
        gone += session.execute(delete(PageRow).where(col(PageRow.sha256).in_(part))).rowcount  # type: ignore[attr-defined]
    _drop_orphans(session)
    return gone


def _chunks(values: Sequence[str]) -> Iterable[Sequence[str]]:
    return (values[start : start + 500] for start in range(0, len(values), 500))
