"""One ticket as staff see it, and the one way to do something with it: the page afterwards, or why nothing was done."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from flask import Response, abort, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session

from checkin import htmx
from checkin.alerts.attention import NOT_ARRIVED
from checkin.alerts.handling import HandlingError
from checkin.db import database_now, db, transaction
from checkin.forms.contact import national_format
from checkin.forms.fields import PAGE_TOO_OLD, page_too_old
from checkin.forms.ticket import (
    CancelForm,
    EscalateForm,
    FollowUpForm,
    HandOverForm,
    NoteForm,
    ResolveForm,
    StatusForm,
    UrgentForm,
    VersionForm,
)
from checkin.models import Action, AlertKind, AlertState, StatusCode
from checkin.models.settings import LANGUAGES
from checkin.queueing.errors import NoSuchTicket, QueueingError
from checkin.reports.deliveries import to_be_sent_again
from checkin.reports.one_ticket import TicketView, open_moves, ticket_view
from checkin.reports.targets import escalation_targets, hand_over_targets
from checkin.reports.tickets import earlier_lines
from checkin.reports.timeline import AlertEntry, ChangeEntry, alerts_of, changes_of, names_of
from checkin.routes.access import EventView, viewer
from checkin.routes.deliveries import deliveries
from checkin.routes.links import customer_address
from checkin.routes.moves import moves_of
from checkin.routes.refusals import Refusal, handling_refusal, refusal, status_of
from checkin.routes.timeline import timeline
from checkin.routes.undoing import undo_bar_of_ticket

# The forms of the page by the names of their actions; the others carry nothing but the version.
_FORMS: Final[dict[str, type[FlaskForm]]] = {
    "resolve": ResolveForm,
    "hand_over": HandOverForm,
    "escalate": EscalateForm,
    "follow_up": FollowUpForm,
    "cancel": CancelForm,
    "urgent": UrgentForm,
    "status": StatusForm,
    "note": NoteForm,
    "move": VersionForm,
}
_STATUS_OF_BUTTON: Final = {
    "open": StatusCode.OPEN,
    "resolve": StatusCode.RESOLVED,
    "no_show": StatusCode.NO_SHOW,
    "cancel": StatusCode.CANCELLED,
    "escalate": StatusCode.ESCALATED,
    "follow_up": StatusCode.FOLLOW_UP,
}
# Longer than an undo is offered: the large button does not become another one while somebody reaches for it.
_JUST_NOW: Final = timedelta(minutes=2)


def act(event: EventView, key: str, form: FlaskForm, rule: Callable[..., object], **given: Any) -> ResponseReturnValue:
    """Let `rule` change the ticket in its transaction; show it as it is afterwards, or why nothing was done."""
    if not form.validate_on_submit():
        warning = Refusal("page_too_old", str(PAGE_TOO_OLD)) if page_too_old(form) else None
        return ticket_page(event, key, status=422, warning=warning, form=form)
    try:
        with transaction() as writing:
            rule(writing, key, event_id=event.id, by=viewer().person_id, **given)
    except QueueingError as error:
        if isinstance(error, NoSuchTicket):
            abort(404)
        # A team or a person that is gone by now is a refusal; the ticket itself is there.
        status = 409 if status_of(error) == 404 else status_of(error)
        return ticket_page(event, key, status=status, warning=refusal(error, event_slug=event.slug), form=form)
    except HandlingError as error:
        return ticket_page(event, key, status=409, warning=handling_refusal(error))
    if htmx.wants_fragment():
        return ticket_page(event, key)
    return htmx.go_to(url_for("tickets.show", event_slug=event.slug, key=key))


def ticket_page(
    event: EventView, key: str, *, status: int = 200, warning: Refusal | None = None, form: FlaskForm | None = None,
    push: str | None = None,
) -> Response:  # fmt: skip
    """Render the event's ticket as it stands now; `form` is the one that could not be used, with what was typed."""
    reading = db.session()
    moment = database_now(reading)
    ticket = ticket_view(reading, key, event_id=event.id, moment=moment)
    if ticket is None:
        abort(404)
    allowed = moves_of(ticket, viewer(), event, moment)
    changes, alerts = changes_of(reading, ticket.id), alerts_of(reading, ticket.id)
    return htmx.page_or_block(
        "tickets/show.html",
        "ticket",
        status=status,
        push=push,
        t=ticket,
        phone_national=national_format(ticket.phone) if ticket.phone else "",
        customer_url=customer_address(ticket.token),
        earlier=earlier_lines(reading, event_id=event.id, ticket_id=ticket.id, customer_id=ticket.customer_id),
        timeline=timeline(changes, alerts, names_of(reading, event_id=event.id), source=ticket.source),
        deliveries=deliveries(_shown_above(alerts)),
        send_again=_to_be_sent_again(reading, ticket, alerts, allowed),
        calls=_calls(alerts),
        more_time_at=_asked_for_more_time(ticket, changes),
        language_name=LANGUAGES.get(ticket.language, ticket.language),
        allowed=allowed,
        targets=hand_over_targets(reading, ticket, event_id=event.id, settings=event.settings),
        escalation=escalation_targets(reading, ticket, event_id=event.id, by=viewer().person_id),
        statuses=_other_statuses(reading, ticket, allowed, event_id=event.id),
        undo=undo_bar_of_ticket(
            reading, ticket.id, ticket.key, event_id=event.id, by=viewer().person_id, moment=moment
        ),
        just_moved=_just_moved(changes, viewer().person_id, moment),
        warning=warning,
        used=type(form).__name__ if form is not None else "",
        forms={name: _kept(kind, form, ticket.version) for name, kind in _FORMS.items()},
    )


def _other_statuses(
    reading: Session, ticket: TicketView, allowed: frozenset[str], *, event_id: int
) -> list[tuple[str, str]]:
    """Return the statuses that the ticket can go to and that have no button of their own."""
    if "status" not in allowed:
        return []
    has_button = {code for move, code in _STATUS_OF_BUTTON.items() if move in allowed}
    # Whoever escalates also says to whom: its own button asks.
    has_button.add(StatusCode.ESCALATED)
    return [(code, name) for code, name in open_moves(reading, ticket, event_id=event_id) if code not in has_button]


def _kept(kind: type[FlaskForm], used: FlaskForm | None, version: int) -> FlaskForm:
    """Return a fresh form, or the one that came with its errors and what was typed, at the version shown now."""
    if type(used) is kind:
        if "version" in used:
            used["version"].data = version
        return used
    return kind(formdata=None, data={"version": version})


def _just_moved(changes: list[ChangeEntry], person_id: int, moment: datetime) -> bool:
    """Tell whether this person gave the ticket its status a moment ago: what they do next is not to take that back."""
    return any(
        change.action is Action.STATUS and change.person_id == person_id and moment - change.at < _JUST_NOW
        for change in changes
    )


def _shown_above(alerts: list[AlertEntry]) -> list[AlertEntry]:
    """Return the last alert of each channel, and what of the others did not arrive: the timeline has them all.

    What was withdrawn says nothing any more, and a survey that has not left yet is in nobody's way.
    """
    said = [alert for alert in alerts if alert.state is not AlertState.CANCELLED and not _is_to_come(alert)]
    of_each_kind = {(alert.kind, alert.channel): alert for alert in said}
    last = {alert.channel: alert for alert in said}
    return [alert for alert in of_each_kind.values() if alert is last[alert.channel] or _is_lost(alert)]


def _is_lost(alert: AlertEntry) -> bool:
    return alert.state in NOT_ARRIVED and alert.dismissed_at is None


def _is_to_come(alert: AlertEntry) -> bool:
    return alert.kind is AlertKind.FEEDBACK and alert.state is AlertState.PENDING and not alert.attempts


def _to_be_sent_again(
    reading: Session, ticket: TicketView, alerts: list[AlertEntry], allowed: frozenset[str]
) -> frozenset[int]:
    """Return the ids of what this viewer may send again; nothing is asked where everything arrived."""
    if "status" not in allowed or not any(_is_lost(alert) for alert in alerts):
        return frozenset()
    return to_be_sent_again(reading, ticket.id)


def _calls(alerts: list[AlertEntry]) -> list[AlertEntry]:
    """Return the last call of each channel that was not withdrawn."""
    calls = (alert for alert in alerts if alert.kind is AlertKind.READY and alert.state is not AlertState.CANCELLED)
    return list({alert.channel: alert for alert in calls}.values())


def _asked_for_more_time(ticket: TicketView, changes: list[ChangeEntry]) -> datetime | None:
    """Return when the customer asked the expert who called them for five more minutes, the last time."""
    asked = [change.at for change in changes if change.action is Action.MORE_TIME]
    return asked[-1] if asked and ticket.taken_at is not None and asked[-1] >= ticket.taken_at else None
