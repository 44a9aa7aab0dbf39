"""Readers as their links know them: by the number of their row."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session, col, select

from aggregator.store.tables import DeliveryRow, RecipientRow

UNSUBSCRIBED = "unsubscribed by link"
"""Why mail to a reader rests who wants none."""


@dataclass(frozen=True, slots=True)
class LinkedReader:
    """Whom a link speaks of. ``what`` is what he calls the thing that he gets."""

    slug: str
    language: str
    what: str


def linked_reader(session: Session, recipient_id: int) -> LinkedReader | None:
    """The reader of a row; None for one who is not there any more."""
    row = session.get(RecipientRow, recipient_id)
    if row is None or row.removed_at is not None:
        return None
    return LinkedReader(row.slug, row.spec.get("language", "en"), row.spec.get("name") or row.slug)


def unsubscribe(session: Session, recipient_id: int) -> None:
    """Let all mail to a reader rest. What the relay said before of his address stays written down."""
    row = session.get_one(RecipientRow, recipient_id)
    if not row.suppressed:
        row.suppressed = UNSUBSCRIBED
        session.add(row)


def mailed(session: Session, number: int) -> bytes | None:
    """A message by the number that its link has: its bytes, empty when it is no longer kept; None when there never was one."""
    return session.exec(select(DeliveryRow.message).where(col(DeliveryRow.number) == number)).first()
