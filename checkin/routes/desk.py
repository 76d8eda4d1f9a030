"""The expert's desk: queues, take next, my tickets (docs/specification.md, section 4)."""

from dataclasses import replace
from datetime import datetime
from uuid import uuid4

from flask import Blueprint, Response, session, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from checkin import htmx
from checkin.db import database_now, db, transaction
from checkin.forms.desk import DeskForm, PresenceForm, TakeForm
from checkin.forms.fields import PAGE_TOO_OLD
from checkin.models import Presence, QueueState, Role, StatusKind
from checkin.queueing.errors import Away, QueueingError
from checkin.queueing.taking import take_next
from checkin.reports.experts import ExpertLine, experts_there
from checkin.reports.queues import QueueCard, is_day_over, queue_cards
from checkin.reports.tickets import TicketLine, owned_lines, ownerless_lines
from checkin.routes.access import EventView, Viewer, load_event, staff_required, viewer
from checkin.routes.deliveries import lost_calls_of
from checkin.routes.refusals import Refusal, refusal, status_of
from checkin.routes.ticket_page import ticket_page
from checkin.routes.undoing import undo_bar_of_desk

bp = Blueprint("desk", __name__)


@bp.get("/<slug:event_slug>/desk")
@staff_required(Role.EXPERT, Role.LEAD, Role.ORGANISER)
def show(event: EventView) -> ResponseReturnValue:
    """Show my queues first, the others below, and my tickets."""
    return desk_page(event)


@bp.post("/<slug:event_slug>/desk/<team_code>/take")
@staff_required(Role.EXPERT, Role.LEAD)
def take(event: EventView, team_code: str) -> ResponseReturnValue:
    """Take the next ticket: 303 to it (htmx: its fragment), or 409 with the warning."""
    form = TakeForm()
    if not form.validate_on_submit():
        return desk_page(event, status=422, warning=page_too_old())
    me = viewer()
    try:
        with transaction() as writing:
            taken = take_next(
                writing, event_id=event.id, team_code=team_code, expert_id=me.person_id, desk=me.desk,
                request_key=form.request_key.data or str(uuid4()),
            )  # fmt: skip
    except QueueingError as error:
        if isinstance(error, Away):
            # The page that says so must offer the way back, whatever this request had read before.
            load_event(event.slug)
        return desk_page(event, status=status_of(error), warning=refusal(error, event_slug=event.slug))
    address = url_for("tickets.show", event_slug=event.slug, key=taken.key)
    if htmx.wants_fragment():
        return ticket_page(event, taken.key, push=address)
    return htmx.go_to(address)


def page_too_old() -> Refusal:
    """Return the warning that a form's token was made for another session."""
    return Refusal("page_too_old", str(PAGE_TOO_OLD))


def desk_page(
    event: EventView, *, status: int = 200, warning: Refusal | None = None, desk_form: DeskForm | None = None
) -> Response:
    """Render the viewer's desk as it stands now; `desk_form` is the one that could not be used."""
    me = viewer()
    reading = db.session()
    moment = database_now(reading)
    cards = queue_cards(reading, event_id=event.id, moment=moment)
    lines = owned_lines(reading, event_id=event.id, person_id=me.person_id)
    return htmx.page_or_block(
        "desk/show.html",
        "desk",
        status=status,
        mine=[replace(card, request_key=str(uuid4())) for card in cards if card.team_id in me.teams],
        others=[card for card in cards if card.team_id not in me.teams],
        in_hand=[line for line in lines if line.kind is StatusKind.OPEN],
        tickets=_grouped(lines),
        lost=lost_calls_of(reading, me),
        ownerless=_ownerless(reading, me),
        is_away=bool(me.teams) and me.presence is not Presence.AVAILABLE,
        colleagues=_colleagues(reading, me),
        left_over=left_over(event, cards, moment=moment),
        undo=undo_bar_of_desk(reading, event_id=event.id, by=me.person_id, moment=moment),
        warning=warning,
        take_form=TakeForm(formdata=None),
        presence_form=PresenceForm(formdata=None),
        desk_form=desk_form or DeskForm(formdata=None, data={"desk": me.desk or session.get("desk", "")}),
    )


def left_over(event: EventView, cards: list[QueueCard], *, moment: datetime) -> list[QueueCard]:
    """Return the queues that the viewer may close and that have people waiting although the event's day is over."""
    if not is_day_over(event.settings, time_zone=event.time_zone, moment=moment):
        return []
    me = viewer()
    theirs = [card for card in cards if Role.ORGANISER in me.roles or card.team_id in me.leads]
    return [card for card in theirs if card.queued and card.state is not QueueState.CLOSED]


def _ownerless(reading: Session, me: Viewer) -> list[TicketLine]:
    """Return what was escalated to a team that the viewer leads, and nobody has yet; for an organiser to any."""
    if Role.ORGANISER in me.roles:
        return ownerless_lines(reading, event_id=me.event_id, team_ids=None)
    return ownerless_lines(reading, event_id=me.event_id, team_ids=me.leads) if me.leads else []


def _colleagues(reading: Session, me: Viewer) -> list[ExpertLine]:
    """Return who else is there: those of one's own teams; for an organiser everybody."""
    there = experts_there(reading, event_id=me.event_id)
    everybody = Role.ORGANISER in me.roles
    return [one for one in there if one.person_id != me.person_id and (everybody or one.teams & me.teams)]


def _grouped(lines: list[TicketLine]) -> list[tuple[str, list[TicketLine]]]:
    groups: dict[str, list[TicketLine]] = {}
    for line in lines:
        groups.setdefault(line.status_name, []).append(line)
    return list(groups.items())
