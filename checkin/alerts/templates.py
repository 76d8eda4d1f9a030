"""Makes an alert's words from its template and the values of the moment (docs/specification.md, 5.1 and 5.2).

Every value is untrusted. The subject of an email carries nothing that a customer typed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from checkin.alerts.defaults import MAILS, MAILS_WITHOUT, TEXTS, TEXTS_WITHOUT
from checkin.alerts.segments import count_segments
from checkin.alerts.wording import fill, isolated, shown
from checkin.config import ROOT
from checkin.i18n import direction, translate
from checkin.i18n import mark as N_
from checkin.models import AlertKind

MOST_SEGMENTS: Final = 2
# What is cut while a text is too long, in this order, and how short it may become: never the key, never a link.
_THINGS: Final = ("product", "event", "expert")
_CUTS: Final = (
    (("first_name",), 12),
    (_THINGS, 12),
    (("message",), 20),
    (("first_name", *_THINGS), 2),
    (("message",), 0),
)
_Template = TypeVar("_Template")


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


def text_of(kind: AlertKind, values: Mapping[str, str], *, language: str) -> str:
    """Return the text of this kind, at most two segments long: long names are cut, first the customer's.

    Raises KeyError for a kind that has none.
    """
    known = {name: shown(value) for name, value in values.items()}
    template = translate(_fitting(kind, known, usual=TEXTS, without=TEXTS_WITHOUT), language)
    body = fill(template, known)
    while count_segments(body) > MOST_SEGMENTS and (name := _what_to_cut(known)):
        known[name] = known[name][:-1].rstrip(" \u200d")
        body = fill(template, known)
    return body


def _fitting(
    kind: AlertKind, known: Mapping[str, str], *, usual: Mapping[AlertKind, _Template],
    without: Mapping[AlertKind, tuple[str, _Template]],
) -> _Template:  # fmt: skip
    """Return the kind's template, or its other one when the value that this one does without is missing."""
    missing, other = without.get(kind, ("", None))
    return usual[kind] if other is None or known[missing] else other


def _what_to_cut(values: Mapping[str, str]) -> str | None:
    """Return the name of the value that loses its last character next, None when all are as short as they may be."""
    for names, shortest in _CUTS:
        longest = max(names, key=lambda name: len(values[name]))
        if len(values[longest]) > shortest:
            return longest
    return None


def letter(kind: AlertKind, values: Mapping[str, str], *, language: str) -> Letter:
    """Return the email of this kind. Raises KeyError for a kind that has none."""
    known = {name: isolated(shown(value)) for name, value in values.items()}
    template = _fitting(kind, known, usual=MAILS, without=MAILS_WITHOUT)

    def say(sentence: str) -> str:
        return fill(translate(sentence, language), known)

    parts = {
        "language": language,
        "direction": direction(language),
        "event": known["event"],
        "headline": say(template.headline),
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
