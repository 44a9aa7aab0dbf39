"""What of the database is ours to compare with the tables."""

from __future__ import annotations

from aggregator.store.tables import FTS


def include_name(name: str | None, kind: str, _parents: object) -> bool:
    """Alembic's filter: the full-text table and its shadow tables are made by hand, not from the metadata."""
    return not (kind == "table" and name is not None and name.startswith(FTS))
