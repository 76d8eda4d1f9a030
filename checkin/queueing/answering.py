"""Records what a customer answers after being helped (docs/specification.md, 8.1)."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from checkin.db import database_now
from checkin.i18n import mark as N_
from checkin.models import Action, Survey, Ticket
from checkin.queueing.errors import QueueingError
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

    Raises NoSuchSurvey, AnswerEmpty, AnswerFinal.
    """
    survey = session.scalars(select(Survey).where(Survey.token == token).with_for_update()).one_or_none()
    if survey is None:
        raise NoSuchSurvey
    moment = database_now(session)
    if survey.answered_at is not None and moment - survey.answered_at > EDITABLE:
        raise AnswerFinal
    if answer.is_empty:
        raise AnswerEmpty
    scores = {
        "satisfaction": answer.satisfaction,
        "ease": answer.ease,
        "recommend": answer.recommend,
        "desk_satisfaction": answer.desk_satisfaction,
    }
    before = {name: getattr(survey, name) for name in scores}
    for name, value in scores.items():
        setattr(survey, name, value)
    survey.comments = answer.comments.strip()
    survey.edited_at = moment
    survey.answered_at = survey.answered_at or moment
    ticket = session.get_one(Ticket, survey.ticket_id)
    words = survey.comments
    record(session, ticket, Action.FEEDBACK, by=BY_CUSTOMER, at=moment, before=before, after=scores, words=words)
    return survey
