"""Chromium for the tests: which one pytest-playwright starts.

`CHROMIUM` names a program; else one on the PATH (Debian's package); else the one Playwright fetched itself. `make test`
brings one where there is none (tests/support/bring.py).
"""

import os
import shutil
from typing import Any

import pytest
from playwright.sync_api import Playwright

# A later --disable-features replaces Playwright's own, so this begins with those.
WITHOUT = (
    "AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable", "LensOverlay", "MediaRouter", "PaintHolding", "ThirdPartyStoragePartitioning",
    "AvoidCorsURLLoaderRestartOnRedirect", "TcpPortRandomizationWin", "OptimizationHints",
    "NetworkTimeServiceQuerying", "AimEnabled", "PreconnectToSearch",
    # The address bar that nobody sees: two pages of its own in each new window, half a second of work.
    "WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup",
)  # fmt: skip
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HOW_TO_BRING = (
    "No Chromium for the tests. Type one of these:\n"
    "  sudo apt-get install chromium                        (Debian)\n"
    "  .venv/bin/python -m playwright install chromium      (Playwright's own; macOS, Ubuntu, Windows)\n"
    "  export CHROMIUM=/path/to/chromium                    (one you have)"
)


class ChromiumMissing(Exception):
    """No Chromium was found; the message says what to type."""


def packaged_chromium() -> str | None:
    """Return the path of a Chromium that is named by CHROMIUM or on the PATH."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


def launch_arguments(playwright: Playwright) -> dict[str, Any]:
    """Return the arguments of `playwright.chromium.launch()`.

    Raises ChromiumMissing.
    """
    program = packaged_chromium()
    if program is None and not os.path.exists(playwright.chromium.executable_path):  # noqa: PTH110
        raise ChromiumMissing(HOW_TO_BRING)
    arguments: dict[str, Any] = {"args": [f"--disable-features={','.join(WITHOUT)}"]}
    return arguments | ({"executable_path": program} if program else {})


@pytest.fixture(scope="session")
def browser_type_launch_args(playwright: Playwright) -> dict[str, Any]:
    """Tell pytest-playwright which Chromium to start (overrides its own fixture)."""
    return launch_arguments(playwright)
