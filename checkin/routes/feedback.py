"""The customer's survey (docs/specification.md, section 8). Opening the link records nothing; sending the form does."""

from dataclasses import dataclass

from flask import Blueprint, abort, g, redirect
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from checkin import clock, htmx
from checkin.alerts.survey_links import outside_link
from checkin.db import db, transaction
from checkin.forms.feedback import FeedbackForm
from checkin.forms.fields import PAGE_TOO_OLD, page_too_old
from checkin.models import Event, Person, Survey, Ticket
from checkin.queueing.answering import EDITABLE, AnswerEmpty, AnswerFinal, answer_survey
from checkin.routes.access import EventView
from checkin.routes.language import speak
from checkin.routes.refusals import refusal

bp = Blueprint("feedback", __name__)


@dataclass(frozen=True)
class _Asked:
    survey: Survey
    expert_name: str | None
    own_page: str
    advice: str


@bp.get("/feedback/<token>")
def show(token: str) -> ResponseReturnValue:
    """Show the questions, with the answer given so far; lead on where the event asks them elsewhere."""
    asked = _load(token)
    elsewhere = outside_link(db.session(), asked.survey)
    # Who has answered here can still change that.
    if elsewhere and asked.survey.answered_at is None:
        return redirect(elsewhere)
    if _is_over(asked.survey):
        return htmx.page("feedback/closed.html", expert_name=asked.expert_name)
    given = {
        "satisfaction": asked.survey.satisfaction,
        "ease": asked.survey.ease,
        "recommend": asked.survey.recommend,
        "desk_satisfaction": asked.survey.desk_satisfaction,
    }
    typed = {name: str(value) for name, value in given.items() if value is not None}
    typed["comments"] = asked.survey.comments
    form = FeedbackForm(asked.expert_name, g.event.name, formdata=None, data=typed)
    return _questions(asked, form)


@bp.post("/feedback/<token>")
def submit(token: str) -> ResponseReturnValue:
    """Keep the answer: the thank-you, or 422 with what was chosen kept."""
    asked = _load(token)
    form = FeedbackForm(asked.expert_name, g.event.name)
    if not form.validate_on_submit():
        return _questions(asked, form, status=422, notice=str(PAGE_TOO_OLD) if page_too_old(form) else None)
    expert_name = asked.expert_name
    try:
        with transaction() as writing:
            answer_survey(writing, token, form.answer())
    except AnswerEmpty as error:
        return _questions(_load(token), form, status=422, notice=refusal(error).sentence)
    except AnswerFinal:
        return htmx.page("feedback/closed.html", status=409, expert_name=expert_name)
    return htmx.page_or_block(
        "feedback/thanks.html", "answer",
        expert_name=expert_name, token=token, own_page=asked.own_page, advice=asked.advice,
    )  # fmt: skip


def _load(token: str) -> _Asked:
    row = db.session.execute(
        select(Survey, Event, Ticket, Person.name)
        .join(Event, Event.id == Survey.event_id)
        .join(Ticket, Ticket.id == Survey.ticket_id)
        .outerjoin(Person, Person.id == Survey.expert_id)
        .where(Survey.token == token)
    ).one_or_none()
    if row is None:
        abort(404)
    survey, event, ticket, expert_name = row
    speak(ticket.language)
    g.event = EventView(event.id, event.slug, event.name, event.time_zone, event.settings)
    return _Asked(survey, expert_name, own_page=ticket.token, advice=ticket.advice)


def _is_over(survey: Survey) -> bool:
    return survey.answered_at is not None and clock.now() - survey.answered_at > EDITABLE


def _questions(
    asked: _Asked, form: FeedbackForm, *, status: int = 200, notice: str | None = None
) -> ResponseReturnValue:
    button = _("Change my answer") if asked.survey.answered_at else _("Send")
    told = {"expert_name": asked.expert_name, "notice": notice, "button": button}
    return htmx.page_or_block("feedback/form.html", "answer", status=status, form=form, **told)
