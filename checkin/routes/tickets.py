"""Tickets for staff: the list with its search, one ticket, and what can be done with it."""

from collections.abc import Callable

from flask import Blueprint, Response, abort, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session

from checkin import htmx
from checkin.db import database_now, db, transaction
from checkin.forms.contact import national_format
from checkin.forms.desk import SearchForm
from checkin.forms.fields import PAGE_TOO_OLD, page_too_old
from checkin.forms.ticket import NoteForm, ResolveForm, StatusForm, VersionForm
from checkin.models import Role
from checkin.queueing.errors import QueueingError
from checkin.queueing.moving import put_back
from checkin.queueing.notes import add_note
from checkin.queueing.transitions import change_status, resolve
from checkin.reports import tickets as reports
from checkin.reports.tickets import Stance, TicketView
from checkin.reports.timeline import AlertEntry, alerts_of, changes_of
from checkin.routes import words
from checkin.routes.access import EventView, staff_required, viewer
from checkin.routes.customer import customer_address
from checkin.routes.refusals import Refusal, refusal, status_of

bp = Blueprint("tickets", __name__)


@bp.get("/<slug:event_slug>/tickets")
@staff_required()
def index(event: EventView) -> ResponseReturnValue:
    """List the event's tickets, newest first, by search and status."""
    form = SearchForm(request.args)
    reading = db.session()
    known = reports.statuses(reading, event_id=event.id)
    chosen = form.status.data if form.status.data in dict(known) else ""
    searched = (form.q.data or "") if form.validate() else ""
    return htmx.page_or_block(
        "tickets/index.html",
        "list",
        search_form=form,
        q=form.q.data or "",
        chosen=chosen,
        statuses=known,
        lines=reports.found_lines(reading, event_id=event.id, words=searched, status_code=chosen),
    )


@bp.get("/<slug:event_slug>/tickets/<key>")
@staff_required()
def show(event: EventView, key: str) -> ResponseReturnValue:
    """Show one ticket in full."""
    return ticket_page(event, key)


@bp.post("/<slug:event_slug>/tickets/<key>/resolve", endpoint="resolve")
@staff_required()
def do_resolve(event: EventView, key: str) -> ResponseReturnValue:
    """Resolve the ticket."""
    form = ResolveForm()
    by, words_typed = viewer().person_id, form.note.data or ""
    return _do(
        event, key, form,
        lambda writing: resolve(
            writing, key, event_id=event.id, by=by, version=form.version.data, words=words_typed
        ),
    )  # fmt: skip


@bp.post("/<slug:event_slug>/tickets/<key>/put-back", endpoint="put_back")
@staff_required()
def do_put_back(event: EventView, key: str) -> ResponseReturnValue:
    """Put the ticket back to its place in the queue."""
    form = VersionForm()
    return _do(
        event, key, form,
        lambda writing: put_back(writing, key, event_id=event.id, by=viewer().person_id, version=form.version.data),
    )  # fmt: skip


@bp.post("/<slug:event_slug>/tickets/<key>/status")
@staff_required()
def status(event: EventView, key: str) -> ResponseReturnValue:
    """Give the ticket another status."""
    form = StatusForm()
    return _do(
        event, key, form,
        lambda writing: change_status(
            writing, key, event_id=event.id, to=form.status.data or "", by=viewer().person_id, version=form.version.data
        ),
    )  # fmt: skip


@bp.post("/<slug:event_slug>/tickets/<key>/notes")
@staff_required()
def notes(event: EventView, key: str) -> ResponseReturnValue:
    """Add a note to the ticket's timeline."""
    form = NoteForm()
    return _do(
        event, key, form,
        lambda writing: add_note(writing, key, event_id=event.id, by=viewer().person_id, words=form.note.data or ""),
    )  # fmt: skip


def _do(event: EventView, key: str, form: FlaskForm, change: Callable[[Session], object]) -> ResponseReturnValue:
    """Run one action in its transaction; show the ticket as it is afterwards, or why nothing was done."""
    if not form.validate_on_submit():
        warning = Refusal("page_too_old", str(PAGE_TOO_OLD)) if page_too_old(form) else None
        return ticket_page(event, key, status=422, warning=warning, form=form)
    try:
        with transaction() as writing:
            change(writing)
    except QueueingError as error:
        status = status_of(error)
        if status == 404:
            abort(404)
        return ticket_page(event, key, status=status, warning=refusal(error, event_slug=event.slug), form=form)
    if htmx.wants_fragment():
        return ticket_page(event, key)
    return htmx.go_to(url_for(".show", event_slug=event.slug, key=key))


def ticket_page(
    event: EventView, key: str, *, status: int = 200, warning: Refusal | None = None, form: FlaskForm | None = None,
    push: str | None = None,
) -> Response:  # fmt: skip
    """Render the event's ticket as it stands now; `form` is the one that could not be used, with what was typed."""
    reading = db.session()
    ticket = reports.ticket_view(reading, key, event_id=event.id, moment=database_now(reading))
    if ticket is None:
        abort(404)
    known = reports.statuses(reading, event_id=event.id)
    version = {"version": ticket.version}
    return htmx.page_or_block(
        "tickets/show.html",
        "ticket",
        status=status,
        push=push,
        t=ticket,
        phone_national=national_format(ticket.phone) if ticket.phone else "",
        username_label=event.settings.username_label,
        customer_url=customer_address(ticket.token),
        earlier=reports.earlier_lines(reading, event_id=event.id, ticket=ticket),
        timeline=_timeline(reading, ticket, dict(known)),
        alerts=[
            {"entry": alert, "state_label": words.alert_state(alert.state), "reason": words.reason(alert.reason)}
            for alert in _latest(alerts_of(reading, ticket.id))
        ],
        statuses=reports.open_moves(reading, ticket, event_id=event.id),
        allowed=_allowed(ticket),
        warning=warning,
        resolve_form=_kept(ResolveForm, form, version),
        put_back_form=_kept(VersionForm, None, version),
        status_form=_kept(StatusForm, form, version),
        note_form=_kept(NoteForm, form, {}),
    )


def _latest(alerts: list[AlertEntry]) -> list[AlertEntry]:
    """Return the last alert of each kind and channel: the timeline has those that it took the place of."""
    return list({(alert.kind, alert.channel): alert for alert in alerts}.values())


def _kept(kind: type[FlaskForm], used: FlaskForm | None, data: dict[str, int]) -> FlaskForm:
    """Return a fresh form, or the one that came with its errors and what was typed, at the version shown now."""
    if type(used) is kind:
        for name, value in data.items():
            used[name].data = value
        return used
    return kind(formdata=None, data=data)


def _allowed(ticket: TicketView) -> set[str]:
    me = viewer()
    changes = ticket.owner_id == me.person_id or ticket.team_id in me.leads or Role.ORGANISER in me.roles
    if not changes:
        return {"note"}
    actions = {"note", "status"}
    if ticket.stance in {Stance.CALLED, Stance.HELPED}:
        actions |= {"resolve", "put_back"}
    elif ticket.stance is Stance.ON_HOLD:
        actions |= {"resolve"}
    return actions


def _timeline(reading: Session, ticket: TicketView, status_names: dict[str, str]) -> list[dict[str, object]]:
    entries: list[dict[str, object]] = [
        {"at": change.at, "who": words.who(change), "what": words.what(change, status_names), "words": change.words}
        for change in changes_of(reading, ticket.id)
    ]
    entries += [
        {
            "at": alert.at,
            "who": words.channel(alert.channel),
            "what": f"{words.alert_kind(alert.kind)}: {words.alert_state(alert.state)}",
            "words": "",
        }
        for alert in alerts_of(reading, ticket.id)
    ]
    return sorted(entries, key=lambda entry: str(entry["at"]))
