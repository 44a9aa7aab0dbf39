"""What this instance alone knows: the secret that its links are signed with."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlmodel import Session, col, select

from aggregator.store.dialect import upsert
from aggregator.store.tables import InstanceRow

_BYTES = 32


def known_secret(session: Session) -> bytes | None:
    """The secret, if there is one already."""
    return session.exec(select(InstanceRow.secret)).first()


def secret(session: Session, now: datetime) -> bytes:
    """The secret, made at its first use. Links die with it, so it is never changed; two makers at once agree on one."""
    new = upsert(InstanceRow).values(id=1, secret=secrets.token_bytes(_BYTES), created_at=now)
    session.execute(new.on_conflict_do_nothing(index_elements=[col(InstanceRow.id)]))
    return session.exec(select(InstanceRow.secret)).one()
