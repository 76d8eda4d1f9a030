"""Runs the migrations on the writer's engine; `flask --app app db upgrade` ends here."""

from alembic import context
from flask import current_app

from checkin import models

migrate = current_app.extensions["migrate"]


def run() -> None:
    """Run what is asked on one connection; servers that migrate at the same moment wait for each other."""
    with migrate.db.engine.connect() as connection:
        context.configure(connection=connection, target_metadata=models.Event.metadata, **migrate.configure_args)
        with context.begin_transaction():
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql(
                    "SELECT pg_advisory_xact_lock(7242005), set_config('statement_timeout', '0', true)"
                )
            context.run_migrations()


if context.is_offline_mode():
    raise SystemExit("Migrations need the database: run `flask --app app db upgrade` where it can be reached.")
run()
