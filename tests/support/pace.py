"""What makes all the tests together quick: their order, and less work for Python's collector.

`make test` looks for races and for browsers' tests in their folders only: elsewhere they are refused here.
"""

import gc
from collections.abc import Generator
from pathlib import Path
from typing import Final

import pytest

PLACES: Final = {"race": ("tests/races",), "browser": ("tests/browser", "tests/tooling")}


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Generator[None]:
    """Put those marked `slow` in front: at the end no process shall wait for another one's long test.

    Raises pytest.UsageError for a test in the wrong place.
    """
    _require_places(config.rootpath, items)
    yield
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def pytest_collection_finish() -> None:
    """Keep what is loaded by now out of the collector's rounds, and let it go round less often."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _require_places(root: Path, items: list[pytest.Item]) -> None:
    for item in items:
        for mark, folders in PLACES.items():
            if item.get_closest_marker(mark) and not any(item.path.is_relative_to(root / one) for one in folders):
                raise pytest.UsageError(f"{item.nodeid} is marked {mark}: it belongs into {' or '.join(folders)}")
