"""The streams of pages that refetch themselves: they carry no more than the word `changed`."""

import random
from collections.abc import Callable

from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from checkin.db import db
from checkin.live import live
from checkin.live.streams import Stream
from checkin.live.watching import NoSeat
from checkin.models import Ticket
from checkin.routes.access import EventView, staff_required

bp = Blueprint("streams", __name__)


@bp.get("/<slug:event_slug>/desk/events")
@staff_required()
def desk(event: EventView) -> ResponseReturnValue:
    """Tell the event's people that something changed; their page asks for itself, with its own permission."""
    return stream_response(lambda: live().watch_desk(event.id))


@bp.get("/t/<token>/events")
def customer(token: str) -> ResponseReturnValue:
    """Tell a customer that their page would look different now."""
    ticket = db.session.execute(select(Ticket.id, Ticket.event_id).where(Ticket.token == token)).one_or_none()
    if ticket is None:
        abort(404)
    return stream_response(lambda: live().watch_ticket(ticket.event_id, ticket.id, token=token))


def stream_response(watch: Callable[[], Stream]) -> Response:
    """Return the stream as the answer to this request; 503 when there is no seat, and the page polls."""
    if request.method == "HEAD":
        return Response(mimetype="text/event-stream")
    try:
        stream = watch()
    except NoSeat:
        # Not the page for people that other 503s have: only a page's script reads this.
        return Response(status=503, headers={"Retry-After": str(random.randint(20, 40))}, mimetype="text/plain")  # noqa: S311
    response = Response(stream, mimetype="text/event-stream")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    return response
