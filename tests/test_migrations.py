"""The tables that the migrations make are those of the models, on both databases, and can be taken down again."""

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import func, inspect, select, text

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


def test_customers_from_before_are_known_by_small_letters_the_first_of_those_who_are_the_same(
    app: Flask, cast: Cast
) -> None:
    with app.app_context():
        for name in ("carla", "carla.too", "carl"):
            checked_in(cast, email=f"{name}@example.org", phone=None)
        downgrade(revision="0002")
        with db.engines[None].begin() as connection:
            for number, email in enumerate(("Carla@example.org", "CARLA@example.org", "CARL@example.org"), 1):
                connection.execute(
                    text("UPDATE customers SET email = :email WHERE id = :id"), {"email": email, "id": number}
                )
        upgrade()
        with db.engines[None].connect() as connection:
            emails = list(connection.scalars(text("SELECT email FROM customers ORDER BY id")))
        assert emails == ["carla@example.org", "CARLA@example.org", "carl@example.org"]


def _count(table: str) -> int:
    with db.engines[None].connect() as connection:
        return connection.execute(select(func.count()).select_from(Base.metadata.tables[table])).scalar_one()
