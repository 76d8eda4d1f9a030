"""What people see when a request cannot be served: in words, with a way on, and nothing they typed lost."""

from flask import Flask, Response, g, render_template, request, url_for
from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf
from sqlalchemy.exc import SQLAlchemyError
from structlog import get_logger
from werkzeug.exceptions import HTTPException, InternalServerError

from checkin import htmx
from checkin.db import DatabaseBusy, db, is_busy

RETRY_AFTER_SECONDS = 1
_READ_AT_MOST = 10_000_000
_log = get_logger()


def init_app(app: Flask) -> None:
    """Answer every failure with a page of ours."""
    app.register_error_handler(HTTPException, _http_failure)
    app.register_error_handler(SQLAlchemyError, _database_failure)
    app.register_error_handler(DatabaseBusy, busy)


def busy(_error: Exception | None = None) -> Response:
    """Answer 503: the database is locked or gone; what was typed is kept in the page and can be sent again as it is."""
    db.session.rollback()
    sentence = _("The desk is busy for a moment. Nothing is lost; please try again.")
    if htmx.wants_fragment():
        response = htmx.toast_only(sentence, status=503)
    else:
        typed = [pair for pair in request.form.items(multi=True) if pair[0] not in {"csrf_token", "password", "again"}]
        address = request.full_path.rstrip("?")
        body = render_template(
            "errors/busy.html", sentence=sentence, typed=typed, address=address, csrf_token=generate_csrf()
        )
        response = Response(body, 503, mimetype="text/html")
    response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def _database_failure(error: SQLAlchemyError) -> Response:
    if is_busy(error):
        return busy(error)
    _log.error("database", exc_info=error)
    return _http_failure(InternalServerError())


def _http_failure(error: HTTPException) -> Response:
    if error.response is not None or error.code is None or error.code < 400:
        return error.get_response()  # type: ignore[return-value]
    if error.code == 500 and error.__cause__ is None and getattr(error, "original_exception", None) is not None:
        original = error.original_exception  # type: ignore[attr-defined]
        _log.error("unexpected", path=request.path, exc_info=original)
    if error.code == 413:
        _read_the_rest()
    heading, sentence = _words(error.code)
    if htmx.wants_fragment():
        return htmx.toast_only(sentence, status=error.code)
    event = g.get("event")
    way_on = url_for("front.event", event_slug=event.slug) if event else url_for("front.index")
    body = render_template("errors/error.html", code=error.code, heading=heading, sentence=sentence, way_on=way_on)
    return Response(body, error.code, mimetype="text/html")


def _read_the_rest() -> None:
    """Read what is too large, up to a point: left unread it ends the line, and the next request on it with it."""
    if (request.content_length or 0) <= (request.max_content_length or 0):
        return  # it was refused while it was read, and how much of it is left nobody knows
    left = min(request.content_length or 0, _READ_AT_MOST)
    while left > 0 and (part := request.environ["wsgi.input"].read(min(left, 65_536))):
        left -= len(part)


def _not_for_you() -> str:
    if g.get("is_signed_in"):
        return _("Your role at this event does not open it. Ask an organiser.")
    return _("It is for those who work here or have its link. Sign in, or ask an organiser for the link.")


def _words(code: int) -> tuple[str, str]:
    known = {
        403: (_("This page is not for you"), _not_for_you()),
        404: (_("There is nothing here"), _("The address is not known. Perhaps it was typed by hand.")),
        405: (_("That is not possible here"), _("Please go back and use the page's own buttons.")),
        413: (_("That was too much"), _("What was sent is too large.")),
        500: (_("Something went wrong"), _("It was our mistake and it was noted. Please try again.")),
    }
    return known.get(code, (_("That did not work"), _("Please go back and try again.")))
