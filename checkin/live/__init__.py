"""What changed and who is watching: the feed, board fragments, streams (docs/architecture.md, The live board)."""

from collections.abc import Callable

from flask import Flask, current_app

from checkin.config import Settings
from checkin.db import OUTBOX, Announcement
from checkin.live import leaving
from checkin.live.feed import ANYTHING
from checkin.live.watching import Live

__all__ = ["Live", "init_app", "live", "on_alerts"]


def init_app(app: Flask) -> None:
    """Give `app` its live part. Nothing runs before somebody watches."""
    settings: Settings = app.extensions["checkin_settings"]
    part = Live(app, settings)
    app.extensions["checkin_live"] = part
    leaving.close_on_sigterm(part)


def live(app: Flask | None = None) -> Live:
    """Return the live part of `app`, the current one when None."""
    part: Live = (app or current_app).extensions["checkin_live"]
    return part


def on_alerts(app: Flask, wake: Callable[[], None]) -> Callable[[], None]:
    """Call `wake` when alerts may wait in the outbox, whichever process wrote them; return what ends that.

    `wake` may be called more often than there are alerts and must be quick.
    """

    def hear(announcement: Announcement) -> None:
        if announcement.topic == OUTBOX or announcement == ANYTHING:
            wake()

    return live(app).feed.subscribe(hear)
