"""Organisers change the settings of their event."""

import pytest
from sqlalchemy import select

from checkin.db import Announcement, subscribe, transaction
from checkin.models import Event, EventSettings
from checkin.setup.errors import NoSuchSetting, SettingNotPossible
from checkin.setup.settings import list_settings, set_setting
from tests.cast import Cast


def change(cast: Cast, name: str, value: str) -> str:
    with transaction() as session:
        event = session.get_one(Event, cast.event_id)
        return set_setting(session, event, name=name, value=value, mail_domains=("example.org", "acme.example"))


def listed(cast: Cast) -> dict[str, str]:
    return list_settings(cast.one(select(Event).where(Event.id == cast.event_id)))


def test_every_setting_is_listed_as_it_would_be_typed(rules: Cast) -> None:
    assert set(listed(rules)) == {"name", "time_zone", *EventSettings.model_fields}
    for name, value in listed(rules).items():
        if value or name == "mail_from_name":
            assert change(rules, name, value) == value


@pytest.mark.parametrize(
    ("name", "typed", "kept"),
    [
        ("tickets_in_hand", "0", "0"), ("tickets_in_hand", " 3 ", "3"), ("board_names", "key_only", "key_only"),
        ("feedback_delay_minutes", "30", "30"), ("public", "no", "no"), ("public", "true", "yes"),
        ("phone_region", "de", "DE"), ("languages", "en", "en"), ("name", " Acme World ", "Acme World"),
        ("time_zone", "Asia/Kolkata", "Asia/Kolkata"), ("title_format", "{key} {product}", "{key} {product}"),
        ("mail_from", " Ask+us@Acme.example ", "Ask+us@Acme.example"), ("mail_from", "", ""),
        ("mail_reply_to", "no-reply@elsewhere.example", "no-reply@elsewhere.example"),
        ("rehearsal_testers", "ada@example.org, (415) 555-2671 ,+49 30 123456",
         "ada@example.org,(415) 555-2671,+49 30 123456"), ("rehearsal_testers", "", ""),
        ("ready_delay_seconds", "30", "30"), ("checked_in_text", "yes", "yes"), ("rehearsal", "yes", "yes"),
        ("languages", "fr, en,fr", "fr,en"), ("day_ends_at", "17:30", "17:30"),
        ("board_link", "hall-7-north", "hall-7-north"), ("board_link", "", ""),
        ("ask_phone", "not_asked", "not_asked"), ("username_label", "Acme username", "Acme username"),
    ],
)  # fmt: skip
def test_a_setting_is_kept_and_other_settings_stay(rules: Cast, name: str, typed: str, kept: str) -> None:
    before = listed(rules)
    assert change(rules, name, typed) == kept
    assert listed(rules) == before | {name: kept}


@pytest.mark.parametrize(
    ("name", "typed", "why"),
    [
        ("tickets_in_hand", "many", "a whole number"), ("tickets_in_hand", "-1", "greater than or equal to 0"),
        ("board_names", "initials", "'full', 'first_initial' or 'key_only'"), ("public", "perhaps", "yes or no"),
        ("day_ends_at", "24:00", "a time such as 17:30"), ("board_link", "short", "8 to 64 letters"),
        ("phone_region", "XX", "two letters"),
        ("languages", "tlh", "among"), ("title_format", "{email}", "may use"),
        ("title_format", "{first_name.__class__}", "may use"), ("title_format", "{", "may use"),
        ("title_format", "{key:>999999999}", "may use"), ("title_format", "{key!r}", "may use"),
        ("time_zone", "Mars/Olympus", "no time zone"), ("name", "", "1 to 120 characters"),
        ("mail_from", "desk", "an email address"), ("mail_from", "a@example.org\nBcc: b@example.org", "email address"),
        ("mail_from", "größe@example.org", "plain letters"), ("mail_from", "a@example.com", "in MAIL_FROM_DOMAINS"),
        ("mail_from", "a@sub.example.org", "MAIL_FROM_DOMAINS"), ("mail_reply_to", "nobody", "an email address"),
        ("rehearsal_testers", "ada@example.org,hello", "'hello' is neither"), ("rehearsal_testers", "1234", "neither"),
        ("mail_from_name", "Acme\r\nBcc: all@example.org", "one line"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_is_refused_in_words_and_changes_nothing(
    rules: Cast, name: str, typed: str, why: str
) -> None:
    before = listed(rules)
    with pytest.raises(SettingNotPossible) as refused:
        change(rules, name, typed)
    assert why in refused.value.details["why"]
    assert listed(rules) == before


@pytest.mark.parametrize("name", ["", "settings_json", "slug", "id", "model_config", "event_id"])
def test_an_unknown_name_is_refused(rules: Cast, name: str) -> None:
    with pytest.raises(NoSuchSetting):
        change(rules, name, "1")


def test_pages_that_are_open_hear_of_it(rules: Cast) -> None:
    heard: list[Announcement] = []
    leave = subscribe(heard.append)
    change(rules, "board_names", "full")
    leave()
    assert heard == [Announcement("event", rules.event_id)]
