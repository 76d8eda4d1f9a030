"""`send-test`: sends one real text or email and says what became of it."""

import time
from typing import Final

import click
import phonenumbers
from email_validator import EmailNotValidError, validate_email
from flask.cli import with_appcontext

from checkin import clock
from checkin.alerts.channels import Found, MailMessage, TextMessage, TransportError
from checkin.alerts.channels.twilio_codes import meaning
from checkin.alerts.worker import mail_channel, text_channel
from checkin.cli.checks import settings_here
from checkin.cli.text_checks import account_of, failed
from checkin.config import Settings
from checkin.models import Channel

_FINAL: Final = {"delivered", "undelivered", "failed", "canceled", "read"}
_LIFETIME: Final = 600


@click.command("send-test")
@click.argument("channel", type=click.Choice([channel.value for channel in Channel]))
@click.argument("to")
@click.option("--wait", default=20, show_default=True, help="How many seconds to follow a text to the phone.")
@with_appcontext
def send_test(channel: str, to: str, wait: int) -> None:
    """Send one real text or email past the outbox; TO is +14155552671 or an address."""
    settings = settings_here()
    try:
        if channel == Channel.TEXT:
            _send_text(settings, to, wait=wait)
        else:
            _send_email(settings, to)
    except TransportError as error:
        raise click.ClickException(failed(error).sentence) from error


def _send_text(settings: Settings, to: str, *, wait: int) -> None:
    if not settings.has_text_provider:
        raise click.ClickException("No provider for texts is set (docs/alerts.md, Set Twilio up).")
    words = f"A test of Checkin at {settings.effective_public_url}. Nothing to do."
    text = TextMessage(_number(to), words, status_callback=None, validity_seconds=_LIFETIME)
    receipt = text_channel(settings).send(text)
    click.echo(f"Twilio has taken it: {receipt.provider_id} ({receipt.detail}).")
    found = _followed(settings, receipt.provider_id, until=time.monotonic() + wait)
    click.echo(f"It is now: {found.status}." + (f" [{found.code}]" if found.code else ""))
    if found.status in {"undelivered", "failed"}:
        raise click.ClickException(meaning(found.code or 0, status=400)[1])
    if found.status not in _FINAL:
        click.echo(f"Follow it at https://console.twilio.com/us1/monitor/logs/sms?sid={found.provider_id}")


def _number(typed: str) -> str:
    try:
        number = phonenumbers.parse(typed, None)
    except phonenumbers.NumberParseException as error:
        raise click.ClickException("Write the number with + and its country: +14155552671") from error
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _followed(settings: Settings, sid: str, *, until: float) -> Found:
    """Ask Twilio how far the text is, until it is at its end or the time is over."""
    account = account_of(settings)
    while (found := account.text(sid)).status not in _FINAL and time.monotonic() < until:
        time.sleep(1)
    return found


def _send_email(settings: Settings, to: str) -> None:
    if not settings.has_mail_provider:
        raise click.ClickException("No provider for emails is set (docs/alerts.md, Set SMTP up).")
    try:
        validate_email(to, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise click.ClickException(str(error)) from error
    words = f"A test of Checkin at {settings.effective_public_url}. Nothing to do."
    moment = clock.now()
    domain = settings.mail_from.rpartition("@")[2]
    mail = MailMessage(
        to_name="", to_address=to, from_name="Checkin", from_address=settings.mail_from,
        reply_to=settings.mail_reply_to, subject="A test of Checkin", text=f"{words}\n",
        html=f"<p>{words}</p>\n", message_id=f"<test.{moment.timestamp():.6f}@{domain}>", date=moment,
    )  # fmt: skip
    receipt = mail_channel(settings).send(mail)
    click.echo(f"The mail server has taken it: {receipt.detail}")
    click.echo(f"Look for {receipt.provider_id} in the inbox; 'Show original' must say SPF, DKIM and DMARC: pass.")


COMMANDS: Final = (send_test,)
