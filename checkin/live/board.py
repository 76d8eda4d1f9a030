"""What the public board shows: the same for everybody, nothing private in it (docs/specification.md, 6.1 to 6.4)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from flask import current_app, g
from flask_babel import force_locale
from jinja2_fragments.flask import render_block
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from checkin.db import database_now
from checkin.live.names import shown_name
from checkin.live.streams import unnamed
from checkin.models import (
    BoardNames,
    Event,
    EventSettings,
    Person,
    Product,
    QueueState,
    Source,
    Status,
    StatusKind,
    Team,
    Ticket,
)
from checkin.models.settings import Scheme
from checkin.queueing.places import places
from checkin.queueing.transitions import Standing, standing_of

TEMPLATE: Final = "board/show.html"
BLOCK: Final = "rows"
# A screen shows a dozen; more than this helps nobody and would make every push heavy.
ROWS_AT_MOST: Final = 200


@dataclass(frozen=True)
class Call:
    """That somebody was called. A later call of the same ticket has another `number`."""

    number: str
    at: datetime


@dataclass(frozen=True)
class BoardRow:
    """One ticket on the board: waiting, called or being helped.

    `place` 1 means next; `expert`, `desk` and `call` are empty while nobody owns it.
    """

    key: str
    name: str
    standing: Standing
    place: int | None
    queue_state: QueueState
    expert: str
    desk: str
    product: str | None
    checked_in_at: datetime | None
    updated_at: datetime
    call: Call | None
    in_rehearsal: bool


@dataclass(frozen=True)
class Columns:
    """Which columns the board has, and what the event calls them: an empty name means ours."""

    show_name: bool
    show_product: bool
    show_check_in: bool
    key: str
    customer: str
    expert: str
    product: str
    check_in: str
    updated: str


@dataclass(frozen=True)
class Tv:
    """How a TV looks and sounds."""

    scheme: Scheme
    chime: bool
    spoken_call: bool


@dataclass(frozen=True)
class Board:
    """All that a board shows; `more` counts the tickets that found no room in `rows`.

    `newest` is the key of whoever was called last and has not come yet, "" for nobody. `link` is what the address has
    to carry, "" where anybody may watch.
    """

    event_id: int
    slug: str
    link: str
    language: str
    columns: Columns
    tv: Tv
    rows: tuple[BoardRow, ...]
    newest: str
    more: int


@dataclass(frozen=True)
class RenderedBoard:
    """A board as the bytes that go to everybody, for pages that ask and for streams, and its version.

    Two boards that show the same have the same version.
    """

    board: Board
    html: bytes
    message: bytes
    version: str

    @property
    def etag(self) -> str:
        """Return the version as a weak entity tag: "2 min ago" may become "3 min ago" under the same one."""
        return f'W/"{self.version}"'


def read_board(session: Session, event: Event, *, moment: datetime) -> Board:
    """Read the event's board: tickets whose status is on it, newest update first. The only order there is."""
    shown = (
        Ticket.event_id == event.id,
        Ticket.kind == StatusKind.OPEN,
        Status.on_board,
        # Nobody waits in the room for the follow-up of their survey.
        Ticket.source != Source.FEEDBACK,
    )
    found = session.execute(
        select(
            Ticket.id, Ticket.key, Ticket.first_name, Ticket.last_name, Ticket.owner_id, Ticket.desk, Ticket.updated_at,
            Ticket.queued_at, Ticket.taken_at, Ticket.take_number, Ticket.called_at, Ticket.call_number,
            Ticket.arrived_at, Ticket.in_rehearsal, Team.queue_state, Person.name.label("expert"),
            Product.name.label("product"),
        )
        .join(Status, Status.id == Ticket.status_id)
        .join(Product, Product.id == Ticket.product_id)
        .join(Team, Team.id == Ticket.team_id)
        .outerjoin(Person, Person.id == Ticket.owner_id)
        .where(*shown)
        .order_by(Ticket.updated_at.desc(), Ticket.id.desc())
        .limit(ROWS_AT_MOST + 1)
    ).all()  # fmt: skip
    more = 0
    if len(found) > ROWS_AT_MOST:
        counted = select(func.count()).select_from(Ticket).join(Status, Status.id == Ticket.status_id).where(*shown)
        more = session.execute(counted).scalar_one() - ROWS_AT_MOST
    place = places(session, event_id=event.id, moment=moment)
    settings = event.settings
    rows = tuple(_row(one, place.get(one.id), settings) for one in found[:ROWS_AT_MOST])
    return Board(
        event_id=event.id, slug=event.slug, link=settings.board_link, language=settings.languages[0],
        columns=_columns(settings), tv=Tv(settings.tv_scheme, settings.tv_chime, settings.tv_spoken_call),
        rows=rows, newest=_newest(rows), more=max(more, 0),
    )  # fmt: skip


def _row(ticket: Any, place: int | None, settings: EventSettings) -> BoardRow:
    standing = standing_of(StatusKind.OPEN, ticket.owner_id, arrived_at=ticket.arrived_at)
    is_owned = standing is not Standing.WAITING
    return BoardRow(
        key=ticket.key,
        name=shown_name(ticket.first_name, ticket.last_name, settings.board_names),
        standing=standing,
        # Of a closed queue nobody is taken, so nobody is next.
        place=None if is_owned or ticket.queue_state is QueueState.CLOSED else place,
        queue_state=QueueState.OPEN if is_owned else ticket.queue_state,
        expert=ticket.expert or "",
        desk=ticket.desk if is_owned else "",
        product=ticket.product if settings.board_product else None,
        checked_in_at=ticket.queued_at if settings.board_check_in_time else None,
        updated_at=ticket.updated_at,
        call=Call(f"{ticket.take_number}.{ticket.call_number}", ticket.called_at or ticket.taken_at)
        if standing is Standing.CALLED
        else None,
        in_rehearsal=ticket.in_rehearsal,
    )


def _newest(rows: Sequence[BoardRow]) -> str:
    called = [(row.call.at, row.key) for row in rows if row.call is not None]
    return max(called)[1] if called else ""


def _columns(settings: EventSettings) -> Columns:
    return Columns(
        show_name=settings.board_names is not BoardNames.KEY_ONLY,
        show_product=settings.board_product,
        show_check_in=settings.board_check_in_time,
        key=settings.board_label_key,
        customer=settings.board_label_customer,
        expert=settings.board_label_expert,
        product=settings.board_label_product,
        check_in=settings.board_label_check_in,
        updated=settings.board_label_updated,
    )


def render_board(session: Session, event_id: int) -> RenderedBoard | None:
    """Read the event's board and render its fragment, None when there is no such event. Needs a request's context.

    Whoever asks, the words are in the event's language: all get the same bytes.
    """
    event = session.get(Event, event_id, populate_existing=True)
    if event is None:
        return None
    # By the clock that five more minutes end by: the pump has this rendered at that very moment.
    board = read_board(session, event, moment=database_now(session))
    g.setdefault("event", event)
    with force_locale(board.language):
        # Without the blanks around it: a page that is never loaded again would keep those of every swap.
        html = render_block(TEMPLATE, BLOCK, event=event, board=board, tv=False).strip().encode()
    shown = repr((board, event.name, event.time_zone, _template_source()))
    return RenderedBoard(board, html, unnamed(html), hashlib.sha256(shown.encode()).hexdigest()[:20])


def _template_source() -> str:
    """Return the template's text, so that a new one is a new version of every board."""
    known: str | None = current_app.extensions.get("checkin_board_template")
    if known is None:
        environment = current_app.jinja_env
        assert environment.loader is not None  # noqa: S101 - Flask always sets one
        known = environment.loader.get_source(environment, TEMPLATE)[0]
        current_app.extensions["checkin_board_template"] = known
    return known
