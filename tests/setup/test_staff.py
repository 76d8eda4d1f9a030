"""People are added to an event."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from checkin.db import transaction
from checkin.models import Account, Event, GivenRole, Person, PersonRole, TeamMember
from checkin.setup.errors import EmailNotPossible, NameNotPossible, NoSuchTeam
from checkin.setup.staff import AddedPerson, add_person
from tests.cast import Cast

KIM = "kim@example.org"


def event(session: Session, slug: str) -> Event:
    return session.scalars(select(Event).where(Event.slug == slug)).one()


def add(
    email: str = KIM, name: str = "Kim Po", *, slug: str = "demo", roles: tuple[GivenRole, ...] = (),
    teams: tuple[str, ...] = (), leads: tuple[str, ...] = (), password_hash: str | None = None,
) -> AddedPerson:  # fmt: skip
    with transaction() as session:
        return add_person(
            session, event(session, slug), email=email, name=name, roles=roles, teams=teams, leads=leads,
            password_hash=password_hash,
        )  # fmt: skip


def test_somebody_new_gets_an_account_roles_and_teams(rules: Cast) -> None:
    added = add(roles=(GivenRole.VOLUNTEER,), teams=("T60",), leads=("STQ",), password_hash="a hash")
    assert added.has_password
    assert rules.one(select(Account.password_hash).where(Account.email == KIM)) == "a hash"
    assert rules.all(select(PersonRole.role).where(PersonRole.person_id == added.person_id)) == [GivenRole.VOLUNTEER]
    members = rules.all(select(TeamMember).where(TeamMember.person_id == added.person_id))
    assert {row.team_id: row.is_lead for row in members} == {rules.teams["T60"]: False, rules.teams["STQ"]: True}


def test_an_account_that_is_there_keeps_its_password_and_gets_a_person_in_the_event(rules: Cast) -> None:
    before = rules.one(select(Account.password_hash).where(Account.id == rules.emil.account_id))
    added = add(rules.emil.email.upper(), "Emil Berg", slug="demo-elsewhere", password_hash="another")
    assert added.account_id == rules.emil.account_id
    assert rules.one(select(Account.password_hash).where(Account.id == rules.emil.account_id)) == before
    events = rules.all(select(Person.event_id).where(Person.account_id == rules.emil.account_id))
    assert len(set(events)) == 2


def test_roles_and_teams_add_up_and_are_given_once(rules: Cast) -> None:
    first = add(roles=(GivenRole.VOLUNTEER,), teams=("STQ",))
    assert not first.has_password
    again = add(roles=(GivenRole.VOLUNTEER, GivenRole.ORGANISER), teams=("STQ", "API"), leads=("STQ",))
    add(teams=("STQ",))
    assert again.person_id == first.person_id
    roles = rules.all(select(PersonRole.role).where(PersonRole.person_id == first.person_id))
    assert set(roles) == {GivenRole.VOLUNTEER, GivenRole.ORGANISER}
    members = rules.all(select(TeamMember).where(TeamMember.person_id == first.person_id))
    assert {row.team_id: row.is_lead for row in members} == {rules.teams["STQ"]: True, rules.teams["API"]: False}


def test_an_account_that_was_never_used_takes_the_password_it_is_given(rules: Cast) -> None:
    add()
    assert add(password_hash="now").has_password


def test_what_is_not_possible_changes_nothing(rules: Cast) -> None:
    with pytest.raises(EmailNotPossible):
        add("kim")
    with pytest.raises(NameNotPossible):
        add(name="")
    with pytest.raises(NoSuchTeam):
        add(teams=("NOPE",))
    with pytest.raises(NoSuchTeam):
        add(slug="demo-elsewhere", teams=("STQ",))
    assert rules.all(select(Account).where(Account.email == KIM)) == []
