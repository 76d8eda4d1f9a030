"""Adds people to an event, with their roles and teams."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from checkin.db import announce
from checkin.models import Account, Event, GivenRole, Person, PersonRole, TeamMember
from checkin.people.emails import account_email, is_email
from checkin.setup.contents import find_team
from checkin.setup.errors import EmailNotPossible
from checkin.setup.names import checked_name


@dataclass(frozen=True)
class AddedPerson:
    """Who was added, by the name that they have here.

    `has_password` tells whether the account could sign in before anything else happens, `kept_password` that it had one
    before and did not get another.
    """

    person_id: int
    account_id: int
    email: str
    name: str
    has_password: bool
    kept_password: bool


def add_person(
    session: Session, event: Event, *, email: str, name: str, roles: Collection[GivenRole] = (),
    teams: Collection[str] = (), leads: Collection[str] = (), password_hash: str | None = None,
) -> AddedPerson:  # fmt: skip
    """Add somebody to the event, or more roles and teams to somebody who is there.

    `teams` and `leads` are codes of teams; a lead is an expert of the team too. An account that exists keeps its
    password. Raises EmailNotPossible, NameNotPossible, NoSuchTeam.
    """
    name = checked_name(name, longest=100)
    if not is_email(email):
        raise EmailNotPossible(email=email)
    account = _account(session, account_email(email), password_hash)
    person = session.scalar(select(Person).where(Person.event_id == event.id, Person.account_id == account.id))
    if person is None:
        person = Person(event_id=event.id, account_id=account.id, name=name)
        session.add(person)
        session.flush()
    for role in roles:
        session.merge(PersonRole(person_id=person.id, role=role))
    for code in dict.fromkeys([*teams, *leads]):
        _join(session, find_team(session, event, code).id, person.id, is_lead=code in leads)
    session.flush()
    announce(session, event.id)
    return AddedPerson(
        person.id, account.id, account.email, person.name, has_password=account.password_hash is not None,
        kept_password=password_hash is not None and account.password_hash != password_hash,
    )  # fmt: skip


def _account(session: Session, email: str, password_hash: str | None) -> Account:
    account = session.scalar(select(Account).where(Account.email == email))
    if account is None:
        account = Account(email=email)
        session.add(account)
    if account.password_hash is None:
        account.password_hash = password_hash
    session.flush()
    return account


def _join(session: Session, team_id: int, person_id: int, *, is_lead: bool) -> None:
    member = session.get(TeamMember, (team_id, person_id))
    if member is None:
        session.add(TeamMember(team_id=team_id, person_id=person_id, is_lead=is_lead))
    elif is_lead:
        member.is_lead = True
    session.flush()
