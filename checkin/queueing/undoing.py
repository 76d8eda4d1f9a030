"""Undoes what was done by mistake, for ten seconds in which its alerts wait (docs/specification.md, 4.3)."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from checkin.alerts import outbox
from checkin.db import database_now
from checkin.models import Action, Alert, AlertState, Event, StatusKind, Ticket, TicketChange
from checkin.queueing import history
from checkin.queueing.errors import TooLateToUndo
from checkin.queueing.history import as_it_stands, by_person, record_move, restore_times
from checkin.queueing.locks import hold_ticket
from checkin.queueing.titles import retitle
from checkin.queueing.transitions import require_free_hands_of, status_named

UNDO_SECONDS: Final = history.UNDO_SECONDS


@dataclass(frozen=True)
class Undoable:
    """A change that can be undone, and for how many seconds from now."""

    change_id: int
    seconds_left: int


def undoable(session: Session, ticket_id: int, *, by: int, moment: datetime) -> Undoable | None:
    """Return this person's last change of the ticket while it can be undone."""
    change = session.scalars(
        select(TicketChange)
        .where(TicketChange.ticket_id == ticket_id, TicketChange.action.in_(history.CAN_BE_UNDONE))
        .order_by(TicketChange.id.desc())
        .limit(1)
    ).one_or_none()
    if change is None or not _can_undo(change, session.get_one(Ticket, ticket_id), by=by, moment=moment):
        return None
    left = change.at + timedelta(seconds=UNDO_SECONDS) - moment
    return Undoable(change.id, min(math.ceil(left.total_seconds()), UNDO_SECONDS))


def undo(session: Session, key: str, *, event_id: int, by: int, change_id: int) -> Ticket:
    """Put the ticket back to where it was before the change, if nothing else happened to it and its time is not over.

    The alerts that the change made are cancelled, those that it withdrew wait again. An owner who comes back does so
    with a take number of their own. Raises NoSuchTicket, TicketChanged, TooLateToUndo, HandsFull, OwnersHandsFull.
    """
    change = session.get(TicketChange, change_id)
    kept: dict[str, Any] = change.before if change is not None else {}
    ticket = hold_ticket(
        session, key, event_id=event_id, person_id=by, version=None,
        also_people=_ids(kept, "owner"), also_teams=_ids(kept, "team"),
    )  # fmt: skip
    moment = database_now(session)
    if change is None or change.ticket_id != ticket.id or not _can_undo(change, ticket, by=by, moment=moment):
        raise TooLateToUndo(key=ticket.key)
    before = as_it_stands(session, ticket)
    _restore(session, ticket, kept, by=by)
    record_move(session, ticket, Action.UNDO, by=by_person(by), at=moment, before=before)
    _take_back_alerts(session, ticket, change.at, moment)
    return ticket


def _ids(kept: dict[str, Any], name: str) -> list[int]:
    return [kept[name]] if kept.get(name) is not None else []


def _can_undo(change: TicketChange, ticket: Ticket, *, by: int, moment: datetime) -> bool:
    return (
        change.action in history.CAN_BE_UNDONE
        and change.person_id == by
        and change.after.get("version") == ticket.version
        and moment < change.at + timedelta(seconds=UNDO_SECONDS)
    )


def _restore(session: Session, ticket: Ticket, kept: dict[str, Any], *, by: int) -> None:
    status = status_named(session, kept["status"], event_id=ticket.event_id)
    was_in_hand = ticket.kind is StatusKind.OPEN and ticket.owner_id == kept["owner"]
    if kept["owner"] is not None and status.kind is StatusKind.OPEN and not was_in_hand:
        settings = session.get_one(Event, ticket.event_id).settings
        require_free_hands_of(session, kept["owner"], by=by, settings=settings)
    if kept["owner"] is not None and kept["owner"] != ticket.owner_id:
        ticket.take_number += 1
        outbox.keep_calls(session, ticket.id, of_take=kept["take_number"], for_take=ticket.take_number)
    # Reads, so it comes before the ticket is half changed: what is half changed would be written by the reading.
    retitle(session, ticket, product_id=kept["product"])
    ticket.advice = _advice_of(session, ticket, kept.get("advised_at"))
    has_waited = ticket.owner_id is None
    ticket.status_id, ticket.kind = status.id, status.kind
    ticket.owner_id, ticket.team_id, ticket.product_id = kept["owner"], kept["team"], kept["product"]
    ticket.desk = kept["desk"]
    _restore_times(ticket, kept, has_waited=has_waited)


def _advice_of(session: Session, ticket: Ticket, advised_at: str | None) -> str:
    """Return the advice that was given then, in the words of the history."""
    if advised_at is None:
        return ""
    moment = datetime.fromisoformat(advised_at)
    if moment == ticket.advised_at:
        return ticket.advice
    given_then = (TicketChange.ticket_id == ticket.id, TicketChange.at == moment, TicketChange.action == Action.STATUS)
    return session.scalars(select(TicketChange.words).where(*given_then)).one()


def _restore_times(ticket: Ticket, kept: dict[str, Any], *, has_waited: bool) -> None:
    """Give the ticket its times back, but keep what the customer has said since: nobody undoes that for them."""
    coming, later = ticket.on_the_way_at, ticket.not_before
    restore_times(ticket, kept)
    if ticket.owner_id is None and has_waited:
        ticket.not_before = later
    elif ticket.owner_id is not None and ticket.arrived_at is None:
        ticket.on_the_way_at = ticket.on_the_way_at or coming


def _take_back_alerts(session: Session, ticket: Ticket, changed_at: datetime, moment: datetime) -> None:
    """Cancel the alerts of the change and let those wait again that it withdrew.

    Raises TooLateToUndo when one of them has left in the very last moment: the customer was told.
    """
    outbox.withdraw_made_at(session, ticket.id, moment_of_change=changed_at, moment=moment, reason=outbox.UNDONE)
    told = select(Alert.id).where(
        Alert.ticket_id == ticket.id, outbox.made_by_change(changed_at), Alert.state != AlertState.CANCELLED
    )
    if session.execute(told.limit(1)).first() is not None:
        raise TooLateToUndo(key=ticket.key)
    outbox.revive(session, ticket.id, withdrawn_at=changed_at, occasion=str(ticket.take_number))
