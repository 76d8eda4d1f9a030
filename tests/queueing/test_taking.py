"""Taking the next ticket (docs/specification.md, 3.3, 3.4, 4.7)."""

from tests.cast import Cast, checked_in, queue_of, taken


def test_expert_takes_who_came_first(rules: Cast) -> None:
    first, second, third = queue_of(rules, 3)

    assert [taken(rules), taken(rules, by=rules.lena)] == [first, second]
    assert rules.ticket(third).owner_id is None


def test_carla_is_told_once_by_text_and_once_by_email(rules: Cast) -> None:
    key = checked_in(rules)
    taken(rules)

    assert [(alert.kind, alert.channel, alert.occasion) for alert in rules.alerts(key)] == [
        ("ready", "text", "1"),
        ("ready", "email", "1"),
    ]
