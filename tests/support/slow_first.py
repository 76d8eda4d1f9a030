"""Slow tests come first, whatever their order was: at the end no process shall wait for another one's long test."""

import pytest


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put those marked `slow` in front; pytest-randomly has shuffled by now."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
