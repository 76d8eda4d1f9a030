"""Puts alerts into the outbox, in the caller's transaction (docs/specification.md, 5.4).

The rows hold references; the text is rendered when a worker leases them, so that it says what is true then.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import and_, select, update
from sqlalchemy.orm import Session

from checkin.db import wake_outbox
from checkin.i18n import mark as N_
from checkin.models import Alert, AlertKind, AlertState, Channel, EventSettings, Ticket

FEEDBACK_EXPIRES: Final = timedelta(days=2)
RESET_EXPIRES: Final = timedelta(hours=1)

WITHDRAWN: Final = N_("Not sent: the ticket was put back before it left.")
NO_LONGER_RESOLVED: Final = N_("Not sent: the ticket was no longer resolved when it was due.")


def ready_channels(settings: EventSettings) -> tuple[Channel, ...]:
    """Return the channels on which the event tells customers that an expert is ready."""
    switches = ((settings.ready_text, Channel.TEXT), (settings.ready_email, Channel.EMAIL))
    return tuple(channel for on, channel in switches if on)


def ready_alert(channel: Channel) -> str:
    """Return the SQL that writes the Ready alert of a take, as a part of the one statement of taking_at_once.

    It reads the ticket from `taken` (id, event_id, take_number, taken_at, phone, email) and binds :expert_id and
    :lifetime; without an address for the channel it writes no row.
    """
    address = "phone" if channel is Channel.TEXT else "email"
    # Nothing of a request is in here: the channel is a name of ours.
    return f"""
  INSERT INTO alerts (event_id, ticket_id, person_id, kind, channel, occasion, state, reason_code, reason, created_at,
    due_at, expires_at, attempts, transmissions, possible_duplicate, recipient, subject, body, provider_id)
  SELECT event_id, id, :expert_id, '{AlertKind.READY}', '{channel}', CAST(take_number AS varchar),
    '{AlertState.PENDING}', '', '', taken_at, taken_at, taken_at + :lifetime, 0, 0, false, '', '', '', ''
  FROM taken WHERE {address} IS NOT NULL"""  # noqa: S608


def enqueue_ready(session: Session, ticket: Ticket, *, settings: EventSettings, moment: datetime) -> None:
    """Write the Ready alerts of the take that `ticket` has just had."""
    expires_at = moment + timedelta(minutes=settings.ready_expires_minutes)
    for channel in ready_channels(settings):
        if ticket.phone if channel is Channel.TEXT else ticket.email:
            _enqueue(
                session, ticket, kind=AlertKind.READY, channel=channel, occasion=str(ticket.take_number),
                created_at=moment, due_at=moment, expires_at=expires_at,
            )  # fmt: skip


def enqueue_feedback(
    session: Session, ticket: Ticket, *, settings: EventSettings, moment: datetime, occasion: str
) -> None:
    """Write the Feedback email of a resolve, to leave after the event's delay. At most one per ticket ever leaves."""
    if not (settings.feedback_email and ticket.email) or _has_live_feedback(session, ticket.id):
        return
    due_at = moment + timedelta(minutes=settings.feedback_delay_minutes)
    _enqueue(
        session, ticket, kind=AlertKind.FEEDBACK, channel=Channel.EMAIL, occasion=occasion, created_at=moment,
        due_at=due_at, expires_at=due_at + FEEDBACK_EXPIRES,
    )  # fmt: skip


def _has_live_feedback(session: Session, ticket_id: int) -> bool:
    live = select(Alert.id).where(
        Alert.ticket_id == ticket_id, Alert.kind == AlertKind.FEEDBACK, Alert.state != AlertState.CANCELLED
    )
    return session.execute(live.limit(1)).first() is not None


def enqueue_reset(session: Session, *, event_id: int, person_id: int, moment: datetime, occasion: str) -> None:
    """Write the email with which one of the event's people sets a new password."""
    session.add(
        Alert(
            event_id=event_id, person_id=person_id, kind=AlertKind.RESET, channel=Channel.EMAIL, occasion=occasion,
            created_at=moment, due_at=moment, expires_at=moment + RESET_EXPIRES,
        )
    )  # fmt: skip
    wake_outbox(session, event_id)


def _enqueue(session: Session, ticket: Ticket, **alert: Any) -> None:
    session.add(Alert(event_id=ticket.event_id, ticket_id=ticket.id, person_id=ticket.owner_id, **alert))
    wake_outbox(session, ticket.event_id)


def withdraw(session: Session, ticket_id: int, *, kind: AlertKind, moment: datetime, reason: str) -> None:
    """Cancel the ticket's alerts of `kind` that have not left yet; those a worker holds are checked by it again."""
    waiting = and_(Alert.ticket_id == ticket_id, Alert.kind == kind, Alert.state == AlertState.PENDING)
    session.execute(
        update(Alert)
        .where(waiting)
        .values(state=AlertState.CANCELLED, reason_code="withdrawn", reason=reason, ended_at=moment)
    )
