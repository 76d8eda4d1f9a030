"""The order in which everything is locked: the event (by few), people by id, teams by id, tickets.

A take holds the expert's and the team's row until it commits, so two takes of one queue never see the same head of it.
SQLite needs none of this: its one writer holds the whole database.
"""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from checkin.models import Action, Actor, Event, Person, Team, Ticket, TicketChange
from checkin.queueing.errors import ChangedByYou, NoSuchTicket, TicketChanged


def lock_event(session: Session, event_id: int) -> None:
    """Hold the event's row until the transaction ends: nobody sits down, comes or goes meanwhile."""
    session.execute(select(Event.id).where(Event.id == event_id).with_for_update(key_share=True)).all()


def lock_people(session: Session, person_ids: Iterable[int]) -> None:
    """Hold the rows of these people until the transaction ends."""
    statement = select(Person.id).where(Person.id.in_(sorted(set(person_ids)))).order_by(Person.id)
    session.execute(statement.with_for_update(key_share=True)).all()


def lock_teams(session: Session, team_ids: Iterable[int]) -> None:
    """Hold the queues of these teams until the transaction ends."""
    statement = select(Team.id).where(Team.id.in_(sorted(set(team_ids)))).order_by(Team.id)
    session.execute(statement.with_for_update(key_share=True)).all()


def hold_ticket(
    session: Session, key: str, *, event_id: int, person_id: int | None, version: int | None,
    also_people: Iterable[int] = (), also_teams: Iterable[int] = (),
) -> Ticket:  # fmt: skip
    """Return the event's ticket with its owner, `person_id`, its team and itself locked.

    People and teams that it may move to are locked with them, in the one order. Raises NoSuchTicket, and TicketChanged
    when it is no longer at `version` (None: whatever it is) or moved meanwhile: ChangedByYou when that was `person_id`.
    """
    where = (Ticket.event_id == event_id, Ticket.key == key)
    found = session.execute(select(Ticket.id, Ticket.team_id, Ticket.owner_id).where(*where)).one_or_none()
    if found is None:
        raise NoSuchTicket
    lock_people(session, [one for one in (found.owner_id, person_id, *also_people) if one is not None])
    lock_teams(session, [found.team_id, *also_teams])
    # Not to keep rows from pointing to it: a worker that holds an alert, for which a mover waits, may have to.
    held = select(Ticket).where(Ticket.id == found.id).with_for_update(key_share=True)
    ticket = session.execute(held.execution_options(populate_existing=True)).scalar_one_or_none()
    if ticket is None:
        raise NoSuchTicket
    if (ticket.team_id, ticket.owner_id) != (found.team_id, found.owner_id):
        raise TicketChanged
    if version is not None and ticket.version != version:
        raise ChangedByYou if _changed_last_by(session, ticket, person_id) else TicketChanged
    return ticket


def _changed_last_by(session: Session, ticket: Ticket, person_id: int | None) -> bool:
    """Tell whether the person was the last to change the ticket; a note changes nothing of it."""
    changes = select(TicketChange.actor, TicketChange.person_id).where(
        TicketChange.ticket_id == ticket.id, TicketChange.action != Action.NOTE
    )
    last = session.execute(changes.order_by(TicketChange.id.desc()).limit(1)).one()
    return tuple(last) == (Actor.PERSON, person_id)
