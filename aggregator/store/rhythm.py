"""When the page of an article is asked for again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlmodel import Session, col

from aggregator.model.page import Validators
from aggregator.store.dialect import upsert
from aggregator.store.tables import RecheckRow


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How long after its first sighting an article's page is asked for again: one that a rule has found, and any other."""

    found: tuple[timedelta, ...] = ()
    others: tuple[timedelta, ...] = ()


def plan(
    session: Session, article_id: int, host: str, validators: Validators, seen_at: datetime, rhythm: Rhythm, now: datetime
) -> None:
    """An article's page was fetched: ask for it again when its time has come. One that is planned already gets the validators."""
    values = {"etag": validators.etag, "last_modified": validators.last_modified}
    row = {"article_id": article_id, "host": host, "due_at": after(seen_at, rhythm.others, now)}
    insert = upsert(RecheckRow).values(**row, **values)
    session.execute(insert.on_conflict_do_update(index_elements=["article_id"], set_=values))


def hasten(session: Session, article_id: int, seen_at: datetime, rhythm: Rhythm, now: datetime) -> None:
    """A rule has found the article: from now on the denser rhythm counts."""
    due_at = after(seen_at, rhythm.found, now)
    session.execute(update(RecheckRow).where(col(RecheckRow.article_id) == article_id).values(due_at=due_at))


def after(seen_at: datetime, waits: Sequence[timedelta], now: datetime) -> datetime | None:
    """The first of the instants that is still to come; None when all are over."""
    return next((seen_at + wait for wait in waits if seen_at + wait > now), None)
