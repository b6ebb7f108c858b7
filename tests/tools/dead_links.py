"""Find links in Markdown files that lead nowhere: missing files, and headings that no longer exist.

Only links inside the repository are followed; what the outside world does is not this check's business.
"""

import re
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

FENCE = re.compile(r"^(`{3,}|~{3,})")
INLINE = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(\s*<?([^)<>\s]+)>?(?:\s+\"[^\"]*\")?\s*\)")
REFERENCE = re.compile(r"^\s{0,3}\[[^\]]+\]:\s*<?([^\s>]+)>?")
HTML = re.compile(r"""\b(?:href|src)=["']([^"']+)["']""")
HTML_ANCHOR = re.compile(r"""\b(?:id|name)=["']([^"']+)["']""")
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*\s*$")
OUTSIDE = re.compile(r"^[a-z][a-z0-9+.-]*:|^//", re.IGNORECASE)


def prose(text: str) -> Iterator[tuple[int, str]]:
    """Numbered lines outside fenced code."""
    fence = ""
    for number, line in enumerate(text.splitlines(), start=1):
        mark = FENCE.match(line.lstrip())
        if fence:
            if mark and line.strip().startswith(fence) and line.strip(fence[0] + " ") == "":
                fence = ""
        elif mark:
            fence = mark[1]
        else:
            yield number, line


def slug(heading: str) -> str:
    """The anchor that a heading gets."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    text = re.sub(r"<[^>]+>", "", text).replace("`", "").replace("*", "").lower().strip()
    kept = (character for character in text if character in "-_ " or unicodedata.category(character)[0] in "LNM")
    return "".join(kept).replace(" ", "-")


def anchors(path: Path) -> set[str]:
    """Every anchor of a file; a repeated heading gets a number."""
    found: set[str] = set()
    times: dict[str, int] = {}
    for _, line in prose(path.read_text(encoding="utf-8")):
        found.update(HTML_ANCHOR.findall(line))
        heading = HEADING.match(line)
        if heading:
            name = slug(heading[1])
            count = times.get(name, 0)
            times[name] = count + 1
            found.add(f"{name}-{count}" if count else name)
    return found


def links(path: Path) -> Iterator[tuple[int, str]]:
    """Numbered targets of a file's links."""
    for number, line in prose(path.read_text(encoding="utf-8")):
        text = re.sub(r"(`+)(?:(?!\1).)+\1", "", line)
        for pattern in (INLINE, REFERENCE, HTML):
            for target in pattern.findall(text):
                yield number, target


def problem(path: Path, target: str, root: Path) -> str:
    """Why a link is dead; empty when it is not."""
    if OUTSIDE.match(target):
        return ""
    file, _, anchor = unquote(target).partition("#")
    file = file.partition("?")[0]
    goal = path if not file else (root / file.lstrip("/") if file.startswith("/") else path.parent / file)
    if not goal.resolve().is_relative_to(root.resolve()):
        return "leads out of the repository"
    if not goal.exists():
        return "no such file"
    if anchor and goal.suffix == ".md" and anchor.lower() not in {name.lower() for name in anchors(goal)}:
        return "no such heading"
    return ""


def dead_links(places: list[Path], root: Path) -> list[str]:
    """A line for each dead link in the Markdown files of `places`."""
    dead = []
    for place in places:
        for path in sorted(place.rglob("*.md")) if place.is_dir() else [place]:
            for number, target in links(path):
                why = problem(path, target, root)
                if why:
                    dead.append(f"{path}:{number}: {target}: {why}")
    return dead


def main(arguments: list[str]) -> int:
    places = [Path(argument) for argument in arguments if Path(argument).exists()]
    dead = dead_links(places, Path.cwd())
    sys.stdout.write("".join(f"{line}\n" for line in dead))
    return 1 if dead else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
