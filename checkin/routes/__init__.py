"""The addresses: load, allow, validate, one domain call in a transaction, render."""

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from checkin import htmx
from checkin.config import Settings
from checkin.routes import (
    access,
    board,
    by_hand,
    checking_in,
    correcting,
    customer,
    desk,
    failures,
    feedback,
    find,
    front,
    health,
    hooks,
    language,
    moving,
    outbox,
    presence,
    queues,
    rendering,
    safety,
    signing_in,
    streams,
    tickets,
)


def init_app(app: Flask) -> None:
    """Hang all pages on `app`."""
    settings: Settings = app.extensions["checkin_settings"]
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    htmx.init_app(app)
    language.init_app(app)
    access.init_app(app)
    safety.init_app(app)
    rendering.init_app(app)
    failures.init_app(app)
    of_everybody = (health, hooks, signing_in, customer, feedback, front, board, streams)
    of_staff = (checking_in, desk, presence, queues, find, tickets, by_hand, moving, correcting, outbox)
    for part in of_everybody + of_staff:
        app.register_blueprint(part.bp)
