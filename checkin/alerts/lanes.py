"""A channel's way out of the outbox, and what a look into it can find."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto
from typing import Any

from sqlalchemy.orm import Session

from checkin.alerts.channels import Found, Receipt
from checkin.alerts.drafting import Sender
from checkin.alerts.pacing import Pacing
from checkin.models import Channel


@dataclass(frozen=True)
class Lane:
    """One channel's way out, apart from the other's. `send` is the channel's verb, None without a provider.

    `look_up(to, body, since=..., adopted=...)` finds a text that may have left, None where that cannot be asked;
    it is asked `look_up_after` the try, and again after as long. Without `pace` the lane sends as fast as it can.
    """

    channel: Channel
    send: Callable[[Any], Receipt] | None
    sender: Sender
    transaction: Callable[[], AbstractContextManager[Session]]
    lease: timedelta
    look_up: Callable[..., Found | None] | None = None
    look_up_after: timedelta = timedelta(seconds=60)
    pace: Pacing | None = None


@dataclass(frozen=True)
class Leased:
    """An alert that this worker alone may send now, before `send_before` by this process's monotonic clock."""

    alert_id: int
    attempt_id: str
    attempt: int
    message: Any
    send_before: float


@dataclass(frozen=True)
class Rest:
    """Nothing may be sent for so many seconds: the sender has what it can send."""

    seconds: float


class Progress(Enum):
    """What a look into the outbox came to when nothing is to be sent."""

    NOTHING_DUE = auto()
    SETTLED = auto()
