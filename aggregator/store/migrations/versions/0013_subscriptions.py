"""Subscriptions: each reader's own digest becomes one, with the reader's id, and the ledgers are theirs. And our own presence."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0013"
down_revision = "0011"
branch_labels = None
depends_on = None

_SUBSCRIPTION = sa.table(
    "subscription",
    *(sa.column(name) for name in ("id", "recipient_id", "slug", "created_by", "state", "stop_reason", "failure")),
    sa.column("spec", sa.JSON()),
    *(sa.column(name, UTCDateTime()) for name in ("created_at", "begun_at", "removed_at")),
)
_RECIPIENT = sa.table(
    "recipient",
    sa.column("id"),
    sa.column("slug"),
    sa.column("spec", sa.JSON()),
    *(sa.column(name, UTCDateTime()) for name in ("created_at", "removed_at")),
)


def upgrade() -> None:
    op.add_column("recipient", sa.Column("created_by", AutoString(), nullable=False, server_default=""))
    op.create_table(
        "subscription",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("recipient_id", sa.Integer(), nullable=False),
        sa.Column("slug", AutoString(), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("created_by", AutoString(), nullable=False),
        sa.Column("begun_at", UTCDateTime(), nullable=False),
        sa.Column("redated_at", UTCDateTime(), nullable=True),
        sa.Column("removed_at", UTCDateTime(), nullable=True),
        sa.Column("state", AutoString(), nullable=False),
        sa.Column("paused_until", UTCDateTime(), nullable=True),
        sa.Column("stopped_at", UTCDateTime(), nullable=True),
        sa.Column("stop_reason", AutoString(), nullable=False),
        sa.Column("failing_since", UTCDateTime(), nullable=True),
        sa.Column("failure", AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["recipient_id"], ["recipient.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("slug"),
    )
    op.create_index("ix_subscription_recipient_id", "subscription", ["recipient_id"])
    _of_readers()
    if op.get_context().dialect.name == "postgresql":
        _ledgers_of_postgresql()
    else:
        _ledgers_of_sqlite()
    op.create_index("ix_digest_due", "digest", ["subscription_id", "due_at"])
    op.create_table(
        "presence",
        sa.Column("began_at", UTCDateTime(), nullable=False),
        sa.Column("seen_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("began_at"),
    )
    op.create_index("ix_presence_seen_at", "presence", ["seen_at"])


def _of_readers() -> None:
    """One for every reader who ever was: his digests hang on it. Who wants none has one that is not there any more."""
    connection = op.get_bind()
    for row in connection.execute(sa.select(_RECIPIENT)).all():
        spec = row.spec
        own = {
            "slug": row.slug,
            "recipient": row.slug,
            "kind": "digest",
            "rules": spec.get("rules", ["*"]),
            "groups": [],
            "every": "daily",
            "times": [spec.get("digest_at", "07:00:00")],
            "weekdays": spec.get("weekdays", [1, 2, 3, 4, 5, 6, 7]),
            "timezone": spec.get("timezone", "UTC"),
            "language": spec.get("language", "en"),
            "cutoff": "PT0S",
            "format": "both",
            "empty": "always" if spec.get("send_empty") else "skip",
            "cap": 0,
            "enabled": True,
        }
        removed_at = row.removed_at or (None if spec.get("digest", True) else row.created_at)
        values = {"id": row.id, "recipient_id": row.id, "slug": row.slug, "spec": own, "created_at": row.created_at}
        values |= {"created_by": "", "begun_at": row.created_at, "removed_at": removed_at, "state": "active"}
        values |= {"stop_reason": "", "failure": ""}
        connection.execute(sa.insert(_SUBSCRIPTION).values(**values))
    if connection.dialect.name == "postgresql":
        op.execute(
            "SELECT setval(pg_get_serial_sequence('subscription', 'id'), max(id)) FROM subscription HAVING max(id) IS NOT NULL"
        )


def _ledgers_of_postgresql() -> None:
    for table in ("digest", "digest_item", "digest_edit"):
        op.drop_constraint(f"{table}_recipient_id_fkey", table, type_="foreignkey")
        op.alter_column(table, "recipient_id", new_column_name="subscription_id")
        op.create_foreign_key(None, table, "subscription", ["subscription_id"], ["id"])
    op.add_column("digest", sa.Column("rule", AutoString(), nullable=False, server_default=""))
    op.add_column("digest", sa.Column("due_at", UTCDateTime(), nullable=True))
    op.execute("UPDATE digest SET due_at = window_end")
    op.alter_column("digest", "due_at", nullable=False)
    op.alter_column("digest", "rule", server_default=None)
    op.drop_constraint("digest_recipient_id_slot_day_slot_time_key", "digest", type_="unique")
    op.create_unique_constraint(None, "digest", ["subscription_id", "slot_day", "slot_time", "rule"])


def _ledgers_of_sqlite() -> None:
    op.create_table(
        "digest_new",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subscription_id", sa.Integer(), nullable=False),
        sa.Column("slot_day", sa.Date(), nullable=False),
        sa.Column("slot_time", sa.Time(), nullable=False),
        sa.Column("rule", AutoString(), nullable=False),
        sa.Column("due_at", UTCDateTime(), nullable=False),
        sa.Column("window_start", UTCDateTime(), nullable=False),
        sa.Column("window_end", UTCDateTime(), nullable=False),
        sa.Column("state", AutoString(), nullable=False),
        sa.Column("matches", sa.Integer(), nullable=False),
        sa.Column("articles", sa.Integer(), nullable=False),
        sa.Column("stories", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["subscription_id"], ["subscription.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("subscription_id", "slot_day", "slot_time", "rule"),
    )
    op.execute(
        "INSERT INTO digest_new (id, subscription_id, slot_day, slot_time, rule, due_at, window_start, window_end, state, matches,"
        " articles, stories) SELECT id, recipient_id, slot_day, slot_time, '', window_end, window_start, window_end, state,"
        " matches, articles, stories FROM digest"
    )
    for table, item in (("digest_item", "match"), ("digest_edit", "edit")):
        op.create_table(
            f"{table}_new",
            sa.Column("subscription_id", sa.Integer(), nullable=False),
            sa.Column(f"{item}_id", sa.Integer(), nullable=False),
            sa.Column("digest_id", sa.Integer(), nullable=True),
            sa.ForeignKeyConstraint(["digest_id"], ["digest_new.id"]),
            sa.ForeignKeyConstraint([f"{item}_id"], [f"{item}.id"]),
            sa.ForeignKeyConstraint(["subscription_id"], ["subscription.id"]),
            sa.PrimaryKeyConstraint("subscription_id", f"{item}_id"),
            sqlite_with_rowid=False,
        )
        op.execute(
            f"INSERT INTO {table}_new (subscription_id, {item}_id, digest_id) SELECT recipient_id, {item}_id, digest_id FROM {table}"
        )
        op.drop_table(table)
        op.rename_table(f"{table}_new", table)
        op.create_index(f"ix_{table}_digest_id", table, ["digest_id"])
    # The outbox points at digests: its rows let go of them while the table is exchanged.
    op.execute("CREATE TEMPORARY TABLE held AS SELECT id, digest_id FROM delivery WHERE digest_id IS NOT NULL")
    op.execute("UPDATE delivery SET digest_id = NULL")
    op.drop_table("digest")
    op.rename_table("digest_new", "digest")
    op.execute("UPDATE delivery SET digest_id = (SELECT digest_id FROM held WHERE held.id = delivery.id)")
    op.execute("DROP TABLE held")
