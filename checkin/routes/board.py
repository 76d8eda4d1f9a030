"""The live board: a page, its fragment, and its stream. Anyone may watch, or who has its link; all see the same."""

from collections.abc import Callable
from functools import wraps
from hmac import compare_digest
from typing import Any

from flask import Blueprint, Response, abort, g, request
from flask.typing import ResponseReturnValue
from flask_babel import force_locale

from checkin import htmx
from checkin.live import live
from checkin.live.board import RenderedBoard
from checkin.models.settings import Scheme
from checkin.routes.access import EventView, anyone
from checkin.routes.streams import stream_response

bp = Blueprint("board", __name__)


def _held_first(view: Callable[..., ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
    """Answer a page that polls from what is held, before anything is asked of the database."""

    @wraps(view)
    def held_first(event_slug: str, **arguments: Any) -> ResponseReturnValue:
        rendered = live().held_board(event_slug) if htmx.wants_fragment() else None
        if rendered is not None and _has_link(rendered.board.link):
            return _fragment(rendered)
        return view(event_slug=event_slug, **arguments)

    return held_first


@bp.get("/<slug:event_slug>/board")
@_held_first
@anyone
def show(event: EventView) -> ResponseReturnValue:
    """Show the board; `tv=1` and `scheme` change only how it is laid out, and nothing in the address what it shows."""
    _require_may_watch(event)
    rendered = live().board(event.id)
    if rendered is None:
        abort(404)
    if htmx.wants_fragment():
        return _fragment(rendered)
    board = rendered.board
    scheme = next((one for one in Scheme if one == request.args.get("scheme")), None)
    # One language for page and stream: a board hangs in a room, and what is pushed is the same for everybody.
    with force_locale(board.language):
        return htmx.page("board/show.html", board=board, tv=request.args.get("tv") == "1", scheme=scheme)


@bp.get("/<slug:event_slug>/board/events")
@anyone
def events(event: EventView) -> ResponseReturnValue:
    """Push the fragment at once and after each change."""
    _require_may_watch(event)
    return stream_response(lambda: live().watch_board(event.id, link=event.settings.board_link))


def _has_link(link: str) -> bool:
    """Tell whether the address carries the word of the event's link, which may be none."""
    return not link or compare_digest(request.args.get("link", "").encode(), link.encode())


def _require_may_watch(event: EventView) -> None:
    """Refuse who has neither the link that the event asks for nor a role there."""
    if g.viewer is None and not _has_link(event.settings.board_link):
        abort(403)


def _fragment(rendered: RenderedBoard) -> Response:
    response = Response(rendered.html, mimetype="text/html")
    response.headers["ETag"] = rendered.etag
    response.headers["Cache-Control"] = "no-cache"
    response.headers.add("Vary", "HX-Request")
    response.make_conditional(request)
    return response
