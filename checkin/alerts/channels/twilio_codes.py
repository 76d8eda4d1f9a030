"""What Twilio's error codes mean for an alert, in words for the people at the desk.

The sentences about a recipient are read by an expert beside the ticket and say what they can do, those about our
set-up by an organiser. Codes from 30000 on come with a status callback as well, for a text that was accepted before.
"""

from __future__ import annotations

from typing import Final

from checkin.alerts.channels import Outcome
from checkin.i18n import mark as N_

# Never to succeed for this number; the email and the expert's voice are what is left.
RECIPIENT: Final = {
    21211: N_("This phone number does not exist: call the name out."),
    21610: N_("This number has opted out of texts (STOP): call the name out."),
    21612: N_("Texts cannot be sent to this number: call the name out."),
    21614: N_("This number is not a mobile phone: call the name out."),
    # Our own mistake, but one text's: the others are not too long.
    21617: N_("The text is too long for Twilio: call the name out, and tell an organiser."),
    21635: N_("This number is a landline: call the name out."),
    30004: N_("This phone does not accept our texts: call the name out."),
    30005: N_("This phone is not known to its network: call the name out."),
    30006: N_("This number is a landline, or its network takes no texts: call the name out."),
}

# Every other text would be refused for the same reason, until somebody changes the set-up.
CONFIGURATION: Final = {
    20003: N_("Twilio does not accept the account's SID and token."),
    20404: N_("Twilio does not know this account or messaging service."),
    21401: N_("Twilio does not accept the number that texts are sent from."),
    21408: N_("Texts to this country are not switched on in Twilio."),
    21601: N_("The number that texts are sent from cannot send texts."),
    21606: N_("The number that texts are sent from is not one of this Twilio account."),
    21608: N_("This is a trial account of Twilio: it sends only to verified numbers."),
    30002: N_("The Twilio account is suspended."),
    30007: N_("The network filtered the text out as unwanted."),
    30032: N_("The toll-free number that texts are sent from is not verified."),
    30034: N_("The number that texts are sent from is not registered with the networks (A2P 10DLC)."),
    63016: N_("WhatsApp takes only an approved template here."),
}

# Refused before anything was queued, because too much is waiting already; it passes.
QUEUE_FULL: Final = {
    21611: N_("Too many texts are waiting at Twilio."),
    30001: N_("Too many texts are waiting at Twilio."),
    30022: N_("The networks let no more of our texts through for the moment."),
}

_INSIDE_TWILIO: Final = N_("Something went wrong inside Twilio, so the text did not arrive: call the name out.")

# Accepted, and given up on the way for a reason that may be gone a little later: worth one more try.
PASSING: Final = {
    30001: N_("Too many texts are waiting at Twilio, so this one did not arrive: call the name out."),
    30003: N_("The phone is switched off or out of reach: call the name out."),
    30008: N_("The text did not arrive, and the network does not say why: call the name out."),
    30021: _INSIDE_TWILIO,
    30022: N_("The networks let too few of our texts through, so this one did not arrive: call the name out."),
    30047: _INSIDE_TWILIO,
    **dict.fromkeys(range(30500, 30600), _INSIDE_TWILIO),
}

_NOT_DELIVERED: Final = N_("The text did not arrive: call the name out.")

_TABLE: Final = (
    (Outcome.REFUSED, RECIPIENT),
    (Outcome.MISCONFIGURED, CONFIGURATION),
    (Outcome.NOT_SENT, QUEUE_FULL),
)

_OTHER: Final = (Outcome.REFUSED, N_("Twilio refused the text: call the name out."))
_DENIED: Final = (Outcome.MISCONFIGURED, N_("Twilio denied access: the account's SID, token or sender is wrong."))


def meaning(code: int, *, status: int) -> tuple[Outcome, str]:
    """Return what a refusal means and its sentence, by Twilio's code, else by the HTTP status (400 to 499)."""
    for outcome, sentences in _TABLE:
        if code in sentences:
            return outcome, sentences[code]
    return _DENIED if status in (401, 403, 404) else _OTHER


def sentence_of(code: int | None) -> str:
    """Return the sentence for a text that Twilio had accepted and then gave up for this reason, if it named one."""
    known = RECIPIENT | CONFIGURATION | PASSING
    return _NOT_DELIVERED if code is None else known.get(code, _NOT_DELIVERED)
