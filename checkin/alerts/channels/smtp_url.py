"""SMTP_URL: where mail is handed over, and how the line there is protected."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote, urlsplit


class Security(StrEnum):
    """How the line to the server is protected; the value is the scheme of SMTP_URL."""

    PLAIN = "smtp"
    STARTTLS = "smtp+starttls"
    TLS = "smtps"


_UNENCODED = "user and password are not percent-encoded: / is %2F, : is %3A, @ is %40, # is %23, ? is %3F"
_PORTS = {Security.PLAIN: 25, Security.STARTTLS: 587, Security.TLS: 465}


@dataclass(frozen=True)
class Server:
    """Where mail is handed over. `user` is "" when the server asks for none."""

    security: Security
    host: str
    port: int
    user: str
    password: str


def read_url(url: str) -> Server:
    """Read SMTP_URL: smtp://, smtp+starttls:// or smtps://, with user and password percent-encoded.

    Raises ValueError with a reason that never repeats the password, and what is usual to have led to it.
    """
    parts = urlsplit(url)
    if parts.scheme not in set(Security):
        raise ValueError("must begin with smtp://, smtp+starttls:// or smtps://")
    security = Security(parts.scheme)
    try:
        port = parts.port or _PORTS[security]
    except ValueError:
        raise ValueError(f"has a port that is no number up to 65535 (or {_UNENCODED})") from None
    if not parts.hostname:
        raise ValueError(f"names no host (or {_UNENCODED})")
    server = Server(security, parts.hostname, port, unquote(parts.username or ""), unquote(parts.password or ""))
    if not (server.user + server.password).isascii():
        raise ValueError("has a user or password with letters beyond ASCII, which cannot be sent")
    return server
