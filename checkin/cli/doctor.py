"""`doctor`: looks whether all is well."""

from typing import Final

import click
from flask.cli import with_appcontext

from checkin.cli.checks import Level, look, settings_here


@click.command("doctor")
@with_appcontext
def doctor() -> None:
    """Look whether all is well; exit status 1 when something is wrong. Warnings are not failures."""
    found = list(look(settings_here()))
    for finding in found:
        click.echo(f"{finding.level.value:<8} {finding.sentence}")
    wrong = sum(finding.level is Level.WRONG for finding in found)
    if wrong:
        raise SystemExit(1)


COMMANDS: Final = (doctor,)
