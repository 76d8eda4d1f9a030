"""The queues as those see them who run them: leads their own, organisers all (docs/specification.md, 3.6)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, abort, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from checkin import htmx
from checkin.db import database_now, db, transaction
from checkin.forms.fields import PAGE_TOO_OLD, page_too_old
from checkin.forms.queues import EndDayForm, HandOverWaitingForm, QueueStateForm, WaitingForm
from checkin.models import QueueState, Role
from checkin.queueing.closing import Waiting, end_day, set_queue_state, settle_waiting
from checkin.queueing.errors import QueueingError
from checkin.reports.deliveries import attention
from checkin.reports.experts import ExpertLine, experts_there
from checkin.reports.queues import QueueCard, is_day_over, queue_cards
from checkin.routes.access import EventView, staff_required, viewer
from checkin.routes.desk import left_over
from checkin.routes.refusals import Refusal, refusal, status_of

bp = Blueprint("queues", __name__)


@dataclass(frozen=True)
class QueueRow:
    """A queue with the experts who are there for it, and how what becomes of those who wait is asked."""

    card: QueueCard
    experts: list[ExpertLine]
    asks: str


@dataclass(frozen=True)
class Trouble:
    """A form that could not be used: of which queue, which choice, and what was typed."""

    team_code: str
    form: WaitingForm


@bp.get("/<slug:event_slug>/queues")
@staff_required(Role.LEAD, Role.ORGANISER)
def show(event: EventView) -> ResponseReturnValue:
    """Show the queues that the viewer may open, pause and close; `ask` names one that was closed just now."""
    return _page(event, ask=request.args.get("ask", ""))


@bp.post("/<slug:event_slug>/queues/<team_code>/state")
@staff_required(Role.LEAD, Role.ORGANISER)
def state(event: EventView, team_code: str) -> ResponseReturnValue:
    """Open, pause or close a queue; one that closes with people waiting asks at once what becomes of them."""
    form = QueueStateForm()
    if not form.validate_on_submit():
        return _page(event, status=422, warning=Refusal("page_too_old", str(PAGE_TOO_OLD)))
    to = QueueState(form.to.data or "")
    expected = QueueState(form.expected.data) if form.expected.data else None
    ask = team_code if to is QueueState.CLOSED else ""
    return _do(
        event,
        lambda writing: set_queue_state(
            writing, event_id=event.id, team_code=team_code, to=to, by=viewer().person_id, expected=expected
        ),
        ask=ask,
    )


@bp.post("/<slug:event_slug>/queues/<team_code>/waiting")
@staff_required(Role.LEAD, Role.ORGANISER)
def waiting(event: EventView, team_code: str) -> ResponseReturnValue:
    """Cancel those who wait, hand them over, or leave them."""
    form = HandOverWaitingForm() if request.form.get("choice") == Waiting.HAND_OVER else WaitingForm()
    if not form.validate_on_submit():
        warning = Refusal("page_too_old", str(PAGE_TOO_OLD)) if page_too_old(form) or form.choice.errors else None
        return _page(event, status=422, warning=warning, trouble=Trouble(team_code, form))
    choice = Waiting(form.choice.data or "")
    to_team = form.to_team.data if isinstance(form, HandOverWaitingForm) else None
    return _do(
        event,
        lambda writing: settle_waiting(
            writing, event_id=event.id, team_code=team_code, by=viewer().person_id, choice=choice,
            to_team_code=to_team, words=form.words.data or "",
        ),
        done=lambda number: _settled_in_words(choice, number),
        trouble=Trouble(team_code, form),
    )  # fmt: skip


@bp.post("/<slug:event_slug>/queues/end-day", endpoint="end_day")
@staff_required(Role.ORGANISER)
def do_end_day(event: EventView) -> ResponseReturnValue:
    """Close every queue and let everybody go."""
    form = EndDayForm()
    if not form.validate_on_submit():
        return _page(event, status=422, warning=Refusal("page_too_old", str(PAGE_TOO_OLD)))
    return _do(
        event,
        lambda writing: end_day(writing, event_id=event.id, by=viewer().person_id),
        done=lambda _nothing: _("The day is over: every queue is closed, and everybody is off."),
    )


def _do(
    event: EventView, change: Callable[[Session], Any], *, ask: str = "", trouble: Trouble | None = None,
    done: Callable[[Any], str] = lambda _result: "",
) -> ResponseReturnValue:  # fmt: skip
    """Run one action in its transaction; show the queues as they are afterwards, or why nothing was done."""
    try:
        with transaction() as writing:
            result = change(writing)
    except QueueingError as error:
        if status_of(error) == 404:
            abort(404)
        warning = refusal(error, event_slug=event.slug)
        return _page(event, status=status_of(error), warning=warning, trouble=trouble)
    sentence = done(result)
    if htmx.wants_fragment():
        page = _page(event, ask=ask)
        return htmx.say(page, sentence) if sentence else page
    return htmx.go_to(url_for(".show", event_slug=event.slug, ask=ask or None, _anchor=f"queue-{ask}" if ask else None))


def _settled_in_words(choice: Waiting, number: int) -> str:
    if choice is Waiting.CANCEL:
        return ngettext("%(num)s ticket is cancelled.", "%(num)s tickets are cancelled.", number)
    if choice is Waiting.HAND_OVER:
        return ngettext("%(num)s person was handed over.", "%(num)s people were handed over.", number)
    return _("They keep their places.")


def _page(
    event: EventView, *, status: int = 200, warning: Refusal | None = None, ask: str = "",
    trouble: Trouble | None = None,
) -> Response:  # fmt: skip
    me = viewer()
    reading = db.session()
    moment = database_now(reading)
    cards = queue_cards(reading, event_id=event.id, moment=moment)
    experts = experts_there(reading, event_id=event.id)
    is_over = is_day_over(event.settings, time_zone=event.time_zone, moment=moment)
    theirs = [card for card in cards if Role.ORGANISER in me.roles or card.team_id in me.leads]
    at_once = ask or (trouble.team_code if trouble else "")
    return htmx.page_or_block(
        "queues/show.html",
        "queues",
        status=status,
        rows=[
            QueueRow(card, [one for one in experts if card.team_id in one.teams], _asks(card, at_once, is_over=is_over))
            for card in theirs
        ],
        waiting_in_all=sum(card.queued for card in theirs),
        takers=[card for card in cards if card.state in {QueueState.OPEN, QueueState.PAUSED}],
        left_over=left_over(event, cards, moment=moment),
        attention=attention(reading, event_id=event.id) if Role.ORGANISER in me.roles else None,
        may_end_day=Role.ORGANISER in me.roles and any(card.state is not QueueState.CLOSED for card in cards),
        state_form=QueueStateForm(formdata=None),
        waiting_form=HandOverWaitingForm(formdata=None),
        end_form=EndDayForm(formdata=None),
        trouble=trouble,
        warning=warning,
    )


def _asks(card: QueueCard, at_once: str, *, is_over: bool) -> str:
    """Return how a queue asks what becomes of those who wait: not, in one line, or (just closed) with all the ways."""
    if not card.queued or not (card.state is QueueState.CLOSED or is_over):
        return ""
    return "open" if at_once == card.code else "shut"
