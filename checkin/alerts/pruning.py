"""Takes out of old alerts what is personal; the rows and their figures stay (docs/specification.md, 5.4 and 9.5)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from checkin.db import database_now
from checkin.models import Alert, AlertState, ReceivedText

# So many rows in one transaction: on SQLite nobody else writes meanwhile.
A_BATCH: Final = 200

# So many batches at a time, then others have their turn.
_MOST_BATCHES: Final = 50

_UNDER_WAY: Final = (AlertState.PENDING, AlertState.SENDING)


def prune(transaction: Callable[[], AbstractContextManager[Session]], *, keep: timedelta) -> int:
    """Blank what is personal in alerts older than `keep`, batch by batch; return in how many.

    What a great many alerts leave over is left to the next call. Raises DatabaseBusy.
    """
    blanked = 0
    for _ in range(_MOST_BATCHES):
        with transaction() as session:
            batch = prune_batch(session, keep=keep)
        blanked += batch
        if batch < A_BATCH:
            break
    return blanked


def prune_batch(session: Session, *, keep: timedelta) -> int:
    """Blank one batch of alerts that are no longer under way, and forget old numbers that texts came from."""
    moment = database_now(session)
    session.execute(delete(ReceivedText).where(ReceivedText.at < moment - keep))
    old = (
        select(Alert.id)
        .where(
            Alert.blanked_at.is_(None), Alert.state.not_in(_UNDER_WAY),
            func.coalesce(Alert.ended_at, Alert.due_at) < moment - keep,
        )
        .order_by(Alert.id)
        .limit(A_BATCH)
    )  # fmt: skip
    ids = session.scalars(old).all()
    blank = {"recipient": "", "subject": "", "body": "", "provider_id": "", "blanked_at": moment}
    session.execute(update(Alert).where(Alert.id.in_(ids)).values(**blank))
    return len(ids)
