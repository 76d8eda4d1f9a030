"""Puts alerts into the outbox, in the caller's transaction (docs/specification.md, 5.4).

The rows hold references; the text is rendered when a worker leases them, so that it says what is true then.
"""

from collections.abc import Collection, Container
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session

from checkin.alerts.endings import end
from checkin.alerts.surveys import advice_waits, survey_left
from checkin.db import wake_outbox
from checkin.i18n import mark as N_
from checkin.models import Alert, AlertKind, AlertState, Channel, EventSettings, Source, TeamMember, Ticket
from checkin.models.settings import DEFAULT_LANGUAGE

FEEDBACK_EXPIRES: Final = timedelta(days=2)
MISSED_EXPIRES: Final = timedelta(hours=1)
CANCELLED_EXPIRES: Final = timedelta(hours=3)
RESET_EXPIRES: Final = timedelta(hours=1)
CHECKED_IN_EXPIRES: Final = timedelta(hours=1)
NEARLY_THERE_EXPIRES: Final = timedelta(minutes=15)
TEAM_NOTE_EXPIRES: Final = timedelta(minutes=15)

# Why an alert was cancelled: by the change that put an end to its reason, or by the undo of the change that caused it.
_WITHDRAWN_CODE: Final = "withdrawn"
_UNDONE_CODE: Final = "undone"
_NOT_NEAR_CODE: Final = "not_near"

# A Ready alert in one of these may be on somebody's phone.
_HAS_LEFT: Final = (AlertState.SENDING, AlertState.SENT, AlertState.DELIVERED, AlertState.NEEDS_REVIEW)

WITHDRAWN: Final = N_("Not sent: the ticket was put back before it left.")
CUSTOMER_LEFT: Final = N_("Not sent: the customer left the queue before it left.")
NO_LONGER_OPEN: Final = N_("Not sent: the ticket was no longer open when it was due.")
HANDED_OVER: Final = N_("Not sent: the ticket was handed over before it left.")
CALLED_AGAIN: Final = N_("Not sent: the customer was called once more before it left.")
ARRIVED: Final = N_("Not sent: the customer was here before it left.")
CAME_BACK: Final = N_("Not sent: the customer was back before it left.")
UNDONE: Final = N_("Not sent: what caused it was undone.")
NOT_NEAR: Final = N_("Not sent: the customer was not among the next any more.")
NO_LONGER_RESOLVED: Final = N_("Not sent: the ticket was no longer resolved when it was due.")


def channels_of(kind: AlertKind, settings: EventSettings) -> tuple[Channel, ...]:
    """Return the channels on which the event sends this kind: a setting for each, named as `ready_text` is."""
    return tuple(channel for channel in Channel if getattr(settings, f"{kind}_{channel}", False))


def ready_alert(channel: Channel) -> str:
    """Return the SQL that writes the Ready alert of a take, as a part of the one statement of taking_at_once.

    It reads the ticket from `taken` (id, event_id, take_number, taken_at, phone, email, source) and binds
    :expert_id, :delay and :lifetime; without an address for the channel, or for a follow-up, it writes no row.
    """
    address = "phone" if channel is Channel.TEXT else "email"
    # Nothing of a request is in here: the channel is a name of ours.
    return f"""
  INSERT INTO alerts (event_id, ticket_id, person_id, kind, channel, occasion, state, reason_code, reason, created_at,
    due_at, expires_at, attempts, transmissions, possible_duplicate, recipient, subject, body, provider_id)
  SELECT event_id, id, :expert_id, '{AlertKind.READY}', '{channel}', CAST(take_number AS varchar),
    '{AlertState.PENDING}', '', '', taken_at,
    taken_at + :delay, taken_at + :delay + :lifetime, 0, 0, false, '', '', '', ''
  FROM taken WHERE {address} IS NOT NULL AND source <> '{Source.FEEDBACK}'"""  # noqa: S608


def enqueue_ready(
    session: Session, ticket: Ticket, *, settings: EventSettings, moment: datetime, due_at: datetime | None = None
) -> None:
    """Write the Ready alerts of the take, or of the call within it, that `ticket` has just had.

    They leave after the event's delay, but not before `due_at`; who is called again is called at once.
    """
    called = f"{ticket.take_number}.{ticket.call_number}" if ticket.call_number else str(ticket.take_number)
    delayed = moment if ticket.call_number else moment + ready_delay(settings)
    _enqueue_on_each(
        session, ticket, AlertKind.READY, settings=settings, occasion=called, moment=moment,
        due_at=max(delayed, due_at or moment), lifetime=timedelta(minutes=settings.ready_expires_minutes),
    )  # fmt: skip


def ready_delay(settings: EventSettings) -> timedelta:
    """Return how long the event lets a Ready alert wait after the take."""
    return timedelta(seconds=settings.ready_delay_seconds)


def enqueue_checked_in(session: Session, ticket: Ticket, *, settings: EventSettings, moment: datetime) -> None:
    """Write the alerts that give somebody their key and the link to their page."""
    _enqueue_on_each(
        session, ticket, AlertKind.CHECKED_IN, settings=settings, occasion="1", moment=moment, due_at=moment,
        lifetime=CHECKED_IN_EXPIRES,
    )  # fmt: skip


def enqueue_nearly_there(
    session: Session, ticket: Ticket, *, settings: EventSettings, moment: datetime, due_at: datetime
) -> None:
    """Write the alerts that tell somebody that they are among the next."""
    told = select(func.count()).where(Alert.ticket_id == ticket.id, Alert.kind == AlertKind.NEARLY_THERE)
    _enqueue_on_each(
        session, ticket, AlertKind.NEARLY_THERE, settings=settings,
        occasion=str(session.execute(told).scalar_one() + 1), moment=moment, due_at=due_at,
        lifetime=NEARLY_THERE_EXPIRES,
    )  # fmt: skip


def withdraw_nearly_there(session: Session, ticket: Ticket, *, moment: datetime) -> bool:
    """Cancel what tells the ticket's customer that they are among the next, unless some of it may have left.

    Tells whether nothing of it stands any more, so that they can be told another time. An undo revives none of it: it
    looks at the queue itself.
    """
    alerts = session.scalars(
        select(Alert).where(Alert.ticket_id == ticket.id, Alert.kind == AlertKind.NEARLY_THERE).with_for_update()
    ).all()
    for alert in alerts:
        if alert.state is AlertState.PENDING and not alert.transmissions:
            end(alert, AlertState.CANCELLED, _NOT_NEAR_CODE, NOT_NEAR, moment)
    return all(alert.state is AlertState.CANCELLED for alert in alerts)


def enqueue_missed(
    session: Session, ticket: Ticket, *, settings: EventSettings, moment: datetime, due_at: datetime
) -> None:
    """Write the alerts that tell somebody who did not come how to rejoin."""
    _enqueue_on_each(
        session, ticket, AlertKind.MISSED, settings=settings, occasion=str(ticket.version), moment=moment,
        due_at=due_at, lifetime=MISSED_EXPIRES,
    )  # fmt: skip


def enqueue_please_wait(session: Session, ticket: Ticket, *, settings: EventSettings, moment: datetime) -> None:
    """Write the alerts that take a call back, on the channels where the call of this take may have arrived."""
    _enqueue_on_each(
        session, ticket, AlertKind.PLEASE_WAIT, settings=settings, occasion=str(ticket.version), moment=moment,
        due_at=moment, lifetime=timedelta(minutes=settings.ready_expires_minutes),
        among=channels_of_calls_that_left(session, ticket),
    )  # fmt: skip


def enqueue_cancelled(
    session: Session, ticket: Ticket, *, settings: EventSettings, moment: datetime, due_at: datetime
) -> None:
    """Write the alerts that tell somebody that the desk has cancelled their ticket."""
    _enqueue_on_each(
        session, ticket, AlertKind.CANCELLED, settings=settings, occasion=str(ticket.version), moment=moment,
        due_at=due_at, lifetime=CANCELLED_EXPIRES,
    )  # fmt: skip


def _enqueue_on_each(
    session: Session, ticket: Ticket, kind: AlertKind, *, settings: EventSettings, occasion: str, moment: datetime,
    due_at: datetime, lifetime: timedelta, among: Container[Channel] = frozenset(Channel),
) -> None:  # fmt: skip
    """Write an alert for each of the channels that is switched on and that the ticket has an address for."""
    for channel in channels_of(kind, settings):
        if channel in among and (ticket.phone if channel is Channel.TEXT else ticket.email):
            _enqueue(
                session, ticket, kind=kind, channel=channel, occasion=occasion, created_at=moment, due_at=due_at,
                expires_at=due_at + lifetime,
            )  # fmt: skip


def channels_of_calls_that_left(session: Session, ticket: Ticket) -> set[Channel]:
    """Return the channels on which a Ready alert of the ticket's last take may have reached the customer."""
    called = session.execute(
        select(Alert.channel, Alert.occasion).where(
            Alert.ticket_id == ticket.id, Alert.kind == AlertKind.READY, _may_have_arrived()
        )
    ).all()
    return {channel for channel, occasion in called if take_of(occasion) == ticket.take_number}


def _may_have_arrived() -> ColumnElement[bool]:
    """Return the condition for alerts that may be on somebody's phone, as far as anybody knows."""
    # A text is cancelled after a try only when look-ups found nothing of it; an email cannot be looked up.
    tried = or_(
        Alert.state == AlertState.PENDING, and_(Alert.state == AlertState.CANCELLED, Alert.channel == Channel.EMAIL)
    )
    return or_(Alert.state.in_(_HAS_LEFT), and_(Alert.transmissions > 0, tried))


def take_of(occasion: str) -> int:
    """Return the number of the take that a Ready alert's occasion ("3", or "3.1" for a call again) belongs to."""
    return int(occasion.partition(".")[0])


def enqueue_feedback(
    session: Session, ticket: Ticket, *, settings: EventSettings, moment: datetime, occasion: str, not_before: datetime
) -> None:
    """Write the Feedback email of a resolve, to leave after the event's delay, if there may be something to put in it.

    That is the survey, while it has not left and the event asks, and advice that is not home yet. What it carries is
    decided when it leaves.
    """
    waits = (Alert.ticket_id == ticket.id, Alert.kind == AlertKind.FEEDBACK, Alert.state == AlertState.PENDING)
    asks = settings.feedback_email and not survey_left(session, ticket.id)
    if not ticket.email or not (asks or advice_waits(session, ticket)):
        return
    if session.execute(select(Alert.id).where(*waits, Alert.transmissions == 0).limit(1)).first() is not None:
        return
    due_at = max(moment + timedelta(minutes=settings.feedback_delay_minutes), not_before)
    _enqueue(
        session, ticket, kind=AlertKind.FEEDBACK, channel=Channel.EMAIL, occasion=occasion, created_at=moment,
        due_at=due_at, expires_at=due_at + FEEDBACK_EXPIRES,
    )  # fmt: skip


def enqueue_reset(
    session: Session, *, event_id: int, person_id: int, moment: datetime, occasion: str,
    language: str = DEFAULT_LANGUAGE,
) -> None:  # fmt: skip
    """Write the email with which one of the event's people sets a new password, in the language they asked in."""
    session.add(
        Alert(
            event_id=event_id, person_id=person_id, kind=AlertKind.RESET, channel=Channel.EMAIL, occasion=occasion,
            created_at=moment, due_at=moment, expires_at=moment + RESET_EXPIRES, language=language,
        )
    )  # fmt: skip
    wake_outbox(session, event_id)


def enqueue_team_note(session: Session, *, event_id: int, team_id: int, key: str, moment: datetime) -> None:
    """Write the email that tells each of the team that the ticket with this key waits for them."""
    members = session.scalars(select(TeamMember.person_id).where(TeamMember.team_id == team_id)).all()
    session.add_all(
        Alert(
            event_id=event_id, person_id=person_id, kind=AlertKind.TEAM_NOTE, channel=Channel.EMAIL, occasion=key,
            created_at=moment, due_at=moment, expires_at=moment + TEAM_NOTE_EXPIRES,
        )
        for person_id in members
    )  # fmt: skip
    wake_outbox(session, event_id)


def _enqueue(session: Session, ticket: Ticket, **alert: Any) -> None:
    """Write an alert, unless nothing of this ticket is for its customer: they wait for no follow-up of their survey."""
    if ticket.source is Source.FEEDBACK:
        return
    session.add(Alert(event_id=ticket.event_id, ticket_id=ticket.id, person_id=ticket.owner_id, **alert))
    wake_outbox(session, ticket.event_id)


def withdraw(session: Session, ticket_id: int, *, kinds: Collection[AlertKind], moment: datetime, reason: str) -> None:
    """Cancel the ticket's alerts of `kinds` that have not left yet; the worker checks what it holds itself."""
    _cancel(session, ticket_id, Alert.kind.in_(kinds), code=_WITHDRAWN_CODE, moment=moment, reason=reason)


def withdraw_made_at(
    session: Session, ticket_id: int, *, moment_of_change: datetime, moment: datetime, reason: str
) -> None:
    """Cancel what the change of that moment has put into the outbox for the ticket and what has not left yet."""
    _cancel(session, ticket_id, made_by_change(moment_of_change), code=_UNDONE_CODE, moment=moment, reason=reason)


def made_by_change(moment_of_change: datetime) -> ColumnElement[bool]:
    """Return the condition for the alerts that a change which can be undone has made.

    A ticket by hand is checked in and given to somebody at one moment; who is near follows from the whole queue.
    """
    of_others = (AlertKind.CHECKED_IN, AlertKind.NEARLY_THERE)
    return and_(Alert.created_at == moment_of_change, Alert.kind.not_in(of_others))


def _cancel(
    session: Session, ticket_id: int, which: ColumnElement[bool], *, code: str, moment: datetime, reason: str
) -> None:
    # A text that may have left already is not called back: its look-up says what became of it.
    waiting = and_(Alert.ticket_id == ticket_id, Alert.state == AlertState.PENDING, Alert.unknown_at.is_(None), which)
    session.execute(
        update(Alert)
        .where(waiting)
        .values(state=AlertState.CANCELLED, reason_code=code, reason=reason, ended_at=moment)
    )


def revive(session: Session, ticket_id: int, *, withdrawn_at: datetime, occasion: str) -> None:
    """Let the alerts that the change of that moment has withdrawn wait again, because it was undone.

    Ready alerts belong to the take `occasion` from then on. Of several calls on one channel only the last is made.
    """
    withdrawn = session.scalars(
        select(Alert)
        .where(
            Alert.ticket_id == ticket_id, Alert.state == AlertState.CANCELLED,
            Alert.reason_code == _WITHDRAWN_CODE, Alert.ended_at == withdrawn_at,
        )
        .order_by(Alert.id)
    ).all()  # fmt: skip
    last_of_each = {(alert.kind, alert.channel): alert for alert in withdrawn}
    for alert in last_of_each.values():
        if alert.kind is AlertKind.READY and take_of(alert.occasion) != take_of(occasion):
            alert.occasion = _free_occasion(session, alert, occasion)
        alert.state, alert.reason_code, alert.reason, alert.ended_at = AlertState.PENDING, "", "", None
        if alert.due_at == alert.expires_at:  # its channel stood still, and may have been started since
            alert.due_at = withdrawn_at
        wake_outbox(session, alert.event_id)


def keep_calls(session: Session, ticket_id: int, *, of_take: int, for_take: int) -> None:
    """Let the calls of an earlier take that may have arrived count for a later one: the same expert still waits."""
    calls = session.scalars(
        select(Alert).where(Alert.ticket_id == ticket_id, Alert.kind == AlertKind.READY, _may_have_arrived())
    ).all()
    for alert in calls:
        if take_of(alert.occasion) == of_take:
            alert.occasion = f"{for_take}.kept{alert.id}"


def _free_occasion(session: Session, alert: Alert, occasion: str) -> str:
    """Return `occasion`, or another one of the same take where an alert of this take has it already."""
    same = (Alert.kind == alert.kind, Alert.channel == alert.channel, Alert.occasion == occasion)
    taken = session.execute(select(Alert.id).where(Alert.ticket_id == alert.ticket_id, *same)).first()
    return occasion if taken is None else f"{occasion}.again{alert.id}"
