"""What other people wrote is kept exactly as they published it, with its licence beside it."""

import hashlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = (ROOT / "static" / "vendor", ROOT / "tests" / "vendor")
TOLD = {"file", "package", "version", "licence", "note", "sha256"}


def blocks(folder: Path) -> list[dict[str, str]]:
    """Read VENDOR.txt: one block of `name: value` lines a file, after a paragraph of prose."""
    texts = (folder / "VENDOR.txt").read_text(encoding="utf-8").strip().split("\n\n")[1:]
    return [dict(line.split(": ", 1) for line in text.splitlines()) for text in texts]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_every_vendored_file_is_the_one_that_was_written_down(folder: Path) -> None:
    for block in blocks(folder):
        assert set(block) == TOLD, block
        found = hashlib.sha256((folder / block["file"]).read_bytes()).hexdigest()
        assert found == block["sha256"], block["file"]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_no_vendored_file_is_missing_from_the_list_and_each_licence_is_there(folder: Path) -> None:
    present = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} - {"VENDOR.txt"}
    listed = blocks(folder)
    assert present == {block["file"] for block in listed}
    for block in listed:
        _, _, licence_file = block["licence"].partition(" (")
        if licence_file:
            assert (folder / licence_file.rstrip(")")).is_file(), block["file"]


def test_the_icons_are_drawn_without_scripts_or_styles() -> None:
    sprite = (ROOT / "static" / "vendor" / "icons.svg").read_text(encoding="utf-8")
    assert "<script" not in sprite
    assert "style" not in sprite
