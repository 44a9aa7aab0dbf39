"""Why somebody did, or did not, get an article: what the records say, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time

from sqlmodel import Session, col, select

from aggregator.dedupe import url_key
from aggregator.errors import NotFound
from aggregator.model.record import Found
from aggregator.store.records import record
from aggregator.store.tables import (
    AddressRow,
    AlertRow,
    ArticleRow,
    AttemptRow,
    DeliveryRow,
    DigestItemRow,
    DigestRow,
    EntryRow,
    MatchRow,
    NoticeRow,
    RecipientRow,
    RuleRow,
    SourceRow,
    SubscriptionRow,
)


@dataclass(frozen=True, slots=True)
class Attempted:
    """A try to hand a message over, the relay's answer, and the server's own name ("" where there was none)."""

    at: datetime
    outcome: str
    code: int
    answer: str
    server: str


@dataclass(frozen=True, slots=True)
class Delivered:
    """A message and every try. ``state`` is a ``DeliveryState``; ``due_at`` is the next try's, if there is to be one."""

    id: int
    address: str
    message_id: str
    state: str
    due_at: datetime | None
    sent_at: datetime | None
    attempts: tuple[Attempted, ...]


@dataclass(frozen=True, slots=True)
class AlertFate:
    """What became of a match as an alert. ``kind`` is the notice's that told, or counted it ("" for none)."""

    id: int
    state: str
    why: str
    detail: str
    raised_at: datetime
    due_at: datetime
    decided_at: datetime | None
    notice_id: int | None
    kind: str
    acknowledged_at: datetime | None
    acknowledged_by: str
    delivery: Delivered | None


@dataclass(frozen=True, slots=True)
class DigestFate:
    """A match in the ledger of a subscription: owed (``digest_id`` None), or in the digest of a slot (local day and time)."""

    subscription: str
    digest_id: int | None
    day: date | None
    at: time | None
    state: str
    delivery: Delivered | None


@dataclass(frozen=True, slots=True)
class MatchFate:
    """A rule's match, and what it came to for the reader."""

    found: Found
    alert: AlertFate | None
    digests: tuple[DigestFate, ...]


@dataclass(frozen=True, slots=True)
class ReaderRecord:
    """A reader as the store knows him. ``rests``: why mail to him rests."""

    id: int
    slug: str
    address: str
    since: datetime
    removed_at: datetime | None
    rests: str


@dataclass(frozen=True, slots=True)
class ArticleLine:
    """The article as it stands, and how it came. ``before``: it stood in its source at the first poll."""

    id: int
    title: str
    url: str
    source: str
    outlet: str
    story_id: int
    first_seen_at: datetime
    published_at: datetime | None
    before: bool
    revision: int
    unmatched: bool


@dataclass(frozen=True, slots=True)
class Unstored:
    """An entry of a feed of which no article was made, or not yet."""

    source: str
    first_seen_at: datetime
    state: str
    attempts: int
    error: str


@dataclass(frozen=True, slots=True)
class Trace:
    """All that the records say of one reader and one article. Without an article, ``entries`` is what was seen of its address."""

    reader: ReaderRecord
    article: ArticleLine | None
    matches: tuple[MatchFate, ...]
    entries: tuple[Unstored, ...] = ()


def trace(session: Session, recipient: str, article: int | str) -> Trace:
    """What the records say of a reader (slug) and an article (number, or an address). Raises NotFound."""
    row = session.exec(select(RecipientRow).where(RecipientRow.slug == recipient)).one_or_none()
    if row is None:
        raise NotFound(f"there is no recipient {recipient!r} in the store; run `aggregator apply` first")
    address, rests = str(row.spec.get("address", "")), row.suppressed or row.alerts_stopped
    reader = ReaderRecord(row.id or 0, row.slug, address, row.created_at, row.removed_at, rests)
    number = article if isinstance(article, int) else _article_at(session, article)
    if number is None:
        return Trace(reader, None, (), _entries_at(session, str(article)))
    found = {match.rule: match for match in record(session, number).matches}
    rows = session.exec(
        select(MatchRow.id, RuleRow.slug)
        .join(RuleRow, col(RuleRow.id) == MatchRow.rule_id)
        .where(MatchRow.article_id == number)
        .order_by(col(RuleRow.position), col(MatchRow.id))
    ).all()
    fates = [
        MatchFate(found[rule], _alert(session, reader.id, id_ or 0), _digests(session, reader.id, id_ or 0)) for id_, rule in rows
    ]
    return Trace(reader, _line(session, number), tuple(fates))


def _article_at(session: Session, url: str) -> int | None:
    known = session.get(AddressRow, url_key(url))
    return known.article_id if known else None


def _entries_at(session: Session, url: str) -> tuple[Unstored, ...]:
    rows = session.exec(
        select(EntryRow, SourceRow.slug)
        .join(SourceRow, col(SourceRow.id) == EntryRow.source_id)
        .where(EntryRow.url_key == url_key(url))
        .order_by(col(EntryRow.id))
    )
    return tuple(Unstored(source, row.first_seen_at, row.state, row.attempts, row.error) for row, source in rows)


def _line(session: Session, article_id: int) -> ArticleLine:
    row = session.get_one(ArticleRow, article_id)
    source = session.get_one(SourceRow, row.source_id)
    return ArticleLine(
        article_id, row.title, row.url, source.slug, source.name, row.story_id, row.first_seen_at, row.published_at, row.baseline,
        row.revision, row.match_due,
    )  # fmt: skip


def _alert(session: Session, recipient_id: int, match_id: int) -> AlertFate | None:
    mine = (AlertRow.recipient_id == recipient_id, AlertRow.match_id == match_id)
    row = session.exec(select(AlertRow).where(*mine)).one_or_none()
    if row is None:
        return None
    notice = session.get(NoticeRow, row.notice_id) if row.notice_id is not None else None
    return AlertFate(
        id=row.id or 0,
        state=row.state,
        why=row.why,
        detail=row.detail,
        raised_at=row.created_at,
        due_at=row.due_at,
        decided_at=row.decided_at,
        notice_id=row.notice_id,
        kind=notice.kind if notice else "",
        acknowledged_at=notice.acknowledged_at if notice else None,
        acknowledged_by=notice.acknowledged_by if notice else "",
        delivery=_delivery(session, DeliveryRow.id == notice.delivery_id) if notice else None,
    )


def _digests(session: Session, recipient_id: int, match_id: int) -> tuple[DigestFate, ...]:
    owed = (
        select(SubscriptionRow.slug, DigestItemRow.digest_id)
        .join(DigestItemRow, col(SubscriptionRow.id) == DigestItemRow.subscription_id)
        .where(SubscriptionRow.recipient_id == recipient_id, DigestItemRow.match_id == match_id)
        .order_by(col(SubscriptionRow.id))
    )
    return tuple(_in_digest(session, slug, digest_id) for slug, digest_id in session.exec(owed))


def _in_digest(session: Session, subscription: str, digest_id: int | None) -> DigestFate:
    if digest_id is None:
        return DigestFate(subscription, None, None, None, "owed", None)
    digest = session.get_one(DigestRow, digest_id)
    mail = _delivery(session, DeliveryRow.digest_id == digest_id)
    return DigestFate(subscription, digest_id, digest.slot_day, digest.slot_time, digest.state, mail)


def _delivery(session: Session, which: bool) -> Delivered | None:
    row = session.exec(select(DeliveryRow).where(which)).first()
    if row is None:
        return None
    attempts = session.exec(select(AttemptRow).where(AttemptRow.delivery_id == row.id).order_by(col(AttemptRow.id)))
    return Delivered(
        id=row.id or 0,
        address=row.address,
        message_id=row.message_id,
        state=row.state,
        due_at=row.due_at if row.state in ("due", "unknown") else None,
        sent_at=row.sent_at,
        attempts=tuple(Attempted(each.at, each.outcome, each.code, each.detail, each.server) for each in attempts),
    )
