"""Bring what `make test` needs from outside Python: Chromium, a library for Playwright and, for root, PostgreSQL.

As root on Debian: its packages. Else Playwright's own download of Chromium, and the PostgreSQL of the wheel. Where
nothing of that is to be had, stop with the line to type. Costs nothing once everything is there.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.support import browser, postgres

APT_GET = ("apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3")

PLAYWRIGHT = (sys.executable, "-m", "playwright")
HOW_TO_BRING_THE_DRIVER = (
    "Playwright does not start; `.venv/bin/python -m playwright --version` says why. On a bare Debian or Ubuntu type:\n"
    "  sudo apt-get install libatomic1"
)


def main() -> int:
    """Bring all of it and return the exit status of the program."""
    bring_postgres()
    bring_driver()
    bring_chromium()
    missing = [*_what_is_missing()]
    for sentence in missing:
        print(sentence, file=sys.stderr)
    return 1 if missing else 0


def bring_postgres() -> None:
    """Install Debian's PostgreSQL as root, unless a server is given or its programs are there."""
    if not os.environ.get("TEST_DATABASE_URL") and postgres.find_programs() is None and _may_install_packages():
        _install("postgresql")


def bring_driver() -> None:
    """Install the one library that Playwright's own program wants and a bare Debian lacks."""
    if not _driver_starts() and _may_install_packages():
        _install("libatomic1")


def bring_chromium() -> None:
    """Install Debian's Chromium as root, else let Playwright fetch its own."""
    if not _driver_starts() or _has_chromium():
        return
    if _may_install_packages() and _is_debian():
        _install("chromium")
    else:
        with_packages = ["--with-deps"] if _may_install_packages() else []
        subprocess.run([*PLAYWRIGHT, "install", *with_packages, "chromium"], check=False)


def _what_is_missing() -> list[str]:
    missing = []
    if not os.environ.get("TEST_DATABASE_URL") and postgres.find_programs() is None:
        missing.append(postgres.HOW_TO_BRING)
    if not _driver_starts():
        missing.append(HOW_TO_BRING_THE_DRIVER)
    elif not _has_chromium():
        missing.append(browser.HOW_TO_BRING)
    return missing


def _driver_starts() -> bool:
    return subprocess.run([*PLAYWRIGHT, "--version"], capture_output=True, check=False).returncode == 0


def _has_chromium() -> bool:
    if browser.packaged_chromium():
        return True
    with sync_playwright() as playwright:
        return Path(playwright.chromium.executable_path).exists()


def _may_install_packages() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get") is not None


def _is_debian() -> bool:
    """Tell Debian from Ubuntu, whose package `chromium` only points to a snap."""
    try:
        return "\nID=debian\n" in "\n" + Path("/etc/os-release").read_text(encoding="utf-8")
    except FileNotFoundError:
        return False


def _install(package: str) -> None:
    print(f"Installing the system's package {package} ...", flush=True)
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run([*APT_GET, "update"], check=False, env=quiet, stdout=subprocess.DEVNULL)
    subprocess.run([*APT_GET, "install", "--no-install-recommends", package], check=False, env=quiet)


if __name__ == "__main__":
    sys.exit(main())
