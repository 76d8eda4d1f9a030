"""Writes a ticket's history: one row for every change, by the function that makes the change."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy.orm import Session

from checkin.db import announce
from checkin.models import Action, Actor, Status, Ticket, TicketChange
from checkin.queueing.nearing import queues_moved

UNDO_SECONDS: Final = 10
CAN_BE_UNDONE: Final = frozenset({Action.STATUS, Action.HAND_OVER})
# All that can change who is offered in a queue, or in which order.
_MOVES_QUEUES: Final = CAN_BE_UNDONE | {
    Action.TAKE, Action.PUT_BACK, Action.BRING_BACK, Action.UNDO, Action.URGENT, Action.CORRECT, Action.MORE_TIME,
}  # fmt: skip
_TIMES: Final = ("taken_at", "called_at", "on_the_way_at", "arrived_at", "closed_at", "not_before", "advised_at")


@dataclass(frozen=True)
class By:
    """Who makes a change: one of the event's people, the customer, or (without either) a rule of the desk."""

    actor: Actor
    person_id: int | None = None


def by_person(person_id: int) -> By:
    """Return the actor that is one of the event's people."""
    return By(Actor.PERSON, person_id)


BY_CUSTOMER = By(Actor.CUSTOMER)


def record(
    session: Session, ticket: Ticket, action: Action, *, by: By, at: datetime,
    before: dict[str, Any] | None = None, after: dict[str, Any] | None = None, words: str = "",
) -> None:  # fmt: skip
    """Append a change: `before` and `after` hold names of fields with ids, codes and times, `words` what was typed."""
    session.add(
        TicketChange(
            ticket_id=ticket.id, action=action, actor=by.actor, person_id=by.person_id, at=at,
            before=before or {}, after=after or {}, words=words,
        )
    )  # fmt: skip
    announce(session, ticket.event_id)
    if action in _MOVES_QUEUES:
        # What is told to the others waits as what is told to this one: an undo brings them back to where they were.
        due_at = after_undo(at) if action in CAN_BE_UNDONE else at
        teams = {ticket.team_id, (before or {}).get("team", ticket.team_id)}
        queues_moved(session, *teams, event_id=ticket.event_id, due_at=due_at)


def after_undo(moment: datetime) -> datetime:
    """Return when the alerts of a change at `moment` may leave: not while it can still be undone."""
    return moment + timedelta(seconds=UNDO_SECONDS)


def as_it_stands(session: Session, ticket: Ticket) -> dict[str, Any]:
    """Return all that a move can change of the ticket, so that it can be undone: ids, codes and times as text."""
    times = {name: getattr(ticket, name) for name in _TIMES}
    return _places(session, ticket) | {
        "take_number": ticket.take_number,
        "call_number": ticket.call_number,
        **{name: time and time.isoformat() for name, time in times.items()},
    }


def restore_times(ticket: Ticket, kept: dict[str, Any]) -> None:
    """Give the ticket the times back that `as_it_stands` kept."""
    for name in _TIMES:
        setattr(ticket, name, kept.get(name) and datetime.fromisoformat(kept[name]))
    ticket.call_number = kept["call_number"]


def record_move(
    session: Session, ticket: Ticket, action: Action, *, by: By, at: datetime, before: dict[str, Any], words: str = "",
    also: Mapping[str, Any] = MappingProxyType({}),
) -> None:  # fmt: skip
    """Stamp a move of status, owner, team or product on the ticket, and append its change.

    `before` is what `as_it_stands` said; `after` names the version that this led to: undo is for nothing later. `also`
    is what else `after` is to keep.
    """
    ticket.updated_at = at
    ticket.version += 1
    session.flush()
    after = _places(session, ticket) | {"version": ticket.version, **also}
    record(session, ticket, action, by=by, at=at, before=before, after=after, words=words)


def _places(session: Session, ticket: Ticket) -> dict[str, Any]:
    return {
        "status": session.get_one(Status, ticket.status_id).code,
        "owner": ticket.owner_id,
        "team": ticket.team_id,
        "product": ticket.product_id,
        "desk": ticket.desk,
    }
