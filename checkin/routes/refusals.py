"""Turns the refusals of the rules into words for people and a status for programs."""

from dataclasses import dataclass
from typing import Final

from flask import url_for
from flask_babel import gettext

from checkin.alerts.handling import HandlingError
from checkin.queueing.errors import (
    HandsFull,
    NoSuchTeam,
    NoSuchTicket,
    NoteEmpty,
    NotYourQueue,
    NotYourTicket,
    OnlyOrganisers,
    QueueingError,
    ReasonMissing,
)
from checkin.routes import words

_STATUS: Final[dict[type[QueueingError], int]] = {
    NoSuchTeam: 404, NoSuchTicket: 404, NotYourTicket: 403, NotYourQueue: 403, OnlyOrganisers: 403,
    # What was typed, or not typed, is wrong.
    NoteEmpty: 422, ReasonMissing: 422,
}  # fmt: skip


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


def refusal(error: QueueingError, *, event_slug: str = "") -> Refusal:
    """Return the warning that the page shows; with the event's slug full hands come with the way to what is in them."""
    sentence = gettext(error.sentence)
    for name, value in error.details.items():
        said = words.status(value) if name == "status" else value
        sentence = sentence.replace("{" + name + "}", said)
    if event_slug and isinstance(error, HandsFull):
        key = error.details["key"]
        link = url_for("tickets.show", event_slug=event_slug, key=key)
        return Refusal(error.code, sentence, link, gettext("Go to %(key)s", key=key))
    return Refusal(error.code, sentence)


def handling_refusal(error: HandlingError) -> Refusal:
    """Return the warning of a message that could not be sent again or dismissed."""
    return Refusal(error.code, gettext(error.sentence))
