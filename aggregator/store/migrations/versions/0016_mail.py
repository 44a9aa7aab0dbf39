"""The instance's secret, which links are signed with; a number by which a message is found from its link; lanes; servers' names;
who wants no alerts, and who was asked whether he wants a subscription."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "instance",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.add_column("delivery", sa.Column("number", sa.Integer(), nullable=True))
    op.create_index("ix_match_rule_id_matched_at", "match", ["rule_id", "matched_at"])
    op.create_index("ix_delivery_digest_id", "delivery", ["digest_id"], sqlite_where=sa.text("digest_id IS NOT NULL"))
    op.create_index("ix_delivery_number", "delivery", ["number"], sqlite_where=sa.text("number IS NOT NULL"))
    op.add_column("delivery", sa.Column("lane", AutoString(), nullable=False, server_default=""))
    op.add_column("delivery", sa.Column("bulk", sa.Boolean(), nullable=False, server_default=sa.text("false")))
    op.add_column("attempt", sa.Column("server", AutoString(), nullable=False, server_default=""))
    waiting = sa.text("state IN ('due', 'unknown')")
    op.drop_index("ix_delivery_due", "delivery")
    op.create_index("ix_delivery_due", "delivery", ["bulk", "due_at", "id"], sqlite_where=waiting)
    op.create_index("ix_delivery_busy", "delivery", ["lease_until", "lane"], sqlite_where=sa.text("lease_until IS NOT NULL"))
    op.execute("UPDATE delivery SET bulk = true WHERE kind = 'digest' AND state IN ('due', 'unknown')")
    op.add_column("recipient", sa.Column("alerts_stopped", AutoString(), nullable=False, server_default=""))
    op.add_column("subscription", sa.Column("invited_at", UTCDateTime(), nullable=True))
    op.create_table(
        "bounce",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("delivery_id", sa.Integer(), nullable=False),
        sa.Column("recipient_id", sa.Integer(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("kind", AutoString(), nullable=False),
        sa.Column("status", AutoString(), nullable=False),
        sa.Column("detail", AutoString(), nullable=False),
        sa.Column("fingerprint", AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"]),
        sa.ForeignKeyConstraint(["recipient_id"], ["recipient.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("fingerprint"),
    )
    op.create_index("ix_bounce_delivery_id", "bounce", ["delivery_id"])
    op.create_index("ix_bounce_recipient", "bounce", ["recipient_id", "at"])
