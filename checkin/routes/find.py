"""Whom no text reached, and who is missing: the page of those who call names out (docs/specification.md, 4.8)."""

from flask import Blueprint, Response, abort, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from checkin import htmx
from checkin.db import database_now, db, transaction
from checkin.forms.contact import national_format
from checkin.forms.fields import PAGE_TOO_OLD
from checkin.forms.ticket import VersionForm
from checkin.models import Channel, Role
from checkin.queueing.errors import QueueingError
from checkin.queueing.leaving import bring_back
from checkin.reports import find as reports
from checkin.reports.deliveries import last_alerts
from checkin.reports.find import LostLine
from checkin.routes import words
from checkin.routes.access import EventView, staff_required, viewer
from checkin.routes.deliveries import Delivery, deliveries
from checkin.routes.refusals import Refusal, refusal, status_of

bp = Blueprint("find", __name__)


@bp.get("/<slug:event_slug>/find")
@staff_required()
def show(event: EventView) -> ResponseReturnValue:
    """Show whom no text reached and who did not come."""
    back = request.args.get("back", "")
    return _page(event, toast=_back_in_words(back) if back.isascii() and back.replace("-", "").isalnum() else "")


@bp.post("/<slug:event_slug>/find/<key>/bring-back", endpoint="bring_back")
@staff_required()
def do_bring_back(event: EventView, key: str) -> ResponseReturnValue:
    """Let somebody who came after all wait again, and stay on this page."""
    form = VersionForm()
    if not form.validate_on_submit():
        return _page(event, status=422, warning=Refusal("page_too_old", str(PAGE_TOO_OLD)))
    try:
        with transaction() as writing:
            bring_back(writing, key, event_id=event.id, by=viewer().person_id, version=form.version.data)
    except QueueingError as error:
        if status_of(error) == 404:
            abort(404)
        return _page(event, status=status_of(error), warning=refusal(error, event_slug=event.slug))
    if htmx.wants_fragment():
        return htmx.say(_page(event), _back_in_words(key))
    return htmx.go_to(url_for(".show", event_slug=event.slug, back=key))


def _back_in_words(key: str) -> str:
    return _("%(key)s is back in the queue.", key=key)


def _page(event: EventView, *, status: int = 200, warning: Refusal | None = None, toast: str = "") -> Response:
    reading = db.session()
    moment = database_now(reading)
    called = reports.not_reached(reading, event_id=event.id, settings=event.settings, moment=moment)
    missing = reports.missing(reading, event_id=event.id, time_zone=event.time_zone, moment=moment)
    return htmx.page_or_block(
        "find/show.html",
        "find",
        status=status,
        called=called,
        missing=missing,
        phones={line.key: national_format(line.phone) for line in called + missing if line.phone},
        why={line.key: _why(line) for line in called + missing},
        told=_told(reading, called + missing),
        may_bring_back={line.key for line in missing if _may_bring_back(line)},
        form=VersionForm(formdata=None),
        warning=warning,
        toast=toast,
    )


def _why(line: LostLine) -> str:
    """Return why no text reached them; "" when one did."""
    if line.is_reached:
        return ""
    if line.state is None:
        return "" if line.phone else _("They gave no number.")
    return words.reason(line.reason) or _("Their text: %(state)s", state=words.alert_state(line.state))


def _told(reading: Session, lines: list[LostLine]) -> dict[str, list[Delivery]]:
    """Return where the last message of each channel stands, by ticket, but for the text of which `_why` speaks."""
    last = last_alerts(reading, [line.ticket_id for line in lines])
    return {
        line.key: deliveries(
            entry
            for entry in last.get(line.ticket_id, ())
            if line.is_reached or (entry.channel, entry.kind) != (Channel.TEXT, line.kind)
        )
        for line in lines
    }


def _may_bring_back(line: LostLine) -> bool:
    me = viewer()
    runs = {Role.VOLUNTEER, Role.ORGANISER} & me.roles
    return bool(runs) or line.owner_id == me.person_id or line.team_id in me.leads
