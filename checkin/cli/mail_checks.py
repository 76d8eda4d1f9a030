"""What `doctor` asks about emails: the mail server, the addresses, and what DNS says of the sender's domain."""

from collections.abc import Callable, Iterator
from typing import Final

import dns.exception
import dns.resolver
from email_validator import EmailNotValidError, validate_email
from sqlalchemy import select

from checkin.alerts.channels import Outcome, TransportError
from checkin.alerts.channels.mail import ascii_address
from checkin.alerts.channels.smtp_url import Security, read_url
from checkin.alerts.worker import mail_channel
from checkin.cli.findings import Finding, warning, well
from checkin.cli.text_checks import failed
from checkin.config import Settings
from checkin.db import db
from checkin.models import Event

# What is never asked of DNS: names for examples and for networks of one's own (RFC 6761, RFC 2606).
_RESERVED: Final = ("example.org", "example.com", "example.net", "example", "test", "invalid", "localhost", "local")
_HERE: Final = {"127.0.0.1", "localhost", "::1"}
_DNS_SECONDS: Final = 3.0
_ADVICE: Final = {Outcome.MISCONFIGURED: "What to do: docs/alerts.md, When a channel is paused."}
_AWAY: Final = "Compare host and port with what your provider names; some networks let nobody out to port 25 or 587."

# Returns the records of a name, [] when there are none, None when DNS cannot be asked.
Records = Callable[[str, str], list[str] | None]


def check_mail(settings: Settings) -> Iterator[Finding]:
    """Ask the mail server whether emails can leave, and DNS whether they will be believed."""
    if not settings.has_mail_provider:
        return
    try:
        server = read_url(settings.smtp_url)
    except ValueError:
        return  # said by check_providers
    yield from _check_server(settings)
    if server.security is Security.PLAIN and server.host not in _HERE:
        yield warning(
            "SMTP_URL is smtp://: names, addresses and the password travel in the clear. Use smtp+starttls://."
        )
    yield from _check_addresses(settings)
    for domain in sorted({_domain(settings.mail_from), *settings.effective_mail_from_domains}):
        yield from check_domain(domain, records_of)


def _check_server(settings: Settings) -> Iterator[Finding]:
    server = read_url(settings.smtp_url)
    try:
        mail_channel(settings).try_out(settings.mail_from)
    except TransportError as error:
        yield failed(error, advice=_ADVICE.get(error.outcome, _AWAY if not error.code else ""))
        return
    signed_in = f", signed in as {server.user}" if server.user else ""
    yield well(f"{server.host}:{server.port} takes emails from {settings.mail_from}{signed_in}. None was sent.")


def _check_addresses(settings: Settings) -> Iterator[Finding]:
    for name, address in (("MAIL_FROM", settings.mail_from), ("MAIL_REPLY_TO", settings.mail_reply_to)):
        try:
            if address:
                validate_email(address, check_deliverability=False, allow_smtputf8=False, test_environment=True)
        except EmailNotValidError as error:
            yield warning(f"{name} ({address}) is no address: {error}")
    domain, allowed = _domain(settings.mail_from), settings.effective_mail_from_domains
    if domain not in allowed:
        yield warning(
            f"MAIL_FROM is at {domain}, which MAIL_FROM_DOMAINS ({', '.join(allowed)}) does not name: add it."
        )


def check_own_senders(settings: Settings) -> Iterator[Finding]:
    """Look whether each event's own From address is one that it may have (specification, 5.2)."""
    allowed = settings.effective_mail_from_domains
    try:
        events = db.session.scalars(select(Event).order_by(Event.id)).all()
        own = [(event.slug, event.settings.mail_from) for event in events if event.settings.mail_from]
    finally:
        db.session.remove()
    for slug, address in own:
        if _domain(address) not in allowed:
            listed = ", ".join(allowed) or "nothing"
            yield warning(
                f"{slug}: mail_from ({address}) is not used, for MAIL_FROM_DOMAINS allows {listed}: add the domain "
                f"there, or flask --app app event set {slug} mail_from="
            )


def check_domain(domain: str, records: Records) -> Iterator[Finding]:
    """Give hints on what DNS says of a sender's domain; nothing here makes the command fail."""
    if domain in _RESERVED or domain.endswith(tuple(f".{name}" for name in _RESERVED)) or "." not in domain:
        return
    texts, receivers, policy = records(domain, "TXT"), records(domain, "MX"), _policy(domain, records)
    if texts is None or receivers is None or policy is None:
        yield warning(f"DNS could not be asked about {domain}: look up its SPF, DMARC and MX records by hand.")
        return
    if not (texts or receivers or policy):
        yield warning(
            f"DNS, as this machine sees it, has neither SPF nor DMARC nor MX for {domain}: is that the domain? "
            "Set them up (docs/alerts.md, Set SMTP up)."
        )
        return
    senders = [text for text in texts if text.lower().startswith("v=spf1")]
    found = {"SPF": len(senders) == 1, "DMARC": bool(policy), "MX": any(not one.endswith(" .") for one in receivers)}
    if len(senders) > 1:
        yield warning(f"{domain} has {len(senders)} SPF records, which counts as none: make them one.")
    elif not senders:
        yield warning(
            f"{domain} has no SPF record: add the TXT record that your mail provider names, such as "
            '"v=spf1 include:spf.provider.example ~all".'
        )
    if not policy:
        yield warning(f'{domain} has no DMARC record: add at _dmarc.{domain} the TXT record "v=DMARC1; p=none".')
    if not found["MX"]:
        yield warning(
            f"{domain} receives no email (no MX): answers and bounces are lost. Set MAIL_REPLY_TO to who reads."
        )
    named = ", ".join(name for name, there in found.items() if there)
    if named:
        yield well(f"DNS has {named} for {domain}. DKIM: see a received test email's 'Show original'.")


def _policy(domain: str, records: Records) -> list[str] | None:
    """Return the DMARC record of a domain or of one above it, without the last part of its name."""
    parts = domain.split(".")
    for start in range(len(parts) - 1):
        found = records(".".join(["_dmarc", *parts[start:]]), "TXT")
        if found is None:
            return None
        named = [text for text in found if text.startswith("v=DMARC1")]
        if named:
            return named
    return []


def records_of(name: str, kind: str) -> list[str] | None:
    """Ask DNS, for a few seconds at most: [] for no such records, None when nobody answers."""
    try:
        resolver = dns.resolver.Resolver()
        answer = resolver.resolve(name, kind, lifetime=_DNS_SECONDS)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except (dns.exception.DNSException, OSError):
        return None
    # A TXT record comes in quoted pieces, which belong together without anything between them.
    return [record.to_text().replace('" "', "").strip('"') for record in answer]


def _domain(address: str) -> str:
    return ascii_address(address).rpartition("@")[2].lower()
