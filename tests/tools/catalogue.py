"""The German words of every screen: `make words` brings the catalogue up to date with the code, `--check` says what is missing.

The catalogue that is kept in the repository is compiled as well (django.mo), so that whoever runs the product needs no tools for it.
"""

import ast
import io
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import django
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

from backoffice.ui import words

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("backoffice", "players", "wallet", "payments", "compliance", "bonuses", "games", "fraud", "reporting")
FOLDER = ROOT / "backoffice" / "locale" / "de" / "LC_MESSAGES"
KEYWORDS: dict[str, Any] = {
    "_": None, "_l": None, "gettext": None, "gettext_lazy": None, "gettext_noop": None, "ngettext": (1, 2), "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2), "pgettext_lazy": ((1, "c"), 2), "npgettext": ((1, "c"), 2, 3),
}  # fmt: skip
CALL = re.compile(r""" (gettext|ngettext|pgettext|npgettext|_)(\((?:u?'(?:\\.|[^'\\])*'|u?"(?:\\.|[^"\\])*"|[^()'"])*\))""")
NAMED = re.compile(r"%\(\w+\)[sd]|\{\w+\}")
KIND_OF_FACT = re.compile(r"\.[a-z_]+$")
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)  # no day of its own, so that the same words are the same file
Found = tuple[str, "str | tuple[str, str]", "str | None"]  # where, words (or singular and plural), context


def in_code(path: Path) -> Iterator[Found]:
    for line, name, said, _comments in extract_python(path.open("rb"), KEYWORDS.keys(), [], {}):
        given = [one for one in (said if isinstance(said, tuple | list) else [said]) if isinstance(one, str)]
        if given:  # a name in the brackets is translated where its words stand
            yield (f"{path.relative_to(ROOT)}:{line}", *_sorted(name, given))


def in_template(path: Path) -> Iterator[Found]:
    """What Django's own reader of templates says is to be translated; it writes calls between runs of X."""
    for found in CALL.finditer(templatize(path.read_text(), origin=str(path))):
        call = ast.parse(f"f{found.group(2)}", mode="eval").body
        assert isinstance(call, ast.Call)  # noqa: S101
        given = [one.value for one in call.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
        yield (str(path.relative_to(ROOT)), *_sorted(found.group(1), given))


def _sorted(name: str, given: list[str]) -> "tuple[str | tuple[str, str], str | None]":
    context = given.pop(0) if "pgettext" in name else None
    return ((given[0], given[1]) if name.startswith(("ngettext", "npgettext")) else given[0], context)


def everything() -> Catalog:
    """What the house says, in the order of its files."""
    found = Catalog(locale="de", project="Countroom", fuzzy=False, charset="utf-8", creation_date=BEGAN, revision_date=BEGAN)
    python = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")) if "sandboxes" not in path.parts and "migrations" not in path.parts]
    for path in python:
        _add(found, in_code(path))
    for path in sorted((ROOT / "templates").rglob("*.html")):
        _add(found, in_template(path))
    for path in python:
        _add(found, facts(path))
    _add(found, (("", said, words.CONTEXT) for said in words.declared()))
    return found


def facts(path: Path) -> Iterator[Found]:
    """Kinds of facts that the code records: pages of items say them in the words that the code spells."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in {"record", "record_fact", "move"}:
            given = [one.value for one in node.keywords if one.arg in {"type", "fact"}] or node.args[:1]
            for one in [part for given_one in given for part in ast.walk(given_one)]:
                if isinstance(one, ast.Constant) and isinstance(one.value, str) and KIND_OF_FACT.search(one.value):
                    yield str(path.relative_to(ROOT)), words.english(one.value), words.CONTEXT


def _add(catalogue: Catalog, found: Iterator[Found]) -> None:
    for where, text, context in found:
        if text:
            catalogue.add(text, context=context, locations=[(where.partition(":")[0], 0)])


def kept() -> Catalog:
    with (FOLDER / "django.po").open("rb") as file:
        return read_po(file, locale="de")


def parts(message: Message) -> list[str]:
    return [one for one in (message.string if isinstance(message.string, tuple | list) else [message.string]) if one is not None]


def problems(said: Catalog, translated: Catalog) -> list[str]:
    """What is not translated, what is translated with other names in it, what nobody says any more."""
    wrong = []
    for message in said:
        if not message.id:
            continue
        own = message.id if isinstance(message.id, str) else message.id[0]
        german = translated.get(own, context=message.context)
        texts = parts(german) if german is not None else []
        where = message.locations[0][0] if message.locations else ""
        if not texts or not all(texts):
            wrong.append(f"{where}: {own!r} has no German")
        elif any(set(NAMED.findall(text)) - _names(message) for text in texts) or set(NAMED.findall(own)) - set(NAMED.findall(" ".join(texts))):
            wrong.append(f"{where}: the names in {own!r} are not those of its German")
    known = {(message.id if isinstance(message.id, str) else message.id[0], message.context) for message in said if message.id}
    wrong += [
        f"{message.id!r} is translated and said nowhere"
        for message in translated
        if message.id and ((message.id if isinstance(message.id, str) else message.id[0]), message.context) not in known
    ]
    return wrong


def _names(message: Message) -> set[str]:
    return set(NAMED.findall(message.id if isinstance(message.id, str) else " ".join(message.id)))


def compiled(catalogue: Catalog) -> bytes:
    out = io.BytesIO()
    write_mo(out, catalogue)
    return out.getvalue()


def update() -> None:
    """Add what is new, without words; drop what is said nowhere; compile."""
    said, translated = everything(), kept() if (FOLDER / "django.po").exists() else Catalog(locale="de")
    for message in said:
        german = translated.get(message.id if isinstance(message.id, str) else message.id[0], context=message.context) if message.id else None
        if german is not None:
            message.string = german.string
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "django.po").open("wb") as file:
        write_po(file, said, width=160, no_location=True, omit_header=False, sort_output=True)
    (FOLDER / "django.mo").write_bytes(compiled(kept()))


def main() -> None:
    django.setup()  # rooms declare the words of their codes
    if "--check" not in sys.argv[1:]:
        update()
    wrong = problems(everything(), kept())
    if "--check" in sys.argv[1:] and (FOLDER / "django.mo").read_bytes() != compiled(kept()):
        wrong.append("django.mo is not what django.po compiles to: run `make words`")
    for line in wrong:
        print(line)
    if wrong:
        sys.exit(f"{len(wrong)} to do in backoffice/locale/de/LC_MESSAGES/django.po")


if __name__ == "__main__":
    main()
