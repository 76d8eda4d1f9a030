"""Who is at the desk, where they sit and what they have in hand (docs/specification.md, 4.7)."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from checkin.models import Event, Person, Presence, StatusKind, TeamMember, Ticket


@dataclass(frozen=True)
class ExpertLine:
    """An expert who is there, available or on a break; `in_hand` holds the keys of their tickets."""

    person_id: int
    name: str
    desk: str
    presence: Presence
    since: datetime | None
    teams: frozenset[int]
    in_hand: tuple[str, ...]

    @property
    def is_available(self) -> bool:
        """Tell whether they can be given a ticket."""
        return self.presence is Presence.AVAILABLE


def experts_there(session: Session, *, event_id: int) -> list[ExpertLine]:
    """Return the event's experts who are there: those available first, then by name."""
    there = (Person.event_id == event_id, Person.presence != Presence.OFF)
    people: dict[int, Person] = {}
    teams: defaultdict[int, set[int]] = defaultdict(set)
    # Apart from what they have in hand: together each team would come once with each ticket.
    for person, team_id in session.execute(
        select(Person, TeamMember.team_id)
        .join(TeamMember, TeamMember.person_id == Person.id)
        .where(*there)
        .order_by(Person.presence == Presence.ON_BREAK, Person.name, Person.id)
    ):
        people[person.id] = person
        teams[person.id].add(team_id)
    in_hand: defaultdict[int, list[str]] = defaultdict(list)
    for person_id, key in session.execute(
        select(Person.id, Ticket.key)
        .join(Ticket, Ticket.owner_id == Person.id)
        .where(*there, Ticket.kind == StatusKind.OPEN)
        .order_by(Ticket.taken_at, Ticket.id)
    ):
        in_hand[person_id].append(key)
    return [
        ExpertLine(
            person_id=person.id,
            name=person.name,
            desk=person.desk,
            presence=person.presence,
            since=person.presence_at,
            teams=frozenset(teams[person.id]),
            in_hand=tuple(in_hand[person.id]),
        )
        for person in people.values()
    ]


def in_hand_of(session: Session, person_ids: Collection[int]) -> list[tuple[str, str]]:
    """Return slug of the event and key of every ticket that one of these people has in hand."""
    rows = session.execute(
        select(Event.slug, Ticket.key)
        .join(Event, Event.id == Ticket.event_id)
        .where(Ticket.owner_id.in_(person_ids), Ticket.kind == StatusKind.OPEN)
        .order_by(Ticket.taken_at, Ticket.id)
    )
    return [(slug, key) for slug, key in rows]
