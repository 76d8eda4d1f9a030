"""What alerts say: the default templates, and an alert's words made from them (docs/specification.md, 5.1 and 5.2).

Every value is untrusted. The subject of an email carries nothing that a customer typed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from checkin.alerts.segments import count_segments
from checkin.alerts.wording import fill, shown, translate
from checkin.config import ROOT
from checkin.i18n import mark as N_
from checkin.models import AlertKind

MOST_SEGMENTS: Final = 2
_SHORTEST_NAME: Final = 12

_READY_TEXT: Final = N_("{first_name}, {expert} is ready for you at {event}. Your ticket is {key}, {product}.")
_READY_TEXT_DESK: Final = N_("{first_name}, {expert} is ready for you at {desk}. Your ticket is {key}, {product}.")

_READY_HEADLINE: Final = N_("{expert} is ready for you")
_READY_HEADLINE_DESK: Final = N_("{expert} is ready for you at {desk}")


@dataclass(frozen=True)
class MailTemplate:
    """The parts of an email. `link` names the placeholder that holds the button's address."""

    subject: str
    headline: str
    greeting: str
    paragraphs: tuple[str, ...]
    button: str
    link: str
    why: str


_HELLO: Final = N_("Hello {first_name} {last_name},")
_BECAUSE_CHECKED_IN: Final = N_("You get this email because you were checked in at {event}.")

MAILS: Final = {
    AlertKind.READY: MailTemplate(
        subject=N_("{key}: {expert} is ready for you"),
        headline=_READY_HEADLINE,
        greeting=_HELLO,
        paragraphs=(
            N_("Please come back to {event}: {expert} is waiting for you."),
            N_("Your ticket is {key}, about {product}."),
        ),
        button=N_("See your ticket"),
        link="customer_link",
        why=_BECAUSE_CHECKED_IN,
    ),
    AlertKind.FEEDBACK: MailTemplate(
        subject=N_("{key}: how did it go with {expert}?"),
        headline=N_("How did it go with {expert}?"),
        greeting=_HELLO,
        paragraphs=(
            N_("{expert} helped you with {product} at {event}."),
            N_("A few short questions tell us what went well and what did not. Answer only those you like."),
        ),
        button=N_("Tell us how it went"),
        link="feedback_link",
        why=_BECAUSE_CHECKED_IN,
    ),
    AlertKind.RESET: MailTemplate(
        subject=N_("Choose a new password for {event}"),
        headline=N_("Choose a new password"),
        greeting=N_("Hello {expert},"),
        paragraphs=(
            N_("Somebody, probably you, asked for a new password for the desk of {event}."),
            N_("The link works once, and for an hour. If it was not you, nothing has changed: ignore this email."),
        ),
        button=N_("Choose a password"),
        link="reset_link",
        why=N_("You get this email because you work at {event}."),
    ),
}

# A ticket that was put on hold while it waited can be resolved without ever having had an expert.
_FEEDBACK_OF_NOBODYS: Final = replace(
    MAILS[AlertKind.FEEDBACK],
    subject=N_("{key}: how did it go?"),
    headline=N_("How did it go?"),
    paragraphs=(N_("We helped you with {product} at {event}."), *MAILS[AlertKind.FEEDBACK].paragraphs[1:]),
)


@dataclass(frozen=True)
class Letter:
    """An email's words: its subject, and the same content as text and as HTML."""

    subject: str
    text: str
    html: str


def desk_name(desk: str, *, language: str) -> str:
    """Return the desk as people call it ("Desk 7" for "7"), "" when it is not known."""
    name = shown(desk)
    return fill(translate(N_("Desk {desk}"), language), {"desk": name}) if name.isdigit() else name


def ready_text(values: Mapping[str, str], *, language: str) -> str:
    """Return the Ready text, at most two segments long: long names are cut, first the customer's, never a link."""
    known = {name: shown(value) for name, value in values.items()}
    template = translate(_READY_TEXT_DESK if known["desk"] else _READY_TEXT, language)
    body = fill(template, known)
    while count_segments(body) > MOST_SEGMENTS and (name := _name_to_cut(known)):
        known[name] = known[name][:-1].rstrip(" \u200d")
        body = fill(template, known)
    return body


def _name_to_cut(values: Mapping[str, str]) -> str | None:
    """Return the customer's name while it is long, else the longest of the others, None when all are short."""
    longest = max(("product", "event", "expert"), key=lambda name: len(values[name]))
    return next((name for name in ("first_name", longest) if len(values[name]) > _SHORTEST_NAME), None)


def letter(kind: AlertKind, values: Mapping[str, str], *, language: str) -> Letter:
    """Return the email of this kind. Raises KeyError for a kind that has none."""
    known = {name: shown(value) for name, value in values.items()}
    template = MAILS[kind]
    if kind is AlertKind.FEEDBACK and not known["expert"]:
        template = _FEEDBACK_OF_NOBODYS
    headline = template.headline
    if kind is AlertKind.READY and known["desk"]:
        headline = _READY_HEADLINE_DESK

    def say(sentence: str) -> str:
        return fill(translate(sentence, language), known)

    parts = {
        "language": language,
        "event": known["event"],
        "headline": say(headline),
        "greeting": say(template.greeting),
        "paragraphs": [say(paragraph) for paragraph in template.paragraphs],
        "button": say(template.button),
        "link": known[template.link],
        "or_address": say(N_("Or open this address:")),
        "why": say(template.why),
    }
    text = _pages.get_template("message.txt").render(parts)
    html = _pages.get_template("message.html").render(parts)
    return Letter(say(template.subject), text, html)


_pages: Final = Environment(
    loader=FileSystemLoader(ROOT / "templates" / "mail"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
