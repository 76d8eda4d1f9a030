"""`doctor`: looks whether all is well."""

from typing import Final

import click
from flask.cli import with_appcontext

from checkin.cli.checks import Asking, look, settings_here
from checkin.cli.findings import Level


@click.command("doctor")
@click.option("--offline", is_flag=True, help="Ask nobody: neither Twilio nor the mail server nor DNS.")
@with_appcontext
def doctor(offline: bool) -> None:
    """Look whether all is well; exit status 1 when something is wrong. Warnings are not failures.

    Texts and emails are checked with Twilio and the mail server themselves, without sending any (send-test does).
    """
    wrong = 0
    for finding in look(settings_here(), asking=Asking.NOBODY if offline else Asking.PROVIDERS):
        click.echo(f"{finding.level.value:<8} {finding.sentence}")
        wrong += finding.level is Level.WRONG
    if wrong:
        raise SystemExit(1)


COMMANDS: Final = (doctor,)
