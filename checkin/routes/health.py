"""For the operator: alive, and able to serve."""

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Blueprint, current_app
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError

from checkin.config import ROOT
from checkin.db import db

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def alive() -> ResponseReturnValue:
    """Answer as long as the process does."""
    return {"alive": True}


@bp.get("/readyz")
def ready() -> ResponseReturnValue:
    """Answer 200 when the database answers and its tables are those of this version, else 503 saying which is not."""
    try:
        here = migration_here()
    except SQLAlchemyError:
        return {"ready": False, "database": "gone"}, 503
    finally:
        db.session.remove()
    newest = newest_migration()
    if here != newest:
        return {"ready": False, "database": "ok", "migrations": f"at {here}, needs {newest}"}, 503
    return {"ready": True, "database": "ok", "migrations": here}


def migration_here() -> str | None:
    """Return the revision that the database's tables are at, None without tables."""
    return MigrationContext.configure(db.session.connection()).get_current_revision()


def newest_migration() -> str | None:
    """Return the revision that this version of the code needs."""
    cached: str | None = current_app.extensions.get("checkin_newest_migration")
    if cached is None:
        cached = ScriptDirectory(str(ROOT / "migrations")).get_current_head()
        current_app.extensions["checkin_newest_migration"] = cached
    return cached
