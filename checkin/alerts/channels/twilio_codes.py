"""What Twilio's error codes mean for an alert, in words for the people at the desk.

The sentences about a recipient are read by an expert beside the ticket, those about our set-up by an organiser. Codes
from 30000 on come with a status callback as well, for a text that was accepted before.
"""

from checkin.alerts.channels import Outcome
from checkin.i18n import mark as N_

# Never to succeed for this number; the email and the expert's voice are what is left.
RECIPIENT = {
    21211: N_("This phone number does not exist."),
    21610: N_("This number has opted out of texts (STOP)."),
    21612: N_("Texts cannot be sent to this number."),
    21614: N_("This number is not a mobile phone."),
    21635: N_("This number is a landline."),
    30004: N_("This phone does not accept our texts."),
    30005: N_("This phone is not known to its network."),
    30006: N_("This number is a landline, or its network takes no texts."),
}

# Every other text would be refused for the same reason, until somebody changes the set-up.
CONFIGURATION = {
    20003: N_("Twilio does not accept the account's SID and token."),
    20404: N_("Twilio does not know this account or messaging service."),
    21401: N_("Twilio does not accept the number that texts are sent from."),
    21408: N_("Texts to this country are not switched on in Twilio."),
    21601: N_("The number that texts are sent from cannot send texts."),
    21606: N_("The number that texts are sent from is not one of this Twilio account."),
    21608: N_("This is a trial account of Twilio: it sends only to verified numbers."),
    21617: N_("The text is too long for Twilio."),
    30002: N_("The Twilio account is suspended."),
    30007: N_("The network filtered the text out as unwanted."),
    30032: N_("The toll-free number that texts are sent from is not verified."),
    30034: N_("The number that texts are sent from is not registered with the networks (A2P 10DLC)."),
    63016: N_("WhatsApp takes only an approved template here."),
}

# Refused before anything was queued, because too much is waiting already; it passes.
QUEUE_FULL = {
    21611: N_("Too many texts are waiting at Twilio."),
    30001: N_("Too many texts are waiting at Twilio."),
}

_TABLE = (
    (Outcome.REFUSED, RECIPIENT),
    (Outcome.MISCONFIGURED, CONFIGURATION),
    (Outcome.NOT_SENT, QUEUE_FULL),
)

_OTHER = (Outcome.REFUSED, N_("Twilio refused the text."))
_DENIED = (Outcome.MISCONFIGURED, N_("Twilio denied access: the account's SID, token or sender is wrong."))


def meaning(code: int, *, status: int) -> tuple[Outcome, str]:
    """Return what a refusal means and its sentence, by Twilio's code, else by the HTTP status (400 to 499)."""
    for outcome, sentences in _TABLE:
        if code in sentences:
            return outcome, sentences[code]
    return _DENIED if status in (401, 403, 404) else _OTHER
