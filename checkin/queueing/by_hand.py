"""Makes a ticket by hand, from a known customer or blank (docs/specification.md, 4.9)."""

from sqlalchemy.orm import Session

from checkin.alerts import outbox
from checkin.models import Action, EventSettings, GivenRole, Person, Presence, Source, Team, TeamMember, Ticket
from checkin.models.settings import parse_settings
from checkin.queueing.errors import Away, NoSuchPerson, NotAMember, NotYourQueue, OwnerAway
from checkin.queueing.history import after_undo, as_it_stands, by_person, record_move
from checkin.queueing.locks import lock_people, lock_teams
from checkin.queueing.new_tickets import CheckedIn, CheckInDetails, Offer, find_offer, write_ticket
from checkin.queueing.owning import give
from checkin.queueing.permissions import has_role, leads_team
from checkin.queueing.telling import tell_of_check_in, tell_team_of_check_in
from checkin.queueing.transitions import require_free_hands_of


def by_hand(
    session: Session, details: CheckInDetails, *, event_id: int, by: int, owner_id: int | None = None
) -> CheckedIn:
    """Make the ticket of this submission, or return the one it has made already; first name and product are enough.

    It goes to the queue or, with `owner_id`, is theirs at once, and when the time to undo is over the customer is told
    that they are ready. Nobody is asked about other open tickets of the same customer. Raises ProductNotOffered,
    QueueClosed, NotYourQueue (urgent, by an expert), SubmittedTwice (run the transaction again) and, with an owner,
    NoSuchPerson, NotAMember, Away, OwnerAway, HandsFull, OwnersHandsFull.
    """
    offer = find_offer(session, details, event_id=event_id)
    if isinstance(offer, CheckedIn):
        return offer
    settings = parse_settings(offer.settings_json)
    if settings.allow_urgent and details.urgent_reason and not _decides_who_is_urgent(session, offer, by, event_id):
        raise NotYourQueue(team=offer.team_name)
    if owner_id is not None:
        lock_people(session, [owner_id])
        lock_teams(session, [offer.team_id])
        _require_can_own(session, owner_id, by=by, team_id=offer.team_id, settings=settings)
    made = write_ticket(session, details, offer, event_id=event_id, by=by, where="", source=Source.HAND)
    tell_of_check_in(session, made, offer)
    if owner_id is None:
        tell_team_of_check_in(session, made, offer, event_id=event_id)
    else:
        _give(session, made.id, owner_id=owner_id, by=by, settings=settings)
    return CheckedIn(made.key)


def _decides_who_is_urgent(session: Session, offer: Offer, by: int, event_id: int) -> bool:
    """Tell whether this person may let somebody go before the others: volunteers may when they check in (3.2)."""
    if has_role(session, by, GivenRole.VOLUNTEER, event_id=event_id):
        return True
    return leads_team(session, offer.team_id, by, event_id=event_id)


def _require_can_own(session: Session, owner_id: int, *, by: int, team_id: int, settings: EventSettings) -> None:
    """Refuse who cannot be given a ticket of this team now; the caller holds their row."""
    team = session.get_one(Team, team_id)
    person = session.get(Person, owner_id, populate_existing=True)
    if person is None or person.event_id != team.event_id:
        raise NoSuchPerson
    if session.get(TeamMember, (team_id, owner_id)) is None:
        raise NotAMember(name=person.name, team=team.name)
    if person.presence is not Presence.AVAILABLE:
        raise Away if owner_id == by else OwnerAway(name=person.name)
    require_free_hands_of(session, owner_id, by=by, settings=settings)


def _give(session: Session, ticket_id: int, *, owner_id: int, by: int, settings: EventSettings) -> None:
    """Let the new ticket be somebody's, as if it had been handed over to them at once."""
    ticket = session.get_one(Ticket, ticket_id)
    before, moment = as_it_stands(session, ticket), ticket.queued_at
    give(ticket, owner_id, desk=session.get_one(Person, owner_id).desk, moment=moment)
    record_move(session, ticket, Action.HAND_OVER, by=by_person(by), at=moment, before=before)
    outbox.enqueue_ready(session, ticket, settings=settings, moment=moment, due_at=after_undo(moment))
