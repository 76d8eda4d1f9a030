"""`demo`: an event to try the desk with."""

from typing import Final

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import select

from checkin import clock
from checkin.cli.refusing import in_words
from checkin.config import Settings, kept_secret
from checkin.db import db, transaction
from checkin.models import Account
from checkin.people.passwords import hash_password, is_password
from checkin.setup.demo import PEOPLE, create_demo, has_demo


@click.command("demo")
@with_appcontext
@in_words
def demo() -> None:
    """Make the event `demo` if there is none; an event that is there stays as it is, passwords too."""
    settings: Settings = current_app.extensions["checkin_settings"]
    if has_demo(db.session()):
        click.echo("The event demo is there already; nothing was changed.")
    else:
        password = settings.demo_password or kept_secret(settings, "demo_password")
        hashes = {person.email: hash_password(password) for person in PEOPLE}
        with transaction() as session:
            create_demo(session, password_hashes=hashes, moment=clock.now())
        click.echo("The event demo was made: nine products, each with its team, and five people.")
    click.echo("")
    for person in PEOPLE:
        click.echo(f"  {person.name:<10} {person.email:<18} {person.words}")
    click.echo(f"\n  Password of each: {_password_in_words(settings)}\n")


def _password_in_words(settings: Settings) -> str:
    """Return what is true of the passwords that are kept, whatever the environment says today."""
    kept = settings.instance_folder / "demo_password"
    password_hash = db.session.scalar(select(Account.password_hash).where(Account.email == PEOPLE[0].email))
    if settings.demo_password and is_password(settings.demo_password, password_hash):
        return "the one in DEMO_PASSWORD"
    if kept.is_file() and is_password(kept.read_text(encoding="ascii").strip(), password_hash):
        return f"{kept.read_text(encoding='ascii').strip()}  (kept in {kept})"
    return "as it was set before (flask --app app demo changes no password)"


COMMANDS: Final = (demo,)
