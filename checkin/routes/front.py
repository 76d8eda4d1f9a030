"""The front pages: the one event, or the list of the public ones."""

from flask import Blueprint, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import select

from checkin import htmx
from checkin.db import db
from checkin.models import Event
from checkin.routes.access import EventView, anyone

bp = Blueprint("front", __name__)


@bp.get("/")
def index() -> ResponseReturnValue:
    """Show the public events and those where one works, or go straight to the only one."""
    rows = db.session.scalars(select(Event).order_by(Event.name)).all()
    events = [EventView(row.id, row.slug, row.name, row.time_zone, row.settings) for row in rows]
    own = current_user.people if current_user.is_authenticated else {}
    listed = [event for event in events if event.settings.public or event.id in own]
    if len(listed) == 1:
        return htmx.go_to(url_for("front.event", event_slug=listed[0].slug))
    return htmx.page("front/events.html", events=listed, signed_in=current_user.is_authenticated)


@bp.get("/<slug:event_slug>/", strict_slashes=False)
@anyone
def event(event: EventView) -> ResponseReturnValue:
    """Show the ways into the event: check-in, board, desk."""
    return htmx.page("front/event.html", event=event)
