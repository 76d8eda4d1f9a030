"""Who is at the desk, and at which table (docs/specification.md, 1 and 4.7).

Tables are given out one at a time: the event's row is held while somebody sits down, so that two people who type the
same number in the same moment are told of each other.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, select, update
from sqlalchemy.orm import Session

from checkin.db import announce, database_now
from checkin.models import AuditAction, AuditEntry, Person, Presence, StatusKind, Ticket
from checkin.queueing.errors import DeskTaken, NoSuchPerson
from checkin.queueing.locks import lock_event, lock_people


def set_presence(session: Session, *, event_id: int, person_id: int, to: Presence) -> None:
    """Say that somebody is available, on a break or off, since now; whoever goes off frees their table.

    Says nothing twice: where it is so already, nothing changes. Somebody who comes back to a table where another one
    sits meanwhile has none. Raises NoSuchPerson.
    """
    person, sitting = _hold(session, person_id, event_id=event_id)
    if person.presence is to:
        return
    moment = database_now(session)
    before = {"presence": person.presence.value, "desk": person.desk}
    if to is Presence.OFF or (person.presence is Presence.OFF and sitting):
        person.desk = ""
    person.presence = to
    person.presence_at = moment
    _record(session, person, by=person_id, at=moment, before=before)


def set_desk(session: Session, *, event_id: int, person_id: int, desk: str, take_over: bool = False) -> None:
    """Sit down at a table (an empty `desk`: at none). With `take_over` whoever sits there has none afterwards.

    The tickets in their hands are at the new table from now on.

    Raises NoSuchPerson, and DeskTaken when another one who is present sits there.
    """
    desk = desk.strip()
    person, sitting = _hold(session, person_id, event_id=event_id, desk=desk)
    if desk == person.desk:
        return
    if sitting and not take_over:
        raise DeskTaken(name=sitting[0].name, desk=sitting[0].desk)
    moment = database_now(session)
    for one, becomes in [(other, "") for other in sitting] + [(person, desk)]:
        before = {"desk": one.desk}
        one.desk = becomes
        # Who was called is to find the table where the expert sits now, on the board and on their page.
        in_hand = (Ticket.owner_id == one.id, Ticket.kind == StatusKind.OPEN)
        session.execute(update(Ticket).where(*in_hand).values(desk=becomes))
        _record(session, one, by=person_id, at=moment, before=before)


def _hold(session: Session, person_id: int, *, event_id: int, desk: str | None = None) -> tuple[Person, list[Person]]:
    """Return the person and whoever else sits at this table (None: at the person's own), all of them locked.

    The event's row comes before all other locks, so that nobody sits down meanwhile.
    """
    lock_event(session, event_id)
    person = session.scalars(select(Person).where(Person.id == person_id, Person.event_id == event_id)).one_or_none()
    if person is None:
        raise NoSuchPerson
    wanted = person.desk if desk is None else desk
    there = (Person.event_id == event_id, Person.id != person_id, Person.presence != Presence.OFF)
    same = and_(Person.desk != "", func.lower(Person.desk) == func.lower(wanted))
    sitting = session.scalars(select(Person.id).where(*there, same)).all()
    lock_people(session, [person_id, *sitting])
    locked = select(Person).where(Person.id.in_([person_id, *sitting])).order_by(Person.id)
    people = session.scalars(locked.execution_options(populate_existing=True)).all()
    return person, [one for one in people if one.id != person_id and one.presence is not Presence.OFF]


def _record(session: Session, person: Person, *, by: int, at: datetime, before: dict[str, Any]) -> None:
    after = {name: str(getattr(person, name)) for name in before}
    session.add(
        AuditEntry(
            event_id=person.event_id, person_id=by, at=at, action=AuditAction.PRESENCE, subject=str(person.id),
            before=before, after=after,
        )
    )  # fmt: skip
    announce(session, person.event_id)
