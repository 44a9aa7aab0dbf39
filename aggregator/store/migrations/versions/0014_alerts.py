"""Alerts by reader: what waits, what was told or why not, the mails, storms and snoozes.

What had alerted by rule and text becomes a row for each reader who follows the rule now, so that nothing is told again, and what
waits is told.
"""

import json
from fnmatch import fnmatchcase

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    told = _told(op.get_bind())
    op.drop_table("alert")
    op.create_table(
        "notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("recipient_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", AutoString(), nullable=False),
        sa.Column("priority", AutoString(), nullable=False),
        sa.Column("rule_id", sa.Integer(), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("delivery_id", sa.Integer(), nullable=True),
        sa.Column("origin_id", sa.Integer(), nullable=True),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("escalate_at", UTCDateTime(), nullable=True),
        sa.Column("escalated_at", UTCDateTime(), nullable=True),
        sa.Column("escalated", AutoString(), nullable=False),
        sa.Column("acknowledged_at", UTCDateTime(), nullable=True),
        sa.Column("acknowledged_by", AutoString(), nullable=False),
        sa.ForeignKeyConstraint(["recipient_id"], ["recipient.id"]),
        sa.ForeignKeyConstraint(["rule_id"], ["rule.id"]),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"]),
        sa.ForeignKeyConstraint(["origin_id"], ["notice.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("recipient_id", "number"),
    )
    op.create_index("ix_notice_created_at", "notice", ["recipient_id", "created_at"])
    op.create_index("ix_notice_delivery_id", "notice", ["delivery_id"])
    waits = sa.text("escalate_at IS NOT NULL AND escalated_at IS NULL")
    op.create_index("ix_notice_escalate_at", "notice", ["escalate_at"], sqlite_where=waits)
    alert = op.create_table(
        "alert",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("recipient_id", sa.Integer(), nullable=False),
        sa.Column("match_id", sa.Integer(), nullable=False),
        sa.Column("lane", AutoString(), nullable=False),
        sa.Column("priority", AutoString(), nullable=False),
        sa.Column("state", AutoString(), nullable=False),
        sa.Column("why", AutoString(), nullable=False),
        sa.Column("detail", AutoString(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("due_at", UTCDateTime(), nullable=False),
        sa.Column("decided_at", UTCDateTime(), nullable=True),
        sa.Column("notice_id", sa.Integer(), nullable=True),
        sa.Column("story_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["recipient_id"], ["recipient.id"]),
        sa.ForeignKeyConstraint(["story_id"], ["story.id"]),
        sa.ForeignKeyConstraint(["match_id"], ["match.id"]),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("recipient_id", "match_id"),
    )
    op.create_index("ix_alert_match_id", "alert", ["match_id"])
    op.create_index("ix_alert_notice_id", "alert", ["notice_id"])
    op.create_index("ix_alert_story_id", "alert", ["story_id"])
    waits = sa.text("state IN ('waiting', 'held')")
    op.create_index("ix_alert_due", "alert", ["recipient_id", "due_at"], sqlite_where=waits)
    op.create_table(
        "storm",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subject", AutoString(), nullable=False),
        sa.Column("slug", AutoString(), nullable=False),
        sa.Column("since", UTCDateTime(), nullable=False),
        sa.Column("began_at", UTCDateTime(), nullable=False),
        sa.Column("last_at", UTCDateTime(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("usual", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_storm_last_at", "storm", ["last_at"])
    op.create_table(
        "storm_notice",
        sa.Column("recipient_id", sa.Integer(), nullable=False),
        sa.Column("storm_id", sa.Integer(), nullable=False),
        sa.Column("notice_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["recipient_id"], ["recipient.id"]),
        sa.ForeignKeyConstraint(["storm_id"], ["storm.id"]),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"]),
        sa.PrimaryKeyConstraint("recipient_id", "storm_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_storm_notice_notice_id", "storm_notice", ["notice_id"])
    op.create_table(
        "snooze",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("story_id", sa.Integer(), nullable=False),
        sa.Column("rule", AutoString(), nullable=False),
        sa.Column("recipient", AutoString(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("until", UTCDateTime(), nullable=False),
        sa.Column("by", AutoString(), nullable=False),
        sa.Column("undone_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["story_id"], ["story.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_snooze_story_id", "snooze", ["story_id"])
    op.create_index("ix_snooze_until", "snooze", ["until"])
    if told:
        op.bulk_insert(alert, told)


def _told(connection: sa.Connection) -> list[dict[str, object]]:
    readers = [
        (id_, spec if isinstance(spec, dict) else json.loads(spec))
        for id_, spec in connection.execute(sa.text("SELECT id, spec FROM recipient WHERE removed_at IS NULL"))
    ]
    readers = [(id_, spec) for id_, spec in readers if spec.get("alerts", True) and spec.get("enabled", True)]
    old = sa.text(
        "SELECT a.match_id, a.state, a.reason, a.created_at, a.due_at, a.sent_at, r.slug,"
        " g.story_id FROM alert a JOIN rule r ON r.id = a.rule_id JOIN text_group g ON g.id = a.group_id ORDER BY a.id"
    ).columns(created_at=UTCDateTime(), due_at=UTCDateTime(), sent_at=UTCDateTime())
    rows, known = [], set()
    for match_id, state, reason, created_at, due_at, sent_at, slug, story_id in connection.execute(old):
        why = ("first poll" if "first poll" in reason else "told") if state == "suppressed" else ""
        for reader, spec in readers:
            if (reader, match_id) in known or not any(fnmatchcase(slug, pattern) for pattern in spec.get("rules", ["*"])):
                continue
            known.add((reader, match_id))
            rows.append(
                {
                    "recipient_id": reader, "match_id": match_id, "lane": "now", "priority": "normal",
                    "state": "waiting" if state == "pending" else state, "why": why, "detail": reason,
                    "created_at": created_at, "due_at": due_at,
                    "decided_at": None if state == "pending" else sent_at or created_at, "notice_id": None,
                    "story_id": story_id if state == "sent" else None,
                }
            )  # fmt: skip
    return rows
