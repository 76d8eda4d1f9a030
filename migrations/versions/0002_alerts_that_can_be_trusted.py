"""Alerts that can be trusted: look-ups, receipts, pauses, opt-outs, templates; rehearsals and follow-ups of tickets.

Columns are added without making a table anew: on SQLite that would empty every table that points to it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT = sa.DateTime(timezone=True)
_KINDS = ("ready", "feedback", "checked_in", "nearly_there", "missed", "please_wait", "cancelled", "reset")
_NOT_ARRIVED = "state IN ('failed', 'expired', 'suppressed', 'needs_review') AND dismissed_at IS NULL"
_AUDITED = ("queue_state", "day_ended", "presence", "delete_ticket")
_AUDITED_TOO = ("settle_waiting", "send_again", "dismiss_alert", "start_channel", "template")


def _named(*values, name):
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=20)


def _id():
    return sa.Column("id", _ID, nullable=False)


def _event_id(table):
    return (
        sa.Column("event_id", _ID, nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f(f"fk_{table}_event_id"), ondelete="CASCADE"),
    )


def upgrade():
    for column in (
        sa.Column("provider_status", sa.String(20), nullable=False, server_default=""),
        sa.Column("delivered_at", _AT),
        sa.Column("unknown_at", _AT),
        sa.Column("look_ups", sa.SmallInteger(), nullable=False, server_default="0"),
        sa.Column("language", sa.String(10), nullable=False, server_default=""),
        sa.Column("again_for_id", _ID),
        sa.Column("dismissed_at", _AT),
        sa.Column("blanked_at", _AT),
        sa.Column("asked_at", _AT),
    ):
        op.add_column("alerts", column)
    # Before there were emails without one, each that left carried the survey.
    op.execute(
        "UPDATE alerts SET asked_at = coalesce(sent_at, created_at) WHERE kind = 'feedback' AND transmissions > 0"
    )
    op.create_index(
        "ix_alerts_asked", "alerts", ["event_id", "asked_at"], unique=False,
        postgresql_where=sa.text("asked_at IS NOT NULL"), sqlite_where=sa.text("asked_at IS NOT NULL"),
    )  # fmt: skip
    op.create_index(
        "ix_alerts_not_arrived", "alerts", ["event_id", "id"], unique=False,
        postgresql_where=sa.text(_NOT_ARRIVED), sqlite_where=sa.text(_NOT_ARRIVED),
    )  # fmt: skip
    for column in (
        sa.Column("in_rehearsal", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("advice", sa.Text(), nullable=False, server_default=""),
        sa.Column("advised_at", _AT),
        sa.Column("follow_up_by", _AT),
        sa.Column("told_nearly_there", sa.Boolean(), nullable=False, server_default=sa.false()),
    ):
        op.add_column("tickets", column)
    number = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    op.execute(
        f"ALTER TABLE tickets ADD COLUMN follows_id {number}"
        " CONSTRAINT fk_tickets_follows_id REFERENCES tickets (id)"
    )
    op.create_index("uq_tickets_follows_id", "tickets", ["follows_id"], unique=True)
    with op.batch_alter_table("audit_entries") as batch_op:
        batch_op.drop_constraint(op.f("ck_audit_entries_audit_action"), type_="check")
        batch_op.create_check_constraint(
            op.f("ck_audit_entries_audit_action"), sa.column("action").in_([*_AUDITED, *_AUDITED_TOO])
        )
    _create_tables()


def _create_tables():
    op.create_table(
        "alert_templates",
        _id(),
        *_event_id("alert_templates"),
        sa.Column("kind", _named(*_KINDS, name="template_kind"), nullable=False),
        sa.Column("channel", _named("text", "email", name="template_channel"), nullable=False),
        sa.Column("language", sa.String(10), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("headline", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("changed_at", _AT, nullable=False),
        sa.Column("changed_by_id", _ID),
        sa.ForeignKeyConstraint(
            ["changed_by_id"], ["people.id"], name=op.f("fk_alert_templates_changed_by_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_templates")),
        sa.UniqueConstraint(
            "event_id", "kind", "channel", "language", name=op.f("uq_alert_templates_event_id_kind_channel_language")
        ),
    )
    op.create_table(
        "channel_pauses",
        _id(),
        *_event_id("channel_pauses"),
        sa.Column("channel", _named("text", "email", name="pause_channel"), nullable=False),
        sa.Column("region", sa.String(2), nullable=False),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_pauses")),
        sa.UniqueConstraint("event_id", "channel", "region", name=op.f("uq_channel_pauses_event_id_channel_region")),
    )
    op.create_table(
        "suppressions",
        _id(),
        sa.Column("channel", _named("text", "email", name="suppression_channel"), nullable=False),
        sa.Column("address", sa.String(254), nullable=False),
        sa.Column("source", sa.String(40), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppressions")),
        sa.UniqueConstraint("channel", "address", name=op.f("uq_suppressions_channel_address")),
    )
    op.create_table(
        "received_texts",
        sa.Column("sid", sa.String(40), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("address", sa.String(32), nullable=False),
        sa.Column("word", sa.String(20), nullable=False),
        sa.PrimaryKeyConstraint("sid", name=op.f("pk_received_texts")),
    )
    op.create_table(
        "hook_calls",
        sa.Column("name", sa.String(20), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.Column("detail", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_hook_calls")),
    )
    op.create_table(
        "paces",
        sa.Column("sender", sa.String(60), nullable=False),
        sa.Column("free_at", _AT, nullable=False),
        sa.PrimaryKeyConstraint("sender", name=op.f("pk_paces")),
    )


def downgrade():
    for table in ("paces", "hook_calls", "received_texts", "suppressions", "channel_pauses", "alert_templates"):
        op.drop_table(table)
    op.execute(sa.table("audit_entries", sa.column("action")).delete().where(sa.column("action").in_(_AUDITED_TOO)))
    with op.batch_alter_table("audit_entries") as batch_op:
        batch_op.drop_constraint(op.f("ck_audit_entries_audit_action"), type_="check")
        batch_op.create_check_constraint(op.f("ck_audit_entries_audit_action"), sa.column("action").in_(_AUDITED))
    op.drop_index("uq_tickets_follows_id", "tickets")
    op.drop_index("ix_alerts_not_arrived", "alerts")
    op.drop_index("ix_alerts_asked", "alerts")
    for column in ("follows_id", "told_nearly_there", "follow_up_by", "advised_at", "advice", "in_rehearsal"):
        op.execute(f"ALTER TABLE tickets DROP COLUMN {column}")
    for column in (
        "asked_at", "blanked_at", "dismissed_at", "again_for_id", "language", "look_ups", "unknown_at", "delivered_at",
        "provider_status",
    ):  # fmt: skip
        op.execute(f"ALTER TABLE alerts DROP COLUMN {column}")
