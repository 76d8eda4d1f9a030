"""What an event asks of its own at check-in, and what needs one more tap (docs/specification.md, 2.1, 2.2)."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from checkin.models import Product, QueueState, Ticket
from tests.cast import Cast, queue_of, sign_in
from tests.routes.pages import error_beside, form_of, words_of
from tests.routes.test_check_in import ADDRESS, submit

COMPANY = {"ask_question_1": "required", "question_1": "Company"}
LICENCE = {"ask_question_2": "optional", "question_2": "Licence", "question_2_choices": "Basic,Advanced"}


@pytest.fixture
def kiosk(client: FlaskClient, cast: Cast) -> FlaskClient:
    """Return Vera's kiosk."""
    return sign_in(client, cast.vera)


def again(kiosk: FlaskClient, cast: Cast, asked: Any, **pressed: str) -> Any:
    """Press a button of the form that came back."""
    return kiosk.post(ADDRESS, data={"product": str(cast.products["Stats iQ"])} | form_of(asked, ADDRESS) | pressed)


def test_the_events_own_questions_are_asked_and_kept(kiosk: FlaskClient, cast: Cast) -> None:
    assert 'name="question_' not in kiosk.get(ADDRESS).text
    cast.set(**COMPANY, **LICENCE)
    page = kiosk.get(ADDRESS)
    assert "Company" in words_of(page)
    assert "Advanced" in words_of(page)
    assert submit(kiosk, cast, question_1="  Acme ", question_2="Advanced").status_code == 303
    assert cast.ticket("STQ-1").answers == {"question_1": "Acme", "question_2": "Advanced"}


def test_an_optional_question_may_stay_open_and_leaves_no_answer(kiosk: FlaskClient, cast: Cast) -> None:
    cast.set(**COMPANY, **LICENCE)
    submit(kiosk, cast, question_1="Acme", question_2="")
    assert cast.ticket("STQ-1").answers == {"question_1": "Acme"}


@pytest.mark.parametrize(
    ("answers", "wrong", "sentence"),
    [
        ({"question_1": ""}, "question_1", "Please fill in Company."),
        ({"question_1": "x" * 201}, "question_1", "At most 200 characters, please."),
        ({"question_1": "A\x00"}, "question_1", "cannot be typed"),
        ({"question_1": "Acme", "question_2": "Platinum"}, "question_2", "Please choose one of the answers."),
    ],
    ids=["required", "too long", "control character", "no such choice"],
)
def test_a_wrong_answer_comes_back_beside_its_question(
    kiosk: FlaskClient, cast: Cast, answers: dict[str, Any], wrong: str, sentence: str
) -> None:
    cast.set(**COMPANY, **LICENCE)
    answer = submit(kiosk, cast, notes="in a hurry", **answers)
    assert answer.status_code == 422
    assert sentence in error_beside(answer, wrong)
    assert form_of(answer, ADDRESS)["notes"] == "in a hurry"


def test_a_choice_that_is_required_has_to_be_made_and_is_kept_at_errors(kiosk: FlaskClient, cast: Cast) -> None:
    cast.set(**LICENCE | {"ask_question_2": "required"})
    assert error_beside(submit(kiosk, cast), "question_2") == "Please choose one of the answers."
    answer = submit(kiosk, cast, question_2="Advanced", email="")
    assert '<option value="Advanced" selected>' in answer.text


def test_other_answers_are_other_content(kiosk: FlaskClient, cast: Cast) -> None:
    cast.set(**COMPANY)
    fields: dict[str, Any] = {"submission_id": "0123456789abcdef", "question_1": "Acme"}
    submit(kiosk, cast, **fields)
    assert "differs" in submit(kiosk, cast, **fields | {"question_1": "Apex"}).location
    assert cast.ticket("STQ-1").answers == {"question_1": "Acme"}


def test_each_language_is_offered_in_its_own_words_and_the_events_first_is_chosen(
    kiosk: FlaskClient, cast: Cast
) -> None:
    page = kiosk.get(ADDRESS)
    assert form_of(page, ADDRESS)["language"] == "en"
    assert '<span lang="fr">Français</span>' in page.text
    submit(kiosk, cast, language="fr")
    assert cast.ticket("STQ-1").language == "fr"
    cast.set(languages="fr")
    assert 'name="language"' not in kiosk.get(ADDRESS).text
    submit(kiosk, cast, email="carl@example.org", phone="415 555 2672")
    assert cast.ticket("STQ-2").language == "fr"


def test_urgent_is_out_of_the_way_until_it_is_said_why(kiosk: FlaskClient, cast: Cast) -> None:
    cast.set(allow_urgent=True)
    assert '<details class="urgent">' in kiosk.get(ADDRESS).text
    answer = submit(kiosk, cast, urgent_reason="x" * 201)
    assert '<details class="urgent" open>' in answer.text
    assert error_beside(answer, "urgent_reason")


def test_urgent_that_was_opened_and_left_empty_is_asked_about(kiosk: FlaskClient, cast: Cast) -> None:
    cast.set(allow_urgent=True)
    answer = submit(kiosk, cast, urgent_opened="1")
    assert answer.status_code == 422
    assert error_beside(answer, "urgent_reason") == "Please say why it cannot wait, or that it is not urgent."


class TestTwoQuestionsAtOnce:
    """A slip in the email and a number that may get no texts: each button answers its own question."""

    def test_the_emails_button_leaves_the_phones_question(self, kiosk: FlaskClient, cast: Cast) -> None:
        asked = submit(kiosk, cast, email="carla@gmial.com", phone="800 555 0199")
        asked = again(kiosk, cast, asked, email_choice="use")
        assert asked.status_code == 422
        assert "may not get texts" in words_of(asked)
        assert form_of(asked, ADDRESS)["email"] == "carla@gmail.com"
        assert again(kiosk, cast, asked, phone_choice="keep").status_code == 303
        ticket = cast.ticket("STQ-1")
        assert (ticket.email, ticket.phone) == ("carla@gmail.com", "+18005550199")

    def test_the_phones_button_leaves_the_emails_question(self, kiosk: FlaskClient, cast: Cast) -> None:
        asked = submit(kiosk, cast, email="carla@gmial.com", phone="800 555 0199")
        asked = again(kiosk, cast, asked, phone_choice="keep")
        assert asked.status_code == 422
        assert "carla@gmail.com" in words_of(asked)
        assert "may not get texts" not in words_of(asked)
        assert again(kiosk, cast, asked, email_choice="keep").status_code == 303
        assert cast.ticket("STQ-1").email == "carla@gmial.com"

    def test_the_main_button_leaves_all_as_it_was_typed(self, kiosk: FlaskClient, cast: Cast) -> None:
        asked = submit(kiosk, cast, email="carla@gmial.com", phone="800 555 0199")
        assert again(kiosk, cast, asked).status_code == 303
        assert cast.ticket("STQ-1").email == "carla@gmial.com"


class TestQueueStates:
    """The tiles say before the form is filled whether a queue takes anybody."""

    def test_a_tile_says_what_its_queue_does(self, kiosk: FlaskClient, cast: Cast) -> None:
        queue_of(cast, 1, "API")
        cast.set_queue("STQ", QueueState.CLOSED)
        cast.set_queue("T60", QueueState.CLOSING)
        cast.set_queue("API", QueueState.PAUSED)
        page = kiosk.get(ADDRESS)
        assert "closed" in words_of(page)
        assert "closing, nobody new" in words_of(page)
        assert "paused, 1 waiting" in words_of(page)
        assert page.text.count(" disabled>") == 2

    def test_a_queue_that_began_to_close_meanwhile_is_told_beside_the_product(
        self, kiosk: FlaskClient, cast: Cast
    ) -> None:
        cast.set_queue("STQ", QueueState.CLOSING)
        answer = submit(kiosk, cast, notes="in a hurry")
        assert answer.status_code == 409
        assert "is closing" in error_beside(answer, "product")
        assert form_of(answer, ADDRESS)["email"] == "carla@example.org"

    def test_a_product_whose_team_was_removed_meanwhile_is_told_beside_it(self, kiosk: FlaskClient, cast: Cast) -> None:
        with cast.writing() as session:
            session.execute(update(Product).where(Product.name == "Stats iQ").values(team_id=None))
        answer = submit(kiosk, cast, notes="in a hurry")
        assert answer.status_code == 422
        assert "No team helps with this product" in error_beside(answer, "product")
        fields = form_of(answer, ADDRESS)
        assert (fields["notes"], fields["first_name"]) == ("in a hurry", "Carla")
        assert "Stats iQ" not in words_of(answer)
        assert cast.all(select(Ticket)) == []

    @pytest.mark.parametrize("product", ["-1", "1.5", "one", "9" * 40])
    def test_what_cannot_be_a_product_is_none(self, kiosk: FlaskClient, cast: Cast, product: str) -> None:
        assert "Please choose" in error_beside(submit(kiosk, cast, product=product), "product")
