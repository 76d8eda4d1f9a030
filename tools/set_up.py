"""Make .venv and install the locked requirements: `python3 tools/set_up.py run`, or `dev` for the tests and checks too.

Needs nothing but a Python: any from 3.7 on may start this file, which then looks for one of at least 3.11 to build
with. A second run with the same requirements takes no time.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
OLDEST = (3, 11)
NAMES = ("python3.14", "python3.13", "python3.12", "python3.11", "python3", "python")
FILES = {"run": ("requirements.txt",), "dev": ("requirements.txt", "requirements-dev.txt")}
PROBE = "import sys; print('%d.%d' % sys.version_info[:2])"


class SetUpError(Exception):
    """Something is missing on this machine; the message says what to type."""


def main(arguments: list[str]) -> int:
    """Set up for `run` or `dev` and return the exit status of the program."""
    kind = arguments[0] if arguments else "run"
    if kind not in FILES:
        print("usage: python3 tools/set_up.py [run|dev]", file=sys.stderr)
        return 2
    try:
        set_up(kind)
    except SetUpError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def set_up(kind: str) -> None:
    """Make .venv hold what `kind` needs; do nothing when the stamp says that it does."""
    version = version_of([str(PYTHON)])
    if version is None or version < OLDEST:
        make_venv(find_python())
        version = version_of([str(PYTHON)])
    fingerprint = fingerprint_of(FILES[kind], version)
    if stamp_of(kind).is_file() and stamp_of(kind).read_text(encoding="ascii") == fingerprint:
        return
    print(f"Installing {' and '.join(FILES[kind])} into .venv ...", flush=True)
    install(FILES[kind])
    for done in FILES if kind == "dev" else (kind,):
        stamp_of(done).write_text(fingerprint_of(FILES[done], version), encoding="ascii")


def stamp_of(kind: str) -> Path:
    """Return the file that says which requirements .venv holds."""
    return VENV / f"checkin-{kind}.stamp"


def fingerprint_of(names: tuple[str, ...], version: tuple[int, int] | None) -> str:
    """Return what changes whenever the requirements or the Python of .venv change."""
    digest = hashlib.sha256(repr(version).encode())
    for name in names:
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def version_of(command: list[str]) -> tuple[int, int] | None:
    """Return the version of a Python, None when it does not start."""
    try:
        answer = subprocess.run([*command, "-c", PROBE], capture_output=True, text=True, check=True, timeout=60)
        major, minor = answer.stdout.split(".")
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return int(major), int(minor)


def find_python() -> str:
    """Return a Python of at least 3.11: the one that runs this file if it will do, else the newest on the PATH."""
    if sys.version_info[:2] >= OLDEST:
        return sys.executable
    for name in NAMES:
        found = shutil.which(name)
        if found and (version_of([found]) or (0, 0)) >= OLDEST:
            return found
    raise SetUpError(
        "Checkin needs Python 3.11 or newer, and none is on the PATH. Type one of these, then try again:\n"
        "  sudo apt-get install python3 python3-venv      (Debian 12 or newer, Ubuntu 24.04 or newer)\n"
        "  brew install python                            (macOS)"
    )


def make_venv(python: str) -> None:
    """Make .venv with a pip in it or, where Debian's python3-venv is missing, without one."""
    print(f"Making .venv with {python} ...", flush=True)
    clear = ["--clear"] if VENV.exists() else []
    make = [python, "-m", "venv", *clear, str(VENV)]
    if subprocess.run(make, capture_output=True, check=False).returncode == 0:
        return
    bare = [python, "-m", "venv", "--clear", "--without-pip", str(VENV)]
    made = subprocess.run(bare, capture_output=True, text=True, check=False)
    if made.returncode != 0:
        raise SetUpError(f"{made.stdout}{made.stderr}\n{how_to_bring_venv(python)}")
    if pip_command() is None and not (
        install_venv_package(python) and subprocess.run(make, check=False).returncode == 0
    ):
        shutil.rmtree(str(VENV), ignore_errors=True)
        raise SetUpError(how_to_bring_venv(python))


def pip_command() -> list[str] | None:
    """Return how to install into .venv: with its own pip, else with another one of 22.3 or newer, else None."""
    own = [str(PYTHON), "-m", "pip"]
    if runs([*own, "--version"]):
        return own
    others = [[sys.executable, "-m", "pip"], ["python3", "-m", "pip"], ["pip3"], ["pip"]]
    for other in others:
        through = [*other, "--python", str(PYTHON)]
        if runs([*through, "--version"]):
            return through
    return None


def runs(command: list[str]) -> bool:
    """Tell whether a command can be started and ends well."""
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 0
    except (OSError, subprocess.SubprocessError):
        return False


def install_venv_package(python: str) -> bool:
    """Install Debian's part of Python that makes environments, as root; tell whether it was tried."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    quiet = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    subprocess.run(["apt-get", "-q", "update"], check=False, env=quiet, stdout=subprocess.DEVNULL)
    install = ["apt-get", "-q", "-y", "install", "--no-install-recommends", venv_package(python)]
    subprocess.run(install, check=False, env=quiet)
    return True


def venv_package(python: str) -> str:
    """Return the name of Debian's package for this Python, such as python3.11-venv."""
    major, minor = version_of([python]) or OLDEST
    return f"python{major}.{minor}-venv"


def how_to_bring_venv(python: str) -> str:
    """Return the sentence with the line to type."""
    package = venv_package(python)
    return f"{python} cannot make an environment with pip. Type this, then try again:\n  sudo apt-get install {package}"


def install(names: tuple[str, ...]) -> None:
    """Install the requirements, each with its hash.

    Raises SetUpError.
    """
    pip = pip_command()
    if pip is None:
        raise SetUpError(how_to_bring_venv(str(PYTHON)))
    files = [part for name in names for part in ("-r", str(ROOT / name))]
    quiet = ["--quiet", "--disable-pip-version-check", "--require-hashes"]
    if subprocess.run([*pip, "install", *quiet, *files], check=False).returncode != 0:
        raise SetUpError("The requirements could not be installed; the lines above say why.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
