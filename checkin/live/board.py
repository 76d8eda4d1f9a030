"""What the public board shows: the same for everybody, nothing private in it (docs/specification.md, 6.1 and 6.3)."""

import hashlib
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from flask import current_app, g
from jinja2_fragments.flask import render_block
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from checkin import clock
from checkin.live.streams import unnamed
from checkin.models import BoardNames, Event, Person, Product, Status, StatusKind, Ticket
from checkin.queueing.places import places

TEMPLATE: Final = "board/show.html"
BLOCK: Final = "rows"
# A screen shows a dozen; more than this helps nobody and would make every push heavy.
ROWS_AT_MOST: Final = 200
_JOINER: Final = "\u200d"


@dataclass(frozen=True)
class BoardRow:
    """One ticket on the board. `place` 1 means next; `expert` and `desk` are empty while nobody owns it."""

    key: str
    name: str
    waiting: bool
    place: int | None
    expert: str
    desk: str
    product: str | None
    updated_at: datetime


@dataclass(frozen=True)
class Columns:
    """Which columns the board has."""

    show_name: bool
    show_product: bool


@dataclass(frozen=True)
class Board:
    """All that a board shows; `more` counts the tickets that found no room in `rows`."""

    event_id: int
    slug: str
    columns: Columns
    rows: tuple[BoardRow, ...]
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
    shown = (Ticket.event_id == event.id, Ticket.kind == StatusKind.OPEN, Status.on_board)
    found = session.execute(
        select(
            Ticket.id, Ticket.key, Ticket.first_name, Ticket.last_name, Ticket.owner_id, Ticket.desk, Ticket.updated_at,
            Person.name.label("expert"), Product.name.label("product"),
        )
        .join(Status, Status.id == Ticket.status_id)
        .join(Product, Product.id == Ticket.product_id)
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
    columns = Columns(show_name=settings.board_names is not BoardNames.KEY_ONLY, show_product=settings.board_product)
    rows = tuple(
        BoardRow(
            key=row.key,
            name=shown_name(row.first_name, row.last_name, settings.board_names),
            waiting=row.owner_id is None,
            place=place.get(row.id) if row.owner_id is None else None,
            expert=row.expert or "",
            desk=row.desk if row.owner_id is not None else "",
            product=row.product if settings.board_product else None,
            updated_at=row.updated_at,
        )
        for row in found[:ROWS_AT_MOST]
    )
    return Board(event.id, event.slug, columns, rows, max(more, 0))


def render_board(session: Session, event_id: int) -> RenderedBoard | None:
    """Read the event's board and render its fragment, None when there is no such event. Needs a request's context."""
    event = session.get(Event, event_id, populate_existing=True)
    if event is None:
        return None
    board = read_board(session, event, moment=clock.now())
    g.setdefault("event", event)
    html = render_block(
        TEMPLATE, BLOCK, event=event, rows=board.rows, columns=board.columns, more=board.more, tv=False
    ).encode()
    shown = repr((board, event.name, event.time_zone, event.settings.languages, _template_source()))
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


def shown_name(first_name: str, last_name: str, names: BoardNames) -> str:
    """Return a customer's name as the event shows it in public: "Ada Lovelace", "Ada L." or nothing but the key."""
    if names is BoardNames.KEY_ONLY:
        return ""
    if names is BoardNames.FULL:
        return f"{first_name} {last_name}".strip()
    first_letter = initial(last_name)
    return f"{first_name} {first_letter}." if first_letter else first_name


def initial(name: str) -> str:
    """Return the first letter of a name as people see it, with its accents; of a name without letters its first sign.

    Scripts differ in what a letter is made of: marks, joiners and variation selectors stay with what they change.
    """
    signs = _signs(name)
    return next((sign for sign in signs if sign[0].isalnum()), signs[0] if signs else "")


def _signs(name: str) -> list[str]:
    signs: list[str] = []
    for character in name:
        if signs and _belongs(signs[-1], character):
            signs[-1] += character
        elif not character.isspace() and unicodedata.category(character) not in {"Cc", "Cf"}:
            signs.append(character)
    return signs


def _belongs(sign: str, character: str) -> bool:
    """Tell whether `character` changes or continues the sign before it (a short form of Unicode's annex 29)."""
    if unicodedata.category(character) in {"Mn", "Mc", "Me"} or character == _JOINER:
        return True
    if sign[-1] == _JOINER or "\U0001f3fb" <= character <= "\U0001f3ff" or "\U000e0020" <= character <= "\U000e007f":
        return True
    return len(sign) == 1 and all("\U0001f1e6" <= one <= "\U0001f1ff" for one in (sign, character))
