"""Makes an alert's words from its template and the values of the moment (docs/specification.md, 5.1 and 5.2).

Every value is untrusted. The subject of an email carries nothing that a customer typed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from checkin.alerts.defaults import (
    ADVICE,
    ADVICE_WITHOUT_EXPERT,
    MAILS,
    MAILS_WITHOUT,
    TEXTS,
    TEXTS_WITHOUT,
    MailTemplate,
)
from checkin.alerts.segments import count_segments
from checkin.alerts.taking_home import lines_of
from checkin.alerts.wording import fill, isolated, paragraphs_of, placeholders_of, shown
from checkin.config import ROOT
from checkin.i18n import direction, translate
from checkin.i18n import mark as N_
from checkin.models import AlertKind

MOST_SEGMENTS: Final = 2
# What is cut while a text is too long, in this order, and how short it may become: never the key, never a link.
_PEOPLE: Final = ("first_name", "last_name", "question_1", "question_2", "question_3")
_THINGS: Final = ("product", "event", "expert")
_USUAL: Final = 12
_CUTS: Final = (
    (_PEOPLE, _USUAL),
    (_THINGS, _USUAL),
    (("message",), 20),
    ((*_PEOPLE, *_THINGS), 2),
    (("message",), 0),
)
# What an event's own words say where the desk or the expert is not known, and what they cannot do without.
_INSTEAD: Final = {"desk": "event", "expert": "event"}
_NEEDED: Final = ("place", "customer_link", "feedback_link", "message")
_Template = TypeVar("_Template")


@dataclass(frozen=True)
class Words:
    """What an event says in an alert; a text has only a body, an email's has an empty line between its paragraphs."""

    body: str
    subject: str = ""
    headline: str = ""

    @property
    def all(self) -> str:
        """Return everything that is said."""
        return f"{self.subject}\n{self.headline}\n{self.body}"


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


def default_words(kind: AlertKind, *, language: str, is_text: bool) -> Words:
    """Return what the kind says in an event without words of its own. Raises KeyError for a kind that has none."""
    if is_text:
        return Words(translate(TEXTS[kind], language))
    mail = _translated(MAILS[kind], language)
    return Words("\n\n".join(mail.paragraphs), mail.subject, mail.headline)


def text_of(kind: AlertKind, values: Mapping[str, str], *, language: str, own: Words | None = None) -> str:
    """Return the text of this kind, at most two segments long: long names are cut, first the customer's.

    `own` are the event's words. A text that is longer by itself may be so, but nobody's name makes it longer. Raises
    KeyError for a kind that has none, and for a placeholder that nobody knows.
    """
    known = {name: shown(value) for name, value in values.items()}
    if own is not None and _has_all(own, known):
        return _cut(own.body, _with_stand_ins(known), _CUTS[:3], most=_segments_of(own.body, known))
    template = translate(_fitting(kind, known, usual=TEXTS, without=TEXTS_WITHOUT), language)
    return _cut(template, known, _CUTS, most=MOST_SEGMENTS)


def _has_all(own: Words, known: Mapping[str, str]) -> bool:
    """Tell whether everything that these words cannot do without is known at this moment."""
    used = placeholders_of(own.all)
    return all(known[name] for name in _NEEDED if name in used)


def _with_stand_ins(known: Mapping[str, str]) -> dict[str, str]:
    return {**known, **{name: known.get(name) or known[other] for name, other in _INSTEAD.items()}}


def _segments_of(template: str, known: Mapping[str, str]) -> int:
    """Return how many segments an event's own text may have: two, or what it takes with names of a usual length."""
    names = dict.fromkeys((*_PEOPLE, *_THINGS), "n" * _USUAL)
    return max(MOST_SEGMENTS, count_segments(fill(template, {**known, **names})))


def _cut(template: str, known: Mapping[str, str], cuts: tuple[tuple[tuple[str, ...], int], ...], *, most: int) -> str:
    values = dict(known)
    body = fill(template, values)
    # No segment holds more than 153 characters: what is longer than that needs no counting, which takes far longer.
    while (len(body) > most * 153 or count_segments(body) > most) and (name := _what_to_cut(values, cuts)):
        values[name] = values[name][:-1].rstrip(" \u200d")
        body = fill(template, values)
    return body


def _fitting(
    kind: AlertKind, known: Mapping[str, str], *, usual: Mapping[AlertKind, _Template],
    without: Mapping[AlertKind, tuple[str, _Template]],
) -> _Template:  # fmt: skip
    """Return the kind's template, or its other one when the value that this one does without is missing."""
    missing, other = without.get(kind, ("", None))
    return usual[kind] if other is None or known[missing] else other


def _what_to_cut(values: Mapping[str, str], cuts: tuple[tuple[tuple[str, ...], int], ...]) -> str | None:
    """Return the name of the value that loses its last character next, None when all are as short as they may be."""
    for names, shortest in cuts:
        longest = max(names, key=lambda name: len(values.get(name, "")))
        if len(values.get(longest, "")) > shortest:
            return longest
    return None


def letter(kind: AlertKind, values: Mapping[str, str], *, language: str, own: Words | None = None) -> Letter:
    """Return the email of this kind, with the event's `own` words where it has some.

    Raises KeyError for a kind that has none, for a placeholder that nobody knows, and for one in an own subject whose
    value a customer typed.
    """
    known = {name: isolated(shown(value)) for name, value in values.items()}
    is_advice_alone = kind is AlertKind.FEEDBACK and not known["feedback_link"]
    template = _translated(_advice(known) if is_advice_alone else _fitting_mail(kind, known), language)
    subject = fill(template.subject, known)
    if own is not None and not is_advice_alone and _has_all(own, known):
        known = _with_stand_ins(known)
        subject = fill(own.subject, {name: known[name] for name in OURS})
        template = replace(template, headline=own.headline, paragraphs=paragraphs_of(own.body))
    parts = {
        "language": language,
        "direction": direction(language),
        "event": known["event"],
        "headline": fill(template.headline, known),
        "greeting": fill(template.greeting, known),
        "paragraphs": [fill(paragraph, known) for paragraph in template.paragraphs],
        "advice": lines_of(values.get("advice", "")),
        "advice_title": "" if is_advice_alone else translate(N_("To take home"), language),
        "button": fill(template.button, known),
        "link": known[template.link],
        "or_address": translate(N_("Or open this address:"), language),
        "why": fill(template.why, known),
    }
    text = _pages.get_template("message.txt").render(parts)
    html = _pages.get_template("message.html").render(parts)
    return Letter(subject, text, html)


def _fitting_mail(kind: AlertKind, known: Mapping[str, str]) -> MailTemplate:
    return _fitting(kind, known, usual=MAILS, without=MAILS_WITHOUT)


def _advice(known: Mapping[str, str]) -> MailTemplate:
    return ADVICE if known["expert"] else ADVICE_WITHOUT_EXPERT


def _translated(mail: MailTemplate, language: str) -> MailTemplate:
    return replace(
        mail,
        **{part: translate(getattr(mail, part), language) for part in _SENTENCES},
        paragraphs=tuple(translate(paragraph, language) for paragraph in mail.paragraphs),
    )


_SENTENCES: Final = ("subject", "headline", "greeting", "button", "why")
# The placeholders whose values those who work at the event have chosen: nothing else may stand in a subject.
OURS: Final = ("expert", "product", "key", "desk", "place", "event")
_pages: Final = Environment(
    loader=FileSystemLoader(ROOT / "templates" / "mail"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
