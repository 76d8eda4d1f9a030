"""The headers that keep a browser safe, on every answer (docs/architecture.md, Safety), and what no page sends."""

import secrets
from typing import Final

from flask import Flask, Response, abort, g, request


def csp_nonce() -> str:
    """Return the nonce of this answer's scripts."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    nonce: str = g.csp_nonce
    return nonce


_POLICY: Final = (
    "default-src 'self'; script-src 'self'{nonce}; style-src 'self'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def init_app(app: Flask) -> None:
    """Refuse addresses that cannot be ours, and set the headers after each request."""
    app.context_processor(lambda: {"csp_nonce": csp_nonce})
    app.before_request(_refuse_nul)
    app.before_request(_refuse_files)
    app.after_request(_set_headers)


def _refuse_nul() -> None:
    """Answer 404 to a NUL in the path: it names nothing of ours, and PostgreSQL fails where SQLite finds nothing."""
    if "\0" in request.path:
        abort(404)


def _refuse_files() -> None:
    """Answer 400 to a file: no form of ours takes any, and each would take it for what was typed."""
    if request.mimetype == "multipart/form-data" and request.files:
        abort(400)


def _set_headers(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("X-Content-Type-Options", "nosniff")
    # Links carry tokens; no-referrer would make Flask-WTF refuse every POST over https.
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("X-Frame-Options", "DENY")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    if response.mimetype == "text/html":
        # Written as one header: Werkzeug's policy object builds it anew at each part, and a redirect has no scripts.
        nonce = f" 'nonce-{csp_nonce()}'" if response.status_code < 300 or response.status_code >= 400 else ""
        headers["Content-Security-Policy"] = _POLICY.format(nonce=nonce)
        if request.endpoint != "static":
            headers.setdefault("Cache-Control", "no-store")
    return response
