"""Makes events, with the statuses that each of them has."""

from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from checkin.models import Event, EventCounter, Status, StatusCode, StatusKind
from checkin.setup.errors import AlreadyThere, NoSuchEvent
from checkin.setup.names import checked_name, checked_slug, checked_zone

# Code, name, kind, on the board, asks for feedback: docs/specification.md, section 1.
STATUSES: Final = (
    (StatusCode.OPEN, "Open", StatusKind.OPEN, True, False),
    (StatusCode.RESOLVED, "Resolved", StatusKind.CLOSED, False, True),
    (StatusCode.NO_SHOW, "No-show", StatusKind.CLOSED, False, False),
    (StatusCode.CANCELLED, "Cancelled", StatusKind.CLOSED, False, False),
    (StatusCode.ESCALATED, "Escalated", StatusKind.ON_HOLD, False, False),
    (StatusCode.FOLLOW_UP, "Follow-up", StatusKind.ON_HOLD, False, False),
)


def create_event(
    session: Session, slug: str, *, name: str, moment: datetime, time_zone: str = "UTC",
    reserved: frozenset[str] = frozenset(),
) -> Event:  # fmt: skip
    """Make an event with its counter and the statuses that are always there; teams, products and people come after.

    `reserved` are the words of the address map. Raises SlugNotPossible, SlugReserved, NameNotPossible, NoSuchTimeZone,
    AlreadyThere.
    """
    slug = checked_slug(slug, reserved=reserved)
    if session.scalar(select(Event.id).where(Event.slug == slug)) is not None:
        raise AlreadyThere(name=slug)
    event = Event(slug=slug, name=checked_name(name, longest=120), time_zone=checked_zone(time_zone), created_at=moment)
    session.add(event)
    session.flush()
    session.add(EventCounter(event_id=event.id))
    for position, (code, words, kind, on_board, asks_feedback) in enumerate(STATUSES):
        session.add(
            Status(
                event_id=event.id, code=code, name=words, kind=kind, on_board=on_board, asks_feedback=asks_feedback,
                position=position,
            )
        )  # fmt: skip
    session.flush()
    return event


def find_event(session: Session, slug: str) -> Event:
    """Return the event with this slug.

    Raises NoSuchEvent.
    """
    event = session.scalar(select(Event).where(Event.slug == slug))
    if event is None:
        raise NoSuchEvent(event=slug)
    return event
