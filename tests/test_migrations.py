"""The tables that the migrations make are those of the models, on both databases, and can be taken down again."""

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import func, inspect, select

from checkin.db import Base, db
from tests.cast import Cast, checked_in, resolved


def test_the_migrations_make_the_tables_of_the_models(app: Flask) -> None:
    with app.app_context(), db.engines[None].connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_a_database_can_go_down_and_up_again(app: Flask) -> None:
    with app.app_context():
        downgrade(revision="base")
        assert set(inspect(db.engines[None]).get_table_names()) == {"alembic_version"}
        upgrade()
        assert "tickets" in inspect(db.engines[None]).get_table_names()


def test_rows_outlive_the_way_down_and_up_again(app: Flask, cast: Cast) -> None:
    with app.app_context():
        checked_in(cast)
        resolved(cast)
        tables = ("events", "people", "tickets", "takes", "ticket_changes", "surveys", "alerts")
        before = [_count(table) for table in tables]
        assert all(before)
        downgrade(revision="0001")
        upgrade()
        assert [_count(table) for table in tables] == before


def _count(table: str) -> int:
    with db.engines[None].connect() as connection:
        return connection.execute(select(func.count()).select_from(Base.metadata.tables[table])).scalar_one()
