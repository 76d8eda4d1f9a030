"""The outbox as an organiser reads it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from checkin.models import Alert, AlertKind, AlertState, Channel, Person, Ticket

LINES_AT_MOST: Final = 200


@dataclass(frozen=True)
class OutboxEntry:
    """One alert, as it was rendered; about a ticket or (a reset) about one of the event's people."""

    id: int
    kind: AlertKind
    channel: Channel
    state: AlertState
    reason: str
    ticket_key: str | None
    name: str
    recipient: str
    subject: str
    body: str
    created_at: datetime
    ended_at: datetime | None


def outbox_lines(session: Session, *, event_id: int, state: AlertState | None = None) -> list[OutboxEntry]:
    """Return the event's alerts, newest first; a reset shows neither text nor link: it would let the reader in."""
    statement = (
        select(Alert, Ticket.key, Ticket.first_name, Ticket.phone, Ticket.email, Person.name)
        .outerjoin(Ticket, Ticket.id == Alert.ticket_id)
        .outerjoin(Person, Person.id == Alert.person_id)
        .where(Alert.event_id == event_id)
        .order_by(Alert.id.desc())
        .limit(LINES_AT_MOST)
    )
    if state is not None:
        statement = statement.where(Alert.state == state)
    lines = []
    for alert, key, first_name, phone, email, person in session.execute(statement):
        address = phone if alert.channel is Channel.TEXT else email
        secret = alert.kind is AlertKind.RESET
        lines.append(
            OutboxEntry(
                alert.id, alert.kind, alert.channel, alert.state, alert.reason, key, first_name or person or "",
                alert.recipient or address or "", "" if secret else alert.subject, "" if secret else alert.body,
                alert.created_at, alert.ended_at or alert.sent_at,
            )
        )  # fmt: skip
    return lines


def counts_by_state(session: Session, *, event_id: int) -> dict[AlertState, int]:
    """Return how many of the event's alerts are in each state."""
    rows = session.execute(
        select(Alert.state, func.count(Alert.id)).where(Alert.event_id == event_id).group_by(Alert.state)
    )
    return dict(rows.all())
