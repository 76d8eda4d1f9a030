"""Keeps when providers called our hooks last, and when one was turned away: how an operator sees that they reach us."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from checkin.db import insert_or_set
from checkin.models import HookCall

# How exact the times are: written at each callback, one row would be what all of them wait for.
EXACT_TO: Final = timedelta(seconds=10)


class Hook(StrEnum):
    """What is kept apart: status callbacks, texts of customers, and requests that were refused."""

    STATUS = "status"
    MESSAGE = "message"
    REFUSED = "refused"


@dataclass(frozen=True)
class LastCall:
    """When it was (within `EXACT_TO`), and for a refusal why: "signature" or "account"."""

    at: datetime
    detail: str


class Ledger:
    """What one process has written already, so that it asks the database for a write now and then only."""

    def __init__(self) -> None:
        """Begin with nothing written."""
        self._lock = threading.Lock()
        self._written: dict[tuple[Hook, str], datetime] = {}

    def is_due(self, hook: Hook, detail: str, moment: datetime) -> bool:
        """Tell whether this call is to be written; the next ones of its kind are not for a while."""
        with self._lock:
            last = self._written.get((hook, detail))
            if last is not None and last <= moment < last + EXACT_TO:
                return False
            self._written[hook, detail] = moment
            return True


def note_call(session: Session, hook: Hook, *, detail: str = "", moment: datetime) -> None:
    """Keep that a hook was called at this moment."""
    call = {"at": moment, "detail": detail[:40]}
    insert_or_set(session, HookCall, {"name": hook.value, **call}, key=["name"], anew=call)


def last_calls(session: Session) -> dict[Hook, LastCall]:
    """Return the last call of each kind that there was any of."""
    rows = session.execute(select(HookCall.name, HookCall.at, HookCall.detail))
    return {Hook(name): LastCall(at, detail) for name, at, detail in rows}
