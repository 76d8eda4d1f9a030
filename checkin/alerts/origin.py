"""From whom an email comes: the event's own address where the operator allows its domain (specification, 5.2)."""

from __future__ import annotations

import logging
from collections.abc import Collection
from functools import cache

from email_validator import EmailNotValidError, validate_email

from checkin.alerts.channels.mail import ascii_address
from checkin.alerts.wording import shown
from checkin.models import Event

log = logging.getLogger(__name__)


def is_address(address: str) -> bool:
    """Tell whether this can stand in From or Reply-To and every mail server takes it: no letters beyond ASCII."""
    try:
        validate_email(ascii_address(address), check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        return False
    return True


def is_among(address: str, domains: Collection[str]) -> bool:
    """Tell whether the address belongs to one of these domains itself (not to one below it)."""
    return _domain(address) in {_domain(f"@{domain}") for domain in domains}


def from_name(event: Event) -> str:
    """Return the name that the event's emails come from, by default its own."""
    return shown(event.settings.mail_from_name) or shown(event.name)


def from_address(event: Event, *, usual: str, domains: Collection[str]) -> str:
    """Return the event's own From address if it still may have it, else the `usual` one."""
    own = event.settings.mail_from
    if not own:
        return usual
    if is_address(own) and is_among(own, domains):
        return own
    _warn_of(event.slug, own, usual)
    return usual


def reply_to(event: Event, *, usual: str) -> str:
    """Return where answers to the event's emails go, "" for nowhere in particular."""
    own = event.settings.mail_reply_to
    return own if own and is_address(own) else usual


def _domain(address: str) -> str:
    return ascii_address(address).rpartition("@")[2].lower()


@cache
def _warn_of(slug: str, own: str, usual: str) -> None:
    """Say once per process that an event's mail does not come from where it should."""
    log.warning("emails of %s come from %s: MAIL_FROM_DOMAINS does not allow its own address %s", slug, usual, own)
