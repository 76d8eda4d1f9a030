"""The words of the pages for what the tables keep as codes."""

from flask_babel import gettext as _

from checkin.models import Action, Actor, AlertKind, AlertState, Channel
from checkin.reports.timeline import ChangeEntry


def alert_state(state: AlertState) -> str:
    """Return an alert's state as staff read it."""
    return {
        AlertState.PENDING: _("queued"),
        AlertState.SENDING: _("being sent"),
        AlertState.SENT: _("sent"),
        AlertState.DELIVERED: _("delivered"),
        AlertState.FAILED: _("failed"),
        AlertState.EXPIRED: _("too late, not sent"),
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
        AlertKind.RESET: _("New password"),
    }[kind]


def reason(sentence: str) -> str:
    """Return why an alert stands as it does, kept as a marked sentence; "" stays "" (a catalogue has a text for it)."""
    return _(sentence) if sentence else ""


def who(entry: ChangeEntry) -> str:
    """Return who made a change."""
    if entry.actor is Actor.CUSTOMER:
        return _("The customer")
    return entry.person_name or _("The desk")


def what(entry: ChangeEntry, status_names: dict[str, str]) -> str:
    """Return what a change did, as the end of a sentence that begins with who did it."""
    if entry.action is Action.STATUS:
        status = str(entry.after.get("status", ""))
        return _("set the status to %(status)s", status=status_names.get(status, status))
    if entry.action is Action.TAKE and entry.after.get("desk"):
        return _("took the ticket at desk %(desk)s", desk=entry.after["desk"])
    if entry.action is Action.FEEDBACK:
        return feedback(entry)
    return {
        Action.CHECK_IN: _("checked in"),
        Action.TAKE: _("took the ticket"),
        Action.PUT_BACK: _("put the ticket back"),
        Action.NOTE: _("wrote a note"),
    }[entry.action]


def feedback(entry: ChangeEntry) -> str:
    """Return what a customer answered, with the scores that were given."""
    asked = {
        "satisfaction": _("expert %(n)s of 5"),
        "ease": _("ease %(n)s of 5"),
        "recommend": _("recommends %(n)s of 10"),
        "desk_satisfaction": _("desk %(n)s of 5"),
    }
    scores = [words % {"n": entry.after[name]} for name, words in asked.items() if entry.after.get(name) is not None]
    what = _("changed their feedback") if any(n is not None for n in entry.before.values()) else _("gave feedback")
    return f"{what}: {', '.join(scores)}" if scores else what
