"""A note to the team when somebody is checked in for it: one more kind, which goes to a person of the team.

Customers are known by their email in small letters from here on; of several who differ in capitals the first is kept.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_KINDS = ("ready", "feedback", "checked_in", "nearly_there", "missed", "please_wait", "cancelled", "reset")
_NOTE = "team_note"
_NOT_ARRIVED = sa.text("state IN ('failed', 'expired', 'suppressed', 'needs_review') AND dismissed_at IS NULL")
_KNOW_BY_SMALL_LETTERS = """
    UPDATE customers SET email = lower(email) WHERE email <> lower(email) AND NOT EXISTS (
        SELECT 1 FROM customers AS same
        WHERE same.event_id = customers.event_id AND lower(same.email) = lower(customers.email)
        AND (same.id < customers.id OR same.email = lower(customers.email))
    )
"""


def upgrade():
    op.execute(_KNOW_BY_SMALL_LETTERS)
    _allow((*_KINDS, _NOTE), to_people="'reset', 'team_note'")


def downgrade():
    for table in ("alerts", "alert_templates"):
        op.execute(sa.table(table, sa.column("kind")).delete().where(sa.column("kind") == _NOTE))
    _allow(_KINDS, to_people="'reset'")


def _allow(kinds, *, to_people):
    with op.batch_alter_table("alerts") as batch_op:
        for name in ("ck_alerts_alert_kind", "ck_alerts_about_a_ticket"):
            batch_op.drop_constraint(op.f(name), type_="check")
        batch_op.create_check_constraint(op.f("ck_alerts_alert_kind"), sa.column("kind").in_(kinds))
        batch_op.create_check_constraint(
            op.f("ck_alerts_about_a_ticket"),
            sa.text(f"ticket_id IS NOT NULL OR (kind IN ({to_people}) AND person_id IS NOT NULL)"),
        )
    with op.batch_alter_table("alert_templates") as batch_op:
        batch_op.drop_constraint(op.f("ck_alert_templates_template_kind"), type_="check")
        batch_op.create_check_constraint(op.f("ck_alert_templates_template_kind"), sa.column("kind").in_(kinds))
    if op.get_bind().dialect.name == "sqlite":
        # It has made the table and its indexes anew, and of two that lead to the event it takes the newest.
        op.drop_index("ix_alerts_not_arrived", "alerts")
        op.create_index("ix_alerts_not_arrived", "alerts", ["event_id", "id"], sqlite_where=_NOT_ARRIVED)
