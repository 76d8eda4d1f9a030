"""`prune`: takes what is personal out of old alerts, as the worker does by itself now and then."""

from datetime import timedelta
from typing import Final

import click
from flask import current_app
from flask.cli import with_appcontext

from checkin.alerts.pruning import prune as prune_alerts
from checkin.cli.refusing import in_words
from checkin.config import Settings
from checkin.db import transaction


@click.command("prune")
@with_appcontext
@in_words
def prune() -> None:
    """Blank recipients and words of alerts older than KEEP_ALERTS_DAYS; the rows and their figures stay."""
    settings: Settings = current_app.extensions["checkin_settings"]
    blanked = prune_alerts(transaction, keep=timedelta(days=settings.keep_alerts_days))
    click.echo(f"Blanked {blanked} alerts older than {settings.keep_alerts_days} days.")


COMMANDS: Final = (prune,)
