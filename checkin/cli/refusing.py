"""Says in words, on the command line, what the rules refuse."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import click
from sqlalchemy.exc import SQLAlchemyError

from checkin.alerts.stored_templates import TemplateRefused
from checkin.db import DatabaseBusy, db, is_busy
from checkin.people.passwords import PasswordRefused
from checkin.routes.health import migration_here, newest_migration
from checkin.setup.errors import SetupRefused

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


def in_words(command: Callable[Given, Answer]) -> Callable[Given, Answer]:
    """Let a command end with exit status 1 and a sentence where a rule said no or the database is busy."""

    @wraps(command)
    def told(*args: Given.args, **kwargs: Given.kwargs) -> Answer:
        try:
            return command(*args, **kwargs)
        except SetupRefused as refused:
            raise click.ClickException(_filled(refused)) from refused
        except TemplateRefused as refused:
            about = f"{refused.part}: " if refused.part else ""
            raise click.ClickException(about + _filled(refused)) from refused
        except PasswordRefused as refused:
            raise click.ClickException(refused.sentence) from refused
        except (DatabaseBusy, SQLAlchemyError) as error:
            sentence = _of_database(error)
            if sentence is None:
                raise
            raise click.ClickException(sentence) from error

    return told


def outdated_tables() -> str | None:
    """Return what is to be done when the tables are not those of this version, None when they are.

    Raises SQLAlchemyError when the database does not answer.
    """
    try:
        here = migration_here()
    finally:
        db.session.remove()
    if here == newest_migration():
        return None
    return f"The tables are at {here or 'nothing'}, needed is {newest_migration()}: flask --app app db upgrade"


def _of_database(error: DatabaseBusy | SQLAlchemyError) -> str | None:
    if isinstance(error, DatabaseBusy) or is_busy(error):
        return "The database is locked or out of reach. Nothing was changed."
    db.session.remove()
    return outdated_tables()


def _filled(refused: SetupRefused | TemplateRefused) -> str:
    sentence = refused.sentence
    for name, value in refused.details.items():
        sentence = sentence.replace("{" + name + "}", value)
    return sentence
