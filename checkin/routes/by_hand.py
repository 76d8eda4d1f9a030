"""A ticket that staff make by hand, for somebody the event knows or not (docs/specification.md, 4.9)."""

from typing import Any

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue

from checkin import htmx
from checkin.db import db, transaction
from checkin.forms.by_hand import ByHandForm
from checkin.forms.contact import national_format
from checkin.forms.desk import SearchForm
from checkin.forms.fields import PAGE_TOO_OLD, page_too_old
from checkin.models import Role
from checkin.queueing.by_hand import by_hand
from checkin.queueing.errors import ProductNotOffered, QueueingError, SubmittedTwice
from checkin.reports import known_customers as reports
from checkin.reports.known_customers import KnownCustomer
from checkin.routes.access import EventView, staff_required, viewer
from checkin.routes.checking_in import apply_choice, details_of
from checkin.routes.refusals import Refusal, refusal, status_of

bp = Blueprint("by_hand", __name__)


@bp.get("/<slug:event_slug>/tickets/new")
@staff_required()
def new(event: EventView) -> ResponseReturnValue:
    """Show the form, blank or for a known customer, and the search for one."""
    known = _known(event, request.args.get("customer", ""))
    return _page(event, _form(event, formdata=None, data=_given(known)), known=known)


@bp.post("/<slug:event_slug>/tickets/new")
@staff_required()
def make(event: EventView) -> ResponseReturnValue:
    """Make the ticket: 303 to it, 422 with what is wrong in the form, 409 where the desk refuses."""
    form = _form(event)
    apply_choice(form)
    if not form.validate_on_submit():
        warning = Refusal("page_too_old", str(PAGE_TOO_OLD)) if page_too_old(form) else None
        return _page(event, form, status=422, warning=warning)
    try:
        key = _made(event, form)
    except ProductNotOffered as error:
        form.product.errors = [refusal(error).sentence]
        return _page(event, form, status=422)
    except QueueingError as error:
        return _page(event, form, status=status_of(error), warning=refusal(error, event_slug=event.slug))
    return htmx.go_to(url_for("tickets.show", event_slug=event.slug, key=key))


def _form(event: EventView, **given: Any) -> ByHandForm:
    """Return the form; an expert is not asked who is urgent, as only a volunteer, a lead or an organiser decides it."""
    form = ByHandForm(event.settings, **given)
    if "urgent_reason" in form and not viewer().roles & {Role.VOLUNTEER, Role.LEAD, Role.ORGANISER}:
        del form.urgent_reason
    return form


def _made(event: EventView, form: ByHandForm) -> str:
    details = details_of(event, form)
    for attempt in (1, 2):
        try:
            with transaction() as writing:
                made = by_hand(writing, details, event_id=event.id, by=viewer().person_id, owner_id=form.owner_id)
                return made.key
        except SubmittedTwice:
            if attempt == 2:
                raise
    raise AssertionError


def _known(event: EventView, chosen: str) -> KnownCustomer | None:
    if not (chosen.isdecimal() and len(chosen) < 19):
        return None
    return reports.known_customer(db.session(), int(chosen), event_id=event.id)


def _given(known: KnownCustomer | None) -> dict[str, str]:
    """Return what is known of the customer as the form's fields; nothing is asked about their email and number."""
    if known is None:
        return {}
    return {
        "first_name": known.first_name,
        "last_name": known.last_name,
        "email": known.email or "",
        "email_checked": known.email or "",
        "phone": national_format(known.phone) if known.phone else "",
        "phone_checked": known.phone or "",
        "username": known.username,
        "language": known.language,
    }


def _page(
    event: EventView, form: ByHandForm, *, status: int = 200, warning: Refusal | None = None,
    known: KnownCustomer | None = None,
) -> Response:  # fmt: skip
    reading = db.session()
    search = SearchForm(request.args)
    words = (search.q.data or "") if search.validate() else ""
    return htmx.page(
        "tickets/by_hand.html",
        status=status,
        form=form,
        warning=warning,
        known=known,
        q=words,
        found=reports.find_customers(reading, words, event_id=event.id),
        products=reports.products_with_teams(reading, event_id=event.id),
        members=reports.members_available(reading, event_id=event.id, settings=event.settings),
    )
