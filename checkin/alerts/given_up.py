"""What the reason for which Twilio gave a text up means beyond this one text (docs/alerts.md, Undelivered)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from checkin.alerts.channels import Outcome, TransportError
from checkin.alerts.channels.twilio_codes import CONFIGURATION
from checkin.alerts.endings import MOST_TRANSMISSIONS
from checkin.alerts.pausing import pause_channel, wait_for_start
from checkin.alerts.suppressing import OPTED_OUT_CODE, end_suppressed
from checkin.models import Alert

# One network that takes a text for unwanted does not mean that the others do.
_OF_ONE_TEXT: Final = frozenset({30007})


def heed_code(session: Session, alert: Alert, code: int | None, *, moment: datetime) -> None:
    """Keep texts from a number that opted out, and let the channel wait where our set-up is at fault.

    The text itself waits with it if it may leave once more.
    """
    if str(code) == OPTED_OUT_CODE:
        end_suppressed(session, alert, source=OPTED_OUT_CODE, moment=moment)
    elif code in CONFIGURATION and code not in _OF_ONE_TEXT:
        error = TransportError(Outcome.MISCONFIGURED, CONFIGURATION[code], code=str(code))
        pause_channel(session, alert, error, moment=moment)
        if alert.transmissions < MOST_TRANSMISSIONS[alert.channel]:
            wait_for_start(alert, error.sentence, moment=moment)
            alert.ended_at = None
