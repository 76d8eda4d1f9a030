"""The customer's own page behind an unguessable link, and its buttons (docs/specification.md, section 7)."""

from collections.abc import Callable

from flask import Blueprint, Response, abort, g, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session

from checkin import clock, htmx
from checkin.db import database_now, db, transaction
from checkin.forms.customer import DetailsForm, LanguageForm, MoreTimeForm, MoveForm
from checkin.forms.fields import PAGE_TOO_OLD, page_too_old
from checkin.live import live
from checkin.models import Event
from checkin.queueing.customer_moves import (
    back_already,
    choose_language,
    correct_own_details,
    leave_queue,
    more_time,
    on_my_way,
)
from checkin.queueing.errors import QueueingError
from checkin.queueing.quotes import Told
from checkin.queueing.transitions import Standing
from checkin.queueing.waits import WaitRange
from checkin.reports.customers import CustomerView, customer_view
from checkin.routes.access import EventView
from checkin.routes.checking_in import apply_choice
from checkin.routes.language import speak
from checkin.routes.refusals import Refusal, refusal, status_of

bp = Blueprint("customer", __name__)

# How long the page says that details were replaced: it refreshes itself meanwhile, and none of them is on it.
SAID_SECONDS = 60
# Moves whose button stands on the own page itself: the answer takes its place.
_IN_PLACE = {"customer.on_my_way", "customer.more_time", "customer.back_already"}


@bp.get("/t/<token>")
def show(token: str) -> ResponseReturnValue:
    """Show where the customer stands; nothing personal but the first name."""
    return _page(token)


@bp.post("/t/<token>/on-my-way", endpoint="on_my_way")
def do_on_my_way(token: str) -> ResponseReturnValue:
    """Tell the expert that the customer is coming."""
    _load(token)
    return _do(token, MoveForm(), lambda writing: on_my_way(writing, token))


@bp.post("/t/<token>/more-time", endpoint="more_time")
def do_more_time(token: str) -> ResponseReturnValue:
    """Give the customer five more minutes."""
    _load(token)
    form = MoreTimeForm()
    return _do(token, form, lambda writing: more_time(writing, token, asked=form.asked.data))


@bp.post("/t/<token>/back", endpoint="back_already")
def do_back_already(token: str) -> ResponseReturnValue:
    """Give the customer their place again before the five minutes are over."""
    _load(token)
    return _do(token, MoveForm(), lambda writing: back_already(writing, token))


@bp.get("/t/<token>/leave")
def ask_leave(token: str) -> ResponseReturnValue:
    """Ask once whether the customer wants to leave; who cannot any more sees how things stand."""
    view = _load(token)
    if view.stance not in {Standing.WAITING, Standing.CALLED}:
        return _own_page_instead(token)
    return htmx.page_or_block("customer/leave.html", "leave", c=view, token=token)


@bp.post("/t/<token>/leave")
def leave(token: str) -> ResponseReturnValue:
    """Take the customer out of the queue."""
    _load(token)
    return _do(token, MoveForm(), lambda writing: leave_queue(writing, token))


@bp.post("/t/<token>/language")
def language(token: str) -> ResponseReturnValue:
    """Let page and messages speak another language."""
    _load(token)
    form = LanguageForm(g.event.settings)
    return _do(token, form, lambda writing: choose_language(writing, token, form.language.data or ""))


@bp.get("/t/<token>/<any('on-my-way', 'more-time', 'back', 'language'):move>")
def back(token: str, move: str) -> ResponseReturnValue:  # noqa: ARG001 - whatever it was
    """Show the own page where a refused move has left the browser: it asks for this address when it refreshes."""
    _load(token)
    return _own_page_instead(token)


@bp.get("/t/<token>/details")
def details(token: str) -> ResponseReturnValue:
    """Show the empty form that replaces what was given; once called, the own page stands in its place."""
    view = _load(token)
    if view.stance is Standing.WAITING:
        return _details(token, DetailsForm(g.event.settings, formdata=None))
    return _own_page_instead(token)


@bp.post("/t/<token>/details", endpoint="correct")
def do_correct(token: str) -> ResponseReturnValue:
    """Replace what is filled in: back to the own page, or 422 with what was typed."""
    view = _load(token)
    form = DetailsForm(g.event.settings)
    apply_choice(form)
    if view.stance is Standing.WAITING and not form.validate_on_submit():
        return _details(token, form, status=422, notice=str(PAGE_TOO_OLD) if page_too_old(form) else None)
    return _do(token, form, lambda writing: _correct(writing, token, form, view.ticket_id))


def _correct(writing: Session, token: str, form: DetailsForm, ticket_id: int) -> None:
    correct_own_details(writing, token, form.given)
    session["corrected"] = [ticket_id, int(clock.now().timestamp())]


def _was_just_corrected(ticket_id: int) -> bool:
    corrected, at = session.get("corrected", (0, 0))
    return bool(corrected == ticket_id and clock.now().timestamp() - at < SAID_SECONDS)


def _do(token: str, form: FlaskForm, move: Callable[[Session], object]) -> ResponseReturnValue:
    """Make one move in its transaction; show how things stand afterwards, or why nothing was done."""
    if not form.validate_on_submit():
        warning = Refusal("page_too_old", str(PAGE_TOO_OLD)) if page_too_old(form) else None
        return _page(token, status=422, warning=warning)
    try:
        with transaction() as writing:
            move(writing)
    except QueueingError as error:
        return _page(token, status=status_of(error), warning=refusal(error))
    # The pages that ask first have addresses of their own: from there the browser goes back to this one.
    if htmx.wants_fragment() and request.endpoint in _IN_PLACE:
        return _page(token)
    return htmx.go_to(url_for(".show", token=token))


def _own_page_instead(token: str) -> ResponseReturnValue:
    """Lead back to the own page; what refreshes itself here becomes it in its place."""
    return _page(token) if htmx.wants_fragment() else htmx.go_to(url_for(".show", token=token))


def _load(token: str) -> CustomerView:
    """Return the ticket with this token, and let the request speak its customer's language."""
    reading = db.session()
    view = customer_view(reading, token, moment=database_now(reading))
    if view is None:
        abort(404)
    speak(view.language)
    event = reading.get_one(Event, view.event_id)
    g.event = EventView(event.id, event.slug, event.name, event.time_zone, event.settings)
    return view


def _page(token: str, *, status: int = 200, warning: Refusal | None = None) -> Response:
    view = _load(token)
    # Staff who look at "What the customer sees" are told nothing that could come true for them.
    if view.place is not None and not current_user.is_authenticated:
        moment = database_now(db.session())
        live().quotes.tell(Told(view.event_id, view.ticket_id, moment, view.place, view.wait))
    feedback_url = url_for("feedback.show", token=view.feedback_token) if view.feedback_token else None
    return htmx.page_or_block(
        "customer/show.html", "state", status=status, c=view, token=token,
        feedback_url=feedback_url, warning=warning, wait=wait_in_words(view.wait),
        corrected=_was_just_corrected(view.ticket_id),
    )  # fmt: skip


def _details(token: str, form: DetailsForm, *, status: int = 200, notice: str | None = None) -> Response:
    return htmx.page_or_block("customer/details.html", "details", status=status, form=form, token=token, notice=notice)


def wait_in_words(wait: WaitRange | None) -> str:
    """Return the likely wait as it stands under the place; that we do not know it is said as well."""
    if wait is None:
        return _("We don't know yet how long it will take.")
    if wait.most == 0:
        return _("It will be soon.")
    if wait.least >= 120:
        return _("more than two hours")
    if wait.least == 0:
        return ngettext("up to about %(num)s min", "up to about %(num)s min", wait.most)
    return _("about %(least)s to %(most)s min", least=wait.least, most=wait.most)
