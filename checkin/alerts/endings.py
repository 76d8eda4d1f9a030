"""How an alert leaves `sending`: ended, waiting for another try, or left to a person (docs/alerts.md, States)."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Final

from checkin.models import Alert, AlertState, Channel

# How often an alert may have reached the provider before a person has to look at it. A second text says the same
# thing twice in somebody's pocket; a second email carries the same Message-ID.
MOST_TRANSMISSIONS: Final = {Channel.TEXT: 2, Channel.EMAIL: 3}

# Pauses grow from the first to the longest, by full jitter: any length up to the current one.
FIRST_PAUSE: Final = 2.0
LONGEST_PAUSE: Final = {Channel.TEXT: 60.0, Channel.EMAIL: 300.0}


def end(alert: Alert, state: AlertState, code: str, sentence: str, moment: datetime) -> None:
    """Let the alert end in `state`; nothing of ours is to be done with it any more."""
    release(alert, state, code, sentence)
    alert.ended_at = moment


def release(alert: Alert, state: AlertState, code: str, sentence: str) -> None:
    """Take the alert from the worker that had it."""
    alert.state, alert.reason_code, alert.reason = state, code, sentence
    alert.attempt_id = alert.lease_until = None


def may_have_left(
    alert: Alert, code: str, sentence: str, *, moment: datetime, look_up_after: timedelta | None, ended: datetime
) -> None:
    """Count a try that ended without our knowing how: an email leaves again, a text is looked up before that.

    A look-up waits until the provider has had its time since the try `ended`. What has been tried often enough, or
    cannot be looked up (`look_up_after` is None), is left to a person.
    """
    alert.transmissions += 1
    if alert.channel is Channel.TEXT:
        alert.unknown_at, alert.look_ups = moment, 0
        alert.due_at = ended + (look_up_after or timedelta())
        state = AlertState.PENDING if look_up_after is not None else AlertState.NEEDS_REVIEW
        release(alert, state, code, sentence)
    elif alert.transmissions < MOST_TRANSMISSIONS[alert.channel]:
        wait_again(alert, code, sentence, moment)
    else:
        release(alert, AlertState.NEEDS_REVIEW, code, sentence)


def wait_again(alert: Alert, code: str, sentence: str, moment: datetime, *, retry_after: float = 0.0) -> None:
    """Let the alert wait for its next try, or for the moment when it is too old.

    `retry_after` is how many seconds the provider asks for; our own pause comes on top.
    """
    due_at = moment + timedelta(seconds=retry_after + pause_seconds(alert.channel, alert.attempts))
    alert.due_at = min(due_at, alert.expires_at) if alert.expires_at is not None else due_at
    release(alert, AlertState.PENDING, code, sentence)


def pause_seconds(channel: Channel, attempts: int) -> float:
    """Return how long to wait after so many tries: full jitter, so that workers do not come back all at once."""
    ceiling = min(LONGEST_PAUSE[channel], FIRST_PAUSE * 2 ** min(max(attempts, 1) - 1, 20))
    return random.uniform(0.0, ceiling)  # noqa: S311  # no secret
