"""Records what a customer answers after being helped (docs/specification.md, 8.1)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from checkin.db import database_now
from checkin.i18n import mark as N_
from checkin.models import Action, Event, Survey, Ticket
from checkin.queueing.errors import QueueingError
from checkin.queueing.following_up import follow_up_of, is_low, make_follow_up
from checkin.queueing.history import BY_CUSTOMER, record

EDITABLE: Final = timedelta(days=1)


class NoSuchSurvey(QueueingError):
    """No survey has this token."""

    code = "no_such_survey"
    sentence = N_("This link does not lead to a question of ours.")


class AnswerEmpty(QueueingError):
    """Not one question was answered."""

    code = "answer_empty"
    sentence = N_("Please answer at least one question.")


class AnswerFinal(QueueingError):
    """The answer can be changed for a day, and that day is over."""

    code = "answer_final"
    sentence = N_("Thank you. Your answer was given more than a day ago and stands as it is.")


@dataclass(frozen=True)
class Answer:
    """What the customer said; each part may be missing. Scales 1 to 5, recommend 0 to 10."""

    satisfaction: int | None = None
    ease: int | None = None
    recommend: int | None = None
    desk_satisfaction: int | None = None
    comments: str = ""

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing was answered at all."""
        scales = (self.satisfaction, self.ease, self.recommend, self.desk_satisfaction)
        return all(scale is None for scale in scales) and not self.comments.strip()


def answer_survey(session: Session, token: str, answer: Answer) -> Survey:
    """Keep the answer, the first time or again within a day; it joins the timeline and does not open the ticket.

    A low score makes a follow-up of it where there is none yet. Raises NoSuchSurvey, AnswerEmpty, AnswerFinal.
    """
    ticket, survey = _hold(session, token)
    moment = database_now(session)
    if survey.answered_at is not None and moment - survey.answered_at > EDITABLE:
        raise AnswerFinal
    if answer.is_empty:
        raise AnswerEmpty
    before = _scores(survey)
    for name in before:
        setattr(survey, name, getattr(answer, name))
    survey.comments = answer.comments.strip()
    survey.edited_at = moment
    survey.answered_at = survey.answered_at or moment
    session.flush()
    _tell_timelines(session, ticket, survey, before=before, moment=moment)
    return survey


def _hold(session: Session, token: str) -> tuple[Ticket, Survey]:
    """Return the survey with its ticket, both locked in the order of all changes. Raises NoSuchSurvey."""
    ticket_id = session.scalars(select(Survey.ticket_id).where(Survey.token == token)).one_or_none()
    anew = {"populate_existing": True}
    held = select(Ticket).where(Ticket.id == ticket_id).with_for_update().execution_options(**anew)
    ticket = session.scalars(held).one_or_none()
    if ticket is None:
        raise NoSuchSurvey
    survey = select(Survey).where(Survey.ticket_id == ticket.id).with_for_update().execution_options(**anew)
    return ticket, session.scalars(survey).one()


def _scores(survey: Survey) -> dict[str, Any]:
    return {name: getattr(survey, name) for name in ("satisfaction", "ease", "recommend", "desk_satisfaction")}


def _tell_timelines(
    session: Session, ticket: Ticket, survey: Survey, *, before: dict[str, Any], moment: datetime
) -> None:
    """Let the answer join the ticket's timeline and that of its follow-up, which it makes when the score is low."""

    def tell(timeline_of: Ticket, after: dict[str, Any]) -> None:
        record(
            session, timeline_of, Action.FEEDBACK, by=BY_CUSTOMER, at=moment, before=before, after=after,
            words=survey.comments,
        )  # fmt: skip

    after = _scores(survey)
    follow_up = follow_up_of(session, ticket)
    wanted = session.get_one(Event, ticket.event_id).settings.feedback_follow_up and is_low(survey)
    if follow_up is not None:
        tell(follow_up, after)
    elif wanted:
        after = after | {"follow_up": make_follow_up(session, ticket, survey).key}
    tell(ticket, after)
