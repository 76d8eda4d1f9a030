"""Tells whether an alert still has something true to say when its time has come (docs/alerts.md)."""

from collections.abc import Callable
from typing import Final

from sqlalchemy.orm import Session

from checkin.alerts.outbox import NO_LONGER_RESOLVED, NOT_NEAR, channels_of_calls_that_left, take_of
from checkin.db import database_now
from checkin.i18n import mark as N_
from checkin.models import Alert, AlertKind, Status, StatusCode, StatusKind, Ticket
from checkin.models.places import NEAR, place_of


class NoLongerMakesSense(Exception):
    """The alert has nothing true to say any more; `code` is ours, `sentence` is for people and marked."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


def require_sense(session: Session, alert: Alert, ticket: Ticket) -> None:
    """Raise `NoLongerMakesSense` when the change that caused the alert has been undone since."""
    holds, sentence = _SENSE[alert.kind]
    if not holds(session, alert, ticket, session.get_one(Status, ticket.status_id)):
        raise NoLongerMakesSense("stale", sentence)


def _is_still_called(_: Session, alert: Alert, ticket: Ticket, status: Status) -> bool:
    same_take = ticket.owner_id is not None and take_of(alert.occasion) == ticket.take_number
    return status.kind is StatusKind.OPEN and same_take and ticket.arrived_at is None


def _is_expected(_: Session, __: Alert, ticket: Ticket, status: Status) -> bool:
    return status.kind is StatusKind.OPEN and ticket.arrived_at is None


def _is_still_near(session: Session, _: Alert, ticket: Ticket, __: Status) -> bool:
    place = place_of(session, ticket, moment=database_now(session))
    return place is not None and place <= NEAR


def _is_still_missed(_: Session, __: Alert, ___: Ticket, status: Status) -> bool:
    return status.code == StatusCode.NO_SHOW


def _waits_after_a_call(session: Session, alert: Alert, ticket: Ticket, status: Status) -> bool:
    waits = status.kind is StatusKind.OPEN and ticket.owner_id is None
    # The call may have been on its way when this was written, and have come to nothing since.
    return waits and alert.channel in channels_of_calls_that_left(session, ticket)


def _is_still_cancelled(_: Session, __: Alert, ___: Ticket, status: Status) -> bool:
    return status.code == StatusCode.CANCELLED


def _is_still_asked(_: Session, __: Alert, ___: Ticket, status: Status) -> bool:
    return status.kind is StatusKind.CLOSED and status.asks_feedback


# When each kind still has something true to say, and what stands in the outbox when it has not.
_SENSE: Final[dict[AlertKind, tuple[Callable[[Session, Alert, Ticket, Status], bool], str]]] = {
    AlertKind.READY: (_is_still_called, N_("Not sent: the expert no longer waits for this customer.")),
    AlertKind.CHECKED_IN: (_is_expected, N_("Not sent: the customer was not waiting any more.")),
    AlertKind.NEARLY_THERE: (_is_still_near, NOT_NEAR),
    AlertKind.MISSED: (_is_still_missed, N_("Not sent: the customer was no longer missing when it was due.")),
    AlertKind.PLEASE_WAIT: (_waits_after_a_call, N_("Not sent: there was no call to take back any more.")),
    AlertKind.CANCELLED: (_is_still_cancelled, N_("Not sent: the ticket was no longer cancelled when it was due.")),
    AlertKind.FEEDBACK: (_is_still_asked, NO_LONGER_RESOLVED),
}
