"""The headers that keep a browser safe, on every answer (docs/architecture.md, Safety), and no address with a NUL."""

import secrets

from flask import Flask, Response, abort, g, request


def csp_nonce() -> str:
    """Return the nonce of this answer's scripts."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    nonce: str = g.csp_nonce
    return nonce


def init_app(app: Flask) -> None:
    """Refuse addresses that cannot be ours, and set the headers after each request."""
    app.context_processor(lambda: {"csp_nonce": csp_nonce})
    app.before_request(_refuse_nul)
    app.after_request(_set_headers)


def _refuse_nul() -> None:
    """Answer 404 to a NUL in the path: it names nothing of ours, and PostgreSQL fails where SQLite finds nothing."""
    if "\0" in request.path:
        abort(404)


def _set_headers(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("X-Content-Type-Options", "nosniff")
    # Links carry tokens; no-referrer would make Flask-WTF refuse every POST over https.
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("X-Frame-Options", "DENY")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    if response.mimetype == "text/html":
        policy = response.content_security_policy
        policy.default_src = "'self'"
        policy.script_src = f"'self' 'nonce-{csp_nonce()}'"
        policy.style_src = "'self'"
        policy.img_src = "'self' data:"
        policy.object_src = "'none'"
        policy.base_uri = "'none'"
        policy.form_action = "'self'"
        policy.frame_ancestors = "'none'"
        if request.endpoint != "static":
            headers.setdefault("Cache-Control", "no-store")
    return response
