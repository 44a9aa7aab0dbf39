"""Permanent redirects: followed at once, believed after a week.

A 301 is sent by mistake more often than by decision (a login wall, a broken deployment, a captive network), and one that is
believed too early loses the feed. RFC 9110 §15.4.2 only allows a client to remember it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from aggregator.model.source import History, Move

POLLS = 3
DAYS = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Moving:
    """The history after a poll, and the move that it confirmed, if any."""

    history: History
    move: Move | None = None


def follow_move(history: History, url: str, moved_to: str | None, now: datetime, *, shares: bool | None) -> Moving:
    """Judge where the permanent redirects of a poll of ``url`` led (None: nowhere), the feed behind them being readable.

    ``shares`` tells whether this poll found entries there that are known from before; None if it brought no document. Only the
    first document counts: what is known later may have been read at the new address. The move is confirmed by three polls over
    at least seven days with the same target and shared entries; at once when only http became https on the same host. A target
    that the operator has refused never is.
    """
    if moved_to is None or moved_to == url or moved_to in history.stays_from:
        return Moving(_still(history))
    if is_upgrade(url, moved_to):
        return Moving(_still(history), Move(url, moved_to, "the same address over https"))
    if moved_to != history.moving_to or history.moving_since is None:
        begun = replace(history, moving_to=moved_to, moving_since=now, moving_polls=1, moving_shares=shares)
        return Moving(begun)
    known = shares if history.moving_shares is None else history.moving_shares
    further = replace(history, moving_polls=history.moving_polls + 1, moving_shares=known)
    since = now - history.moving_since
    if further.moving_polls >= POLLS and since >= DAYS and further.moving_shares:
        reason = f"moved permanently, by {further.moving_polls} answers over {since.days} days"
        return Moving(_still(history), Move(url, moved_to, reason))
    return Moving(further)


def is_upgrade(url: str, target: str) -> bool:
    """Whether ``target`` is ``url`` with https in the place of http, on the default ports."""
    return url.startswith("http://") and target == f"https://{url.removeprefix('http://')}"


def _still(history: History) -> History:
    if history.moving_to is None:
        return history
    return replace(history, moving_to=None, moving_since=None, moving_polls=0, moving_shares=None)
