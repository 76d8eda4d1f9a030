"""Puts alerts into the outbox, in the caller's transaction (docs/specification.md, 5.4).

The rows hold references; the text is rendered when a worker leases them, so that it says what is true then.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import CTE, ColumnElement, Insert, Integer, String, and_, cast, insert, literal, select, update
from sqlalchemy.orm import Session

from checkin.db import UtcDateTime, wake_outbox
from checkin.i18n import mark as N_
from checkin.models import Alert, AlertKind, AlertState, Channel, EventSettings, Ticket

FEEDBACK_EXPIRES: Final = timedelta(days=2)
RESET_EXPIRES: Final = timedelta(hours=1)

WITHDRAWN: Final = N_("Not sent: the ticket was put back before it left.")
OPENED_AGAIN: Final = N_("Not sent: the ticket was opened again before it left.")


def ready_channels(settings: EventSettings) -> tuple[Channel, ...]:
    """Return the channels on which the event tells customers that an expert is ready."""
    switches = ((settings.ready_text, Channel.TEXT), (settings.ready_email, Channel.EMAIL))
    return tuple(channel for on, channel in switches if on)


def ready_alerts(taken: CTE, settings: EventSettings, *, person_id: int, moment: datetime) -> Insert:
    """Return the statement that writes a Ready alert per channel for the ticket in `taken`.

    `taken` has the columns id, event_id, take_number, phone and email; a channel without an address gets no row.
    """
    reachable = [_reaches(channel, taken.c.phone, taken.c.email) for channel in ready_channels(settings)]
    channels = [
        select(*_ready_columns(taken, channel, settings, person_id=person_id, moment=moment)).where(condition)
        for channel, condition in zip(ready_channels(settings), reachable, strict=True)
    ]
    rows = channels[0] if len(channels) == 1 else channels[0].union_all(*channels[1:])
    return insert(Alert).from_select(_READY_NAMES, rows)


_READY_NAMES: Final = [
    "event_id", "ticket_id", "person_id", "kind", "channel", "occasion", "state", "reason_code", "reason", "created_at",
    "due_at", "expires_at", "attempts", "transmissions", "possible_duplicate", "recipient", "subject", "body", "provider_id",
]  # fmt: skip


def _reaches(channel: Channel, phone: ColumnElement[Any], email: ColumnElement[Any]) -> ColumnElement[bool]:
    return phone.is_not(None) if channel is Channel.TEXT else email.is_not(None)


def _ready_columns(
    taken: CTE, channel: Channel, settings: EventSettings, *, person_id: int, moment: datetime
) -> list[ColumnElement[Any]]:
    expires_at = moment + timedelta(minutes=settings.ready_expires_minutes)
    empty = literal("", String)
    zero = literal(0, Integer)
    at = literal(moment, UtcDateTime)
    return [
        taken.c.event_id, taken.c.id, literal(person_id), literal(AlertKind.READY, Alert.kind.type),
        literal(channel, Alert.channel.type), cast(taken.c.take_number, String(40)),
        literal(AlertState.PENDING, Alert.state.type), empty, empty, at, at, literal(expires_at, UtcDateTime),
        zero, zero, literal(False), empty, empty, empty, empty,
    ]  # fmt: skip


def enqueue_ready(session: Session, ticket: Ticket, *, settings: EventSettings, moment: datetime) -> None:
    """Write the Ready alerts of the take that `ticket` has just had."""
    expires_at = moment + timedelta(minutes=settings.ready_expires_minutes)
    for channel in ready_channels(settings):
        if ticket.phone if channel is Channel.TEXT else ticket.email:
            _enqueue(session, ticket, AlertKind.READY, channel, str(ticket.take_number), moment, expires_at)


def enqueue_feedback(
    session: Session, ticket: Ticket, *, settings: EventSettings, moment: datetime, occasion: str
) -> None:
    """Write the Feedback email of a resolve, to leave after the event's delay. At most one per ticket ever leaves."""
    if not (settings.feedback_email and ticket.email) or _has_live_feedback(session, ticket.id):
        return
    due_at = moment + timedelta(minutes=settings.feedback_delay_minutes)
    _enqueue(
        session, ticket, AlertKind.FEEDBACK, Channel.EMAIL, occasion, moment, due_at + FEEDBACK_EXPIRES, due_at=due_at
    )


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


def _enqueue(
    session: Session, ticket: Ticket, kind: AlertKind, channel: Channel, occasion: str, moment: datetime,
    expires_at: datetime, *, due_at: datetime | None = None,
) -> None:  # fmt: skip
    session.add(
        Alert(
            event_id=ticket.event_id, ticket_id=ticket.id, person_id=ticket.owner_id, kind=kind, channel=channel,
            occasion=occasion, created_at=moment, due_at=due_at or moment, expires_at=expires_at,
        )
    )  # fmt: skip
    wake_outbox(session, ticket.event_id)


def withdraw(session: Session, ticket_id: int, *, kind: AlertKind, moment: datetime, reason: str) -> None:
    """Cancel the ticket's alerts of `kind` that have not left yet; those a worker holds are checked by it again."""
    waiting = and_(Alert.ticket_id == ticket_id, Alert.kind == kind, Alert.state == AlertState.PENDING)
    session.execute(
        update(Alert)
        .where(waiting)
        .values(state=AlertState.CANCELLED, reason_code="withdrawn", reason=reason, ended_at=moment)
    )
