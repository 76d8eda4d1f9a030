"""Makes the one follow-up of a low score, for who decides in the team (docs/specification.md, 8.3).

It is a ticket as any other, but that nothing of it reaches the customer: whose source is the feedback is told nothing.
"""

from datetime import timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from checkin.i18n import mark as N_
from checkin.i18n import translate
from checkin.models import (
    Action,
    Actor,
    Customer,
    Event,
    Person,
    Source,
    Status,
    StatusCode,
    StatusKind,
    Survey,
    Team,
    Ticket,
)
from checkin.queueing.above import above
from checkin.queueing.history import By, record
from checkin.queueing.new_tickets import next_number
from checkin.queueing.owning import give
from checkin.queueing.titles import TITLE_LENGTH

FOLLOW_UP_WITHIN: Final = timedelta(hours=48)
# At most this is low.
LOW_RECOMMEND: Final = 6
LOW_SATISFACTION: Final = 2

_TITLE: Final = N_("The feedback of {first_name} on {key} asks for a word with them")
_SCORES: Final = {
    "satisfaction": N_("Satisfied with {expert}: {score} of 5"),
    "ease": N_("Easy to get help: {score} of 5"),
    "recommend": N_("Would recommend: {score} of 10"),
    "desk_satisfaction": N_("Satisfied with the desk: {score} of 5"),
}
_WITHOUT_EXPERT: Final = N_("Satisfied with the help: {score} of 5")


def is_low(survey: Survey) -> bool:
    """Tell whether somebody should talk to who answered this."""
    satisfactions = (survey.satisfaction, survey.desk_satisfaction)
    unhappy = any(score is not None and score <= LOW_SATISFACTION for score in satisfactions)
    return unhappy or (survey.recommend is not None and survey.recommend <= LOW_RECOMMEND)


def follow_up_of(session: Session, ticket: Ticket) -> Ticket | None:
    """Return the follow-up that the ticket's survey has led to."""
    return session.scalars(select(Ticket).where(Ticket.follows_id == ticket.id)).one_or_none()


def make_follow_up(session: Session, ticket: Ticket, survey: Survey) -> Ticket:
    """Make the follow-up of a ticket that has none, and which the caller holds; the survey has the answer already.

    It is on hold, due in 48 hours, and belongs to a lead of the team other than the rated expert, else to an organiser;
    where there is neither, leads and organisers find it among what is nobody's.
    """
    # In the order of a check-in: the customer, then the event's counter.
    same = select(Customer.id).where(Customer.id == ticket.customer_id)
    session.execute(same.with_for_update(read=True, key_share=True))
    owner_id = above(session, ticket.team_id, but=survey.expert_id, event_id=ticket.event_id)
    number, moment = next_number(session, event_id=ticket.event_id)
    follow_up = _blank(session, ticket, key=f"{session.get_one(Team, ticket.team_id).code}-{number}", number=number)
    follow_up.queued_at = follow_up.updated_at = moment
    follow_up.follow_up_by = moment + FOLLOW_UP_WITHIN
    follow_up.notes = _notes(session, ticket, survey)
    if owner_id is not None:
        give(follow_up, owner_id, desk="", moment=moment)
    session.add(follow_up)
    session.flush()
    after = {
        "team": follow_up.team_id, "product": follow_up.product_id, "status": StatusCode.FOLLOW_UP.value,
        "owner": owner_id, "follows": ticket.key,
    }  # fmt: skip
    record(session, follow_up, Action.CHECK_IN, by=By(Actor.SYSTEM), at=moment, after=after)
    return follow_up


def _blank(session: Session, ticket: Ticket, *, key: str, number: int) -> Ticket:
    is_follow_up = (Status.event_id == ticket.event_id, Status.code == StatusCode.FOLLOW_UP)
    title = translate(_TITLE, _language(session, ticket)).format(first_name=ticket.first_name, key=ticket.key)
    return Ticket(
        event_id=ticket.event_id,
        number=number,
        key=key,
        submission_id=f"follow-up-{ticket.id}",
        submission_digest="",
        source=Source.FEEDBACK,
        customer_id=ticket.customer_id,
        first_name=ticket.first_name,
        last_name=ticket.last_name,
        email=ticket.email,
        phone=ticket.phone,
        username=ticket.username,
        language=ticket.language,
        title=title[:TITLE_LENGTH],
        in_rehearsal=ticket.in_rehearsal,
        follows_id=ticket.id,
        told_nearly_there=True,
        product_id=ticket.product_id,
        asked_product_id=ticket.product_id,
        team_id=ticket.team_id,
        status_id=session.scalars(select(Status.id).where(*is_follow_up)).one(),
        kind=StatusKind.ON_HOLD,
        take_number=0,
    )


def _notes(session: Session, ticket: Ticket, survey: Survey) -> str:
    """Return whom to talk to, what they answered and what they wrote, line by line."""
    language = _language(session, ticket)
    expert = "" if survey.expert_id is None else session.get_one(Person, survey.expert_id).name
    sentences = _SCORES if expert else _SCORES | {"satisfaction": _WITHOUT_EXPERT}
    given = {name: getattr(survey, name) for name in sentences}
    scores = [
        translate(sentences[name], language).format(expert=expert, score=score)
        for name, score in given.items()
        if score is not None
    ]
    contact = [f"{ticket.first_name} {ticket.last_name}".strip(), ticket.email or "", ticket.phone or ""]
    parts = ("\n".join(line for line in lines if line) for lines in (contact, scores, [survey.comments]))
    return "\n\n".join(part for part in parts if part)


def _language(session: Session, ticket: Ticket) -> str:
    return session.get_one(Event, ticket.event_id).settings.languages[0]
