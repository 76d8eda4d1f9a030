"""What happened to a ticket, in words: one line for each change and each alert (docs/specification.md, 4.2)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import ngettext

from checkin.models import Action, Actor, Source, StatusCode
from checkin.models.settings import LANGUAGES
from checkin.models.ticket import Priority
from checkin.reports.timeline import AlertEntry, ChangeEntry, Names
from checkin.routes import words


@dataclass(frozen=True)
class Entry:
    """One line: when, who, what they did; `words` is what a person typed."""

    at: datetime
    who: str
    what: str
    words: str = ""


def timeline(
    changes: Iterable[ChangeEntry], alerts: Iterable[AlertEntry], names: Names, *, source: Source
) -> list[Entry]:
    """Return everything that happened to the ticket, oldest first."""
    entries = [Entry(change.at, who(change), what(change, names, source=source), typed(change)) for change in changes]
    entries += [
        Entry(
            alert.at,
            words.channel(alert.channel),
            _(
                "“%(alert)s”: %(state)s",
                alert=words.alert_kind(alert.kind),
                state=words.alert_state(alert.state),
            ),
            words.reason_beside(alert.state, alert.reason),
        )
        for alert in alerts
    ]
    return sorted(entries, key=lambda entry: entry.at)


def who(entry: ChangeEntry) -> str:
    """Return who made a change."""
    if entry.actor is Actor.CUSTOMER:
        return _("The customer")
    return entry.person_name or _("The desk")


def typed(entry: ChangeEntry) -> str:
    """Return the words that a person typed; the old values of a correction are not theirs alone, and say so."""
    if entry.action is Action.CORRECT and entry.words:
        return _("Before: %(values)s", values=", ".join(line or "?" for line in entry.words.splitlines()))
    return entry.words


def what(entry: ChangeEntry, names: Names, *, source: Source) -> str:
    """Return what a change did, as the end of a sentence that begins with who did it."""
    match entry.action:
        case Action.CHECK_IN:
            return _check_in(entry, source)
        case Action.TAKE:
            desk = entry.after.get("desk")
            return _("took the ticket at desk %(desk)s", desk=desk) if desk else _("took the ticket")
        case Action.HAND_OVER:
            return _hand_over(entry, names)
        case Action.STATUS:
            return _status(entry, names)
        case Action.URGENT:
            urgent = entry.after.get("priority") == Priority.URGENT
            return _("made the ticket urgent") if urgent else _("made the ticket normal again")
        case Action.CORRECT:
            return _correct(entry)
        case Action.MORE_TIME:
            is_back = "not_before" in entry.before
            return _("is back before their five minutes are over") if is_back else _("asked for 5 more minutes")
        case Action.FEEDBACK:
            return words.feedback(entry)
        case _:
            return _always_alike(entry.action)


def _always_alike(action: Action) -> str:
    """Return the words of what has no more to say than its name."""
    return {
        Action.PUT_BACK: _("put the ticket back"),
        Action.CALL: _("called again"),
        Action.ARRIVED: _("noted that they are here"),
        Action.BRING_BACK: _("brought the ticket back into the queue"),
        Action.UNDO: _("undid that"),
        Action.ON_THE_WAY: _("is on the way"),
        Action.NOTE: _("wrote a note"),
    }[action]


def _check_in(entry: ChangeEntry, source: Source) -> str:
    if source is Source.HAND:
        return _("made the ticket by hand")
    if source is Source.FEEDBACK:
        return _("made the ticket: the feedback on %(key)s was low", key=entry.after.get("follows", "?"))
    return _("checked in") if entry.actor is Actor.CUSTOMER else _("checked them in")


def _hand_over(entry: ChangeEntry, names: Names) -> str:
    owner = entry.after.get("owner")
    if owner is not None and owner == entry.person_id:
        return _("took the ticket over")
    if owner is not None:
        return _("handed the ticket over to %(name)s", name=names.people.get(owner, "?"))
    team = names.teams.get(entry.after.get("team", 0), "?")
    product_id = entry.after.get("product")
    if is_put_back(entry):
        return _("put the ticket back")
    product = names.products.get(product_id, "?") if product_id is not None else team
    if product_id != entry.before.get("product") and product != team:
        return _("handed the ticket over to %(team)s, for %(product)s", team=team, product=product)
    return _("handed the ticket over to %(team)s", team=team)


def is_put_back(entry: ChangeEntry) -> bool:
    """Tell whether a hand-over led back into the queue of the ticket's own team, from a hold."""
    same = all(entry.after.get(name) == entry.before.get(name) for name in ("team", "product"))
    return same and entry.after.get("owner") is None


def _status(entry: ChangeEntry, names: Names) -> str:
    code = str(entry.after.get("status", ""))
    if entry.actor is Actor.CUSTOMER and code == StatusCode.CANCELLED:
        return _("left the queue")
    owner = entry.after.get("owner")
    if code == StatusCode.ESCALATED and owner is not None and owner != entry.before.get("owner"):
        return _("escalated the ticket to %(name)s", name=names.people.get(owner, "?"))
    if code == StatusCode.ESCALATED and entry.after.get("team") != entry.before.get("team"):
        return _("escalated the ticket to %(team)s", team=names.teams.get(entry.after.get("team", 0), "?"))
    if entry.after.get("advised"):
        return _("resolved the ticket and gave them something to take home")
    usual: dict[str, str] = {
        StatusCode.RESOLVED: _("resolved the ticket"),
        StatusCode.NO_SHOW: _("noted that they did not come"),
        StatusCode.CANCELLED: _("cancelled the ticket"),
        StatusCode.OPEN: _("opened the ticket again"),
    }
    return usual.get(code) or _("set the status to %(status)s", status=words.status(names.statuses.get(code, code)))


def _correct(entry: ChangeEntry) -> str:
    language = entry.after.get("language")
    if language is not None:
        return _("chose %(language)s", language=LANGUAGES.get(language, language))
    labels = {
        "first_name": _("First name"),
        "last_name": _("Last name"),
        "email": _("Email"),
        "phone": _("Phone"),
        "queued_at": _("Time of check-in"),
    }
    fields = [labels[name] for name in entry.after.get("fields", []) if name in labels]
    return ngettext("corrected: %(fields)s", "corrected: %(fields)s", len(fields), fields=", ".join(fields))
