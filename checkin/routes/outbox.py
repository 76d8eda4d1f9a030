"""The outbox: every alert with its text and what became of it, and what an organiser can do about it (5.3, 5.4)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, Response, abort, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from checkin import htmx
from checkin.alerts.handling import HandlingError, MayArriveTwice, NoSuchAlert, Twice, dismiss, send_again
from checkin.alerts.pausing import start_channel
from checkin.db import database_now, db, transaction
from checkin.forms.fields import PAGE_TOO_OLD
from checkin.forms.outbox import AlertForm, OutboxForm, SendAgainForm, StartChannelForm
from checkin.models import AlertKind, AlertState, Channel, Role
from checkin.reports import outbox as reports
from checkin.reports.deliveries import Attention, attention
from checkin.reports.outbox import Figures, OutboxLine, Pause, Search, View
from checkin.routes import words
from checkin.routes.access import EventView, staff_required, viewer
from checkin.routes.deliveries import Delivery, Step, delivery, story
from checkin.routes.pauses import what_to_do
from checkin.routes.refusals import Refusal, handling_refusal

bp = Blueprint("outbox", __name__)

_FILTERS: Final = ("q", "state", "kind", "channel", "before")


@dataclass(frozen=True)
class Row:
    """An alert of the outbox with everything that its row says."""

    line: OutboxLine
    delivery: Delivery
    story: list[Step]
    code: str


@dataclass(frozen=True)
class PausedChannel:
    """A channel that stands still: why, what to do about each reason, and how many alerts wait."""

    channel: Channel
    reasons: list[tuple[Pause, str, str]]
    waiting: int


@bp.get("/<slug:event_slug>/outbox")
@staff_required(Role.ORGANISER)
def index(event: EventView) -> ResponseReturnValue:
    """List the event's alerts, newest first: those that wait for a person when there are any, else all."""
    return _page(event)


@bp.post("/<slug:event_slug>/outbox/<row:alert_id>/send-again", endpoint="send_again")
@staff_required(Role.ORGANISER)
def do_send_again(event: EventView, alert_id: int) -> ResponseReturnValue:
    """Send an alert again, with the words of now."""
    form = SendAgainForm()
    twice = Twice.ACCEPTED if form.is_sure else Twice.NOT_ASKED
    return _do(
        event,
        form,
        lambda writing: send_again(writing, alert_id, event_id=event.id, by=viewer().person_id, twice=twice),
        done=lambda _again: _("It leaves again now."),
        asked_twice=alert_id,
    )


@bp.post("/<slug:event_slug>/outbox/<row:alert_id>/dismiss", endpoint="dismiss")
@staff_required(Role.ORGANISER)
def do_dismiss(event: EventView, alert_id: int) -> ResponseReturnValue:
    """Take an alert from the list of those that wait for a person."""
    return _do(
        event,
        AlertForm(),
        lambda writing: dismiss(writing, alert_id, event_id=event.id, by=viewer().person_id),
        done=lambda _nothing: _("Dismissed."),
    )


@bp.post("/<slug:event_slug>/outbox/start", endpoint="start")
@staff_required(Role.ORGANISER)
def do_start(event: EventView) -> ResponseReturnValue:
    """Let a channel send again that stood still."""
    form = StartChannelForm()
    return _do(
        event,
        form,
        lambda writing: start_channel(
            writing, event_id=event.id, channel=Channel(form.channel.data or ""), by=viewer().person_id
        ),
        done=lambda stood_still: _("What waited leaves now.") if stood_still else _("It was started already."),
    )


def _do(
    event: EventView, form: AlertForm | StartChannelForm, change: Callable[[Session], Any], *,
    done: Callable[[Any], str], asked_twice: int | None = None,
) -> ResponseReturnValue:  # fmt: skip
    """Run one action in its transaction; show the outbox as it is afterwards, or why nothing was done."""
    if not form.validate_on_submit():
        return _page(event, status=422, warning=Refusal("page_too_old", str(PAGE_TOO_OLD)))
    try:
        with transaction() as writing:
            result = change(writing)
    except NoSuchAlert:
        abort(404)
    except HandlingError as error:
        opened = asked_twice if isinstance(error, MayArriveTwice) else None
        return _page(event, status=409, warning=handling_refusal(error), opened=opened)
    if htmx.wants_fragment():
        return htmx.say(_page(event), done(result))
    return htmx.go_to(url_for(".index", event_slug=event.slug, **_asked()))


def _asked() -> dict[str, Any]:
    """Return the filters of the address, which every form of the page carries on."""
    return {name: request.args[name] for name in _FILTERS if request.args.get(name)}


def _page(
    event: EventView, *, status: int = 200, warning: Refusal | None = None, opened: int | None = None
) -> Response:
    reading = db.session()
    form = OutboxForm(request.args)
    search = Search(form.words, _kind(form.kind.data), _channel(form.channel.data))
    waits = attention(reading, event_id=event.id)
    numbers = reports.figures(reading, event_id=event.id, search=search)
    show = _show(form.state.data, waits, numbers)
    lines = reports.outbox_lines(reading, event_id=event.id, search=search, show=show, before=form.before.data)
    return htmx.page_or_block(
        "outbox/index.html",
        "list",
        status=status,
        q=form.q.data or "",
        search=search,
        show=show,
        asked=_asked(),
        before=form.before.data,
        attention=waits,
        in_work=reports.in_work(reading, event_id=event.id, moment=database_now(reading)),
        paused=_paused(reading, event),
        numbers=numbers,
        overall=numbers if search == Search() else reports.figures(reading, event_id=event.id, search=Search()),
        states=[(one, words.alert_state(one), numbers.states[one]) for one in AlertState if one in numbers.states],
        kinds=[(one, words.alert_kind(one)) for one in AlertKind],
        channels=[(one, words.channel(one)) for one in Channel],
        rows=[_row(line) for line in lines],
        older=lines[-1].entry.id if len(lines) == reports.LINES_A_PAGE else None,
        opened=opened,
        form=AlertForm(formdata=None),
        warning=warning,
    )


def _kind(value: str | None) -> AlertKind | None:
    return AlertKind(value) if value in set(AlertKind) else None


def _channel(value: str | None) -> Channel | None:
    return Channel(value) if value in set(Channel) else None


def _show(value: str | None, waits: Attention, numbers: Figures) -> View | AlertState:
    """Return what is shown: what was chosen, else what waits for a person when anything does."""
    if value in set(View):
        return View(value)
    if value in set(AlertState):
        return AlertState(value)
    return View.PERSON if waits.number and numbers.views[View.PERSON] else View.ALL


def _row(line: OutboxLine) -> Row:
    entry = line.entry
    # Our own codes are words of the program; the provider's are what its help is searched by.
    code = entry.reason_code if entry.reason_code.isdecimal() else ""
    return Row(line, delivery(entry), story(entry, sent_again=line.sent_again_as is not None), code)


def _paused(reading: Session, event: EventView) -> list[PausedChannel]:
    waiting = reports.waiting_for_start(reading, event_id=event.id)
    return [
        PausedChannel(
            channel, [(one, words.reason(one.reason), what_to_do(one)) for one in pauses], waiting.get(channel, 0)
        )
        for channel, pauses in reports.pauses(reading, event_id=event.id).items()
    ]
