"""`event`, `team`, `product`, `status`, `person`: set-up from the command line."""

from collections.abc import Callable
from typing import Any, Final

import click
from flask import current_app
from flask.cli import AppGroup

from checkin import clock
from checkin.alerts.links import make_reset_token, reset_link
from checkin.cli.refusing import in_words
from checkin.config import Settings
from checkin.db import db, transaction
from checkin.models import Account, GivenRole, StatusKind
from checkin.people.passwords import check_new_password, hash_password
from checkin.setup.contents import add_product, add_status, add_team
from checkin.setup.errors import NoSuchSetting
from checkin.setup.events import create_event, find_event
from checkin.setup.settings import list_settings, set_setting
from checkin.setup.staff import AddedPerson, add_person

event_group: Final = AppGroup("event", help="Make and set up events.")
team_group: Final = AppGroup("team", help="Teams of an event.")
product_group: Final = AppGroup("product", help="Products of an event.")
status_group: Final = AppGroup("status", help="Statuses of an event.")
person_group: Final = AppGroup("person", help="People of an event.")


def _event_argument(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.argument("event_slug", metavar="EVENT")(command)


@event_group.command("create")
@click.argument("slug")
@click.option("--name", help="What people call it; the slug when not given.")
@click.option("--time-zone", default="UTC", show_default=True, help="Such as Europe/Berlin.")
@in_words
def create(slug: str, name: str | None, time_zone: str) -> None:
    """Make an event with the statuses that are always there. SLUG is its part of the address."""
    reserved = _words_of_addresses()
    with transaction() as session:
        create_event(
            session, slug, name=name or slug, time_zone=time_zone, reserved=reserved, moment=clock.now()
        )  # fmt: skip
    settings: Settings = current_app.extensions["checkin_settings"]
    click.echo(f"Made the event {slug}: {settings.effective_public_url}/{slug}/")
    click.echo(f"Next: flask --app app team add {slug} CODE NAME, product add, person add")


def _words_of_addresses() -> frozenset[str]:
    parts = (part for rule in current_app.url_map.iter_rules() for part in rule.rule.split("/"))
    return frozenset(part for part in parts if part and "<" not in part)


@event_group.command("set")
@_event_argument
@click.argument("assignments", metavar="[NAME[=VALUE]]...", nargs=-1)
@in_words
def set_(event_slug: str, assignments: tuple[str, ...]) -> None:
    """Change settings of an event; without a value list them."""
    event = find_event(db.session(), event_slug)
    listed = list_settings(event)
    asked = [part for part in assignments if "=" not in part]
    for name in asked:
        if name not in listed:
            raise NoSuchSetting(name=name)
    changes = [(part.split("=", 1)[0].strip(), part.split("=", 1)[1]) for part in assignments if "=" in part]
    settings: Settings = current_app.extensions["checkin_settings"]
    domains = settings.effective_mail_from_domains
    if changes:
        with transaction() as session:
            event = find_event(session, event_slug)
            told = [
                (name, set_setting(session, event, name=name, value=value, mail_domains=domains))
                for name, value in changes
            ]
    else:
        told = [(name, listed[name]) for name in asked or listed]
    for name, value in told:
        click.echo(f"{name}={value}")


@team_group.command("add")
@_event_argument
@click.argument("code")
@click.argument("name")
@in_words
def add_team_command(event_slug: str, code: str, name: str) -> None:
    """Add a team with its queue. CODE is short enough to call out, such as STQ."""
    with transaction() as session:
        team = add_team(session, find_event(session, event_slug), code=code, name=name)
        told = f"Added the team {team.code} {team.name}."
    click.echo(told)


@product_group.command("add")
@_event_argument
@click.argument("name")
@click.option("--team", "team_code", metavar="CODE", help="The team that knows it.")
@in_words
def add_product_command(event_slug: str, name: str, team_code: str | None) -> None:
    """Add a product, or give a product that has no team this one."""
    with transaction() as session:
        product = add_product(session, find_event(session, event_slug), name=name, team_code=team_code)
        name, offered = product.name, product.team_id is not None
    click.echo(f"Added the product {name}.")
    if not offered:
        click.echo("It has no team yet, so it cannot be offered at check-in: add it again with --team.")


@status_group.command("add")
@_event_argument
@click.argument("name")
@click.option("--kind", type=click.Choice([kind.value for kind in StatusKind]), default="on_hold", show_default=True)
@click.option("--board/--no-board", default=None, help="Shown on the board; by default only open ones are.")
@click.option("--feedback/--no-feedback", default=False, help="Asks for feedback; only a closed one can.")
@in_words
def add_status_command(event_slug: str, name: str, kind: str, board: bool | None, feedback: bool) -> None:
    """Add a status of your own."""
    chosen = StatusKind(kind)
    on_board = chosen is StatusKind.OPEN if board is None else board
    with transaction() as session:
        event = find_event(session, event_slug)
        status = add_status(session, event, name=name, kind=chosen, on_board=on_board, asks_feedback=feedback)
        told = f"Added the status {status.name} ({status.code}, {status.kind.value})."
    click.echo(told)


@person_group.command("add")
@_event_argument
@click.argument("email")
@click.argument("name")
@click.option(
    "--role", "roles", multiple=True, type=click.Choice([role.value for role in GivenRole]), help="May be given again."
)
@click.option("--team", "teams", multiple=True, metavar="CODE", help="Expert of this team; may be given again.")
@click.option("--lead", "leads", multiple=True, metavar="CODE", help="Lead (and expert) of this team.")
@click.option("--password", help="Only for an account that has none; without it a one-time link is printed.")
@in_words
def add_person_command(
    event_slug: str, email: str, name: str, roles: tuple[str, ...], teams: tuple[str, ...], leads: tuple[str, ...],
    password: str | None,
) -> None:  # fmt: skip
    """Add somebody to the event, or more roles and teams to somebody who is there."""
    password_hash = None
    if password is not None:
        check_new_password(password, email=email)
        password_hash = hash_password(password)
    with transaction() as session:
        event = find_event(session, event_slug)
        added = add_person(
            session, event, email=email, name=name, roles=[GivenRole(role) for role in roles], teams=_codes(teams),
            leads=_codes(leads), password_hash=password_hash,
        )  # fmt: skip
    click.echo(f"Added {added.name} <{added.email}> to {event_slug}.")
    if added.kept_password:
        click.echo(
            "The account has a password already, which stays as it is; the sign-in page sends a link for another."
        )
    if not added.has_password:
        click.echo(f"Good for one hour and one use, to choose a password: {_one_time_link(added)}")


def _codes(typed: tuple[str, ...]) -> list[str]:
    return [code.strip().upper() for code in typed]


def _one_time_link(added: AddedPerson) -> str:
    settings: Settings = current_app.extensions["checkin_settings"]
    account = db.session.get_one(Account, added.account_id)
    secret = current_app.config["SECRET_KEY"]
    token = make_reset_token(secret, account_id=account.id, session_number=account.session_number)
    return reset_link(settings.effective_public_url, token)


COMMANDS: Final = (event_group, team_group, product_group, status_group, person_group)
