"""The words of the pages for what the tables keep as codes."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import pgettext

from checkin.models import AlertKind, AlertState, Channel
from checkin.reports.timeline import ChangeEntry


def alert_state(state: AlertState) -> str:
    """Return an alert's state as staff read it."""
    return {
        AlertState.PENDING: _("queued"),
        AlertState.SENDING: _("being sent"),
        AlertState.SENT: _("sent"),
        AlertState.DELIVERED: _("delivered"),
        AlertState.FAILED: _("failed"),
        AlertState.EXPIRED: _("not sent in time"),
        AlertState.CANCELLED: _("cancelled"),
        AlertState.SUPPRESSED: _("opted out, not sent"),
        AlertState.NEEDS_REVIEW: _("not confirmed"),
        AlertState.NOT_SENT: _("not sent"),
    }[state]


def channel(which: Channel) -> str:
    """Return a channel's name."""
    return _("Text") if which is Channel.TEXT else _("Email")


def alert_kind(kind: AlertKind) -> str:
    """Return what an alert is about."""
    return {
        AlertKind.READY: _("Expert is ready"),
        AlertKind.FEEDBACK: _("How did it go?"),
        AlertKind.CHECKED_IN: _("Checked in"),
        AlertKind.NEARLY_THERE: _("Nearly there"),
        AlertKind.MISSED: _("Missed"),
        AlertKind.PLEASE_WAIT: _("Please wait"),
        AlertKind.CANCELLED: _("Cancelled"),
        AlertKind.RESET: _("New password"),
        AlertKind.TEAM_NOTE: _("Note to the team"),
    }[kind]


def status(name: str) -> str:
    """Return a status's name as the page says it: those that are always there, until somebody renames them."""
    always_there = {
        "Open": pgettext("status", "Open"),
        "Resolved": pgettext("status", "Resolved"),
        "No-show": pgettext("status", "No-show"),
        "Cancelled": pgettext("status", "Cancelled"),
        "Escalated": pgettext("status", "Escalated"),
        "Follow-up": pgettext("status", "Follow-up"),
    }
    return always_there.get(name, name)


def reason(sentence: str) -> str:
    """Return why an alert stands as it does, kept as a marked sentence; "" stays "" (a catalogue has a text for it)."""
    return _(sentence) if sentence else ""


def reason_beside(state: AlertState, sentence: str) -> str:
    """Return why an alert stands as it does where its state is read beside it: "Not sent: no..." is "No..." there."""
    state_word, why = alert_state(state), reason(sentence)
    rest = why[len(state_word) :].lstrip(" \u00a0\u202f:")
    if not rest or not why.casefold().startswith(state_word.casefold()):
        return why
    return rest[0].upper() + rest[1:]


def feedback(entry: ChangeEntry) -> str:
    """Return what a customer answered, with the scores that were given."""
    asked = {
        "satisfaction": _("expert %(n)s of 5"),
        "ease": _("ease %(n)s of 5"),
        "recommend": _("recommends %(n)s of 10"),
        "desk_satisfaction": _("desk %(n)s of 5"),
    }
    scores = ", ".join(words % {"n": entry.after[name]} for name, words in asked.items() if _given(entry.after, name))
    if any(_given(entry.before, name) for name in entry.before):
        return _("changed their feedback: %(scores)s", scores=scores) if scores else _("changed their feedback")
    return _("gave feedback: %(scores)s", scores=scores) if scores else _("gave feedback")


def _given(answers: dict[str, Any], name: str) -> bool:
    return answers.get(name) is not None
