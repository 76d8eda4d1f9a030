"""Who is at the desk and where they sit: the head of the desk page, sign-in and sign-out (specification 1 and 4.7)."""

from urllib.parse import urlsplit

from flask import Blueprint, current_app, request, session, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from werkzeug.exceptions import HTTPException

from checkin import htmx
from checkin.db import DatabaseBusy, db, transaction
from checkin.forms.desk import DeskForm, PresenceForm
from checkin.forms.fields import page_too_old as is_too_old
from checkin.models import Event, Presence, Role
from checkin.queueing import presence
from checkin.queueing.errors import DeskTaken
from checkin.routes.access import EventView, SignedIn, Viewer, load_event, staff_required, viewer
from checkin.routes.desk import desk_page, page_too_old
from checkin.routes.refusals import refusal, status_of

bp = Blueprint("presence", __name__)


@bp.post("/<slug:event_slug>/desk/presence", endpoint="set_presence")
@staff_required(Role.EXPERT, Role.LEAD)
def set_presence(event: EventView) -> ResponseReturnValue:
    """Say that one is available, on a break or off."""
    form = PresenceForm()
    if not form.validate_on_submit():
        return desk_page(event, status=422, warning=page_too_old())
    me = viewer()
    to = Presence(form.presence.data or "")
    with transaction() as writing:
        presence.set_presence(writing, event_id=event.id, person_id=me.person_id, to=to)
    if to is Presence.AVAILABLE and not me.desk:
        _sit_where_the_device_stands(me)
    return _desk_again(event)


@bp.post("/<slug:event_slug>/desk/number", endpoint="set_desk")
@staff_required(Role.EXPERT, Role.LEAD)
def set_desk(event: EventView) -> ResponseReturnValue:
    """Sit down at a table; this device stands there until another number is set."""
    form = DeskForm()
    if not form.validate_on_submit():
        warning = page_too_old() if is_too_old(form) else None
        return desk_page(event, status=422, warning=warning, desk_form=form)
    desk = form.desk.data or ""
    insists = form.take_over.data == desk
    try:
        with transaction() as writing:
            presence.set_desk(
                writing, event_id=event.id, person_id=viewer().person_id, desk=desk, take_over=insists
            )  # fmt: skip
    except DeskTaken as error:
        form.desk.errors = [refusal(error).sentence]
        form.take_over.data = desk
        return desk_page(event, status=status_of(error), desk_form=form)
    session["desk"] = desk
    session.permanent = True
    return _desk_again(event)


def _desk_again(event: EventView) -> ResponseReturnValue:
    if not htmx.wants_fragment():
        return htmx.go_to(url_for("desk.show", event_slug=event.slug))
    # What was known of the viewer was read before the change.
    load_event(event.slug)
    return desk_page(event)


def arrive(signed_in: SignedIn, address: str) -> None:
    """Make an expert who signs in available at the event of the page they land at.

    They sit where this device stands, unless another one sits there. A busy database does not keep anybody from signing
    in: the desk asks whether they are there.
    """
    person = _at(signed_in, address)
    if person is None or not person.teams:
        return
    try:
        if person.presence is Presence.OFF:
            with transaction() as writing:
                presence.set_presence(
                    writing, event_id=person.event_id, person_id=person.person_id, to=Presence.AVAILABLE
                )  # fmt: skip
        _sit_where_the_device_stands(person)
    except DatabaseBusy:
        return


def _at(signed_in: SignedIn, address: str) -> Viewer | None:
    """Return who the account is at the event that a page of ours belongs to."""
    addresses = current_app.create_url_adapter(request)
    assert addresses is not None  # noqa: S101 - there is a request
    try:
        _endpoint, arguments = addresses.match(urlsplit(address).path, method="GET")
    except HTTPException:
        return None
    event_id = db.session.scalar(select(Event.id).where(Event.slug == arguments.get("event_slug", "")))
    return signed_in.people.get(event_id or 0)


def leave(signed_in: SignedIn) -> None:
    """Let somebody who signs out be off at all their events, and free their tables. A busy database keeps nobody in."""
    try:
        with transaction() as writing:
            # In one order, or two of them who go at once may wait for each other.
            for person in sorted(signed_in.people.values(), key=lambda one: one.event_id):
                presence.set_presence(writing, event_id=person.event_id, person_id=person.person_id, to=Presence.OFF)
    except DatabaseBusy:
        return


def _sit_where_the_device_stands(person: Viewer) -> None:
    desk = session.get("desk", "")
    if not isinstance(desk, str) or not desk:
        return
    try:
        with transaction() as writing:
            presence.set_desk(writing, event_id=person.event_id, person_id=person.person_id, desk=desk)
    except DeskTaken:
        return
