"""The index: whether that of PostgreSQL has every place of an article's words (what was indexed before has none); and the authors."""

import json

import sqlalchemy as sa
from alembic import op

from aggregator.store.tsquery import tsvector
from aggregator.text import index_text

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

BATCH = 5000


def upgrade() -> None:
    bind = op.get_bind()
    server = bind.dialect.name == "postgresql"
    if server:
        op.add_column("article_fts", sa.Column("placed", sa.Boolean(), nullable=False, server_default=sa.text("false")))
        op.execute("CREATE TABLE article_fts_authors (rowid BIGINT PRIMARY KEY REFERENCES article (id), tokens TSVECTOR)")
    else:
        op.execute("CREATE VIRTUAL TABLE article_fts_authors USING fts5(names, tokenize='ascii')")
    named = sa.text(
        "SELECT id, CAST(authors AS TEXT) FROM article WHERE id > :last AND CAST(authors AS TEXT) <> '[]' ORDER BY id LIMIT :most"
    )
    put = sa.text(
        "INSERT INTO article_fts_authors (rowid, tokens) VALUES (:id, CAST(:names AS tsvector))"
        if server
        else "INSERT INTO article_fts_authors (rowid, names) VALUES (:id, :names)"
    )
    last = 0
    while rows := bind.execute(named, {"last": last, "most": BATCH}).all():
        bind.execute(put, [{"id": number, "names": _indexed(json.loads(authors), server=server)} for number, authors in rows])
        last = rows[-1][0]
    if server:
        op.execute("CREATE INDEX article_fts_authors_tokens ON article_fts_authors USING gin (tokens)")
        op.execute("CREATE INDEX article_fts_authors_none ON article_fts_authors (rowid) WHERE tokens IS NULL")


def _indexed(authors: list[str], *, server: bool) -> str | None:
    return tsvector("", " · ".join(authors)).tokens if server else " · ".join(map(index_text, authors))
