"""A ticket of a rehearsal is marked wherever people see it (docs/specification.md, 9.5)."""

import pytest
from flask.testing import FlaskClient

from tests.cast import CARLA_PHONE, Cast, checked_in, sign_in, taken
from tests.routes.pages import post, words_of


@pytest.mark.parametrize("rehearsal", [True, False])
def test_it_is_marked_on_ticket_desk_lists_board_and_kiosk(client: FlaskClient, cast: Cast, *, rehearsal: bool) -> None:
    cast.set(rehearsal=rehearsal, tickets_in_hand=0)
    checked_in(cast)
    key = taken(cast)
    # What is marked is the ticket, whatever the event does now.
    cast.set(rehearsal=not rehearsal)
    emil = sign_in(client, cast.emil)
    for page in (f"/demo/tickets/{key}", "/demo/desk", "/demo/tickets", "/demo/board"):
        assert ("Rehearsal" in words_of(emil.get(page))) is rehearsal, page


def test_who_is_checked_in_for_a_rehearsal_sees_it_at_the_kiosk(client: FlaskClient, cast: Cast) -> None:
    cast.set(rehearsal=True)
    kiosk = sign_in(client, cast.vera)
    answer = post(
        kiosk, "/demo/checkin", "/demo/checkin", first_name="Carla", last_name="Jones", email="carla@example.org",
        phone=CARLA_PHONE, product=cast.products["Stats iQ"],
    )  # fmt: skip
    assert "Rehearsal" in words_of(kiosk.get(answer.location))
