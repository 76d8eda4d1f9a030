"""Makes a ticket by hand, from a known customer or blank (docs/specification.md, 4.9)."""

from sqlalchemy.orm import Session

from checkin.alerts import outbox
from checkin.models import Action, Person, Source, Ticket
from checkin.models.settings import parse_settings
from checkin.queueing.hands import require_can_own
from checkin.queueing.history import by_person, record
from checkin.queueing.locks import lock_people, lock_teams
from checkin.queueing.new_tickets import CheckedIn, CheckInDetails, Offer, find_offer, write_ticket


def by_hand(
    session: Session, details: CheckInDetails, *, event_id: int, by: int, owner_id: int | None = None
) -> CheckedIn:
    """Make the ticket of this submission, or return the one it has made already; first name and product are enough.

    It goes to the queue or, with `owner_id`, is theirs at once and the customer is told that they are ready. Nobody is
    asked about other open tickets of the same customer. Raises ProductNotOffered, QueueClosed, SubmittedTwice (run the
    transaction again) and, with an owner, NotAMember, OwnerAway, OwnersHandsFull.
    """
    offer = find_offer(session, details, event_id=event_id)
    if isinstance(offer, CheckedIn):
        return offer
    if owner_id is not None:
        lock_people(session, [owner_id])
        lock_teams(session, [offer.team_id])
        settings = parse_settings(offer.settings_json)
        require_can_own(session, owner_id, event_id=event_id, team_id=offer.team_id, settings=settings)
    made = write_ticket(session, details, offer, event_id=event_id, by=by, where="", source=Source.HAND)
    if owner_id is not None:
        _give(session, made.id, offer, owner_id=owner_id, by=by)
    return CheckedIn(made.key)


def _give(session: Session, ticket_id: int, offer: Offer, *, owner_id: int, by: int) -> None:
    """Let the new ticket be somebody's, as if it had been handed over to them at once."""
    ticket = session.get_one(Ticket, ticket_id)
    person = session.get_one(Person, owner_id)
    moment = ticket.queued_at
    ticket.owner_id = owner_id
    ticket.desk = person.desk
    ticket.taken_at = ticket.updated_at = moment
    ticket.take_number = 1
    ticket.version += 1
    session.flush()
    after = {"owner": owner_id, "team": ticket.team_id, "desk": person.desk}
    record(session, ticket, Action.HAND_OVER, by=by_person(by), at=moment, before={"owner": None}, after=after)
    outbox.enqueue_ready(session, ticket, settings=parse_settings(offer.settings_json), moment=moment)
