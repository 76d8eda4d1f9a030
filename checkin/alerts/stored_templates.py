"""The words that an event's organisers have chosen for an alert, in place of ours (docs/specification.md, 5.2).

What is saved has been checked; what is sent is checked again: an event's own words never cost an alert (drafting).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container
from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from checkin.alerts.defaults import MAILS, TEXTS
from checkin.alerts.templates import OURS, Words, default_words
from checkin.alerts.wording import is_unseen, placeholders_of
from checkin.db import announce
from checkin.i18n import mark as N_
from checkin.models import AlertKind, AlertTemplate, AuditAction, AuditEntry, Channel
from checkin.models.settings import LANGUAGES, QUESTIONS

LONGEST: Final = {"subject": 200, "headline": 200, "text": 600, "email": 5_000}
_OF_EVERYBODY: Final = frozenset(
    {"first_name", "last_name", "product", "key", "event", "customer_link", *QUESTIONS}
)  # fmt: skip
# Which placeholders each kind knows, beside those that all do.
_ALSO: Final[dict[AlertKind, frozenset[str]]] = {
    AlertKind.READY: frozenset({"expert", "desk"}),
    AlertKind.MISSED: frozenset({"expert", "desk"}),
    AlertKind.PLEASE_WAIT: frozenset({"place"}),
    AlertKind.CANCELLED: frozenset({"message"}),
    AlertKind.CHECKED_IN: frozenset({"place"}),
    AlertKind.NEARLY_THERE: frozenset({"place"}),
    AlertKind.FEEDBACK: frozenset({"expert", "feedback_link"}),
}
_DEFAULTS: Final[dict[Channel, Container[AlertKind]]] = {Channel.TEXT: TEXTS, Channel.EMAIL: MAILS}
_MUST: Final = {AlertKind.READY: "expert"}
_BRACED: Final = re.compile(r"\{([^{}]*)\}")


class TemplateRefused(Exception):
    """An event cannot have these words. `sentence` is translated and filled with `details` at the edge.

    `part` is what it is about ("subject", "headline", "body"), "" for all of it.
    """

    def __init__(self, code: str, sentence: str, *, part: str = "", **details: str) -> None:
        super().__init__(code)
        self.code = code
        self.sentence = sentence
        self.part = part
        self.details = details


def known_placeholders(kind: AlertKind) -> frozenset[str]:
    """Return the placeholders that words of this kind may hold."""
    return _OF_EVERYBODY | _ALSO[kind]


def templates_there_are() -> list[tuple[AlertKind, Channel]]:
    """Return the kinds and channels whose words an event can choose, in the order of the kinds."""
    return [(kind, channel) for kind in _ALSO for channel in Channel if kind in _DEFAULTS[channel]]


def stored_words(session: Session, *, event_id: int, kind: AlertKind, channel: Channel, language: str) -> Words | None:
    """Return the event's own words, None when it has none and ours hold."""
    row = session.scalars(_rows(event_id, kind, channel, language)).one_or_none()
    return None if row is None else Words(row.body, row.subject, row.headline)


def words_of(session: Session, *, event_id: int, kind: AlertKind, channel: Channel, language: str) -> Words:
    """Return what the event says: its own words, else ours. Raises TemplateRefused for what there are no words for."""
    _require_there_is(kind, channel, language)
    own = stored_words(session, event_id=event_id, kind=kind, channel=channel, language=language)
    return own or default_words(kind, language=language, is_text=channel is Channel.TEXT)


def save_words(
    session: Session, words: Words, *, event_id: int, kind: AlertKind, channel: Channel, language: str,
    by: int | None, moment: datetime,
) -> Words:  # fmt: skip
    """Let the event say this from now on, also in what waits in the outbox; return it as it is kept.

    `by` is one of the event's people, None for the command line. It is audited. Raises TemplateRefused.
    """
    kept = checked_words(words, kind=kind, channel=channel, language=language)
    row = session.scalars(_rows(event_id, kind, channel, language).with_for_update()).one_or_none()
    before = {} if row is None else _as_dict(Words(row.body, row.subject, row.headline))
    if before == _as_dict(kept):
        return kept
    if row is None:
        row = AlertTemplate(event_id=event_id, kind=kind, channel=channel, language=language)
        session.add(row)
    row.body, row.subject, row.headline = kept.body, kept.subject, kept.headline
    row.changed_at, row.changed_by_id = moment, by
    _audit(session, event_id, f"{kind}.{channel}.{language}", by=by, at=moment, before=before, after=_as_dict(kept))
    return kept


def reset_words(
    session: Session, *, event_id: int, kind: AlertKind, channel: Channel, language: str, by: int | None,
    moment: datetime,
) -> bool:  # fmt: skip
    """Let the event say our words again; tell whether it had its own. It is audited. Raises TemplateRefused."""
    _require_there_is(kind, channel, language)
    own = stored_words(session, event_id=event_id, kind=kind, channel=channel, language=language)
    if own is None:
        return False
    session.execute(delete(AlertTemplate).where(*_which(event_id, kind, channel, language)))
    _audit(session, event_id, f"{kind}.{channel}.{language}", by=by, at=moment, before=_as_dict(own), after={})
    return True


def checked_words(words: Words, *, kind: AlertKind, channel: Channel, language: str) -> Words:
    """Return the words as they would be kept: spaces and ends of lines put right. Raises TemplateRefused."""
    _require_there_is(kind, channel, language)
    body = words.body.replace("\r\n", "\n").strip()
    kept = Words(body) if channel is Channel.TEXT else Words(body, words.subject.strip(), words.headline.strip())
    parts = {"body": kept.body}
    if channel is Channel.EMAIL:
        parts = {"subject": kept.subject, "headline": kept.headline, "body": kept.body}
    for name, part in parts.items():
        _require_sayable(part, name, channel)
        _require_known(part, name, kind)
    _require_ours(kept.subject)
    must = _MUST.get(kind)
    # What stands in the subject alone is not read where the email lies open.
    if must is not None and must not in placeholders_of(f"{kept.headline} {kept.body}"):
        raise TemplateRefused("missing", N_("These words need {placeholder}."), part="body", placeholder=f"{{{must}}}")
    return kept


def _require_there_is(kind: AlertKind, channel: Channel, language: str) -> None:
    if (kind, channel) not in templates_there_are():
        raise TemplateRefused("no_such_words", N_("There are no words of this kind for this channel."))
    if language not in LANGUAGES:
        raise TemplateRefused("no_such_language", N_("There is no language {language}."), language=language)


def _require_sayable(part: str, name: str, channel: Channel) -> None:
    """Refuse what is empty or too long, and what nobody sees but what acts: control characters, marks of direction."""
    most = LONGEST[channel.value if name == "body" else name]
    if not part:
        raise TemplateRefused("empty", N_("Please write something here."), part=name)
    if len(part) > most:
        raise TemplateRefused("too_long", N_("At most {most} characters fit here."), part=name, most=str(most))
    lines = part.split("\n") if name == "body" else [part]
    if any(unicodedata.category(one) in _ACTS or is_unseen(one) for line in lines for one in line):
        raise TemplateRefused("control", N_("There is a character here that nobody can see."), part=name)


def _require_known(part: str, where: str, kind: AlertKind) -> None:
    """Refuse a placeholder that this kind does not know, and a brace that belongs to none."""
    known = known_placeholders(kind)
    for name in _BRACED.findall(part):
        if name not in known:
            possible = ", ".join(f"{{{one}}}" for one in sorted(known))
            raise TemplateRefused(
                "unknown", N_("{placeholder} is not known here. These are: {known}"), part=where,
                placeholder=f"{{{name}}}", known=possible,
            )  # fmt: skip
    if re.search(r"[{}]", _BRACED.sub("", part)):
        raise TemplateRefused("brace", N_("A brace without its other half means nothing here."), part=where)


def _require_ours(subject: str) -> None:
    for name in sorted(placeholders_of(subject) - set(OURS)):
        raise TemplateRefused(
            "typed_by_customers",
            N_("{placeholder} cannot stand in a subject."),
            part="subject",
            placeholder=f"{{{name}}}",
        )


def _which(event_id: int, kind: AlertKind, channel: Channel, language: str) -> tuple[Any, ...]:
    return (
        AlertTemplate.event_id == event_id, AlertTemplate.kind == kind, AlertTemplate.channel == channel,
        AlertTemplate.language == language,
    )  # fmt: skip


def _rows(event_id: int, kind: AlertKind, channel: Channel, language: str) -> Any:
    return select(AlertTemplate).where(*_which(event_id, kind, channel, language))


def _as_dict(words: Words) -> dict[str, str]:
    return {"subject": words.subject, "headline": words.headline, "body": words.body}


def _audit(session: Session, event_id: int, subject: str, *, by: int | None, at: datetime, **what: Any) -> None:
    entry = AuditEntry(
        event_id=event_id, person_id=by, at=at, action=AuditAction.TEMPLATE, subject=subject, **what
    )  # fmt: skip
    session.add(entry)
    announce(session, event_id)


_ACTS: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
