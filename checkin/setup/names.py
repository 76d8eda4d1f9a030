"""The form of what organisers name: slugs, names, codes, time zones."""

import re
from typing import Final
from unicodedata import category
from zoneinfo import ZoneInfo

from checkin.setup.errors import CodeNotPossible, NameNotPossible, NoSuchTimeZone, SlugNotPossible, SlugReserved

# The words of docs/specification.md, section 13, whether their pages are built yet or not.
RESERVED: Final = frozenset({
    "audit", "board", "bring-back", "call", "checkin", "desk", "email", "events", "feedback", "find", "hand-over",
    "healthz", "here", "hooks", "message", "metrics", "no-show", "notes", "outbox", "overview", "put-back", "readyz",
    "reports", "reset", "resolve", "setup", "sign-in", "sign-out", "static", "status", "t", "take", "tickets", "twilio",
})  # fmt: skip
_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_CODE: Final = re.compile(r"[A-Z][A-Z0-9]{0,7}")


def checked_slug(slug: str, *, reserved: frozenset[str] = frozenset()) -> str:
    """Return the slug if it can be an event's; `reserved` are words of the address map beside those known here.

    Raises SlugNotPossible, SlugReserved.
    """
    if not _SLUG.fullmatch(slug):
        raise SlugNotPossible(slug=slug)
    if slug in RESERVED | reserved:
        raise SlugReserved(slug=slug)
    return slug


def checked_name(name: str, *, longest: int) -> str:
    """Return the name without spaces around it.

    Raises NameNotPossible.
    """
    name = name.strip()
    # Surrogates are what a terminal makes of bytes that are no text; no database takes them.
    if not name or len(name) > longest or any(category(letter) in {"Cc", "Cs"} for letter in name):
        raise NameNotPossible(longest=str(longest))
    return name


def checked_code(code: str) -> str:
    """Return a team's code in capitals.

    Raises CodeNotPossible.
    """
    code = code.strip().upper()
    if not _CODE.fullmatch(code):
        raise CodeNotPossible(code=code)
    return code


def checked_zone(name: str) -> str:
    """Return the name of a time zone that is known.

    Raises NoSuchTimeZone.
    """
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise NoSuchTimeZone(zone=name) from error
    return name
