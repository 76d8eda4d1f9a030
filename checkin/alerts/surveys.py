"""Decides whether a Feedback email carries the survey, the advice to take home, or both (docs/specification.md, 8.2).

It is decided when the email is leased, from what has left by then: at most one survey of a ticket ever leaves, and none
soon after another one of the same customer. `asked_at` says which email has the survey in it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from checkin.i18n import mark as N_
from checkin.models import Alert, AlertKind, AlertState, Event, Ticket

SWITCHED_OFF: Final = N_("Not sent: the event does not ask how it went any more.")
ASKED_BEFORE: Final = N_("Not sent: the survey of this ticket had left before.")
ASKED_LATELY: Final = N_("Not sent: they were asked how it went not long ago.")

_ON_THE_WAY: Final = (AlertState.SENDING, AlertState.SENT, AlertState.DELIVERED, AlertState.NEEDS_REVIEW)
# Whoever decides holds this until the commit: two emails to one customer are never decided at once. There is only one,
# since a transaction that decides on several emails must not wait for another one that does.
_DECIDING: Final = "checkin.surveys"


@dataclass(frozen=True)
class Contents:
    """What a Feedback email is to carry; `code` and `sentence` (marked) say why the survey is not in it."""

    has_survey: bool
    has_advice: bool
    code: str = ""
    sentence: str = ""


def contents_of(session: Session, alert: Alert, ticket: Ticket, *, moment: datetime) -> Contents:
    """Return what this Feedback email of a resolved ticket is to carry now; it may be nothing at all."""
    same = {alert.id} if alert.again_for_id is None else {alert.id, alert.again_for_id}
    has_advice = advice_waits(session, ticket, but=same)
    if alert.asked_at is not None and alert.transmissions:
        # Every copy of an email says the same.
        return Contents(has_survey=True, has_advice=has_advice)
    _hold_decision(session)
    settings = session.get_one(Event, ticket.event_id).settings
    why = ("", "")
    if not settings.feedback_email:
        why = ("switched_off", SWITCHED_OFF)
    elif survey_left(session, ticket.id, but=same):
        why = ("asked_before", ASKED_BEFORE)
    elif _was_asked_since(session, ticket, moment - timedelta(hours=settings.feedback_once_hours)):
        why = ("asked_lately", ASKED_LATELY)
    return Contents(why == ("", ""), has_advice, *why)


def survey_left(session: Session, ticket_id: int, *, but: Collection[int] = ()) -> bool:
    """Tell whether the ticket's survey may have left, with another email than `but` (ids of alerts)."""
    asked = (Alert.ticket_id == ticket_id, Alert.asked_at.is_not(None), _may_have_left(), Alert.id.not_in(but))
    return session.execute(select(Alert.id).where(*asked).limit(1)).first() is not None


def advice_waits(session: Session, ticket: Ticket, *, but: Collection[int] = ()) -> bool:
    """Tell whether the ticket has advice that no email but these can have brought home."""
    if ticket.advised_at is None:
        return False
    since = (Alert.ticket_id == ticket.id, Alert.kind == AlertKind.FEEDBACK, Alert.created_at >= ticket.advised_at)
    brought = select(Alert.id).where(*since, _may_have_left(), Alert.id.not_in(but))
    return session.execute(brought.limit(1)).first() is None


def _was_asked_since(session: Session, ticket: Ticket, since: datetime) -> bool:
    """Tell whether a survey of another ticket may have left to the same customer, or to the same address."""
    email = (ticket.email or "").lower()
    same_person = or_(Ticket.customer_id == ticket.customer_id, func.lower(Ticket.email) == email)
    asked = (
        select(Alert.id)
        .join(Ticket, Ticket.id == Alert.ticket_id)
        .where(Alert.event_id == ticket.event_id, Alert.asked_at > since, Alert.ticket_id != ticket.id)
        .where(_may_have_left(), same_person)
    )
    return session.execute(asked.limit(1)).first() is not None


def _may_have_left() -> ColumnElement[bool]:
    return or_(Alert.state.in_(_ON_THE_WAY), Alert.transmissions > 0)


def _hold_decision(session: Session) -> None:
    """Let other decisions wait until this transaction ends; SQLite's one writer holds the whole database."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(_DECIDING, 0))))
