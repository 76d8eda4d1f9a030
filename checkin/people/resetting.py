"""New passwords by a link in an email: good for an hour, and for one use (docs/specification.md, 9.2)."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from checkin.alerts.links import read_reset_token
from checkin.alerts.outbox import enqueue_reset
from checkin.models import Account, AttemptKind, Person
from checkin.models.settings import DEFAULT_LANGUAGE
from checkin.people.throttle import begin_attempt, succeeded


class LinkDead(Exception):
    """The link is not one of ours, is too old, or was used."""


@dataclass(frozen=True)
class ResetFor:
    """Whose password a link sets."""

    account_id: int
    email: str
    session_number: int


def request_reset(
    session: Session, *, email: str, address: str, moment: datetime, language: str = DEFAULT_LANGUAGE
) -> None:
    """Put the email with the link, in `language`, into the outbox, where the account exists and works at an event.

    The caller's answer is the same either way. Raises TooManyTries.
    """
    begin_attempt(session, AttemptKind.RESET, email=email, address=address, moment=moment)
    person = session.execute(
        select(Person.id, Person.event_id)
        .join(Account, Account.id == Person.account_id)
        .where(Account.email == email)
        .order_by(Person.id.desc())
        .limit(1)
    ).one_or_none()
    if person is not None:
        enqueue_reset(
            session, event_id=person.event_id, person_id=person.id, moment=moment, occasion=str(uuid.uuid4()),
            language=language,
        )  # fmt: skip


def read_link(session: Session, token: str, *, secret_key: str) -> ResetFor:
    """Return whose password the link sets.

    Raises LinkDead.
    """
    claim = read_reset_token(secret_key, token)
    if claim is None:
        raise LinkDead
    account_id, session_number = claim
    account = session.execute(
        select(Account.email).where(Account.id == account_id, Account.session_number == session_number)
    ).one_or_none()
    if account is None:
        raise LinkDead
    return ResetFor(account_id, account.email, session_number)


def set_password(session: Session, token: str, *, secret_key: str, password_hash: str) -> ResetFor:
    """Keep the new password; end every session of the account and use up every link that was made before.

    Returns the account with its new session number. Raises LinkDead.
    """
    whose = read_link(session, token, secret_key=secret_key)
    account = session.get(Account, whose.account_id, with_for_update=True, populate_existing=True)
    if account is None or account.session_number != whose.session_number:
        raise LinkDead
    account.password_hash = password_hash
    account.session_number += 1
    succeeded(session, email=account.email)
    session.flush()
    return ResetFor(account.id, account.email, account.session_number)
