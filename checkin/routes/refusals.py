"""Turns the refusals of the rules into words for people and a status for programs."""

from dataclasses import dataclass
from typing import Final

from flask_babel import gettext

from checkin.queueing.errors import NoSuchTeam, NoSuchTicket, NotYourTicket, QueueingError

_STATUS: Final[dict[type[QueueingError], int]] = {NoSuchTeam: 404, NoSuchTicket: 404, NotYourTicket: 403}


@dataclass(frozen=True)
class Refusal:
    """What a warning says: a code, a sentence, and perhaps the way on."""

    code: str
    sentence: str
    link: str | None = None
    link_text: str = ""


def status_of(error: QueueingError) -> int:
    """Return the HTTP status of a refusal: 409 unless the table says otherwise."""
    return _STATUS.get(type(error), 409)


def refusal(error: QueueingError, *, link: str | None = None, link_text: str = "") -> Refusal:
    """Return the warning that the page shows."""
    sentence = gettext(error.sentence)
    for name, value in error.details.items():
        sentence = sentence.replace("{" + name + "}", value)
    return Refusal(error.code, sentence, link, link_text)
