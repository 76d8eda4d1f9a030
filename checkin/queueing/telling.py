"""What a change of status does to the alerts: which it makes, and which have lost their reason (4.4, 5, 8.2)."""

from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from checkin.alerts import outbox
from checkin.models import (
    Actor,
    AlertKind,
    Event,
    EventSettings,
    Source,
    Status,
    StatusCode,
    StatusKind,
    Survey,
    Ticket,
)
from checkin.models.settings import parse_settings
from checkin.queueing.history import By, after_undo
from checkin.queueing.new_tickets import NewTicket, Offer

_SEEN_OFF: Final[dict[str, AlertKind]] = {
    StatusCode.NO_SHOW.value: AlertKind.MISSED,
    StatusCode.CANCELLED.value: AlertKind.CANCELLED,
}
_OF_THE_QUEUE: Final = (AlertKind.READY, AlertKind.PLEASE_WAIT, AlertKind.CHECKED_IN, AlertKind.NEARLY_THERE)


def tell_of_check_in(session: Session, made: NewTicket, offer: Offer) -> None:
    """Give whoever has just been checked in their key and their page, where the event sends that."""
    settings = parse_settings(offer.settings_json)
    if outbox.channels_of(AlertKind.CHECKED_IN, settings):
        ticket = session.get_one(Ticket, made.id)
        outbox.enqueue_checked_in(session, ticket, settings=settings, moment=made.moment)


def tell_team_of_check_in(session: Session, made: NewTicket, offer: Offer, *, event_id: int) -> None:
    """Let the team know that somebody waits for them, where the event has switched that on."""
    if outbox.channels_of(AlertKind.TEAM_NOTE, parse_settings(offer.settings_json)):
        outbox.enqueue_team_note(session, event_id=event_id, team_id=offer.team_id, key=made.key, moment=made.moment)


def tell_of_status(session: Session, ticket: Ticket, status: Status, *, was: str, by: By, moment: datetime) -> None:
    """Withdraw the alerts that the old status (its code) gave a reason for, then write those of the new one."""
    settings = session.get_one(Event, ticket.event_id).settings
    forget_seeing_off(session, ticket, was=was, moment=moment)
    if status.kind is not StatusKind.OPEN:
        reason = outbox.CUSTOMER_LEFT if by.actor is Actor.CUSTOMER else outbox.NO_LONGER_OPEN
        outbox.withdraw(session, ticket.id, kinds=_OF_THE_QUEUE, moment=moment, reason=reason)
    if status.asks_feedback:
        _ask_how_it_went(session, ticket, settings, moment)
    else:
        outbox.withdraw(session, ticket.id, kinds={AlertKind.FEEDBACK}, moment=moment, reason=outbox.NO_LONGER_RESOLVED)
    if status.code == StatusCode.NO_SHOW:
        outbox.enqueue_missed(session, ticket, settings=settings, moment=moment, due_at=after_undo(moment))
    elif status.code == StatusCode.CANCELLED and by.actor is not Actor.CUSTOMER:
        outbox.enqueue_cancelled(session, ticket, settings=settings, moment=moment, due_at=after_undo(moment))


def forget_seeing_off(session: Session, ticket: Ticket, *, was: str, moment: datetime) -> None:
    """Withdraw what a no-show or a cancelled customer was to be told, now that they are back."""
    if was in _SEEN_OFF:
        outbox.withdraw(session, ticket.id, kinds={_SEEN_OFF[was]}, moment=moment, reason=outbox.CAME_BACK)


def _ask_how_it_went(session: Session, ticket: Ticket, settings: EventSettings, moment: datetime) -> None:
    """Make the ticket's one survey, or name the expert anew in it, and put its email into the outbox.

    Who answered is not asked about the follow-up of their answer.
    """
    if ticket.source is Source.FEEDBACK:
        return
    survey = session.scalars(select(Survey).where(Survey.ticket_id == ticket.id)).one_or_none()
    if survey is None:
        survey = Survey(event_id=ticket.event_id, ticket_id=ticket.id, customer_id=ticket.customer_id, made_at=moment)
        session.add(survey)
    if survey.answered_at is None:
        survey.expert_id = ticket.owner_id
    outbox.enqueue_feedback(
        session, ticket, settings=settings, moment=moment, occasion=str(ticket.version), not_before=after_undo(moment)
    )
