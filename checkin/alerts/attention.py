"""Which alerts a person has to look at: nobody was reached by them, and it still matters (docs/alerts.md)."""

from typing import Final

from sqlalchemy import ColumnElement, String, and_, cast, exists, or_, select, text
from sqlalchemy.orm import aliased

from checkin.models import Alert, AlertKind, AlertState, StatusKind, Ticket

# How an alert can stand that did not arrive, as far as anybody knows.
NOT_ARRIVED: Final = (AlertState.FAILED, AlertState.EXPIRED, AlertState.SUPPRESSED, AlertState.NEEDS_REVIEW)
# Nobody is harmed who learns nothing of it in time, or does not want to: only what went wrong is looked into.
_WENT_WRONG: Final = (AlertState.FAILED, AlertState.NEEDS_REVIEW)

# The condition of its index, written out so that every plan can use it.
_NOT_ARRIVED: Final = text(
    "alerts.state IN ('failed', 'expired', 'suppressed', 'needs_review') AND alerts.dismissed_at IS NULL"
)
_Later: Final = aliased(Alert)


def needs_person() -> ColumnElement[bool]:
    """Return the condition for alerts that wait for a person, in a statement that joins each alert's ticket if any.

    One that was dismissed, sent once more, or overtaken by what happened to its ticket waits for nobody; nor does a
    note to the team, whose desks show who waits.
    """
    of_sign_in = Alert.kind == AlertKind.RESET
    return and_(_NOT_ARRIVED, or_(of_sign_in, and_(_still_matters(), ~_is_followed())))


def _still_matters() -> ColumnElement[bool]:
    is_open, is_closed = Ticket.kind == StatusKind.OPEN, Ticket.kind == StatusKind.CLOSED
    waits = and_(is_open, Ticket.owner_id.is_(None))
    take = cast(Ticket.take_number, String)
    of_this_take = or_(Alert.occasion == take, Alert.occasion.like(take + ".%"))
    called = and_(is_open, Ticket.owner_id.is_not(None), Ticket.arrived_at.is_(None), of_this_take)
    return or_(
        and_(Alert.kind == AlertKind.READY, called),
        and_(Alert.kind == AlertKind.PLEASE_WAIT, waits),
        and_(Alert.kind.in_((AlertKind.MISSED, AlertKind.CANCELLED)), is_closed),
        and_(Alert.kind.in_((AlertKind.CHECKED_IN, AlertKind.NEARLY_THERE)), waits, Alert.state.in_(_WENT_WRONG)),
        and_(Alert.kind == AlertKind.FEEDBACK, Alert.state.in_(_WENT_WRONG)),
    )


def _is_followed() -> ColumnElement[bool]:
    """Return the condition that the same was said once more on the same channel: the later one speaks for both."""
    same = (_Later.ticket_id == Alert.ticket_id, _Later.kind == Alert.kind, _Later.channel == Alert.channel)
    later = select(_Later.id).where(*same, _Later.id > Alert.id, _Later.state != AlertState.CANCELLED)
    return exists(later.correlate(Alert))
