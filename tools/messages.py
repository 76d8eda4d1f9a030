"""Collect the sentences for translation and bring the catalogues up to date: `python -m tools.messages`.

The sentences stand in the source, in English; what translators write stands in checkin/translations and is read by the
program as it is.
"""

import sys
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
CATALOGUES = ROOT / "checkin" / "translations"
# Which argument of which call is a sentence; "c" marks the one that tells two meanings of a word apart.
KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None, "gettext": None, "lazy_gettext": None, "_l": None, "mark": None, "N_": None,
    "ngettext": (1, 2), "lazy_ngettext": (1, 2), "pgettext": ((1, "c"), 2), "lazy_pgettext": ((1, "c"), 2),
}  # fmt: skip


def main() -> int:
    """Update each catalogue, say what is left to translate, and return the exit status of the program."""
    sentences = collected()
    for path in sorted(CATALOGUES.glob("*/LC_MESSAGES/messages.po")):
        catalogue = updated(path, sentences)
        path.write_text(written(catalogue), encoding="utf-8")
        missing = [message.id for message in catalogue if message.id and not is_translated(message.string)]
        print(f"{path.parent.parent.name}: {len(catalogue)} sentences, {len(missing)} without a translation")
    return 0


def collected() -> Catalog:
    """Return the sentences of the source, each with the files it stands in."""
    with (ROOT / "babel.cfg").open(encoding="utf-8") as settings:
        methods, options = parse_mapping_cfg(settings)  # type: ignore[no-untyped-call]  # Babel has types for most of it
    sentences = Catalog(project="Checkin", copyright_holder="Checkin contributors", version="")
    found = extract_from_dir(ROOT, methods, options, KEYWORDS, strip_comment_tags=True)
    for file, _line, message, comments, context in found:
        sentences.add(message, None, [(file.replace("\\", "/"), 0)], auto_comments=comments, context=context)
    return sentences


def updated(path: Path, sentences: Catalog) -> Catalog:
    """Return the catalogue with exactly these sentences; nothing is guessed from similar ones."""
    with path.open("rb") as file:
        catalogue = read_po(file, locale=path.parent.parent.name)
    catalogue.update(sentences, no_fuzzy_matching=True, update_creation_date=False)
    catalogue.obsolete.clear()
    return catalogue


def written(catalogue: Catalog) -> str:
    """Return the catalogue as its file: a sentence a line, in the order of the files they stand in."""
    out = BytesIO()
    write_po(out, catalogue, width=0, sort_by_file=True, include_lineno=False)
    return out.getvalue().decode()


def is_translated(string: str | tuple[str, ...] | list[str] | None) -> bool:
    """Tell whether a sentence, and each of its plural forms, has words."""
    return bool(string) and (isinstance(string, str) or all(string or ()))


if __name__ == "__main__":
    sys.exit(main())
