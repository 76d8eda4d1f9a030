"""What an organiser does so that a channel that stands still can send again (docs/alerts.md)."""

from flask_babel import gettext as _

from checkin.alerts.pausing import NO_COUNTRY
from checkin.models import Channel
from checkin.reports.outbox import Pause


def what_to_do(pause: Pause) -> str:
    """Return what has to be put right before the channel is started again."""
    return _texts(pause) if pause.channel is Channel.TEXT else _emails(pause)


def _texts(pause: Pause) -> str:
    match pause.code:
        case "20003" | "20404":
            return _("Set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN as the Twilio console shows them and restart.")
        case "21401" | "21601" | "21606":
            return _("Set TWILIO_FROM or TWILIO_MESSAGING_SERVICE_SID to a sender of this account and restart.")
        case "21408" if pause.region != NO_COUNTRY:
            return _("Switch texts to %(country)s on in the Twilio console (Geo permissions).", country=pause.region)
        case "21608":
            return _("Upgrade the Twilio account, or verify the numbers that you try it with.")
        case "30002":
            return _("Look into the Twilio console: the account has to be active and paid for.")
        case "30007" | "30032" | "30034":
            return _("Register the sender with the networks in the Twilio console, or send from another one.")
    return _("Look into the Twilio console, and let `flask --app app doctor` check the settings.")


def _emails(pause: Pause) -> str:
    match pause.code:
        case "530" | "534" | "535" | "538":
            return _("Set the user and the password in SMTP_URL right and restart.")
        case "550" | "553" | "501":
            return _("Set MAIL_FROM to an address that the mail server lets this account send from, and restart.")
        case "certificate" | "tls":
            return _("Set the name and port in SMTP_URL right and restart, or ask who runs the mail server.")
    return _("Check SMTP_URL and MAIL_FROM, and let `flask --app app doctor` try the mail server.")
