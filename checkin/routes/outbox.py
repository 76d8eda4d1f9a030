"""The outbox: every alert with its text and what became of it, for organisers."""

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from checkin import htmx
from checkin.db import db
from checkin.models import AlertState, Role
from checkin.reports.outbox import counts_by_state, outbox_lines
from checkin.routes import words
from checkin.routes.access import EventView, staff_required

bp = Blueprint("outbox", __name__)


@bp.get("/<slug:event_slug>/outbox")
@staff_required(Role.ORGANISER)
def index(event: EventView) -> ResponseReturnValue:
    """List the event's alerts, newest first."""
    reading = db.session()
    asked = request.args.get("state", "")
    state = AlertState(asked) if asked in set(AlertState) else None
    counts = counts_by_state(reading, event_id=event.id)
    return htmx.page_or_block(
        "outbox/index.html",
        "list",
        state=state,
        counts=[(one, words.alert_state(one), counts[one]) for one in AlertState if one in counts],
        alerts=[
            {
                "entry": line,
                "state_label": words.alert_state(line.state),
                "kind_label": words.alert_kind(line.kind),
                "reason": words.reason_beside(line.state, line.reason),
                "channel_label": words.channel(line.channel),
                "url": url_for("tickets.show", event_slug=event.slug, key=line.ticket_key) if line.ticket_key else None,
            }
            for line in outbox_lines(reading, event_id=event.id, state=state)
        ],
    )
