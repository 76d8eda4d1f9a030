"""tools/set_up.py: what `make` calls first, on machines nobody prepared."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools import set_up


@pytest.fixture
def fresh_clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder with empty requirements, so that nothing has to be fetched."""
    for name in set_up.FILES["dev"]:
        (tmp_path / name).write_text("")
    venv = tmp_path / ".venv"
    monkeypatch.setattr(set_up, "ROOT", tmp_path)
    monkeypatch.setattr(set_up, "VENV", venv)
    monkeypatch.setattr(set_up, "PYTHON", venv / set_up.PYTHON.relative_to(set_up.PYTHON.parent.parent))
    return tmp_path


def given_a_bare_environment(folder: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / ".venv"], check=True)


def test_a_second_run_installs_nothing(fresh_clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given_a_bare_environment(fresh_clone)
    installed: list[tuple[str, ...]] = []
    monkeypatch.setattr(set_up, "install", installed.append)
    set_up.set_up("run")
    set_up.set_up("run")
    assert installed == [("requirements.txt",)]


def test_a_change_of_the_requirements_installs_again(fresh_clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given_a_bare_environment(fresh_clone)
    installed: list[tuple[str, ...]] = []
    monkeypatch.setattr(set_up, "install", installed.append)
    set_up.set_up("run")
    (fresh_clone / "requirements.txt").write_text("# newer\n")
    set_up.set_up("run")
    assert len(installed) == 2


def test_whoever_can_test_can_also_run(fresh_clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given_a_bare_environment(fresh_clone)
    installed: list[tuple[str, ...]] = []
    monkeypatch.setattr(set_up, "install", installed.append)
    set_up.set_up("dev")
    set_up.set_up("run")
    assert installed == [("requirements.txt", "requirements-dev.txt")]


def test_an_environment_whose_python_is_gone_is_made_anew(fresh_clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given_a_bare_environment(fresh_clone)
    set_up.PYTHON.unlink()
    monkeypatch.setattr(set_up, "install", lambda names: None)
    monkeypatch.setattr(set_up, "make_venv", lambda python: given_a_bare_environment(fresh_clone))
    set_up.set_up("run")
    assert set_up.version_of([str(set_up.PYTHON)]) == sys.version_info[:2]


def test_a_python_that_is_too_old_is_named_with_the_line_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 6))
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(set_up.SetUpError, match="sudo apt-get install python3"):
        set_up.find_python()


def test_a_newer_python_on_the_path_is_found_from_an_old_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 6))
    versions = {"/old/python3": (3, 9), "/new/python3.13": (3, 13)}
    paths = {"python3": "/old/python3", "python3.13": "/new/python3.13"}
    monkeypatch.setattr(shutil, "which", paths.get)
    monkeypatch.setattr(set_up, "version_of", lambda command: versions.get(command[0]))
    assert set_up.find_python() == "/new/python3.13"


def test_an_unknown_word_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert set_up.main(["everything"]) == 2
    assert "usage" in capsys.readouterr().err
