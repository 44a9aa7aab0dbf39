"""Hosts: when one wants no request at all; and what robots.txt says."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col, select

from aggregator.store.dialect import upsert
from aggregator.store.tables import HostRow, RobotsRow


@dataclass(frozen=True, slots=True)
class Robots:
    """An origin's robots.txt as fetched at ``at``; until ``until`` it need not be asked for again.

    ``state``: ``rules`` (``text`` holds them), ``none`` (all is allowed), ``closed`` (it cannot be had: nothing is allowed).
    """

    state: str
    text: str
    at: datetime
    until: datetime


def throttles(session: Session, host: str) -> int:
    """How many times in a row the host has asked us to slow down."""
    return session.exec(select(HostRow.throttles).where(HostRow.host == host)).one_or_none() or 0


def resting_until(session: Session, host: str, now: datetime) -> datetime | None:
    """Until when the host wants no request, None if it may be asked."""
    until = session.exec(select(HostRow.throttled_until).where(HostRow.host == host)).one_or_none()
    return until if until and until > now else None


def throttle(session: Session, host: str, until: datetime, repeats: int) -> None:
    """Leave a host alone until then: no feed and no page of it is claimed."""
    row = upsert(HostRow).values(host=host, throttled_until=until, throttles=repeats)
    later = {"throttled_until": until, "throttles": repeats}
    session.execute(row.on_conflict_do_update(index_elements=["host"], set_=later))


def calm(session: Session, hosts: Collection[str]) -> None:
    """These hosts answer well again: the next throttle counts from one."""
    session.execute(
        update(HostRow).where(col(HostRow.host).in_(hosts), col(HostRow.throttles) > 0).values(throttles=0, throttled_until=None)
    )


def robots_of(session: Session, origin: str) -> Robots | None:
    """What was fetched last, if anything."""
    row = session.get(RobotsRow, origin)
    return Robots(row.state, row.rules, row.fetched_at, row.until) if row else None


def store_robots(session: Session, origin: str, robots: Robots) -> None:
    """Keep a robots.txt, in the place of an older one."""
    values = {"rules": robots.text, "fetched_at": robots.at, "until": robots.until, "state": robots.state}
    row = upsert(RobotsRow).values(origin=origin, **values)
    session.execute(row.on_conflict_do_update(index_elements=["origin"], set_=values))
