"""The expert's desk: queues, and take next (docs/specification.md, section 4)."""

from dataclasses import replace
from uuid import uuid4

from flask import Blueprint, Response, session, url_for
from flask.typing import ResponseReturnValue

from checkin import htmx
from checkin.db import database_now, db, transaction
from checkin.forms.desk import DeskForm, TakeForm
from checkin.forms.fields import PAGE_TOO_OLD
from checkin.models import Role, StatusKind
from checkin.queueing.errors import QueueingError
from checkin.queueing.taking import take_next
from checkin.reports.queues import queue_cards
from checkin.reports.tickets import TicketLine, owned_lines
from checkin.routes.access import EventView, staff_required, viewer
from checkin.routes.refusals import Refusal, refusal, status_of
from checkin.routes.tickets import ticket_page

bp = Blueprint("desk", __name__)


@bp.get("/<slug:event_slug>/desk")
@staff_required(Role.EXPERT, Role.LEAD, Role.ORGANISER)
def show(event: EventView) -> ResponseReturnValue:
    """Show my queues first, the others below, and my tickets."""
    return _desk(event)


@bp.post("/<slug:event_slug>/desk/<team_code>/take")
@staff_required(Role.EXPERT, Role.LEAD)
def take(event: EventView, team_code: str) -> ResponseReturnValue:
    """Take the next ticket: 303 to it (htmx: its fragment), or 409 with the warning."""
    form = TakeForm()
    if not form.validate_on_submit():
        return _desk(event, status=422, warning=Refusal("page_too_old", str(PAGE_TOO_OLD)))
    me = viewer()
    try:
        with transaction() as writing:
            taken = take_next(
                writing, event_id=event.id, team_code=team_code, expert_id=me.person_id, desk=me.desk,
                request_key=form.request_key.data or str(uuid4()),
            )  # fmt: skip
    except QueueingError as error:
        return _desk(event, status=status_of(error), warning=refusal(error, event_slug=event.slug))
    address = url_for("tickets.show", event_slug=event.slug, key=taken.key)
    if htmx.wants_fragment():
        return ticket_page(event, taken.key, push=address)
    return htmx.go_to(address)


@bp.post("/<slug:event_slug>/desk/number")
@staff_required()
def set_desk(event: EventView) -> ResponseReturnValue:
    """Keep the number of the table where this device stands, until it is changed."""
    form = DeskForm()
    if not form.validate_on_submit():
        return _desk(event, status=422, desk_form=form)
    session["desk"] = form.desk.data
    session.permanent = True
    return htmx.go_to(url_for(".show", event_slug=event.slug))


def _desk(
    event: EventView, *, status: int = 200, warning: Refusal | None = None, desk_form: DeskForm | None = None
) -> Response:
    me = viewer()
    reading = db.session()
    cards = queue_cards(reading, event_id=event.id, moment=database_now(reading))
    lines = owned_lines(reading, event_id=event.id, person_id=me.person_id)
    return htmx.page_or_block(
        "desk/show.html",
        "desk",
        status=status,
        mine=[replace(card, request_key=str(uuid4())) for card in cards if card.team_id in me.teams],
        others=[card for card in cards if card.team_id not in me.teams],
        in_hand=[line for line in lines if line.kind is StatusKind.OPEN],
        tickets=_grouped(lines),
        may_take=bool(me.teams),
        warning=warning,
        take_form=TakeForm(formdata=None),
        desk_form=desk_form or DeskForm(formdata=None, data={"desk": me.desk}),
    )


def _grouped(lines: list[TicketLine]) -> list[tuple[str, list[TicketLine]]]:
    groups: dict[str, list[TicketLine]] = {}
    for line in lines:
        groups.setdefault(line.status_name, []).append(line)
    return list(groups.items())
