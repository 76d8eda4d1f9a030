"""The rules of signing in. The password is judged between two short transactions, never inside one."""

from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from checkin.models import Account
from checkin.people.throttle import succeeded


@dataclass(frozen=True)
class Credentials:
    """What is kept of an account to judge a password by; all None for an email that is nobody's."""

    account_id: int | None
    password_hash: str | None
    session_number: int


NOBODY = Credentials(None, None, 0)


def find_credentials(session: Session, *, email: str) -> Credentials:
    """Return what an account's password is judged by. `email` as `account_email` writes it."""
    row = session.execute(
        select(Account.id, Account.password_hash, Account.session_number).where(Account.email == email)
    ).one_or_none()
    return NOBODY if row is None else Credentials(row.id, row.password_hash, row.session_number)


def welcome(session: Session, credentials: Credentials, *, email: str, new_hash: str | None) -> None:
    """Forget the account's failures and keep `new_hash`, when the old one is outdated, unless it changed meanwhile."""
    succeeded(session, email=email)
    if new_hash is not None:
        session.execute(
            update(Account)
            .where(Account.id == credentials.account_id, Account.password_hash == credentials.password_hash)
            .values(password_hash=new_hash)
        )
