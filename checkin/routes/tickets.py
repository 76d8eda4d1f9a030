"""Tickets for staff: the list with its search, one ticket, notes on it (docs/specification.md, 4.2, 4.5)."""

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from checkin import htmx
from checkin.db import db
from checkin.forms.desk import SearchForm
from checkin.forms.ticket import NoteForm
from checkin.queueing.notes import add_note
from checkin.reports import tickets as reports
from checkin.routes.access import EventView, staff_required, viewer
from checkin.routes.deliveries import lost_calls_of
from checkin.routes.ticket_page import act, ticket_page

bp = Blueprint("tickets", __name__)


@bp.get("/<slug:event_slug>/tickets")
@staff_required()
def index(event: EventView) -> ResponseReturnValue:
    """List the event's tickets, newest first, by search and status; all of them or my own."""
    form = SearchForm(request.args)
    reading = db.session()
    known = reports.statuses(reading, event_id=event.id)
    chosen = form.status.data if form.status.data in dict(known) else ""
    searched = (form.q.data or "") if form.validate() else ""
    mine = request.args.get("mine") == "1"
    search = reports.Search(words=searched, owner_id=viewer().person_id if mine else None)
    counts = reports.found_counts(reading, event_id=event.id, search=search)
    return htmx.page_or_block(
        "tickets/index.html",
        "list",
        q=form.q.data or "",
        mine=mine,
        chosen=chosen,
        statuses=[(code, name, counts[code]) for code, name in known if counts[code] or code == chosen],
        total=counts.total(),
        lines=reports.found_lines(reading, event_id=event.id, search=search, status_code=chosen),
        lost=lost_calls_of(reading, viewer()) if mine else {},
        at_most=reports.LINES_AT_MOST,
        toast=_deleted_in_words(request.args.get("deleted", "")),
    )


def _deleted_in_words(key: str) -> str:
    return _("%(key)s is deleted.", key=key) if key.isascii() and key.replace("-", "").isalnum() else ""


@bp.get("/<slug:event_slug>/tickets/<key>")
@staff_required()
def show(event: EventView, key: str) -> ResponseReturnValue:
    """Show one ticket in full."""
    return ticket_page(event, key)


@bp.post("/<slug:event_slug>/tickets/<key>/notes")
@staff_required()
def notes(event: EventView, key: str) -> ResponseReturnValue:
    """Add a note to the ticket's timeline."""
    form = NoteForm()
    return act(event, key, form, add_note, words=form.note.data or "")
