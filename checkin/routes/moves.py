"""What somebody is offered to do with a ticket: what the table of moves allows, and no more (specification 4.3)."""

from datetime import datetime
from typing import Final

from checkin.models import Role, StatusCode, StatusKind
from checkin.queueing.leaving import is_of_today
from checkin.queueing.transitions import ALLOWED, Move, Standing
from checkin.reports.one_ticket import TicketView
from checkin.routes.access import EventView, Viewer

_NEEDS: Final[dict[str, Move]] = {
    "here": Move.ARRIVE,
    "call": Move.CALL,
    "no_show": Move.NO_SHOW,
    "resolve": Move.RESOLVED,
    "put_back": Move.PUT_BACK,
    "hand_over": Move.HAND_OVER,
    "escalate": Move.ON_HOLD,
    "follow_up": Move.ON_HOLD,
    "cancel": Move.CANCELLED,
    "open": Move.OPEN,
    "bring_back": Move.BRING_BACK,
    "urgent": Move.URGENT,
}
# Allowed, and yet not what the button is for; the list of statuses has it for who means it.
_NOT_OFFERED: Final[dict[Standing, frozenset[str]]] = {
    Standing.WAITING: frozenset({"open", "follow_up"}),
    Standing.CALLED: frozenset({"open"}),
    Standing.HELPED: frozenset({"open", "no_show"}),
    Standing.ON_HOLD: frozenset(),
    Standing.CLOSED: frozenset({"escalate", "follow_up"}),
}
_OF_VOLUNTEERS: Final = frozenset({"cancel", "bring_back"})
_LEFT: Final = frozenset({StatusCode.NO_SHOW, StatusCode.CANCELLED})


def moves_of(ticket: TicketView, who: Viewer, event: EventView, moment: datetime) -> frozenset[str]:
    """Return the names of the actions that the page shows to this person."""
    table = ALLOWED[ticket.stance]
    moves = {name for name, move in _NEEDS.items() if move in table} - _NOT_OFFERED[ticket.stance]
    is_back_in_time = is_of_today(ticket.closed_at, moment=moment, time_zone=event.time_zone)
    if not (ticket.status_code in _LEFT and is_back_in_time):
        moves.discard("bring_back")
    if ticket.status_code == StatusCode.FOLLOW_UP:
        moves.discard("follow_up")
    leads = ticket.team_id in who.leads or Role.ORGANISER in who.roles
    may_be_urgent = event.settings.allow_urgent or ticket.is_urgent
    if not (leads and may_be_urgent and ticket.kind is StatusKind.OPEN):
        moves.discard("urgent")
    if leads or ticket.owner_id == who.person_id:
        moves.add("status")
    else:
        moves &= _OF_VOLUNTEERS if Role.VOLUNTEER in who.roles else frozenset()
    if Role.ORGANISER in who.roles:
        moves |= {"correct", "delete"}
    return frozenset(moves)
