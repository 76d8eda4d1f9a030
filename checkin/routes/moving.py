"""What is done with a ticket: each move is a form of its own (docs/specification.md, 3.5, 4.3, 4.4)."""

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from checkin.alerts import handling
from checkin.forms.ticket import (
    CancelForm,
    EscalateForm,
    FollowUpForm,
    HandOverForm,
    OnceMoreForm,
    ResolveForm,
    StatusForm,
    TargetKind,
    UndoForm,
    UrgentForm,
    VersionForm,
)
from checkin.models import Alert
from checkin.queueing import calling, escalating, handing_over, leaving, moving, transitions, undoing, urgency
from checkin.queueing.locks import hold_ticket
from checkin.queueing.permissions import require_change_allowed
from checkin.routes.access import EventView, staff_required
from checkin.routes.ticket_page import act

bp = Blueprint("moving", __name__, url_prefix="/<slug:event_slug>/tickets/<key>")


@bp.post("/resolve")
@staff_required()
def resolve(event: EventView, key: str) -> ResponseReturnValue:
    """Resolve the ticket."""
    form = ResolveForm()
    return act(event, key, form, transitions.resolve, version=form.version.data, advice=form.advice.data or "")


@bp.post("/put-back")
@staff_required()
def put_back(event: EventView, key: str) -> ResponseReturnValue:
    """Put the ticket back to its place in the queue."""
    form = VersionForm()
    return act(event, key, form, moving.put_back, version=form.version.data)


@bp.post("/hand-over")
@staff_required()
def hand_over(event: EventView, key: str) -> ResponseReturnValue:
    """Hand the ticket over to another product, team or person."""
    form = HandOverForm()
    given = {"version": form.version.data, "words": form.words}
    target = form.target
    if target is None or target.kind is TargetKind.TEAM:
        code = target.name if target else ""
        return act(event, key, form, handing_over.hand_over_to_team, team_code=code, **given)
    if target.kind is TargetKind.PRODUCT:
        return act(event, key, form, handing_over.hand_over_to_product, product_id=target.id, **given)
    return act(event, key, form, handing_over.hand_over_to_person, person_id=target.id, **given)


@bp.post("/call")
@staff_required()
def call(event: EventView, key: str) -> ResponseReturnValue:
    """Call the customer once more."""
    form = VersionForm()
    return act(event, key, form, calling.call_again, version=form.version.data)


@bp.post("/send-again")
@staff_required()
def send_again(event: EventView, key: str) -> ResponseReturnValue:
    """Send a message that did not arrive once more."""
    form = OnceMoreForm()
    return act(event, key, form, _send_again, alert_id=form.alert.data or 0)


def _send_again(session: Session, key: str, *, event_id: int, by: int, alert_id: int) -> None:
    ticket = hold_ticket(session, key, event_id=event_id, person_id=by, version=None)
    require_change_allowed(session, ticket, by)
    alert = session.get(Alert, alert_id)
    if alert is None or alert.ticket_id != ticket.id:
        raise handling.NoSuchAlert
    handling.send_again(session, alert.id, event_id=event_id, by=by, twice=handling.Twice.NOT_ASKED)


@bp.post("/here")
@staff_required()
def here(event: EventView, key: str) -> ResponseReturnValue:
    """Note that the customer is at the desk."""
    form = VersionForm()
    return act(event, key, form, calling.mark_here, version=form.version.data)


@bp.post("/no-show")
@staff_required()
def no_show(event: EventView, key: str) -> ResponseReturnValue:
    """Note that the customer did not come."""
    form = VersionForm()
    return act(event, key, form, leaving.mark_no_show, version=form.version.data)


@bp.post("/bring-back")
@staff_required()
def bring_back(event: EventView, key: str) -> ResponseReturnValue:
    """Let the customer wait again, at the time they came."""
    form = VersionForm()
    return act(event, key, form, leaving.bring_back, version=form.version.data)


@bp.post("/cancel")
@staff_required()
def cancel(event: EventView, key: str) -> ResponseReturnValue:
    """Cancel the ticket of somebody who left."""
    form = CancelForm()
    return act(event, key, form, leaving.cancel, version=form.version.data, words=form.words)


@bp.post("/escalate")
@staff_required()
def escalate(event: EventView, key: str) -> ResponseReturnValue:
    """Pass the ticket on to who decides."""
    form = EscalateForm()
    given = {"version": form.version.data, "words": form.words}
    target = form.target
    if target is None:
        return act(event, key, form, escalating.escalate, **given)
    if target.kind is TargetKind.TEAM:
        return act(event, key, form, escalating.escalate, team_code=target.name, **given)
    return act(event, key, form, escalating.escalate, person_id=target.id, **given)


@bp.post("/follow-up")
@staff_required()
def follow_up(event: EventView, key: str) -> ResponseReturnValue:
    """Put the ticket aside for a quiet time."""
    form = FollowUpForm()
    return act(event, key, form, escalating.follow_up, version=form.version.data, words=form.words)


@bp.post("/status")
@staff_required()
def status(event: EventView, key: str) -> ResponseReturnValue:
    """Give the ticket another status."""
    form = StatusForm()
    return act(event, key, form, transitions.change_status, to=form.status.data or "", version=form.version.data)


@bp.post("/urgent")
@staff_required()
def urgent(event: EventView, key: str) -> ResponseReturnValue:
    """Let the ticket come first, or no longer."""
    form = UrgentForm()
    if request.form.get("urgent") == "no":
        return act(event, key, form, urgency.make_normal, version=form.version.data)
    return act(event, key, form, urgency.make_urgent, version=form.version.data, reason=form.reason.data or "")


@bp.post("/undo")
@staff_required()
def undo(event: EventView, key: str) -> ResponseReturnValue:
    """Take back what was just done."""
    form = UndoForm()
    return act(event, key, form, undoing.undo, change_id=form.change_id.data or 0)
