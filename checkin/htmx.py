"""The one adapter around htmx: which answer was asked for, and the headers of ours that it reads.

htmx-flask gives `request.htmx`; it sets no Vary and reads the names of htmx 2, so everything else is here.
"""

import json
from typing import Any

from flask import Flask, Response, make_response, render_template, request
from htmx_flask import Htmx
from jinja2_fragments.flask import render_block


def init_app(app: Flask) -> None:
    """Give every request of `app` its `htmx`."""
    Htmx(app)


def wants_fragment() -> bool:
    """Tell whether this request is htmx asking for a part of the page (and not the whole of it in its history)."""
    asked = request.htmx  # type: ignore[attr-defined]
    return bool(asked) and not asked.boosted and not asked.history_restore_request


def page_or_block(template: str, block: str, *, status: int = 200, push: str | None = None, **context: Any) -> Response:
    """Render the page, or only its named block when htmx asks; `push` is the address the browser shows then."""
    fragment = wants_fragment()
    body = render_block(template, block, **context) if fragment else render_template(template, **context)
    response = make_response(body, status)
    response.headers.add("Vary", "HX-Request")
    if fragment and push is not None:
        response.headers["HX-Push-Url"] = push
    return response


def page(template: str, *, status: int = 200, **context: Any) -> Response:
    """Render a page that has no fragment of its own."""
    response = make_response(render_template(template, **context), status)
    response.headers.add("Vary", "HX-Request")
    return response


def go_to(address: str) -> Response:
    """Send the browser to another page: 303, or HX-Redirect for htmx, so that no page lands in a fragment."""
    if wants_fragment():
        response = make_response("", 200)
        response.headers["HX-Redirect"] = address
    else:
        response = make_response("", 303)
        response.headers["Location"] = address
    response.headers.add("Vary", "HX-Request")
    return response


def sign_in_first(address: str) -> Response:
    """Refuse a request without a session: 303 to the sign-in page, or 401 with HX-Redirect for htmx."""
    response = go_to(address)
    if wants_fragment():
        response.status_code = 401
    return response


def say(response: Response, sentence: str) -> Response:
    """Give a fragment a sentence for the page's one status line beside what it changes."""
    response.headers["HX-Trigger"] = json.dumps({"checkin:toast": {"message": sentence}})
    return response


def toast_only(sentence: str, *, status: int) -> Response:
    """Answer htmx with nothing to swap and a sentence for the page's one status line; what was typed stays."""
    response = make_response("", status)
    response.headers["HX-Reswap"] = "none"
    response.headers.add("Vary", "HX-Request")
    return say(response, sentence)
