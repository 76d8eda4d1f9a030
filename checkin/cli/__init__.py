"""Commands for operators: `flask --app app ...` (docs/specification.md, section 13)."""

from flask import Flask

from checkin.cli import demo, doctor, pruning, running, sending, setting_up, simulating, templating


def init_app(app: Flask) -> None:
    """Give `app` its commands, and `flask run` what the server does beside its pages."""
    for part in (demo, setting_up, templating, running, simulating, pruning, sending, doctor):
        for command in part.COMMANDS:
            app.cli.add_command(command)
    running.start_under_flask_run(app)
