"""What only an organiser does to a ticket: correct what a customer gave, and delete it (docs/specification.md, 4.6)."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort, url_for
from flask.typing import ResponseReturnValue

from checkin import htmx
from checkin.db import database_now, db, transaction
from checkin.forms.by_hand import CorrectForm
from checkin.forms.contact import national_format
from checkin.forms.fields import PAGE_TOO_OLD, page_too_old
from checkin.forms.ticket import DeleteForm
from checkin.models import Role
from checkin.queueing.correcting import correct_details, delete_ticket
from checkin.queueing.errors import NoSuchTicket, NothingChanged, QueueingError
from checkin.reports.one_ticket import TicketView, ticket_view
from checkin.routes.access import EventView, staff_required, viewer
from checkin.routes.checking_in import apply_choice
from checkin.routes.refusals import Refusal, refusal, status_of

bp = Blueprint("correcting", __name__, url_prefix="/<slug:event_slug>/tickets/<key>")


@bp.get("/correct")
@staff_required(Role.ORGANISER)
def correct(event: EventView, key: str) -> ResponseReturnValue:
    """Show what the customer gave, to be corrected."""
    ticket = _ticket(event, key)
    given = {
        "first_name": ticket.first_name,
        "last_name": ticket.last_name,
        "email": ticket.email or "",
        "phone": national_format(ticket.phone) if ticket.phone else "",
        "checked_in_at": _came_at(ticket, event).time(),
        "version": ticket.version,
    }
    return _correct_page(ticket, CorrectForm(event.settings, formdata=None, data=given))


@bp.post("/correct")
@staff_required(Role.ORGANISER)
def save(event: EventView, key: str) -> ResponseReturnValue:
    """Correct the details: 303 to the ticket, or 422 with what was typed and what is wrong with it."""
    ticket = _ticket(event, key)
    form = CorrectForm(event.settings)
    apply_choice(form)
    _know_what_stood_there(form, ticket)
    if not form.validate_on_submit():
        warning = Refusal("page_too_old", str(PAGE_TOO_OLD)) if page_too_old(form) else None
        return _correct_page(ticket, form, status=422, warning=warning)
    try:
        with transaction() as writing:
            correct_details(
                writing, key, event_id=event.id, by=viewer().person_id, version=form.version.data,
                changes=form.changes, checked_in_at=_corrected_time(form.checked_in_at.data, ticket, event),
            )  # fmt: skip
    except NoSuchTicket:
        abort(404)
    except NothingChanged:
        pass
    except QueueingError as error:
        ticket = _ticket(event, key)
        form.version.data, form.version.raw_data = ticket.version, None
        return _correct_page(ticket, form, status=status_of(error), warning=refusal(error))
    return htmx.go_to(url_for("tickets.show", event_slug=event.slug, key=key))


@bp.get("/delete")
@staff_required(Role.ORGANISER)
def ask(event: EventView, key: str) -> ResponseReturnValue:
    """Ask whether the ticket is to go for good."""
    return _delete_page(_ticket(event, key), DeleteForm(formdata=None))


@bp.post("/delete")
@staff_required(Role.ORGANISER)
def delete(event: EventView, key: str) -> ResponseReturnValue:
    """Delete the ticket: 303 to the list."""
    form = DeleteForm()
    if not form.validate_on_submit():
        warning = Refusal("page_too_old", str(PAGE_TOO_OLD)) if page_too_old(form) else None
        return _delete_page(_ticket(event, key), form, status=422, warning=warning)
    try:
        with transaction() as writing:
            delete_ticket(
                writing, key, event_id=event.id, by=viewer().person_id, version=form.version.data, words=form.words
            )
    except NoSuchTicket:
        abort(404)
    except QueueingError as error:
        return _delete_page(_ticket(event, key), form, status=status_of(error), warning=refusal(error))
    return htmx.go_to(url_for("tickets.index", event_slug=event.slug, deleted=key))


def _came_at(ticket: TicketView, event: EventView) -> datetime:
    """Return the moment of check-in by the event's clock."""
    return ticket.queued_at.astimezone(ZoneInfo(event.time_zone))


def _corrected_time(given: time | None, ticket: TicketView, event: EventView) -> datetime | None:
    """Return the moment that was typed, on the day of the check-in; None when it is the minute that stood there."""
    came_at = _came_at(ticket, event)
    if given is None or (given.hour, given.minute) == (came_at.hour, came_at.minute):
        return None
    return came_at.replace(hour=given.hour, minute=given.minute, second=0, microsecond=0).astimezone(UTC)


def _know_what_stood_there(form: CorrectForm, ticket: TicketView) -> None:
    """Ask nothing about an email and a number that stay as they are."""
    form.email_checked.data = form.email_checked.data or ticket.email
    form.phone_checked.data = form.phone_checked.data or ticket.phone


def _ticket(event: EventView, key: str) -> TicketView:
    reading = db.session()
    ticket = ticket_view(reading, key, event_id=event.id, moment=database_now(reading))
    if ticket is None:
        abort(404)
    return ticket


def _correct_page(
    ticket: TicketView, form: CorrectForm, *, status: int = 200, warning: Refusal | None = None
) -> Response:
    return htmx.page("tickets/correct.html", status=status, t=ticket, form=form, warning=warning)


def _delete_page(
    ticket: TicketView, form: DeleteForm, *, status: int = 200, warning: Refusal | None = None
) -> Response:
    return htmx.page("tickets/delete.html", status=status, t=ticket, form=form, warning=warning)
