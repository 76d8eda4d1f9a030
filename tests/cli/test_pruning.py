"""`flask --app app prune`."""

from datetime import timedelta

from flask import Flask
from sqlalchemy import update

from checkin.models import Alert, AlertState
from tests.cast import cast_of, checked_in, taken


def test_old_alerts_are_blanked_and_counted(app: Flask) -> None:
    cast = cast_of(app)
    key = checked_in(cast)
    taken(cast)
    ended_at = cast.alerts(key)[0].due_at - timedelta(days=31)
    with cast.writing() as session:
        session.execute(update(Alert).values(state=AlertState.EXPIRED, ended_at=ended_at, recipient="carla"))

    told = app.test_cli_runner().invoke(args=["prune"]).output
    assert told == "Blanked 2 alerts older than 30 days.\n"
    assert {alert.recipient for alert in cast.alerts(key)} == {""}
