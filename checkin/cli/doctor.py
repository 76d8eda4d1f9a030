"""`doctor`: looks whether all is well."""

from typing import Final

import click
from flask.cli import with_appcontext


@click.command("doctor")
@with_appcontext
def doctor() -> None:
    """Look whether all is well; exit status 1 when something is wrong."""


COMMANDS: Final = (doctor,)
