"""Changes of a feed's address: believed, logged, undone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session, col, select

from aggregator.errors import NotFound
from aggregator.model.source import Move, Trouble
from aggregator.store.codec import HISTORY
from aggregator.store.dossier import unknown_source
from aggregator.store.tables import MoveRow, SourceRow


def apply_move(session: Session, source_id: int, move: Move, host: str, now: datetime) -> str:
    """Believe a move. When another active source has the new address already, the two are one: this one rests.

    Validators and the body's hash go: they belong to the old address. Returns the slug of the other source, or "".
    """
    row = session.get_one(SourceRow, source_id)
    other = _at_address(session, move.to_url, source_id)
    row.merged_into = other.id if other else None
    row.moved_to = None if move.to_url == row.url else move.to_url
    row.host, row.proposed_url = host, None
    _forget_body(row)
    session.add(row)
    log = MoveRow(source_id=source_id, at=now, from_url=move.from_url, to_url=move.to_url, reason=move.reason)
    log.merged_into = row.merged_into
    session.add(log)
    return other.slug if other else ""


def undo_move(session: Session, slug: str, now: datetime, host_key: Callable[[str], str]) -> Move:
    """Take a source's last move back, and do not believe it again. Returns the move. Raises NotFound without one."""
    row = _active(session, slug)
    log = session.exec(
        select(MoveRow).where(MoveRow.source_id == row.id, col(MoveRow.undone_at).is_(None)).order_by(col(MoveRow.id).desc())
    ).first()
    if log is None:
        raise NotFound(f"{slug} has not moved: there is nothing to undo.")
    log.undone_at = now
    row.moved_to = None if log.from_url == row.url else log.from_url
    row.merged_into, row.host, row.next_poll_at, row.allowed_at = None, host_key(log.from_url), now, None
    row.poll_reason = "its address was changed by the operator"
    history = HISTORY.load_text(row.history)
    row.history = HISTORY.dump_text(
        replace(history, stays_from=(*history.stays_from, log.to_url), moving_to=None, moving_since=None)
    )
    _forget_body(row)
    session.add(row)
    session.add(log)
    return Move(log.from_url, log.to_url, log.reason)


def move_by_hand(session: Session, slug: str, url: str | None, now: datetime, host_key: Callable[[str], str]) -> Move:
    """Move a source to ``url``, or to the address that its site names. Raises NotFound when there is none."""
    row = _active(session, slug)
    target = url or row.proposed_url
    if target is None:
        raise NotFound(f"{slug}: no other address is known. Name it: aggregator source move {slug} URL")
    assert row.id is not None
    move = Move(row.moved_to or row.url, target, "by the operator")
    apply_move(session, row.id, move, host_key(target), now)
    row.next_poll_at, row.poll_reason, row.allowed_at = now, "its address was changed by the operator", None
    row.failures, row.failing_since, row.failure_kind, row.failure_detail, row.trouble = 0, None, "", "", ""
    # What went wrong at the old address says nothing of the new one.
    history = replace(HISTORY.load_text(row.history), trouble=Trouble.NONE, strikes=0.0, repeats=0, gone_days=(), sample="")
    row.history = HISTORY.dump_text(history)
    session.add(row)
    return move


def _active(session: Session, slug: str) -> SourceRow:
    row = session.exec(select(SourceRow).where(SourceRow.slug == slug, col(SourceRow.removed_at).is_(None))).one_or_none()
    if row is None:
        raise unknown_source(session, slug)
    return row


def _at_address(session: Session, url: str, but: int) -> SourceRow | None:
    here = (col(SourceRow.moved_to) == url) | (col(SourceRow.moved_to).is_(None) & (col(SourceRow.url) == url))
    active = (col(SourceRow.removed_at).is_(None), col(SourceRow.merged_into).is_(None), col(SourceRow.enabled))
    return session.exec(select(SourceRow).where(here, *active, SourceRow.id != but).order_by(col(SourceRow.id))).first()


def _forget_body(row: SourceRow) -> None:
    row.etag = row.last_modified = row.final_url = row.body_sha256 = None
