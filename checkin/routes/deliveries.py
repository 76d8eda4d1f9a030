"""What became of an alert, in words: one sentence for where it stands, and its story (docs/specification.md, 5.4)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session

from checkin import clock
from checkin.alerts.attention import NOT_ARRIVED
from checkin.alerts.pausing import PAUSED
from checkin.models import AlertKind, AlertState, Channel
from checkin.reports.deliveries import lost_calls
from checkin.reports.timeline import AlertEntry
from checkin.routes import words
from checkin.routes.access import Viewer
from checkin.routes.rendering import clock_time

# An icon and a colour for where an alert stands; what does not arrive is red and a triangle wherever it is read.
_SIGNS: Final = {
    AlertState.PENDING: ("hourglass-split", "waiting"),
    AlertState.SENDING: ("hourglass-split", "waiting"),
    AlertState.SENT: ("check-lg", "helped"),
    AlertState.DELIVERED: ("check-circle-fill", "helped"),
    AlertState.CANCELLED: ("dash-circle", "closed"),
    AlertState.NOT_SENT: ("dash-circle", "closed"),
} | dict.fromkeys(NOT_ARRIVED, ("exclamation-triangle-fill", "wrong"))


@dataclass(frozen=True)
class Delivery:
    """Where one alert stands, as a page says it: an icon, a colour, a sentence, and why."""

    entry: AlertEntry
    kind_label: str
    sign: str
    colour: str
    sentence: str
    reason: str


@dataclass(frozen=True)
class Step:
    """One thing that happened to an alert."""

    at: datetime
    what: str
    more: str = ""


def delivery(entry: AlertEntry) -> Delivery:
    """Return where an alert stands, as a page says it."""
    sign, colour = _SIGNS[entry.state]
    return Delivery(entry, words.alert_kind(entry.kind), sign, colour, _sentence(entry), _why(entry))


def deliveries(entries: Iterable[AlertEntry]) -> list[Delivery]:
    """Return where each of these alerts stands."""
    return [delivery(entry) for entry in entries]


def lost_calls_of(reading: Session, who: Viewer) -> dict[str, Delivery]:
    """Return the calls that did not reach whom this person waits for, by ticket."""
    lost = lost_calls(reading, event_id=who.event_id, person_id=who.person_id)
    return {key: delivery(entry) for key, entry in lost.items()}


def _sentence(entry: AlertEntry) -> str:
    if entry.state in {AlertState.PENDING, AlertState.SENDING}:
        return _on_its_way(entry)
    time = clock_time(entry.at)
    if entry.channel is Channel.EMAIL:
        return _of_email(time)[entry.state]
    if entry.state is AlertState.NEEDS_REVIEW and entry.kind is AlertKind.READY:
        return _("Text not confirmed: call the name out")
    if entry.state is AlertState.FAILED and entry.provider_status:  # taken first, so that nobody refused it
        return _("Text did not arrive")
    return _of_text(time)[entry.state]


def _of_text(time: str) -> dict[AlertState, str]:
    return {
        AlertState.SENT: _("Text: sent %(time)s", time=time),
        AlertState.DELIVERED: _("Text: delivered %(time)s", time=time),
        AlertState.FAILED: _("Text refused"),
        AlertState.NEEDS_REVIEW: _("Text not confirmed"),
        AlertState.EXPIRED: _("Text not sent in time"),
        AlertState.SUPPRESSED: _("Text not sent: they opted out"),
        AlertState.CANCELLED: _("Text not needed any more"),
        AlertState.NOT_SENT: _("Text not sent"),
    }


def _of_email(time: str) -> dict[AlertState, str]:
    return {
        AlertState.SENT: _("Email: sent %(time)s", time=time),
        AlertState.DELIVERED: _("Email: delivered %(time)s", time=time),
        AlertState.FAILED: _("Email refused"),
        AlertState.NEEDS_REVIEW: _("Email not confirmed"),
        AlertState.EXPIRED: _("Email not sent in time"),
        AlertState.SUPPRESSED: _("Email not sent: they opted out"),
        AlertState.CANCELLED: _("Email not needed any more"),
        AlertState.NOT_SENT: _("Email not sent"),
    }


def _on_its_way(entry: AlertEntry) -> str:
    is_text = entry.channel is Channel.TEXT
    if entry.state is AlertState.SENDING:
        return _("Text: being sent") if is_text else _("Email: being sent")
    if entry.unknown_at is not None:
        return _("Text: asking whether it left") if is_text else _("Email: sending it once more")
    if entry.reason_code == PAUSED:
        return _("Text waits: texts are paused") if is_text else _("Email waits: emails are paused")
    if entry.attempts:
        return _("Text: trying again") if is_text else _("Email: trying again")
    if (entry.due_at - clock.now()).total_seconds() >= 60:
        time = clock_time(entry.due_at)
        return _("Text: leaves at %(time)s", time=time) if is_text else _("Email: leaves at %(time)s", time=time)
    return _("Text: on its way") if is_text else _("Email: on its way")


def _why(entry: AlertEntry) -> str:
    """Return the reason beside the sentence, without what that says already."""
    return words.reason_beside(entry.state, entry.reason)


def story(entry: AlertEntry, *, sent_again: bool = False) -> list[Step]:
    """Return what happened to an alert, oldest first, and what happens to it next."""
    steps = [Step(entry.created_at, _("Sent again by hand") if entry.again_for_id is not None else _("Written"))]
    if entry.unknown_at is not None:
        steps.append(Step(entry.unknown_at, _("Nobody knew whether it had left"), _look_ups(entry)))
    if entry.sent_at is not None:
        steps.append(Step(entry.sent_at, _("Accepted by the provider"), entry.provider_id))
    if entry.delivered_at is not None:
        steps.append(Step(entry.delivered_at, _("Arrived on the phone")))
    steps += _end(entry)
    if entry.dismissed_at is not None:
        steps.append(Step(entry.dismissed_at, _("Sent again") if sent_again else _("Dismissed: it needs nobody")))
    return steps


def _look_ups(entry: AlertEntry) -> str:
    if not entry.look_ups:
        return ""
    return ngettext("The provider was asked %(num)s time.", "The provider was asked %(num)s times.", entry.look_ups)


def _end(entry: AlertEntry) -> list[Step]:
    """Return how it ended, or when it is tried next; what was accepted has its own lines."""
    why = words.reason(entry.reason)
    if entry.state is AlertState.PENDING:
        return [Step(entry.due_at, _("Next try") if entry.attempts else _("To leave"), why)]
    if entry.state in {AlertState.SENDING, AlertState.SENT, AlertState.DELIVERED}:
        return []
    label = words.alert_state(entry.state)
    return [Step(entry.ended_at or entry.unknown_at or entry.at, label[:1].upper() + label[1:], why)]
