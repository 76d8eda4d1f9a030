"""Every page in French, as it is and after each of its buttons was pressed with nothing typed: no English is left."""

import re
from types import SimpleNamespace
from typing import cast as said_to_be

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from checkin.models import Ticket
from tests.browser.test_every_page_is_accessible import SIGHTS, Sight, peopled
from tests.browser.venue import Venue
from tests.cast import Cast, sign_in
from tests.support.sentences import english_in, forms_of, said_by

pytestmark = pytest.mark.slow
IN_FRENCH = {"Accept-Language": "fr"}


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
@pytest.mark.parametrize("sight", [one for one in SIGHTS if one.then is None], ids=lambda sight: sight.what)
def test_no_english_is_left(client: FlaskClient, cast: Cast, sight: Sight) -> None:
    cast.set(languages="fr,en")
    venue = said_to_be(Venue, SimpleNamespace(cast=cast, email="carla@example.org", phone="(415) 555-2671"))
    places = {"slug": cast.slug} | ({} if sight.is_empty else peopled(venue))
    if sight.before is not None:
        sight.before(venue)
    with cast.writing() as session:
        session.execute(update(Ticket).values(language="fr"))
    if sight.who:
        sign_in(client, getattr(cast, sight.who))
    path = sight.path.format(**places)
    page = client.get(path, headers=IN_FRENCH)
    assert '<html lang="fr"' in page.text
    assert english_in(said_by(page.text)) == []
    assert bubbles_of(page.text) == []
    for action, hidden in forms_of(page.text):
        answer = client.post(action or path, data=hidden, headers=IN_FRENCH, follow_redirects=True)
        if action != "/language":
            assert english_in(said_by(answer.text)) == [], action


def bubbles_of(html: str) -> list[str]:
    """Return the forms in which the browser would complain in a bubble, in its own language, before we are asked."""
    forms = re.findall(r"<form\b.*?</form>", html, re.DOTALL)
    demanding = re.compile(r'<(?:input|select|textarea)\b[^>]*(?:\srequired\b|type="(?:email|url|number)"|\spattern=)')
    return [form[:120] for form in forms if demanding.search(form) and " novalidate" not in form.split(">", 1)[0]]


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_english_would_be_found(client: FlaskClient, cast: Cast) -> None:
    assert english_in(said_by(client.get("/demo/").text))
    assert english_in("x Il y a une erreur: Please choose a team.") == ["Please choose a team."]
    assert english_in("Please choose a teammate.") == []
