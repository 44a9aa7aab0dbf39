"""Edits that rules watch for: which are to be mailed at once, and which are owed to a digest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, update
from sqlmodel import Session, col, select

from aggregator.errors import Conflict
from aggregator.model.article import Article
from aggregator.model.delivery import WatchedEdit
from aggregator.store.articles import articles_by_id
from aggregator.store.outbox import NewDelivery, enqueue
from aggregator.store.tables import DigestEditRow, EditRow, RuleRow


@dataclass(frozen=True, slots=True)
class DueEdit:
    """An edit to be told: of which match, and in which words."""

    id: int
    match_id: int
    what: str


def due_edits(session: Session) -> list[DueEdit]:
    """Every edit that waits to be mailed."""
    # In the order of the index that has them alone.
    rows = session.exec(select(EditRow).where(EditRow.state == "pending").order_by(col(EditRow.at), col(EditRow.id))).all()
    return [DueEdit(row.id or 0, row.match_id, row.what) for row in rows]


def dispatch_edits(session: Session, ids: Sequence[int], mails: Sequence[NewDelivery], now: datetime) -> int:
    """Mark edits as sent and put their mails into the outbox, in one transaction. Conflict when one was sent meanwhile."""
    mine = (col(EditRow.id).in_(ids), col(EditRow.state) == "pending")
    done = session.execute(update(EditRow).where(*mine).values(state="sent"))
    if done.rowcount != len(ids):  # type: ignore[attr-defined]
        raise Conflict("an edit was dispatched by somebody else")
    return sum(enqueue(session, mail, now) is not None for mail in mails)


def owe_edit(session: Session, edit_id: int, subscription_ids: Iterable[int]) -> None:
    """Enter an edit into the digests' ledger, in the transaction that stores it."""
    owed = [{"subscription_id": subscription_id, "edit_id": edit_id} for subscription_id in subscription_ids]
    if owed:
        session.execute(insert(DigestEditRow), owed)


def owed_edits(session: Session, subscription_id: int, until: datetime) -> list[WatchedEdit]:
    """Every edit noted before ``until`` that is still owed to this subscription; oldest first, then by the rules' order."""
    rows = session.exec(
        select(EditRow, RuleRow.slug)
        .join(DigestEditRow, col(DigestEditRow.edit_id) == EditRow.id)
        .join(RuleRow, col(RuleRow.id) == EditRow.rule_id)
        .where(DigestEditRow.subscription_id == subscription_id, col(DigestEditRow.digest_id).is_(None), col(EditRow.at) < until)
        .order_by(col(EditRow.at), col(EditRow.article_id), col(EditRow.revision), col(RuleRow.position), col(EditRow.id))
    ).all()
    ids = list({row.article_id for row, _ in rows})
    found: dict[int, Article] = {}
    for start in range(0, len(ids), 500):
        found |= articles_by_id(session, ids[start : start + 500])
    return [WatchedEdit(row.id or 0, slug, found[row.article_id], row.what, row.at) for row, slug in rows]
