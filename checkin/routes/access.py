"""Who asks, for which event, and whether they may: decided here before anything is read or shown."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import wraps
from typing import Any, Final, TypeVar, cast

from flask import Flask, abort, g, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager
from sqlalchemy import bindparam, select
from werkzeug.routing import BaseConverter, IntegerConverter

from checkin import htmx
from checkin.db import db
from checkin.models import Account, Event, EventSettings, Person, PersonRole, Presence, Role, TeamMember
from checkin.models.settings import parse_settings
from checkin.routes.addresses import this_page

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])


@dataclass(frozen=True)
class EventView:
    """The event a page belongs to."""

    id: int
    slug: str
    name: str
    time_zone: str
    settings: EventSettings


@dataclass(frozen=True)
class Viewer:
    """One of the event's people, as who looks at a page. `teams` and `leads` hold ids of teams.

    `desk` is the table where they sit, whatever device they look from.
    """

    person_id: int
    event_id: int
    email: str
    name: str
    roles: frozenset[Role]
    teams: frozenset[int]
    leads: frozenset[int]
    desk: str = ""
    presence: Presence = Presence.OFF
    presence_at: datetime | None = None


@dataclass
class SignedIn:
    """The account of this session, with who it is at each event; what Flask-Login calls the user."""

    account_id: int
    email: str
    session_number: int
    people: dict[int, Viewer] = field(default_factory=dict)
    is_authenticated: bool = True
    is_active: bool = True
    is_anonymous: bool = False

    def get_id(self) -> str:
        """Return what the session keeps: it ends for everybody when the account's session number is raised."""
        return f"{self.account_id}.{self.session_number}"


class SlugConverter(BaseConverter):
    """Accepts only what can be an event's slug."""

    regex = "[a-z0-9][a-z0-9-]{0,39}"


class RowConverter(IntegerConverter):
    """Accepts only what can be the id of a row: what no table holds is not there."""

    regex = r"\d{1,18}"


def init_app(app: Flask) -> None:
    """Load who is signed in, and let addresses name an event and a row."""
    app.url_map.converters["slug"] = SlugConverter
    app.url_map.converters["row"] = RowConverter
    # Without its context processor, which asks the database in the middle of every page: of the busy page as well.
    manager = LoginManager(app, add_context_processor=False)
    manager.session_protection = None
    manager.user_loader(load_signed_in)
    app.context_processor(lambda: {"event": g.get("event"), "me": g.get("viewer")})


# Built once: both are asked at every request.
_PERSON_COLUMNS: Final = (
    Account.email, Account.session_number, Person.id, Person.event_id, Person.name,
    Person.desk, Person.presence, Person.presence_at, PersonRole.role, TeamMember.team_id, TeamMember.is_lead,
)  # fmt: skip
_PEOPLE_OF_ACCOUNT: Final = (
    select(*_PERSON_COLUMNS)
    .select_from(Account)
    .outerjoin(Person, Person.account_id == Account.id)
    .outerjoin(PersonRole, PersonRole.person_id == Person.id)
    .outerjoin(TeamMember, TeamMember.person_id == Person.id)
    .where(Account.id == bindparam("account_id"), Account.session_number == bindparam("number"))
)
# The event and who looks at it, in one question: every page of an event begins with it.
_EVENT_AND_VIEWER: Final = (
    select(
        Event.id.label("the_event_id"), Event.slug, Event.name.label("event_name"), Event.time_zone,
        Event.settings_json, Account.id.label("account_id"), *_PERSON_COLUMNS,
    )
    .select_from(Event)
    .outerjoin(Account, (Account.id == bindparam("account_id")) & (Account.session_number == bindparam("number")))
    .outerjoin(Person, (Person.account_id == Account.id) & (Person.event_id == Event.id))
    .outerjoin(PersonRole, PersonRole.person_id == Person.id)
    .outerjoin(TeamMember, TeamMember.person_id == Person.id)
    .where(Event.slug == bindparam("slug"))
)  # fmt: skip
_NOBODY: Final = (-1, -1)


def load_signed_in(kept: str) -> SignedIn | None:
    """Return the account that the session names, None when it is gone or was signed out everywhere."""
    account_id, number = _parts(kept)
    rows = db.session.execute(_PEOPLE_OF_ACCOUNT, {"account_id": account_id, "number": number}).all()
    if not rows:
        return None
    signed_in = SignedIn(account_id, rows[0].email, rows[0].session_number)
    for person_id in {row.id for row in rows if row.id is not None}:
        viewer = _viewer([row for row in rows if row.id == person_id], signed_in.email)
        signed_in.people[viewer.event_id] = viewer
    return signed_in


def _parts(kept: object) -> tuple[int, int]:
    """Return the account's id and session number out of what Flask-Login keeps in the session."""
    account_id, _, number = str(kept).partition(".")
    if account_id.isdecimal() and number.isdecimal() and len(account_id) + len(number) < 19:
        return int(account_id), int(number)
    return _NOBODY


def _viewer(rows: list[Any], email: str) -> Viewer:
    teams = frozenset(row.team_id for row in rows if row.team_id is not None)
    leads = frozenset(row.team_id for row in rows if row.is_lead)
    roles = {Role(row.role) for row in rows if row.role is not None}
    roles |= {Role.EXPERT} if teams else set()
    roles |= {Role.LEAD} if leads else set()
    row = rows[0]
    return Viewer(
        row.id, row.event_id, email, row.name, frozenset(roles), teams, leads, row.desk, row.presence, row.presence_at
    )


def load_event(slug: str) -> EventView:
    """Return the event at this address, and who looks at it, for the rest of the request; 404 when there is none."""
    account_id, number = _parts(session.get("_user_id", ""))
    asked = {"slug": slug, "account_id": account_id, "number": number}
    rows = db.session.connection().execute(_EVENT_AND_VIEWER, asked).all()
    if not rows:
        abort(404)
    row = rows[0]
    event = EventView(row.the_event_id, row.slug, row.event_name, row.time_zone, parse_settings(row.settings_json))
    g.event = event
    g.is_signed_in = row.account_id is not None
    g.viewer = None if row.id is None else _viewer(list(rows), row.email)
    return event


def viewer() -> Viewer:
    """Return who looks at this page; only where `staff_required` let them in."""
    return cast(Viewer, g.viewer)


def anyone(view: View) -> View:
    """Open an address of an event to everybody; the view gets the event."""
    return _guarded(view, None)


def staff_required(*roles: Role) -> Callable[[View], View]:
    """Open an address of an event to its people with one of these roles (none named: any of its people)."""
    return lambda view: _guarded(view, frozenset(roles) or frozenset(Role))


def _guarded(view: View, roles: frozenset[Role] | None) -> View:
    @wraps(view)
    def guarded(event_slug: str, **arguments: Any) -> ResponseReturnValue:
        event = load_event(event_slug)
        if roles is not None:
            refusal = _refuse(roles)
            if refusal is not None:
                return refusal
        return view(event, **arguments)

    guarded.allows = roles  # type: ignore[attr-defined]
    return cast(View, guarded)


def _refuse(roles: frozenset[Role]) -> ResponseReturnValue | None:
    if not g.is_signed_in:
        return htmx.sign_in_first(url_for("signing_in.sign_in", next=this_page()))
    if g.viewer is None or not (roles & g.viewer.roles):
        abort(403)
    return None
