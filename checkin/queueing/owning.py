"""Gives a ticket an owner or takes it away; what belongs to one take begins anew with the next (specification 3.5)."""

from datetime import datetime

from checkin.models import Ticket


def give(ticket: Ticket, owner_id: int, *, desk: str, moment: datetime) -> None:
    """Make somebody the ticket's owner, as a take does: they have called the customer and nobody has come yet."""
    release(ticket)
    ticket.owner_id = owner_id
    ticket.desk = desk
    ticket.taken_at = moment
    ticket.not_before = None
    ticket.take_number += 1


def release(ticket: Ticket) -> None:
    """Leave the ticket to nobody. Its check-in time stays, and until when the customer asked to be passed over."""
    ticket.owner_id = None
    ticket.desk = ""
    ticket.taken_at = ticket.called_at = ticket.on_the_way_at = ticket.arrived_at = None
    ticket.call_number = 0
