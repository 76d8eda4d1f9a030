"""What the bar says that offers to undo: templates/macros/undo.html shows it, on a ticket's page and on the desk."""

from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from checkin.models import Action, StatusCode
from checkin.queueing.undoing import UNDO_SECONDS
from checkin.reports.timeline import ChangeEntry, Names, names_of
from checkin.reports.undoing import Undo, last_undo, undo_of
from checkin.routes import words
from checkin.routes.timeline import is_put_back


@dataclass(frozen=True)
class UndoBar:
    """A change that can be undone: of which ticket, in words, and until when out of how many seconds."""

    key: str
    change_id: int
    sentence: str
    until: datetime
    seconds: int = UNDO_SECONDS


def undo_bar_of_ticket(
    session: Session, ticket_id: int, key: str, *, event_id: int, by: int, moment: datetime
) -> UndoBar | None:
    """Return what this person can still undo of one ticket."""
    return _bar(session, undo_of(session, ticket_id, key, by=by, moment=moment), event_id=event_id)


def undo_bar_of_desk(session: Session, *, event_id: int, by: int, moment: datetime) -> UndoBar | None:
    """Return what this person did last, while it can be undone."""
    return _bar(session, last_undo(session, event_id=event_id, by=by, moment=moment), event_id=event_id)


def _bar(session: Session, undo: Undo | None, *, event_id: int) -> UndoBar | None:
    if undo is None:
        return None
    sentence = done(undo.change, names_of(session, event_id=event_id))
    return UndoBar(undo.key, undo.change.id, sentence, undo.until)


def done(change: ChangeEntry, names: Names) -> str:
    """Return what was done, as a short sentence of its own."""
    if change.action is Action.HAND_OVER:
        return _handed_over(change, names)
    code = str(change.after.get("status", ""))
    owner = change.after.get("owner")
    if code == StatusCode.ESCALATED and owner is not None and owner != change.before.get("owner"):
        return _("Escalated to %(name)s.", name=names.people.get(owner, "?"))
    usual: dict[str, str] = {
        StatusCode.RESOLVED: _("Resolved."),
        StatusCode.NO_SHOW: _("Marked as a no-show."),
        StatusCode.CANCELLED: _("Cancelled."),
        StatusCode.ESCALATED: _("Escalated."),
        StatusCode.FOLLOW_UP: _("Kept for a follow-up."),
        StatusCode.OPEN: _("Open again."),
    }
    return usual.get(code) or _("Set to %(status)s.", status=words.status(names.statuses.get(code, code)))


def _handed_over(change: ChangeEntry, names: Names) -> str:
    owner = change.after.get("owner")
    if owner is not None and owner == change.person_id:
        return _("Yours now.")
    if owner is not None:
        return _("Handed over to %(name)s.", name=names.people.get(owner, "?"))
    if is_put_back(change):
        return _("Put back into the queue.")
    return _("Handed over to %(team)s.", team=names.teams.get(change.after.get("team", 0), "?"))
