"""The customer's own page behind an unguessable link (docs/specification.md, section 7)."""

import io

import segno
from flask import Blueprint, abort, current_app, g, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy import select

from checkin import htmx
from checkin.config import Settings
from checkin.db import database_now, db
from checkin.models import Event
from checkin.reports.customers import customer_view
from checkin.routes.access import EventView
from checkin.routes.language import speak

bp = Blueprint("customer", __name__)


@bp.get("/t/<token>")
def show(token: str) -> ResponseReturnValue:
    """Show where the customer stands; nothing personal but the first name."""
    reading = db.session()
    view = customer_view(reading, token, moment=database_now(reading))
    if view is None:
        abort(404)
    speak(view.language)
    event = reading.execute(select(Event).where(Event.id == view.event_id)).scalar_one()
    g.event = EventView(event.id, event.slug, event.name, event.time_zone, event.settings)
    feedback_url = url_for("feedback.show", token=view.feedback_token) if view.feedback_token else None
    return htmx.page_or_block("customer/show.html", "state", c=view, token=token, feedback_url=feedback_url)


def public_address(path: str) -> str:
    """Return the address that people outside reach `path` by: built from PUBLIC_URL, never from the Host header."""
    settings: Settings = current_app.extensions["checkin_settings"]
    return settings.effective_public_url + path


def customer_address(token: str) -> str:
    """Return the full address of a customer's own page."""
    return public_address(url_for("customer.show", token=token))


def qr_code(address: str) -> Markup:
    """Return a QR code as SVG, dark on light whatever the scheme, without size: the page's style decides."""
    out = io.BytesIO()
    code = segno.make(address, error="m", micro=False)
    code.save(out, kind="svg", xmldecl=False, svgns=True, omitsize=True, border=4, svgclass="qr", lineclass="qr-lines")
    return Markup(out.getvalue().decode())  # noqa: S704 - segno's own drawing of an address of ours
